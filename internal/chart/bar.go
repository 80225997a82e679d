package chart

import (
	"strconv"
	"strings"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
)

// Segment is one part of a distribution bar. X, Width and Mid are in per cent of the bar.
type Segment struct {
	Class         string // "scale-1" (lowest) to "scale-5", "part-1" and on where there is no order, "rest"
	Label         string
	Share         string // "24 %", "høyst 8 %"
	N             string // number of answers; empty where only a limit may be shown
	X, Width, Mid string
	Wide          bool // the value has room inside the segment
	Tight         bool // but not on a phone
	Hair          bool // there is another segment to the left of it
}

// From these shares on a segment holds its value on a wide screen, and on the narrowest.
const (
	wide  = 0.11
	roomy = 0.18
)

// Distribution is how a question's answers are divided: a segment per option from the lowest score to
// the highest; three groups under 30 answers; and only the positive group and the rest where that is
// given as a limit. The derived question is gathered in five bands.
func Distribution(l i18n.Language, q report.Question, r *report.Result) []Segment {
	type bit struct {
		class, label string
		n            int
	}
	var bits []bit
	bound := r.Positive.Bound
	switch {
	case bound != disclosure.Exact:
		positive := r.Groups[2]
		bits = []bit{{"rest", l.T("dashboard.rest"), r.N - positive}, {"scale-5", groupLabels(l, q)[2], positive}}
	case r.Answers == nil:
		labels := groupLabels(l, q)
		for i, class := range []string{"scale-1", "scale-3", "scale-5"} {
			if labels[i] != "" {
				bits = append(bits, bit{class, labels[i], r.Groups[i]})
			}
		}
	case q.Derived:
		bits = make([]bit, 5)
		for i, n := range r.Answers {
			band := min(4, int(q.Options[i].Score+12.5)/25)
			if bits[band].label == "" {
				bits[band].label = q.Options[i].Code
			}
			bits[band].class = "scale-" + strconv.Itoa(band+1)
			bits[band].n += n
			if i+1 == len(r.Answers) || min(4, int(q.Options[i+1].Score+12.5)/25) != band {
				bits[band].label += "–" + q.Options[i].Code
			}
		}
	default:
		for i, n := range r.Answers {
			bits = append(bits, bit{optionClass(q, i), q.Options[i].Text.In(l.Tag), n})
		}
	}
	var segments []Segment
	x := 0.0
	for i, b := range bits {
		share := float64(b.n) / float64(r.N)
		s := Segment{Class: b.class, Label: b.label, X: percent(x), Width: percent(share), Mid: percent(x + share/2), Wide: share >= wide, Tight: share < roomy, Hair: x > 0 && b.n > 0}
		x += share
		of := bound
		if i == 0 {
			of = -bound // what is left over when the other is "at least" is "at most"
		}
		s.Share = ShareText(l, share, of)
		if bound == disclosure.Exact {
			s.N = l.Number(float64(b.n), 0)
		}
		segments = append(segments, s)
	}
	return segments
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) + "%" }

// optionClass gives an option its colour by the place of its score in the scale.
func optionClass(q report.Question, i int) string {
	if !q.Scored {
		return "part-" + strconv.Itoa(Part(i))
	}
	return "scale-" + strconv.Itoa(1+min(4, int(q.Options[i].Score+12.5)/25))
}

// groups divides a question's options into negative, middle and positive ones.
func groups(l i18n.Language, q report.Question) (names [3][]string) {
	for _, o := range q.Options {
		g := 1
		switch {
		case o.Score < 50:
			g = 0
		case o.Score > 50:
			g = 2
		}
		names[g] = append(names[g], o.Text.In(l.Tag))
	}
	return names
}

// groupLabels names the three groups by the options in them; empty if the scale has none there.
func groupLabels(l i18n.Language, q report.Question) (labels [3]string) {
	if q.Derived {
		return [3]string{l.T("dashboard.under_50"), "50", l.T("dashboard.over_50")}
	}
	for i, names := range groups(l, q) {
		labels[i] = strings.Join(names, ", ")
	}
	return labels
}

// PositiveLabels names the options that count as positive, the mildest first.
func PositiveLabels(l i18n.Language, q report.Question) []string { return groups(l, q)[2] }
