package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/chart"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/survey"
)

// startWeeks is how many weeks back and ahead of this one a change may have started.
const startWeeks = 8

type improvementsPage struct {
	page
	Practice  string
	Today     string // the running week, for the record on paper
	Rows      []improvementRow
	CanChange bool
	Files     fileLinks
}

// improvementRow is an improvement in the register. Unopened: the account has not opened the results
// yet, so Verdicts is empty.
type improvementRow struct {
	Address, Done, Survey, Start, Closed, Target string
	Verdicts                                     []verdictLine
	Unopened, Published                          bool
}

// verdictLine is the verdict of one question, in words and in one sentence.
type verdictLine struct {
	Question, Outcome, Word, Sentence string
}

func (s *Server) showImprovements(c echo.Context) error {
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	ims, err := s.Store.Improvements(ctx, p.ID)
	if err != nil {
		return err
	}
	ip := improvementsPage{page: s.page(c, l, l.T("improvement.title")+" – "+p.Name), Practice: p.Name,
		Today: l.Period(calendar.WeekOf(s.Now()).In(calendar.Weekly)), Files: newFileLinks("/practices/"+p.ID+"/improvements", "")}
	ip.Here, ip.CanChange = "improvements", ip.Role == practice.Lead
	for _, im := range ims {
		r, unopened, err := s.improvement(c, im)
		if err != nil {
			return err
		}
		row := improvementRow{Address: improvementPath(im), Done: im.Done, Survey: r.Title.In(l.Tag), Unopened: unopened,
			Start: l.Period(im.Start.In(calendar.Weekly)), Published: im.Heard != ""}
		if im.Closed != "" {
			row.Closed = l.Period(im.Closed.In(calendar.Weekly))
		}
		if im.Target > 0 {
			row.Target = l.T("dashboard.mean", "Value", im.Target)
		}
		for i, change := range r.Found.Questions {
			line := newVerdictLine(l, r.Asked[i], change, r.Found.Level)
			if unopened {
				line = verdictLine{Question: line.Question}
			}
			row.Verdicts = append(row.Verdicts, line)
		}
		ip.Rows = append(ip.Rows, row)
	}
	return s.render(c, http.StatusOK, "improvements", ip)
}

func improvementPath(im practice.Improvement) string {
	return "/practices/" + im.PracticeID + "/improvements/" + im.ID
}

// improvement reports on an improvement, and tells whether it rests on results that the account has not
// opened yet: those are for guessing at first. What was kept in an earlier period is no secret.
func (s *Server) improvement(c echo.Context, im practice.Improvement) (r *report.Improvement, unopened bool, err error) {
	ctx, p := c.Request().Context(), inPractice(c)
	if r, err = s.Reports.Improvement(ctx, p, im); err != nil {
		return nil, false, err
	}
	d, err := s.Reports.Dashboard(ctx, p, im.Survey, im.Version)
	switch {
	case fault.KindOf(err) == fault.NotFound: // not in use any more, and nothing was released
		return r, false, nil
	case err != nil:
		return nil, false, err
	case im.Closed != "" && !d.Empty() && im.Closed.In(calendar.Quarterly).String() < d.Period().String():
		return r, false, nil
	}
	unopened, err = s.closed(c, d)
	return r, unopened, err
}

// newVerdictLine is what a question's change comes to, in words before numbers.
func newVerdictLine(l i18n.Language, q survey.Question, c report.Change, level float64) verdictLine {
	line := verdictLine{Question: q.Text.In(l.Tag), Outcome: string(c.Verdict), Word: l.T("improvement.is_" + string(c.Verdict))}
	if c.Verdict == report.NoEvidence && c.Needed == 0 { // a change worth the name would have shown
		line.Word = l.T("improvement.is_no_change")
	}
	args := []any{"Before", answersText(l, c.Before.N), "After", answersText(l, c.After.N)}
	if d := c.Mean; d != nil {
		value, low, high := d.Value, d.Interval.Low, d.Interval.High
		if c.Verdict == report.Worse { // said as so much lower
			value, low, high = -value, -high, -low
		}
		args = append(args, "Difference", points(l, value), "Low", points(l, low), "High", points(l, high), "Level", levelText(l, level))
	}
	line.Sentence = l.T("improvement.says_"+string(c.Verdict), args...)
	return line
}

func answersText(l i18n.Language, n int) string {
	if n == 0 {
		return l.T("dashboard.too_few")
	}
	return chart.Answers(l, n)
}

func points(l i18n.Language, x float64) string { return l.Number(x, 1) }

// levelText writes a confidence level: "96", "98,7".
func levelText(l i18n.Language, level float64) string {
	if hundredths := int(level*10_000 + 0.5); hundredths%100 == 0 {
		return strconv.Itoa(hundredths / 100)
	}
	return l.Number(100*level, 1)
}

type improvementPage struct {
	page
	Practice           string
	Im                 practice.Improvement
	Survey, Start      string
	Closed             string // empty while it runs
	Method             int
	Level              string // of the intervals, in per cent
	Results            string // address
	Cards              []changeCard
	Several            bool // questions share the risk of a false finding
	CanChange          bool
	Public             string // address of the public page
	Heards             []heardOption
	Told, Line         string
	Problem, ProblemAt string
}

type heardOption struct {
	Code, Text string
	Checked    bool
}

// changeCard is one question before and after.
type changeCard struct {
	verdictLine
	ID            string
	Before, After sideCells
	MeanChange    string
	ShareChange   string // empty for the index
	Reached       string
	Needed        string
}

type sideCells struct{ Weeks, N, Mean, Share string }

func (s *Server) showImprovement(c echo.Context) error {
	im, err := s.ownImprovement(c)
	if err != nil {
		return err
	}
	return s.renderImprovement(c, http.StatusOK, im, im.Heard, im.Told, nil)
}

// ownImprovement is the improvement in the address, if it is the practice's.
func (s *Server) ownImprovement(c echo.Context) (practice.Improvement, error) {
	return s.Store.Improvement(c.Request().Context(), inPractice(c).ID, c.Param("improvement"))
}

func (s *Server) renderImprovement(c echo.Context, status int, im practice.Improvement, heard, told string, problem *fault.Error) error {
	l, p := s.language(c), inPractice(c)
	r, unopened, err := s.improvement(c, im)
	if err != nil {
		return err
	}
	results := "/practices/" + p.ID + "?survey=" + url.QueryEscape(im.Survey) + "&version=" + strconv.Itoa(im.Version)
	if unopened {
		return c.Redirect(http.StatusSeeOther, results) // which asks for a guess
	}
	ip := improvementPage{page: s.page(c, l, l.T("improvement.one")+" – "+p.Name), Practice: p.Name, Im: im,
		Survey: r.Title.In(l.Tag), Start: l.Period(im.Start.In(calendar.Weekly)), Method: r.Found.Method, Level: levelText(l, r.Found.Level), Results: results,
		Several: len(im.Questions) > 1, Public: "/p/" + p.Slug, Told: told}
	ip.Here, ip.CanChange = "improvements", ip.Role == practice.Lead
	if im.Closed != "" {
		ip.Closed = l.Period(im.Closed.In(calendar.Weekly))
	}
	for i, change := range r.Found.Questions {
		ip.Cards = append(ip.Cards, newChangeCard(l, r.Asked[i], change, im, r.Found.Level))
	}
	for _, code := range practice.Heards {
		ip.Heards = append(ip.Heards, heardOption{code, l.T("heard." + code), code == heard})
	}
	if im.Heard != "" {
		ip.Line = l.T("heard." + im.Heard)
	}
	if problem != nil {
		ip.Problem, ip.ProblemAt = l.T(problem.Key, problem.Args), "told"
		if problem.Key == "improvement.heard_required" {
			ip.ProblemAt = "heard"
		}
		ip.Title = l.T("error.prefix") + " " + ip.Title
	}
	return s.render(c, status, "improvement", ip)
}

func newChangeCard(l i18n.Language, q survey.Question, c report.Change, im practice.Improvement, level float64) changeCard {
	card := changeCard{verdictLine: newVerdictLine(l, q, c, level), ID: q.ID,
		Before: newSideCells(l, c.Before), After: newSideCells(l, c.After)}
	if d := c.Mean; d != nil {
		card.MeanChange = l.T("improvement.points_between", "Difference", signed(l, d.Value, 1), "Low", signed(l, d.Interval.Low, 1),
			"High", signed(l, d.Interval.High, 1), "Level", levelText(l, level))
	}
	if d := c.Share; d != nil {
		card.ShareChange = l.T("improvement.points_between", "Difference", signed(l, 100*d.Value, 0), "Low", signed(l, 100*d.Interval.Low, 0),
			"High", signed(l, 100*d.Interval.High, 0), "Level", levelText(l, level))
	}
	if q.ID == survey.IndexID {
		card.Before.Share, card.After.Share = "", ""
	}
	if c.Reached != "" {
		card.Reached = l.T("improvement.reached_"+string(c.Reached), "Target", im.Target,
			"Low", l.Number(c.After.Interval.Low, 0), "High", l.Number(c.After.Interval.High, 0))
	}
	if c.Goal > 0 && im.Closed == "" {
		goal := l.Number(c.Goal, 0)
		switch {
		case !c.Before.Enough():
			card.Needed = l.T("improvement.needs_before")
		case c.Needed < 0:
			card.Needed = l.T("improvement.needs_never", "Goal", goal, "Before", answersText(l, c.Before.N))
		case c.Needed == 0:
			card.Needed = l.T("improvement.needs_none", "Goal", goal)
		default:
			card.Needed = l.T("improvement.needs", "Goal", goal, "Count", c.Needed, "N", l.Number(float64(c.Needed), 0))
		}
	}
	return card
}

// signed writes a difference with its sign: "+2,1", "−3,0".
func signed(l i18n.Language, x float64, decimals int) string {
	text := l.Number(x, decimals)
	if x > 0 && text != l.Number(0, decimals) {
		return "+" + text
	}
	return text
}

func newSideCells(l i18n.Language, s report.Side) sideCells {
	cells := sideCells{N: l.T("dashboard.too_few"), Weeks: "–", Mean: "–", Share: "–"}
	if s.N > 0 {
		cells.N = l.Number(float64(s.N), 0)
		cells.Weeks = l.Weeks(s.First, s.Last)
	}
	if s.Enough() {
		cells.Mean = l.T("dashboard.mean", "Value", l.Number(s.Mean, 0)) + " (" + between(l, s.Interval, 1) + ")"
		cells.Share = l.Percent(s.Share())
	}
	return cells
}

type improvementForm struct {
	page
	Practice, Survey    string
	Tabs                []tabLink
	Questions           []formOption
	Weeks               []formOption
	Done, Target        string
	QuestionWrong       string
	DoneWrong           string
	StartWrong          string
	TargetWrong         string
	Wrong               bool
	FirstQuestion, List string
}

func (s *Server) showNewImprovement(c echo.Context) error {
	form := url.Values{"survey": {c.QueryParam("survey")}, "start": {string(calendar.WeekOf(s.Now()))}}
	return s.renderNewImprovement(c, http.StatusOK, form, nil)
}

// renderNewImprovement shows the form as it was filled in; problems are by field.
func (s *Server) renderNewImprovement(c echo.Context, status int, form url.Values, problems map[string]*fault.Error) error {
	l, p := s.language(c), inPractice(c)
	tabs, chosen, questions, err := s.Reports.Improvable(c.Request().Context(), p, form.Get("survey"))
	if err != nil {
		return err
	}
	list := "/practices/" + p.ID + "/improvements"
	fp := improvementForm{page: s.page(c, l, l.T("improvement.new")+" – "+p.Name), Practice: p.Name, Survey: chosen.Survey,
		Done: form.Get("done"), Target: form.Get("target"), Wrong: len(problems) > 0, List: list}
	fp.Here = "improvements"
	if fp.Wrong {
		fp.Title = l.T("error.prefix") + " " + fp.Title
	}
	if len(tabs) > 1 {
		for _, t := range tabs {
			fp.Tabs = append(fp.Tabs, tabLink{list + "/new?survey=" + url.QueryEscape(t.Survey), t.Title.In(l.Tag), t.Survey == chosen.Survey})
		}
	}
	for i, q := range questions {
		fp.Questions = append(fp.Questions, formOption{q.ID, q.Text.In(l.Tag), slices.Contains(form["question"], q.ID)})
		if i == 0 {
			fp.FirstQuestion = "question-" + q.ID
		}
	}
	for _, w := range s.startChoices() {
		fp.Weeks = append(fp.Weeks, formOption{string(w), l.Period(w.In(calendar.Weekly)), form.Get("start") == string(w)})
	}
	for field, to := range map[string]*string{"question": &fp.QuestionWrong, "done": &fp.DoneWrong, "start": &fp.StartWrong, "target": &fp.TargetWrong} {
		if f := problems[field]; f != nil {
			*to = l.T(f.Key, f.Args)
		}
	}
	return s.render(c, status, "improvement_new", fp)
}

// startChoices are the weeks a change may start in, the latest first.
func (s *Server) startChoices() []calendar.Week {
	this := calendar.WeekOf(s.Now())
	var weeks []calendar.Week
	for n := startWeeks; n >= -startWeeks; n-- {
		weeks = append(weeks, this.Add(n))
	}
	return weeks
}

func (s *Server) saveImprovement(c echo.Context) error {
	ctx, p := c.Request().Context(), inPractice(c)
	form, err := readForm(c)
	if err != nil {
		return err
	}
	_, chosen, questions, err := s.Reports.Improvable(ctx, p, form.Get("survey"))
	if err != nil {
		return err
	}
	im := practice.Improvement{PracticeID: p.ID, Survey: chosen.Survey, Version: chosen.Version, Done: strings.TrimSpace(form.Get("done"))}
	for _, q := range questions {
		if slices.Contains(form["question"], q.ID) {
			im.Questions = append(im.Questions, q.ID)
		}
	}
	if w := calendar.Week(form.Get("start")); slices.Contains(s.startChoices(), w) {
		im.Start = w
	}
	if typed := strings.TrimSpace(form.Get("target")); typed != "" {
		if im.Target, err = strconv.Atoi(typed); err != nil || im.Target < 1 {
			im.Target = -1
		}
	}
	if problems := improvementProblems(im); len(problems) > 0 {
		return s.renderNewImprovement(c, http.StatusUnprocessableEntity, form, problems)
	}
	if im, err = s.Store.CreateImprovement(ctx, im); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, improvementPath(im))
}

// improvementProblems checks each field by itself, so that all that is wrong is told at once.
func improvementProblems(im practice.Improvement) map[string]*fault.Error {
	good := practice.Improvement{Questions: []string{"q"}, Done: "–", Start: "2026-W01"}
	fields := map[string]practice.Improvement{}
	for _, field := range []string{"question", "done", "start", "target"} {
		one := good
		switch field {
		case "question":
			one.Questions = im.Questions
		case "done":
			one.Done = im.Done
		case "start":
			one.Start = im.Start
		case "target":
			one.Target = im.Target
		}
		fields[field] = one
	}
	problems := map[string]*fault.Error{}
	for field, one := range fields {
		if f := fault.As(one.Check()); f != nil {
			problems[field] = f
		}
	}
	return problems
}

func (s *Server) closeImprovement(c echo.Context) error {
	im, err := s.ownImprovement(c)
	if err != nil {
		return err
	}
	r, unopened, err := s.improvement(c, im)
	if err != nil {
		return err
	}
	if !unopened { // nobody can want to keep what they have not seen
		week := calendar.WeekOf(s.Now())
		record, err := r.Found.Record(week)
		if err != nil {
			return err
		}
		if err := s.Store.CloseImprovement(c.Request().Context(), im.PracticeID, im.ID, week, record); err != nil {
			return err
		}
	}
	return c.Redirect(http.StatusSeeOther, improvementPath(im))
}

func (s *Server) publishImprovement(c echo.Context) error {
	im, err := s.ownImprovement(c)
	if err != nil {
		return err
	}
	form, err := readForm(c)
	if err != nil {
		return err
	}
	heard, told := form.Get("heard"), strings.TrimSpace(form.Get("told"))
	problem := fault.New(fault.Invalid, "improvement.heard_required") // nothing chosen is not "take it back"
	if heard != "" {
		err := s.Store.PublishImprovement(c.Request().Context(), im.PracticeID, im.ID, heard, told)
		if err == nil {
			return c.Redirect(http.StatusSeeOther, improvementPath(im))
		}
		if problem = fault.As(err); problem == nil || problem.Kind != fault.Invalid {
			return err
		}
	}
	return s.renderImprovement(c, http.StatusUnprocessableEntity, im, heard, form.Get("told"), problem)
}

func (s *Server) unpublishImprovement(c echo.Context) error {
	id := c.Param("improvement")
	if err := s.Store.PublishImprovement(c.Request().Context(), inPractice(c).ID, id, "", ""); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/practices/"+inPractice(c).ID+"/improvements/"+id)
}
