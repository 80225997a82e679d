package report

import (
	"math"
	"slices"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// ICC is the correlation of answers within general practices that reliability is worked out with:
// .054 to .058 in the English GP Patient Survey.
const ICC = 0.055

const (
	quarterWeeks = 13  // weeks in a quarter
	manyBest     = 0.5 // share of best answers from which a mean has little room to rise
)

// Summary is what the answers say now, in the order a lead asks: what changed, what is strong, what is
// weak, how sure is that, what next. It is made of gated results alone, and each part has its n.
type Summary struct {
	Method    int // stats.Method
	Latest    calendar.Period
	Previous  calendar.Period // the quarter before Latest
	Quarters  bool            // false: no complete quarter has been released, and Latest and Previous are empty
	Level     float64         // of every interval in Shifts, JudgeLevel of how many were compared
	Compared  int             // questions with answers enough in both quarters
	Shifts    []Shift         // every scored question, in the order of the page; none without Quarters
	Strong    []Standing      // clearly higher than most of the others, the highest first
	Weak      []Standing      // clearly lower, the lowest first
	Contested int             // questions that could have stood out: exact, with an interval
	Certainty Certainty
	Next      *Next // nil where nothing can be planned: fewer than 30 answers to the question
}

// Shift is one question in two quarters (rule M3). Mean and Share are nil where Verdict is TooFew, and
// Share for the derived question.
type Shift struct {
	Question    string
	Verdict     Outcome
	Before, Now Side // N 0: fewer than ten
	Mean, Share *Difference
}

// Standing is a question whose mean stands out from the others of the survey.
type Standing struct {
	Question string
	N        int
	Mean     float64
	Interval stats.Interval // at Level
	Clear    int            // of how many others the interval lies clear
}

// Certainty is how far the answers reach (rule M6), by the question that stands for the survey.
type Certainty struct {
	Question    string
	N           int     // within Dashboard.Now; 0: fewer than ten
	Reliability float64 // 0–1; 0 without answers
	Comparable  bool    // at least stats.ComparisonMinimum
}

// Next is what it takes to see a change of goal points in one question.
type Next struct {
	Question    string
	N           int     // answers within Dashboard.Now
	SD          float64 // of their scores
	Level       float64 // at which an improvement for this question alone would be judged
	Points      float64
	Needed      int      // answers in each of two periods
	PerQuarter  int      // answers in a quarter at the practice's own rate
	Weeks       int      // it takes at that rate to have Needed
	Visible     float64  // points between two quarters of PerQuarter answers that would be more than chance, at Summary.Level
	Improvement []string // names of the open improvements for the question
}

// summary makes the summary of a dashboard whose questions are filled in. latest and previous are the
// quarters to compare, zero if there is none that is over.
func (r *Reader) summary(sv *survey.Survey, d *Dashboard, releases []store.Release, ims []practice.Improvement, latest, previous calendar.Period) Summary {
	s := Summary{Method: stats.Method, Level: JudgeLevel(1), Latest: latest, Previous: previous, Quarters: latest != calendar.Period{}}
	if s.Quarters {
		r.shifts(&s, sv, releases)
	}
	s.Strong, s.Weak, s.Contested = standings(d.Questions)
	focus := referenceOf(sv).ID
	if q := find(d.Questions, focus); q != nil && q.Now != nil {
		s.Certainty = Certainty{N: q.Now.N, Reliability: stats.Reliability(float64(q.Now.N), ICC),
			Comparable: q.Now.N >= stats.ComparisonMinimum}
	}
	s.Certainty.Question = focus
	if len(s.Weak) > 0 {
		focus = s.Weak[0].Question
	}
	if q := find(d.Questions, focus); q != nil && q.Scored {
		s.Next = next(*q, d.Now, JudgeLevel(1), s.Level)
	}
	if s.Next != nil {
		for _, im := range ims {
			if im.Survey == d.Survey && im.Version == d.Version && im.Closed == none && slices.Contains(im.Questions, focus) {
				s.Next.Improvement = append(s.Next.Improvement, im.Done)
			}
		}
	}
	return s
}

// Question finds a question of the dashboard; nil if there is none.
func (d *Dashboard) Question(id string) *Question { return find(d.Questions, id) }

func find(questions []Question, id string) *Question {
	for i := range questions {
		if questions[i].ID == id {
			return &questions[i]
		}
	}
	return nil
}

// quarters is the latest quarter that is known to be over, and the one before it. A quarter is over when
// its last week is released, or any later one: the releases tell, not the clock, so that a page says the
// same whenever it is read. A quarter without any release has no answers and is still a quarter.
// Both are zero if there is none.
func quarters(releases []store.Release) (latest, previous calendar.Period) {
	if len(releases) == 0 {
		return latest, previous
	}
	first := releases[0].Week.In(calendar.Quarterly)
	end := releases[len(releases)-1].Week.Add(1).In(calendar.Quarterly) // the first that is not over
	if first == end {
		return latest, previous
	}
	latest = quarterBefore(end)
	return latest, quarterBefore(latest)
}

func quarterBefore(p calendar.Period) calendar.Period {
	if p.N == 1 {
		return calendar.Period{Unit: p.Unit, Year: p.Year - 1, N: 4}
	}
	return calendar.Period{Unit: p.Unit, Year: p.Year, N: p.N - 1}
}

// shifts compares every scored question in two quarters, each a sum of whole releases. Looking at many
// questions at once would find changes that are chance (rule M9): the level is shared between those that
// have answers enough in both quarters (Bonferroni), which depends on the numbers of answers and not on
// what they say. Questions of one survey hang together, so the true risk is lower still.
func (r *Reader) shifts(s *Summary, sv *survey.Survey, releases []store.Release) {
	type pair struct{ before, now disclosure.Sealed }
	var asked []survey.Question
	var pairs []pair
	for _, q := range sv.ScoredAndIndex() {
		var p pair
		for _, rel := range releases {
			switch rel.Week.In(calendar.Quarterly) {
			case s.Previous:
				p.before = p.before.Plus(rel.Questions[q.ID].Counts)
			case s.Latest:
				p.now = p.now.Plus(rel.Questions[q.ID].Counts)
			}
		}
		asked, pairs = append(asked, q), append(pairs, p)
		before, _ := r.side(q, p.before, Span{}, Level)
		now, _ := r.side(q, p.now, Span{}, Level)
		if before.Enough() && now.Enough() {
			s.Compared++
		}
	}
	s.Level = JudgeLevel(s.Compared)
	for i, q := range asked {
		shift := Shift{Question: q.ID}
		var before, now stats.Mean
		shift.Before, before = r.side(q, pairs[i].before, Span{}, s.Level)
		shift.Now, now = r.side(q, pairs[i].now, Span{}, s.Level)
		var d Difference
		if shift.Verdict, d = Judge(before, now, s.Level); shift.Verdict != TooFew {
			shift.Mean = &d
			if q.ID != survey.IndexID {
				shift.Share = &Difference{}
				shift.Share.Value, shift.Share.Interval = stats.Newcombe(shift.Now.Positive, shift.Now.N, shift.Before.Positive, shift.Before.N, s.Level)
			}
		}
		s.Shifts = append(s.Shifts, shift)
	}
}

// standings is which questions stand out: the whole interval of the mean lies clear of the intervals of
// more than half of the others. Two intervals of 95 % that do not meet are some 0.5 % by chance when the
// questions are alike, and rarer when answers hang together as those of one visit do, so five or six
// questions may be looked at together. The derived question is made of the others and takes no part;
// nor does a mean that is a limit, or has no interval.
func standings(questions []Question) (strong, weak []Standing, contested int) {
	var all []Standing
	for _, q := range questions {
		if r := q.Now; q.Scored && !q.Derived && r != nil && r.Mean.Bound == disclosure.Exact && r.Mean.Interval != nil {
			all = append(all, Standing{Question: q.ID, N: r.N, Mean: r.Mean.Value, Interval: *r.Mean.Interval})
		}
	}
	for i, a := range all {
		over, under := 0, 0
		for j, b := range all {
			switch {
			case i == j:
			case a.Interval.Low > b.Interval.High:
				over++
			case a.Interval.High < b.Interval.Low:
				under++
			}
		}
		others := len(all) - 1
		switch {
		case 2*over > others:
			a.Clear = over
			strong = append(strong, a)
		case 2*under > others:
			a.Clear = under
			weak = append(weak, a)
		}
	}
	slices.SortStableFunc(strong, func(a, b Standing) int { return compareFloat(b.Mean, a.Mean) })
	slices.SortStableFunc(weak, func(a, b Standing) int { return compareFloat(a.Mean, b.Mean) })
	return strong, weak, len(all)
}

func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// next plans for a change of goal points in a question: answers in each of two periods of
// n = 2·((z₁₋α/₂ + z₀.₈)·SD/goal)², rounded up and at least stats.ChangeMinimum, with the SD of the
// answers of the last year; two equal groups, four times in five (the normal limit of the t test). The
// practice's own rate is those answers over the weeks they came in.
func next(q Question, now Span, level, together float64) *Next {
	r := q.Now
	if r == nil || r.Answers == nil || r.Mean.Bound != disclosure.Exact {
		return nil
	}
	scores := make([]float64, len(q.Options))
	for i, o := range q.Options {
		scores[i] = o.Score
	}
	m := stats.MeanScore(r.Answers, scores, level)
	weeks := 1
	for w := now.First; w < now.Last; w = w.Add(1) {
		weeks++
	}
	rate := float64(r.N) / float64(weeks)
	// MeanChange is z√2·se, and with se = SD/√n the n that brings it to goal is (z√2·SD/goal)².
	reach := (stats.MeanChange(m.SD, level) + stats.MeanChange(m.SD, 2*power-1)) / goal
	n := &Next{Question: q.ID, N: r.N, SD: m.SD, Level: level, Points: goal,
		Needed: max(stats.ChangeMinimum, int(math.Ceil(reach*reach)))}
	n.PerQuarter = int(math.Round(rate * quarterWeeks))
	n.Weeks = int(math.Ceil(float64(n.Needed) / rate))
	n.Visible = stats.MeanChange(m.SD/math.Sqrt(math.Max(1, rate*quarterWeeks)), together)
	return n
}

// Best is the share of the best answer with its Wilson interval, where at least half chose it: then the
// mean has little room to rise, and a better practice may not show. Nil otherwise, under 30 answers, and
// for the derived question.
func (q Question) Best() *Share {
	if !q.Scored || q.Derived || q.Now == nil || len(q.Now.Answers) == 0 {
		return nil
	}
	best := q.Now.Answers[len(q.Now.Answers)-1]
	share := float64(best) / float64(q.Now.N)
	if share < manyBest {
		return nil
	}
	return &Share{Value: share, Interval: stats.Wilson(best, q.Now.N, Level)}
}
