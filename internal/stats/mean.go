package stats

import "math"

// Mean is the mean of N scores with their sample standard deviation (divisor N−1), the standard
// error SD/√N and an interval for the mean, all in the unit of the scores. With N = 0 every number
// is NaN; with N = 1 only Mean is known.
type Mean struct {
	N            int
	Mean, SD, SE float64
	CI           Interval
}

// MeanScore is the mean when counts[i] answers have scores[i]: m ± t·s/√n with Student's t on n−1
// degrees of freedom at the two-sided level (Student 1908). The interval is not clipped to the
// scale, so near the ends of it a page must clip what it draws; it is trustworthy from about 20
// answers. Answers that all agree give SD 0 and an interval of no width. Without answers, with
// slices of unequal length, a negative count, or a score used that is not finite, N is 0 and the
// rest NaN; with one answer SD, SE and CI are NaN; with a level not strictly between 0 and 1, CI is.
func MeanScore(counts []int, scores []float64, level float64) Mean {
	nan := math.NaN()
	none := Mean{0, nan, nan, nan, unknown()}
	if len(counts) != len(scores) {
		return none
	}
	n, sum := 0, 0.0
	for i, c := range counts {
		switch {
		case c < 0:
			return none
		case c == 0:
			continue
		case math.IsNaN(scores[i]) || math.IsInf(scores[i], 0):
			return none
		}
		n += c
		sum += float64(c) * scores[i]
	}
	if n == 0 {
		return none
	}
	m := Mean{n, sum / float64(n), nan, nan, unknown()}
	if n == 1 {
		return m
	}
	squares := 0.0
	for i, c := range counts {
		if c > 0 {
			d := scores[i] - m.Mean
			squares += float64(c) * d * d
		}
	}
	m.SD = math.Sqrt(squares / float64(n-1))
	m.SE = m.SD / math.Sqrt(float64(n))
	if proper(level) {
		half := studentTwoSided(level, float64(n-1)) * m.SE
		m.CI = Interval{m.Mean - half, m.Mean + half}
	}
	return m
}
