package disclosure

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/venterom/venterom/internal/stats"
)

// Limits of what a network may see of its practices (S10 to S13), beside CohortFloor.
const (
	DotCohort  = 10  // fewest practices whose points are drawn
	dominance  = 0.5 // largest part of the others' answers that one practice may have
	fewChanged = 3   // a cohort that changed by fewer practices is not shown
	bandLeast  = 3   // fewest points drawn at one place along the axis of answers
	bandsMost  = 20  // most such places: more could not be told apart in a picture
	manyOthers = 100 // from here the prior of all is used for each, itself included: it moves nothing shown
)

// Benchmark is what one practice may see of the others in its network: nothing in it belongs to one
// of them. Values are rounded to whole points or per cent, so that they cannot be worked backwards.
type Benchmark struct {
	practices         int
	median, low, high float64 // of the others' mean scores
	share             float64 // median of the others' positive shares
	spread            stats.Spread
	mu, m             float64
	dots              []Dot
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

// Cohort is the practices with enough answers to one question in one quarter. It is made once and
// asked by many; it tells nothing but what a Benchmark or a Pool may, and those only through a Ledger.
type Cohort struct {
	members []cohortMember // in order of id
	ids     []string
	counts  map[string]int // of all together, without "does not apply"
	fit     func() (mu, m float64)
}

// Cohort picks the practices with enough answers to a question. members are the sealed counts of all
// practices by id; scores is by option code, 0–100; aside is the code of "does not apply".
func (g Gate) Cohort(members map[string]Sealed, scores map[string]float64, aside string) Cohort {
	c := Cohort{counts: map[string]int{}}
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
			c.members, c.ids = append(c.members, m), append(c.ids, id)
			for code, n := range members[id].counts {
				if code != aside {
					c.counts[code] += n
				}
			}
		}
	}
	c.fit = sync.OnceValues(func() (mu, m float64) { return fit(c.members) })
	return c
}

func fit(members []cohortMember) (mu, m float64) {
	x, n := make([]int, len(members)), make([]int, len(members))
	for i, m := range members {
		x[i], n[i] = m.positive, m.n
	}
	return stats.BetaBinomial(x, n)
}

// without is the cohort with one practice left out.
func (c Cohort) without(id string) []cohortMember {
	return slices.DeleteFunc(slices.Clone(c.members), func(m cohortMember) bool { return m.id == id })
}

// benchmark makes the benchmark for one practice, itself left out.
func (c Cohort) benchmark(viewer string) Benchmark {
	others := c.without(viewer)
	b := Benchmark{practices: len(others)}
	shares, x, n := make([]float64, len(others)), make([]int, len(others)), make([]int, len(others))
	for i, m := range others {
		shares[i], x[i], n[i] = m.positiveOf, m.positive, m.n
	}
	b.median, b.low, b.high = middle(others)
	b.share = percent(stats.Quantile(shares, 0.5))
	if len(others) < manyOthers {
		b.mu, b.m = fit(others)
	} else {
		b.mu, b.m = c.fit()
	}
	b.spread = stats.SpreadOf(x, n)
	// Limits can be asked for at many sizes, and two leads can put theirs side by side, so what they are
	// made of is rounded before: centre and width to whole per cent and the prior's weight to a doubling;
	// among few practices, where one per cent would tell the counts of three that are alike, to five per
	// cent and an eightfold, and one centre serves for both. The width is rounded up, which makes up for the
	// rest; the centre is never 0 or 1, around which the limits have no width and one answer would put a
	// practice outside.
	step, power := 0.01, 1.0
	if len(c.members) < DotCohort {
		step, power, b.mu = 0.05, 3, b.spread.Centre
	}
	near := func(share float64) float64 { return max(step, min(1-step, percent(step*math.Round(share/step)))) }
	b.spread.Centre, b.mu = near(b.spread.Centre), near(b.mu)
	width := percent(step * math.Ceil(math.Sqrt(b.spread.Between+b.spread.Error)/step-1e-9))
	b.spread.Between, b.spread.Error = width*width, 0
	if power > 1 {
		b.m = math.Exp2(power * math.Floor(math.Log2(b.m)/power)) // drawn too little rather than too much
	} else {
		b.m = math.Exp2(math.Round(math.Log2(b.m)))
	}
	if len(c.members) >= DotCohort {
		b.dots = dots(others)
	}
	return b
}

// middle is the median and the middle half of the practices' means, in whole points. The half is given
// at least a point to either side: a median that is the half as well would say that all are alike, and
// with few answers that tells what each one has.
func middle(members []cohortMember) (median, low, high float64) {
	means := make([]float64, len(members))
	for i, m := range members {
		means[i] = m.mean
	}
	median = math.Round(stats.Quantile(means, 0.5))
	low, high = math.Round(stats.Quantile(means, 0.25)), math.Round(stats.Quantile(means, 0.75))
	return median, max(0, min(low, median-1)), min(100, max(high, median+1))
}

// Pool is what a network's coordinator may see of it: all practices together and none alone. Numbers
// are rounded so that a practice that leads or knows its own cannot take them away exactly.
type Pool struct {
	practices, least  int
	median, low, high float64
	shares            map[string]float64
}

// pool makes the pool of a cohort.
func (c Cohort) pool() Pool {
	total := 0
	for _, m := range c.members {
		total += m.n
	}
	p := Pool{practices: len(c.members), shares: make(map[string]float64, len(c.counts))}
	p.median, p.low, p.high = middle(c.members)
	for code, n := range c.counts {
		p.shares[code] = percent(float64(n) / float64(total))
	}
	for _, band := range []int{50, 100, 200, 500, 1000} {
		if total >= band {
			p.least = band
		}
	}
	return p
}

// Practices is the number of practices behind the figures.
func (p Pool) Practices() int { return p.practices }

// Least is the lower end of the band that the number of answers is in: 50, 100, 200, 500 or 1,000.
func (p Pool) Least() int { return p.least }

// Middle is the median and middle half of the practices' mean scores, in whole points 0–100.
func (p Pool) Middle() (median, low, high float64) { return p.median, p.low, p.high }

// Shares is the part of all answers that each option has, by code, in whole per cent of 1, so that they
// may not add up to 100.
func (p Pool) Shares() map[string]float64 { return maps.Clone(p.shares) }

func percent(share float64) float64 { return math.Round(100*share) / 100 }

// dots places the others by bands of answers with at least three in each, sorted by share: the order
// says nothing, and there is no name to follow from one quarter to the next (S13).
func dots(others []cohortMember) []Dot {
	byN := slices.SortedFunc(slices.Values(others), func(a, b cohortMember) int { return cmp.Compare(a.n, b.n) })
	least := max(bandLeast, (len(byN)+bandsMost-1)/bandsMost)
	var out []Dot
	for len(byN) > 0 {
		k := least
		if len(byN) < 2*least {
			k = len(byN)
		}
		for k < len(byN) && byN[k].n == byN[k-1].n {
			k++
		}
		if len(byN)-k < least {
			k = len(byN)
		}
		sum := 0
		for _, m := range byN[:k] {
			sum += m.n
		}
		for _, m := range byN[:k] {
			share := m.positiveOf
			if m.n < Detail { // S7: of few answers, nobody is told that all were alike
				share = max(0.05, min(0.95, share))
			}
			out = append(out, Dot{int(math.Round(float64(sum)/float64(k)/5)) * 5, percent(share)})
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

// Limits are the funnel's limits for n answers around the others' mean share, widened by how much the
// others differ among themselves, in whole per cent of 1 (rule M4).
func (b Benchmark) Limits(n int) stats.Limits {
	l := b.spread.Limits(n)
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
