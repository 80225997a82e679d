package stats

import "math"

// ChangeMinimum is the number of valid answers that both periods need before a sentence may say that
// something has changed or not.
const ChangeMinimum = 30

// Newcombe is the difference p1 − p2 of two independent shares, on the scale −1 to 1, with the
// hybrid score interval: with Wilson limits l and u of each share it reaches from
// d − √((p1−l1)² + (u2−p2)²) to d + √((u1−p1)² + (p2−l2)²). An interval without 0 is a change.
// When either share has n = 0 the difference is NaN and the interval [−1, 1]; with counts or a level
// that Wilson refuses all three are NaN. Newcombe 1998, method 10.
func Newcombe(x1, n1, x2, n2 int, level float64) (diff float64, ci Interval) {
	if !countable(x1, n1) || !countable(x2, n2) || !proper(level) {
		return math.NaN(), unknown()
	}
	if n1 == 0 || n2 == 0 {
		return math.NaN(), Interval{-1, 1}
	}
	p1, p2 := float64(x1)/float64(n1), float64(x2)/float64(n2)
	one, two := Wilson(x1, n1, level), Wilson(x2, n2, level)
	diff = p1 - p2
	return diff, Interval{
		Low:  math.Max(-1, diff-math.Hypot(p1-one.Low, two.High-p2)),
		High: math.Min(1, diff+math.Hypot(one.High-p1, p2-two.Low)),
	}
}

// Welch is the difference a − b of two independent means, in the unit of the scores, with an
// interval that allows unequal variances: d ± t·√(SEa² + SEb²), where t has the degrees of freedom
// of Satterthwaite, (SEa² + SEb²)² / (SEa⁴/(Na−1) + SEb⁴/(Nb−1)). It uses N, Mean and SE, not CI.
// When neither period varies the interval has no width. With fewer than two answers in either, or a
// level not strictly between 0 and 1, the interval is NaN; with none in either the difference is
// too. Welch 1947; Satterthwaite 1946.
func Welch(a, b Mean, level float64) (diff float64, ci Interval) {
	if a.N < 1 || b.N < 1 {
		return math.NaN(), unknown()
	}
	diff = a.Mean - b.Mean
	if a.N < 2 || b.N < 2 || !proper(level) {
		return diff, unknown()
	}
	va, vb := a.SE*a.SE, b.SE*b.SE
	if va+vb == 0 {
		return diff, Interval{diff, diff}
	}
	freedom := (va + vb) * (va + vb) / (va*va/float64(a.N-1) + vb*vb/float64(b.N-1))
	half := studentTwoSided(level, freedom) * math.Sqrt(va+vb)
	return diff, Interval{diff - half, diff + half}
}
