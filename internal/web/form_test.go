package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/storetest"
)

func TestAnAnswerIsCountedAndSaidBack(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			f := newFixtureOn(t, e)
			r := f.answer(t, f.point.Code, "visit.polite", "4", "visit.waitroom", "na", "digital.phone", "3")
			if r.StatusCode != http.StatusOK {
				t.Fatalf("status %d: %s", r.StatusCode, r.body)
			}
			for _, want := range []string{"Var legen høflig mot deg?", "I stor grad", "Brukte ikke venterommet", "I noen grad", "gikk opp med én", "113", "55"} {
				if !strings.Contains(r.body, want) {
					t.Errorf("the thanks lack %q", want)
				}
			}
			if strings.Contains(r.body, "Fikk du god hjelp") {
				t.Error("the thanks name a question that was skipped")
			}
			if len(r.Cookies()) > 0 {
				t.Errorf("cookies %v", r.Cookies())
			}
			if n := f.counted(t, f.eidsvag, "polite", "4"); n != 1 {
				t.Errorf("counted %d, want 1", n)
			}
		})
	}
}

// TestBadInput: each is told in the patient's language, with the right status, and nothing is stored.
func TestBadInput(t *testing.T) {
	f := newFixture(t)
	token := f.token(t, f.point.Code)
	old := f.token(t, f.point.Code)
	forged := strings.Repeat("A", len(token))
	tail := "_"
	if strings.HasSuffix(token, tail) {
		tail = "-"
	}
	for _, c := range []struct {
		name   string
		change func(url.Values)
		status int
		want   string
	}{
		{"unknown field", func(v url.Values) { v.Set("visit.name", "x") }, 400, "noe vi ikke spør om"},
		{"another survey's field", func(v url.Values) { v.Set("fft.experience", "5") }, 400, "noe vi ikke spør om"},
		{"a comment", func(v url.Values) { v.Set("comment", "jeg er syk") }, 400, "noe vi ikke spør om"},
		{"unknown option", func(v url.Values) { v.Set("visit.polite", "6") }, 400, "et svar vi ikke kjenner"},
		{"text for an option", func(v url.Values) { v.Set("visit.polite", "jeg er syk") }, 400, "et svar vi ikke kjenner"},
		{"aside where there is none", func(v url.Values) { v.Set("visit.overall", "na") }, 400, "et svar vi ikke kjenner"},
		{"the derived index", func(v url.Values) { v.Set("visit.index", "100") }, 400, "noe vi ikke spør om"},
		{"two answers", func(v url.Values) { v.Add("visit.polite", "1") }, 400, "to svar"},
		{"two equal answers", func(v url.Values) { v.Add("visit.polite", "5") }, 400, "to svar"},
		{"two tokens", func(v url.Values) { v.Add("token", token) }, 400, "noe vi ikke spør om"},
		{"a long body", func(v url.Values) { v.Set("visit.polite", strings.Repeat("x", 17<<10)) }, 413, "lengre enn noe skjema"},
		{"no token", func(v url.Values) { v.Del("token") }, 400, "hører ikke til her"},
		{"forged token", func(v url.Values) { v.Set("token", forged) }, 400, "hører ikke til her"},
		{"token with another tail", func(v url.Values) { v.Set("token", token[:len(token)-1]+tail) }, 400, "hører ikke til her"},
		{"another practice's token", func(v url.Values) { v.Set("token", f.token(t, f.elsewhere.Code)) }, 400, "hører ikke til her"},
		{"no answer", func(v url.Values) { v.Del("visit.polite") }, 422, "Svar på minst ett spørsmål"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := url.Values{"token": {token}, "lang": {"nb"}, "visit.polite": {"5"}}
			c.change(v)
			r := f.do(t, nobody, http.MethodPost, "/k/"+string(f.point.Code), v, "Accept-Language", "nb")
			if r.StatusCode != c.status || !strings.Contains(r.body, c.want) {
				t.Errorf("status %d, want %d and %q in\n%s", r.StatusCode, c.status, c.want, r.body)
			}
			if strings.Contains(r.body, "jeg er syk") {
				t.Error("what was typed is said back")
			}
		})
	}
	f.clock = f.clock.Add(24*time.Hour + time.Second)
	r := f.do(t, nobody, http.MethodPost, "/k/"+string(f.point.Code), url.Values{"token": {old}, "lang": {"en"}, "visit.polite": {"5"}})
	if r.StatusCode != http.StatusGone || !strings.Contains(r.body, "more than a day old") {
		t.Errorf("an old form: status %d", r.StatusCode)
	}
	if n := f.counted(t, f.eidsvag, "polite", "5"); n != 0 {
		t.Errorf("%d answers are stored", n)
	}
}

func TestBadInputIsToldInThePatientsLanguage(t *testing.T) {
	f := newFixture(t)
	for lang, want := range map[string]string{"nb": "Skjemaet hører ikke", "nn": "Skjemaet høyrer ikkje", "en": "does not belong"} {
		v := url.Values{"token": {"x"}, "lang": {lang}, "visit.polite": {"5"}}
		r := f.do(t, nobody, http.MethodPost, "/k/"+string(f.point.Code), v, "Accept-Language", "de")
		if !strings.Contains(r.body, want) || !strings.Contains(r.body, `<html lang="`+lang+`"`) {
			t.Errorf("%s: %s", lang, r.body)
		}
	}
}

func TestAnotherKindOfBodyIsRefused(t *testing.T) {
	f := newFixture(t)
	for _, kind := range []string{"multipart/form-data; boundary=x", "application/json", "text/plain", ""} {
		v := url.Values{"token": {f.token(t, f.point.Code)}, "visit.polite": {"5"}}
		r := f.do(t, nobody, http.MethodPost, "/k/"+string(f.point.Code), v, "Content-Type", kind)
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: status %d", kind, r.StatusCode)
		}
	}
	if n := f.counted(t, f.eidsvag, "polite", "5"); n != 0 {
		t.Errorf("%d answers are stored", n)
	}
}

func TestTheSameFormAHundredTimesCountsOnce(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			f := newFixtureOn(t, e)
			v := url.Values{"token": {f.token(t, f.point.Code)}, "lang": {"nb"}, "visit.polite": {"5"}}
			bodies := make([]string, 100)
			var wg sync.WaitGroup
			for i := range bodies {
				wg.Go(func() {
					r := f.do(t, nobody, http.MethodPost, "/k/"+string(f.point.Code), v)
					bodies[i] = fmt.Sprint(r.StatusCode, r.body)
				})
			}
			wg.Wait()
			for _, b := range bodies {
				if b != bodies[0] || !strings.HasPrefix(b, "200") {
					t.Fatal("two of a hundred got different thanks")
				}
			}
			if n := f.counted(t, f.eidsvag, "polite", "5"); n != 1 {
				t.Errorf("counted %d, want 1", n)
			}
		})
	}
}

func TestSwitchingLanguageKeepsWhatWasChosen(t *testing.T) {
	f := newFixture(t)
	token := f.token(t, f.point.Code)
	r := f.do(t, nobody, http.MethodPost, "/k/"+string(f.point.Code),
		url.Values{"token": {token}, "lang": {"nb"}, "switch": {"en"}, "visit.polite": {"4"}, "digital.used": {"yes"}})
	if r.StatusCode != http.StatusOK || !strings.Contains(r.body, `<html lang="en"`) || !strings.Contains(r.body, "Was the doctor polite") {
		t.Fatalf("status %d\n%s", r.StatusCode, r.body)
	}
	if got := strings.Count(r.body, " checked"); got != 2 || !strings.Contains(r.body, `name="visit.polite" value="4" checked`) {
		t.Errorf("%d choices are kept", got)
	}
	if !strings.Contains(r.body, token) {
		t.Error("the form has another token now")
	}
	// With nothing chosen it is no error either.
	r = f.do(t, nobody, http.MethodPost, "/k/"+string(f.point.Code), url.Values{"token": {token}, "lang": {"nb"}, "switch": {"nn"}})
	if r.StatusCode != http.StatusOK || strings.Contains(r.body, "problem") {
		t.Errorf("status %d\n%s", r.StatusCode, r.body)
	}
	if n := f.counted(t, f.eidsvag, "polite", "4"); n != 0 {
		t.Errorf("switching stored %d answers", n)
	}
}

func TestAnEmptyFormAsksForOneAnswer(t *testing.T) {
	f := newFixture(t)
	r := f.answer(t, f.point.Code)
	for _, want := range []string{"<title>Feil:", `role="alert"`, "autofocus", `href="#visit-polite-0"`, `id="visit-polite-0"`} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("status %d", r.StatusCode)
	}
}

// TestAnAnswerThatCannotBeStoredIsKeptOnThePage: nothing the patient chose is lost.
func TestAnAnswerThatCannotBeStoredIsKeptOnThePage(t *testing.T) {
	f := newFixture(t)
	v := url.Values{"token": {f.token(t, f.point.Code)}, "lang": {"nb"}, "visit.polite": {"2"}}
	f.Intake.Stop()
	r := f.do(t, nobody, http.MethodPost, "/k/"+string(f.point.Code), v)
	if r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(r.body, `value="2" checked`) || !strings.Contains(r.body, "ble ikke lagret") {
		t.Errorf("status %d\n%s", r.StatusCode, r.body)
	}
}

func TestCodes(t *testing.T) {
	f := newFixture(t)
	typed := strings.ToLower(f.point.Code.String())
	if r := f.get(t, nobody, "/k/"+typed); r.StatusCode != http.StatusOK {
		t.Errorf("typed as on the poster: %d", r.StatusCode)
	}
	if r := f.get(t, nobody, "/K/"+string(f.point.Code)); r.StatusCode != http.StatusOK || !strings.Contains(r.body, `action="/K/`) {
		t.Errorf("scanned: %d", r.StatusCode)
	}
	for _, c := range []struct {
		path   string
		status int
	}{
		{"/k/" + string(f.retired.Code), 410}, {"/k/00000000", 404}, {"/k/AAAAAAAA", 404}, {"/k/x", 404}, {"/k?code=nei", 404}, {"/k", 404},
	} {
		r := f.get(t, nobody, c.path, "Accept-Language", "nn")
		if r.StatusCode != c.status || !strings.Contains(r.body, "Spør i skranken") || !strings.Contains(r.body, `name="code"`) {
			t.Errorf("%s: status %d, want %d and what to do next", c.path, r.StatusCode, c.status)
		}
	}
	if r := f.get(t, nobody, "/k?code="+url.QueryEscape(typed)); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/k/"+string(f.point.Code) {
		t.Errorf("typed in the field: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	// A form that is open while its poster is taken down is told so too.
	token := f.token(t, f.point.Code)
	r := f.do(t, nobody, http.MethodPost, "/k/"+string(f.retired.Code), url.Values{"token": {token}, "visit.polite": {"5"}})
	if r.StatusCode != http.StatusGone {
		t.Errorf("answering a retired point: %d", r.StatusCode)
	}
}

func TestIntroIsShort(t *testing.T) {
	f := newFixture(t)
	for _, lang := range []string{"nb", "nn", "en"} {
		l := f.Words.In(lang)
		text := l.T("form.intro", "Practice", f.eidsvag.Name) + " " + strings.ReplaceAll(l.T("form.not_here", "Phone", f.eidsvag.Phone), "\u00a0", " ")
		if n := len(strings.Fields(text)); n > 60 {
			t.Errorf("%s: %d words", lang, n)
		}
		for _, want := range []string{f.eidsvag.Name, "113", "116 117", f.eidsvag.Phone} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s in %q", lang, want, text)
			}
		}
	}
}

// TestFormIsLight: at most 12 kB over the wire for everything a first visit fetches.
func TestFormIsLight(t *testing.T) {
	f := newFixture(t)
	r := f.get(t, nobody, "/k/"+string(f.point.Code), "Accept-Encoding", "gzip")
	total := len(r.body)
	for _, name := range []string{"app.css", "form.js", "icon.svg"} {
		a := f.get(t, nobody, f.assetPath(name), "Accept-Encoding", "gzip")
		if a.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s is sent as %v", name, a.Header)
		}
		total += len(a.body)
	}
	if r.Header.Get("Content-Encoding") != "gzip" || total > 12_000 {
		t.Errorf("%d bytes, %q", total, r.Header.Get("Content-Encoding"))
	}
	t.Logf("%d bytes", total)
}
