package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

const moreTime = "Ti minutter mer til hver time"

// anImprovement is Eidsvåg's improvement of the waiting time, made when it is first asked for. It
// started in week 45 of 2026.
func (f *fixture) anImprovement(t testing.TB) practice.Improvement {
	t.Helper()
	ctx := context.Background()
	ims, err := f.Store.Improvements(ctx, f.eidsvag.ID)
	must(t, err)
	for _, im := range ims {
		if im.Done == moreTime {
			return im
		}
	}
	im, err := f.Store.CreateImprovement(ctx, practice.Improvement{PracticeID: f.eidsvag.ID, Survey: "visit", Version: 1,
		Questions: []string{"waittime"}, Done: moreTime, Target: 60, Start: "2026-W45"})
	must(t, err)
	return im
}

// waits releases answers about the waiting time: half dissatisfied, half satisfied before week 45, and
// one in five dissatisfied after it.
func (f *fixture) waits(t testing.TB) {
	t.Helper()
	_, err := f.Store.CloseWeek(context.Background(), "2027-W02", aggregate.Divide(disclosure.Gate{}))
	must(t, err)
	for _, r := range []struct {
		week   calendar.Week
		counts map[string]int
	}{{"2026-W44", map[string]int{"2": 50, "4": 50}}, {"2026-W45", map[string]int{"2": 20, "4": 80}}} {
		f.release(t, f.eidsvag.Name, "visit", r.week, map[string]int{"qr": 100}, map[string]map[string]int{"waittime": r.counts})
	}
}

func (f *fixture) said(t testing.TB, as, path, language string) string {
	t.Helper()
	r := f.get(t, as, path+"?lang="+language)
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s as %q: status %d, %s", path, as, r.StatusCode, r.Header.Get("Location"))
	}
	return words(r.body)
}

func TestImprovementSaysWhatTheAnswersBear(t *testing.T) {
	f := newFixture(t)
	f.waits(t)
	im := f.anImprovement(t)
	path := improvementPath(im)
	// Results that are for guessing at first are not told by this door either.
	if r := f.get(t, kari, path); r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(r.Header.Get("Location"), "/practices/"+f.eidsvag.ID+"?survey=visit") {
		t.Errorf("unopened results: status %d, to %q", r.StatusCode, r.Header.Get("Location"))
	}
	if said := f.said(t, kari, "/practices/"+f.eidsvag.ID+"/improvements", "nb"); strings.Contains(said, "15,0") || strings.Contains(said, "Bedre.") {
		t.Errorf("the list tells unopened results:\n%s", said)
	}
	f.openResults(t, kari, sara)
	sentence := map[string]string{ // the numbers are worked out by hand in the report's tests
		"nb": "Bedre. Gjennomsnittet er 15,0 poeng høyere enn før, 96 % sikkert mellom 8,3 og 21,7. Før: 100 svar, etter: 100 svar.",
		"nn": "Betre. Gjennomsnittet er 15,0 poeng høgare enn før, 96 % sikkert mellom 8,3 og 21,7. Før: 100 svar, etter: 100 svar.",
		"en": "Better. The mean is 15.0 points higher than before, 96% certain between 8.3 and 21.7. Before: 100 answers, after: 100 answers.",
	}
	for _, language := range i18n.Languages {
		if said := f.said(t, sara, "/practices/"+f.eidsvag.ID+"/improvements", language); !strings.Contains(said, "▲ "+sentence[language]) {
			t.Errorf("the list in %s lacks %q:\n%s", language, sentence[language], said)
		}
		said := f.said(t, sara, path, language)
		if _, after, _ := strings.Cut(sentence[language], ". "); !strings.Contains(said, after) {
			t.Errorf("the page in %s lacks %q:\n%s", language, after, said)
		}
		if m := regexp.MustCompile(`(improvement|public|heard|text)\.[a-z_]+|<no value`).FindString(said); m != "" {
			t.Errorf("%s has no words for %s", language, m)
		}
	}
	said := f.said(t, sara, path, "nb")
	for _, want := range []string{"uke 44 2026", "uke 45 2026", "50 av 100 (45–55)", "65 av 100 (61–69)", "+15,0 (+8,3 til +21,7)", "50 % 80 % +30 (", "Målet på 60 er nådd", "Metode v1"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page lacks %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "avslutt tiltaket") || strings.Contains(said, "Vis det for alle") {
		t.Error("staff are offered what only the lead may do")
	}
}

func TestClosingKeepsTheVerdict(t *testing.T) {
	f := newFixture(t)
	f.waits(t)
	im := f.anImprovement(t)
	f.openResults(t, kari)
	if r := f.do(t, kari, http.MethodPost, improvementPath(im)+"/close", url.Values{}); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", r.StatusCode)
	}
	before := f.said(t, kari, improvementPath(im), "nb")
	f.release(t, f.eidsvag.Name, "visit", "2026-W46", map[string]int{"qr": 400}, map[string]map[string]int{"waittime": {"1": 400}})
	f.openResults(t, kari)
	after := f.said(t, kari, improvementPath(im), "nb")
	if before != after || !strings.Contains(after, "Bedre. Slik det sto da tiltaket ble avsluttet, uke 48 2026") {
		t.Errorf("closed\n%s\nlater\n%s", before, after)
	}
	if r := f.do(t, kari, http.MethodPost, improvementPath(im)+"/close", url.Values{}); r.StatusCode != http.StatusConflict {
		t.Errorf("closing twice: status %d", r.StatusCode)
	}
}

func TestNewImprovementKeepsWhatWasTyped(t *testing.T) {
	f := newFixture(t)
	own := "/practices/" + f.eidsvag.ID + "/improvements"
	good := func() url.Values {
		return url.Values{"survey": {"digital"}, "question": {"phone", "website"}, "done": {"Telefonen er åpen i lunsjen."}, "start": {"2026-W50"}, "target": {"70"}}
	}
	for name, c := range map[string]struct {
		field string
		typed []string
		want  string
	}{
		"fødselsnummer": {"done", []string{"Snakket med 31129956715 & co."}, "ligner et fødselsnummer"},
		"phone":         {"done", []string{"Ring 99 88 77 66"}, "ligner et telefonnummer"},
		"nothing done":  {"done", []string{" "}, "Skriv noen ord her"},
		"no question":   {"question", nil, "Velg minst ett spørsmål"},
		"another one":   {"question", []string{"polite"}, "Velg minst ett spørsmål"},
		"unordered":     {"question", []string{"used"}, "Velg minst ett spørsmål"},
		"too late":      {"start", []string{"2027-W12"}, "Velg uken"},
		"too early":     {"start", []string{"2026-W39"}, "Velg uken"},
		"target":        {"target", []string{"101"}, "helt tall fra 1 til 100"},
		"target zero":   {"target", []string{"0"}, "helt tall fra 1 til 100"},
		"target words":  {"target", []string{"høyt"}, "helt tall fra 1 til 100"},
	} {
		form := good()
		form[c.field] = c.typed
		r := f.do(t, kari, http.MethodPost, own, form, "Accept-Language", "nb")
		if r.StatusCode != http.StatusUnprocessableEntity || strings.Count(r.body, c.want) < 2 { // on top and at the field
			t.Errorf("%s: status %d, want %q twice in\n%s", name, r.StatusCode, c.want, words(r.body))
		}
		kept := words(strings.ReplaceAll(r.body, `value="70"`, ">mål 70<"))
		if c.field != "done" && !strings.Contains(kept, "Telefonen er åpen i lunsjen.") || name == "fødselsnummer" && !strings.Contains(kept, c.typed[0]) ||
			c.field != "target" && !strings.Contains(kept, "mål 70") || c.field != "question" && strings.Count(r.body, " checked") != 2 ||
			c.field != "start" && !strings.Contains(r.body, `value="2026-W50" selected`) {
			t.Errorf("%s: what was typed is lost:\n%s", name, r.body)
		}
	}
	if ims, err := f.Store.Improvements(context.Background(), f.eidsvag.ID); err != nil || len(ims) != 0 {
		t.Errorf("%d improvements are stored, %v", len(ims), err)
	}
	r := f.do(t, kari, http.MethodPost, own, good())
	ims, err := f.Store.Improvements(context.Background(), f.eidsvag.ID)
	must(t, err)
	if len(ims) != 1 || r.Header.Get("Location") != improvementPath(ims[0]) || ims[0].Target != 70 || strings.Join(ims[0].Questions, " ") != "phone website" ||
		ims[0].Survey != "digital" || ims[0].Start != "2026-W50" {
		t.Errorf("status %d, stored %+v", r.StatusCode, ims)
	}
	if body := f.get(t, kari, own+"/new").body; !strings.Contains(body, `value="2026-W48" selected`) || strings.Count(body, "<option") != 17 {
		t.Errorf("this week is not chosen of 17:\n%s", body)
	}
}

func TestPublicPage(t *testing.T) {
	f := newFixture(t)
	f.waits(t)
	f.openResults(t, kari)
	im := f.anImprovement(t)
	publish := func(as, heard, told string) int {
		return f.do(t, as, http.MethodPost, improvementPath(im)+"/publish", url.Values{"heard": {heard}, "told": {told}}, "Accept-Language", "nb").StatusCode
	}
	public := "/p/" + f.eidsvag.Slug
	if said := f.said(t, nobody, public, "nb"); strings.Contains(said, "Vi gjorde") {
		t.Errorf("a heading without a line:\n%s", said)
	}
	for _, c := range []struct {
		heard, told string
		want        int
	}{{"", "Mer tid", 422}, {"rumours", "Mer tid", 422}, {"waiting_time", " ", 422}, {"waiting_time", "Ring 99887766", 422}, {"waiting_time", "Vi satte av mer tid. <b>", 303}} {
		if got := publish(kari, c.heard, c.told); got != c.want {
			t.Errorf("publishing %q %q: status %d, want %d", c.heard, c.told, got, c.want)
		}
	}
	for language, want := range map[string][]string{
		"nb": {"Dere sa – vi gjorde", "Det er lang ventetid på kontoret", "Si hvordan besøket var"},
		"nn": {"De sa – vi gjorde", "Det er lang ventetid på kontoret", "Sei korleis besøket var"},
		"en": {"You said – we did", "The wait at the practice is long", "Tell us how your visit was"},
	} {
		for how, r := range map[string]response{"asked for": f.get(t, nobody, public+"?lang="+language), "of the browser": f.get(t, nobody, public, "Accept-Language", language)} {
			said := words(r.body)
			for _, text := range append(want, "Eidsvåg legekontor", "55 19 00 00", "116 117", "Vi satte av mer tid. <b>") {
				if !strings.Contains(said, text) {
					t.Errorf("%s, %s: %q is not on the page:\n%s", language, how, text, said)
				}
			}
			for _, figure := range []string{"poeng", "points", "65", "100", "%", moreTime} {
				if strings.Contains(said, figure) {
					t.Errorf("%s: %q is on the public page:\n%s", language, figure, said)
				}
			}
			if len(r.Cookies()) > 0 || !strings.Contains(r.body, `lang="`+language+`"`) || r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: cookies %v, headers %v", language, r.Cookies(), r.Header)
			}
		}
	}
	if r := f.do(t, kari, http.MethodPost, improvementPath(im)+"/unpublish", url.Values{}); r.StatusCode != http.StatusSeeOther {
		t.Errorf("taking it back: status %d", r.StatusCode)
	}
	if said := f.said(t, nobody, public, "nb"); strings.Contains(said, "Vi satte av mer tid") {
		t.Error("the line is still there")
	}
	if strings.Contains(f.log.String(), "/p/") {
		t.Error("the log says when somebody read the public page")
	}
}

// TestImprovementsAreThePracticesOwn: an outsider cannot reach one through their own practice's address.
func TestImprovementsAreThePracticesOwn(t *testing.T) {
	f := newFixture(t)
	im := f.anImprovement(t)
	path := "/practices/" + f.lillevik.ID + "/improvements/" + im.ID
	for _, end := range []string{"", "/close", "/publish", "/unpublish"} {
		method, form := http.MethodGet, url.Values(nil)
		if end != "" {
			method, form = http.MethodPost, url.Values{"heard": {"help"}, "told": {"Noe"}}
		}
		if r := f.do(t, olav, method, path+end, form); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s %s: status %d", method, end, r.StatusCode)
		}
	}
	if again, err := f.Store.Improvement(context.Background(), f.eidsvag.ID, im.ID); err != nil || again.Heard != "" || again.Closed != "" {
		t.Errorf("changed: %+v, %v", again, err)
	}
}
