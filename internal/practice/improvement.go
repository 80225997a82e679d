package practice

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

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

const maxDone = 500 // characters

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
	if err := checkText(im.Done, true); err != nil {
		return err
	}
	return checkText(im.Told, im.Heard != "")
}

// Numbers shaped like a fødselsnummer (six and five digits) or a Norwegian phone number (eight digits
// in the usual groups, with or without country code) do not belong in what staff write.
var (
	personNumber = regexp.MustCompile(`(^|[^0-9])[0-9]{6}[ \x{00a0}-]?[0-9]{5}($|[^0-9])`)
	phoneNumber  = regexp.MustCompile(`(^|[^0-9])((\+|00)[ ]?47[ \x{00a0}]?)?([2-9][0-9]([ \x{00a0}]?[0-9]{2}){3}|[2-9][0-9]{2}[ \x{00a0}][0-9]{2}[ \x{00a0}][0-9]{3})($|[^0-9])`)
)

// checkText refuses staff text that is too long, missing, or holds a person's number.
func checkText(s string, required bool) error {
	switch {
	case strings.TrimSpace(s) == "" && required:
		return fault.New(fault.Invalid, "text.required")
	case utf8.RuneCountInString(s) > maxDone:
		return fault.New(fault.Invalid, "text.long").With("Max", maxDone)
	case personNumber.MatchString(s):
		return fault.New(fault.Invalid, "text.person_number")
	case phoneNumber.MatchString(s):
		return fault.New(fault.Invalid, "text.phone_number")
	}
	return nil
}
