package stats

import (
	"fmt"
	"math"
	"testing"
)

func TestShareIntervals(t *testing.T) {
	file := oracle[struct {
		Tolerance float64
		Cases     []struct {
			X, N             int
			Conf             float64
			Wilson, Jeffreys [2]float64
		}
	}](t, "binomial_intervals")
	for _, c := range file.Cases {
		what := fmt.Sprintf("%d of %d at %v", c.X, c.N, c.Conf)
		nearInterval(t, what+": Wilson", Wilson(c.X, c.N, c.Conf), c.Wilson, file.Tolerance)
		nearInterval(t, what+": Jeffreys", Jeffreys(c.X, c.N, c.Conf), c.Jeffreys, file.Tolerance)
	}
}

func TestShareIntervalsAtTheEdges(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name  string
		x, n  int
		level float64
		want  [2]float64
	}{
		{"no answers", 0, 0, 0.95, [2]float64{0, 1}},
		{"more positive than answers", 3, 2, 0.95, [2]float64{nan, nan}},
		{"negative count", -1, 2, 0.95, [2]float64{nan, nan}},
		{"negative size", 0, -2, 0.95, [2]float64{nan, nan}},
		{"level 0", 1, 2, 0, [2]float64{nan, nan}},
		{"level 1", 1, 2, 1, [2]float64{nan, nan}},
		{"level in percent", 1, 2, 95, [2]float64{nan, nan}},
		{"level not a number", 1, 2, nan, [2]float64{nan, nan}},
	} {
		nearInterval(t, c.name+": Wilson", Wilson(c.x, c.n, c.level), c.want, 0)
		nearInterval(t, c.name+": Jeffreys", Jeffreys(c.x, c.n, c.level), c.want, 0)
	}
}

func TestShareIntervalsHoldTheShareAndStayOnTheScale(t *testing.T) {
	for name, interval := range map[string]func(x, n int, level float64) Interval{
		"Wilson": Wilson, "Jeffreys": Jeffreys,
	} {
		for n := 1; n <= 120; n++ {
			for x := 0; x <= n; x++ {
				p, ci := float64(x)/float64(n), interval(x, n, 0.95)
				if !(0 <= ci.Low && ci.Low <= p && p <= ci.High && ci.High <= 1) {
					t.Fatalf("%s %d of %d: %v does not hold %v", name, x, n, ci, p)
				}
				mirror := interval(n-x, n, 0.95)
				near(t, fmt.Sprintf("%s %d of %d mirrored", name, x, n), 1-mirror.High, ci.Low, 1e-11)
			}
		}
	}
}

func TestShareIntervalsNarrowWithMoreAnswersAndWidenWithTheLevel(t *testing.T) {
	for name, interval := range map[string]func(x, n int, level float64) Interval{
		"Wilson": Wilson, "Jeffreys": Jeffreys,
	} {
		for n := 1; n <= 20; n++ {
			for x := 0; x <= n; x++ {
				last := math.Inf(1)
				for k := 1; k <= 64; k *= 2 {
					ci := interval(k*x, k*n, 0.95)
					if width := ci.High - ci.Low; width > last {
						t.Fatalf("%s %d of %d is wider than with half the answers", name, k*x, k*n)
					} else {
						last = width
					}
				}
				last = 0
				for _, level := range []float64{0.5, 0.8, 0.95, 0.998} {
					ci := interval(x, n, level)
					if width := ci.High - ci.Low; width < last {
						t.Fatalf("%s %d of %d narrows at level %v", name, x, n, level)
					} else {
						last = width
					}
				}
			}
		}
	}
}
