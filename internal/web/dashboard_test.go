package web

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/store"
)

// release lets out counts for a practice, under the name of a week.
func (f *fixture) release(t testing.TB, practiceName, survey string, week calendar.Week, channels map[string]int, questions map[string]map[string]int) {
	t.Helper()
	sum := func(counts map[string]int) store.Sum { return store.Sum{First: week, Last: week, Counts: counts} }
	sums := store.Sums{Channels: sum(channels), Questions: map[string]store.Sum{}}
	for id, counts := range questions {
		sums.Questions[id] = sum(counts)
	}
	_, err := f.Store.CloseWeek(context.Background(), week, aggregate.Divide(disclosure.Gate{})) // figures are brought in for closed weeks
	must(t, err)
	must(t, f.Store.Import(context.Background(), survey, 1, []store.Imported{{Practice: practiceName, Week: week, Sums: sums}}, aggregate.Divide(disclosure.Gate{})))
}

func (f *fixture) fillEidsvag(t testing.TB) {
	t.Helper()
	f.release(t, f.eidsvag.Name, "visit", "2026-W44", map[string]int{"qr": 40, "slip": 22}, map[string]map[string]int{
		"waittime": {"1": 8, "2": 10, "3": 16, "4": 18, "5": 10, "na": 14}, "overall": {"2": 2, "3": 10, "4": 30, "5": 18}, "index": {"55": 20, "70": 42}})
	f.release(t, f.eidsvag.Name, "visit", "2026-W46", map[string]int{"qr": 30}, map[string]map[string]int{
		"waittime": {"1": 2, "3": 10, "5": 10}, "overall": {"4": 15, "5": 15}, "polite": {"5": 12}, "index": {"75": 30}})
	f.release(t, f.eidsvag.Name, "visit", "2026-W47", map[string]int{"qr": 20}, map[string]map[string]int{"overall": {"4": 5, "5": 15}})
	f.release(t, f.eidsvag.Name, "digital", "2026-W46", map[string]int{"qr": 30}, map[string]map[string]int{"used": {"yes": 19, "no": 8}})
}

var (
	chartPattern = regexp.MustCompile(`data-chart="([^"]*)"`)
	tagPattern   = regexp.MustCompile(`<[^>]*>`)
	blankPattern = regexp.MustCompile(`\s+`)
)

// words is what a page says, without its tags.
func words(body string) string {
	text := html.UnescapeString(tagPattern.ReplaceAllString(body, " "))
	return blankPattern.ReplaceAllString(strings.ReplaceAll(text, "\u00a0", " "), " ")
}

func TestDashboardSaysWhatIsReleased(t *testing.T) {
	f := newFixture(t)
	f.fillEidsvag(t)
	f.openResults(t, kari)
	r := f.get(t, kari, "/practices/"+f.eidsvag.ID, "Accept-Language", "nb")
	said := words(r.body)
	for _, want := range []string{
		"Eidsvåg legekontor", "uke 44–47 2026",
		"Var ventetiden på legekontoret grei for deg?", "84 svar", "14 svarte «Hadde ikke time» og er ikke regnet med.",
		"svarte «I stor grad» eller «I svært stor grad»", "95 % sikkert mellom",
		"Var legen høflig mot deg?", "minst 95 av 100", "minst 83 % svarte", "Alle andre svar høyst 17 %", "Usikkert: Det er færre enn 30 svar.",
		"Var venterommet et greit sted å vente?", "Færre enn ti svar så langt.",
		"Utvikling uke for uke", "uke 45 2026 færre enn ti svar",
		"Besvarelser per uke", "uke 44 2026 40 22 62", "uke 46 2026 30 – 30",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not on the page:\n%s", want, said)
		}
	}
	charts := chartPattern.FindAllStringSubmatch(r.body, -1)
	if len(charts) != 4 { // index, waittime and overall have two points; and the responses
		t.Errorf("%d charts, want 4", len(charts))
	}
	for _, c := range charts {
		if !json.Valid([]byte(html.UnescapeString(c[1]))) {
			t.Errorf("not JSON: %s", c[1])
		}
	}
	if strings.Contains(r.body, "style=") || strings.Contains(r.body, "<style") || regexp.MustCompile(`<script[^>]*></?[^s/]`).MatchString(r.body) {
		t.Error("the page has inline style or script, which its own policy forbids")
	}
	digital := words(f.get(t, kari, "/practices/"+f.eidsvag.ID+"?survey=digital", "Accept-Language", "nb").body)
	if !strings.Contains(digital, "vises først fra 30") || strings.Contains(digital, "19") {
		t.Errorf("27 answers to a question without an order:\n%s", digital)
	}
}

func TestDashboardInEveryLanguage(t *testing.T) {
	f := newFixture(t)
	f.fillEidsvag(t)
	f.openResults(t, kari)
	keys := regexp.MustCompile(`\b(dashboard|chart|channel|period|month|page|menu)\.[a-z0-9_]+|&lt;no value|<no value`)
	for _, tag := range i18n.Languages {
		for _, path := range []string{"/practices/" + f.eidsvag.ID, "/practices/" + f.eidsvag.ID + "?survey=digital"} {
			r := f.get(t, kari, path, "Accept-Language", tag)
			if m := keys.FindString(r.body); r.StatusCode != http.StatusOK || m != "" {
				t.Errorf("%s in %s: status %d, %q is not translated", path, tag, r.StatusCode, m)
			}
		}
	}
}

// TestEmptyDashboardTellsTheNextStep: nobody has answered, or nine have, and the page is the same.
func TestEmptyDashboardTellsTheNextStep(t *testing.T) {
	f := newFixture(t)
	path := "/practices/" + f.lillevik.ID
	before := f.get(t, olav, path, "Accept-Language", "nb").body
	for range 9 {
		f.answer(t, f.elsewhere.Code, "visit.polite", "5")
	}
	f.clock = f.clock.AddDate(0, 0, 7)
	f.answer(t, f.point.Code, "visit.polite", "5") // elsewhere, in a new week: it closes the old one
	after := f.get(t, olav, path, "Accept-Language", "nb").body
	if before != after {
		t.Errorf("with nine answers the page is\n%s\nwith none\n%s", after, before)
	}
	if !strings.Contains(before, `href="`+path+`/points"`) || !strings.Contains(before, "færre enn ti svar") || chartPattern.MatchString(before) {
		t.Errorf("an empty page without a next step, or with a chart:\n%s", before)
	}
}

func TestDashboardOfAnotherSurvey(t *testing.T) {
	f := newFixture(t)
	for path, want := range map[string]int{
		"?survey=digital":           http.StatusOK, // in use, though nobody has answered
		"?survey=fft":               http.StatusNotFound,
		"?survey=visit&version=7":   http.StatusNotFound,
		"?survey=visit&version=abc": http.StatusOK,
	} {
		if r := f.get(t, kari, "/practices/"+f.eidsvag.ID+path); r.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, r.StatusCode, want)
		}
	}
}
