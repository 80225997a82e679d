package disclosure

import (
	"fmt"
	"maps"
	"slices"

	"github.com/venterom/venterom/internal/stats"
)

// Withheld says why a network's figure is not shown; None means that it is.
type Withheld int

// The reasons, in the order they are looked for.
const (
	None      Withheld = iota
	TooFew             // fewer practices than the floor have enough answers
	Dominated          // one practice has more than half of the others' answers
	Changed            // one or two practices came or went since the figure of another quarter that is shown
	Overlaps           // one or two practices tell this network from another one whose figure is shown
)

var withheldNames = [...]string{"", "few", "dominated", "changed", "overlaps"}

// MarshalText writes a reason as it stands in a ledger.
func (w Withheld) MarshalText() ([]byte, error) { return []byte(withheldNames[w]), nil }

// UnmarshalText reads a reason.
func (w *Withheld) UnmarshalText(text []byte) error {
	i := slices.Index(withheldNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("no such reason: %q", text)
	}
	*w = Withheld(i)
	return nil
}

// Ledger is what a snapshot lets out, and to whom. It is decided when the snapshot is made, against every
// ledger that is there, and never again: a figure that was shown once stays the same, whatever floor or
// method comes later, and one that was withheld stays withheld (S12, S14). The zero Ledger shows nothing.
type Ledger struct {
	Method    int                 `json:"method"`    // stats.Method
	Answers   int                 `json:"answers"`   // the floors in force
	Practices int                 `json:"practices"` //
	Members   []string            `json:"members"`   // the practices in the snapshot, sorted
	Decisions map[string]Decision `json:"decisions"` // by question
}

// Decision is what was decided of one question. A practice that is in neither list is part of the figure
// and sees it.
type Decision struct {
	Absent []string            `json:"absent,omitempty"` // members with too few answers: no part of the figure, which they may still see
	Pool   Withheld            `json:"pool,omitempty"`   // to the coordinator
	Others map[string]Withheld `json:"others,omitempty"` // to a practice; none is listed where Pool is TooFew, which holds for all
}

// Gate is the gate with the floors of the ledger: what is read of its snapshot goes through it.
func (l Ledger) Gate() Gate { return Gate{l.Answers, l.Practices} }

// cohort lists the practices that a question's figure is made of, sorted.
func (l Ledger) cohort(question string) []string {
	absent := l.Decisions[question].Absent
	return slices.DeleteFunc(slices.Clone(l.Members), func(id string) bool { _, is := slices.BinarySearch(absent, id); return is })
}

// forPractice is the decision for one practice. One that is not in the snapshot sees nothing.
func (l Ledger) forPractice(question, id string) Withheld {
	d, decided := l.Decisions[question]
	if _, in := slices.BinarySearch(l.Members, id); !decided || !in || d.Pool == TooFew {
		return TooFew
	}
	return d.Others[id]
}

// shown reports whether anybody may see the figure of a question.
func (l Ledger) shown(question string) bool {
	d, decided := l.Decisions[question]
	return decided && d.Pool != TooFew && (d.Pool == None || len(d.Others) < len(l.Members))
}

// Unnamed is the ledger after a practice was deleted: what it lets out, and to whom, is the same, and name, which
// says nothing, stands in the practice's place. of is the questions with a figure that somebody may see and the
// practice is part of: what was counted under any other is needed by nobody.
func (l Ledger) Unnamed(id, name string) (out Ledger, of []string) {
	put := func(ids []string) []string {
		ids = slices.Clone(ids)
		if i, in := slices.BinarySearch(ids, id); in {
			ids[i] = name
			slices.Sort(ids)
		}
		return ids
	}
	out = l
	out.Members, out.Decisions = put(l.Members), make(map[string]Decision, len(l.Decisions))
	for question, d := range l.Decisions {
		if _, in := slices.BinarySearch(l.cohort(question), id); in && l.shown(question) {
			of = append(of, question)
		}
		d.Absent = put(d.Absent)
		if why, listed := d.Others[id]; listed {
			d.Others = maps.Clone(d.Others)
			delete(d.Others, id)
			d.Others[name] = why
		}
		out.Decisions[question] = d
	}
	slices.Sort(of)
	return out, of
}

// Others is the benchmark of one question for one practice, itself left out, or why there is none. The
// cohort is that of the ledger's own snapshot, made by the ledger's Gate.
func (l Ledger) Others(question, viewer string, c Cohort) (Benchmark, Withheld) {
	if why := l.forPractice(question, viewer); why != None {
		return Benchmark{}, why
	}
	return c.benchmark(viewer), None
}

// Pool is what the coordinator may see of one question, or why nothing. The cohort is as in Others.
func (l Ledger) Pool(question string, c Cohort) (Pool, Withheld) {
	d, decided := l.Decisions[question]
	if !decided {
		return Pool{}, TooFew
	}
	if d.Pool != None {
		return Pool{}, d.Pool
	}
	return c.pool(), None
}

// Beside is the ledgers that a new one is held against: those of the same network and survey in earlier
// and in later quarters, the nearest first, and those of other networks in the same quarter.
type Beside struct{ Earlier, Later, Elsewhere []Ledger }

// Ledger decides what a snapshot lets out. cohorts is by question, of the practices in members, made by
// this gate.
func (g Gate) Ledger(members []string, cohorts map[string]Cohort, beside Beside) Ledger {
	l := Ledger{Method: stats.Method, Answers: g.Floor(), Practices: g.CohortFloor(),
		Members: slices.Sorted(slices.Values(members)), Decisions: make(map[string]Decision, len(cohorts))}
	for question, c := range cohorts {
		l.Decisions[question] = g.decide(l.Members, question, c, beside)
	}
	return l
}

func (g Gate) decide(members []string, question string, c Cohort, beside Beside) Decision {
	var d Decision
	for _, id := range members {
		if _, in := slices.BinarySearch(c.ids, id); !in {
			d.Absent = append(d.Absent, id)
		}
	}
	if len(c.members) < g.CohortFloor() {
		d.Pool = TooFew
		return d
	}
	total, largest, second := c.sizes()
	// Against other networks: who sees both is not known, so it holds for everybody.
	for _, other := range beside.Elsewhere {
		if changed := difference(other.cohort(question), c.ids); other.shown(question) && len(changed) > 0 && len(changed) < fewChanged {
			d.Pool, d.Others = Overlaps, map[string]Withheld{}
			for _, id := range members {
				d.Others[id] = Overlaps
			}
			return d
		}
	}
	changes := newChanges(question, c.ids, beside)
	// Whoever leads the second largest practice can take their own away from the pool.
	switch {
	case float64(largest.n) > dominance*float64(total-second.n):
		d.Pool = Dominated
	case changes.anyFew(func(l Ledger) bool { return l.Decisions[question].Pool == None }, ""):
		d.Pool = Changed
	}
	for _, id := range members {
		why := None
		top, own := largest.n, 0
		if i, in := slices.BinarySearch(c.ids, id); in {
			own = c.members[i].n
		}
		if id == largest.id {
			top = second.n
		}
		switch {
		case float64(top) > dominance*float64(total-own):
			why = Dominated
		case changes.anyFew(func(l Ledger) bool { return l.forPractice(question, id) == None }, id):
			why = Changed
		}
		if why != None {
			if d.Others == nil {
				d.Others = map[string]Withheld{}
			}
			d.Others[id] = why
		}
	}
	return d
}

// changes is how a cohort differs from those of the network's other quarters, worked out once each.
type changes struct{ earlier, later []change }

type change struct {
	ledger  Ledger
	changed []string // practices in one of the two cohorts, sorted
}

func newChanges(question string, ids []string, beside Beside) changes {
	against := func(ledgers []Ledger) []change {
		var cs []change
		for _, l := range ledgers {
			if l.shown(question) {
				cs = append(cs, change{l, difference(l.cohort(question), ids)})
			}
		}
		return cs
	}
	return changes{against(beside.Earlier), against(beside.Later)}
}

// anyFew reports whether the nearest quarter on either side that a reader sees has a cohort that differs
// by so few practices that the difference of the two figures would be theirs. The reader's own practice
// does not count: they know its figures.
func (cs changes) anyFew(sees func(Ledger) bool, reader string) bool {
	for _, side := range [][]change{cs.earlier, cs.later} {
		for _, c := range side {
			if !sees(c.ledger) {
				continue
			}
			n := len(c.changed)
			if _, own := slices.BinarySearch(c.changed, reader); own {
				n--
			}
			if n > 0 && n < fewChanged {
				return true
			}
			break
		}
	}
	return false
}

// difference lists what is in one of two sorted lists and not in the other, sorted.
func difference(a, b []string) []string {
	var out []string
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case j == len(b) || i < len(a) && a[i] < b[j]:
			out, i = append(out, a[i]), i+1
		case i == len(a) || b[j] < a[i]:
			out, j = append(out, b[j]), j+1
		default:
			i, j = i+1, j+1
		}
	}
	return out
}

// sizes is how many answers there are in all, and the practices with most and second most.
func (c Cohort) sizes() (total int, largest, second cohortMember) {
	for _, m := range c.members {
		total += m.n
		switch {
		case m.n > largest.n:
			largest, second = m, largest
		case m.n > second.n:
			second = m
		}
	}
	return total, largest, second
}
