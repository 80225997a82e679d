package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/storetest"
)

func (d desk) quarter(quarter string) *Quarter {
	d.t.Helper()
	q, err := d.Quarterly(context.Background(), d.Practice, "visit", 0, quarter)
	if err != nil {
		d.t.Fatal(err)
	}
	return q
}

// TestQuarterIsItsOwnReleases: each quarter is the sum of the releases of its weeks and of no other, and
// is held against the quarter before it. 100 answers half at 0 and half at 50 have the mean 25; half at
// 50 and half at 100, 75.
func TestQuarterIsItsOwnReleases(t *testing.T) {
	d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
	low, high := counts{"1": 50, "3": 50}, counts{"3": 50, "5": 50}
	for _, r := range []struct {
		week calendar.Week
		c    counts
	}{{"2026-W10", high}, {"2026-W14", low}, {"2026-W26", low}, {"2026-W27", high}, {"2026-W39", high}, {"2026-W40", low}} {
		d.release(1, r.week, map[string]counts{"overall": r.c})
	}
	for quarter, want := range map[string]struct {
		shown, previous string
		n               int
		mean            float64
		shift           string
		now             Span
	}{
		"":        {"2026-Q3", "2026-Q2", 200, 75, "improved 200 25 to 200 75", Span{"2026-W27", "2026-W39"}},
		"2026-Q3": {"2026-Q3", "2026-Q2", 200, 75, "improved 200 25 to 200 75", Span{"2026-W27", "2026-W39"}},
		"2026-Q2": {"2026-Q2", "2026-Q1", 200, 25, "worse 100 75 to 200 25", Span{"2026-W14", "2026-W26"}},
		"2026-Q1": {"2026-Q1", "2025-Q4", 100, 75, "too_few 0 0 to 100 75", Span{"2026-W10", "2026-W10"}},
	} {
		q := d.quarter(quarter)
		overall := q.Question("overall")
		if q.Quarter.String() != want.shown || q.Summary.Previous.String() != want.previous || q.Now != want.now || overall.Now == nil || overall.Now.N != want.n || overall.Now.Mean.Value != want.mean {
			t.Errorf("%q: %v after %v, %v, %+v", quarter, q.Quarter, q.Summary.Previous, q.Now, overall.Now)
		}
		s := q.Shift("overall")
		if got := fmt.Sprintf("%s %d %.0f to %d %.0f", s.Verdict, s.Before.N, s.Before.Mean, s.Now.N, s.Now.Mean); got != want.shift {
			t.Errorf("%q: %s, want %s", quarter, got, want.shift)
		}
		if overall.Trend != nil || overall.Course != nil {
			t.Errorf("%q has a series", quarter)
		}
		if got := fmt.Sprint(q.Quarters); got != "[2026-Q3 2026-Q2 2026-Q1]" {
			t.Errorf("quarters %s", got)
		}
	}
	if s := d.quarter("").Shift("used"); s != nil {
		t.Errorf("a shift of no question: %+v", s)
	}
	for _, quarter := range []string{"2026-Q4", "2025-Q4", "2026-Q5", "x"} { // running, before the first, none
		if _, err := d.Quarterly(context.Background(), d.Practice, "visit", 0, quarter); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", quarter, err)
		}
	}
}

// TestNoQuarterIsOver: nothing released, or only in the running quarter, shows nothing of it.
func TestNoQuarterIsOver(t *testing.T) {
	d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
	nothing := func() {
		t.Helper()
		if q := d.quarter(""); len(q.Quarters) != 0 || len(q.Questions) != 0 || q.Responses.Total != 0 {
			t.Errorf("%+v", q)
		}
	}
	nothing()
	d.release(1, "2026-W30", map[string]counts{"overall": {"5": 100}})
	nothing()
}

// TestImprovementsOfAQuarter: those that ran in it, and of the latest those begun since.
func TestImprovementsOfAQuarter(t *testing.T) {
	d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
	for _, week := range []calendar.Week{"2026-W05", "2026-W20", "2026-W39"} {
		d.release(1, week, map[string]counts{"overall": {"4": 50, "5": 50}})
	}
	ctx := context.Background()
	for _, im := range []struct {
		name          string
		survey        string
		start, closed calendar.Week
	}{{"ended before", "visit", "2026-W02", "2026-W12"}, {"ended in", "visit", "2026-W02", "2026-W20"}, {"running", "visit", "2026-W15", ""},
		{"begun since", "visit", "2026-W45", ""}, {"begun in the next", "visit", "2026-W30", ""}, {"of another", "digital", "2026-W15", ""}} {
		question := map[string]string{"visit": "overall", "digital": "phone"}[im.survey]
		made, err := d.s.CreateImprovement(ctx, practice.Improvement{PracticeID: d.ID, Survey: im.survey, Version: 1, Questions: []string{question}, Done: im.name, Start: im.start})
		if err != nil {
			t.Fatal(err)
		}
		if im.closed != "" {
			if err := d.s.CloseImprovement(ctx, d.ID, made.ID, im.closed, "{}"); err != nil {
				t.Fatal(err)
			}
		}
	}
	for quarter, want := range map[string]string{
		"2026-Q1": "ended before, ended in", "2026-Q2": "ended in, running", "2026-Q3": "begun in the next, begun since, running"} {
		var names []string
		for _, im := range d.quarter(quarter).Improvements {
			names = append(names, im.Done)
		}
		slices.Sort(names)
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s: %s, want %s", quarter, got, want)
		}
	}
}

// TestDistributionParts: every form that the gate leaves, and the shares add up.
func TestDistributionParts(t *testing.T) {
	index := counts{"0": 6, "10": 4, "15": 5, "50": 10, "90": 7, "100": 8}
	for name, c := range map[string]struct {
		question string
		counts   counts
		want     string
	}{
		"thirty":       {"overall", counts{"1": 3, "3": 7, "5": 20}, "1:1:3 2:2:0 3:3:7 4:4:0 5:5:20"},
		"twenty-nine":  {"overall", counts{"1": 3, "3": 7, "5": 19}, "1:1-2:3 3:3:7 5:4-5:19"},
		"all positive": {"overall", counts{"5": 12}, "0:1-3:rest at most 5:4-5:at least"},
		"the index":    {"index", index, "1:0-10:10 2:15-35:5 3:40-60:10 4:65-85:0 5:90-100:15"},
		"few of it":    {"index", counts{"10": 4, "50": 4, "90": 7}, "1:0-45:4 3:50:4 5:55-100:7"},
	} {
		d := newDesk(t, storetest.Open(t, storetest.SQLite), practice.Practice{})
		d.release(1, "2026-W30", map[string]counts{c.question: c.counts})
		q := d.report("visit", 1).question(c.question)
		var parts []string
		sum := 0.0
		for _, p := range q.Distribution(q.Now) {
			codes := p.Options[0].Code
			if last := p.Options[len(p.Options)-1].Code; last != codes {
				codes += "-" + last
			}
			n := fmt.Sprint(p.N)
			switch {
			case p.Rest && p.Bound < 0:
				n = "rest at most"
			case p.Bound > 0:
				n = "at least"
			}
			parts, sum = append(parts, fmt.Sprintf("%d:%s:%s", p.Band, codes, n)), sum+p.Share
		}
		if got := strings.Join(parts, " "); got != c.want || sum < 0.999999 || sum > 1.000001 {
			t.Errorf("%s: %s (%v), want %s", name, got, sum, c.want)
		}
	}
}
