package report

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
	"github.com/venterom/venterom/internal/survey"
	"github.com/venterom/venterom/surveys"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// catalog is the built-in surveys and a second version of visit.
func catalog(t testing.TB) *survey.Catalog {
	t.Helper()
	first, err := fs.ReadFile(surveys.FS, "visit-1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	second := strings.Replace(string(first), "version: 1", "version: 2", 1)
	c, err := survey.Load(surveys.FS, fstest.MapFS{"visit-2.yaml": {Data: []byte(second)}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type counts = map[string]int

// desk is one practice and its reports.
type desk struct {
	t *testing.T
	s *store.Store
	*Reader
	practice.Practice
}

func newDesk(t *testing.T, s *store.Store, p practice.Practice) desk {
	t.Helper()
	p.Name, p.Phone = "Eidsvåg legekontor", "55 19 00 00"
	p.Live, p.QR, p.Network = true, true, true
	p, _, err := s.CreatePractice(context.Background(), p, "Venterommet")
	if err != nil {
		t.Fatal(err)
	}
	return desk{t, s, New(s, catalog(t), disclosure.Gate{}), p}
}

// release lets out counts of questions as they are, under the name of a week.
func (d desk) release(version int, week calendar.Week, questions map[string]counts) {
	d.t.Helper()
	sums := store.Sums{Questions: map[string]store.Sum{}}
	for id, c := range questions {
		sums.Questions[id] = store.Sum{First: week, Last: week, Counts: c}
	}
	d.importSums("visit", version, week, sums)
}

func (d desk) importSums(surveyID string, version int, week calendar.Week, sums store.Sums) {
	d.t.Helper()
	if _, err := d.s.CloseWeek(context.Background(), week, aggregate.Divide(disclosure.Gate{})); err != nil { // figures are brought in for closed weeks
		d.t.Fatal(err)
	}
	err := d.s.Import(context.Background(), surveyID, version,
		[]store.Imported{{Practice: d.Name, Week: week, Sums: sums}}, aggregate.Divide(disclosure.Gate{}))
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d desk) report(surveyID string, version int) *Dashboard {
	d.t.Helper()
	r, err := d.Dashboard(context.Background(), d.Practice, surveyID, version)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

func (d *Dashboard) question(id string) Question {
	for _, q := range d.Questions {
		if q.ID == id {
			return q
		}
	}
	return Question{}
}

// series writes a trend as "2026-W40:25 2026-W41:-".
func series(points []Point) string {
	var parts []string
	for _, p := range points {
		n := "-"
		if p.Result != nil {
			n = fmt.Sprint(p.Result.N)
		}
		parts = append(parts, p.Period.String()+":"+n)
	}
	return strings.Join(parts, " ")
}

func TestPeriodsAreLongEnoughForTwentyAnswers(t *testing.T) {
	n := func(n int) counts { return counts{"5": n - n/3, "3": n / 3} }
	for name, c := range map[string]struct {
		weeks map[calendar.Week]int
		unit  calendar.Unit
		want  string
	}{
		"every week has twenty": {map[calendar.Week]int{"2026-W40": 20, "2026-W41": 25, "2026-W42": 31, "2026-W43": 12},
			calendar.Weekly, "2026-W40:20 2026-W41:25 2026-W42:31 2026-W43:12"},
		"one week in two has": {map[calendar.Week]int{"2026-W40": 20, "2026-W41": 12, "2026-W42": 31, "2026-W43": 12, "2026-W45": 30},
			calendar.Monthly, "2026-10:75 2026-11:30"},
		"months are too thin": {map[calendar.Week]int{"2026-W30": 12, "2026-W36": 12, "2026-W45": 12},
			calendar.Quarterly, "2026-Q3:24 2026-Q4:12"},
		"months brought in as months": {map[calendar.Week]int{"2026-W27": 40, "2026-W35": 40, "2026-W40": 40},
			calendar.Monthly, "2026-07:40 2026-08:40 2026-09:- 2026-10:40"},
		"a gap stays a gap": {map[calendar.Week]int{"2026-W38": 30, "2026-W39": 30, "2026-W40": 30, "2026-W42": 30, "2026-W43": 30},
			calendar.Weekly, "2026-W38:30 2026-W39:30 2026-W40:30 2026-W41:- 2026-W42:30 2026-W43:30"},
		"across a new year": {map[calendar.Week]int{"2025-W52": 30, "2026-W01": 30, "2026-W02": 30},
			calendar.Weekly, "2025-W52:30 2026-W01:30 2026-W02:30"},
		"one release under twenty": {map[calendar.Week]int{"2026-W40": 12}, calendar.Quarterly, "2026-Q4:12"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
			for w := calendar.Week("2025-W40"); w < "2026-W50"; w = w.Add(1) {
				if c.weeks[w] > 0 {
					d.release(1, w, map[string]counts{"overall": n(c.weeks[w]), "polite": n(10)})
				}
			}
			r := d.report("", 0)
			if got := series(r.question("overall").Trend); r.Unit != c.unit || got != c.want {
				t.Errorf("unit %d, %s\nwant %d, %s", r.Unit, got, c.unit, c.want)
			}
			if a, b := len(r.question("overall").Trend), len(r.question("polite").Trend); a != b {
				t.Errorf("questions have %d and %d periods, want the same on one page", a, b)
			}
		})
	}
}

func TestLongSeriesOfWeeksIsDrawnInMonths(t *testing.T) {
	d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
	week := calendar.Week("2024-W40")
	for range 60 {
		d.release(1, week, map[string]counts{"overall": {"5": 30, "1": 10}})
		week = week.Add(1)
	}
	r := d.report("visit", 0)
	if r.Unit != calendar.Monthly {
		t.Errorf("60 weeks are drawn in unit %d, want months", r.Unit)
	}
	if n := r.question("overall").Now.N; n != 52*40 {
		t.Errorf("the headline covers %d answers, want 52 weeks of 40", n)
	}
	if r.Now.First != "2024-W48" || r.Now.Last != "2025-W47" {
		t.Errorf("the headline covers %v, want the 52 weeks to 2025-W47", r.Now)
	}
}

// TestNoneAndFewLookTheSame compares the whole report of a practice without an answer with that of
// practices with up to nine.
func TestNoneAndFewLookTheSame(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		now := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
		var pages []string
		for answers := range 10 {
			p, point, err := s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: fmt.Sprintf("Kontor %d", answers), Phone: "55 19 00 00"}, "Døra")
			if err != nil {
				t.Fatal(err)
			}
			var batch []store.Entry
			for range answers {
				batch = append(batch, store.Entry{PracticeID: p.ID, Point: string(point.Code), Channel: "qr",
					Answers: []store.Answers{{Survey: "visit", Version: 1, Options: map[string]string{"polite": "5", "overall": "1"}}}})
			}
			if err := s.Count(ctx, now, batch); err != nil {
				t.Fatal(err)
			}
			defer func() {
				r := New(s, catalog(t), disclosure.Gate{})
				d, err := r.Dashboard(ctx, p, "", 0)
				if err != nil {
					t.Fatal(err)
				}
				totals, err := r.PointTotals(ctx, p.ID)
				if err != nil {
					t.Fatal(err)
				}
				d.Practice = practice.Practice{}
				b, err := json.Marshal([]any{d, totals})
				if err != nil {
					t.Fatal(err)
				}
				if pages = append(pages, string(b)); pages[0] != string(b) || !d.Empty() {
					t.Errorf("%d answers:\n%s\nothers:\n%s", answers, b, pages[0])
				}
			}()
		}
		if _, err := s.CloseWeek(ctx, calendar.WeekOf(now), aggregate.Divide(disclosure.Gate{})); err != nil {
			t.Fatal(err)
		}
	})
}

// TestFewBesideMany: a question that has nine beside questions that have forty says nothing either.
func TestFewBesideMany(t *testing.T) {
	d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
	d.release(1, "2026-W47", map[string]counts{"overall": {"5": 40}, "waittime": {"1": 9}, "consult": {"na": 40}})
	for _, id := range []string{"polite", "waittime", "consult"} {
		q := d.report("", 0).question(id)
		if q.Now != nil || series(q.Trend) != "2026-W47:-" {
			t.Errorf("%s: %+v %s, want nothing", id, q.Now, series(q.Trend))
		}
	}
}

func TestFewAnswersAreShownCoarsely(t *testing.T) {
	for name, c := range map[string]struct {
		counts    counts
		n, aside  int
		five      bool
		groups    [3]int
		bound     disclosure.Bound
		mean      float64
		meanBound disclosure.Bound
		meanCI    bool
	}{
		"ten in three groups":      {counts{"1": 2, "3": 3, "5": 5, "na": 4}, 10, 0, false, [3]int{2, 3, 5}, 0, 65, 0, false},
		"all of ten are happy":     {counts{"5": 10}, 10, 0, false, [3]int{0, 2, 8}, disclosure.AtLeast, 95, disclosure.AtLeast, false},
		"none of ten is happy":     {counts{"1": 10}, 10, 0, false, [3]int{6, 2, 2}, disclosure.AtMost, 5, disclosure.AtMost, false},
		"29 in three groups":       {counts{"1": 9, "3": 10, "5": 10, "na": 12}, 29, 12, false, [3]int{9, 10, 10}, 0, 50 + 100.0/58, 0, false},
		"30 in five steps":         {counts{"1": 10, "3": 10, "5": 10}, 30, 0, true, [3]int{10, 10, 10}, 0, 50, 0, true},
		"30 who all say the same":  {counts{"5": 30}, 30, 0, true, [3]int{0, 0, 30}, 0, 100, 0, false},
		"does not apply is not in": {counts{"4": 20, "2": 20, "na": 500}, 40, 500, true, [3]int{20, 0, 20}, 0, 50, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
			d.release(1, "2026-W47", map[string]counts{"overall": c.counts})
			r := d.report("", 0).question("overall").Now
			if r == nil {
				t.Fatal("nothing is shown")
			}
			if r.N != c.n || r.Aside != c.aside || (r.Answers != nil) != c.five || r.Groups != c.groups ||
				r.Positive.Bound != c.bound || math.Abs(r.Mean.Value-c.mean) > 1e-9 || r.Mean.Bound != c.meanBound || (r.Mean.Interval != nil) != c.meanCI {
				t.Errorf("got %+v", *r)
			}
			p := r.Positive
			if p.Value < p.Interval.Low || p.Value > p.Interval.High {
				t.Errorf("share %v outside its interval %v", p.Value, p.Interval)
			}
			if p.Bound == disclosure.AtLeast && p.Interval.High != 1 || p.Bound == disclosure.AtMost && p.Interval.Low != 0 {
				t.Errorf("a limit has the interval %v", p.Interval)
			}
		})
	}
}

func TestUnscoredQuestionWaitsForThirty(t *testing.T) {
	for n, want := range map[int]bool{10: false, 29: false, 30: true} {
		d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{Digital: true})
		d.importSums("digital", 1, "2026-W47", store.Sums{Questions: map[string]store.Sum{
			"used": {First: "2026-W47", Last: "2026-W47", Counts: counts{"no": 8, "yes": n - 8, "na": 20}}}})
		q := d.report("digital", 0).question("used")
		if got := q.Now != nil; got != want || q.Least != 30 || q.Trend != nil {
			t.Errorf("%d answers: shown %t, least %d, trend %v", n, got, q.Least, q.Trend)
		}
		if want && (q.Options[0].Code != "yes" || q.Now.Answers[0] != n-8 || q.Now.Answers[1] != 8) {
			t.Errorf("%d answers: %v", n, q.Now.Answers)
		}
	}
}

func TestVersionsAreNeverAdded(t *testing.T) {
	d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
	d.release(1, "2026-W30", map[string]counts{"overall": {"1": 40}})
	d.release(2, "2026-W47", map[string]counts{"overall": {"5": 30, "4": 5}})
	for version, want := range map[int]int{0: 35, 1: 40, 2: 35} {
		r := d.report("visit", version)
		if got := r.question("overall").Now.N; got != want {
			t.Errorf("version %d has %d answers, want %d", version, got, want)
		}
		var tabs []string
		for _, tab := range r.Tabs {
			tabs = append(tabs, fmt.Sprint(tab.Survey, " ", tab.Version, " ", tab.Older))
		}
		if got := strings.Join(tabs, ", "); got != "visit 2 false, visit 1 true" {
			t.Errorf("tabs %s", got)
		}
	}
}

func TestTabs(t *testing.T) {
	fft := store.Sums{Questions: map[string]store.Sum{"experience": {First: "2026-W40", Last: "2026-W40", Counts: counts{"5": 20}}}}
	for name, c := range map[string]struct {
		practice practice.Practice
		imported bool
		want     string // of all tabs
		shown    string // when none is asked for
	}{
		"a new practice":           {practice.Practice{}, false, "visit", "visit"},
		"with digital services":    {practice.Practice{Digital: true}, false, "visit digital", "visit"},
		"only figures brought in":  {practice.Practice{}, true, "visit fft", "fft"},
		"a practice that asks fft": {practice.Practice{Survey: "fft"}, true, "fft", "fft"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, storetest.Open(t, storetest.SQLite), c.practice)
			if c.imported {
				d.importSums("fft", 1, "2026-W40", fft)
			}
			r := d.report("", 0)
			var got []string
			for _, tab := range r.Tabs {
				got = append(got, tab.Survey)
			}
			if g := strings.Join(got, " "); g != c.want || r.Survey != c.shown {
				t.Errorf("tabs %s, shown %s; want %s, %s", g, r.Survey, c.want, c.shown)
			}
			for _, asked := range []string{"nothing", "digital"} {
				_, err := d.Dashboard(context.Background(), d.Practice, asked, 0)
				if used := strings.Contains(c.want, asked); used != (err == nil) || !used && fault.KindOf(err) != fault.NotFound {
					t.Errorf("%s: %v", asked, err)
				}
			}
		})
	}
}

// TestCountsAreExact counts 1,729 forms of several weeks one by one and holds the report against sums
// kept beside it.
func TestCountsAreExact(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(t, s, practice.Practice{})
		ctx := context.Background()
		random := rand.New(rand.NewPCG(7, 29))
		sv, _ := catalog(t).Survey("visit", 2)
		codes, points, channels := []string{"1", "2", "3", "4", "5", "na"}, []string{"P1", "P2", "P3"}, []string{"qr", "slip"}
		tally := map[string]counts{}
		byChannel, byPoint := counts{}, counts{}
		left := 1729
		day := time.Date(2026, 8, 3, 12, 0, 0, 0, time.UTC)
		for week := 0; left > 0; week++ {
			var batch []store.Entry
			for range min(left, 90+random.IntN(50)) {
				left--
				answers := map[string]string{}
				for _, q := range sv.Questions {
					if q.ID == "overall" || random.IntN(10) > 0 {
						answers[q.ID] = codes[max(0, 4-int(random.ExpFloat64()*1.3))]
						if q.NotApplicable != nil && random.IntN(12) == 0 {
							answers[q.ID] = "na"
						}
					}
				}
				full := survey.Response{Survey: sv, Answers: answers}.Counts()
				for id, code := range full {
					if tally[id] == nil {
						tally[id] = counts{}
					}
					tally[id][code]++
				}
				channel, point := channels[random.IntN(2)], points[random.IntN(3)]
				byChannel[channel]++
				byPoint[point]++
				batch = append(batch, store.Entry{PracticeID: d.ID, Point: point, Channel: channel,
					Answers: []store.Answers{{Survey: "visit", Version: 2, Options: full}}})
			}
			now := day.AddDate(0, 0, 7*week)
			if err := s.Count(ctx, now, batch); err != nil {
				t.Fatal(err)
			}
			if _, err := s.CloseWeek(ctx, calendar.WeekOf(now), aggregate.Divide(disclosure.Gate{})); err != nil {
				t.Fatal(err)
			}
		}
		r := d.report("", 0)
		for _, q := range r.Questions {
			n, sum, squares, positive := 0, 0.0, 0.0, 0
			for _, o := range q.Options {
				c := tally[q.ID][o.Code]
				n += c
				sum += float64(c) * o.Score
				squares += float64(c) * o.Score * o.Score
				if o.Score > 50 {
					positive += c
				}
			}
			mean := sum / float64(n)
			se := math.Sqrt((squares-sum*mean)/float64(n-1)) / math.Sqrt(float64(n))
			got := q.Now
			if got == nil || got.N != n || got.Aside > tally[q.ID]["na"] || got.Aside <= tally[q.ID]["na"]-disclosure.Floor || // up to nine wait
				math.Abs(got.Mean.Value-mean) > 1e-9 ||
				math.Abs(got.Positive.Value-float64(positive)/float64(n)) > 1e-12 {
				t.Errorf("%s: %+v, want n %d, mean %v", q.ID, got, n, mean)
				continue
			}
			if half := (got.Mean.Interval.High - got.Mean.Interval.Low) / 2; half < 1.95*se || half > 1.98*se {
				t.Errorf("%s: interval %v around %v, standard error %v", q.ID, *got.Mean.Interval, mean, se)
			}
			inTrend := 0
			for _, p := range q.Trend {
				if p.Result != nil {
					inTrend += p.Result.N
				}
			}
			if inTrend != n {
				t.Errorf("%s: the periods have %d answers, the headline %d", q.ID, inTrend, n)
			}
		}
		if r.Unit != calendar.Weekly || r.Responses.Total != 1729 || strings.Join(r.Responses.Channels, " ") != "qr slip" {
			t.Errorf("unit %d, %d responses by %v", r.Unit, r.Responses.Total, r.Responses.Channels)
		}
		channelsGot := counts{}
		for _, w := range r.Responses.Weeks {
			for c, n := range w.Parts {
				channelsGot[c] += n
			}
		}
		totals, err := d.PointTotals(ctx, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(channelsGot, byChannel) || !maps.Equal(totals.Totals, byPoint) || totals.From != none {
			t.Errorf("got %v %v, want %v %v", channelsGot, totals, byChannel, byPoint)
		}
	})
}

// TestSmallChannelsAndPointsAreNotTold: a part under ten is told of neither alone nor as a difference.
func TestSmallChannelsAndPointsAreNotTold(t *testing.T) {
	d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
	d.importSums("visit", 1, "2026-W47", store.Sums{
		Channels: store.Sum{First: "2026-W46", Last: "2026-W47", Counts: counts{"qr": 30, "sms": 3, "slip": 12}},
		Points:   store.Sum{First: "2026-W46", Last: "2026-W47", Counts: counts{"A": 25, "B": 4, "C": 16}},
	})
	r := d.report("", 0).Responses
	if len(r.Weeks) != 1 || r.Weeks[0].Total != 45 || !maps.Equal(r.Weeks[0].Parts, counts{"qr": 30, disclosure.Mixed: 15}) {
		t.Errorf("channels %+v", r.Weeks)
	}
	if r.Weeks[0].Span != (Span{"2026-W46", "2026-W47"}) {
		t.Errorf("span %v", r.Weeks[0].Span)
	}
	totals, err := d.PointTotals(context.Background(), d.ID)
	if err != nil || len(totals.Totals) > 0 { // with A told, the week's total would be B's and C's
		t.Errorf("points %v are told while one waits: %v", totals, err)
	}
}
