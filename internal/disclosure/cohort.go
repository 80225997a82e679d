package disclosure

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/venterom/venterom/internal/stats"
)

// Floors of what a network may see of its practices (S10 to S13).
const (
	Cohort     = 5   // fewest practices with enough answers that any figure is made of
	DotCohort  = 10  // fewest practices whose points are drawn
	dominance  = 0.5 // largest part of the others' answers that one practice may have
	fewChanged = 3   // a cohort that changed by fewer practices is not shown
	bandLeast  = 3   // fewest points drawn at one place along the axis of answers
)

// Withheld says why a network's figure is not shown; None means that it is.
type Withheld int

// The reasons, in the order they are looked for.
const (
	None      Withheld = iota
	TooFew             // fewer than five practices have ten answers
	Dominated          // one practice has more than half of the others' answers
	Changed            // one or two practices came or went since the last figure that was shown
)

// Benchmark is what one practice may see of the others in its network: nothing in it belongs to one
// of them. Values are rounded to whole points or per cent, so that they cannot be worked backwards.
type Benchmark struct {
	practices            int
	median, low, high    float64 // of the others' mean scores
	share                float64 // median of the others' positive shares
	p0, phi, tau2, mu, m float64
	dots                 []Dot
}

// Dot is one of the others in a funnel plot, without a name: the middle of a band of answers that at
// least three practices are in, and a share in whole per cent.
type Dot struct {
	N     int
	Share float64
}

// cohortMember is a practice with enough answers.
type cohortMember struct {
	id         string
	positive   int
	n          int
	mean       float64
	positiveOf float64
}

// contributing picks the practices with enough answers to a question, in order of id.
func (g Gate) contributing(members map[string]Sealed, scores map[string]float64, aside string) []cohortMember {
	var out []cohortMember
	for _, id := range slices.Sorted(maps.Keys(members)) {
		m := cohortMember{id: id}
		sum := 0.0
		for code, n := range members[id].counts {
			if score, ok := scores[code]; ok && code != aside {
				m.n += n
				sum += score * float64(n)
				if score > 50 {
					m.positive += n
				}
			}
		}
		if m.n >= g.Floor() {
			m.mean, m.positiveOf = sum/float64(m.n), float64(m.positive)/float64(m.n)
			out = append(out, m)
		}
	}
	return out
}

// Contributing lists the practices that a figure of the cohort would be made of: what the next
// quarter's cohort is compared with.
func (g Gate) Contributing(members map[string]Sealed, scores map[string]float64, aside string) []string {
	var ids []string
	for _, m := range g.contributing(members, scores, aside) {
		ids = append(ids, m.id)
	}
	return ids
}

// Comparable reports whether a cohort may be shown after an earlier one: not if one or two practices
// came or went, since the difference of the two figures would then be theirs (S12). Both are sorted;
// earlier is nil before the first.
func Comparable(earlier, now []string) bool {
	if earlier == nil {
		return true
	}
	changed := 0
	for _, id := range now {
		if !slices.Contains(earlier, id) {
			changed++
		}
	}
	for _, id := range earlier {
		if !slices.Contains(now, id) {
			changed++
		}
	}
	return changed == 0 || changed >= fewChanged
}

// Others makes the benchmark of one question for one practice from a quarter's cohort, itself left
// out. members are the sealed counts of all practices by id; earlier is the cohort last shown for this
// question, nil if none. scores is by option code, 0–100.
func (g Gate) Others(viewer string, members map[string]Sealed, scores map[string]float64, aside string, earlier []string) (Benchmark, Withheld) {
	all := g.contributing(members, scores, aside)
	if len(all) < Cohort {
		return Benchmark{}, TooFew
	}
	others := slices.DeleteFunc(slices.Clone(all), func(m cohortMember) bool { return m.id == viewer })
	total, largest := 0, 0
	for _, m := range others {
		total += m.n
		largest = max(largest, m.n)
	}
	if float64(largest) > dominance*float64(total) {
		return Benchmark{}, Dominated
	}
	if !Comparable(earlier, g.Contributing(members, scores, aside)) {
		return Benchmark{}, Changed
	}
	b := Benchmark{practices: len(others)}
	means, shares, x, n := make([]float64, len(others)), make([]float64, len(others)), make([]int, len(others)), make([]int, len(others))
	positive := 0
	for i, m := range others {
		means[i], shares[i], x[i], n[i] = m.mean, m.positiveOf, m.positive, m.n
		positive += m.positive
	}
	b.median, b.low, b.high = math.Round(stats.Quantile(means, 0.5)), math.Round(stats.Quantile(means, 0.25)), math.Round(stats.Quantile(means, 0.75))
	b.share = percent(stats.Quantile(shares, 0.5))
	b.p0 = float64(positive) / float64(total)
	b.phi, b.tau2 = stats.Overdispersion(x, n, b.p0)
	b.mu, b.m = stats.BetaBinomial(x, n)
	if len(all) >= DotCohort {
		b.dots = dots(others)
	}
	return b, None
}

func percent(share float64) float64 { return math.Round(100*share) / 100 }

// dots places the others by bands of answers with at least three in each, sorted by share: the order
// says nothing, and there is no name to follow from one quarter to the next (S13).
func dots(others []cohortMember) []Dot {
	byN := slices.SortedFunc(slices.Values(others), func(a, b cohortMember) int { return cmp.Compare(a.n, b.n) })
	var out []Dot
	for len(byN) > 0 {
		k := bandLeast
		if len(byN) < 2*bandLeast {
			k = len(byN)
		}
		for k < len(byN) && byN[k].n == byN[k-1].n {
			k++
		}
		if len(byN)-k < bandLeast {
			k = len(byN)
		}
		sum := 0
		for _, m := range byN[:k] {
			sum += m.n
		}
		for _, m := range byN[:k] {
			out = append(out, Dot{int(math.Round(float64(sum)/float64(k)/5)) * 5, percent(m.positiveOf)})
		}
		byN = byN[k:]
	}
	slices.SortFunc(out, func(a, b Dot) int { return cmp.Or(cmp.Compare(a.N, b.N), cmp.Compare(a.Share, b.Share)) })
	return out
}

// Practices is the number of other practices behind the figures.
func (b Benchmark) Practices() int { return b.practices }

// Middle is the median of the others' mean scores and the middle half of them, in whole points 0–100.
func (b Benchmark) Middle() (median, low, high float64) { return b.median, b.low, b.high }

// Share is the median of the others' positive shares, in whole per cent of 1.
func (b Benchmark) Share() float64 { return b.share }

// Limits are the funnel's limits for n answers around the others' pooled share, widened by their
// overdispersion, in whole per cent of 1 (rule M4).
func (b Benchmark) Limits(n int) stats.Limits {
	l := stats.Funnel(b.p0, n, b.phi, b.tau2)
	// Rounded outwards: rounding must not put a practice outside.
	down := func(x float64) float64 { return math.Floor(100*x) / 100 }
	up := func(x float64) float64 { return math.Ceil(100*x) / 100 }
	return stats.Limits{Low95: down(l.Low95), High95: up(l.High95), Low998: down(l.Low998), High998: up(l.High998)}
}

// Shrunk is a practice's share drawn towards the others' by as much as its few answers warrant, with
// its 95 % interval, in whole per cent of 1 (rule M5).
func (b Benchmark) Shrunk(positive, n int) (share float64, interval stats.Interval) {
	share, interval = stats.Shrink(positive, n, b.mu, b.m)
	return percent(share), stats.Interval{Low: percent(interval.Low), High: percent(interval.High)}
}

// Dots are the others in a funnel plot; nil in a network of fewer than ten.
func (b Benchmark) Dots() []Dot { return slices.Clone(b.dots) }
