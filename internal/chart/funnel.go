package chart

import (
	"strconv"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/stats"
)

const (
	funnelSteps = 40  // places along the axis of answers at which the limits are computed
	funnelRoom  = 100 // answers the axis reaches at least
)

// funnelEnd is where the axis of answers ends: past the own mark and every dot.
func funnelEnd(c report.Compared) int {
	most := funnelRoom
	if c.Own != nil {
		most = max(most, c.Own.N)
	}
	for _, d := range c.Others.Dots() {
		most = max(most, d.N)
	}
	step := 20
	for i := 0; most*11/10 > 6*step; i++ {
		step = step * []int{5, 4, 5}[i%3] / 2 // 20, 50, 100, 250, 500, 1000
	}
	return (most*11/10 + step - 1) / step * step
}

// FunnelSizes is where the limits of a funnel are drawn: closer together for few answers, where they
// bend.
func FunnelSizes(c report.Compared) []int {
	end := funnelEnd(c)
	var sizes []int
	for i := range funnelSteps + 1 {
		x := float64(i) / funnelSteps
		n := disclosure.Floor + int(x*x*float64(end-disclosure.Floor)+0.5)
		if len(sizes) == 0 || n > sizes[len(sizes)-1] {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

// Marked reports whether the practice's own mark is drawn in its funnel: only from 40 answers (M6).
func Marked(c report.Compared) bool { return c.Verdict > report.TooUnsure }

// Funnel draws a practice's positive share by number of answers between the limits of its network: 95 %
// and 99.8 %, its own mark in the accent, and the others as dots where the network is large enough.
func Funnel(l i18n.Language, c report.Compared) (string, error) {
	sizes := FunnelSizes(c)
	limits := make([]stats.Limits, len(sizes))
	for i, n := range sizes {
		limits[i] = c.Others.Limits(n)
	}
	var e extra
	curve := func(width float32, kind string, of func(stats.Limits) float64) {
		data := make([]point, len(sizes))
		for i, n := range sizes {
			data[i].Value = [2]float64{float64(n), round(100 * of(limits[i]))}
		}
		e.series = append(e.series, series{SingleSeries: charts.SingleSeries{Type: "line", Data: data, Symbol: "none",
			LineStyle: &opts.LineStyle{Color: muted, Width: width, Type: kind}}, Silent: true, Z: 1})
	}
	curve(1.5, "dashed", func(s stats.Limits) float64 { return s.Low95 })
	curve(1.5, "dashed", func(s stats.Limits) float64 { return s.High95 })
	curve(1.5, "solid", func(s stats.Limits) float64 { return s.Low998 })
	curve(1.5, "solid", func(s stats.Limits) float64 { return s.High998 })
	curve(1.5, "dotted", func(stats.Limits) float64 { return c.Others.Share() })

	if dots := c.Others.Dots(); dots != nil {
		data := make([]point, 0, len(dots))
		for i, d := range dots {
			if i > 0 && d == dots[i-1] {
				continue // the same place: one dot
			}
			data = append(data, point{Value: [2]float64{float64(d.N), round(100 * d.Share)}})
		}
		e.series = append(e.series, series{SingleSeries: charts.SingleSeries{Type: "scatter", Data: data, SymbolSize: 8,
			ItemStyle: &opts.ItemStyle{Color: card, BorderColor: ink, BorderWidth: 1.5}}, Silent: true, Z: 2})
	}
	if Marked(c) {
		own := point{Value: [2]float64{float64(c.Own.N), round(100 * c.Own.Positive.Value)},
			Note: l.T("network.you") + "\n" + ShareText(l, c.Own.Positive.Value, c.Own.Positive.Bound) + "\n" + Answers(l, c.Own.N)}
		side := "right"
		if c.Own.N > funnelEnd(c)*2/3 {
			side = "left"
		}
		own.Label = &opts.Label{Show: opts.Bool(true), Position: side, Color: accent, FontSize: fontSize, FontWeight: "bold", Formatter: l.T("network.you")}
		e.series = append(e.series, series{SingleSeries: charts.SingleSeries{Type: "scatter", Data: []point{own}, SymbolSize: 15, Symbol: "diamond",
			ItemStyle: &opts.ItemStyle{Color: accent, BorderColor: card, BorderWidth: 1.5, Opacity: opts.Float(1)}}, Z: 4})
	}
	for i := range e.series {
		e.series[i].Emphasis = map[string]bool{"disabled": true}
	}
	chart := charts.NewLine()
	chart.SetGlobalOptions(globals(l.T("chart.axis_answers"), l.T("chart.axis_share"), describeFunnel(l, c), nil, 100)...)
	chart.SetGlobalOptions(
		charts.WithXAxisOpts(opts.XAxis{Type: "value", Name: l.T("chart.axis_answers"), NameLocation: "middle", NameGap: 30, Min: 0, Max: funnelEnd(c),
			AxisLabel: &opts.AxisLabel{Color: muted, FontSize: fontSize, HideOverlap: opts.Bool(true), Margin: 10},
			AxisTick:  &opts.AxisTick{Show: opts.Bool(false)}, SplitNumber: 4,
			SplitLine: &opts.SplitLine{Show: opts.Bool(false)}, AxisLine: &opts.AxisLine{LineStyle: &opts.LineStyle{Color: muted}}}),
		charts.WithTooltipOpts(opts.Tooltip{Trigger: "item", BackgroundColor: card, BorderColor: muted}))
	chart.Accept(e)
	chart.Validate()
	return marshal(chart.JSON())
}

func describeFunnel(l i18n.Language, c report.Compared) string {
	args := []any{"Question", c.Text.In(l.Tag), "Others", strconv.Itoa(c.Others.Practices()), "Middle", l.Percent(c.Others.Share())}
	if !Marked(c) {
		return l.T("chart.funnel_description_without", args...)
	}
	limits := c.Others.Limits(c.Own.N)
	return l.T("chart.funnel_description", append(args, "Own", ShareText(l, c.Own.Positive.Value, c.Own.Positive.Bound), "N", Answers(l, c.Own.N),
		"Low", l.Percent(limits.Low95), "High", l.Percent(limits.High95))...)
}

// PooledDistribution is how the answers of a whole network are divided, a segment per option from the
// lowest score to the highest, in whole per cent and without numbers of answers. The derived question
// has none.
func PooledDistribution(l i18n.Language, q report.PooledQuestion) []Segment {
	if q.Derived || q.Pool == nil {
		return nil
	}
	sum := 0.0
	for _, share := range q.Shares {
		sum += share // whole per cent may add up to 99 or 101
	}
	var segments []Segment
	x := 0.0
	for i, share := range q.Shares {
		width := share / sum
		segments = append(segments, Segment{Class: "scale-" + strconv.Itoa(report.Band(q.Options[i])), Label: q.Options[i].Text.In(l.Tag), Share: l.Percent(share),
			X: percent(x), Width: percent(width), Mid: percent(x + width/2), Wide: width >= wide, Tight: width < roomy, Hair: x > 0 && width > 0})
		x += width
	}
	return segments
}
