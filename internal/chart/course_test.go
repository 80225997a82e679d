package chart

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/report"
)

// TestCourseIsDrawn: the median with its value at its end, limits that are within the scale, and where
// improvements began, with names that stay names.
func TestCourseIsDrawn(t *testing.T) {
	q := question("Ventetid?")
	q.Course = &report.Course{Points: 2, Median: 72.4, Limits: &report.Limits{Centre: 80, Low: 61.44, High: 100},
		Improvements: []report.Mark{{Name: "Mer tid", Start: "2026-W45", Index: 1}, {Name: hostile + " og {b}", Start: "2026-W47", Index: 3}}}
	option, err := Trend(language(t, "nb"), q)
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		Series []struct {
			Type string
			Data []struct {
				Name  string
				Value any
				Label struct{ Formatter, Position string }
			}
			MarkLine struct {
				Silent bool
				Data   [][]struct {
					Coord     [2]float64
					Label     struct{ Formatter string }
					LineStyle struct{ Color, Type string }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(option), &o); err != nil {
		t.Fatal(err)
	}
	var lines []string
	guides := o.Series[2] // after the means and the words in the gaps
	for _, l := range guides.MarkLine.Data {
		lines = append(lines, fmt.Sprint(l[0].Coord, l[1].Coord, l[0].Label.Formatter, " ", l[0].LineStyle.Type))
	}
	if got, want := strings.Join(lines, "\n"), "[0 72.4] [4 72.4]median 72 solid\n[0 61.4] [4 61.4]nedre grense 61 dashed\n[1 0] [1 100] dotted\n[3 0] [3 100] dotted"; got != want {
		t.Errorf("lines\n%s\nwant\n%s", got, want)
	}
	names := o.Series[3].Data
	if len(names) != 2 || names[0].Name != "Mer tid" || names[0].Label.Position != "right" || names[1].Label.Position != "left" {
		t.Fatalf("names %+v", names)
	}
	for _, n := range names {
		if n.Label.Formatter != "{b}" || len([]rune(n.Name)) > 18 {
			t.Errorf("the name %q is shown by %q", n.Name, n.Label.Formatter)
		}
	}
	if strings.ContainsAny(option, "<>&") || colour.MatchString(option) || !guides.MarkLine.Silent {
		t.Errorf("not fit for the page: %s", option)
	}
	for _, part := range guides.MarkLine.Data {
		if c := part[0].LineStyle.Color; c != ink && c != muted {
			t.Errorf("a line has the colour %s: no verdict is drawn in colour", c)
		}
	}
}
