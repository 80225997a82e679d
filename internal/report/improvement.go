package report

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// Outcome is what may be said of one question after a change (rule M3).
type Outcome string

// The verdicts. They are stored in closed improvements, so their texts stay as they are.
const (
	Improved   Outcome = "improved"
	Worse      Outcome = "worse"
	NoEvidence Outcome = "no_evidence" // enough answers on both sides, and the interval holds "no change"
	TooFew     Outcome = "too_few"     // fewer than stats.ChangeMinimum answers on either side
)

// Reached says whether a target is reached, by the interval of the mean and not by the mean alone.
type Reached string

// A target is reached when the whole interval is at or over it, missed when the whole is under.
const (
	ReachedYes      Reached = "yes"
	ReachedNo       Reached = "no"
	ReachedPossibly Reached = "possibly"
)

const (
	baseline     = 52   // weeks before the start that a baseline may cover
	falseAlarm   = 0.04 // risk of calling an unchanged practice changed, per improvement; see JudgeLevel
	goal         = 10   // points a change should have to be looked for, when there is no target
	power        = 0.8  // certainty with which Needed answers would show the change looked for
	impossible   = -1   // Needed: the baseline is too small, whatever comes after
	mostNeeded   = 1_000_000
	levelDecimal = 10_000 // levels are kept to a hundredth of a per cent
)

// Finding is what was found of an improvement: in force today, or kept from the day it was closed.
// Its JSON is the record of a closed one.
type Finding struct {
	Method    int           `json:"method"` // stats.Method
	Week      calendar.Week `json:"week"`   // in which it was found
	Level     float64       `json:"level"`  // of every interval in it
	Questions []Change      `json:"questions"`
}

// Change is what was found of one question. The differences are after minus before; Mean is in points
// of 100, Share in shares of 1. Both are nil with too few answers.
type Change struct {
	Question string      `json:"question"`
	Verdict  Outcome     `json:"verdict"`
	Before   Side        `json:"before"`
	After    Side        `json:"after"`
	Mean     *Difference `json:"mean,omitempty"` // decides the verdict
	Share    *Difference `json:"share,omitempty"`
	Reached  Reached     `json:"reached,omitempty"` // empty without a target, or with too few answers after
	Goal     float64     `json:"goal,omitempty"`    // points of change that Needed is for
	Needed   int         `json:"needed,omitempty"`  // more answers after the start until Goal would be seen; −1: never
}

// Side is the answers before or after the start. N is 0 when there are fewer than the gate lets
// through; under stats.ChangeMinimum answers only N and the weeks are given.
type Side struct {
	N        int            `json:"n"`
	First    calendar.Week  `json:"first,omitempty"`
	Last     calendar.Week  `json:"last,omitempty"`
	Mean     float64        `json:"mean,omitempty"`
	SD       float64        `json:"sd,omitempty"`
	Interval stats.Interval `json:"interval"` // of the mean
	Positive int            `json:"positive,omitempty"`
}

// Enough reports whether there are answers enough for a verdict.
func (s Side) Enough() bool { return s.N >= stats.ChangeMinimum }

// Share is the positive share, 0–1.
func (s Side) Share() float64 { return float64(s.Positive) / float64(s.N) }

// Difference is a difference with its interval.
type Difference struct {
	Value    float64        `json:"value"`
	Interval stats.Interval `json:"interval"`
}

// Improvement is an improvement with what was found.
type Improvement struct {
	practice.Improvement
	Title survey.Text
	Found Finding
	Asked []survey.Question // in the order of Found.Questions
}

// JudgeLevel is the confidence level at which an improvement of so many questions is judged:
// 1 − 0.04/k. The questions share the risk (Bonferroni), so that asking about many makes no false
// finding likelier; and the risk is 4 % and not 5, because Welch's interval at 95 % calls 5 to 6 % of
// unchanged practices changed where answers crowd at the top of the scale. At this level it is 4 to 5 %,
// and a share that goes from 80 to 90 % is still found four times in five with 220 answers on each side.
func JudgeLevel(questions int) float64 {
	return math.Round((1-falseAlarm/float64(max(1, questions)))*levelDecimal) / levelDecimal
}

// Judge is rule M3. The mean decides, by Welch's interval: it uses all five steps of the scale, the
// target is set in it, and it exists for the index, of which a positive share would mean little. With
// fewer than stats.ChangeMinimum answers on either side the difference is not worked out.
func Judge(before, after stats.Mean, level float64) (Outcome, Difference) {
	if before.N < stats.ChangeMinimum || after.N < stats.ChangeMinimum {
		return TooFew, Difference{}
	}
	var d Difference
	d.Value, d.Interval = stats.Welch(after, before, level)
	switch {
	case d.Interval.Low > 0:
		return Improved, d
	case d.Interval.High < 0:
		return Worse, d
	}
	return NoEvidence, d
}

// Improvement reports on one of a practice's improvements. Of a closed one it gives what was kept that
// day and looks at no release. The survey version it was made for must still be known.
func (r *Reader) Improvement(ctx context.Context, p practice.Practice, im practice.Improvement) (*Improvement, error) {
	sv, ok := r.surveys.Survey(im.Survey, im.Version)
	if !ok || im.PracticeID != p.ID {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	out := &Improvement{Improvement: im, Title: sv.Title}
	if im.Closed != none {
		if err := json.Unmarshal([]byte(im.Verdict), &out.Found); err != nil {
			return nil, fmt.Errorf("verdict of improvement %s: %w", im.ID, err)
		}
	} else {
		releases, err := r.store.Releases(ctx, store.Key{PracticeID: p.ID, Survey: sv.ID, Version: sv.Version})
		if err != nil {
			return nil, err
		}
		out.Found = Finding{Method: stats.Method, Level: JudgeLevel(len(im.Questions))}
		if len(releases) > 0 {
			out.Found.Week = releases[len(releases)-1].Week
		}
		for _, id := range im.Questions {
			q, ok := sv.Question(id)
			if !ok {
				return nil, fmt.Errorf("improvement %s: survey %s has no question %s", im.ID, sv.ID, id)
			}
			out.Found.Questions = append(out.Found.Questions, r.change(q, im, releases, out.Found.Level))
		}
	}
	for _, c := range out.Found.Questions {
		q, ok := sv.Question(c.Question)
		if !ok {
			return nil, fmt.Errorf("improvement %s: survey %s has no question %s", im.ID, sv.ID, c.Question)
		}
		out.Asked = append(out.Asked, q)
	}
	return out, nil
}

// Record is the finding as it is kept when the improvement is closed in a week.
func (f Finding) Record(week calendar.Week) (string, error) {
	f.Week = week
	b, err := json.Marshal(f)
	return string(b), err
}

// change compares whole releases before the start with whole releases from it on. What was released of
// a question spans its own weeks; a release with answers from both sides of the start is on neither.
func (r *Reader) change(q survey.Question, im practice.Improvement, releases []store.Release, level float64) Change {
	var before, after disclosure.Sealed
	var weeksBefore, weeksAfter Span
	for _, rel := range releases {
		part, ok := rel.Questions[q.ID]
		switch {
		case !ok:
		case part.Last < im.Start && part.First >= im.Start.Add(-baseline):
			before, weeksBefore = before.Plus(part.Counts), weeksBefore.with(Span{part.First, part.Last})
		case part.First >= im.Start:
			after, weeksAfter = after.Plus(part.Counts), weeksAfter.with(Span{part.First, part.Last})
		}
	}
	c := Change{Question: q.ID, Verdict: TooFew}
	var m0, m1 stats.Mean
	c.Before, m0 = r.side(q, before, weeksBefore, level)
	c.After, m1 = r.side(q, after, weeksAfter, level)
	var d Difference
	if c.Verdict, d = Judge(m0, m1, level); c.Verdict != TooFew {
		c.Mean = &d
		if q.ID != survey.IndexID {
			c.Share = &Difference{}
			c.Share.Value, c.Share.Interval = stats.Newcombe(c.After.Positive, c.After.N, c.Before.Positive, c.Before.N, level)
		}
	}
	if im.Target > 0 && c.After.Enough() {
		switch target, ci := float64(im.Target), c.After.Interval; {
		case ci.Low >= target:
			c.Reached = ReachedYes
		case ci.High < target:
			c.Reached = ReachedNo
		default:
			c.Reached = ReachedPossibly
		}
	}
	if c.Verdict == NoEvidence || c.Verdict == TooFew {
		c.Goal, c.Needed = needed(c.Before, c.After, im.Target, level)
	}
	return c
}

// side lets one side through the gate. The mean has N 0 while nothing exact may be said of it.
func (r *Reader) side(q survey.Question, s disclosure.Sealed, weeks Span, level float64) (Side, stats.Mean) {
	shown, ok := r.gate.Question(s, q.Scores(), survey.NotApplicable)
	if !ok {
		return Side{}, stats.Mean{}
	}
	out := Side{N: shown.N(), First: weeks.First, Last: weeks.Last}
	counts := shown.Counts()
	if counts == nil || !out.Enough() {
		return out, stats.Mean{}
	}
	var byOption []int
	var scores []float64
	for _, o := range ordered(q) {
		byOption, scores = append(byOption, counts[o.Code]), append(scores, o.Score)
	}
	m := stats.MeanScore(byOption, scores, level)
	out.Mean, out.SD, out.Positive = m.Mean, m.SD, shown.Groups()[2]
	out.Interval = stats.Interval{Low: max(m.CI.Low, 0), High: min(m.CI.High, 100)}
	return out, m
}

// needed is how many more answers after the start would show a change as large as the one aimed at (up
// to the target, else ten points) four times in five: n with
// (z₁₋α/₂ + z₀.₈)·√(s₀²/n₀ + s₁²/n) = goal, where s₀ and n₀ are the baseline's. The spread after the
// start is that of the baseline until there are answers enough to know it. Under two groups of unequal
// size, Fleiss 1981; the normal limit of the t test.
func needed(before, after Side, target int, level float64) (points float64, more int) {
	points = goal
	if !before.Enough() {
		return points, impossible
	}
	if aim := float64(target) - before.Mean; target > 0 && aim > 0 {
		points = aim
	}
	spread := before.SD
	if after.Enough() {
		spread = after.SD
	}
	// MeanChange is z√2·se.
	z := (stats.MeanChange(1, level) + stats.MeanChange(1, 2*power-1)) / math.Sqrt2
	room := points*points/(z*z) - before.SD*before.SD/float64(before.N)
	if room <= 0 || spread*spread/room > mostNeeded {
		return points, impossible
	}
	n := max(stats.ChangeMinimum, int(math.Ceil(spread*spread/room)))
	return points, max(0, n-after.N)
}

// Improvable is what an improvement may be about: the surveys the practice has now, and of the one
// asked for (empty: the first with releases) the questions that have a better and a worse.
func (r *Reader) Improvable(ctx context.Context, p practice.Practice, surveyID string) (tabs []Tab, chosen Tab, questions []survey.Question, err error) {
	keys, err := r.store.Released(ctx, p.ID)
	if err != nil {
		return nil, Tab{}, nil, err
	}
	tabs = slices.DeleteFunc(r.tabs(p, keys), func(t Tab) bool { return t.Older })
	chosen, ok := choose(tabs, surveyID, 0)
	if !ok {
		return nil, Tab{}, nil, fault.New(fault.NotFound, "error.not_found")
	}
	sv, _ := r.surveys.Survey(chosen.Survey, chosen.Version)
	return tabs, chosen, sv.ScoredAndIndex(), nil
}
