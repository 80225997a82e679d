package report

import (
	"slices"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/survey"
)

// Part is one part of how a question's answers are divided, as it may be shown. Band is its place in the
// scale, 1 (lowest) to 5; 0 where there is no order, and for the rest of what is positive.
type Part struct {
	Options []survey.Option // gathered in it
	Coarse  bool            // everything on one side of the middle, or at it
	Rest    bool            // whatever is not positive, where the positive part is a limit
	Band    int
	N       int // means nothing where Bound is a limit
	Share   float64
	Bound   disclosure.Bound
}

// Distribution divides the answers of a result of the question: a part per option from the lowest score
// to the highest, or as asked; five bands of the derived question; three groups under 30 answers; and
// only the positive part and the rest where that is given as a limit.
func (q Question) Distribution(r *Result) []Part {
	var parts []Part
	bound := r.Positive.Bound
	switch {
	case bound != disclosure.Exact:
		groups, positive := q.groups(), r.Groups[2]
		// What is left over when the other is "at least" is "at most".
		parts = []Part{{Options: slices.Concat(groups[0], groups[1]), Rest: true, N: r.N - positive, Bound: -bound},
			{Options: groups[2], Coarse: true, Band: 5, N: positive, Bound: bound}}
	case r.Answers == nil:
		for i, options := range q.groups() {
			if len(options) > 0 {
				parts = append(parts, Part{Options: options, Coarse: true, Band: 1 + 2*i, N: r.Groups[i]})
			}
		}
	case q.Derived:
		parts = make([]Part, 5)
		for i, n := range r.Answers {
			p := &parts[Band(q.Options[i])-1]
			p.Band, p.N, p.Options = Band(q.Options[i]), p.N+n, append(p.Options, q.Options[i])
		}
	default:
		for i, n := range r.Answers {
			p := Part{Options: q.Options[i : i+1], N: n}
			if q.Scored {
				p.Band = Band(q.Options[i])
			}
			parts = append(parts, p)
		}
	}
	for i := range parts {
		parts[i].Share = float64(parts[i].N) / float64(r.N)
	}
	return parts
}

// Band is the place of an option's score in five steps, 1 to 5.
func Band(o survey.Option) int { return 1 + min(4, int(o.Score+12.5)/25) }

// groups divides a question's options into those under, at and over the middle of the scale.
func (q Question) groups() (groups [3][]survey.Option) {
	for _, o := range q.Options {
		g := 1
		switch {
		case o.Score < 50:
			g = 0
		case o.Score > 50:
			g = 2
		}
		groups[g] = append(groups[g], o)
	}
	return groups
}

// Positive is the options that count as positive, the mildest first.
func (q Question) Positive() []survey.Option { return q.groups()[2] }
