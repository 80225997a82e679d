package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// randomShares draws counts whose shares differ somewhat more than chance; some units have no answers.
func randomShares(random *rand.Rand, units int) (x, n []int) {
	for range units {
		size, p := random.IntN(60), 0.75+0.2*random.Float64()
		hits := 0
		for range size {
			if random.Float64() < p {
				hits++
			}
		}
		x, n = append(x, hits), append(n, size)
	}
	// Two units differ for certain, so that a fit is not over one or none.
	return append(x, 20, 9), append(n, 30, 10)
}

// Nothing may panic or hang, however senseless the input.
func TestNonsenseIsSurvived(t *testing.T) {
	random := newRandom()
	floats := []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 0, 1e-300, 1e-9, 0.5, 0.95, 1, 1 + 1e-15, 95, 1e300}
	ints := []int{math.MinInt, -1, 0, 1, 2, 7, 30, 1 << 20, math.MaxInt32}
	f := func() float64 { return floats[random.IntN(len(floats))] }
	i := func() int { return ints[random.IntN(len(ints))] }
	some := func() (values []float64, x, n []int) {
		for range random.IntN(16) {
			values, x, n = append(values, f()), append(x, i()), append(n, i())
		}
		if random.IntN(4) == 0 && len(n) > 0 {
			n = n[1:]
		}
		return values, x, n
	}
	for range 5000 {
		values, x, n := some()
		Wilson(i(), i(), f())
		Jeffreys(i(), i(), f())
		Newcombe(i(), i(), i(), i(), f())
		Welch(MeanScore(x, values, f()), Mean{N: i(), Mean: f(), SE: f()}, f())
		PChart(x, n, i())
		Laney(x, n, i())
		XmR(values, i())
		XmRScreened(values, i())
		RunChart(values)
		RunLimits(i())
		FunnelExact(f(), i())
		FunnelAdditive(f(), i(), f())
		Funnel(f(), i(), f(), f())
		Overdispersion(x, n, f())
		SpreadOf(x, n).Limits(i())
		Spread{f(), f(), f(), i()}.Limits(i())
		BetaBinomial(x, n)
		Shrink(i(), i(), f(), f())
		SampleSize(f(), f(), f(), f())
		ShareChange(f(), i(), f())
		MeanChange(f(), f())
		Reliability(f(), f())
		AnswersFor(f(), f())
		Quantile(values, f())
	}
}
