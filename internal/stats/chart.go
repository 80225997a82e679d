package stats

import (
	"math"
	"strings"
)

// TrialPoints is how many points limits need before they are more than trial limits.
const TrialPoints = 13

// The rules of Making Data Count ask for seven points; the factors belong to moving ranges of two.
const (
	shiftPoints   = 7
	trendSteps    = 6
	rangeFactor   = 2.66  // 3/1.128 rounded as the NHS does; qicharts2 has 2.6596
	screenFactor  = 3.267 // upper limit of a moving range, in mean moving ranges
	rangePerSigma = 1.128 // expected moving range of two, in standard deviations
)

// Rules is the set of rules by which a point is a signal; 0 is an ordinary point.
type Rules uint8

// The rules in order of precedence. Only XmR uses the last three.
const (
	Outside    Rules = 1 << iota // beyond an outer limit
	Trend                        // part of 7 points that rise, or fall, without a tie
	TwoInThree                   // one of 2 between near and outer limit, of 3 on the same side
	Shift                        // part of 7 points on one side; one on the centre breaks the row
)

// Has reports whether every rule of s is in r.
func (r Rules) Has(s Rules) bool { return r&s == s }

// First is the rule of r that takes precedence, or 0.
func (r Rules) First() Rules { return r & -r }

// String names the rules in order of precedence, as "outside, shift"; it is empty without any.
func (r Rules) String() string {
	var names []string
	for i, name := range []string{"outside", "trend", "two-in-three", "shift"} {
		if r.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Point is one place on a control chart, in the unit of the data (0–1 for a p chart). A place
// without data has NaN for Value and, on a p chart, for its limits; no rule sees it. The near limits
// are at two thirds of the outer ones and NaN on a p chart.
type Point struct {
	Value             float64
	Low, High         float64
	NearLow, NearHigh float64
	Rules             Rules
}

// Chart is a control chart: a p chart or an XmR chart. Centre is NaN when the baseline has no data.
type Chart struct {
	Centre float64
	Points []Point
	// Used counts the points with data in the baseline; with fewer than TrialPoints, Trial is true.
	Used  int
	Trial bool
	// MeanRange is the mean moving range behind the limits of an XmR chart, after screening; NaN on
	// a p chart.
	MeanRange float64
	// SigmaZ is Laney's measure of a p chart: how many times wider the points vary from one to the
	// next than binomial chance alone makes them. It is NaN on an XmR chart, or when it cannot be told.
	SigmaZ float64
}

// Signals is the index of every point that breaks a rule, in order.
func (c Chart) Signals() []int {
	var signals []int
	for i, p := range c.Points {
		if p.Rules != 0 {
			signals = append(signals, i)
		}
	}
	return signals
}

func newChart(length int) Chart {
	nan := math.NaN()
	c := Chart{Centre: nan, Points: make([]Point, length), Trial: true, MeanRange: nan, SigmaZ: nan}
	for i := range c.Points {
		c.Points[i] = Point{nan, nan, nan, nan, nan, 0}
	}
	return c
}

func (c *Chart) count(used int) {
	c.Used, c.Trial = used, used < TrialPoints
}

// frozen is how many of the points are baseline: all when baseline is not a number of them.
func frozen(baseline, points int) int {
	if baseline <= 0 || baseline > points {
		return points
	}
	return baseline
}

// slack is how close to a line a value of this size counts as on it: a mean of equal decimal numbers
// may differ from them in the last bit.
func slack(size float64) float64 { return 1e-9 * math.Max(1, math.Abs(size)) }

// PChart is the control chart of the shares x[i]/n[i]: p̄ = Σx/Σn over the first baseline points
// (0 = all) and limits p̄ ± 3√(p̄(1−p̄)/n[i]) for every point, clipped to 0–1 (Shewhart 1931;
// Montgomery, Introduction to Statistical Quality Control). The only rule is Outside. SigmaZ says
// whether the limits fit: see Laney. A point with n = 0, or x and n that are no share, is a gap. When
// p̄ is 0 or 1 the data say nothing of variation and the limits are 0 and 1. With slices of unequal
// length the chart is empty.
func PChart(x, n []int, baseline int) Chart { return shares(x, n, baseline, false) }

// Laney is PChart with limits p̄ ± 3σ_z√(p̄(1−p̄)/n[i]), where σ_z is the mean of |z[i] − z[i−1]| over
// the baseline divided by 1.128, and z[i] = (p[i] − p̄)/√(p̄(1−p̄)/n[i]). It fits shares that vary more
// (or less) than chance between points, as with hundreds of answers a month. Without two points in
// the baseline, or when all of them are alike, it is PChart. Laney 2002.
func Laney(x, n []int, baseline int) Chart { return shares(x, n, baseline, true) }

func shares(x, n []int, baseline int, laney bool) Chart {
	if len(x) != len(n) {
		return newChart(0)
	}
	c := newChart(len(x))
	base := frozen(baseline, len(x))
	used, hits, total := 0, 0, 0
	for i := range x {
		if !countable(x[i], n[i]) || n[i] == 0 {
			continue
		}
		c.Points[i].Value = float64(x[i]) / float64(n[i])
		if i < base {
			used, hits, total = used+1, hits+x[i], total+n[i]
		}
	}
	c.count(used)
	if total == 0 {
		return c
	}
	c.Centre = float64(hits) / float64(total)
	sigma := math.Sqrt(c.Centre * (1 - c.Centre))
	if sigma > 0 {
		z := make([]float64, 0, base)
		for i, p := range c.Points[:base] {
			if !math.IsNaN(p.Value) {
				z = append(z, (p.Value-c.Centre)/sigma*math.Sqrt(float64(n[i])))
			}
		}
		c.SigmaZ = average(movingRanges(z)) / rangePerSigma
	}
	width := 3 * sigma
	if laney && c.SigmaZ > 0 {
		width *= c.SigmaZ
	}
	for i := range c.Points {
		p := &c.Points[i]
		if math.IsNaN(p.Value) {
			continue
		}
		p.Low, p.High = 0, 1
		if sigma > 0 {
			half := width / math.Sqrt(float64(n[i]))
			p.Low, p.High = math.Max(0, c.Centre-half), math.Min(1, c.Centre+half)
		}
		if p.beyond(p.Low, p.High) {
			p.Rules |= Outside
		}
	}
	return c
}

// XmR is the control chart of single values by the rules of NHS Making Data Count (as in the R
// package NHSRplotthedots): the mean of the first baseline values (0 = all) ± 2.66 times their mean
// moving range, with all four rules run over the whole series. 2.66 is 3/1.128 rounded. The limits
// are in the unit of the values and are not clipped to its scale. A value that is NaN is a gap: the
// rules and ranges step over it. With fewer than two values in the baseline the limits are NaN and
// nothing is a signal; values that never vary have limits of no width. Wheeler 2000; NHS England.
func XmR(values []float64, baseline int) Chart { return individuals(values, baseline, false) }

// XmRScreened is XmR where moving ranges of at least 3.267 times their mean are left out, once,
// before the mean moving range sets the limits, so that one leap does not widen them. Nelson 1982.
func XmRScreened(values []float64, baseline int) Chart { return individuals(values, baseline, true) }

func individuals(values []float64, baseline int, screen bool) Chart {
	c := newChart(len(values))
	used := present(values[:frozen(baseline, len(values))])
	c.count(len(used))
	c.Centre = average(used)
	ranges := movingRanges(used)
	c.MeanRange = average(ranges)
	if screen && c.MeanRange > 0 {
		kept := ranges[:0]
		for _, r := range ranges {
			if r < screenFactor*c.MeanRange {
				kept = append(kept, r)
			}
		}
		c.MeanRange = average(kept)
	}
	half := rangeFactor * c.MeanRange
	var seen []*Point
	for i, v := range values {
		p := &c.Points[i]
		*p = Point{v, c.Centre - half, c.Centre + half, c.Centre - half*2/3, c.Centre + half*2/3, 0}
		if !math.IsNaN(v) {
			seen = append(seen, p)
		}
	}
	if !math.IsNaN(half) {
		judge(seen, c.Centre)
	}
	return c
}

// judge marks the points of an XmR chart, which have no gaps among them.
func judge(points []*Point, centre float64) {
	sides, steps := make([]int, len(points)), make([]int, 0, len(points))
	near := make([]bool, len(points))
	for i, p := range points {
		sides[i] = side(p.Value, centre)
		if i > 0 {
			steps = append(steps, side(p.Value, points[i-1].Value))
		}
		if p.beyond(p.Low, p.High) {
			p.Rules |= Outside
		} else {
			near[i] = p.beyond(p.NearLow, p.NearHigh)
		}
	}
	runs(sides, func(from, to int) {
		if to-from >= shiftPoints {
			mark(points[from:to], Shift)
		}
	})
	runs(steps, func(from, to int) {
		if to-from >= trendSteps {
			mark(points[from:to+1], Trend)
		}
	})
	for i := 2; i < len(points); i++ {
		if sides[i] == 0 || sides[i-1] != sides[i] || sides[i-2] != sides[i] {
			continue
		}
		var two []*Point
		for j := i - 2; j <= i; j++ {
			if near[j] {
				two = append(two, points[j])
			}
		}
		if len(two) >= 2 {
			mark(two, TwoInThree)
		}
	}
}

func mark(points []*Point, rule Rules) {
	for _, p := range points {
		p.Rules |= rule
	}
}

func (p *Point) beyond(low, high float64) bool {
	return side(p.Value, low) < 0 || side(p.Value, high) > 0
}

// side is 1 for a value above the line, −1 below, and 0 on it or when either is NaN.
func side(value, line float64) int {
	switch d := value - line; {
	case d > slack(line):
		return 1
	case d < -slack(line):
		return -1
	}
	return 0
}

// runs calls visit with the ends [from, to) of each longest stretch of equal signs, zeros left out.
func runs(signs []int, visit func(from, to int)) {
	for from := 0; from < len(signs); {
		to := from + 1
		for to < len(signs) && signs[to] == signs[from] {
			to++
		}
		if signs[from] != 0 {
			visit(from, to)
		}
		from = to
	}
}

func movingRanges(values []float64) []float64 {
	var ranges []float64
	for i := 1; i < len(values); i++ {
		ranges = append(ranges, math.Abs(values[i]-values[i-1]))
	}
	return ranges
}

// average is the mean, or NaN without values.
func average(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
