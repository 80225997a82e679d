package chart

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/survey"
)

func TestAssumed(t *testing.T) {
	four := scale(0, 100.0/3, 200.0/3, 100)
	at := func(id string) survey.Question { return survey.Question{ID: id, Kind: survey.Scale, Options: four} }
	guesses := []report.Guess{
		{Question: at("phone"), Believed: &four[1], Own: &four[3], Measured: &report.Result{N: 60, Answers: []int{24, 20, 10, 6},
			Mean: report.Mean{Value: 32.22, Interval: &stats.Interval{Low: 23.7, High: 40.75}}}},
		{Question: at("secure"), Believed: &four[2], Measured: &report.Result{N: 14, Mean: report.Mean{Value: 86}}},
		{Question: at("website"), Own: &four[0]},
	}
	for _, tag := range i18n.Languages {
		option, err := Assumed(language(t, tag), calendar.Week("2026-W47").In(calendar.Quarterly), guesses)
		if err != nil {
			t.Fatal(err)
		}
		var o struct {
			Aria    struct{ Label struct{ Description string } }
			Tooltip struct{ RenderMode string }
			XAxis   struct{ Name, Type string }
			YAxis   struct {
				Type string
				Data []string
			}
			Series []struct {
				Data []struct {
					Value        [2]float64
					Symbol, Note string
					SymbolOffset [2]int
					ItemStyle    struct{ Color string }
				}
				MarkLine struct {
					Data [][]struct{ Coord [2]float64 }
				}
			}
		}
		if err := json.Unmarshal([]byte(option), &o); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(option, "assumption.") || colour.MatchString(option) || strings.ContainsAny(option, "<>&") {
			t.Errorf("%s: a word is missing, or a colour or a character is not fit for the page: %s", tag, option)
		}
		if o.Aria.Label.Description == "" || o.Tooltip.RenderMode != "richText" || o.XAxis.Type != "value" || o.XAxis.Name == "" || o.YAxis.Type != "category" || len(o.YAxis.Data) != 3 {
			t.Errorf("%s: %+v", tag, o)
		}
		var got []string
		offsets := map[[2]int]bool{}
		for _, s := range o.Series {
			for _, p := range s.Data {
				got = append(got, fmt.Sprint(p.Symbol, p.Value))
				offsets[p.SymbolOffset] = true
			}
		}
		if g, want := strings.Join(got, " "), "rect[100 0] rect[0 2] triangle[33.3 0] triangle[66.7 1] circle[32.2 0] circle[86 1]"; g != want {
			t.Errorf("%s: %s\nwant %s", tag, g, want)
		}
		if len(offsets) != 3 {
			t.Error("equal values of the three series hide each other")
		}
		measured := o.Series[2]
		if fmt.Sprint(measured.MarkLine.Data) != "[[{[23.7 0]} {[40.8 0]}]]" {
			t.Errorf("whiskers %v", measured.MarkLine.Data)
		}
		if measured.Data[0].ItemStyle.Color != accent || measured.Data[1].ItemStyle.Color != card {
			t.Error("want a full mark at 60 answers and a hollow one at 14")
		}
		if want := "Telefon\nDin egen tilfredshet: 100\nAntatt: 33\nMålt: 32 (24–41), 60 svar"; tag == "nb" && measured.Data[0].Note != want {
			t.Errorf("note %q, want %q", measured.Data[0].Note, want)
		}
	}
}
