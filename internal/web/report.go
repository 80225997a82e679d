package web

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/chart"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
)

// What one sheet of paper has room for beside the headlines and a place to write. What is left out is
// counted on it, and on the screen.
const (
	mostLines        = 21 // of a table of questions; one that fills the last closeLines is set closer, with less around it
	closeLines       = 3
	lineLength       = 32 // characters
	leastLines       = 2  // of a question: its figures take as many
	mostImprovements = 3
	mostVerdicts     = 2  // of one improvement
	longestName      = 90 // characters of an improvement
	longestQuestion  = 110
	denseQuestion    = 75
)

// reportPage is the quarterly report for the practice meeting: one sheet of A4.
type reportPage struct {
	page
	Practice, Survey  string
	Quarter, Previous string // empty Quarter: none is over yet
	Quarters          []tabLink
	Weeks, Responses  string
	Held, Dropped     string // responses left out; empty if there are none
	Back              string
	Summary           []statement
	Rows              []reportRow
	MoreRows          int // questions left out
	Dense             bool
	Improvements      []reportImprovement
	MoreImprovements  int
	Method            int
	Level             string // of the intervals of change
	Compared          int
}

// reportRow is a question on one line.
type reportRow struct {
	Text                   string
	Derived, Scored        bool
	Few                    string // instead of numbers
	Mean, MeanBetween      string
	Share, ShareBetween    string
	N                      string
	Uncertain              bool
	Bar                    []chart.Segment
	Change                 sentence
	ChangeBetween, Earlier string
}

type reportImprovement struct {
	Done, When string
	Verdicts   []verdictLine
	More       int
}

func (s *Server) showReport(c echo.Context) error {
	l, p := s.language(c), inPractice(c)
	surveyID, version, quarter := asked(c)
	q, err := s.Reports.Quarterly(c.Request().Context(), p, surveyID, version, quarter)
	if err != nil {
		return err
	}
	rp := reportPage{page: s.page(c, l, l.T("report.title")+" – "+p.Name), Practice: p.Name, Survey: q.Title.In(l.Tag), Back: resultsPath(&q.Dashboard, "")}
	if len(q.Quarters) == 0 {
		return s.render(c, http.StatusOK, "report", rp)
	}
	if asked, err := s.askFirstIn(c, q.Survey, q.Version, q.Quarter); asked || err != nil {
		return err
	}
	rp.Quarter, rp.Previous = l.Period(q.Quarter), l.Period(q.Summary.Previous)
	if q.Now.First != "" { // a quarter may be over without a release
		rp.Weeks = l.Weeks(q.Now.First, q.Now.Last)
	}
	for _, at := range q.Quarters {
		rp.Quarters = append(rp.Quarters, tabLink{resultsPath(&q.Dashboard, "/report") + "&quarter=" + at.String(), l.PeriodShort(at), at == q.Quarter})
	}
	rp.Responses = channelLine(l, q.Responses)
	rp.Held, rp.Dropped = leftOut(l, q.Held)
	questions, dense := foremost(l, q)
	rp.Dense, rp.MoreRows = dense, len(q.Questions)-len(questions)
	longest, improvements, verdicts := longestQuestion, mostImprovements, mostVerdicts
	if dense {
		longest, improvements, verdicts = denseQuestion, 1, 1
	}
	rp.Summary, rp.Method = summary{l, &q.Dashboard, &q.Summary, true}.write(), q.Summary.Method
	rp.Level, rp.Compared = levelText(l, q.Summary.Level), q.Summary.Compared
	for _, question := range questions {
		rp.Rows = append(rp.Rows, newReportRow(l, question, q.Shift(question.ID), longest))
	}
	for i, im := range q.Improvements {
		if len(rp.Improvements) == improvements {
			rp.MoreImprovements = len(q.Improvements) - i
			break
		}
		found, unopened, err := s.improvement(c, im)
		if err != nil {
			return err
		}
		rp.Improvements = append(rp.Improvements, newReportImprovement(l, found, unopened, min(longest, longestName), verdicts))
	}
	return s.render(c, http.StatusOK, "report", rp)
}

// channelLine is how many answered and by which way: "312 besvarelser: QR-kode 290, SMS 22".
func channelLine(l i18n.Language, r report.Responses) string {
	if r.Total == 0 {
		return l.T("report.responses_few")
	}
	var parts []string
	for _, channel := range r.Channels {
		n := 0
		for _, w := range r.Weeks {
			n += w.Parts[channel]
		}
		parts = append(parts, l.T("channel."+channel)+" "+l.Number(float64(n), 0))
	}
	return l.T("dashboard.responses", "Count", r.Total, "N", l.Number(float64(r.Total), 0)) + ": " + strings.Join(parts, ", ")
}

// foremost is the questions there is room for, in the order of the page: all, or else the derived one,
// what changed and what stands out, and of the rest the first.
func foremost(l i18n.Language, q *report.Quarter) (questions []report.Question, dense bool) {
	stands, room := slices.Concat(q.Summary.Strong, q.Summary.Weak), mostLines
	if q.Held != (report.Held{}) { // which is told above
		room -= leastLines
	}
	return fitting(room, q.Questions, func(x report.Question) string { return x.Text.In(l.Tag) }, func(x report.Question) bool {
		s := q.Shift(x.ID)
		return x.Derived || s != nil && (s.Verdict == report.Improved || s.Verdict == report.Worse)
	}, func(x report.Question) bool {
		return slices.ContainsFunc(stands, func(s report.Standing) bool { return s.Question == x.ID })
	})
}

// fitting is as many questions as there is room for, in lines: the first of what is first, then of what is next,
// then of the rest, in the order that all have. dense tells that there is hardly room for them.
func fitting[Q any](room int, all []Q, text func(Q) string, first, next func(Q) bool) (some []Q, dense bool) {
	keep, taken := make([]bool, len(all)), 0
	for _, wanted := range []func(Q) bool{first, next, func(Q) bool { return true }} {
		for i, q := range all {
			if keep[i] || !wanted(q) {
				continue
			}
			lines := max(leastLines, (min(utf8.RuneCountInString(text(q)), denseQuestion)+lineLength-1)/lineLength)
			if keep[i] = taken+lines <= room; keep[i] {
				taken += lines
			}
		}
	}
	for i, q := range all {
		if keep[i] {
			some = append(some, q)
		}
	}
	return some, taken > room-closeLines
}

func newReportRow(l i18n.Language, q report.Question, s *report.Shift, longest int) reportRow {
	row := reportRow{Text: shorten(q.Text.In(l.Tag), longest), Derived: q.Derived, Scored: q.Scored}
	switch r := q.Now; {
	case r != nil:
		row.N, row.Uncertain, row.Bar = l.Number(float64(r.N), 0), r.Answers == nil, chart.Distribution(l, q, r)
		if !q.Scored {
			break
		}
		row.Mean = chart.ScoreText(l, r.Mean)
		if ci := r.Mean.Interval; ci != nil {
			row.MeanBetween = between(l, *ci, 1)
		}
		if !q.Derived {
			row.Share, row.ShareBetween = chart.ShareText(l, r.Positive.Value, r.Positive.Bound), between(l, r.Positive.Interval, 100)
		}
	case q.Scored:
		row.Few = l.T("dashboard.too_few")
	default:
		row.Few = l.T("report.few_choice")
	}
	if s == nil {
		return row
	}
	row.Earlier = l.T("report.earlier_few", "N", answersText(l, s.Before.N))
	switch s.Verdict {
	case report.Improved:
		row.Change = better(l.T("improvement.is_improved"))
	case report.Worse:
		row.Change = worse(l.T("improvement.is_worse"))
	case report.NoEvidence:
		row.Change = same(l.T("improvement.is_no_change"))
	default:
		row.Change = sentence{Text: l.T("improvement.is_too_few")}
		return row
	}
	row.ChangeBetween = l.T("report.change_between", "Change", signed(l, s.Mean.Value, 0), "Low", signed(l, s.Mean.Interval.Low, 0), "High", signed(l, s.Mean.Interval.High, 0))
	row.Earlier = l.T("report.earlier", "Mean", l.Number(s.Before.Mean, 0), "N", l.Number(float64(s.Before.N), 0))
	return row
}

func newReportImprovement(l i18n.Language, im *report.Improvement, unopened bool, longest, verdicts int) reportImprovement {
	out := reportImprovement{Done: shorten(im.Done, longest), When: l.T("improvement.from", "Week", l.Period(im.Start.In(calendar.Weekly)))}
	if im.Closed != "" {
		out.When += ", " + l.T("improvement.closed", "Week", l.Period(im.Closed.In(calendar.Weekly)))
	}
	for i, change := range im.Found.Questions {
		if i == verdicts {
			out.More = len(im.Found.Questions) - i
			break
		}
		line := newVerdictLine(l, im.Asked[i], change, im.Found.Level)
		line.Sentence = l.T("report.sides", "Before", answersText(l, change.Before.N), "After", answersText(l, change.After.N))
		if d := change.Mean; d != nil {
			line.Sentence = l.T("report.change_between", "Change", signed(l, d.Value, 0), "Low", signed(l, d.Interval.Low, 0), "High", signed(l, d.Interval.High, 0)) + ", " + line.Sentence
		}
		if unopened {
			line = verdictLine{Question: line.Question, Sentence: l.T("improvement.unopened")}
		}
		line.Question = shorten(line.Question, denseQuestion)
		out.Verdicts = append(out.Verdicts, line)
	}
	return out
}

// shorten keeps a text within a number of characters; the whole of it is on the screen.
func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return strings.TrimRight(string(runes[:most-1]), " ,.;:–-") + "…"
	}
	return text
}
