package stats

import (
	"math"
	"slices"
	"sort"
	"sync"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Quantile is the p quantile of the values by linear interpolation between order statistics, at
// position (n−1)p from the smallest: type 7 of Hyndman and Fan 1996, the default of R. The values
// need not be sorted and are left as they are; those that are NaN do not count. Without values, or
// with p outside 0–1, it is NaN.
func Quantile(values []float64, p float64) float64 {
	sorted := present(values)
	if len(sorted) == 0 || !(0 <= p && p <= 1) {
		return math.NaN()
	}
	slices.Sort(sorted)
	position := float64(len(sorted)-1) * p
	below := int(position)
	if below == len(sorted)-1 {
		return sorted[below]
	}
	return sorted[below] + (position-float64(below))*(sorted[below+1]-sorted[below])
}

// present copies the values that are not NaN.
func present(values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), math.IsNaN)
}

// normalTwoSided is the z that leaves (1−level)/2 in each tail.
func normalTwoSided(level float64) float64 {
	return distuv.UnitNormal.Quantile((1 + level) / 2)
}

// students remembers quantiles: a page asks for the same few hundreds of times, and finding one is a
// search by the incomplete beta function.
var students sync.Map // of studentKey to float64

type studentKey struct{ level, freedom float64 }

// studentTwoSided is the t with the given degrees of freedom that leaves (1−level)/2 in each tail.
func studentTwoSided(level, freedom float64) float64 {
	whole := freedom == math.Trunc(freedom) && freedom < 10_000 // others hardly come twice
	if t, ok := students.Load(studentKey{level, freedom}); whole && ok {
		return t.(float64)
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile((1 + level) / 2)
	if whole && level == level {
		students.Store(studentKey{level, freedom}, t)
	}
	return t
}

// betaQuantile is the p quantile of Beta(a, b). A parameter of 0 gives the point mass that Beta
// tends to; with both 0, or one that is not finite, it is NaN.
func betaQuantile(p, a, b float64) float64 {
	switch {
	case !(a >= 0 && b >= 0) || a+b == 0 || math.IsInf(a+b, 0):
		return math.NaN()
	case a == 0:
		return 0
	case b == 0:
		return 1
	}
	return mathext.InvRegIncBeta(a, b, p)
}

// binomialCDF is P(R ≤ k) for R of n trials at 0 < p < 1.
func binomialCDF(k, n int, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	return mathext.RegIncBeta(float64(n-k), float64(k+1), 1-p)
}

// binomialPMF is P(R = k) for R of n trials at 0 < p < 1.
func binomialPMF(k, n int, p float64) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	hit, _ := math.Lgamma(float64(k + 1))
	miss, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(all - hit - miss + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

// binomialQuantile is the smallest r with P(R ≤ r) ≥ q.
func binomialQuantile(q float64, n int, p float64) int {
	return sort.Search(n, func(r int) bool { return binomialCDF(r, n, p) >= q })
}
