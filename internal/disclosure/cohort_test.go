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
			b, why := Gate{}.Others("p00", members, twoScores, "na", nil)
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
			if checked := (Gate{}).Cohort(members, twoScores, "na").Check("p00", nil); checked != why {
				t.Errorf("Check says %v", checked)
			}
		})
	}
}

func TestCohortThatChanged(t *testing.T) {
	all := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for _, c := range []struct {
		earlier, now []string
		want         bool
	}{
		{nil, all, true}, {all, all, true}, {all, all[:7], false}, {all, all[:6], false}, {all, all[:5], true},
		{all[:7], all, false}, {all[:6], all, false}, {all[:5], all, true}, {all[:7], all[1:], false},
		{all[1:], append([]string{"A"}, all[2:]...), false}, {[]string{"a", "b", "d"}, []string{"b", "c", "e"}, true}, {[]string{}, all[:2], false},
	} {
		if got := Comparable(c.earlier, c.now); got != c.want {
			t.Errorf("%v after %v: %t", c.now, c.earlier, got)
		}
	}
}

// TestTheViewersOwnComingDoesNotCount: of three that came, one is the reader; the others are two.
func TestTheViewersOwnComingDoesNotCount(t *testing.T) {
	before := cohort(40, 40, 40, 40, 40, 40)
	now := maps.Clone(before)
	for _, id := range []string{"x", "y", "me"} {
		now[id] = answers(30, 40)
	}
	earlier := Gate{}.Contributing(before, twoScores, "na")
	if _, why := (Gate{}).Others("me", now, twoScores, "na", earlier); why != Changed {
		t.Errorf("got %v", why)
	}
	if _, why := (Gate{}).Others("p00", now, twoScores, "na", earlier); why != None {
		t.Errorf("for another: %v", why)
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
		contributing := len(Gate{}.Contributing(members, twoScores, "na"))
		b, why := Gate{}.Others("p00", members, twoScores, "na", nil)
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

// TestLimitsAndShrinkageAreThoseOfStats: on the counts themselves, with the target in whole per cent.
func TestLimitsAndShrinkageAreThoseOfStats(t *testing.T) {
	x, n := []int{30, 44, 12, 88, 61, 40, 33}, []int{40, 50, 20, 100, 70, 60, 36}
	members := map[string]Sealed{"me": answers(20, 45)}
	for i := range x {
		members[fmt.Sprint("p", i)] = answers(x[i], n[i])
	}
	b, why := Gate{}.Others("me", members, twoScores, "na", nil)
	if why != None {
		t.Fatal(why)
	}
	spread := stats.SpreadOf(x, n)
	spread.Centre = 2 * math.Round(math.Round(100*spread.Centre)/2) / 100
	width := math.Ceil(100*math.Sqrt(spread.Between+spread.Error)) / 100
	spread.Between, spread.Error = width*width, 0
	for _, size := range []int{10, 45, 99, 100, 1000} {
		want, got := spread.Limits(size), b.Limits(size)
		for _, pair := range [][2]float64{{want.Low95, got.Low95}, {got.High95, want.High95}, {want.Low998, got.Low998}, {got.High998, want.High998}} {
			if d := pair[0] - pair[1]; d < -1e-9 || d > 0.01+1e-9 { // rounded outwards
				t.Errorf("n=%d: %+v of %+v", size, got, want)
			}
		}
	}
	mu, m := stats.BetaBinomial(x, n)
	mean, ci := stats.Shrink(20, 45, math.Round(100*mu)/100, math.Exp2(math.Round(math.Log2(m))))
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
	b, _ = Gate{}.Others("me", same, twoScores, "na", nil)
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
			p, why := Gate{}.Cohort(cohort(c.sizes...), twoScores, "na").Network(nil)
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
func leadView(viewer string, history []map[string]Sealed) string {
	var view string
	var earlier []string
	for _, members := range history {
		if _, in := members[viewer]; !in {
			view += "|not in"
			continue
		}
		c := Gate{}.Cohort(members, twoScores, "na")
		b, why := c.Others(viewer, earlier)
		if why == None {
			earlier = c.IDs()
		}
		own := members[viewer].counts
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

func coordinatorView(history []map[string]Sealed) string {
	var view string
	var earlier []string
	for _, members := range history {
		c := Gate{}.Cohort(members, twoScores, "na")
		p, why := c.Network(earlier)
		if why == None {
			earlier = c.IDs()
		}
		median, low, high := p.Middle()
		view += fmt.Sprint("|", why, p.Practices(), p.Least(), median, low, high, p.Shares())
	}
	return view
}

// TestNoViewTellsPracticesApart is the permutation argument, run: over random networks whose practices
// join, leave, and have few answers or many, exchange in one quarter the counts of any two practices
// that both have enough, or give one that has too few any other few. Neither a third practice's lead,
// who knows their own figures exactly, nor the coordinator, sees any change in anything over all
// quarters. So whatever either knows fits another world in which a named practice has other counts.
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
			enough := Gate{}.Contributing(members, twoScores, "na")
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
				world := slices.Clone(history)
				world[q] = changed
				if got, want := coordinatorView(world), coordinatorView(history); got != want {
					t.Fatalf("the coordinator tells %s and %s apart:\n%s\n%s", a, b, got, want)
				}
				viewer := fmt.Sprintf("p%02d", r.IntN(count))
				if viewer == a || viewer == b {
					continue
				}
				got, want := leadView(viewer, world), leadView(viewer, history)
				if got != want {
					t.Fatalf("%s tells %s and %s apart:\n%s\n%s", viewer, a, b, got, want)
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
	members := func(chosen []state) []map[string]Sealed {
		m := map[string]Sealed{}
		for i, s := range chosen {
			m[fmt.Sprint("p", i)] = answers(s.x, s.n)
		}
		return []map[string]Sealed{m}
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
	// then they are given any counts of up to sixteen with nearly the same share.
	another := func(k int, s state, view func([]state) string) bool {
		want, all := view(slices.Repeat([]state{s}, k)), states
		defer func() { states = all }()
		states = nil
		for n := Floor; n <= 16; n++ {
			for x := range n + 1 {
				if math.Abs(float64(x)/float64(n)-float64(s.x)/float64(s.n)) < 0.08 {
					states = append(states, state{x, n})
				}
			}
		}
		found := false
		walk(k, 0, nil, func(chosen []state) {
			found = found || slices.ContainsFunc(chosen, func(o state) bool { return o != s }) && view(chosen) == want
		})
		return found
	}
	for who, c := range map[string]struct {
		practices int
		view      func([]state) string
	}{
		"lead": {4, func(chosen []state) string {
			m := members(chosen)
			m[0]["me"] = answers(9, 12)
			return leadView("me", m)
		}},
		"coordinator": {5, func(chosen []state) string { return coordinatorView(members(chosen)) }},
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
