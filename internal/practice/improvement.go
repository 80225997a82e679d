package practice

import (
	"slices"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
)

// Improvement is something a practice changed (tiltak), for the sake of some questions of a survey.
// Its baseline is the releases before Start and never moves; closing it keeps the verdict of that day.
type Improvement struct {
	ID         string
	PracticeID string
	Survey     string
	Version    int
	Questions  []string      // ids; at least one
	Done       string        // what was done, in the staff's words
	Target     int           // wanted mean 0–100; 0 for none
	Start      calendar.Week // first week of the change
	Closed     calendar.Week // week it was closed; empty while it runs
	Verdict    string        // what was found when it was closed, as package report wrote it
	Heard      string        // published: what patients said, one of Heards; empty if not published
	Told       string        // published: what we did, in the lead's words
}

// Heards are the closed choices of what a practice may say it heard from patients ("dere sa").
var Heards = []string{"waiting_time", "waiting_room", "politeness", "help", "access", "digital"}

const maxDone = 500 // characters of Done, and of Told

// Check refuses an improvement that could not be judged, or whose words hold what must not be written.
func (im Improvement) Check() error {
	if len(im.Questions) == 0 {
		return fault.New(fault.Invalid, "improvement.question_required")
	}
	if _, err := calendar.ParseWeek(string(im.Start)); err != nil {
		return fault.New(fault.Invalid, "improvement.start_wrong")
	}
	if im.Target < 0 || im.Target > 100 {
		return fault.New(fault.Invalid, "improvement.target_wrong")
	}
	if im.Heard != "" && !slices.Contains(Heards, im.Heard) || im.Heard == "" && im.Told != "" {
		return fault.New(fault.Invalid, "improvement.heard_required")
	}
	if err := checkText(im.Done, maxDone, true); err != nil {
		return err
	}
	return checkText(im.Told, maxDone, im.Heard != "")
}
