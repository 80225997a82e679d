package stats

import "math"

// RunMinimum is how many useful points a run chart needs before it can give a signal.
const RunMinimum = 10

// Run is what a run chart says. Median is in the unit of the values; Useful counts the points off
// the median; Longest is the longest row of useful points on one side of it and Crossings how often
// the line through them crosses it.
type Run struct {
	Median                     float64
	Useful, Longest, Crossings int
	Signal                     bool
}

// RunChart applies the two rules of Anhøj to the values in order of time: points on the median are
// passed over, and there is a signal of more than chance when the longest run is longer, or the
// crossings are fewer, than RunLimits allows. Values that are NaN are months without data and are
// passed over too. With fewer than RunMinimum useful points Signal is false; without values Median
// is NaN. Anhøj and Olesen 2014.
func RunChart(values []float64) Run {
	run := Run{Median: Quantile(values, 0.5)}
	var sides []int
	for _, v := range values {
		if s := side(v, run.Median); s != 0 {
			sides = append(sides, s)
		}
	}
	run.Useful = len(sides)
	rows := 0
	runs(sides, func(from, to int) {
		rows++
		run.Longest = max(run.Longest, to-from)
	})
	run.Crossings = max(0, rows-1)
	longest, crossings := RunLimits(run.Useful)
	run.Signal = run.Useful >= RunMinimum && (run.Longest > longest || run.Crossings < crossings)
	return run
}

// RunLimits is the longest run and the fewest crossings that chance explains among so many useful
// points: round(log₂ useful) + 3, rounded half to even, and the 5 % quantile of the binomial
// distribution with useful − 1 trials at ½. Both are 0 with no useful points.
// Anhøj and Olesen 2014.
func RunLimits(useful int) (longest, crossings int) {
	if useful < 1 {
		return 0, 0
	}
	longest = int(math.RoundToEven(math.Log2(float64(useful)))) + 3
	return longest, binomialQuantile(0.05, useful-1, 0.5)
}
