// Package report says what a page, a file or a printout tells about one practice. It reads releases
// only, lets every number through the disclosure gate, and adds the intervals. Words and drawing are
// left to others: its values are plain, so that a page, a CSV and a JSON say the same.
package report

import (
	"cmp"
	"context"
	"slices"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// Level is the confidence level of every interval here.
const Level = 0.95

const (
	window    = 52 // weeks up to the last release that the headline numbers cover
	goodPoint = 20 // answers a point of a series should have
	maxPoints = 53 // a year of weeks; a longer series is easier to read in longer periods

	defaultSurvey = "visit"
	digitalSurvey = "digital"         // follows the practice's own survey in the same form
	reference     = "overall"         // the question that decides the length of the periods
	none          = calendar.Week("") // no release yet
)

// Reader makes reports.
type Reader struct {
	store   *store.Store
	surveys *survey.Catalog
	gate    disclosure.Gate
	frozen  frozenCache
}

// New makes a reader that shows what the gate lets through.
func New(s *store.Store, surveys *survey.Catalog, g disclosure.Gate) *Reader {
	return &Reader{store: s, surveys: surveys, gate: g}
}

// Floor is the fewest answers that anything is said about.
func (r *Reader) Floor() int { return r.gate.Floor() }

// Tab is a survey, in one version, that the practice has releases of or uses now.
type Tab struct {
	Survey   string
	Version  int
	Title    survey.Text
	Released bool
	Older    bool // a later version of the survey has releases: another series, never added to this one
}

// Dashboard is everything released of one version of one survey. First and Last are the weeks of its
// first and last release, empty if there is none. Now is the span of weeks behind every Question.Now
// and Responses: whole releases of the last 52 weeks.
type Dashboard struct {
	Practice    practice.Practice
	Tabs        []Tab
	Survey      string
	Version     int
	Title       survey.Text
	First, Last calendar.Week
	Now         Span
	Unit        calendar.Unit // the length of the periods of every Trend
	Questions   []Question    // the derived one first, then as asked
	Summary     Summary       // what the answers say now
	Responses   Responses
	Held        Held
}

// Empty reports whether nothing is released yet.
func (d *Dashboard) Empty() bool { return d.Last == none }

// Span is the weeks of the first and last answer of something.
type Span struct{ First, Last calendar.Week }

// Question is what is released of one question. Options are in order of score, of a choice as asked.
type Question struct {
	ID      string
	Derived bool // made of the answers to the others: the survey's index
	Scored  bool
	Text    survey.Text
	Note    survey.Text
	Options []survey.Option
	Aside   survey.Text // label of "does not apply"; nil if there is none
	Least   int         // valid answers it takes before anything is said
	Now     *Result     // nil: fewer than Least
	Trend   []Point     // every period from the first release of the survey to the last; nil if unscored
	Course  *Course     // what the trend says; nil without an exact mean
}

// Drawn reports whether there is a series to show: two periods with a result.
func (q Question) Drawn() bool {
	points := 0
	for _, p := range q.Trend {
		if p.Result != nil {
			points++
		}
	}
	return points > 1
}

// Point is one period of a series; a nil Result is a gap.
type Point struct {
	Period calendar.Period
	Result *Result
}

// Result is what may be said of a number of answers. Of an unscored question there is N, Aside and
// Answers only.
type Result struct {
	N        int    // valid answers
	Aside    int    // chose "does not apply"; 0 also when there were fewer than ten
	Answers  []int  // in the order of Question.Options; nil under 30 answers
	Groups   [3]int // under, at and over the middle of the scale; a limit if Positive.Bound is one
	Positive Share
	Mean     Mean
}

// Share is a share 0–1 over the middle of the scale, with its Wilson interval. Where the share is given
// as a limit only, the interval is the widest that the limit allows.
type Share struct {
	Value    float64
	Bound    disclosure.Bound
	Interval stats.Interval
}

// Mean is a mean score 0–100. Interval is nil under 30 answers, and where all answers agree.
type Mean struct {
	Value    float64
	Bound    disclosure.Bound
	Interval *stats.Interval
}

// Responses is the number of responses by release week and channel, within Dashboard.Now.
type Responses struct {
	Total    int
	Channels []string // those that occur, in the order of the package's Channels
	Weeks    []WeekResponses
}

// WeekResponses is the responses of one release: of its week, and of earlier weeks that had to wait.
type WeekResponses struct {
	Week  calendar.Week
	Span  Span
	Total int
	Parts map[string]int // by channel; small ones together as "mixed", and all where S8 keeps back who answered by message
}

// Channels are the ways an answer comes in, in the order they are shown in.
var Channels = []string{"qr", "sms", "slip", "kiosk", "web", "paper", "import", disclosure.Mixed}

// Dashboard reports on one survey of a practice. An empty surveyID means the first that has something
// to show, version 0 the latest version with releases. A survey that the practice neither uses nor has
// releases of is NotFound.
func (r *Reader) Dashboard(ctx context.Context, p practice.Practice, surveyID string, version int) (*Dashboard, error) {
	d, sv, releases, err := r.open(ctx, p, surveyID, version)
	if err != nil {
		return nil, err
	}
	ims, err := r.store.Improvements(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	recent := releases
	for len(recent) > 0 && recent[0].Week <= d.Last.Add(-window) {
		recent = recent[1:]
	}
	d.Now = spanOf(recent)
	d.Unit = r.unit(referenceOf(sv), releases)
	for _, q := range questionsOf(sv) {
		question := r.question(q, releases, recent, d.Unit)
		question.Course = course(question, marksOf(ims, d, question))
		d.Questions = append(d.Questions, question)
	}
	latest, previous := quarters(releases)
	d.Summary = r.summary(sv, d, releases, ims, latest, previous)
	if d.Responses, err = r.responses(ctx, d.Key(), recent); err != nil {
		return nil, err
	}
	bursts, err := r.store.Bursts(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	d.Held = d.held(bursts, d.Now.First)
	return d, nil
}

// open begins a report on one survey: what it is about, and all its releases.
func (r *Reader) open(ctx context.Context, p practice.Practice, surveyID string, version int) (*Dashboard, *survey.Survey, []store.Release, error) {
	keys, err := r.store.Released(ctx, p.ID)
	if err != nil {
		return nil, nil, nil, err
	}
	d := &Dashboard{Practice: p, Tabs: r.tabs(p, keys)}
	tab, ok := choose(d.Tabs, surveyID, version)
	if !ok {
		return nil, nil, nil, fault.New(fault.NotFound, "error.not_found")
	}
	sv, _ := r.surveys.Survey(tab.Survey, tab.Version)
	d.Survey, d.Version, d.Title = sv.ID, sv.Version, sv.Title
	releases, err := r.store.Releases(ctx, d.Key())
	if len(releases) > 0 {
		d.First, d.Last = releases[0].Week, releases[len(releases)-1].Week
	}
	return d, sv, releases, err
}

// tabs lists what the practice uses, then what else it has releases of, the latest version first.
func (r *Reader) tabs(p practice.Practice, keys []store.Key) []Tab {
	first := p.Survey
	if first == "" {
		first = defaultSurvey
	}
	ids := []string{first}
	if p.Digital {
		ids = append(ids, digitalSurvey)
	}
	used := len(ids)
	for _, k := range keys {
		if !slices.Contains(ids, k.Survey) {
			ids = append(ids, k.Survey)
		}
	}
	var tabs []Tab
	for i, id := range ids {
		n := len(tabs)
		for _, k := range slices.Backward(keys) {
			if s, ok := r.surveys.Survey(id, k.Version); ok && k.Survey == id {
				tabs = append(tabs, Tab{s.ID, s.Version, s.Title, true, len(tabs) > n})
			}
		}
		if s, ok := r.surveys.Latest(id); ok && i < used && len(tabs) == n {
			tabs = append(tabs, Tab{s.ID, s.Version, s.Title, false, false})
		}
	}
	return tabs
}

func choose(tabs []Tab, surveyID string, version int) (Tab, bool) {
	if surveyID == "" {
		for _, t := range tabs {
			if t.Released {
				return t, true
			}
		}
	}
	for _, t := range tabs {
		if (surveyID == "" || t.Survey == surveyID) && (version == 0 || t.Version == version) {
			return t, true
		}
	}
	return Tab{}, false
}

func questionsOf(sv *survey.Survey) []survey.Question {
	var qs []survey.Question
	if index, ok := sv.Question(survey.IndexID); ok {
		qs = append(qs, index)
	}
	return append(qs, sv.Questions...)
}

// referenceOf is the question that decides the length of the periods.
func referenceOf(sv *survey.Survey) survey.Question {
	if q, ok := sv.Question(reference); ok {
		return q
	}
	if scored := sv.Scored(); len(scored) > 0 {
		return scored[0]
	}
	return sv.Questions[0]
}

func spanOf(releases []store.Release) Span {
	var s Span
	for _, rel := range releases {
		for _, part := range rel.Questions {
			s = s.with(Span{part.First, part.Last})
		}
		if rel.Channels != nil {
			s = s.with(Span{rel.Channels.First, rel.Channels.Last})
		}
	}
	return s
}

func (s Span) with(o Span) Span {
	if s.First == none {
		return o
	}
	return Span{min(s.First, o.First), max(s.Last, o.Last)}
}

// unit is the shortest period in which at least three of four points have the answers a point should
// have. A period without a release is a point too, or figures brought in month by month would be
// drawn as weeks, most of them empty.
func (r *Reader) unit(q survey.Question, releases []store.Release) calendar.Unit {
	for u := calendar.Weekly; u < calendar.Quarterly; u++ {
		points, good := r.trend(q, releases, u), 0
		for _, p := range points {
			if p.Result != nil && p.Result.N >= goodPoint {
				good++
			}
		}
		if len(points) > 0 && len(points) <= maxPoints && 4*good >= 3*len(points) {
			return u
		}
	}
	return calendar.Quarterly
}

func (r *Reader) question(q survey.Question, all, recent []store.Release, u calendar.Unit) Question {
	out := Question{ID: q.ID, Derived: q.ID == survey.IndexID, Scored: q.Kind == survey.Scale,
		Text: q.Text, Note: q.Note, Options: ordered(q), Aside: q.NotApplicable, Least: r.gate.Floor()}
	if !out.Scored {
		out.Least = max(out.Least, disclosure.Detail)
	}
	var now disclosure.Sealed
	for _, rel := range recent {
		now = now.Plus(rel.Questions[q.ID].Counts)
	}
	out.Now = r.result(q, now)
	if out.Scored {
		out.Trend = r.trend(q, all, u)
	}
	return out
}

// ordered is a question's options from the lowest score to the highest, those of a choice as asked.
func ordered(q survey.Question) []survey.Option {
	options := slices.Clone(q.Options)
	if q.Kind == survey.Scale {
		slices.SortFunc(options, func(a, b survey.Option) int { return cmp.Compare(a.Score, b.Score) })
	}
	return options
}

func (r *Reader) trend(q survey.Question, releases []store.Release, u calendar.Unit) []Point {
	if len(releases) == 0 {
		return nil
	}
	sums := map[calendar.Period]disclosure.Sealed{}
	for _, rel := range releases {
		p := rel.Week.In(u)
		sums[p] = sums[p].Plus(rel.Questions[q.ID].Counts)
	}
	var points []Point
	last := releases[len(releases)-1].Week.In(u)
	for p := releases[0].Week.In(u); ; p = p.Next() {
		points = append(points, Point{p, r.result(q, sums[p])})
		if p == last {
			return points
		}
	}
}

func (r *Reader) result(q survey.Question, s disclosure.Sealed) *Result {
	scores := q.Scores()
	shown, ok := r.gate.Question(s, scores, survey.NotApplicable)
	if !ok {
		return nil
	}
	out := &Result{N: shown.N(), Aside: shown.Aside()}
	if counts := shown.Counts(); counts != nil {
		for _, o := range ordered(q) {
			out.Answers = append(out.Answers, counts[o.Code])
		}
	}
	if scores == nil {
		return out
	}
	out.Groups = shown.Groups()
	positive := out.Groups[2]
	out.Positive = Share{float64(positive) / float64(out.N), shown.Bound(), stats.Wilson(positive, out.N, Level)}
	switch out.Positive.Bound {
	case disclosure.AtLeast:
		out.Positive.Interval.High = 1
	case disclosure.AtMost:
		out.Positive.Interval.Low = 0
	}
	out.Mean.Value, out.Mean.Bound = shown.Mean()
	if out.Answers != nil && out.Mean.Bound == disclosure.Exact {
		var values []float64
		for _, o := range ordered(q) {
			values = append(values, o.Score)
		}
		if ci := stats.MeanScore(out.Answers, values, Level).CI; ci.Low < ci.High {
			out.Mean.Interval = &stats.Interval{Low: max(ci.Low, 0), High: min(ci.High, 100)}
		}
	}
	return out
}
