package disclosure

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestDifference(t *testing.T) {
	for _, c := range [][3]string{{"", "", ""}, {"abc", "abc", ""}, {"abc", "ab", "c"}, {"ab", "abc", "c"}, {"abd", "bce", "acde"}, {"", "ab", "ab"}} {
		split := func(s string) (ids []string) {
			for _, r := range s {
				ids = append(ids, string(r))
			}
			return ids
		}
		if got := difference(split(c[0]), split(c[1])); !slices.Equal(got, split(c[2])) {
			t.Errorf("%s and %s: %v", c[0], c[1], got)
		}
	}
}

// with is a network with more practices, without some.
func with(members map[string]Sealed, more []string, less ...string) map[string]Sealed {
	out := maps.Clone(members)
	for _, id := range more {
		out[id] = answers(30, 40)
	}
	for _, id := range less {
		delete(out, id)
	}
	return out
}

// TestCohortThatChanged: a figure is not shown beside one of another quarter that the same reader sees,
// earlier or later, if one or two practices besides their own are the difference.
func TestCohortThatChanged(t *testing.T) {
	base := cohort(40, 40, 40, 40, 40, 40, 40, 40)
	for name, c := range map[string]struct {
		members    map[string]Sealed
		p00, pool  Withheld
		newcomer   Withheld
		newcomerIs string
	}{
		"the same":               {base, None, None, None, "p01"},
		"one came":               {with(base, []string{"x"}), Changed, Changed, None, "x"}, // a newcomer has seen nothing before
		"two came":               {with(base, []string{"x", "y"}), Changed, Changed, None, "x"},
		"three came":             {with(base, []string{"x", "y", "z"}), None, None, None, "x"},
		"one came, one left":     {with(base, []string{"x"}, "p07"), Changed, Changed, None, "x"},
		"two came, one left":     {with(base, []string{"x", "y"}, "p07"), None, None, None, "x"},
		"one has too few now":    {with(map[string]Sealed{"p07": answers(4, 9)}, nil), TooFew, TooFew, TooFew, "p07"},
		"one of eight fell away": {with(base, nil, "p07"), Changed, Changed, TooFew, "p07"},
	} {
		t.Run(name, func(t *testing.T) {
			before := freeze(base, Beside{})
			for where, beside := range map[string]Beside{"after": {Earlier: []Ledger{before.ledger}}, "before": {Later: []Ledger{before.ledger}}} {
				s := freeze(c.members, beside)
				_, lead := s.ledger.Others("q", "p00", s.cohort)
				_, pool := s.ledger.Pool("q", s.cohort)
				_, newcomer := s.ledger.Others("q", c.newcomerIs, s.cohort)
				if lead != c.p00 && c.members["p00"].counts != nil || pool != c.pool || newcomer != c.newcomer {
					t.Errorf("%s: lead %v, coordinator %v, newcomer %v", where, lead, pool, newcomer)
				}
			}
		})
	}
}

// TestTheReadersOwnComingDoesNotCount: of three that came, one is the reader; the others are two.
func TestTheReadersOwnComingDoesNotCount(t *testing.T) {
	base := cohort(40, 40, 40, 40, 40, 40)
	withMe := with(base, []string{"me"})
	few := maps.Clone(withMe)
	few["me"] = answers(5, 9) // in the first quarter the reader had too few answers, and saw the figure
	first := freeze(few, Beside{})
	second := freeze(with(withMe, []string{"x", "y"}), Beside{Earlier: []Ledger{first.ledger}})
	if _, why := second.ledger.Others("q", "me", second.cohort); why != Changed {
		t.Errorf("the reader: %v", why)
	}
	if _, why := second.ledger.Others("q", "p00", second.cohort); why != None {
		t.Errorf("another: %v", why)
	}
}

// TestWithheldQuarterIsPassedOver: what is compared with is the last figure that was shown.
func TestWithheldQuarterIsPassedOver(t *testing.T) {
	base := cohort(40, 40, 40, 40, 40, 40)
	history := frozen([]map[string]Sealed{base, with(base, []string{"x"}), with(base, []string{"x", "y"}), with(base, []string{"x", "y", "z"}), with(base, []string{"x", "y", "z"})})
	for i, want := range []Withheld{None, Changed, Changed, None, None} {
		if _, why := history[i].ledger.Others("q", "p00", history[i].cohort); why != want {
			t.Errorf("quarter %d: %v, want %v", i, why, want)
		}
	}
}

// TestNetworksThatOverlap: two networks of the same quarter that one or two practices tell apart would
// give away those; networks that share few or all do not.
func TestNetworksThatOverlap(t *testing.T) {
	base := cohort(40, 40, 40, 40, 40, 40, 40, 40)
	for name, c := range map[string]struct {
		elsewhere map[string]Sealed
		want      Withheld
	}{
		"the same practices":           {base, None},
		"one more":                     {with(base, []string{"x"}), Overlaps},
		"one less":                     {with(base, nil, "p07"), Overlaps},
		"one other":                    {with(base, []string{"x"}, "p07"), Overlaps},
		"a part of it":                 {with(base, nil, "p05", "p06", "p07"), None},
		"a smaller one without figure": {with(base, nil, "p03", "p04", "p05", "p06", "p07"), None},
		"none in common":               {map[string]Sealed{"a": answers(9, 40), "b": answers(9, 40), "c": answers(9, 40), "d": answers(9, 40), "e": answers(9, 40)}, None},
		"a fifth with too few answers": {with(map[string]Sealed{}, []string{"p00", "p01", "p02", "p03"}), None},
	} {
		t.Run(name, func(t *testing.T) {
			other := freeze(c.elsewhere, Beside{})
			s := freeze(base, Beside{Elsewhere: []Ledger{other.ledger}})
			_, lead := s.ledger.Others("q", "p00", s.cohort)
			_, pool := s.ledger.Pool("q", s.cohort)
			if lead != c.want || pool != c.want {
				t.Errorf("lead %v, coordinator %v, want %v", lead, pool, c.want)
			}
		})
	}
}

// TestLedgerIsKept: what was decided survives the database, and a floor that is raised later changes nothing.
func TestLedgerIsKept(t *testing.T) {
	members := cohort(40, 40, 12, 12, 12, 8)
	s := freeze(members, Beside{})
	text, err := json.Marshal(s.ledger)
	if err != nil {
		t.Fatal(err)
	}
	var l Ledger
	if err := json.Unmarshal(text, &l); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(l, s.ledger) {
		t.Errorf("got %+v, want %+v", l, s.ledger)
	}
	if !slices.Equal(l.cohort("q"), []string{"p00", "p01", "p02", "p03", "p04"}) {
		t.Errorf("the cohort is %v", l.cohort("q"))
	}
	b, why := l.Others("q", "p05", l.Gate().Cohort(members, twoScores, "na"))
	if why != None || b.Practices() != 5 {
		t.Errorf("read again: %v, %d others", why, b.Practices())
	}
	higher, err := NewGate(20, 5)
	if err != nil {
		t.Fatal(err)
	}
	now := higher.Ledger(slices.Collect(maps.Keys(members)), map[string]Cohort{"q": higher.Cohort(members, twoScores, "na")}, Beside{})
	if _, why := now.Others("q", "p00", higher.Cohort(members, twoScores, "na")); why != TooFew {
		t.Errorf("with a floor of twenty: %v", why)
	}
	var nobody Ledger
	if _, why := nobody.Others("q", "p00", s.cohort); why != TooFew {
		t.Errorf("a ledger that holds nothing: %v", why)
	}
	if _, why := nobody.Pool("q", s.cohort); why != TooFew {
		t.Errorf("a ledger that holds nothing, to the coordinator: %v", why)
	}
	if _, why := l.Others("q", "stranger", s.cohort); why != TooFew {
		t.Errorf("a practice that is not in it: %v", why)
	}
	if _, why := l.Others("other", "p00", s.cohort); why != TooFew {
		t.Errorf("a question that is not in it: %v", why)
	}
}

func TestFloorsAreRaisedAndNotLowered(t *testing.T) {
	for _, c := range []struct {
		answers, practices int
		ok                 bool
	}{{10, 5, true}, {30, 8, true}, {9, 5, false}, {10, 4, false}, {0, 0, false}, {-1, 5, false}} {
		g, err := NewGate(c.answers, c.practices)
		if (err == nil) != c.ok {
			t.Errorf("%d and %d: %v", c.answers, c.practices, err)
		}
		if err == nil && (g.Floor() != c.answers || g.CohortFloor() != c.practices) {
			t.Errorf("%d and %d became %d and %d", c.answers, c.practices, g.Floor(), g.CohortFloor())
		}
	}
	higher, err := NewGate(20, 5)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := higher.Question(counts(0, 0, 5, 5, 5), five, "na"); ok {
		t.Error("15 answers passed a gate raised to 20")
	}
	if higher.Ready(map[string]int{"5": 19, "na": 4}, "na") || !higher.Ready(map[string]int{"5": 20}, "na") {
		t.Error("the close does not go by the raised floor")
	}
	for part, n := range higher.Merge(map[string]int{"qr": 15, "sms": 8, "paper": 40}) {
		if n < 20 {
			t.Errorf("%d responses by %s", n, part)
		}
	}
}

// TestUnnamed: after a practice is deleted everybody else sees what they saw, later ledgers are decided as if it
// had left, no decision has its id, and of what was counted only what somebody's figure is made of is asked for.
func TestUnnamed(t *testing.T) {
	for name, c := range map[string]struct {
		members map[string]Sealed
		of      int
	}{
		"a figure":             {cohort(40, 40, 40, 40, 40, 40, 40, 40), 1},
		"dominated":            {cohort(40, 40, 400, 40, 40, 40, 40, 40), 1},
		"too few practices":    {cohort(40, 40, 40), 0},
		"its own answers few":  {with(map[string]Sealed{"p02": answers(4, 9)}, []string{"a", "b", "c", "d", "e"}), 0},
		"nobody may see it":    {cohort(40, 40, 40, 40, 40, 40, 40, 40), 0},
		"it was not a member":  {with(cohort(40, 40, 40, 40, 40, 40), nil, "p02"), 0},
		"few of others, it in": {with(cohort(40, 40, 40, 40, 40, 40), []string{"x"}), 1},
	} {
		for _, random := range []string{"AAAA", "p99", "ZZZZ"} { // before, among and after the others
			t.Run(name+" "+random, func(t *testing.T) {
				var beside Beside
				if name == "nobody may see it" {
					beside.Elsewhere = []Ledger{freeze(with(c.members, []string{"x"}), Beside{}).ledger}
				}
				before := freeze(c.members, beside)
				ledger, of := before.ledger.Unnamed("p02", random)
				if len(of) != c.of {
					t.Errorf("needed of %v, want %d", of, c.of)
				}
				left := maps.Clone(c.members)
				if counts, in := left["p02"]; in {
					delete(left, "p02")
					if left[random] = (Sealed{}); slices.Contains(of, "q") {
						left[random] = counts
					}
				}
				after := snapshot{left, Gate{}.Cohort(left, twoScores, "na"), ledger}
				if text, err := json.Marshal(ledger); err != nil || strings.Contains(string(text), "p02") {
					t.Errorf("its id is left: %s, %v", text, err)
				}
				for id := range c.members {
					if id == "p02" {
						continue
					}
					was, why := before.ledger.Others("q", id, before.cohort)
					is, whyNow := after.ledger.Others("q", id, after.cohort)
					if why != whyNow || !reflect.DeepEqual(was, is) {
						t.Errorf("%s saw %v %+v and sees %v %+v", id, why, was, whyNow, is)
					}
				}
				was, why := before.ledger.Pool("q", before.cohort)
				is, whyNow := after.ledger.Pool("q", after.cohort)
				if why != whyNow || !reflect.DeepEqual(was, is) {
					t.Errorf("the coordinator saw %v %+v and sees %v %+v", why, was, whyNow, is)
				}
				next := with(c.members, []string{"new"}, "p02")
				for _, b := range [][2]Beside{{{Earlier: []Ledger{before.ledger}}, {Earlier: []Ledger{ledger}}}, {{Later: []Ledger{before.ledger}}, {Later: []Ledger{ledger}}},
					{{Elsewhere: []Ledger{before.ledger}}, {Elsewhere: []Ledger{ledger}}}} {
					if named, unnamed := freeze(next, b[0]).ledger, freeze(next, b[1]).ledger; !reflect.DeepEqual(named, unnamed) {
						t.Errorf("a later ledger is %+v, and %+v without the name", named, unnamed)
					}
				}
			})
		}
	}
}
