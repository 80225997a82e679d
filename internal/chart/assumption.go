package chart

import (
	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
)

// shifted is a point beside the middle of its row, so that equal values do not hide each other.
type shifted struct {
	point
	SymbolOffset [2]int `json:"symbolOffset"`
}

// Assumed draws ways of reaching the practice one under the other, and of each three marks on the scale
// 0–100 that differ in shape as well as colour: how satisfied the staff are themselves (a hollow
// square), what they believed of their patients (a hollow triangle) and what the patients said (a
// dot, with its interval as a thin line).
func Assumed(l i18n.Language, p calendar.Period, guesses []report.Guess) (string, error) {
	rows := make([]string, len(guesses))
	var own, believed, measured []any
	var whiskers []any
	for i, g := range guesses {
		rows[i] = l.T("assumption.contact_" + g.Question.ID)
		note := rows[i]
		if g.Own != nil {
			note += "\n" + l.T("assumption.col_own") + ": " + l.Number(g.Own.Score, 0)
		}
		if g.Believed != nil {
			note += "\n" + l.T("assumption.col_believed") + ": " + l.Number(g.Believed.Score, 0)
		}
		if m := g.Measured; m != nil {
			note += "\n" + l.T("assumption.col_measured") + ": " + ScoreText(l, m.Mean)
			if ci := m.Mean.Interval; ci != nil {
				note += " (" + l.Number(ci.Low, 0) + "–" + l.Number(ci.High, 0) + ")"
				whiskers = append(whiskers, []coord{{[2]any{round(ci.Low), i}}, {[2]any{round(ci.High), i}}})
			}
			note += ", " + Answers(l, m.N)
			style := &opts.ItemStyle{Color: accent, Opacity: opts.Float(1)}
			if m.Answers == nil {
				style = hollow(accent)
			}
			measured = append(measured, shifted{point{Value: [2]any{round(m.Mean.Value), i}, Symbol: "circle", ItemStyle: style, Note: note}, [2]int{}})
		}
		if g.Own != nil {
			own = append(own, shifted{point{Value: [2]any{round(g.Own.Score), i}, Symbol: "rect", ItemStyle: hollow(muted), Note: note}, [2]int{0, -14}})
		}
		if g.Believed != nil {
			believed = append(believed, shifted{point{Value: [2]any{round(g.Believed.Score), i}, Symbol: "triangle", ItemStyle: hollow(ink), Note: note}, [2]int{0, 14}})
		}
	}
	e := extra{}
	for _, data := range [][]any{own, believed, measured} {
		e.series = append(e.series, series{SingleSeries: charts.SingleSeries{Type: "scatter", Data: append([]any{}, data...), SymbolSize: 12},
			Emphasis: map[string]bool{"disabled": true}, Z: 3})
	}
	if len(whiskers) > 0 {
		e.series[2].MarkLine = &markLine{MarkLines: opts.MarkLines{Data: whiskers, MarkLineStyle: opts.MarkLineStyle{
			Symbol: []string{"none", "none"}, Label: &opts.Label{Show: opts.Bool(false)},
			LineStyle: &opts.LineStyle{Color: accent, Width: 2, Type: "solid", Opacity: opts.Float(0.7)}}}, Silent: true}
	}
	c := charts.NewScatter()
	c.SetGlobalOptions(append(globals("", "", l.T("assumption.chart_description", "Period", l.Period(p)), nil, 100),
		charts.WithGridOpts(opts.Grid{Left: "108", Right: "18", Top: "8", Bottom: "48"}),
		charts.WithTooltipOpts(opts.Tooltip{Trigger: "item", BackgroundColor: card, BorderColor: muted}),
		charts.WithXAxisOpts(opts.XAxis{Type: "value", Name: l.T("assumption.axis"), NameLocation: "middle", NameGap: 30, Min: 0, Max: 100, SplitNumber: 2,
			AxisLabel: &opts.AxisLabel{Color: muted, FontSize: fontSize},
			AxisLine:  &opts.AxisLine{Show: opts.Bool(false)},
			SplitLine: &opts.SplitLine{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: line}}}),
		charts.WithYAxisOpts(opts.YAxis{Type: "category", Data: rows, Inverse: opts.Bool(true),
			AxisLabel: &opts.AxisLabel{Color: ink, FontSize: fontSize},
			AxisLine:  &opts.AxisLine{LineStyle: &opts.LineStyle{Color: muted}}}))...)
	c.Accept(e)
	c.Validate()
	return marshal(c.JSON())
}

// hollow is a mark with only its outline, which also a grey print tells from a full one.
func hollow(colour string) *opts.ItemStyle {
	return &opts.ItemStyle{Color: card, BorderColor: colour, BorderWidth: 2, Opacity: opts.Float(1)}
}
