package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/survey"
)

// compared is a question with the given number of others, each 30 to 85 answers and 80 % positive.
func compared(t *testing.T, others, own int) report.Compared {
	t.Helper()
	members := map[string]disclosure.Sealed{"me": disclosure.Seal(map[string]int{"1": own / 5, "5": own - own/5})}
	for i := range others {
		n := 30 + 5*i
		members[fmt.Sprint("p", i)] = disclosure.Seal(map[string]int{"1": n / 5, "5": n - n/5})
	}
	cohort := disclosure.Gate{}.Cohort(members, map[string]float64{"1": 0, "5": 100}, "na")
	ledger := disclosure.Gate{}.Ledger(slices.Collect(maps.Keys(members)), map[string]disclosure.Cohort{"overall": cohort}, disclosure.Beside{})
	b, why := ledger.Others("overall", "me", cohort)
	if why != disclosure.None {
		t.Fatal(why)
	}
	c := report.Compared{Question: report.Question{ID: "overall", Scored: true, Text: survey.Text{"nb": hostile}}, Others: &b, Verdict: report.Alike}
	c.Own = &report.Result{N: own, Groups: [3]int{own / 5, 0, own - own/5}, Positive: report.Share{Value: float64(own-own/5) / float64(own)}}
	if own < 40 {
		c.Verdict = report.TooUnsure
	}
	return c
}

type drawn struct {
	Series []struct {
		Type string
		Data []struct {
			Value [2]float64
			Note  string
		}
		ItemStyle struct{ Color string }
	}
	XAxis []struct{ Max, Min float64 }
	YAxis []struct{ Max, Min float64 }
	Aria  struct {
		Label struct{ Description string }
	}
}

func funnel(t *testing.T, c report.Compared) (drawn, string) {
	t.Helper()
	text, err := Funnel(language(t, "nb"), c)
	if err != nil {
		t.Fatal(err)
	}
	var d drawn
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		// An axis may be an object or a list of one, as ECharts takes both.
		text2 := strings.NewReplacer(`"xAxis":{`, `"ignored":{`, `"yAxis":{`, `"ignored2":{`).Replace(text)
		if err := json.Unmarshal([]byte(text2), &d); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	return d, text
}

func TestFunnelDrawsTheLimitsAndTheOwnMark(t *testing.T) {
	c := compared(t, 11, 50)
	d, text := funnel(t, c)
	if len(d.Series) != 7 { // four limits, the middle, the others, the own mark
		t.Fatalf("%d series", len(d.Series))
	}
	for i, p := range d.Series[0].Data {
		if want := 100 * c.Others.Limits(int(p.Value[0])).Low95; math.Abs(p.Value[1]-want) > 0.06 {
			t.Errorf("point %d: %v, want %v", i, p.Value, want)
		}
	}
	if dots := d.Series[5]; len(dots.Data) == 0 || len(dots.Data) > 11 || dots.Data[0].Note != "" {
		t.Errorf("the others: %+v", dots)
	}
	own := d.Series[6]
	if len(own.Data) != 1 || own.Data[0].Value != [2]float64{50, 80} || own.ItemStyle.Color != accent || !strings.Contains(own.Data[0].Note, "50 svar") {
		t.Errorf("own mark: %+v", own)
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "p3") {
		t.Error("markup or an id in the options")
	}
	if last := d.Series[0].Data[len(d.Series[0].Data)-1].Value[0]; last < 80 {
		t.Errorf("the axis ends at %v, before a dot", last)
	}
}

func TestFunnelLeavesOutWhatMayNotBeDrawn(t *testing.T) {
	if d, _ := funnel(t, compared(t, 6, 60)); len(d.Series) != 6 {
		t.Errorf("dots in a network of seven: %d series", len(d.Series))
	}
	c := compared(t, 6, 30)
	if d, text := funnel(t, c); len(d.Series) != 5 || Marked(c) || !strings.Contains(text, "under 40 svar") {
		t.Errorf("a mark of 30 answers: %d series, %s", len(d.Series), text)
	}
}

func TestPooledDistributionFillsTheBar(t *testing.T) {
	q := report.PooledQuestion{Question: report.Question{Scored: true, Options: scale(0, 25, 50, 75, 100)}, Pool: &disclosure.Pool{}, Shares: []float64{0.01, 0, 0.12, 0.44, 0.42}}
	segments := PooledDistribution(language(t, "nb"), q)
	if len(segments) != 5 || segments[4].Share != "42\u00a0%" || segments[0].N != "" {
		t.Fatalf("got %+v", segments)
	}
	var end float64
	if _, err := fmt.Sscanf(segments[4].X, "%f", &end); err != nil {
		t.Fatal(err)
	}
	var width float64
	if _, err := fmt.Sscanf(segments[4].Width, "%f", &width); err != nil || math.Abs(end+width-100) > 0.02 {
		t.Errorf("the bar ends at %v", end+width)
	}
	q.Derived = true
	if PooledDistribution(language(t, "nb"), q) != nil {
		t.Error("the derived question has a distribution")
	}
}
