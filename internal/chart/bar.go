package chart

import (
	"strconv"
	"strings"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/survey"
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

// Distribution draws how a question's answers are divided: the parts that report.Question.Distribution
// lets see, with words and colours.
func Distribution(l i18n.Language, q report.Question, r *report.Result) []Segment {
	var segments []Segment
	x := 0.0
	for i, p := range q.Distribution(r) {
		s := Segment{Class: partClass(p, i), Label: PartLabel(l, q, p), Share: ShareText(l, p.Share, p.Bound),
			X: percent(x), Width: percent(p.Share), Mid: percent(x + p.Share/2), Wide: p.Share >= wide, Tight: p.Share < roomy, Hair: x > 0 && p.N > 0}
		x += p.Share
		if p.Bound == disclosure.Exact {
			s.N = l.Number(float64(p.N), 0)
		}
		segments = append(segments, s)
	}
	return segments
}

// partClass gives a part its colour: by its place in the scale, or in the row where there is no order.
func partClass(p report.Part, i int) string {
	switch {
	case p.Rest:
		return "rest"
	case p.Band == 0:
		return "part-" + strconv.Itoa(Part(i))
	}
	return "scale-" + strconv.Itoa(p.Band)
}

// PartLabel names a part by the options in it, and one of the derived question by its scores.
func PartLabel(l i18n.Language, q report.Question, p report.Part) string {
	first, last := p.Options[0], p.Options[len(p.Options)-1]
	switch {
	case p.Rest:
		return l.T("dashboard.rest")
	case !q.Derived:
		return strings.Join(names(l, p.Options), ", ")
	case p.Coarse && last.Score < 50:
		return l.T("dashboard.under_50")
	case p.Coarse && first.Score > 50:
		return l.T("dashboard.over_50")
	case p.Coarse:
		return first.Code
	}
	return first.Code + "–" + last.Code
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) + "%" }

func names(l i18n.Language, options []survey.Option) []string {
	var names []string
	for _, o := range options {
		names = append(names, o.Text.In(l.Tag))
	}
	return names
}

// PositiveLabels names the options that count as positive, the mildest first.
func PositiveLabels(l i18n.Language, q report.Question) []string { return names(l, q.Positive()) }
