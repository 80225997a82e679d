package report

import (
	"context"
	"math"
	"slices"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// Contacts are the questions of the digital survey about one way each of reaching the practice. Of
// these the staff also say how satisfied they are themselves, on the patients' scale.
var Contacts = []string{"attendance", "phone", "secure", "website"}

// AsksOwn reports whether the staff say how satisfied they are themselves with what a question is about.
func AsksOwn(surveyID, question string) bool {
	return surveyID == digitalSurvey && slices.Contains(Contacts, question)
}

// Key is what the dashboard is about, as the store names it.
func (d *Dashboard) Key() store.Key {
	return store.Key{PracticeID: d.Practice.ID, Survey: d.Survey, Version: d.Version}
}

// Period is the quarter of the last release: what somebody opens, and guesses before they do. It means
// nothing on an empty dashboard.
func (d *Dashboard) Period() calendar.Period { return d.Last.In(calendar.Quarterly) }

// Assumed is what one person believed of a period beside what the patients said in it.
type Assumed struct {
	Period  calendar.Period
	Guesses []Guess // the questions they said something of, as asked
}

// Guess is one question of Assumed. Believed and Own are options of the question, nil if not said.
type Guess struct {
	Question survey.Question
	Believed *survey.Option
	Own      *survey.Option
	Measured *Result // of the period; nil: fewer than ten answers
	Gap      *Gap    // nil without a belief, and under 30 answers: too uncertain to say
}

// Gap is the measured mean minus the assumed score, in points of the scale 0–100; the assumption is a
// point, so the uncertainty is the mean's alone. Interval is nil where all answers agree: no variation,
// no interval. Sign is 1 or −1 when the patients were surely over or under the assumption, else 0.
// Nearest tells that of all options the assumed one is still the nearest to the mean: whoever guessed
// had no better answer to choose.
type Gap struct {
	Value    float64
	Interval *stats.Interval
	Sign     int
	Nearest  bool
}

// Assumed reports what an account believed of the dashboard's period, nil if it said nothing. Before
// the account has opened the period it is nil too: it would give away the result.
func (r *Reader) Assumed(ctx context.Context, d *Dashboard, accountID string) (*Assumed, error) {
	if d.Empty() {
		return nil, nil
	}
	opened, err := r.store.ResultOpened(ctx, accountID, d.Key(), d.Period().String())
	if err != nil || !opened {
		return nil, err
	}
	said, err := r.store.Assumptions(ctx, accountID, d.Key(), d.Period().String())
	if err != nil || len(said) == 0 {
		return nil, err
	}
	releases, err := r.store.Releases(ctx, d.Key())
	if err != nil {
		return nil, err
	}
	sv, ok := r.surveys.Survey(d.Survey, d.Version)
	if !ok {
		return nil, nil
	}
	out := &Assumed{Period: d.Period()}
	for _, q := range sv.Scored() {
		if a, ok := said[q.ID]; ok {
			out.Guesses = append(out.Guesses, r.guess(q, a, releases, out.Period))
		}
	}
	if out.Guesses == nil {
		return nil, nil
	}
	return out, nil
}

func (r *Reader) guess(q survey.Question, a practice.Assumption, releases []store.Release, p calendar.Period) Guess {
	var counts disclosure.Sealed
	for _, rel := range releases {
		if rel.Week.In(calendar.Quarterly) == p {
			counts = counts.Plus(rel.Questions[q.ID].Counts)
		}
	}
	g := Guess{Question: q, Believed: optionOf(q, a.Believed), Own: optionOf(q, a.Own), Measured: r.result(q, counts)}
	if g.Believed != nil && g.Measured != nil {
		g.Gap = gapOf(*g.Measured, g.Believed.Score)
	}
	if g.Gap != nil {
		g.Gap.Nearest = !slices.ContainsFunc(q.Options, func(o survey.Option) bool {
			return math.Abs(g.Measured.Mean.Value-o.Score) < math.Abs(g.Gap.Value)
		})
	}
	return g
}

func optionOf(q survey.Question, code string) *survey.Option {
	for i := range q.Options {
		if q.Options[i].Code == code {
			return &q.Options[i]
		}
	}
	return nil
}

// gapOf is nil under 30 answers (M3).
func gapOf(r Result, assumed float64) *Gap {
	if r.N < stats.ChangeMinimum || r.Mean.Bound != disclosure.Exact {
		return nil
	}
	g := &Gap{Value: r.Mean.Value - assumed}
	low, high := g.Value, g.Value
	if ci := r.Mean.Interval; ci != nil {
		low, high = ci.Low-assumed, ci.High-assumed
		g.Interval = &stats.Interval{Low: low, High: high}
	}
	switch {
	case low > 0:
		g.Sign = 1
	case high < 0:
		g.Sign = -1
	}
	return g
}

// ReferenceOffices is how many practices answered the national survey of 2018 (of 1 382 asked).
const ReferenceOffices = 161

// Reference is what Norwegian practices answered in 2018 on one way of reaching them: how satisfied
// they were themselves, and how satisfied they believed their patients to be. It was not asked of
// patients. Answers are in per cent, nil where the report does not print them.
type Reference struct {
	Contact   string
	Practical int   // practical information: satisfied to a great or some extent; 0 if not printed
	Own       []int // health information: great, some, lesser, not at all, don't know or not relevant
	Believed  []int // the same, as they believed their patients would say
}

// References are the figures of Rambøll for Forbrukerrådet 2018, n = 161 practices: figure 5.5
// (practical information, printed as the sum of the two upper answers only) and figure 5.6 (health
// information, all labels printed). Rows sum to 100 or 101 by rounding, and the report's own text has
// 85 % for the telephone where the rounded parts 47 and 37 give 84. Few and self-chosen practices
// answered: a reference, not a standard to reach.
var References = []Reference{
	{"attendance", 0, []int{78, 17, 4, 1, 1}, []int{70, 23, 5, 1, 1}},
	{"phone", 82, []int{47, 37, 14, 1, 1}, []int{45, 44, 10, 1, 1}},
	{"secure", 73, []int{44, 29, 10, 7, 10}, []int{44, 32, 8, 3, 13}},
	{"website", 68, nil, nil},
}

// Satisfied is the share in per cent of the two upper answers, "to a great extent" and "to some
// extent": what a measured share over the middle of the same scale is held against. 0 if not printed.
func Satisfied(answers []int) int {
	if len(answers) < 2 {
		return 0
	}
	return answers[0] + answers[1]
}
