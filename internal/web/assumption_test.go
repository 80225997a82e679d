package web

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// openResults opens the latest period of everything released of Eidsvåg for some characters, as
// whoever has been through the page of guesses.
func (f *fixture) openResults(t testing.TB, who ...string) {
	t.Helper()
	ctx := context.Background()
	keys, err := f.Store.Released(ctx, f.eidsvag.ID)
	must(t, err)
	for _, email := range who {
		a, err := f.Store.AccountByEmail(ctx, email)
		must(t, err)
		for _, k := range keys {
			d, err := f.Reports.Dashboard(ctx, f.eidsvag, k.Survey, k.Version)
			must(t, err)
			must(t, f.Store.OpenResult(ctx, a.ID, k, d.Period().String()))
		}
	}
}

// fillContacts releases what fillEidsvag does, and answers about every way of reaching Eidsvåg.
func (f *fixture) fillContacts(t testing.TB) {
	t.Helper()
	_, err := f.Store.CloseWeek(context.Background(), "2027-W02", aggregate.Divide(disclosure.Gate{})) // figures are brought in for closed weeks
	must(t, err)
	f.fillEidsvag(t)
	f.release(t, f.eidsvag.Name, "digital", "2026-W47", map[string]int{"qr": 60}, map[string]map[string]int{
		"attendance": {"4": 40, "3": 12, "2": 4, "1": 4}, "phone": {"4": 6, "3": 10, "2": 20, "1": 24},
		"secure": {"4": 8, "3": 6}, "website": {"3": 20, "2": 20}})
}

func (f *fixture) guess(t testing.TB, as, survey string, pairs ...string) response {
	t.Helper()
	form := url.Values{"open": {"with"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return f.do(t, as, http.MethodPost, "/practices/"+f.eidsvag.ID+"/assumption?survey="+survey, form, "Accept-Language", "nb")
}

// TestResultsAreGuessedFirst: until the result is opened, every way to it leads to the page of guesses,
// and nothing there gives it away.
func TestResultsAreGuessedFirst(t *testing.T) {
	f := newFixture(t)
	f.fillContacts(t)
	own := "/practices/" + f.eidsvag.ID
	for _, path := range []string{own, own + "?survey=visit", own + "?survey=visit&version=1", own + "?survey=digital", own + "?survey=digital&version=abc"} {
		r := f.get(t, sara, path)
		if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(r.Header.Get("Location"), own+"/assumption?survey=") {
			t.Errorf("%s: status %d to %q, want the page of guesses", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
	r := f.get(t, sara, own+"/assumption?survey=visit", "Accept-Language", "nb")
	said := words(r.body)
	for _, want := range []string{"Hva tror du pasientene svarer?", "4. kvartal 2026", "Var ventetiden på legekontoret grei for deg?", "Lagre og vis resultatet", "Vis resultatet uten å gjette"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not on the page:\n%s", want, said)
		}
	}
	if strings.Contains(r.body, " checked") || strings.Contains(r.body, "svar.example") || regexp.MustCompile(`\b(84|62|av 100)\b`).MatchString(said) {
		t.Errorf("something is chosen beforehand, or given away:\n%s", said)
	}
	if strings.Contains(r.body, `name="own.`) || strings.Contains(r.body, "believed.index") {
		t.Error("the visit survey asks for more than what patients say")
	}
	digital := f.get(t, sara, own+"/assumption?survey=digital").body
	for _, id := range []string{"attendance", "phone", "secure", "website"} {
		if strings.Count(digital, `name="own.`+id+`"`) != 4 || strings.Count(digital, `name="believed.`+id+`"`) != 4 {
			t.Errorf("%s: want four options for the patients and four for oneself", id)
		}
	}
	if strings.Contains(digital, "believed.used") || strings.Contains(digital, "own.easy") {
		t.Error("the digital survey asks for what has no score, or is no way of reaching the practice")
	}
	// One survey opened opens no other, and nobody else's.
	if r := f.guess(t, sara, "visit", "open", "x", "believed.overall", "3"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("two buttons at once: status %d", r.StatusCode)
	}
	if r := f.guess(t, sara, "visit", "believed.overall", "3"); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", r.StatusCode, r.body)
	}
	if r := f.get(t, sara, own+"?survey=visit"); r.StatusCode != http.StatusOK {
		t.Errorf("after opening: status %d", r.StatusCode)
	}
	for who, path := range map[string]string{sara: own + "?survey=digital", kari: own + "?survey=visit"} {
		if r := f.get(t, who, path); r.StatusCode != http.StatusSeeOther {
			t.Errorf("%s at %s: status %d, want to be asked first", who, path, r.StatusCode)
		}
	}
	// Nor is there a way around it by the network, which shows one quarter at a time.
	for quarter, want := range map[int]bool{3: false, 4: true} {
		e := echo.New()
		c := e.NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder())
		a, err := f.Store.AccountByEmail(context.Background(), kari)
		must(t, err)
		c.Set(accountKey, a)
		c.Set(practiceKey, f.eidsvag)
		asked, err := f.askFirstIn(c, "visit", 1, calendar.Period{Unit: calendar.Quarterly, Year: 2026, N: quarter})
		if err != nil || asked != want {
			t.Errorf("quarter %d: asked %v, %v; want %v", quarter, asked, err, want)
		}
	}
	// A new quarter is a new result.
	f.release(t, f.eidsvag.Name, "visit", "2027-W02", map[string]int{"qr": 30}, map[string]map[string]int{"overall": {"4": 30}})
	if r := f.get(t, sara, own); r.StatusCode != http.StatusSeeOther {
		t.Errorf("in a new quarter: status %d, want to be asked first", r.StatusCode)
	}
}

func TestAssumption(t *testing.T) {
	start := func(t *testing.T) (*fixture, string) {
		f := newFixture(t)
		f.fillContacts(t)
		return f, "/practices/" + f.eidsvag.ID
	}
	t.Run("is shown beside the result to one person", func(t *testing.T) {
		f, own := start(t)
		r := f.guess(t, kari, "visit", "believed.overall", "3", "believed.waittime", "5", "believed.polite", "4", "believed.waitroom", "2")
		if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(r.Header.Get("Location"), own+"?survey=visit") {
			t.Fatalf("status %d to %q", r.StatusCode, r.Header.Get("Location"))
		}
		said := words(f.get(t, kari, own+"?survey=visit", "Accept-Language", "nb").body)
		for _, want := range []string{
			"Antatt og målt", "4. kvartal 2026",
			"Du trodde 50, pasientene ga 83: høyere enn du trodde (95 % 79–86, 110 svar).",
			"Du trodde 100, pasientene ga 58: lavere enn du trodde (95 % 51–65, 84 svar).",
			"Du trodde 75, pasientene ga minst 95. Forskjellen er for usikker til å si noe om (12 svar, det trengs minst 30).",
			"Du trodde 25. Det er færre enn ti svar i perioden: for usikkert til å si.",
			"+33 (+29 til +36)", "−42 (−49 til −35)", "for usikkert til å si",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("%q is not on the page:\n%s", want, said)
			}
		}
		if strings.Contains(said, "Rambøll") {
			t.Error("the figures of 2018 are of another survey")
		}
		f.openResults(t, sara)
		if said := words(f.get(t, sara, own+"?survey=visit", "Accept-Language", "nb").body); strings.Contains(said, "Du trodde") || strings.Contains(said, "Antatt") {
			t.Error("Sara sees what Kari believed")
		}
	})
	t.Run("of ways of contact has three series and the figures of 2018", func(t *testing.T) {
		f, own := start(t)
		if r := f.guess(t, sara, "digital", "believed.attendance", "4", "own.attendance", "4", "believed.phone", "3", "own.phone", "2",
			"believed.secure", "3", "own.website", "1"); r.StatusCode != http.StatusSeeOther {
			t.Fatalf("status %d\n%s", r.StatusCode, r.body)
		}
		r := f.get(t, sara, own+"?survey=digital", "Accept-Language", "nb")
		said := words(r.body)
		for _, want := range []string{
			"Du trodde 67, pasientene ga 32: lavere enn du trodde (95 %", "Du trodde 100, pasientene ga 82: lavere enn du trodde (95 %",
			"Du trodde 67, pasientene ga 86. Forskjellen er for usikker", "Du gjettet ikke hva pasientene svarer. Selv ga du 0.",
			"svarte «I noen grad» eller «I høy grad»",
			"Oppmøte 87 % (76–93) 60 – 95 % 93 %", "Telefon 27 % (17–39) 60 82 % 84 % 89 %", "Nettside 50 % (35–65) 40 68 % – –", "73 % 73 % 76 %",
			"Rambøll for Forbrukerrådet 2018, n = 161 legekontor", "Pasientene ble ikke spurt",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("%q is not on the page:\n%s", want, said)
			}
		}
		found := false
		for _, c := range chartPattern.FindAllStringSubmatch(r.body, -1) {
			text := html.UnescapeString(c[1])
			found = found || json.Valid([]byte(text)) && strings.Contains(text, `"triangle"`)
		}
		if !found {
			t.Error("the chart of assumptions is not on the page")
		}
	})
	t.Run("is locked when the result is opened", func(t *testing.T) {
		f, own := start(t)
		f.guess(t, kari, "visit", "believed.overall", "3")
		r := f.guess(t, kari, "visit", "believed.overall", "5")
		if r.StatusCode != http.StatusConflict || !strings.Contains(words(r.body), "Da kan du ikke lenger endre hva du trodde.") || !strings.Contains(r.body, `href="`+own+"?survey=visit") {
			t.Errorf("status %d, want a refusal that says so and leads on:\n%s", r.StatusCode, words(r.body))
		}
		if said := words(f.get(t, kari, own, "Accept-Language", "nb").body); !strings.Contains(said, "Du trodde 50") || strings.Contains(said, "Du trodde 100") {
			t.Error("the first guess does not stand")
		}
		page := f.get(t, kari, own+"/assumption?survey=visit", "Accept-Language", "nb")
		if page.StatusCode != http.StatusOK || strings.Contains(page.body, `type="radio"`) || !strings.Contains(page.body, "åpnet dette resultatet") {
			t.Errorf("the page still asks: %d", page.StatusCode)
		}
	})
	t.Run("may be skipped, and is locked then too", func(t *testing.T) {
		f, own := start(t)
		r := f.do(t, kari, http.MethodPost, own+"/assumption?survey=visit", url.Values{"open": {"without"}, "believed.overall": {"3"}})
		if r.StatusCode != http.StatusSeeOther {
			t.Fatalf("status %d", r.StatusCode)
		}
		if said := words(f.get(t, kari, own, "Accept-Language", "nb").body); strings.Contains(said, "Antatt og målt") {
			t.Error("what was skipped is compared")
		}
		if r := f.guess(t, kari, "visit", "believed.overall", "3"); r.StatusCode != http.StatusConflict {
			t.Errorf("guessing after the fact: status %d", r.StatusCode)
		}
	})
	t.Run("is refused when it is none, or none that is offered", func(t *testing.T) {
		f, own := start(t)
		r := f.guess(t, kari, "visit")
		if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#believed.polite-0"`) || !strings.Contains(r.body, `id="believed.polite-0"`) {
			t.Errorf("nothing chosen: status %d", r.StatusCode)
		}
		for _, pair := range [][2]string{{"believed.overall", "6"}, {"believed.overall", "na"}, {"believed.nothing", "1"}, {"own.overall", "3"}, {"believed.index", "50"}} {
			if r := f.guess(t, kari, "visit", pair[0], pair[1]); r.StatusCode != http.StatusBadRequest {
				t.Errorf("%v: status %d, want 400", pair, r.StatusCode)
			}
		}
		if r := f.get(t, kari, own); r.StatusCode != http.StatusSeeOther {
			t.Error("a refused guess has opened the result")
		}
	})
	t.Run("is nobody's but the staff's", func(t *testing.T) {
		f, own := start(t)
		for _, who := range []string{nobody, olav, dina, nils} {
			for _, r := range []response{f.get(t, who, own+"/assumption?survey=visit"), f.guess(t, who, "visit", "believed.overall", "3")} {
				if !turnedAway(r, who) {
					t.Errorf("%q: status %d, want to be turned away", who, r.StatusCode)
				}
			}
		}
	})
	t.Run("is not asked where nothing is released", func(t *testing.T) {
		f := newFixture(t)
		own := "/practices/" + f.lillevik.ID
		if r := f.get(t, olav, own); r.StatusCode != http.StatusOK {
			t.Errorf("the dashboard: status %d", r.StatusCode)
		}
		r := f.do(t, olav, http.MethodPost, own+"/assumption", url.Values{"open": {"with"}, "believed.overall": {"3"}}, "Accept-Language", "nb")
		if r.StatusCode != http.StatusConflict || !strings.Contains(r.body, "ingen resultater å gjette på") {
			t.Errorf("status %d", r.StatusCode)
		}
	})
}

func TestAssumptionInEveryLanguage(t *testing.T) {
	f := newFixture(t)
	f.fillContacts(t)
	ctx := context.Background()
	keys := regexp.MustCompile(`\b(assumption)\.[a-z0-9_]+|&lt;no value|<no value`)
	own := "/practices/" + f.eidsvag.ID
	check := func(when string) {
		t.Helper()
		for _, tag := range i18n.Languages {
			for _, path := range []string{own + "/assumption?survey=visit", own + "/assumption?survey=digital", own + "?survey=visit", own + "?survey=digital"} {
				r := f.get(t, kari, path, "Accept-Language", tag)
				if m := keys.FindString(r.body); m != "" || r.StatusCode >= 400 {
					t.Errorf("%s, %s in %s: status %d, %q is not translated", when, path, tag, r.StatusCode, m)
				}
			}
		}
	}
	check("before")
	a, err := f.Store.AccountByEmail(ctx, kari)
	must(t, err)
	for survey, guesses := range map[string][]practice.Assumption{
		"visit":   {{Question: "overall", Believed: "3"}, {Question: "polite", Believed: "3"}, {Question: "waitroom", Believed: "3"}},
		"digital": {{Question: "phone", Believed: "3", Own: "4"}, {Question: "website", Own: "4"}},
	} {
		d, err := f.Reports.Dashboard(ctx, f.eidsvag, survey, 0)
		must(t, err)
		must(t, f.Store.SaveAssumptions(ctx, a.ID, d.Key(), d.Period().String(), guesses))
	}
	f.openResults(t, kari)
	check("after")
}
