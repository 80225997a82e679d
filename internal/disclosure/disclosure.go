// Package disclosure is the one gate between what was counted and what anyone is told. Counts are
// sealed when they leave the store; only a Gate opens them, and what it hands out (a Question, a
// Split) can be made by nothing else. Pages, charts and files take only what the gate handed out.
//
// Rules S1 to S7 of the disclosure rule set are enforced here; S3 (results exist only as releases)
// is enforced by Ready and Spread, which the weekly close is made of.
package disclosure

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Floors of the rule set. A gate may be made with higher ones, never with lower ones.
const (
	Floor       = 10 // S1: fewest answers anything is ever said about
	CohortFloor = 5  // S10, S11: fewest practices with enough answers that a network's figure is made of
	Detail      = 30 // S6, S7: fewest answers for five steps and for shares near 0 and 100 %
)

// Sealed is the counts of one question (by option code), or of responses by channel or collection
// point, summed over whole releases. It can be added and stored; only a Gate can read it.
type Sealed struct{ counts map[string]int }

// Seal closes counts; they are copied.
func Seal(counts map[string]int) Sealed { return Sealed{maps.Clone(counts)} }

// Plus is the sum of two sealed counts.
func (s Sealed) Plus(o Sealed) Sealed {
	sum := make(map[string]int, max(len(s.counts), len(o.counts)))
	for _, m := range []map[string]int{s.counts, o.counts} {
		for k, n := range m {
			sum[k] += n
		}
	}
	return Sealed{sum}
}

// UnmarshalJSON lets the store read counts without seeing them.
func (s *Sealed) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &s.counts) }

// MarshalJSON keeps counts from leaving as JSON.
func (s Sealed) MarshalJSON() ([]byte, error) { return []byte(`{}`), nil }

// String keeps counts out of logs and messages.
func (s Sealed) String() string { return "sealed" }

// Gate decides what may be shown. The zero Gate has the floors of the rule set.
type Gate struct{ answers, practices int }

// NewGate makes a gate with floors of its own: the fewest answers, and the fewest practices in a
// network, that anything is said about. One that is lower than the rule set's is an error.
func NewGate(answers, practices int) (Gate, error) {
	if answers < Floor {
		return Gate{}, fmt.Errorf("results of fewer than %d answers are never shown: the floor may be raised, not lowered to %d", Floor, answers)
	}
	if practices < CohortFloor {
		return Gate{}, fmt.Errorf("figures of fewer than %d practices are never shown: the floor may be raised, not lowered to %d", CohortFloor, practices)
	}
	return Gate{answers, practices}, nil
}

// Floor is the fewest answers this gate says anything about.
func (g Gate) Floor() int { return max(g.answers, Floor) }

// CohortFloor is the fewest practices with enough answers that this gate makes a network's figure of.
func (g Gate) CohortFloor() int { return max(g.practices, CohortFloor) }

// Bound says that a value near 0 or 100 % is given only as a limit (S7).
type Bound int

// A value is exact, or "at most", or "at least".
const (
	AtMost  Bound = -1
	Exact   Bound = 0
	AtLeast Bound = 1
)

// Question is what may be shown of one question over one period.
type Question struct {
	n, aside int
	counts   map[string]int
	groups   [3]int
	bound    Bound

	mean      float64
	meanBound Bound
}

// Question lets one question through, or nothing: false means "fewer than ten". scores is by option
// code, nil for an unscored question; aside is the code of "does not apply", which is never part of n.
func (g Gate) Question(s Sealed, scores map[string]float64, aside string) (Question, bool) {
	var q Question
	var sum float64
	for code, n := range s.counts {
		if code == aside {
			q.aside = n
			continue
		}
		q.n += n
		if score, ok := scores[code]; ok {
			q.groups[group(score)] += n
			sum += score * float64(n)
		}
	}
	if q.n < g.Floor() {
		return Question{}, false
	}
	q.mean = sum / float64(q.n)
	if q.aside < g.Floor() {
		q.aside = 0
	}
	if q.n >= Detail {
		q.counts = maps.Clone(s.counts)
		delete(q.counts, aside)
		return q, true
	}
	if scores == nil { // an unordered question has no coarser form
		return Question{}, false
	}
	switch {
	case q.mean > 95:
		q.mean, q.meanBound = 95, AtLeast
	case q.mean < 5:
		q.mean, q.meanBound = 5, AtMost
	}
	// S7: with few answers, "all" and "none" tell what each one said. The outer group is then given
	// as the nearest count that keeps at least one answer elsewhere, and marked as a limit.
	least := max(2, (q.n+19)/20) // 5 % of n, and never one: "at least 11 of 12" would mean all
	if q.groups[2] > q.n-least {
		q.groups, q.bound = [3]int{0, least, q.n - least}, AtLeast
	} else if q.groups[2] < least {
		negative := min(q.groups[0], q.n-2*least)
		q.groups, q.bound = [3]int{negative, q.n - least - negative, least}, AtMost
	}
	return q, true
}

// group sorts a score 0–100 into negative, middle and positive.
func group(score float64) int {
	switch {
	case score < 50:
		return 0
	case score > 50:
		return 2
	}
	return 1
}

// N is the number of valid answers ("does not apply" left out), at least the gate's floor.
func (q Question) N() int { return q.n }

// Aside is how many chose "does not apply"; 0 also when there were fewer than the floor.
func (q Question) Aside() int { return q.aside }

// Counts is the number of answers by option code; nil below Detail, where only Groups may be shown.
func (q Question) Counts() map[string]int { return maps.Clone(q.counts) }

// Groups is the number of negative (score under 50), middle and positive answers.
func (q Question) Groups() [3]int { return q.groups }

// Bound tells whether the positive group is a limit instead of a count.
func (q Question) Bound() Bound { return q.bound }

// Mean is the mean score 0–100. Below Detail a mean within 5 of either end is given as that limit (S7).
func (q Question) Mean() (mean float64, bound Bound) { return q.mean, q.meanBound }

// Split is a number of responses divided by channel or collection point, each part at least the floor.
type Split struct {
	total int
	parts map[string]int
}

// Split lets a division of responses through; false means "fewer than ten". Parts under the floor are
// left out; Spread and Merge have made sure that what is left out is nothing or at least the floor.
func (g Gate) Split(s Sealed) (Split, bool) {
	out := Split{parts: map[string]int{}}
	for k, n := range s.counts {
		out.total += n
		if n >= g.Floor() {
			out.parts[k] = n
		}
	}
	return out, out.total >= g.Floor()
}

// Total is the number of responses.
func (s Split) Total() int { return s.total }

// Parts is the number of responses by channel or point.
func (s Split) Parts() map[string]int { return maps.Clone(s.parts) }

// Gathered is the same number of responses, undivided. Where one part is not to be told, gathering it with
// the smallest other would not do: that one may be a burst that was let in, whose number is known.
func (s Split) Gathered() Split { return Split{s.total, map[string]int{Mixed: s.total}} }

// Ready reports whether pending counts of a question may become a release: valid answers up to the floor.
func (g Gate) Ready(counts map[string]int, aside string) bool {
	n := 0
	for code, k := range counts {
		if code != aside {
			n += k
		}
	}
	return n >= g.Floor()
}

// Mixed is the part that Merge gathers small parts in.
const Mixed = "mixed"

// Merge makes parts of at least the floor by gathering the small ones, and if need be the smallest of the
// others with them. A part that is present with 0 was open and brought nothing: it is small like any
// other, so that none and few look alike (S2).
func (g Gate) Merge(counts map[string]int) map[string]int {
	keep, small := g.smallest(counts)
	out := make(map[string]int, len(counts))
	for _, k := range keep {
		out[k] = counts[k]
	}
	if len(small) > 0 {
		sum := 0
		for _, k := range small {
			sum += counts[k]
		}
		out[Mixed] += sum
	}
	return out
}

// patience is how many times the floor may wait for the slowest collection point to reach it.
const patience = 30

// Spread tells which of the pending counts by collection point may be released now and which wait: all
// of them together once each has reached the floor, or nothing. If some went while others waited, the
// total of each week less the points that went would tell what the others got in that week alone, be it
// one response. Where a point is so slow that thirty floors wait, the small ones are gathered as Mixed
// and all go.
func (g Gate) Spread(counts map[string]int) (release, rest map[string]int) {
	counts = maps.Clone(counts)
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
	keep, small := g.smallest(counts)
	sum := 0
	for _, n := range counts {
		sum += n
	}
	switch {
	case len(small) == 0:
		return counts, map[string]int{}
	case sum < patience*g.Floor():
		return map[string]int{}, counts
	}
	release = map[string]int{}
	for _, k := range keep {
		release[k] = counts[k]
	}
	for _, k := range small {
		release[Mixed] += counts[k]
	}
	return release, map[string]int{}
}

// smallest separates the parts under the floor from the others, and takes the smallest others with them
// until the separated ones reach it together (or everything is taken).
func (g Gate) smallest(counts map[string]int) (keep, small []string) {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if d := counts[a] - counts[b]; d != 0 {
			return d
		}
		if a < b {
			return -1
		}
		return 1
	})
	sum := 0
	for i, k := range keys {
		if counts[k] >= g.Floor() && (len(small) == 0 || sum >= g.Floor()) {
			return keys[i:], small
		}
		small = append(small, k)
		sum += counts[k]
	}
	return nil, small
}
