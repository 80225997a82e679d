package visit

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

// visits makes n visits of a day, on lines from 1.
func visits(n int, day Day) []Visit {
	vs := make([]Visit, n)
	for i := range vs {
		number := strconv.Itoa(i)
		vs[i] = Visit{number: &number, Day: day, Line: i + 1}
	}
	return vs
}

func lot(i int) (seed [32]byte) {
	binary.LittleEndian.PutUint64(seed[:], uint64(i))
	return seed
}

func lines(vs []Visit) []int {
	ls := make([]int, len(vs))
	for i, v := range vs {
		ls[i] = v.Line
	}
	return ls
}

// TestEverySetHasTheSameChance: of 6 visits 2 are asked. All 15 pairs must come equally often, wherever
// they stand in the list: chi-square with 14 degrees of freedom, 36.1 at one in a thousand. Every n-th
// is drawn with each count the earlier lists can leave that gives two.
func TestEverySetHasTheSameChance(t *testing.T) {
	const rounds = 15_000
	for name, rule := range map[string]struct {
		Rule
		Earlier
	}{
		"daily":                    {Rule{Daily, 2}, Earlier{}},
		"daily, some asked before": {Rule{Daily, 5}, Earlier{Asked: map[Day]int{"2026-11-23": 3, "2026-11-20": 5}}},
		"every third":              {Rule{EveryNth, 3}, Earlier{Passed: 0}},
		"every third, one passed":  {Rule{EveryNth, 3}, Earlier{Passed: 1}},
		"every third, two passed":  {Rule{EveryNth, 3}, Earlier{Passed: 2}},
	} {
		counts := map[string]int{}
		for i := range rounds {
			asked, _ := rule.Choose(visits(6, "2026-11-23"), rule.Earlier, lot(i))
			counts[fmt.Sprint(lines(asked))]++
		}
		const expected = rounds / 15.0
		x := 0.0
		for _, c := range counts {
			x += (float64(c) - expected) * (float64(c) - expected) / expected
		}
		if len(counts) != 15 || x > 36.1 {
			t.Errorf("%s: chi-square %.1f of %v", name, x, counts)
		}
	}
}

// TestDaysAreDrawnApart: the choice of one day says nothing about another's, and a day with room is
// asked whole.
func TestDaysAreDrawnApart(t *testing.T) {
	const rounds = 9000
	list := append(visits(3, "2026-11-20"), visits(3, "2026-11-23")...)
	list = append(list, visits(1, "2026-11-19")...)
	counts := map[string]int{}
	for i := range rounds {
		asked, passed := Rule{Daily, 1}.Choose(list, Earlier{Passed: 7}, lot(i))
		if passed != 7 || asked[2].Day != "2026-11-19" {
			t.Fatalf("asked %v, passed %d", asked, passed)
		}
		counts[fmt.Sprint(lines(asked))]++
	}
	x := 0.0
	for _, c := range counts {
		x += float64((c-rounds/9)*(c-rounds/9)) / (rounds / 9)
	}
	if len(counts) != 9 || x > 26.1 { // 8 degrees of freedom, one in a thousand
		t.Errorf("chi-square %.1f of %v", x, counts)
	}
}

// TestEveryNthCountsOn: however the visits are divided into lists, one of each n is asked.
func TestEveryNthCountsOn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		rule := Rule{EveryNth, 1 + r.IntN(12)}
		total, asked, passed := 0, 0, 0
		for i := range 40 {
			n := r.IntN(30)
			chosen, after := rule.Choose(visits(n, "2026-11-23"), Earlier{Passed: passed}, lot(i))
			total, asked, passed = total+n, asked+len(chosen), after
			if asked != total/rule.N || passed != total%rule.N {
				t.Fatalf("%+v: %d asked of %d, %d passed", rule, asked, total, passed)
			}
		}
	}
	// Lowering n asks at most one more than the rule.
	if asked, passed := (Rule{EveryNth, 2}).Choose(visits(5, "2026-11-23"), Earlier{Passed: 99}, lot(0)); len(asked) != 3 || passed != 0 {
		t.Errorf("asked %d, passed %d", len(asked), passed)
	}
}

// TestChoose holds what is true of every choice.
func TestChoose(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 2000 {
		var list []Visit
		per := map[Day]int{}
		for _, day := range []Day{"2026-11-23", "2026-11-21", "2026-11-22"} {
			per[day] = r.IntN(6)
			list = append(list, visits(per[day], day)...)
		}
		for l := range list {
			list[l].Line = l + 1
		}
		before := slices.Clone(list)
		earlier := Earlier{Passed: r.IntN(5), Asked: map[Day]int{"2026-11-22": r.IntN(4)}}
		rule := Rule{[]Kind{Everyone, EveryNth, Daily}[r.IntN(3)], 1 + r.IntN(4)}
		asked, passed := rule.Choose(list, earlier, lot(i))
		if again, _ := rule.Choose(list, earlier, lot(i)); !slices.Equal(again, asked) {
			t.Fatalf("%+v: one seed, two choices", rule)
		}
		if !slices.Equal(list, before) {
			t.Fatalf("%+v changed the list", rule)
		}
		if ls := lines(asked); !slices.IsSorted(ls) || len(slices.Compact(ls)) != len(asked) {
			t.Fatalf("%+v: asked lines %v", rule, lines(asked))
		}
		got := map[Day]int{}
		for _, v := range asked {
			got[v.Day]++
		}
		for day, n := range per {
			if want := min(n, max(0, rule.N-earlier.Asked[day])); rule.Kind == Daily && got[day] != want {
				t.Fatalf("%+v after %v: %d of %d asked on %s", rule, earlier.Asked, got[day], n, day)
			}
		}
		if rule.Kind == Everyone && len(asked) != len(list) || rule.Kind != EveryNth && passed != earlier.Passed {
			t.Fatalf("%+v: %d of %d asked, %d passed", rule, len(asked), len(list), passed)
		}
	}
	if asked, _ := (Rule{}).Choose(visits(3, "2026-11-23"), Earlier{}, lot(0)); len(asked) > 0 {
		t.Error("no rule asks somebody")
	}
}

func TestRuleCheck(t *testing.T) {
	for rule, ok := range map[Rule]bool{
		{Everyone, 0}: true, {EveryNth, 1}: true, {EveryNth, 1000}: true, {Daily, 10}: true,
		{}: false, {"some", 3}: false, {EveryNth, 0}: false, {Daily, -1}: false, {Daily, 1001}: false,
	} {
		err := rule.Check()
		if f := fault.As(err); (err == nil) != ok || !ok && (f == nil || f.Key != "visit.rule_wrong") {
			t.Errorf("%+v: %v", rule, err)
		}
	}
}
