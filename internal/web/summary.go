package web

import (
	"strconv"
	"strings"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/chart"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/stats"
)

// statement is one answer at the top of the dashboard: sentences with their numbers of answers, and the
// intervals behind a triangle.
type statement struct {
	Asked     string
	Sentences []sentence
	Details   []string
}

// sentence is a text with a sign; the text holds the word that the sign stands for.
type sentence struct{ Sign, Class, Text string }

// The signs of verdicts, with the class of their colour.
func better(text string) sentence { return sentence{"▲", "up", text} }
func worse(text string) sentence  { return sentence{"▼", "down", text} }
func same(text string) sentence   { return sentence{"≈", "unsure", text} }

// mostSentences is how many changed questions are written out; the rest are behind the triangle.
const mostSentences = 2

// summary writes what the answers say now. On paper there is nothing behind a sentence to open, and
// names are shortened to what one sheet has room for.
type summary struct {
	l     i18n.Language
	d     *report.Dashboard
	s     *report.Summary
	paper bool
}

func newSummary(l i18n.Language, d *report.Dashboard) []statement {
	return summary{l, d, &d.Summary, false}.write()
}

func (w summary) write() []statement {
	var out []statement
	for _, write := range []func() statement{w.changed, w.stands, w.sure, w.next} {
		if st := write(); len(st.Sentences) > 0 {
			out = append(out, st)
		}
	}
	return out
}

// name is a question as a sentence has it: «Var ventetiden grei?».
func (w summary) name(id string) string {
	q := w.d.Question(id)
	if q == nil {
		return id
	}
	return w.quote(q.Text.In(w.l.Tag))
}

func (w summary) quote(text string) string {
	if w.paper {
		text = shorten(text, denseQuestion)
	}
	return w.l.T("dashboard.quote", "Text", text)
}

// count writes a number of answers; 0 is what the gate keeps back.
func (w summary) count(n int) string {
	if n == 0 {
		return w.l.T("dashboard.too_few")
	}
	return chart.Answers(w.l, n)
}

func (w summary) whole(x float64) string { return w.l.Number(x, 0) }

// signed writes a difference: "+13", "−4".
func (w summary) signed(x float64) string {
	text := w.whole(x)
	if x > 0 && text != "0" {
		return "+" + text
	}
	return text
}

// level writes a confidence level: "95", "99,2".
func (w summary) level(level float64) string {
	for decimals := 0; ; decimals++ {
		if text := w.l.Number(100*level, decimals); decimals == 2 || near(100*level, text) {
			return text
		}
	}
}

func near(x float64, text string) bool {
	y, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	return err == nil && x-y < 1e-6 && y-x < 1e-6
}

func (w summary) changed() statement {
	st := statement{Asked: w.l.T("dashboard.ask_changed")}
	say := func(s sentence) { st.Sentences = append(st.Sentences, s) }
	if !w.s.Quarters {
		say(same(w.l.T("dashboard.changed_early", "Question", w.name(w.s.Certainty.Question), "N", w.count(w.s.Certainty.N))))
		return st
	}
	latest, previous := w.l.Period(w.s.Latest), w.l.Period(w.s.Previous)
	least, changes := 0, 0
	for _, s := range w.s.Shifts {
		if s.Verdict == report.TooFew {
			continue
		}
		if n := min(s.Before.N, s.Now.N); least == 0 || n < least {
			least = n
		}
		if s.Verdict == report.NoEvidence {
			continue
		}
		if changes++; changes > mostSentences {
			continue
		}
		args := []any{"Question", w.name(s.Question), "Before", w.whole(s.Before.Mean), "Now", w.whole(s.Now.Mean),
			"Previous", previous, "Latest", latest, "N1", w.l.Number(float64(s.Before.N), 0), "N2", w.count(s.Now.N)}
		if s.Verdict == report.Improved {
			say(better(w.l.T("dashboard.changed_better", args...)))
		} else {
			say(worse(w.l.T("dashboard.changed_worse", args...)))
		}
	}
	switch {
	case changes > mostSentences && w.paper:
		say(sentence{Text: w.l.T("report.changed_more", "Count", changes-mostSentences, "N", w.count(least))})
	case changes > mostSentences:
		say(sentence{Text: w.l.T("dashboard.changed_more", "Count", changes-mostSentences, "N", w.count(least))})
	case changes == 0 && w.s.Compared > 0:
		say(same(w.l.T("dashboard.changed_none", "Count", w.s.Compared, "Previous", previous, "Latest", latest, "N", w.count(least))))
	case changes == 0:
		var before, now int
		for _, s := range w.s.Shifts {
			if s.Question == w.s.Certainty.Question {
				before, now = s.Before.N, s.Now.N
			}
		}
		say(same(w.l.T("dashboard.changed_few", "Question", w.name(w.s.Certainty.Question), "Previous", previous, "Latest", latest,
			"Before", w.count(before), "Now", w.count(now))))
	}
	for _, s := range w.s.Shifts {
		st.Details = append(st.Details, w.shift(s))
	}
	if w.s.Compared > 0 {
		st.Details = append(st.Details, w.l.T("dashboard.shift_level", "Count", w.s.Compared, "Level", w.level(w.s.Level)))
	}
	return st
}

func (w summary) shift(s report.Shift) string {
	if s.Mean == nil {
		return w.l.T("dashboard.shift_few", "Question", w.name(s.Question), "N1", w.count(s.Before.N), "N2", w.count(s.Now.N))
	}
	key := "dashboard.shift_same"
	switch s.Verdict {
	case report.Improved:
		key = "dashboard.shift_better"
	case report.Worse:
		key = "dashboard.shift_worse"
	}
	text := w.l.T("dashboard.shift", "Question", w.name(s.Question), "Verdict", w.l.T(key),
		"Before", w.whole(s.Before.Mean), "Now", w.whole(s.Now.Mean), "Change", w.signed(s.Mean.Value),
		"Low", w.signed(s.Mean.Interval.Low), "High", w.signed(s.Mean.Interval.High), "N1", w.l.Number(float64(s.Before.N), 0), "N2", w.count(s.Now.N))
	if d := s.Share; d != nil {
		text += " " + w.l.T("dashboard.shift_share", "Change", w.signed(100*d.Value), "Low", w.signed(100*d.Interval.Low), "High", w.signed(100*d.Interval.High))
	}
	return text
}

func (w summary) stands() statement {
	st := statement{Asked: w.l.T("dashboard.ask_stands")}
	questions, least := 0, 0
	for _, q := range w.d.Questions {
		if !q.Scored || q.Derived {
			continue
		}
		questions++
		if r := q.Now; r != nil && r.Mean.Interval != nil {
			if least == 0 || r.N < least {
				least = r.N
			}
			st.Details = append(st.Details, w.l.T("dashboard.stands_row", "Question", w.name(q.ID), "Mean", w.whole(r.Mean.Value),
				"Interval", between(w.l, *r.Mean.Interval, 1), "N", w.count(r.N)))
		}
	}
	if questions < 2 { // nothing to stand out from
		return statement{}
	}
	say := func(s sentence) { st.Sentences = append(st.Sentences, s) }
	if w.s.Contested < 2 {
		say(same(w.l.T("dashboard.stands_few", "Question", w.name(w.s.Certainty.Question), "N", w.count(w.s.Certainty.N))))
		return st
	}
	one := func(key string, s report.Standing) string {
		return w.l.T(key, "Question", w.name(s.Question), "Mean", w.whole(s.Mean), "N", w.count(s.N))
	}
	if len(w.s.Strong) > 0 {
		say(better(one("dashboard.stands_strong", w.s.Strong[0])))
	}
	if len(w.s.Weak) > 0 {
		say(worse(one("dashboard.stands_weak", w.s.Weak[0])))
	}
	if len(st.Sentences) == 0 {
		say(same(w.l.T("dashboard.stands_none", "Count", w.s.Contested, "N", w.count(least))))
	}
	st.Details = append(st.Details, w.l.T("dashboard.stands_rule"))
	return st
}

func (w summary) sure() statement {
	st := statement{Asked: w.l.T("dashboard.ask_sure")}
	c := w.s.Certainty
	args := []any{"Question", w.name(c.Question), "N", w.count(c.N), "Reliability", w.l.Number(c.Reliability, 2),
		"Least", stats.ComparisonMinimum, "ICC", w.l.Number(report.ICC, 3)}
	switch {
	case c.Comparable:
		st.Sentences = []sentence{{Text: w.l.T("dashboard.sure_enough", args...)}}
	default:
		st.Sentences = []sentence{same(w.l.T("dashboard.sure_few", args...))}
	}
	if c.N > 0 {
		st.Details = append(st.Details, w.l.T("dashboard.sure_reliability", args...))
	}
	if n := w.s.Next; n != nil {
		st.Details = append(st.Details, w.l.T("dashboard.sure_visible", "Question", w.name(n.Question), "Count", n.PerQuarter,
			"Points", w.l.Number(n.Visible, 1), "Rate", w.l.Number(float64(n.PerQuarter), 0), "N", w.count(n.N)))
	}
	return st
}

func (w summary) next() statement {
	st := statement{Asked: w.l.T("dashboard.ask_next")}
	n := w.s.Next
	if n == nil {
		c := w.s.Certainty
		if q := w.d.Question(c.Question); q == nil || !q.Scored {
			return statement{}
		}
		st.Sentences = []sentence{{Text: w.l.T("dashboard.next_collect", "Question", w.name(c.Question), "N", w.count(c.N), "Least", stats.ChangeMinimum)}}
		return st
	}
	say := func(text string) { st.Sentences = append(st.Sentences, sentence{Text: text}) }
	question := w.name(n.Question)
	switch {
	case len(n.Improvement) > 0:
		say(w.l.T("dashboard.next_improvement", "Name", w.quote(n.Improvement[0]), "Question", question, "N", w.count(n.N)))
	case len(w.s.Weak) > 0:
		say(w.l.T("dashboard.next_weak", "Question", question, "N", w.count(n.N)))
	}
	args := []any{"Question", question, "Points", w.whole(n.Points), "Needed", w.count(n.Needed), "Rate", w.count(n.PerQuarter),
		"Count", n.Weeks, "N", w.count(n.N), "SD", w.whole(n.SD), "Level", w.level(n.Level)}
	if n.PerQuarter >= n.Needed {
		say(w.l.T("dashboard.next_enough", args...))
	} else {
		say(w.l.T("dashboard.next_wait", args...))
	}
	st.Details = []string{w.l.T("dashboard.next_formula", args...)}
	return st
}

// courseNotes writes what a question's series says: each text has the number of points and of answers.
func courseNotes(l i18n.Language, q report.Question) []string {
	c := q.Course
	if c == nil {
		return nil
	}
	unit := chart.UnitKey(q.Trend[0].Period.Unit)
	args := []any{"Count", c.Points, "Points", c.Points, "Useful", c.Useful, "N", chart.Answers(l, c.Answers), "Median", l.Number(c.Median, 0),
		"Least", stats.RunMinimum, "From", l.Period(c.From), "To", l.Period(c.To), "Most", c.MostRun, "Crossings", c.Crossings,
		"LeastCrossings", c.LeastCrossings, "Longest", runLength(l, c.Longest)}
	var notes []string
	add := func(key string, more ...any) {
		notes = append(notes, l.T(key, append(args[:len(args):len(args)], more...)...))
	}
	switch {
	case !c.Enough:
		add("dashboard.course_few", "Count", c.Useful)
	case !c.Signal():
		add("dashboard.course_none")
	}
	if c.LongRun {
		side := "_under"
		if c.Above {
			side = "_over"
		}
		add("dashboard.course_run_" + unit + side)
	}
	if c.FewCrossings {
		add("dashboard.course_crossings", "Count", c.Crossings)
	}
	if c.Limited > 0 {
		add("dashboard.course_limited", "Count", c.Limited)
	}
	for _, m := range c.Improvements {
		add("dashboard.course_improvement", "Name", l.T("dashboard.quote", "Text", m.Name), "Week", l.Period(m.Start.In(calendar.Weekly)))
	}
	if c.Baseline > 0 {
		add("dashboard.course_baseline")
	}
	if m := c.Limits; m != nil {
		add("dashboard.course_limits", "Low", l.Number(m.Low, 0), "High", l.Number(m.High, 0), "Count", m.Points, "Points", m.Points)
		if m.Trial {
			add("dashboard.course_trial", "Count", m.Points, "Points", m.Points, "Least", stats.TrialPoints)
		}
		var periods []string
		for _, i := range m.Outside {
			periods = append(periods, l.Period(q.Trend[i].Period)+" ("+chart.Answers(l, q.Trend[i].Result.N)+")")
		}
		if len(periods) > 0 {
			add("dashboard.course_outside", "Periods", strings.Join(periods, ", "))
		}
	}
	return notes
}

// runLength writes the length of a run as a word where the language has a short one.
func runLength(l i18n.Language, n int) string {
	if n < 7 || n > 12 { // a signal takes seven
		return l.Number(float64(n), 0)
	}
	return l.T("number." + strconv.Itoa(n))
}

// bestNote says how many gave the best answer, where that is so many that the mean cannot tell much.
func bestNote(l i18n.Language, q report.Question) string {
	best := q.Best()
	if best == nil {
		return ""
	}
	option := q.Options[len(q.Options)-1]
	return l.T("dashboard.best", "Share", chart.ShareText(l, best.Value, best.Bound), "Option", l.T("dashboard.quote", "Text", option.Text.In(l.Tag)),
		"Interval", between(l, best.Interval, 100), "N", chart.Answers(l, q.Now.N))
}
