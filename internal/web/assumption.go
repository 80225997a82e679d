package web

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/chart"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// askFirst leads whoever has not opened a survey's latest period yet to the page that asks what they
// believe, and reports whether it did. Every page and file with results of a survey asks it before it
// shows any, so that nobody sees by another door what they are about to guess.
func (s *Server) askFirst(c echo.Context, d *report.Dashboard) (bool, error) {
	closed, err := s.closed(c, d)
	if err != nil || !closed {
		return false, err
	}
	return true, c.Redirect(http.StatusSeeOther, resultsPath(d, "/assumption"))
}

// askFirstIn is askFirst for a page about one quarter of a survey. A quarter before the latest is not
// what is guessed, and asks nothing.
func (s *Server) askFirstIn(c echo.Context, surveyID string, version int, quarter calendar.Period) (bool, error) {
	ctx, p := c.Request().Context(), inPractice(c)
	k := store.Key{PracticeID: p.ID, Survey: surveyID, Version: version}
	opened, err := s.Store.ResultOpened(ctx, signedInAs(c), k, quarter.String())
	if err != nil || opened { // by far the most often, and much quicker than the report below
		return false, err
	}
	d, err := s.Reports.Dashboard(ctx, p, surveyID, version)
	if err != nil || d.Empty() || quarter.String() < d.Period().String() {
		return false, err
	}
	return s.askFirst(c, d)
}

// closed reports whether there is a result that the account has not opened.
func (s *Server) closed(c echo.Context, d *report.Dashboard) (bool, error) {
	if d.Empty() {
		return false, nil
	}
	opened, err := s.Store.ResultOpened(c.Request().Context(), signedInAs(c), d.Key(), d.Period().String())
	return !opened, err
}

// signedInAs is the id of the account that admit found; empty for nobody.
func signedInAs(c echo.Context) string {
	a, _ := c.Get(accountKey).(practice.Account)
	return a.ID
}

// resultsPath is the address of a page about one survey's results.
func resultsPath(d *report.Dashboard, page string) string {
	return "/practices/" + d.Practice.ID + page + "?survey=" + url.QueryEscape(d.Survey) + "&version=" + strconv.Itoa(d.Version)
}

// requestedDashboard is the survey and version in the address.
func (s *Server) requestedDashboard(c echo.Context) (*report.Dashboard, error) {
	version, err := strconv.Atoi(c.QueryParam("version"))
	if err != nil {
		version = 0 // the latest
	}
	return s.Reports.Dashboard(c.Request().Context(), inPractice(c), c.QueryParam("survey"), version)
}

type assumptionPage struct {
	page
	Practice, Survey string
	Period           string // empty: nothing is released, so there is nothing to guess
	Locked           bool   // the result is opened
	Action, Results  string
	Problem          string
	First            string // id of the first radio button
	Questions        []assumptionQuestion
	AsksOwn          bool
}

// assumptionQuestion is one thing to guess. Own is nil but for the ways of reaching the practice.
type assumptionQuestion struct {
	Heading       string // the way of reaching the practice; empty for other questions
	Believed, Own *assumptionField
}

type assumptionField struct {
	Name, Text, Note string
	Options          []formOption
}

func (s *Server) assumptionPage(c echo.Context, d *report.Dashboard, chosen url.Values) assumptionPage {
	l := s.language(c)
	ap := assumptionPage{page: s.page(c, l, l.T("assumption.title")+" – "+d.Practice.Name), Practice: d.Practice.Name,
		Survey: d.Title.In(l.Tag), Action: resultsPath(d, "/assumption"), Results: resultsPath(d, "")}
	ap.Here = "dashboard"
	if d.Empty() {
		return ap
	}
	ap.Period = l.Period(d.Period())
	for _, q := range s.guessable(d) {
		aq := assumptionQuestion{Believed: newAssumptionField(l, "believed."+q.ID, q, chosen)}
		if report.AsksOwn(d.Survey, q.ID) {
			ap.AsksOwn = true
			aq.Heading = l.T("assumption.contact_" + q.ID)
			aq.Own = newAssumptionField(l, "own."+q.ID, q, chosen)
			aq.Own.Text = l.T("assumption.own_" + q.ID)
		}
		ap.Questions = append(ap.Questions, aq)
	}
	if len(ap.Questions) > 0 {
		ap.First = ap.Questions[0].Believed.Name + "-0"
	}
	return ap
}

// guessable are the questions a guess can be put beside: those on a scale, in the patients' order.
func (s *Server) guessable(d *report.Dashboard) []survey.Question {
	sv, ok := s.Surveys.Survey(d.Survey, d.Version)
	if !ok {
		return nil
	}
	return sv.Scored()
}

func newAssumptionField(l i18n.Language, name string, q survey.Question, chosen url.Values) *assumptionField {
	f := &assumptionField{Name: name, Text: q.Text.In(l.Tag), Note: q.Note.In(l.Tag)}
	for _, o := range q.Options {
		f.Options = append(f.Options, formOption{o.Code, o.Text.In(l.Tag), chosen.Get(name) == o.Code})
	}
	return f
}

func (s *Server) showAssumption(c echo.Context) error {
	d, err := s.requestedDashboard(c)
	if err != nil {
		return err
	}
	closed, err := s.closed(c, d)
	if err != nil {
		return err
	}
	ap := s.assumptionPage(c, d, nil)
	ap.Locked = !closed && !d.Empty()
	return s.render(c, http.StatusOK, "assumption", ap)
}

// saveAssumption keeps the guesses, or none, and opens the result.
func (s *Server) saveAssumption(c echo.Context) error {
	d, err := s.requestedDashboard(c)
	if err != nil {
		return err
	}
	values, err := readForm(c)
	if err != nil {
		return err
	}
	ap := s.assumptionPage(c, d, values)
	if d.Empty() {
		return s.render(c, http.StatusConflict, "assumption", ap)
	}
	ctx, account, period := c.Request().Context(), signedInAs(c), d.Period().String()
	if values.Get("open") != "without" {
		guesses, err := s.parseAssumptions(d, values)
		if err != nil {
			return err
		}
		if len(guesses) == 0 {
			ap.Problem = ap.L.T("assumption.none_chosen")
			ap.Title = ap.L.T("error.prefix") + " " + ap.Title
			return s.render(c, http.StatusUnprocessableEntity, "assumption", ap)
		}
		err = s.Store.SaveAssumptions(ctx, account, d.Key(), period, guesses)
		if fault.KindOf(err) == fault.Conflict {
			ap.Locked = true
			return s.render(c, http.StatusConflict, "assumption", ap)
		}
		if err != nil {
			return err
		}
	}
	if err := s.Store.OpenResult(ctx, account, d.Key(), period); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, ap.Results)
}

// parseAssumptions reads the chosen options, and refuses what the page does not offer.
func (s *Server) parseAssumptions(d *report.Dashboard, values url.Values) ([]practice.Assumption, error) {
	var guesses []practice.Assumption
	known := map[string]bool{"open": true}
	for _, q := range s.guessable(d) {
		a := practice.Assumption{Question: q.ID, Believed: values.Get("believed." + q.ID)}
		known["believed."+q.ID] = true
		if report.AsksOwn(d.Survey, q.ID) {
			a.Own = values.Get("own." + q.ID)
			known["own."+q.ID] = true
		}
		for _, code := range []string{a.Believed, a.Own} {
			if code != "" && !slices.ContainsFunc(q.Options, func(o survey.Option) bool { return o.Code == code }) {
				return nil, fault.New(fault.Invalid, "error.bad_request")
			}
		}
		if a.Believed != "" || a.Own != "" {
			guesses = append(guesses, a)
		}
	}
	for name, chosen := range values {
		if !known[name] || len(chosen) > 1 {
			return nil, fault.New(fault.Invalid, "error.bad_request")
		}
	}
	return guesses, nil
}

// assumedCards is what the dashboard shows of assumptions: nil where there is nothing.
type assumedCards struct {
	Assumed   *assumedCard
	Reference *referenceCard
}

// assumedCard is what somebody believed beside what patients said.
type assumedCard struct {
	Period string
	Rows   []assumedRow
	Own    bool   // somebody said how satisfied they are themselves
	Chart  string // of the ways of reaching the practice; empty if none was guessed
}

type assumedRow struct {
	Text, Sentence                        string
	Sign                                  int
	Own, Believed, Measured, Gap, Answers string // of the table
}

// referenceCard is the national figures of 2018 beside the practice's own, both as the share that is
// satisfied to a great or some extent.
type referenceCard struct {
	Options string
	Rows    []referenceRow
}

type referenceRow struct{ Text, Measured, Answers, Practical, Own, Believed string }

// assumed is what the dashboard shows of the reader's own assumptions, and of nobody else's.
func (s *Server) assumed(c echo.Context, l i18n.Language, d *report.Dashboard) (assumedCards, error) {
	var cards assumedCards
	a, err := s.Reports.Assumed(c.Request().Context(), d, signedInAs(c))
	if err != nil {
		return cards, err
	}
	if a != nil {
		if cards.Assumed, err = newAssumedCard(l, d, a); err != nil {
			return cards, err
		}
	}
	cards.Reference = newReferenceCard(l, d)
	return cards, nil
}

func newAssumedCard(l i18n.Language, d *report.Dashboard, a *report.Assumed) (*assumedCard, error) {
	card := &assumedCard{Period: l.Period(a.Period)}
	var contacts []report.Guess
	for _, g := range a.Guesses {
		row := assumedRow{Text: g.Question.Text.In(l.Tag), Sentence: assumedSentence(l, g),
			Own: scoreOf(l, g.Own), Believed: scoreOf(l, g.Believed), Measured: "–", Gap: "–", Answers: l.T("assumption.few")}
		card.Own = card.Own || g.Own != nil
		if m := g.Measured; m != nil {
			row.Measured, row.Answers = chart.ScoreText(l, m.Mean), l.Number(float64(m.N), 0)
			if ci := m.Mean.Interval; ci != nil {
				row.Measured += " (" + between(l, *ci, 1) + ")"
			}
		}
		switch {
		case g.Gap != nil:
			row.Gap, row.Sign = gapText(l, g), g.Gap.Sign
		case g.Believed != nil:
			row.Gap = l.T("assumption.unsure")
		}
		card.Rows = append(card.Rows, row)
		if report.AsksOwn(d.Survey, g.Question.ID) {
			contacts = append(contacts, g)
		}
	}
	if len(contacts) == 0 {
		return card, nil
	}
	var err error
	card.Chart, err = chart.Assumed(l, a.Period, contacts)
	return card, err
}

// assumedSentence says what was believed, what was measured and what the difference can bear.
func assumedSentence(l i18n.Language, g report.Guess) string {
	if g.Believed == nil {
		return l.T("assumption.own_only", "Own", scoreOf(l, g.Own))
	}
	believed := scoreOf(l, g.Believed)
	switch {
	case g.Measured == nil:
		return l.T("assumption.said_few", "Believed", believed)
	case g.Gap == nil:
		return l.T("assumption.said_unsure", "Believed", believed, "Measured", chart.ScoreText(l, g.Measured.Mean), "Answers", chart.Answers(l, g.Measured.N))
	}
	measured := chart.ScoreText(l, g.Measured.Mean)
	verdict := l.T("assumption.verdict_" + [...]string{"lower", "same", "higher"}[g.Gap.Sign+1])
	if g.Gap.Nearest && g.Gap.Sign != 0 {
		verdict = l.T("assumption.nearest", "Verdict", verdict)
	}
	if ci := g.Measured.Mean.Interval; ci != nil {
		return l.T("assumption.said", "Believed", believed, "Measured", measured, "Verdict", verdict,
			"Between", between(l, *ci, 1), "Answers", chart.Answers(l, g.Measured.N))
	}
	return l.T("assumption.said_agreed", "Believed", believed, "Measured", measured, "Verdict", verdict, "Answers", chart.Answers(l, g.Measured.N))
}

// gapText is the gap with its interval: "−17 (−23 to −11)". It is the difference of the numbers as
// they are written beside it, which rounding the gap itself would not always be.
func gapText(l i18n.Language, g report.Guess) string {
	assumed := math.Round(g.Believed.Score)
	text := gapPoints(l, math.Round(g.Measured.Mean.Value)-assumed)
	if ci := g.Measured.Mean.Interval; ci != nil {
		text += " " + l.T("assumption.gap_between", "Low", gapPoints(l, math.Round(ci.Low)-assumed), "High", gapPoints(l, math.Round(ci.High)-assumed))
	}
	return text
}

func gapPoints(l i18n.Language, points float64) string {
	if points > 0 {
		return "+" + l.Number(points, 0)
	}
	return l.Number(points, 0)
}

func scoreOf(l i18n.Language, o *survey.Option) string {
	if o == nil {
		return "–"
	}
	return l.Number(o.Score, 0)
}

// newReferenceCard is nil for every survey but the one with the report's own scale.
func newReferenceCard(l i18n.Language, d *report.Dashboard) *referenceCard {
	var card *referenceCard
	for _, ref := range report.References {
		i := slices.IndexFunc(d.Questions, func(q report.Question) bool { return q.ID == ref.Contact })
		if i < 0 || !report.AsksOwn(d.Survey, ref.Contact) {
			continue
		}
		if card == nil {
			card = &referenceCard{Options: quoted(l, chart.PositiveLabels(l, d.Questions[i]))}
		}
		row := referenceRow{Text: l.T("assumption.contact_" + ref.Contact), Measured: l.T("assumption.few"), Answers: "–",
			Practical: percentOf(l, ref.Practical), Own: percentOf(l, report.Satisfied(ref.Own)), Believed: percentOf(l, report.Satisfied(ref.Believed))}
		if r := d.Questions[i].Now; r != nil {
			row.Measured = chart.ShareText(l, r.Positive.Value, r.Positive.Bound) + " (" + between(l, r.Positive.Interval, 100) + ")"
			if r.Positive.Bound == disclosure.Exact && r.Answers == nil {
				row.Measured += " " + l.T("assumption.uncertain")
			}
			row.Answers = l.Number(float64(r.N), 0)
		}
		card.Rows = append(card.Rows, row)
	}
	return card
}

func percentOf(l i18n.Language, percent int) string {
	if percent == 0 {
		return "–"
	}
	return l.Percent(float64(percent) / 100)
}
