package stats

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mathext"
)

func TestDistributions(t *testing.T) {
	file := oracle[struct {
		Tolerance float64
		Qnorm     []struct{ P, Q float64 }
		Pbeta     []struct{ X, A, B, P float64 }
		Qbeta     []struct{ P, A, B, X float64 }
		Pbinom    []struct {
			X, N        int
			P, CDF, PMF float64
		}
		Qbinom []struct {
			P, Prob float64
			N, Q    int
		}
		Qt []struct{ P, DF, Q float64 }
	}](t, "distributions")
	for _, c := range file.Qnorm {
		near(t, fmt.Sprintf("%+v", c), normalTwoSided(2*c.P-1), c.Q, file.Tolerance)
	}
	for _, c := range file.Pbeta {
		near(t, fmt.Sprintf("%+v", c), mathext.RegIncBeta(c.A, c.B, c.X), c.P, file.Tolerance)
	}
	for _, c := range file.Qbeta {
		near(t, fmt.Sprintf("%+v", c), betaQuantile(c.P, c.A, c.B), c.X, file.Tolerance)
	}
	for _, c := range file.Pbinom {
		near(t, fmt.Sprintf("cdf %+v", c), binomialCDF(c.X, c.N, c.P), c.CDF, file.Tolerance)
		near(t, fmt.Sprintf("pmf %+v", c), binomialPMF(c.X, c.N, c.P), c.PMF, file.Tolerance)
	}
	for _, c := range file.Qbinom {
		if got := binomialQuantile(c.P, c.N, c.Prob); got != c.Q {
			t.Errorf("%+v: got %v, want %v", c, got, c.Q)
		}
	}
	for _, c := range file.Qt {
		near(t, fmt.Sprintf("%+v", c), studentTwoSided(2*c.P-1, c.DF), c.Q, file.Tolerance)
	}
}

func TestBetaQuantileUndoesTheDistribution(t *testing.T) {
	for _, a := range []float64{0.05, 0.5, 1, 3.2, 40, 900.5, 20000} {
		for _, b := range []float64{0.05, 0.5, 1, 7, 130.5, 5000} {
			for _, p := range []float64{0.001, 0.025, 0.5, 0.975, 0.999} {
				x := betaQuantile(p, a, b)
				if x <= 0 || x >= 1 || 1-x < 1e-9 || x < 1e-300 {
					continue
				}
				near(t, fmt.Sprintf("Beta(%v, %v) at %v", a, b, p), mathext.RegIncBeta(a, b, x), p, 1e-8)
			}
		}
	}
}

func TestTrigamma(t *testing.T) {
	near(t, "at 1", trigamma(1), math.Pi*math.Pi/6, 1e-12)
	near(t, "at a half", trigamma(0.5), math.Pi*math.Pi/2, 1e-12)
	near(t, "step at 1000", trigamma(1000)-trigamma(1001), 1e-6, 1e-15)
	// 1/x + 1/2x² + 1/6x³ at 1e6.
	near(t, "at a million", trigamma(1e6), 1e-6+0.5e-12+1e-18/6, 1e-17)
}

func TestQuantile(t *testing.T) {
	tens := []float64{10, 1, 9, 2, 8, 3, 7, 4, 6, 5}
	for _, c := range []struct {
		name   string
		values []float64
		p      float64
		want   float64
	}{
		{"tenth of ten", tens, 0.1, 1.9},
		{"nine tenths of ten", tens, 0.9, 9.1},
		{"median of ten", tens, 0.5, 5.5},
		{"smallest", tens, 0, 1},
		{"largest", tens, 1, 10},
		{"one value", []float64{3}, 0.7, 3},
		{"gaps do not count", []float64{math.NaN(), 1, math.NaN(), 3}, 0.5, 2},
		{"no values", nil, 0.5, math.NaN()},
		{"only gaps", []float64{math.NaN()}, 0.5, math.NaN()},
		{"beyond one", tens, 1.01, math.NaN()},
		{"not a number", tens, math.NaN(), math.NaN()},
	} {
		near(t, c.name, Quantile(c.values, c.p), c.want, 1e-14)
	}
	if !slices.Equal(tens, []float64{10, 1, 9, 2, 8, 3, 7, 4, 6, 5}) {
		t.Errorf("the values were changed: %v", tens)
	}
}
