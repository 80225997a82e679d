package stats

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestSampleSize(t *testing.T) {
	file := oracle[struct {
		Tolerance float64
		Cases     []struct {
			P1, P2, Power, Alpha float64
			Ceiling              int `json:"n_per_group_ceiling"`
		}
		Precision []struct {
			P      float64
			N      int
			Wilson [2]float64
			Change float64 `json:"mdc95_two_periods"`
		}
	}](t, "sample_size")
	for _, c := range file.Cases {
		if got := SampleSize(c.P1, c.P2, c.Power, 1-c.Alpha); got != c.Ceiling {
			t.Errorf("%+v: got %d", c, got)
		}
		if got := SampleSize(c.P2, c.P1, c.Power, 1-c.Alpha); got != c.Ceiling {
			t.Errorf("%+v turned around: got %d", c, got)
		}
	}
	for _, c := range file.Precision {
		what := fmt.Sprintf("%v of %d", c.P, c.N)
		near(t, what, ShareChange(c.P, c.N, 0.95), c.Change, file.Tolerance)
		if x := c.P * float64(c.N); x == math.Round(x) {
			nearInterval(t, what, Wilson(int(x), c.N, 0.95), c.Wilson, file.Tolerance)
		}
	}
	for _, c := range []struct {
		p1, p2 float64
		want   int
	}{{0.80, 0.90, 199}, {0.60, 0.75, 152}, {0.85, 0.90, 686}} {
		if got := SampleSize(c.p1, c.p2, 0.8, 0.95); got != c.want {
			t.Errorf("%v to %v: got %d, want %d", c.p1, c.p2, got, c.want)
		}
	}
}

func TestSampleSizeAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		name                 string
		p1, p2, power, level float64
		want                 int
	}{
		{"equal shares", 0.8, 0.8, 0.8, 0.95, 0},
		{"share above one", 0.8, 1.2, 0.8, 0.95, 0},
		{"not a number", math.NaN(), 0.9, 0.8, 0.95, 0},
		{"full power", 0.8, 0.9, 1, 0.95, 0},
		{"no level", 0.8, 0.9, 0.8, 0, 0},
		{"past two billion", 0.5, 0.50001, 0.8, 0.95, 0},
		{"power that no answers give", 0.8, 0.9, 0.0001, 0.95, 1},
	} {
		if got := SampleSize(c.p1, c.p2, c.power, c.level); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
	last := SampleSize(0.5, 0.51, 0.8, 0.95)
	for p := 0.52; p < 1; p += 0.01 {
		if got := SampleSize(0.5, p, 0.8, 0.95); got > last || got < 1 {
			t.Errorf("to %v: got %d after %d", p, got, last)
		} else {
			last = got
		}
	}
}

func TestReliability(t *testing.T) {
	file := oracle[struct {
		Tolerance float64
		Brown     []struct {
			ICC         float64
			Reliability map[string]float64
			Needed      map[string]int `json:"n_needed"`
		} `json:"spearman_brown"`
		Real struct {
			ICC    float64 `json:"icc_anova"`
			R70    int     `json:"n_needed_r70"`
			R80    int     `json:"n_needed_r80"`
			Person float64 `json:"sem_person"`
			Change float64 `json:"mdc95_mean_n50"`
		}
	}](t, "reliability")
	number := func(key, prefix string) float64 {
		n, err := strconv.ParseFloat(strings.TrimPrefix(key, prefix), 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range file.Brown {
		for key, want := range c.Reliability {
			near(t, fmt.Sprintf("%v %s", c.ICC, key), Reliability(number(key, "n"), c.ICC), want, file.Tolerance)
		}
		for key, want := range c.Needed {
			if got := AnswersFor(number(key, "r")/100, c.ICC); got != want {
				t.Errorf("%v %s: got %d, want %d", c.ICC, key, got, want)
			}
		}
	}
	if r70, r80 := AnswersFor(0.7, file.Real.ICC), AnswersFor(0.8, file.Real.ICC); r70 != file.Real.R70 || r80 != file.Real.R80 {
		t.Errorf("got %d and %d, want %d and %d", r70, r80, file.Real.R70, file.Real.R80)
	}
	// The file rounds z to 1.96.
	change := MeanChange(file.Real.Person/math.Sqrt(50), 0.95) * 1.96 / normalTwoSided(0.95)
	near(t, "change of a mean of 50", change, file.Real.Change, file.Tolerance)
	near(t, "38 answers", Reliability(38, file.Real.ICC), 0.70, 0.005)
}

func TestReliabilityAndItsInverse(t *testing.T) {
	for icc := 0.01; icc < 0.6; icc += 0.013 {
		last := 0.0
		for n := 0; n <= 500; n++ {
			r := Reliability(float64(n), icc)
			if n > 0 && !(r > last && r < 1) {
				t.Fatalf("icc %v: %v at %d after %v", icc, r, n, last)
			}
			last = r
			if n > 0 {
				if got := AnswersFor(r, icc); got != n {
					t.Fatalf("icc %v: got %d, want %d", icc, got, n)
				}
			}
		}
	}
}

func TestPlansAtTheEdges(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"reliability of no answers", Reliability(0, 1), 0},
		{"reliability without correlation", Reliability(10, 0), 0},
		{"reliability of ever more", Reliability(inf, 0.1), 1},
		{"reliability of ever more of nothing", Reliability(inf, 0), 0},
		{"reliability of a negative number", Reliability(-1, 0.1), nan},
		{"reliability of an impossible correlation", Reliability(10, 1.1), nan},
		{"answers for certainty", float64(AnswersFor(1, 0.1)), 0},
		{"answers for nothing", float64(AnswersFor(0, 0.1)), 0},
		{"answers without correlation", float64(AnswersFor(0.7, 0)), 0},
		{"answers past two billion", float64(AnswersFor(0.7, 1e-10)), 0},
		{"answers when units agree within", float64(AnswersFor(0.7, 1)), 1},
		{"change without answers", ShareChange(0.9, 0, 0.95), nan},
		{"change of no share", ShareChange(1.9, 10, 0.95), nan},
		{"change at no level", ShareChange(0.9, 10, 1), nan},
		{"change of a mean that is not known", MeanChange(nan, 0.95), nan},
		{"change of a mean at no level", MeanChange(1, 0), nan},
	} {
		near(t, c.name, c.got, c.want, 0)
	}
}
