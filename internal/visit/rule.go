package visit

import (
	"math/rand/v2"
	"slices"

	"github.com/venterom/venterom/internal/fault"
)

// Kind is how those who are asked are chosen.
type Kind string

// The kinds of rule.
const (
	Everyone Kind = "everyone"
	EveryNth Kind = "every_nth" // one of each N visits, counting on from list to list
	Daily    Kind = "daily"     // at most N of the visits of a day
)

// maxN is more than a practice has visits in a day.
const maxN = 1000

// Rule decides who of a list is asked. Neither staff nor the order of a list decide: within what the
// rule allows the choice is by lot, and each visit of a list (of a day, for Daily) has the same chance.
// What no rule can mend is somebody left off the list; coverage, the number asked against the
// practice's number of visits, shows that.
type Rule struct {
	Kind Kind
	N    int // not used by Everyone
}

// Check refuses a rule that chooses nobody or has no meaning.
func (r Rule) Check() error {
	switch r.Kind {
	case Everyone:
		return nil
	case EveryNth, Daily:
		if r.N >= 1 && r.N <= maxN {
			return nil
		}
	}
	return fault.New(fault.Invalid, "visit.rule_wrong").With("Max", maxN)
}

// Earlier is what the lists before this one leave to it.
type Earlier struct {
	Passed int         // for EveryNth: visits passed over since the last one that was asked
	Asked  map[Day]int // for Daily: how many visits of a day have been asked already
}

// Choose returns who is asked, in the order of the list, and the Passed of the next list. Leave out
// beforehand those who may not be asked, so that they do not take a place. The seed is 32 bytes of
// crypto/rand, new for each list: whoever knows it knows the choice.
//
// With several lists for one day the later have the places the earlier left; one list a day is fairest.
func (r Rule) Choose(visits []Visit, earlier Earlier, seed [32]byte) (asked []Visit, passed int) {
	lot := rand.New(rand.NewChaCha8(seed)) // #nosec G404 -- ChaCha8, seeded by crypto/rand
	switch r.Kind {
	case Everyone:
		return slices.Clone(visits), earlier.Passed
	case EveryNth:
		n := max(r.N, 1)
		count := min(max(earlier.Passed, 0), n-1) + len(visits) // N may have been lowered meanwhile
		return draw(visits, count/n, lot), count % n
	case Daily:
		byDay := map[Day][]int{}
		var days []Day // in the order of the list, so that a seed says all
		for i, v := range visits {
			if byDay[v.Day] == nil {
				days = append(days, v.Day)
			}
			byDay[v.Day] = append(byDay[v.Day], i)
		}
		var places []int
		for _, day := range days {
			places = append(places, sample(byDay[day], r.N-earlier.Asked[day], lot)...)
		}
		return at(visits, places), earlier.Passed
	}
	return nil, earlier.Passed // a rule that Check refuses asks nobody
}

// draw takes k of the visits, each set of k with the same chance.
func draw(visits []Visit, k int, lot *rand.Rand) []Visit {
	places := make([]int, len(visits))
	for i := range places {
		places[i] = i
	}
	return at(visits, sample(places, k, lot))
}

// sample moves k of the places to the front, by lot, and returns them (Fisher and Yates, as far as needed).
func sample(places []int, k int, lot *rand.Rand) []int {
	k = min(max(k, 0), len(places))
	for i := range k {
		j := i + lot.IntN(len(places)-i)
		places[i], places[j] = places[j], places[i]
	}
	return places[:k]
}

func at(visits []Visit, places []int) []Visit {
	slices.Sort(places)
	chosen := make([]Visit, len(places))
	for i, p := range places {
		chosen[i] = visits[p]
	}
	return chosen
}
