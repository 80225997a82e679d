// Package chart turns report values into pictures: options for ECharts as JSON, which one script of
// our own draws, and the segments of a distribution bar, which a template draws as SVG. Colours are
// names of the style sheet ("var(--accent)"), so that one picture serves light, dark and paper.
package chart

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
)

// Colours by their names in the style sheet.
const (
	ink    = "var(--ink)"
	muted  = "var(--muted)"
	line   = "var(--line)"
	card   = "var(--card)"
	accent = "var(--accent)"
)

// Part is the number of the colour of the i-th part of a whole without order, "var(--part-1)" to 5.
func Part(i int) int { return i%5 + 1 }

// ChannelPart is the same for the i-th channel; several gathered in one have a colour of their own.
func ChannelPart(r report.Responses, i int) int {
	if r.Channels[i] == disclosure.Mixed {
		return 6
	}
	return Part(i)
}

const (
	fontFamily = `system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif`
	fontSize   = 14
)

// point is a datum. Note is what the script shows of it in a tooltip, line by line.
type point struct {
	Name      string          `json:"name,omitempty"` // staff text; a label shows it as "{b}", never as a formatter
	Value     any             `json:"value"`          // nil is a gap
	Symbol    string          `json:"symbol,omitempty"`
	ItemStyle *opts.ItemStyle `json:"itemStyle,omitempty"`
	Label     *opts.Label     `json:"label,omitempty"`
	Note      string          `json:"note,omitempty"`
}

// series is a series with what go-echarts has no field for.
type series struct {
	charts.SingleSeries
	Emphasis      map[string]bool `json:"emphasis"`
	ShowAllSymbol bool            `json:"showAllSymbol,omitempty"`
	Silent        bool            `json:"silent,omitempty"`
	MarkLine      *markLine       `json:"markLine,omitempty"`
	Z             int             `json:"z,omitempty"`
}

type markLine struct {
	opts.MarkLines
	Silent    bool `json:"silent"`
	Animation bool `json:"animation"`
}

type coord struct {
	Coord [2]any `json:"coord"`
}

// lineEnd is an end of a line across the chart; the first of the two says how it looks.
type lineEnd struct {
	coord
	Label     map[string]any  `json:"label,omitempty"`
	LineStyle *opts.LineStyle `json:"lineStyle,omitempty"`
}

// extra adds what go-echarts leaves out. It must be the chart's visitor when JSON is called.
type extra struct {
	charts.BaseConfigurationVisitor
	series []series
}

func (e extra) VisitSeriesOpt(charts.MultiSeries) any { return e.series }

func (extra) VisitTooltipOpt(t opts.Tooltip) any {
	return struct {
		opts.Tooltip
		RenderMode string         `json:"renderMode"` // HTML would need inline styles, which the page forbids
		Confine    bool           `json:"confine"`
		TextStyle  map[string]any `json:"textStyle"`
	}{t, "richText", true, map[string]any{"color": ink, "fontSize": fontSize, "lineHeight": 20}}
}

func (extra) VisitXAxis(axes []opts.XAxis) any {
	return struct {
		opts.XAxis
		NameTextStyle map[string]any `json:"nameTextStyle"`
	}{axes[0], map[string]any{"color": muted, "fontSize": fontSize}}
}

func (extra) VisitYAxis(axes []opts.YAxis) any {
	return struct {
		opts.YAxis
		NameTextStyle map[string]any `json:"nameTextStyle"`
	}{axes[0], map[string]any{"color": muted, "fontSize": fontSize, "align": "left", "padding": []int{0, 0, 0, -34}}}
}

func (extra) Visit(option map[string]any) {
	option["textStyle"] = map[string]any{"fontFamily": fontFamily, "color": ink}
	delete(option, "toolbox")
	delete(option, "color")
}

// globals is what every chart has: no legend or title (they are HTML), no animation, a base line and
// two quiet helpers.
func globals(x, y, description string, categories []string, most any) []charts.GlobalOpts {
	label := &opts.AxisLabel{Color: muted, FontSize: fontSize, HideOverlap: opts.Bool(true), Margin: 10}
	return []charts.GlobalOpts{
		charts.WithAnimation(false),
		charts.WithLegendOpts(opts.Legend{Show: opts.Bool(false)}),
		charts.WithGridOpts(opts.Grid{Left: "38", Right: "18", Top: "36", Bottom: "48"}),
		charts.WithAriaOpts(&opts.Aria{Enabled: opts.Bool(true), Label: &opts.AriaLabel{Description: description}}),
		charts.WithTooltipOpts(opts.Tooltip{Trigger: "axis", BackgroundColor: card, BorderColor: muted,
			AxisPointer: &opts.AxisPointer{Type: "line"}}),
		charts.WithXAxisOpts(opts.XAxis{Type: "category", Name: x, NameLocation: "middle", NameGap: 30, Data: categories,
			AxisLabel: label, AxisTick: &opts.AxisTick{Show: opts.Bool(false)},
			AxisLine: &opts.AxisLine{LineStyle: &opts.LineStyle{Color: muted}}}),
		charts.WithYAxisOpts(opts.YAxis{Type: "value", Name: y, NameLocation: "end", NameGap: 16, Min: 0, Max: most, SplitNumber: 2,
			MinInterval: 1, AxisLabel: &opts.AxisLabel{Color: muted, FontSize: fontSize},
			AxisLine:  &opts.AxisLine{Show: opts.Bool(false)},
			SplitLine: &opts.SplitLine{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: line}}}),
	}
}

func marshal(option map[string]any) (string, error) {
	b, err := json.Marshal(option) // < and > are escaped
	return string(b), err
}

// UnitKey ends the keys of the words that depend on the length of the periods.
func UnitKey(u calendar.Unit) string { return [...]string{"week", "month", "quarter"}[u] }

// Trend draws a question's mean, 0 to 100, over its periods: points with the interval as a thin line,
// hollow where there are fewer than 30 answers and so no interval, and gaps with a word.
func Trend(l i18n.Language, q report.Question) (string, error) {
	var categories []string
	data := make([]point, len(q.Trend))
	var whiskers []any
	for i, p := range q.Trend {
		categories = append(categories, l.PeriodShort(p.Period))
		data[i].Note = l.Period(p.Period) + "\n" + l.T("dashboard.too_few")
		if p.Result == nil {
			continue
		}
		r := p.Result
		data[i].Value, data[i].Symbol = round(r.Mean.Value), "circle"
		data[i].Note = l.Period(p.Period) + "\n" + MeanText(l, r.Mean) + "\n" + Answers(l, r.N)
		if r.Answers == nil {
			data[i].ItemStyle = &opts.ItemStyle{Color: card, BorderColor: accent, BorderWidth: 2}
		}
		if ci := r.Mean.Interval; ci != nil {
			whiskers = append(whiskers, []coord{{[2]any{i, round(ci.Low)}}, {[2]any{i, round(ci.High)}}})
			data[i].Note = l.Period(p.Period) + "\n" + MeanText(l, r.Mean) + " (" + l.Number(ci.Low, 0) + "–" + l.Number(ci.High, 0) +
				")\n" + Answers(l, r.N)
		}
	}
	c := charts.NewLine()
	c.SetGlobalOptions(globals(l.T("chart.axis_"+UnitKey(q.Trend[0].Period.Unit)), l.T("chart.axis_mean"),
		describeTrend(l, q), categories, 100)...)
	c.SetXAxis(categories)
	means := series{SingleSeries: charts.SingleSeries{Type: "line", Data: data, SymbolSize: symbolSize(len(data)),
		ItemStyle: &opts.ItemStyle{Color: accent}, LineStyle: &opts.LineStyle{Color: accent, Width: 2}}, ShowAllSymbol: true, Z: 3}
	if len(whiskers) > 0 {
		means.MarkLine = &markLine{MarkLines: opts.MarkLines{Data: whiskers, MarkLineStyle: opts.MarkLineStyle{
			Symbol: []string{"none", "none"}, Label: &opts.Label{Show: opts.Bool(false)},
			LineStyle: &opts.LineStyle{Color: accent, Width: 1.5, Type: "solid", Opacity: opts.Float(0.55)}}}, Silent: true}
	}
	e := extra{series: []series{means}}
	if gaps := gapWords(l, q.Trend); len(gaps) > 0 {
		e.series = append(e.series, series{SingleSeries: charts.SingleSeries{Type: "scatter", Data: gaps, SymbolSize: 0}, Silent: true})
	}
	e.series = append(e.series, courseLines(l, q)...)
	for i := range e.series {
		e.series[i].Emphasis = map[string]bool{"disabled": true}
	}
	c.Accept(e)
	c.Validate()
	return marshal(c.JSON())
}

// courseLines draws what a series says as a whole: the median with its value at its end, the control
// limits where there are any, and a line with a name where each improvement began.
func courseLines(l i18n.Language, q report.Question) []series {
	c := q.Course
	if c == nil {
		return nil
	}
	last := len(q.Trend) - 1
	var lines []any
	across := func(y float64, key, position, kind, colour string) {
		lines = append(lines, []any{
			lineEnd{coord{[2]any{0, round(y)}}, map[string]any{"show": true, "position": position, "color": colour, "fontSize": 13,
				"formatter": l.T(key, "Value", l.Number(y, 0)), "backgroundColor": card, "padding": []int{0, 3}},
				&opts.LineStyle{Color: colour, Width: 1, Type: kind}},
			coord{[2]any{last, round(y)}}})
	}
	across(c.Median, "chart.median", "insideEndBottom", "solid", ink)
	if limits := c.Limits; limits != nil {
		// An end of the scale is no limit: nothing can lie beyond it.
		if limits.Low > 0 {
			across(limits.Low, "chart.limit_low", "insideStartBottom", "dashed", muted)
		}
		if limits.High < 100 {
			across(limits.High, "chart.limit_high", "insideStartTop", "dashed", muted)
		}
	}
	names := make([]point, 0, len(c.Improvements))
	for i, m := range c.Improvements {
		lines = append(lines, []any{
			lineEnd{coord{[2]any{m.Index, 0}}, map[string]any{"show": false}, &opts.LineStyle{Color: ink, Width: 1.5, Type: "dotted"}},
			coord{[2]any{m.Index, 100}}})
		side := "right"
		if 2*m.Index > last {
			side = "left"
		}
		names = append(names, point{Name: shorten(m.Name), Value: [2]int{m.Index, 18 + 12*(i%3)},
			Label: &opts.Label{Show: opts.Bool(true), Position: side, Color: ink, FontSize: 13, Formatter: "{b}"}})
	}
	out := []series{{SingleSeries: charts.SingleSeries{Type: "line", Data: []point{}, Symbol: "none"}, Silent: true, Z: 2,
		MarkLine: &markLine{MarkLines: opts.MarkLines{Data: lines, MarkLineStyle: opts.MarkLineStyle{Symbol: []string{"none", "none"}}}, Silent: true}}}
	if len(names) > 0 {
		out = append(out, series{SingleSeries: charts.SingleSeries{Type: "scatter", Data: names, SymbolSize: 0}, Silent: true, Z: 4})
	}
	return out
}

// shorten keeps a name within half the width of a chart on a phone; the whole of it is in the text.
func shorten(name string) string {
	const room = 18
	if runes := []rune(name); len(runes) > room {
		return strings.TrimSpace(string(runes[:room-1])) + "…"
	}
	return name
}

// symbolSize keeps points apart on a narrow screen.
func symbolSize(points int) int {
	switch {
	case points > 36:
		return 6
	case points > 18:
		return 7
	}
	return 9
}

// gapWords puts a word at the middle of the rows of periods without a value, as many as have room on
// a phone: ECharts leaves overlapping labels as they are.
func gapWords(l i18n.Language, trend []report.Point) []point {
	var words []point
	room := max(1, (len(trend)+3)/4)
	last := -room
	for i := 0; i < len(trend); i++ {
		from := i
		for i < len(trend) && trend[i].Result == nil {
			i++
		}
		middle := min((from+i-1)/2, len(trend)-1-len(trend)/20)
		if i == from || middle-last < room {
			continue
		}
		last = middle
		words = append(words, point{Value: [2]int{middle, 6},
			Label: &opts.Label{Show: opts.Bool(true), Position: "inside", Color: muted, FontSize: 13, Formatter: l.T("chart.gap")}})
	}
	return words
}

func describeTrend(l i18n.Language, q report.Question) string {
	first, low, high, last := -1, 0, 0, 0
	for i, p := range q.Trend {
		if p.Result == nil {
			continue
		}
		if first < 0 {
			first, low, high = i, i, i
		}
		if p.Result.Mean.Value < q.Trend[low].Result.Mean.Value {
			low = i
		}
		if p.Result.Mean.Value > q.Trend[high].Result.Mean.Value {
			high = i
		}
		last = i
	}
	if first < 0 {
		return ""
	}
	at := func(i int) string { return l.Period(q.Trend[i].Period) }
	value := func(i int) string { return MeanText(l, q.Trend[i].Result.Mean) }
	return l.T("chart.trend_description", "Question", q.Text.In(l.Tag), "First", at(first), "Last", at(last),
		"Low", value(low), "LowAt", at(low), "High", value(high), "HighAt", at(high), "Latest", value(last))
}

// MeanText writes a mean: "58 av 100", "minst 95 av 100".
func MeanText(l i18n.Language, m report.Mean) string {
	return l.T("dashboard.mean"+boundKey(m.Bound), "Value", l.Number(m.Value, 0))
}

// Answers writes a number of answers: "1 376 svar".
func Answers(l i18n.Language, n int) string {
	return l.T("dashboard.answers", "Count", n, "N", l.Number(float64(n), 0))
}

// ShareText writes a share: "61 %", "minst 92 %", "under 1 %" for what would round to none. A limit is
// rounded so that it stays true.
func ShareText(l i18n.Language, share float64, b disclosure.Bound) string {
	switch {
	case b == disclosure.AtLeast:
		share = math.Floor(100*share) / 100
	case b == disclosure.AtMost:
		share = math.Ceil(100*share) / 100
	case share > 0 && share < 0.005:
		return l.T("dashboard.value_under", "Value", l.Percent(0.01))
	case share > 0.995 && share < 1:
		return l.T("dashboard.value_over", "Value", l.Percent(0.99))
	}
	return limited(l, l.Percent(share), b)
}

// ScoreText writes a mean where its unit is given elsewhere: "58", "minst 95".
func ScoreText(l i18n.Language, m report.Mean) string {
	return limited(l, l.Number(m.Value, 0), m.Bound)
}

func limited(l i18n.Language, value string, b disclosure.Bound) string {
	if b == disclosure.Exact {
		return value
	}
	return l.T("dashboard.value"+boundKey(b), "Value", value)
}

func boundKey(b disclosure.Bound) string {
	switch b {
	case disclosure.AtLeast:
		return "_at_least"
	case disclosure.AtMost:
		return "_at_most"
	}
	return ""
}

// Responses draws the number of responses per week, a bar divided by channel.
func Responses(l i18n.Language, r report.Responses) (string, error) {
	first, last := r.Weeks[0].Week, r.Weeks[len(r.Weeks)-1].Week
	index := map[calendar.Week]int{}
	var categories []string
	for w := first; w <= last; w = w.Add(1) {
		index[w] = len(categories)
		categories = append(categories, l.PeriodShort(w.In(calendar.Weekly)))
	}
	e := extra{}
	most := 0
	for i, channel := range r.Channels {
		data := make([]point, len(categories))
		for _, w := range r.Weeks {
			most = max(most, w.Total)
			if n := w.Parts[channel]; n > 0 {
				data[index[w.Week]].Value = n
			}
		}
		e.series = append(e.series, series{SingleSeries: charts.SingleSeries{Type: "bar", Stack: "all", Name: l.T("channel." + channel),
			BarMaxWidth: "32", BarCategoryGap: "15%", Data: data,
			ItemStyle: &opts.ItemStyle{Color: fmt.Sprintf("var(--part-%d)", ChannelPart(r, i)), BorderColor: card, BorderWidth: 0.5}},
			Emphasis: map[string]bool{"disabled": true}})
	}
	// A line of no width carries the tooltip of a whole bar: a bar part that is missing has none.
	notes := make([]point, len(categories))
	for _, w := range r.Weeks {
		notes[index[w.Week]] = point{Value: w.Total, Note: weekNote(l, r, w)}
	}
	e.series = append(e.series, series{SingleSeries: charts.SingleSeries{Type: "line", Data: notes, Symbol: "none",
		LineStyle: &opts.LineStyle{Color: line, Opacity: opts.Float(0)}}, Emphasis: map[string]bool{"disabled": true}, Silent: true})
	c := charts.NewBar()
	c.SetGlobalOptions(globals(l.T("chart.axis_week"), l.T("chart.axis_responses"),
		l.T("chart.responses_description", "First", l.Period(first.In(calendar.Weekly)), "Last", l.Period(last.In(calendar.Weekly)),
			"Total", l.Number(float64(r.Total), 0), "Most", most), categories, nil)...)
	c.SetXAxis(categories)
	c.Accept(e)
	c.Validate()
	return marshal(c.JSON())
}

func weekNote(l i18n.Language, r report.Responses, w report.WeekResponses) string {
	lines := []string{l.Weeks(w.Span.First, w.Week), l.T("dashboard.responses", "Count", w.Total, "N", l.Number(float64(w.Total), 0))}
	for _, channel := range r.Channels {
		if n := w.Parts[channel]; n > 0 {
			lines = append(lines, l.T("channel."+channel)+": "+l.Number(float64(n), 0))
		}
	}
	return strings.Join(lines, "\n")
}

// round keeps one decimal, which is more than a chart can show.
func round(x float64) float64 { return math.Round(10*x) / 10 }
