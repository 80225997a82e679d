package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/chart"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/stats"
)

type dashboardPage struct {
	page
	Practice  string
	Survey    string
	SurveyID  string
	Tabs      []tabLink // none if there is only one survey
	Older     bool
	Empty     bool
	Span      string
	Held      string // responses that are left out and wait; empty if there are none
	Dropped   string
	Summary   []statement
	Method    int
	Cards     []questionCard
	Assumed   assumedCards
	Responses responsesCard
	Files     fileLinks
	Report    string // address of the quarterly report
}

type tabLink struct {
	Address, Text string
	Here          bool
}

// questionCard is a question as it is written: every number is a text in the reader's language.
type questionCard struct {
	ID, Text, Note                           string
	Derived, Scored, Uncertain               bool
	Few                                      string // instead of numbers, while there are too few
	Mean, MeanInterval                       string
	Positive, PositiveOptions, ShareInterval string
	N, Aside                                 string
	Bar                                      []chart.Segment
	Best                                     string // so many gave the best answer that the mean can hardly rise
	TrendTitle, TrendNote                    string
	Course                                   []string // what the series says, in words
	Chart                                    string   // options as JSON; empty if there is no series to draw
	Whiskers, Hollow                         bool     // some points have an interval; some have fewer than 30 answers
	Trend                                    []trendRow
}

// trendRow is a period; without N it is a gap.
type trendRow struct{ Period, Mean, Share, N string }

type responsesCard struct {
	Chart, Note string
	Channels    []channelHead
	Weeks       []responsesRow
}

type channelHead struct {
	Text string
	Part int
}

type responsesRow struct {
	Weeks, Total string
	Parts        []string
}

func (s *Server) showDashboard(c echo.Context) error {
	l, p := s.language(c), inPractice(c)
	d, err := s.requestedDashboard(c)
	if err != nil {
		return err
	}
	if asked, err := s.askFirst(c, d); asked || err != nil {
		return err
	}
	dp := dashboardPage{page: s.page(c, l, l.T("dashboard.title")+" – "+p.Name), Practice: p.Name,
		Survey: d.Title.In(l.Tag), SurveyID: d.Survey, Empty: d.Empty()}
	dp.Here = "dashboard"
	dp.Held, dp.Dropped = leftOut(l, d.Held)
	for _, t := range d.Tabs {
		link := tabLink{"/practices/" + p.ID + "?survey=" + url.QueryEscape(t.Survey), t.Title.In(l.Tag),
			t.Survey == d.Survey && t.Version == d.Version}
		if t.Older {
			link.Address += "&version=" + strconv.Itoa(t.Version)
			link.Text = l.T("dashboard.version", "Title", link.Text, "Version", t.Version)
		}
		dp.Older = dp.Older || link.Here && t.Older
		dp.Tabs = append(dp.Tabs, link)
	}
	if len(dp.Tabs) == 1 {
		dp.Tabs = nil
	}
	if dp.Empty {
		return s.render(c, http.StatusOK, "dashboard", dp)
	}
	dp.Span, dp.Report = l.Weeks(d.Now.First, d.Now.Last), resultsPath(d, "/report")
	dp.Files = fileLinks{resultsPath(d, "/results.csv"), resultsPath(d, "/results.json")}
	dp.Summary, dp.Method = newSummary(l, d), d.Summary.Method
	for _, q := range d.Questions {
		card, err := newQuestionCard(l, q)
		if err != nil {
			return err
		}
		dp.Cards = append(dp.Cards, card)
	}
	if dp.Assumed, err = s.assumed(c, l, d); err != nil {
		return err
	}
	if dp.Responses, err = newResponsesCard(l, d); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "dashboard", dp)
}

// leftOut is the number of responses that no figure has, in words; empty where there are none.
func leftOut(l i18n.Language, h report.Held) (waiting, dropped string) {
	if h.Waiting > 0 {
		waiting = l.T("dashboard.held", "N", l.Number(float64(h.Waiting), 0))
	}
	if h.Dropped > 0 {
		dropped = l.T("dashboard.dropped", "N", l.Number(float64(h.Dropped), 0))
	}
	return waiting, dropped
}

func newQuestionCard(l i18n.Language, q report.Question) (questionCard, error) {
	card := questionCard{ID: q.ID, Text: q.Text.In(l.Tag), Derived: q.Derived, Scored: q.Scored}
	if q.Note != nil {
		card.Note = q.Note.In(l.Tag)
	}
	switch r := q.Now; {
	case r != nil:
		card.N = chart.Answers(l, r.N)
		card.Uncertain = r.Answers == nil
		card.Bar = chart.Distribution(l, q, r)
		if r.Aside > 0 {
			card.Aside = l.T("dashboard.aside", "Count", r.Aside, "Label", q.Aside.In(l.Tag))
		}
		if !q.Scored {
			break
		}
		card.Mean = chart.MeanText(l, r.Mean)
		if ci := r.Mean.Interval; ci != nil {
			card.MeanInterval = l.T("dashboard.mean_between", "Low", l.Number(ci.Low, 0), "High", l.Number(ci.High, 0))
		}
		card.Best = bestNote(l, q)
		card.Positive = chart.ShareText(l, r.Positive.Value, r.Positive.Bound)
		card.PositiveOptions = quoted(l, chart.PositiveLabels(l, q))
		ci := r.Positive.Interval
		card.ShareInterval = l.T("dashboard.share_between", "Low", l.Number(100*ci.Low, 0), "High", l.Number(100*ci.High, 0))
	case q.Scored:
		card.Few = l.T("dashboard.few")
	default:
		card.Few = l.T("dashboard.few_choice")
	}
	return card, card.addTrend(l, q)
}

// addTrend fills in the series, if there is one.
func (card *questionCard) addTrend(l i18n.Language, q report.Question) error {
	if !q.Drawn() {
		return nil
	}
	for _, p := range q.Trend {
		row := trendRow{Period: l.Period(p.Period)}
		if r := p.Result; r != nil {
			card.Hollow = card.Hollow || r.Answers == nil
			row.N = l.Number(float64(r.N), 0)
			row.Mean = chart.ScoreText(l, r.Mean)
			if ci := r.Mean.Interval; ci != nil {
				card.Whiskers = true
				row.Mean += " (" + between(l, *ci, 1) + ")"
			}
			row.Share = chart.ShareText(l, r.Positive.Value, r.Positive.Bound) + " (" + between(l, r.Positive.Interval, 100) + ")"
		}
		card.Trend = append(card.Trend, row)
	}
	first, last := q.Trend[0].Period, q.Trend[len(q.Trend)-1].Period
	card.TrendTitle = l.T("dashboard.trend_" + chart.UnitKey(first.Unit))
	card.TrendNote = l.T("dashboard.trend_note", "First", l.Period(first), "Last", l.Period(last))
	card.Course = courseNotes(l, q)
	var err error
	card.Chart, err = chart.Trend(l, q)
	return err
}

func between(l i18n.Language, ci stats.Interval, times float64) string {
	return l.Number(times*ci.Low, 0) + "–" + l.Number(times*ci.High, 0)
}

// quoted writes options as a sentence has them: «I stor grad» eller «I svært stor grad».
func quoted(l i18n.Language, options []string) string {
	var b strings.Builder
	for i, o := range options {
		switch {
		case i == 0:
		case i == len(options)-1:
			b.WriteString(" " + l.T("dashboard.or") + " ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(l.T("dashboard.quote", "Text", o))
	}
	return b.String()
}

func newResponsesCard(l i18n.Language, d *report.Dashboard) (responsesCard, error) {
	var card responsesCard
	r := d.Responses
	if len(r.Weeks) == 0 {
		return card, nil
	}
	for i, channel := range r.Channels {
		card.Channels = append(card.Channels, channelHead{l.T("channel." + channel), chart.ChannelPart(r, i)})
	}
	for _, w := range r.Weeks {
		row := responsesRow{Weeks: l.Weeks(w.Span.First, w.Week), Total: l.Number(float64(w.Total), 0)}
		for _, channel := range r.Channels {
			text := "–"
			if n := w.Parts[channel]; n > 0 {
				text = l.Number(float64(n), 0)
			}
			row.Parts = append(row.Parts, text)
		}
		card.Weeks = append(card.Weeks, row)
	}
	first := r.Weeks[0].Span.First
	card.Note = l.T("dashboard.responses_note", "Total", l.Number(float64(r.Total), 0), "Weeks", l.Weeks(first, d.Last))
	if slices.Contains(r.Channels, disclosure.Mixed) {
		card.Note += " " + l.T("dashboard.mixed_note")
	}
	if len(r.Weeks) < 2 {
		return card, nil
	}
	var err error
	card.Chart, err = chart.Responses(l, r)
	return card, err
}
