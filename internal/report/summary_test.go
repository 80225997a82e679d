package report

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestQuartersAreCompleteOnes(t *testing.T) {
	for name, c := range map[string]struct {
		weeks            []calendar.Week
		previous, latest string // empty: none
	}{
		"in the first quarter":        {[]calendar.Week{"2026-W27", "2026-W38"}, "", ""},
		"its last week":               {[]calendar.Week{"2026-W27", "2026-W39"}, "2026-Q2", "2026-Q3"},
		"well into the next":          {[]calendar.Week{"2026-W20", "2026-W27", "2026-W45"}, "2026-Q2", "2026-Q3"},
		"over a new year":             {[]calendar.Week{"2025-W45", "2026-W13"}, "2025-Q4", "2026-Q1"},
		"a year without any release":  {[]calendar.Week{"2025-W20", "2026-W30"}, "2026-Q1", "2026-Q2"},
		"one release in the old year": {[]calendar.Week{"2025-W52", "2026-W02"}, "2025-Q3", "2025-Q4"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
			for _, w := range c.weeks {
				d.release(1, w, map[string]counts{"overall": {"5": 10, "3": 10}})
			}
			s := d.report("", 0).Summary
			if !s.Quarters && c.latest == "" {
				return
			}
			if s.Previous.String() != c.previous || s.Latest.String() != c.latest {
				t.Errorf("%v and %v, want %s and %s", s.Previous, s.Latest, c.previous, c.latest)
			}
		})
	}
}

// TestShifts: the intervals are worked out by hand. 100 answers, half at 0 and half at 50, have the mean
// 25 and the standard deviation √(100·25²/99) = 25.126, so the difference of two such means has the
// standard error √2·2.5126 = 3.553.
func TestShifts(t *testing.T) {
	low, high := counts{"1": 50, "3": 50}, counts{"3": 50, "5": 50}
	for name, c := range map[string]struct {
		before, now map[string]counts
		compared    int
		level       float64
		want        string // question:verdict
		half        float64
	}{
		"better": {map[string]counts{"waittime": low}, map[string]counts{"waittime": high}, 1, 0.96, "waittime:improved", 2.0673},
		"worse":  {map[string]counts{"waittime": high}, map[string]counts{"waittime": low}, 1, 0.96, "waittime:worse", 2.0673},
		"the same": {map[string]counts{"waittime": low}, map[string]counts{"waittime": low}, 1, 0.96, "waittime:no_evidence",
			2.0673},
		"two questions share the risk": {map[string]counts{"waittime": low, "overall": low}, map[string]counts{"waittime": high, "overall": low},
			2, 0.98, "waittime:improved overall:no_evidence", 2.3453},
		"29 before": {map[string]counts{"waittime": {"1": 29}}, map[string]counts{"waittime": high}, 0, 0.96, "waittime:too_few", 0},
		"29 after":  {map[string]counts{"waittime": high}, map[string]counts{"waittime": {"1": 15, "3": 14}}, 0, 0.96, "waittime:too_few", 0},
		"one of two has few": {map[string]counts{"waittime": low, "overall": {"5": 15}}, map[string]counts{"waittime": high, "overall": low},
			1, 0.96, "waittime:improved overall:too_few", 2.0673},
		"nothing before": {nil, map[string]counts{"waittime": high}, 0, 0.96, "waittime:too_few", 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
			if c.before != nil {
				d.release(1, "2026-W15", c.before)
			}
			d.release(1, "2026-W28", c.now)
			d.release(1, "2026-W40", map[string]counts{"waittime": {"1": 90}, "overall": {"1": 90}}) // is in neither
			s := d.report("", 0).Summary
			var got []string
			for _, shift := range s.Shifts {
				if !strings.Contains(c.want, shift.Question+":") {
					continue
				}
				got = append(got, shift.Question+":"+string(shift.Verdict))
				if (shift.Mean == nil) != (shift.Verdict == TooFew) {
					t.Errorf("%s has the verdict %s and the difference %v", shift.Question, shift.Verdict, shift.Mean)
				}
				if shift.Question == "waittime" && shift.Mean != nil {
					ci := shift.Mean.Interval
					if half := (ci.High - ci.Low) / 2; math.Abs(half-c.half*3.5533) > 0.005 {
						t.Errorf("half the interval is %.3f, want %.4f × 3.5533", half, c.half)
					}
				}
			}
			if g := strings.Join(got, " "); g != c.want || s.Compared != c.compared || math.Abs(s.Level-c.level) > 1e-9 {
				t.Errorf("%s, %d compared at %v; want %s, %d at %v", g, s.Compared, s.Level, c.want, c.compared, c.level)
			}
		})
	}
}

func TestStandings(t *testing.T) {
	q := func(id string, low, high float64) Question {
		return Question{ID: id, Scored: true, Now: &Result{N: 100, Mean: Mean{Value: (low + high) / 2, Interval: &stats.Interval{Low: low, High: high}}}}
	}
	bounded := q("bounded", 0, 0)
	bounded.Now = &Result{N: 12, Mean: Mean{Value: 95, Bound: disclosure.AtLeast}}
	derived := q("index", 1, 2)
	derived.Derived = true
	for name, c := range map[string]struct {
		questions []Question
		want      string
	}{
		"none":                      {nil, ""},
		"one has nothing to beat":   {[]Question{q("a", 80, 90)}, ""},
		"two apart":                 {[]Question{q("a", 80, 90), q("b", 60, 70)}, "+a -b"},
		"two that touch":            {[]Question{q("a", 70, 90), q("b", 60, 70)}, ""},
		"one low among four alike":  {[]Question{q("a", 80, 90), q("b", 82, 92), q("c", 81, 91), q("d", 50, 60), q("e", 83, 93)}, "-d"},
		"clear of half is not most": {[]Question{q("a", 80, 90), q("b", 70, 82), q("c", 50, 60)}, "-c"},
		"all alike":                 {[]Question{q("a", 80, 90), q("b", 82, 92), q("c", 81, 91)}, ""},
		"the highest comes first":   {[]Question{q("a", 80, 82), q("b", 90, 92), q("c", 50, 60), q("d", 49, 59), q("e", 48, 58)}, "+b +a"},
		"limits take no part":       {[]Question{q("a", 50, 60), bounded, derived}, ""},
	} {
		var got []string
		strong, weak, _ := standings(c.questions)
		for _, s := range strong {
			got = append(got, "+"+s.Question)
		}
		for _, s := range weak {
			got = append(got, "-"+s.Question)
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: %q, want %q", name, g, c.want)
		}
	}
}

// TestNext: with the standard deviation 25.126 and 96 % intervals, 2·((2.0537 + 0.8416)·25.126/10)² =
// 105.8 answers are needed; 100 answers in 10 weeks are 130 in a quarter, and 106 come in 11 weeks.
func TestNext(t *testing.T) {
	sv, _ := catalog(t).Survey("visit", 1)
	asked, _ := sv.Question("waittime")
	q := Question{ID: "waittime", Scored: true, Options: ordered(asked),
		Now: &Result{N: 100, Answers: []int{50, 0, 50, 0, 0}, Mean: Mean{Value: 25}}}
	n := next(q, Span{"2026-W01", "2026-W10"}, 0.96, 0.98)
	if n == nil || n.Needed != 106 || n.PerQuarter != 130 || n.Weeks != 11 || n.N != 100 || math.Abs(n.SD-25.1259) > 1e-4 {
		t.Fatalf("got %+v", n)
	}
	// 2.3263·√2·25.1259/√130: at the level of the quarters
	if math.Abs(n.Visible-7.2500) > 1e-3 {
		t.Errorf("%v points would be visible, want 7.250", n.Visible)
	}
	q.Now = &Result{N: 29}
	if n := next(q, Span{"2026-W01", "2026-W10"}, 0.96, 0.98); n != nil {
		t.Errorf("29 answers plan %+v", n)
	}
	q.Now = &Result{N: 100, Answers: []int{0, 0, 0, 0, 100}, Mean: Mean{Value: 100}}
	if n := next(q, Span{"2026-W01", "2026-W10"}, 0.96, 0.98); n.Needed != stats.ChangeMinimum {
		t.Errorf("answers that agree need %d, want the minimum", n.Needed)
	}
}

func TestCertaintyAndFocus(t *testing.T) {
	for n, want := range map[int]struct {
		reliability float64
		comparable  bool
	}{9: {0, false}, 39: {0.6942, false}, 40: {0.6996, true}, 200: {0.9209, true}} {
		d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
		d.release(1, "2026-W40", map[string]counts{"overall": {"5": n / 2, "3": n - n/2}, "waittime": {"1": 100, "2": 100}})
		im, err := d.s.CreateImprovement(t.Context(), practice.Improvement{PracticeID: d.ID, Survey: "visit", Version: 1,
			Questions: []string{"waittime"}, Done: "Vi satte av mer tid.", Start: "2026-W40"})
		if err != nil {
			t.Fatal(err)
		}
		s := d.report("", 0).Summary
		if c := s.Certainty; math.Abs(c.Reliability-want.reliability) > 1e-3 || c.Comparable != want.comparable || c.Question != "overall" {
			t.Errorf("%d answers: %+v, want %+v", n, c, want)
		}
		if n < 30 {
			continue // waittime has nothing to stand out from
		}
		if len(s.Weak) != 1 || s.Next == nil || s.Next.Question != "waittime" || len(s.Next.Improvement) != 1 || s.Next.Improvement[0] != im.Done {
			t.Errorf("%d answers: weak %+v, next %+v", n, s.Weak, s.Next)
		}
	}
}

func TestBestIsTheTopAnswerOfMany(t *testing.T) {
	q := Question{Scored: true}
	for _, c := range []struct {
		answers []int
		want    bool
	}{{[]int{0, 0, 10, 20, 29}, false}, {[]int{0, 0, 10, 20, 30}, true}, {nil, false}} {
		q.Now = &Result{N: 60, Answers: c.answers}
		if c.answers != nil {
			q.Now.N = c.answers[2] + c.answers[3] + c.answers[4]
		}
		if best := q.Best(); (best != nil) != c.want || best != nil && best.Value != 0.5 {
			t.Errorf("%v: %+v", c.answers, best)
		}
	}
}

// line makes a question's series of weeks; a negative value is a gap.
func line(n int, values ...float64) Question {
	q := Question{Scored: true}
	p := calendar.Week("2026-W01").In(calendar.Weekly)
	for _, v := range values {
		point := Point{Period: p}
		if v >= 0 {
			point.Result = &Result{N: n, Mean: Mean{Value: v}}
		}
		q.Trend, p = append(q.Trend, point), p.Next()
	}
	return q
}

func repeat(n int, values ...float64) []float64 {
	var out []float64
	for range n {
		out = append(out, values...)
	}
	return out
}

func TestCourse(t *testing.T) {
	step := append(repeat(10, 70), repeat(10, 80)...)
	swing := repeat(6, 70, 74)
	for name, c := range map[string]struct {
		q     Question
		marks []Mark
		want  string
	}{
		"a step":                      {line(40, step...), nil, "median 75 useful 20 longest 10 of 7 crossings 1 of 6 long few, 2026-W01 to 2026-W10 under"},
		"nine points say nothing":     {line(40, step[5:14]...), nil, "median 70 useful 4 longest 4 of 5 crossings 0 of 0"},
		"a swing":                     {line(40, swing...), nil, "median 72 useful 12 longest 1 of 7 crossings 11 of 3, limits 61.36 72 82.64 trial"},
		"11 points have no limits":    {line(40, swing[:11]...), nil, "median 70 useful 5 longest 5 of 5 crossings 0 of 0"},
		"points of 19 have no limits": {line(19, swing...), nil, "median 72 useful 12 longest 1 of 7 crossings 11 of 3"},
		"gaps are passed over": {line(40, append(append(repeat(5, 70), -1, -1), append(repeat(5, 70), repeat(10, 80)...)...)...), nil,
			"median 75 useful 20 longest 10 of 7 crossings 1 of 6 long few, 2026-W01 to 2026-W12 under"},
		"an improvement freezes what was before": {line(40, append(repeat(5, 70, 74), 84, 83, 84, 83)...), []Mark{{"Mer tid", "2026-W11", 10}},
			"median 72 useful 14 longest 5 of 7 crossings 9 of 4, baseline 10, limits 61.36 72 82.64 trial outside [10 11 12 13]"},
		"nine points before are no baseline": {line(40, append(repeat(4, 70, 74), 72.5, 84)...), []Mark{{"Mer tid", "2026-W10", 9}},
			"median 73.25 useful 10 longest 1 of 6 crossings 9 of 2"},
	} {
		got := course(c.q, c.marks)
		text := fmt.Sprintf("median %v useful %d longest %d of %d crossings %d of %d", got.Median, got.Useful, got.Longest, got.MostRun, got.Crossings, got.LeastCrossings)
		if got.LongRun {
			text += " long"
		}
		if got.FewCrossings {
			text += " few"
		}
		if got.Signal() {
			text += fmt.Sprintf(", %v to %v %s", got.From, got.To, map[bool]string{true: "over", false: "under"}[got.Above])
		}
		if got.Baseline > 0 {
			text += fmt.Sprintf(", baseline %d", got.Baseline)
		}
		if m := got.Limits; m != nil {
			text += fmt.Sprintf(", limits %.2f %v %.2f", m.Low, m.Centre, m.High)
			if m.Trial {
				text += " trial"
			}
			if len(m.Outside) > 0 {
				text += fmt.Sprint(" outside ", m.Outside)
			}
		}
		if text != c.want {
			t.Errorf("%s:\n%s, want\n%s", name, text, c.want)
		}
	}
}

// TestCourseIsTheRunChart holds the runs around the median of a whole series against stats.RunChart.
func TestCourseIsTheRunChart(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	for range 500 {
		values := make([]float64, 1+random.IntN(40))
		for i := range values {
			values[i] = float64(random.IntN(12)) * 8
		}
		got, want := course(line(12, values...), nil), stats.RunChart(values)
		if got.Median != want.Median || got.Useful != want.Useful || got.Longest != want.Longest || got.Crossings != want.Crossings || got.Signal() != want.Signal {
			t.Fatalf("%v:\n%+v\n%+v", values, *got, want)
		}
	}
}

func TestLimitedMeansAreNoPoints(t *testing.T) {
	q := line(12, 90, 91, 95)
	q.Trend[2].Result.Mean.Bound = disclosure.AtLeast
	if c := course(q, nil); c.Points != 2 || c.Limited != 1 || c.Answers != 24 || c.Median != 90.5 {
		t.Errorf("got %+v", *c)
	}
	q.Trend = q.Trend[2:]
	if c := course(q, nil); c != nil {
		t.Errorf("a limit alone gives %+v", *c)
	}
}

// TestImprovementsAreMarked: only those of the question, the survey and the version, at their week.
func TestImprovementsAreMarked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(t, s, practice.Practice{})
		for _, im := range []practice.Improvement{
			{Questions: []string{"waittime", "overall"}, Done: "Senere", Start: "2026-W43"},
			{Questions: []string{"waittime"}, Done: "Tidligere", Start: "2026-W41"},
			{Questions: []string{"polite"}, Done: "Et annet spørsmål", Start: "2026-W41"},
			{Questions: []string{"waittime"}, Done: "Før første svar", Start: "2026-W20"},
		} {
			im.PracticeID, im.Survey, im.Version = d.ID, "visit", 1
			if _, err := d.s.CreateImprovement(t.Context(), im); err != nil {
				t.Fatal(err)
			}
		}
		for w := calendar.Week("2026-W40"); w < "2026-W45"; w = w.Add(1) {
			d.release(1, w, map[string]counts{"waittime": {"1": 20, "5": 20}, "overall": {"5": 20, "4": 20}})
		}
		r := d.report("", 0)
		if got := fmt.Sprint(r.Question("waittime").Course.Improvements); got != "[{Tidligere 2026-W41 1} {Senere 2026-W43 3}]" {
			t.Errorf("marks %s", got)
		}
		if got := fmt.Sprint(r.Question("overall").Course.Improvements); got != "[{Senere 2026-W43 3}]" {
			t.Errorf("marks %s", got)
		}
		if _, err := json.Marshal(r); err != nil { // no NaN anywhere
			t.Error(err)
		}
	})
}
