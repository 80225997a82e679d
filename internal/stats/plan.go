package stats

import "math"

// Method is the version of the formulas and constants in this package, to be shown with every
// result. It is raised whenever one of them changes.
const Method = 1

// ComparisonMinimum is the number of answers under which a comparison with other practices is not
// shown as one: about .70 reliability at the correlation seen in general practice, .05 to .06.
const ComparisonMinimum = 40

// SampleSize is the answers needed in each of two periods or groups, rounded up, to find a
// difference between the shares p1 and p2 with the given power (0.8 for 80 %) in a two-sided test at
// the confidence level (0.95 for 95 %):
// (z√(2p̄(1−p̄)) + z'√(p1(1−p1) + p2(1−p2)))² / (p1−p2)², where p̄ = (p1+p2)/2. It is 0 when no size
// will do or it passes two billion: equal shares, a share outside 0–1, or a power or level not
// strictly between 0 and 1. Fleiss 1981; the power.prop.test of R.
func SampleSize(p1, p2, power, level float64) int {
	if !(0 <= p1 && p1 <= 1 && 0 <= p2 && p2 <= 1) || p1 == p2 || !proper(power) || !proper(level) {
		return 0
	}
	p := (p1 + p2) / 2
	needed := normalTwoSided(level)*math.Sqrt(2*p*(1-p)) +
		normalTwoSided(2*power-1)*math.Sqrt(p1*(1-p1)+p2*(1-p2))
	needed = math.Max(0, needed) / (p1 - p2)
	size := math.Max(1, math.Ceil(needed*needed))
	if size > math.MaxInt32 {
		return 0
	}
	return int(size)
}

// ShareChange is the smallest difference between the shares of two periods with n answers each that
// is more than chance at the two-sided level, in shares: z√(2p(1−p)/n) around the share p. Without
// answers, with p outside 0–1, or a level not strictly between 0 and 1, it is NaN. The minimal
// detectable change, with the binomial error of measurement: Weir 2005.
func ShareChange(p float64, n int, level float64) float64 {
	if n < 1 || !(0 <= p && p <= 1) || !proper(level) {
		return math.NaN()
	}
	return normalTwoSided(level) * math.Sqrt(2*p*(1-p)/float64(n))
}

// MeanChange is the smallest difference between two means, each with the standard error se, that is
// more than chance at the two-sided level, in the unit of the scores: z√2·se. With a negative se, or
// a level not strictly between 0 and 1, it is NaN. The minimal detectable change: Weir 2005.
func MeanChange(se, level float64) float64 {
	if !(se >= 0) || !proper(level) {
		return math.NaN()
	}
	return normalTwoSided(level) * math.Sqrt2 * se
}

// Reliability is the share, 0–1, of the variance between units that is real when each has n answers
// and icc is the correlation within units: n·ICC/(1 + (n−1)·ICC). Without answers it is 0; with a
// negative n or icc outside 0–1 it is NaN. Spearman 1910; Brown 1910.
func Reliability(n, icc float64) float64 {
	switch {
	case !(n >= 0) || !(0 <= icc && icc <= 1):
		return math.NaN()
	case n == 0:
		return 0
	case math.IsInf(n, 1) && icc > 0:
		return 1
	case math.IsInf(n, 1):
		return 0
	}
	return n * icc / (1 + (n-1)*icc)
}

// AnswersFor is the answers a unit needs for the given reliability when icc is the correlation within
// units: R(1−ICC)/(ICC(1−R)), rounded up, the inverse of Reliability. It is 0 when no number will do
// or it passes two billion: a reliability not strictly between 0 and 1, or an icc that is not above 0
// and at most 1.
func AnswersFor(reliability, icc float64) int {
	if !proper(reliability) || !(0 < icc && icc <= 1) {
		return 0
	}
	n := reliability * (1 - icc) / (icc * (1 - reliability))
	// A whole number that came out an ulp high must not be rounded up.
	n = math.Max(1, math.Ceil(n*(1-1e-12)))
	if n > math.MaxInt32 {
		return 0
	}
	return int(n)
}
