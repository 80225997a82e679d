package chart

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/survey"
)

const hostile = `</script><script>alert(1)</script>"'&{{.X}}{b}`

func language(t testing.TB, tag string) i18n.Language {
	t.Helper()
	w, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	if err != nil {
		t.Fatal(err)
	}
	return w.In(tag)
}

func scale(scores ...float64) []survey.Option {
	var options []survey.Option
	for i, s := range scores {
		code := fmt.Sprint(i + 1)
		options = append(options, survey.Option{Code: code, Score: s, Text: survey.Text{"nb": "svar " + code}})
	}
	return options
}

func at(week calendar.Week, r *report.Result) report.Point {
	return report.Point{Period: week.In(calendar.Weekly), Result: r}
}

func question(text string) report.Question {
	return report.Question{ID: "overall", Scored: true, Text: survey.Text{"nb": text}, Options: scale(0, 25, 50, 75, 100), Trend: []report.Point{
		at("2026-W44", &report.Result{N: 40, Answers: []int{1, 2, 3, 4, 30}, Mean: report.Mean{Value: 58.46, Interval: &stats.Interval{Low: 52, High: 64}}}),
		at("2026-W45", nil), at("2026-W46", nil), at("2026-W47", nil),
		at("2026-W48", &report.Result{N: 12, Mean: report.Mean{Value: 95, Bound: disclosure.AtLeast}}),
	}}
}

func responses() report.Responses {
	span := func(a, b calendar.Week) report.Span { return report.Span{First: a, Last: b} }
	return report.Responses{Total: 75, Channels: []string{"qr", "sms"}, Weeks: []report.WeekResponses{
		{Week: "2026-W44", Span: span("2026-W43", "2026-W44"), Total: 40, Parts: map[string]int{"qr": 30, "sms": 10}},
		{Week: "2026-W46", Span: span("2026-W46", "2026-W46"), Total: 35, Parts: map[string]int{"qr": 35}}}}
}

func both(t *testing.T, tag, text string) map[string]string {
	t.Helper()
	l := language(t, tag)
	trend, err := Trend(l, question(text))
	if err != nil {
		t.Fatal(err)
	}
	bars, err := Responses(l, responses())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"trend": trend, "responses": bars}
}

var colour = regexp.MustCompile(`(?i)#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(`)

func TestOptionsAreFitForThePage(t *testing.T) {
	for _, tag := range i18n.Languages {
		for name, option := range both(t, tag, hostile) {
			if strings.ContainsAny(option, "<>&") {
				t.Errorf("%s %s: not escaped: %s", tag, name, option)
			}
			if c := colour.FindString(option); c != "" {
				t.Errorf("%s %s: the colour %s is not one of the style sheet's", tag, name, c)
			}
			var o struct {
				Animation *bool
				Aria      struct {
					Enabled bool
					Label   struct{ Description string }
				}
				Tooltip      struct{ RenderMode string }
				Legend       struct{ Show *bool }
				Title        map[string]any
				XAxis, YAxis struct {
					Name string
					Min  any
					Max  any
				}
			}
			if err := json.Unmarshal([]byte(option), &o); err != nil {
				t.Fatalf("%s %s: %v", tag, name, err)
			}
			if o.Animation == nil || *o.Animation || !o.Aria.Enabled || o.Aria.Label.Description == "" || o.Tooltip.RenderMode != "richText" ||
				o.Legend.Show == nil || *o.Legend.Show || len(o.Title) > 0 {
				t.Errorf("%s %s: %+v", tag, name, o)
			}
			if strings.HasPrefix(o.Aria.Label.Description, "chart.") || strings.Contains(option, "dashboard.") || strings.Contains(option, "<no value>") {
				t.Errorf("%s %s: a word is missing: %s", tag, name, option)
			}
			if o.XAxis.Name == "" || o.YAxis.Name == "" || name == "trend" && fmt.Sprint(o.YAxis.Min, o.YAxis.Max) != "0 100" {
				t.Errorf("%s %s: axes %+v %+v", tag, name, o.XAxis, o.YAxis)
			}
		}
	}
}

// TestHostileNameInAttribute puts the options where the page has them and reads them back.
func TestHostileNameInAttribute(t *testing.T) {
	page := template.Must(template.New("").Parse(`<div data-chart="{{.}}"></div>`))
	for name, option := range both(t, "nb", hostile) {
		var b strings.Builder
		if err := page.Execute(&b, option); err != nil {
			t.Fatal(err)
		}
		if strings.Count(b.String(), "<") != 2 || strings.Count(b.String(), `"`) != 2 {
			t.Errorf("%s breaks out of its attribute: %s", name, b.String())
		}
	}
	if !strings.Contains(both(t, "nb", hostile)["trend"], `\u003c/script\u003e`) {
		t.Error("the name is not in the description")
	}
}

func TestTrend(t *testing.T) {
	var o struct {
		XAxis  struct{ Data []string }
		Series []struct {
			Type string
			Data []struct {
				Value     any
				Note      string
				ItemStyle *struct{ Color string }
				Label     struct{ Formatter string }
			}
			MarkLine struct {
				Data [][]struct{ Coord [2]float64 }
			}
		}
	}
	if err := json.Unmarshal([]byte(both(t, "nb", "Ventetid?")["trend"]), &o); err != nil {
		t.Fatal(err)
	}
	line := o.Series[0]
	if got := strings.Join(o.XAxis.Data, " "); got != "u44 u45 u46 u47 u48" {
		t.Errorf("axis %q", got)
	}
	if got := fmt.Sprint(line.Data[0].Value, line.Data[1].Value, line.Data[4].Value); got != "58.5 <nil> 95" {
		t.Errorf("values %s", got)
	}
	if line.Data[0].ItemStyle != nil || line.Data[4].ItemStyle == nil || line.Data[4].ItemStyle.Color != card {
		t.Error("want a full point at 40 answers and a hollow one at 12")
	}
	if got, want := line.Data[0].Note, "uke 44 2026\n58\u00a0av\u00a0100 (52–64)\n40 svar"; got != want {
		t.Errorf("note %q, want %q", got, want)
	}
	if got, want := line.Data[4].Note, "uke 48 2026\nminst 95\u00a0av\u00a0100\n12 svar"; got != want {
		t.Errorf("note %q, want %q", got, want)
	}
	if got := fmt.Sprint(line.MarkLine.Data); got != "[[{[0 52]} {[0 64]}]]" {
		t.Errorf("whiskers %s", got)
	}
	if gaps := o.Series[1].Data; len(gaps) != 1 || gaps[0].Label.Formatter != "for få" || fmt.Sprint(gaps[0].Value) != "[2 6]" {
		t.Errorf("gaps %+v", gaps)
	}
}

func TestResponsesKeepEveryWeek(t *testing.T) {
	option := both(t, "nb", "")["responses"]
	for _, want := range []string{`"u44","u45","u46"`, "uke 43–44 2026\\n40 besvarelser\\nQR-kode: 30\\nSMS: 10", `"stack":"all"`} {
		if !strings.Contains(option, want) {
			t.Errorf("%s is not in %s", want, option)
		}
	}
}

func TestDistribution(t *testing.T) {
	l := language(t, "nb")
	five := report.Question{Scored: true, Options: scale(0, 25, 50, 75, 100)}
	four := report.Question{Scored: true, Options: scale(0, 100.0/3, 200.0/3, 100)}
	choice := report.Question{Options: scale(0, 0)}
	index := report.Question{Scored: true, Derived: true}
	answers := make([]int, 21)
	for i := range answers {
		index.Options = append(index.Options, survey.Option{Code: fmt.Sprint(5 * i), Score: float64(5 * i)})
		answers[i] = 10
	}
	for name, c := range map[string]struct {
		q    report.Question
		r    report.Result
		want string
	}{
		"five steps": {five, report.Result{N: 1000, Answers: []int{0, 3, 97, 300, 600}},
			"scale-1 svar 1 0 % 0 | scale-2 svar 2 under 1 % 3 | scale-3 svar 3 10 % 97 | scale-4 svar 4 30 % 300 | scale-5 svar 5 60 % 600"},
		"four steps": {four, report.Result{N: 40, Answers: []int{10, 10, 10, 10}},
			"scale-1 svar 1 25 % 10 | scale-2 svar 2 25 % 10 | scale-4 svar 3 25 % 10 | scale-5 svar 4 25 % 10"},
		"three groups": {five, report.Result{N: 20, Groups: [3]int{5, 5, 10}},
			"scale-1 svar 1, svar 2 25 % 5 | scale-3 svar 3 25 % 5 | scale-5 svar 4, svar 5 50 % 10"},
		"at least": {five, report.Result{N: 13, Groups: [3]int{0, 1, 12}, Positive: report.Share{Bound: disclosure.AtLeast}},
			"rest Alle andre svar høyst 8 %  | scale-5 svar 4, svar 5 minst 92 % "},
		"at most": {five, report.Result{N: 13, Groups: [3]int{9, 3, 1}, Positive: report.Share{Bound: disclosure.AtMost}},
			"rest Alle andre svar minst 92 %  | scale-5 svar 4, svar 5 høyst 8 % "},
		"a choice": {choice, report.Result{N: 40, Answers: []int{30, 10}}, "part-1 svar 1 75 % 30 | part-2 svar 2 25 % 10"},
		"index in bands": {index, report.Result{N: 210, Answers: answers},
			"scale-1 0–10 14 % 30 | scale-2 15–35 24 % 50 | scale-3 40–60 24 % 50 | scale-4 65–85 24 % 50 | scale-5 90–100 14 % 30"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, s := range Distribution(l, c.q, &c.r) {
				got = append(got, strings.ReplaceAll(fmt.Sprint(s.Class, " ", s.Label, " ", s.Share, " ", s.N), "\u00a0", " "))
			}
			if g := strings.Join(got, " | "); g != c.want {
				t.Errorf("got  %s\nwant %s", g, c.want)
			}
		})
	}
}

// TestVendor holds the file of ECharts against its checksum, and the checksum against the licence that
// must come with it.
func TestVendor(t *testing.T) {
	dir := filepath.Join("..", "..", "static", "vendor")
	sum, err := os.ReadFile(filepath.Join(dir, "echarts.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^echarts \d+\.\d+\.\d+ https://registry\.npmjs\.org/\S+ sha512-\S{88}$`).Match(sum) {
		t.Errorf("echarts.sum does not say where the file is from:\n%s", sum)
	}
	m := regexp.MustCompile(`(?m)^(\S+) sha256 ([0-9a-f]{64})$`).FindSubmatch(sum)
	if m == nil {
		t.Fatalf("echarts.sum has no checksum:\n%s", sum)
	}
	file, err := os.ReadFile(filepath.Join(dir, string(m[1])))
	if err != nil {
		t.Fatal(err)
	}
	if got := sha256.Sum256(file); hex.EncodeToString(got[:]) != string(m[2]) {
		t.Errorf("%s has the checksum %x, want %s", m[1], got, m[2])
	}
	for _, name := range []string{"LICENSE", "LICENSE-d3", "NOTICE"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
