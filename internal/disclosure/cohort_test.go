package disclosure

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/venterom/venterom/internal/stats"
)

var twoScores = map[string]float64{"yes": 100, "no": 0}

// answers is a practice with x positive of n.
func answers(x, n int) Sealed { return Seal(map[string]int{"yes": x, "no": n - x, "na": 3}) }

func cohort(sizes ...int) map[string]Sealed {
	members := map[string]Sealed{}
	for i, n := range sizes {
		members[fmt.Sprintf("p%02d", i)] = answers(n*3/4, n)
	}
	return members
}

// snapshot is one quarter of one question, "q".
type snapshot struct {
	members map[string]Sealed
	cohort  Cohort
	ledger  Ledger
}

func freeze(members map[string]Sealed, beside Beside) snapshot {
	c := Gate{}.Cohort(members, twoScores, "na")
	return snapshot{members, c, Gate{}.Ledger(slices.Collect(maps.Keys(members)), map[string]Cohort{"q": c}, beside)}
}

// frozen is a history of quarters, each with the ledgers of those before it.
func frozen(history []map[string]Sealed) []snapshot {
	var out []snapshot
	var beside Beside
	for _, members := range history {
		s := freeze(members, beside)
		out = append(out, s)
		beside.Earlier = append([]Ledger{s.ledger}, beside.Earlier...)
	}
	return out
}

// others is what a practice sees of a network that has one quarter.
func others(viewer string, members map[string]Sealed) (Benchmark, Withheld) {
	s := freeze(members, Beside{})
	return s.ledger.Others("q", viewer, s.cohort)
}

func TestFiveContributingPracticesAtLeast(t *testing.T) {
	for name, c := range map[string]struct {
		sizes []int
		want  Withheld
	}{
		"four":                         {[]int{40, 40, 40, 40}, TooFew},
		"five":                         {[]int{40, 40, 40, 40, 40}, None},
		"six":                          {[]int{40, 40, 40, 40, 40, 40}, None},
		"the fifth has nine answers":   {[]int{40, 40, 40, 40, 9}, TooFew},
		"one of four has half":         {[]int{40, 30, 10, 10, 10}, None},
		"one of four has more":         {[]int{40, 31, 10, 10, 10}, Dominated},
		"the viewer itself is largest": {[]int{4000, 30, 10, 10, 10}, None},
	} {
		t.Run(name, func(t *testing.T) {
			members := cohort(c.sizes...)
			b, why := others("p00", members)
			if why != c.want {
				t.Errorf("got %v, want %v", why, c.want)
			}
			if why != None {
				if b.Practices() != 0 || b.Dots() != nil || b.Share() != 0 {
					t.Errorf("something is shown: %+v", b)
				}
			} else if b.Practices() != len(c.sizes)-1 {
				t.Errorf("%d others", b.Practices())
			}
		})
	}
}

func TestDotsHaveThreeAtEachPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var sizes []int
		for range 4 + r.IntN(120) {
			sizes = append(sizes, 5+r.IntN(200))
		}
		members := cohort(sizes...)
		contributing := len(Gate{}.Cohort(members, twoScores, "na").ids)
		b, why := others("p00", members)
		if why != None || contributing < DotCohort {
			if b.Dots() != nil {
				t.Fatalf("%d practices have dots", contributing)
			}
			continue
		}
		places := map[int]int{}
		for _, d := range b.Dots() {
			places[d.N]++
			if d.Share != percent(d.Share) || d.N%5 != 0 {
				t.Fatalf("not rounded: %+v", d)
			}
		}
		for n, k := range places {
			if k < bandLeast {
				t.Fatalf("%d practices at %d", k, n)
			}
		}
		if len(places) > bandsMost || len(b.Dots()) != b.Practices() {
			t.Fatalf("%d places, %d dots of %d", len(places), len(b.Dots()), b.Practices())
		}
	}
}

// TestLimitsAndShrinkageAreThoseOfStats: on the counts themselves, rounded as for few practices.
func TestLimitsAndShrinkageAreThoseOfStats(t *testing.T) {
	x, n := []int{30, 44, 12, 88, 61, 40, 33}, []int{40, 50, 20, 100, 70, 60, 36}
	members := map[string]Sealed{"me": answers(20, 45)}
	for i := range x {
		members[fmt.Sprint("p", i)] = answers(x[i], n[i])
	}
	b, why := others("me", members)
	if why != None {
		t.Fatal(why)
	}
	spread := stats.SpreadOf(x, n)
	spread.Centre = math.Round(20*spread.Centre) / 20
	width := math.Ceil(20*math.Sqrt(spread.Between+spread.Error)) / 20
	spread.Between, spread.Error = width*width, 0
	for _, size := range []int{10, 45, 99, 100, 1000} {
		want, got := spread.Limits(size), b.Limits(size)
		for _, pair := range [][2]float64{{want.Low95, got.Low95}, {got.High95, want.High95}, {want.Low998, got.Low998}, {got.High998, want.High998}} {
			if d := pair[0] - pair[1]; d < -1e-9 || d > 0.01+1e-9 { // rounded outwards
				t.Errorf("n=%d: %+v of %+v", size, got, want)
			}
		}
	}
	_, m := stats.BetaBinomial(x, n)
	mean, ci := stats.Shrink(20, 45, spread.Centre, math.Exp2(3*math.Floor(math.Log2(m)/3)))
	got, interval := b.Shrunk(20, 45)
	if math.Abs(got-mean) > 0.005 || math.Abs(interval.Low-ci.Low) > 0.005 || math.Abs(interval.High-ci.High) > 0.005 {
		t.Errorf("got %v %v, want %v %v", got, interval, mean, ci)
	}
	if b.Share() != 0.87 { // of .75 .88 .6 .88 .871 .667 .917 the fourth
		t.Errorf("middle %v", b.Share())
	}
	// All others positive: one negative answer of forty is not outside.
	same := map[string]Sealed{"me": answers(39, 40)}
	for i := range 6 {
		same[fmt.Sprint("p", i)] = answers(50, 50)
	}
	b, _ = others("me", same)
	if l := b.Limits(40); l.Low95 > 39.0/40 || math.IsNaN(l.Low998) {
		t.Errorf("limits %+v", l)
	}
}

func TestPool(t *testing.T) {
	for name, c := range map[string]struct {
		sizes []int
		want  Withheld
		least int
	}{
		"four":  {[]int{40, 40, 40, 40}, TooFew, 0},
		"five":  {[]int{40, 40, 40, 40, 40}, None, 200},
		"small": {[]int{10, 10, 10, 10, 11}, None, 50},
		// Whoever leads the second largest takes their own away: the largest is then over half of the rest.
		"dominated after subtraction": {[]int{60, 50, 15, 15, 20}, Dominated, 0},
		"just not":                    {[]int{50, 60, 15, 15, 30}, None, 100},
	} {
		t.Run(name, func(t *testing.T) {
			s := freeze(cohort(c.sizes...), Beside{})
			p, why := s.ledger.Pool("q", s.cohort)
			if why != c.want || p.Least() != c.least {
				t.Errorf("got %v, at least %d", why, p.Least())
			}
			if _, ok := p.Shares()["na"]; ok {
				t.Error("what does not apply is a share")
			}
			for code, s := range p.Shares() {
				if s != percent(s) {
					t.Errorf("%s: %v is not whole per cent", code, s)
				}
			}
		})
	}
}

// leadView is everything the pages say to one practice of one question over all quarters, its own exact
// counts included; coordinatorView the same for the coordinator.
func leadView(viewer string, history []snapshot) string {
	var view string
	for _, s := range history {
		if _, in := s.members[viewer]; !in {
			view += "|not in"
			continue
		}
		b, why := s.ledger.Others("q", viewer, s.cohort)
		own := s.members[viewer].counts
		view += fmt.Sprint("|", own["yes"], own["no"], why)
		if why != None {
			continue
		}
		median, low, high := b.Middle()
		view += fmt.Sprint(b.Practices(), median, low, high, b.Share(), b.Dots())
		for n := Floor; n < 1000; n += 1 + n/3 {
			view += fmt.Sprint(b.Limits(n))
		}
		share, ci := b.Shrunk(own["yes"], own["yes"]+own["no"])
		view += fmt.Sprint(share, ci)
	}
	return view
}

func coordinatorView(history []snapshot) string {
	var view string
	for _, s := range history {
		p, why := s.ledger.Pool("q", s.cohort)
		median, low, high := p.Middle()
		view += fmt.Sprint("|", why, p.Practices(), p.Least(), median, low, high, p.Shares())
	}
	return view
}

// TestNoViewTellsPracticesApart is the permutation argument, run: over random networks whose practices
// join, leave, and have few answers or many, exchange in one quarter the counts of any two practices
// that both have enough, or give one that has too few any other few. Neither the leads of two other
// practices who put everything they see together, their own exact figures included, nor the coordinator,
// sees any change in anything over all quarters. So whatever they know fits another world in which a
// named practice has other counts.
func TestNoViewTellsPracticesApart(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	exchanged, shown := 0, 0
	for range 60 {
		count := 4 + r.IntN(12)
		in := make([]bool, count)
		var history []map[string]Sealed
		for q := range 2 + r.IntN(5) {
			members := map[string]Sealed{}
			for i := range in {
				if q == 0 {
					in[i] = r.Float64() < 0.8
				} else if r.Float64() < 0.08 {
					in[i] = !in[i]
				}
				if in[i] {
					n := 4 + r.IntN(60)
					members[fmt.Sprintf("p%02d", i)] = answers(int(float64(n)*(0.6+0.4*r.Float64())), n)
				}
			}
			history = append(history, members)
		}
		for q, members := range history {
			ids := slices.Sorted(maps.Keys(members))
			enough := Gate{}.Cohort(members, twoScores, "na").ids
			for _, a := range ids {
				changed := maps.Clone(members)
				var b string
				if slices.Contains(enough, a) {
					b = enough[r.IntN(len(enough))]
					changed[a], changed[b] = members[b], members[a]
				} else {
					n := r.IntN(Floor)
					changed[a] = answers(r.IntN(n+1), n)
				}
				counts := slices.Clone(history)
				counts[q] = changed
				is, world := frozen(history), frozen(counts)
				if got, want := coordinatorView(world), coordinatorView(is); got != want {
					t.Fatalf("the coordinator tells %s and %s apart:\n%s\n%s", a, b, got, want)
				}
				viewer, ally := fmt.Sprintf("p%02d", r.IntN(count)), fmt.Sprintf("p%02d", r.IntN(count))
				if viewer == a || viewer == b || ally == a || ally == b {
					continue
				}
				got, want := leadView(viewer, world)+leadView(ally, world), leadView(viewer, is)+leadView(ally, is)
				if got != want {
					t.Fatalf("%s and %s tell %s and %s apart:\n%s\n%s", viewer, ally, a, b, got, want)
				}
				exchanged++
				if len(want) > 400 {
					shown++
				}
			}
		}
	}
	if exchanged < 500 || shown < exchanged/4 {
		t.Errorf("only %d worlds, %d with figures", exchanged, shown)
	}
}

func twoLeads(m map[string]Sealed) string {
	m["me"], m["ally"] = answers(9, 12), answers(11, 13)
	history := frozen([]map[string]Sealed{m})
	return leadView("me", history) + leadView("ally", history)
}

// TestMoreThanOneWorldFits searches every world of a small network: the four other practices, or all five
// for the coordinator, each with one of sixteen counts and more where
// those are too few. Whatever is seen, a named practice may have had
// other counts.
func TestMoreThanOneWorldFits(t *testing.T) {
	type state struct{ x, n int }
	var states []state
	for _, n := range []int{10, 11, 12, 13} {
		for _, x := range []int{n - 4, n - 3, n - 1, n} {
			states = append(states, state{x, n})
		}
	}
	members := func(chosen []state) map[string]Sealed {
		m := map[string]Sealed{}
		for i, s := range chosen {
			m[fmt.Sprint("p", i)] = answers(s.x, s.n)
		}
		return m
	}
	// Practices are interchangeable (the test above), so only unordered worlds are walked.
	var walk func(k, from int, chosen []state, visit func([]state))
	walk = func(k, from int, chosen []state, visit func([]state)) {
		if k == 0 {
			visit(chosen)
			return
		}
		for i := from; i < len(states); i++ {
			walk(k-1, i, append(chosen, states[i]), visit)
		}
	}
	possible := func(k int, view func([]state) string) map[string]map[state]bool {
		fits := map[string]map[state]bool{}
		walk(k, 0, nil, func(chosen []state) {
			v := view(chosen)
			if fits[v] == nil {
				fits[v] = map[state]bool{}
			}
			for _, s := range chosen {
				fits[v][s] = true
			}
		})
		return fits
	}
	// Where all of a view's practices are alike, the space above may be too small to hold its other worlds:
	// then two of them are given any counts of up to forty with nearly the same share.
	another := func(k int, s state, view func([]state) string) bool {
		world := slices.Repeat([]state{s}, k)
		want := view(world)
		near := []state{s}
		for n := Floor; n <= 40; n++ {
			for x := range n + 1 {
				if (state{x, n}) != s && math.Abs(float64(x)/float64(n)-float64(s.x)/float64(s.n)) < 0.05 {
					near = append(near, state{x, n})
				}
			}
		}
		for i, a := range near {
			for _, b := range near[:i] {
				if world[0], world[1] = a, b; view(world) == want {
					return true
				}
			}
		}
		return false
	}
	for who, c := range map[string]struct {
		practices int
		view      func([]state) string
	}{
		"lead": {4, func(chosen []state) string {
			m := members(chosen)
			m["me"] = answers(9, 12)
			return leadView("me", frozen([]map[string]Sealed{m}))
		}},
		"coordinator": {5, func(chosen []state) string { return coordinatorView(frozen([]map[string]Sealed{members(chosen)})) }},
		// Two leads who tell each other all they see and have; of the others there are three in a network of
		// five and four in one of six.
		"two leads of five": {3, func(chosen []state) string { return twoLeads(members(chosen)) }},
		"two leads of six":  {4, func(chosen []state) string { return twoLeads(members(chosen)) }},
	} {
		for v, fits := range possible(c.practices, c.view) {
			if len(fits) > 1 {
				continue
			}
			for s := range fits {
				if !another(c.practices, s, c.view) {
					t.Errorf("the %s knows that every other practice has %v: %.60s", who, s, v)
				}
			}
		}
	}
}
