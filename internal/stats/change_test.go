package stats

import (
	"fmt"
	"math"
	"testing"
)

func TestNewcombe(t *testing.T) {
	file := oracle[struct {
		Tolerance float64
		Cases     []struct {
			X1, N1, X2, N2 int
			Diff           float64
			Low            float64 `json:"newcombe_lower"`
			High           float64 `json:"newcombe_upper"`
		}
	}](t, "two_proportions")
	for _, c := range file.Cases {
		what := fmt.Sprintf("%d/%d against %d/%d", c.X1, c.N1, c.X2, c.N2)
		diff, ci := Newcombe(c.X1, c.N1, c.X2, c.N2, 0.95)
		near(t, what, diff, c.Diff, file.Tolerance)
		nearInterval(t, what, ci, [2]float64{c.Low, c.High}, file.Tolerance)
	}

	// Newcombe 1998, table II, case (a): published to four decimals.
	diff, ci := Newcombe(56, 70, 48, 80, 0.95)
	near(t, "56/70 against 48/80", diff, 0.2, 1e-12)
	nearInterval(t, "56/70 against 48/80", ci, [2]float64{0.0524, 0.3339}, 0.00005)
}

func TestNewcombeAtTheEdges(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name           string
		x1, n1, x2, n2 int
		level          float64
		want           [2]float64
	}{
		{"first without answers", 0, 0, 3, 5, 0.95, [2]float64{-1, 1}},
		{"second without answers", 3, 5, 0, 0, 0.95, [2]float64{-1, 1}},
		{"no share", 6, 5, 3, 5, 0.95, [2]float64{nan, nan}},
		{"no share and no answers", 6, 5, 0, 0, 0.95, [2]float64{nan, nan}},
		{"no level", 3, 5, 3, 5, 0, [2]float64{nan, nan}},
	} {
		diff, ci := Newcombe(c.x1, c.n1, c.x2, c.n2, c.level)
		near(t, c.name, diff, nan, 0)
		nearInterval(t, c.name, ci, c.want, 0)
	}
}

func TestNewcombeHoldsTheDifferenceAndTurnsAround(t *testing.T) {
	for n1 := 1; n1 <= 12; n1++ {
		for n2 := 1; n2 <= 12; n2++ {
			for x1 := 0; x1 <= n1; x1++ {
				for x2 := 0; x2 <= n2; x2++ {
					diff, ci := Newcombe(x1, n1, x2, n2, 0.95)
					if !(-1 <= ci.Low && ci.Low <= diff && diff <= ci.High && ci.High <= 1) {
						t.Fatalf("%d/%d %d/%d: %v does not hold %v", x1, n1, x2, n2, ci, diff)
					}
					_, back := Newcombe(x2, n2, x1, n1, 0.95)
					nearInterval(t, "turned around", Interval{-back.High, -back.Low}, [2]float64{ci.Low, ci.High}, 1e-12)
				}
			}
		}
	}
}

// meanOf is MeanScore with one answer of each score.
func meanOf(scores ...float64) Mean {
	counts := make([]int, len(scores))
	for i := range counts {
		counts[i] = 1
	}
	return MeanScore(counts, scores, 0.95)
}

func TestWelch(t *testing.T) {
	// R: t.test(extra ~ group, sleep) gives means 0.75 and 2.33, 17.776 degrees of freedom and the
	// interval -3.3654832 to 0.2054832.
	a := meanOf(0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
	b := meanOf(1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)
	diff, ci := Welch(a, b, 0.95)
	near(t, "sleep", diff, -1.58, 1e-12)
	nearInterval(t, "sleep", ci, [2]float64{-3.3654832, 0.2054832}, 1e-7)

	back, turned := Welch(b, a, 0.95)
	near(t, "turned around", back, -diff, 0)
	nearInterval(t, "turned around", turned, [2]float64{-ci.High, -ci.Low}, 1e-12)
}

func TestWelchAtTheEdges(t *testing.T) {
	nan := math.NaN()
	none, one := MeanScore(nil, nil, 0.95), meanOf(50)
	same, other := meanOf(100, 100, 100), meanOf(75, 75)
	mixed := meanOf(0, 50, 100)
	for _, c := range []struct {
		name  string
		a, b  Mean
		level float64
		diff  float64
		want  [2]float64
	}{
		{"none at all", none, none, 0.95, nan, [2]float64{nan, nan}},
		{"none in one", mixed, none, 0.95, nan, [2]float64{nan, nan}},
		{"one answer", mixed, one, 0.95, 0, [2]float64{nan, nan}},
		{"no level", mixed, mixed, 1, 0, [2]float64{nan, nan}},
		{"neither varies", same, other, 0.95, 25, [2]float64{25, 25}},
		// The other varies, so the interval is its own: 50 ± t(2)·50/√3.
		{"one does not vary", same, mixed, 0.95, 50, [2]float64{50 - 124.20688571, 50 + 124.20688571}},
	} {
		diff, ci := Welch(c.a, c.b, c.level)
		near(t, c.name, diff, c.diff, 0)
		nearInterval(t, c.name, ci, c.want, 1e-6)
	}
}
