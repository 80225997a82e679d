// Package stats holds the statistics of the quality work: intervals for shares and means, the
// comparison of two periods, run and control charts, funnel limits, shrinkage and planning. It is
// pure: counts and numbers in, numbers out. It knows nothing of questions, practices or time, and
// leaves suppression of small groups and all wording to others. No input panics: what cannot be
// computed is NaN, and each function says when.
package stats

import "math"

// Interval is a closed interval in the unit of what it belongs to. An interval that cannot be
// computed has NaN at both ends.
type Interval struct{ Low, High float64 }

// Wilson is the score interval for the share x/n at the two-sided confidence level (0.95 for 95 %),
// without continuity correction: (p + z²/2n ± z√(p(1−p)/n + z²/4n²)) / (1 + z²/n). It always holds
// p and stays within 0–1. With n = 0 nothing is known and it is [0, 1]; with a negative x or n, x > n,
// or a level not strictly between 0 and 1 it is NaN. Wilson 1927; Newcombe 1998.
func Wilson(x, n int, level float64) Interval {
	if !countable(x, n) || !proper(level) {
		return unknown()
	}
	if n == 0 {
		return Interval{0, 1}
	}
	z, size := normalTwoSided(level), float64(n)
	p := float64(x) / size
	centre := p + z*z/(2*size)
	half := z * math.Sqrt(p*(1-p)/size+z*z/(4*size*size))
	ci := Interval{
		Low:  math.Min(p, math.Max(0, (centre-half)/(1+z*z/size))),
		High: math.Max(p, math.Min(1, (centre+half)/(1+z*z/size))),
	}
	// The ends are exact at the extremes; the formula leaves a rounding error there.
	if x == 0 {
		ci.Low = 0
	}
	if x == n {
		ci.High = 1
	}
	return ci
}

// Jeffreys is the equal-tailed interval for the share x/n under the prior Beta(½, ½): the
// (1−level)/2 and (1+level)/2 quantiles of Beta(x+½, n−x+½), with the lower end set to 0 at x = 0
// and the upper to 1 at x = n. With n = 0 it is [0, 1]; with a negative x or n, x > n, or a level not
// strictly between 0 and 1 it is NaN. Brown, Cai and DasGupta 2001.
func Jeffreys(x, n int, level float64) Interval {
	if !countable(x, n) || !proper(level) {
		return unknown()
	}
	a, b := float64(x)+0.5, float64(n-x)+0.5
	ci := Interval{0, 1}
	if x > 0 {
		ci.Low = betaQuantile((1-level)/2, a, b)
	}
	if x < n {
		ci.High = betaQuantile((1+level)/2, a, b)
	}
	return ci
}

func unknown() Interval { return Interval{math.NaN(), math.NaN()} }

func countable(x, n int) bool { return 0 <= x && x <= n }

func proper(level float64) bool { return 0 < level && level < 1 }
