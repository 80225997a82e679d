package stats

import (
	"math"
	"slices"
	"testing"
)

func TestRunChart(t *testing.T) {
	file := oracle[struct {
		Table []struct {
			Useful    int `json:"n_useful"`
			Longest   int `json:"longest_run_max"`
			Crossings int `json:"crossings_min"`
		}
		Cases []struct {
			Name      string
			Y         []float64
			Median    float64
			Useful    int `json:"n_useful"`
			Longest   int `json:"longest_run"`
			Crossings int
			Signal    bool
		}
	}](t, "run_rules")
	for _, c := range file.Table {
		longest, crossings := RunLimits(c.Useful)
		if longest != c.Longest || crossings != c.Crossings {
			t.Errorf("%+v: got %d and %d", c, longest, crossings)
		}
	}
	for _, c := range file.Cases {
		want := Run{c.Median, c.Useful, c.Longest, c.Crossings, c.Signal}
		if got := RunChart(c.Y); got != want {
			t.Errorf("%s: got %+v, want %+v", c.Name, got, want)
		}
	}

	// Anhøj and Olesen: the longest run allowed rises at these numbers.
	for _, c := range [][2]int{{10, 6}, {12, 7}, {23, 8}, {46, 9}, {91, 10}} {
		longest, _ := RunLimits(c[0])
		before, _ := RunLimits(c[0] - 1)
		if longest != c[1] || (c[0] > 10 && before != c[1]-1) {
			t.Errorf("%d useful: got %d after %d, want %d", c[0], longest, before, c[1])
		}
	}
}

func TestRunChartAtTheEdges(t *testing.T) {
	gap := math.NaN()
	low, high := []float64{1, 1, 1, 1, 1}, []float64{2, 2, 2, 2, 2}
	for _, c := range []struct {
		name   string
		values []float64
		want   Run
	}{
		{"one value", []float64{3}, Run{Median: 3}},
		{"seven off the median are too few", slices.Concat(low, low[:2], high, high[:3]), Run{2, 7, 7, 0, false}},
		{"ten in two blocks", slices.Concat(low, high), Run{1.5, 10, 5, 1, true}},
		{"ten in two blocks with gaps", slices.Concat(low, []float64{gap, gap}, high), Run{1.5, 10, 5, 1, true}},
		{"eight in two blocks", slices.Concat(low[1:], high[1:]), Run{1.5, 8, 4, 1, false}},
		{"a point on the median does not break a run", []float64{1, 1, 2, 1, 3, 3, 2, 3}, Run{2, 6, 3, 1, false}},
	} {
		if got := RunChart(c.values); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	for _, values := range [][]float64{nil, {gap, gap}} {
		got := RunChart(values)
		near(t, "median of nothing", got.Median, gap, 0)
		if got.Useful != 0 || got.Signal {
			t.Errorf("got %+v", got)
		}
	}
	if longest, crossings := RunLimits(0); longest != 0 || crossings != 0 {
		t.Errorf("got %d and %d", longest, crossings)
	}
}

// The order in time may be read backwards and the scale turned over or stretched: none of it makes
// more or less of a signal.
func TestRunChartDoesNotDependOnDirectionOrScale(t *testing.T) {
	random := newRandom()
	for range 500 {
		values := make([]float64, random.IntN(40))
		for i := range values {
			values[i] = float64(random.IntN(12))
		}
		got := RunChart(values)
		turned, backwards := make([]float64, len(values)), slices.Clone(values)
		for i, v := range values {
			turned[i] = 100 - 5*v
		}
		slices.Reverse(backwards)
		for _, other := range []Run{RunChart(turned), RunChart(backwards)} {
			if other.Useful != got.Useful || other.Longest != got.Longest || other.Crossings != got.Crossings || other.Signal != got.Signal {
				t.Fatalf("%v: got %+v and %+v", values, got, other)
			}
		}
		if got.Useful > len(values) || got.Longest > got.Useful || got.Crossings > max(0, got.Useful-1) {
			t.Fatalf("%v: got %+v", values, got)
		}
	}
}

func TestRunChartFalseAlarms(t *testing.T) {
	// Anhøj and Olesen: well under one stable chart in ten signals.
	random, alarms := newRandom(), 0
	const charts = 2000
	for range charts {
		values := make([]float64, 24)
		for i := range values {
			values[i] = random.NormFloat64()
		}
		if RunChart(values).Signal {
			alarms++
		}
	}
	if rate := float64(alarms) / charts; rate < 0.01 || rate > 0.12 {
		t.Errorf("got a rate of %v", rate)
	}
}
