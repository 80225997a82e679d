package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/chart"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/survey"
)

// results is everything a page says in numbers, as a file: this as JSON, or the same figures as a table
// (csv.go). It is made of the values of package report that the page is made of, so it holds no number
// that the page could not show. Keys, and the codes in Part, Measure, Unit, Bound and Verdict, stay as
// they are. What somebody assumed is not in it: they were told that only they see it, and a file is
// for passing on.
type results struct {
	Method      int               `json:"method"` // version of the formulas
	Floor       int               `json:"floor"`  // fewest answers anything is said of
	Language    string            `json:"language"`
	Practice    string            `json:"practice,omitempty"`
	Network     string            `json:"network,omitempty"`
	Survey      string            `json:"survey,omitempty"` // id
	Version     int               `json:"version,omitempty"`
	Title       string            `json:"title,omitempty"`   // of the survey
	Quarter     string            `json:"quarter,omitempty"` // of the network's figures
	Definitions map[string]string `json:"definitions"`       // of each measure that occurs
	Figures     []figure          `json:"figures"`

	l i18n.Language
}

// figure is one number with what it takes to read it. A share is of 1, and a difference of shares too.
type figure struct {
	Part     string   `json:"part"`               // of the page
	Question string   `json:"question,omitempty"` // id in the survey
	Text     string   `json:"text,omitempty"`     // of the question
	Period   string   `json:"period,omitempty"`   // "2026-W47", "2026-11", "2026-Q4", or weeks from and to "2026-W40/2026-W47"
	Measure  string   `json:"measure"`            // a key of Definitions
	Of       string   `json:"of,omitempty"`       // an answer, a channel, an improvement or a practice, in words
	Value    *float64 `json:"value"`              // null for an event, where only Low and High are given, and where Verdict says why
	Bound    string   `json:"bound,omitempty"`    // "at_most" or "at_least": the value is a limit
	Unit     string   `json:"unit"`
	Low      *float64 `json:"low,omitempty"`
	High     *float64 `json:"high,omitempty"`
	Level    float64  `json:"level,omitempty"` // of an interval from Low to High
	N        int      `json:"n,omitempty"`     // answers behind it; in a difference those after
	Before   int      `json:"n_before,omitempty"`
	Verdict  string   `json:"verdict,omitempty"`
	Says     string   `json:"says,omitempty"` // the verdict in words
	Method   int      `json:"method"`         // of the file, but of a closed improvement that of its day
}

// units is every measure and its unit.
var units = map[string]string{
	"mean": "points", "positive": "share", "answers": "answers", "answers_share": "share", "aside": "answers", "best": "share",
	"mean_change": "points", "positive_change": "share_difference", "target": "points", "needed": "answers",
	"standing": "questions", "reliability": "ratio",
	"plan_needed": "answers", "plan_quarter": "answers", "plan_weeks": "weeks", "plan_visible": "points", "plan_spread": "points",
	"median": "points", "useful_points": "periods", "longest_run": "periods", "crossings": "crossings", "limited_points": "periods",
	"control_limits": "points", "outside_limits": "points", "improvement_start": "event", "improvement_end": "event",
	"responses": "responses", "held": "responses", "dropped": "responses",
	"reference_practical": "share", "reference_own": "share", "reference_believed": "share",
	"network_mean": "points", "network_positive": "share", "network_practices": "practices", "network_answers": "answers",
	"network_limits_95": "share", "network_limits_998": "share", "network_practice": "share", "shrunk": "share",
}

func (s *Server) newResults(l i18n.Language) *results {
	return &results{Method: stats.Method, Floor: s.Reports.Floor(), Language: l.Tag, Definitions: map[string]string{}, Figures: []figure{}, l: l}
}

// add puts a figure in the file, and the definition of its measure.
func (f *results) add(x figure) {
	x.Unit = units[x.Measure]
	if x.Method == 0 {
		x.Method = f.Method
	}
	f.Definitions[x.Measure] = f.l.T("define." + x.Measure)
	f.Figures = append(f.Figures, x)
}

// about is a figure of a question, to be filled in.
func (f *results) about(part string, q report.Question) figure {
	return figure{Part: part, Question: q.ID, Text: q.Text.In(f.l.Tag)}
}

func number(x float64) *float64 { return &x }

func whole(n int) *float64 { return number(float64(n)) }

// between fills in an interval.
func (x figure) between(ci stats.Interval, level float64) figure {
	x.Low, x.High, x.Level = &ci.Low, &ci.High, level
	return x
}

// few says that there is nothing to say.
func (f *results) few(x figure, measure string) {
	x.Measure, x.Verdict, x.Says = measure, "too_few", f.l.T("dashboard.too_few")
	f.add(x)
}

func bound(b disclosure.Bound) string {
	return map[disclosure.Bound]string{disclosure.AtMost: "at_most", disclosure.AtLeast: "at_least"}[b]
}

// result adds the mean and the positive share of a question, as far as they may be said.
func (f *results) result(x figure, q report.Question, r *report.Result) {
	if r == nil {
		f.few(x, "mean")
		return
	}
	x.N = r.N
	if r.Answers == nil {
		x.Verdict, x.Says = "uncertain", f.l.T("dashboard.uncertain")
	}
	mean := x
	mean.Measure, mean.Value, mean.Bound = "mean", &r.Mean.Value, bound(r.Mean.Bound)
	if ci := r.Mean.Interval; ci != nil {
		mean = mean.between(*ci, report.Level)
	}
	f.add(mean)
	if !q.Derived { // over 50 of 100 means nothing of an index
		x.Measure, x.Value, x.Bound = "positive", &r.Positive.Value, bound(r.Positive.Bound)
		f.add(x.between(r.Positive.Interval, report.Level))
	}
}

// dashboard is the whole of a practice's page of results.
func (f *results) dashboard(d *report.Dashboard) {
	f.Practice, f.Survey, f.Version, f.Title = d.Practice.Name, d.Survey, d.Version, d.Title.In(f.l.Tag)
	for _, x := range []figure{{Measure: "held", Value: whole(d.Held.Waiting)}, {Measure: "dropped", Value: whole(d.Held.Dropped), Period: weeks(d.Now.First, d.Now.Last)}} {
		if x.Part = "left_out"; *x.Value > 0 {
			f.add(x)
		}
	}
	if d.Empty() {
		return
	}
	for _, q := range d.Questions {
		f.now(q, d.Now)
	}
	f.summary(d)
	for _, q := range d.Questions {
		if q.Drawn() {
			f.series(q)
		}
	}
	for _, w := range d.Responses.Weeks {
		x := figure{Part: "responses", Measure: "responses", Period: weeks(w.Span.First, w.Week)}
		for _, channel := range d.Responses.Channels {
			if n := w.Parts[channel]; n > 0 {
				x.Of, x.Value = f.l.T("channel."+channel), whole(n)
				f.add(x)
			}
		}
		x.Of, x.Value = f.l.T("dashboard.col_total"), whole(w.Total)
		f.add(x)
	}
	f.references(d)
}

func weeks(first, last calendar.Week) string {
	if first == last {
		return string(first)
	}
	return string(first) + "/" + string(last)
}

// now is a question over the last year.
func (f *results) now(q report.Question, span report.Span) {
	x, r := f.about("now", q), q.Now
	x.Period = weeks(span.First, span.Last)
	switch {
	case q.Scored:
		f.result(x, q, r)
	case r == nil:
		x.Measure, x.Verdict, x.Says = "answers", "too_few", f.l.T("dashboard.few_choice")
		f.add(x)
	}
	if r == nil {
		return
	}
	x.N = r.N
	for _, p := range q.Distribution(r) {
		x.Of, x.Value, x.Bound = chart.PartLabel(f.l, q, p), whole(p.N), ""
		if p.Bound == disclosure.Exact {
			x.Measure = "answers"
			f.add(x)
		}
		x.Measure, x.Value, x.Bound = "answers_share", number(p.Share), bound(p.Bound)
		f.add(x)
	}
	if best := q.Best(); best != nil {
		b := x
		b.Measure, b.Of, b.Value, b.Bound = "best", q.Options[len(q.Options)-1].Text.In(f.l.Tag), &best.Value, ""
		f.add(b.between(best.Interval, report.Level))
	}
	if r.Aside > 0 {
		x.Measure, x.Of, x.Value, x.Bound = "aside", q.Aside.In(f.l.Tag), whole(r.Aside), ""
		f.add(x)
	}
}

// summary is what the answers say now.
func (f *results) summary(d *report.Dashboard) {
	s := d.Summary
	for _, shift := range s.Shifts {
		if q := d.Question(shift.Question); q != nil {
			f.change(f.about("change", *q), change{shift.Verdict, shift.Verdict == report.NoEvidence, shift.Before, shift.Now, s.Previous.String(), s.Latest.String(), shift.Mean, shift.Share, s.Level})
		}
	}
	for i, all := range [][]report.Standing{s.Strong, s.Weak} {
		verdict := []string{"higher", "lower"}[i]
		for _, one := range all {
			if q := d.Question(one.Question); q != nil {
				x := f.about("standing", *q)
				x.Measure, x.Value, x.N, x.Verdict, x.Says = "standing", whole(one.Clear), one.N, verdict, f.l.T("results."+verdict)
				f.add(x)
			}
		}
	}
	if q := d.Question(s.Certainty.Question); q != nil && s.Certainty.N > 0 {
		x := f.about("certainty", *q)
		x.Measure, x.Value, x.N, x.Verdict = "reliability", &s.Certainty.Reliability, s.Certainty.N, "comparable"
		if !s.Certainty.Comparable {
			x.Verdict = "too_few_to_compare"
		}
		x.Says = f.l.T("results." + x.Verdict)
		f.add(x)
	}
	if n := s.Next; n != nil {
		x := f.about("plan", *d.Question(n.Question))
		x.N = n.N
		for _, one := range []struct {
			measure string
			value   float64
			level   float64
		}{{"plan_needed", float64(n.Needed), n.Level}, {"plan_quarter", float64(n.PerQuarter), 0}, {"plan_weeks", float64(n.Weeks), 0},
			{"plan_visible", n.Visible, s.Level}, {"plan_spread", n.SD, 0}} {
			x.Measure, x.Value, x.Level = one.measure, &one.value, one.level
			f.add(x)
		}
	}
}

// change is one question in two periods.
type change struct {
	verdict       report.Outcome
	none          bool // and a change worth the name would have shown
	before, after report.Side
	from, to      string // the periods
	mean, share   *report.Difference
	level         float64
}

func (f *results) change(x figure, c change) {
	side := func(s report.Side, period string) {
		one := x
		one.Period, one.N, one.Measure = period, s.N, "mean"
		if !s.Enough() { // a number of answers under thirty, or not even that
			one.Verdict, one.Says = "too_few", f.l.T("improvement.is_too_few")
			f.add(one)
			return
		}
		mean := one
		mean.Value = &s.Mean
		f.add(mean.between(s.Interval, c.level))
		if one.Question != survey.IndexID {
			one.Measure, one.Value = "positive", number(s.Share())
			f.add(one)
		}
	}
	side(c.before, c.from)
	side(c.after, c.to)
	x.Period, x.N, x.Before, x.Measure = c.to, c.after.N, c.before.N, "mean_change"
	x.Verdict, x.Says = string(c.verdict), f.l.T("improvement.is_"+string(c.verdict))
	if c.none {
		x.Says = f.l.T("improvement.is_no_change")
	}
	if c.mean == nil {
		f.add(x)
		return
	}
	x.Value = &c.mean.Value
	f.add(x.between(c.mean.Interval, c.level))
	if c.share != nil { // shown beside the mean, which decides
		x.Measure, x.Value, x.Verdict, x.Says = "positive_change", &c.share.Value, "", ""
		f.add(x.between(c.share.Interval, c.level))
	}
}

// series is a question period by period, and what the run chart finds in it.
func (f *results) series(q report.Question) {
	for _, p := range q.Trend {
		x := f.about("series", q)
		x.Period = p.Period.String()
		f.result(x, q, p.Result)
	}
	c := q.Course
	if c == nil {
		return
	}
	first, last := q.Trend[0].Period, q.Trend[len(q.Trend)-1].Period
	x := f.about("course", q)
	x.N = c.Answers
	add := func(measure string, value float64, verdict string, from, to calendar.Period) {
		x.Measure, x.Value, x.Verdict, x.Says, x.Period = measure, &value, verdict, "", from.String()+"/"+to.String()
		if verdict != "" {
			x.Says = f.l.T("results." + verdict)
		}
		f.add(x)
	}
	found := func(signal bool) string {
		switch {
		case !c.Enough:
			return "too_few_points"
		case signal:
			return "signal"
		}
		return "no_signal"
	}
	frozen := ""
	if c.Baseline > 0 {
		frozen = "frozen"
	}
	add("median", c.Median, frozen, first, last)
	add("useful_points", float64(c.Useful), "", first, last)
	add("crossings", float64(c.Crossings), found(c.FewCrossings), first, last)
	if c.Longest > 0 {
		add("longest_run", float64(c.Longest), found(c.LongRun), c.From, c.To)
	}
	if c.Limited > 0 {
		add("limited_points", float64(c.Limited), "", first, last)
	}
	if m := c.Limits; m != nil {
		trial := ""
		if m.Trial {
			trial = "trial"
		}
		x.Low, x.High = &m.Low, &m.High
		add("control_limits", m.Centre, trial, first, last)
		for _, i := range m.Outside {
			at := f.about("course", q)
			at.Period, at.Measure, at.Value, at.N = q.Trend[i].Period.String(), "outside_limits", &q.Trend[i].Result.Mean.Value, q.Trend[i].Result.N
			f.add(at)
		}
	}
	for _, m := range c.Improvements {
		at := f.about("course", q)
		at.Period, at.Measure, at.Of = string(m.Start), "improvement_start", m.Name
		f.add(at)
	}
}

// references are the national figures that the digital survey is shown beside.
func (f *results) references(d *report.Dashboard) {
	for _, ref := range report.References {
		q := d.Question(ref.Contact)
		if q == nil || !report.AsksOwn(d.Survey, ref.Contact) {
			continue
		}
		for _, one := range []struct {
			measure string
			percent int
		}{{"reference_practical", ref.Practical}, {"reference_own", report.Satisfied(ref.Own)}, {"reference_believed", report.Satisfied(ref.Believed)}} {
			if one.percent > 0 {
				x := f.about("reference", *q)
				x.Period, x.Measure, x.Value, x.N = "2018", one.measure, number(float64(one.percent)/100), report.ReferenceOffices
				f.add(x)
			}
		}
	}
}

// improvement is an improvement with what was found; without that where the results are not opened yet.
func (f *results) improvement(im *report.Improvement, unopened bool) {
	x := figure{Part: "improvement", Of: im.Done, Method: im.Found.Method}
	for _, event := range []struct {
		measure string
		week    calendar.Week
	}{{"improvement_start", im.Start}, {"improvement_end", im.Closed}} {
		if event.week != "" {
			at := x
			at.Measure, at.Period = event.measure, string(event.week)
			f.add(at)
		}
	}
	for i, c := range im.Found.Questions {
		x.Question, x.Text = c.Question, im.Asked[i].Text.In(f.l.Tag)
		if unopened {
			at := x
			at.Measure, at.Verdict, at.Says = "mean_change", "unopened", f.l.T("improvement.unopened")
			f.add(at)
			continue
		}
		f.change(x, change{c.Verdict, c.Verdict == report.NoEvidence && c.Needed == 0, c.Before, c.After, weeks(c.Before.First, c.Before.Last), weeks(c.After.First, c.After.Last), c.Mean, c.Share, im.Found.Level})
		if im.Target > 0 {
			at := x
			at.Measure, at.Value, at.N, at.Verdict = "target", whole(im.Target), c.After.N, string(c.Reached)
			if c.Reached != "" {
				at.Says = f.l.T("results.reached_" + string(c.Reached))
			}
			f.add(at)
		}
		if c.Goal > 0 && im.Closed == "" {
			at := x
			at.Measure, at.N, at.Before = "needed", c.After.N, c.Before.N
			if at.Value = whole(c.Needed); c.Needed < 0 || !c.Before.Enough() {
				at.Value, at.Verdict, at.Says = nil, "never", f.l.T("results.never")
			}
			f.add(at)
		}
	}
}

// comparison is a practice beside the others in its network.
func (f *results) comparison(c *report.Comparison) {
	f.frame(c.Frame)
	for _, q := range c.Questions {
		x := f.about("own", q.Question)
		x.Period = f.Quarter
		f.result(x, q.Question, q.Own)
		if q.Verdict != report.NoVerdict { // which is of the share, and that comes last
			own := &f.Figures[len(f.Figures)-1]
			own.Verdict, own.Says = verdictKey(q), f.l.T("network."+verdictKey(q))
		}
		for _, named := range q.Named {
			one := x
			one.Part, one.Of = "named", named.Name
			f.result(one, q.Question, named.Result)
		}
		x.Part = "others"
		if q.Others == nil {
			f.withheld(x, q.Withheld)
			continue
		}
		median, low, high := q.Others.Middle()
		f.middle(x, median, low, high, q.Others.Practices())
		if q.Derived {
			continue
		}
		x.Measure, x.Value = "network_positive", number(q.Others.Share())
		f.add(x)
		if q.Shrunk != nil {
			one := x
			one.Measure, one.Value, one.N = "shrunk", &q.Shrunk.Value, q.Own.N
			f.add(one.between(q.Shrunk.Interval, report.Level))
		}
		for _, n := range limitSizes(q) {
			limits, at := q.Others.Limits(n), x
			at.Value, at.N = nil, n
			at.Measure, at.Low, at.High = "network_limits_95", &limits.Low95, &limits.High95
			f.add(at)
			at.Measure, at.Low, at.High = "network_limits_998", &limits.Low998, &limits.High998
			f.add(at)
		}
		for _, dot := range q.Others.Dots() {
			one := x
			one.Measure, one.Value, one.N = "network_practice", &dot.Share, dot.N
			f.add(one)
		}
	}
}

func (f *results) frame(fr report.Frame) {
	f.Network = fr.Network.Name
	if fr.Empty() {
		return
	}
	f.Survey, f.Version, f.Title, f.Quarter = fr.Survey, fr.Version, fr.Title.In(f.l.Tag), fr.Quarter.String()
}

func (f *results) withheld(x figure, why disclosure.Withheld) {
	x.Measure, x.Verdict, x.Says = "network_mean", withheldKey(why), withheldText(f.l, why)
	f.add(x)
}

// middle is the median and the middle half of practices, and how many they are.
func (f *results) middle(x figure, median, low, high float64, practices int) {
	one := x
	one.Measure, one.Value, one.Low, one.High = "network_mean", &median, &low, &high
	f.add(one)
	x.Measure, x.Value = "network_practices", whole(practices)
	f.add(x)
}

// pooled is a network as its coordinator sees it.
func (f *results) pooled(p *report.Pooled) {
	f.frame(p.Frame)
	for _, q := range p.Questions {
		x := f.about("network", q.Question)
		x.Period = f.Quarter
		if q.Pool == nil {
			f.withheld(x, q.Withheld)
			continue
		}
		median, low, high := q.Pool.Middle()
		f.middle(x, median, low, high, q.Pool.Practices())
		x.Measure, x.Value, x.Bound = "network_answers", whole(q.Pool.Least()), "at_least"
		f.add(x)
		if q.Derived {
			continue
		}
		x.Measure, x.Bound = "answers_share", ""
		for i, share := range q.Shares {
			x.Of, x.Value = q.Options[i].Text.In(f.l.Tag), &share
			f.add(x)
		}
	}
}

// fileLinks are the addresses of what a page says as files.
type fileLinks struct{ CSV, JSON string }

func newFileLinks(path, query string) fileLinks {
	return fileLinks{path + ".csv" + query, path + ".json" + query}
}

// showResults is the dashboard as a file.
func (s *Server) showResults(c echo.Context) error {
	d, err := s.requestedDashboard(c)
	if err != nil {
		return err
	}
	if asked, err := s.askFirst(c, d); asked || err != nil {
		return err
	}
	f := s.newResults(s.language(c))
	f.dashboard(d)
	return s.sendResults(c, f, d.Practice.Slug, d.Survey, string(d.Last))
}

// showImprovementFile is the register of improvements as a file.
func (s *Server) showImprovementFile(c echo.Context) error {
	p := inPractice(c)
	ims, err := s.Store.Improvements(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}
	f := s.newResults(s.language(c))
	f.Practice = p.Name
	for _, im := range ims {
		found, unopened, err := s.improvement(c, im)
		if err != nil {
			return err
		}
		f.improvement(found, unopened)
	}
	return s.sendResults(c, f, p.Slug, "improvements", string(calendar.WeekOf(s.Now())))
}

// showComparisonFile is the network page as a file; whoever has not joined is led to that page.
func (s *Server) showComparisonFile(c echo.Context) error {
	n, part, err := s.participation(c)
	if err != nil {
		return err
	}
	p := inPractice(c)
	if part.State != practice.Joined {
		return c.Redirect(http.StatusSeeOther, networkAddress(p.ID, n.ID))
	}
	surveyID, version, quarter := asked(c)
	cmp, err := s.Reports.Comparison(c.Request().Context(), p, n, surveyID, version, quarter)
	if err != nil {
		return err
	}
	if !cmp.Empty() {
		if asked, err := s.askFirstIn(c, cmp.Survey, cmp.Version, cmp.Quarter); asked || err != nil {
			return err
		}
	}
	f := s.newResults(s.language(c))
	f.Practice = p.Name
	f.comparison(cmp)
	return s.sendResults(c, f, p.Slug, practice.Slug(n.Name), cmp.Survey, f.Quarter)
}

// showPooledFile is the coordinator's page as a file.
func (s *Server) showPooledFile(c echo.Context) error {
	n := inNetwork(c)
	surveyID, version, quarter := asked(c)
	pooled, err := s.Reports.Pooled(c.Request().Context(), n, surveyID, version, quarter)
	if err != nil {
		return err
	}
	f := s.newResults(s.language(c))
	f.pooled(pooled)
	return s.sendResults(c, f, practice.Slug(n.Name), f.Survey, f.Quarter)
}

// sendResults answers with the file that the address asks for, and notes in the log who fetched it.
func (s *Server) sendResults(c echo.Context, f *results, name ...string) error {
	extension := c.Path()[strings.LastIndex(c.Path(), "."):]
	stem := strings.Trim(strings.Join(append([]string{"venterom"}, name...), "-"), "-")
	if extension == ".json" {
		if err := s.fetched(c, stem+extension); err != nil {
			return err
		}
		return c.JSONPretty(http.StatusOK, f, "  ")
	}
	table, err := f.table()
	if err != nil {
		return err
	}
	return s.sendCSV(c, stem, table)
}

func (s *Server) sendCSV(c echo.Context, stem string, table []byte) error {
	if err := s.fetched(c, stem+".csv"); err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", table)
}

// fetched names a file that is about to be sent, and notes in the log who fetched it.
func (s *Server) fetched(c echo.Context, file string) error {
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+file+`"`)
	return s.Store.Record(c.Request().Context(), inPractice(c).ID, practice.FileFetched, file)
}
