package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/store"
)

// kiosk is the address of the shared screen at Eidsvåg.
func (f *fixture) kiosk() string { return "/kiosk/" + string(f.point.Code) }

// openKiosk chooses a language.
func (f *fixture) openKiosk(t testing.TB, tag string) response {
	t.Helper()
	return f.do(t, nobody, http.MethodPost, f.kiosk(), url.Values{"open": {tag}})
}

// kioskToken opens the form on the shared screen and returns its token.
func (f *fixture) kioskToken(t testing.TB) string {
	t.Helper()
	m := tokenPattern.FindStringSubmatch(f.openKiosk(t, "nb").body)
	if m == nil {
		t.Fatal("the form has no token")
	}
	return m[1]
}

func (f *fixture) answerKiosk(t testing.TB, pairs ...string) response {
	t.Helper()
	form := url.Values{"token": {f.kioskToken(t)}, "lang": {"nb"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return f.do(t, nobody, http.MethodPost, f.kiosk(), form)
}

func TestKioskAsksForTheLanguageFirst(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{f.kiosk(), f.kiosk() + "?lang=en", "/kiosk/" + strings.ToLower(f.point.Code.String())} {
		r := f.get(t, nobody, path, "Accept-Language", "en")
		if r.StatusCode != http.StatusOK || strings.Contains(r.body, "fieldset") {
			t.Errorf("%s: status %d\n%s", path, r.StatusCode, r.body)
		}
		for _, want := range []string{`value="nb" lang="nb"><strong>Bokmål</strong> <span>Hvordan`, `value="nn" lang="nn"><strong>Nynorsk</strong> <span>Korleis`, `value="en" lang="en"><strong>English</strong> <span>How`} {
			if !strings.Contains(r.body, want) {
				t.Errorf("%s lacks %s", path, want)
			}
		}
	}
}

// TestKioskLeftForAWeekend: the first person on Monday can answer, because the form is made for them.
func TestKioskLeftForAWeekend(t *testing.T) {
	f := newFixture(t)
	if strings.Contains(f.get(t, nobody, f.kiosk()).body, `name="token"`) {
		t.Error("the first page has a token, which grows old")
	}
	f.clock = f.clock.Add(3 * 24 * time.Hour)
	first, second := f.kioskToken(t), f.kioskToken(t)
	if first == second {
		t.Error("two persons have the same token")
	}
	if r := f.answerKiosk(t, "visit.polite", "5"); r.StatusCode != http.StatusOK {
		t.Errorf("status %d", r.StatusCode)
	}
	if n := f.counted(t, f.eidsvag, "polite", "5"); n != 1 {
		t.Errorf("counted %d, want 1", n)
	}
}

// TestKioskLeadsNowhereElse: on a shared screen every link and form leads to the screen itself.
func TestKioskLeadsNowhereElse(t *testing.T) {
	f := newFixture(t)
	link := regexp.MustCompile(`(?:href|action|formaction)="([^"]*)"`)
	head := regexp.MustCompile(`(?s)<head>.*</head>`)
	own := map[string]bool{"?": true, "#visit-polite-0": true, f.kiosk(): true, "/kiosk": true}
	stale := url.Values{"token": {"x"}, "lang": {"nb"}, "visit.polite": {"5"}}
	for name, r := range map[string]response{
		"start":   f.get(t, nobody, f.kiosk()),
		"form":    f.openKiosk(t, "nb"),
		"empty":   f.answerKiosk(t),
		"thanks":  f.answerKiosk(t, "visit.polite", "5"),
		"stale":   f.do(t, nobody, http.MethodPost, f.kiosk(), stale),
		"unknown": f.get(t, nobody, "/kiosk/00000000"),
		"retired": f.get(t, nobody, "/kiosk/"+string(f.retired.Code)),
	} {
		found := link.FindAllStringSubmatch(head.ReplaceAllString(r.body, ""), -1)
		for _, m := range found {
			if !own[m[1]] {
				t.Errorf("%s leads to %s", name, m[1])
			}
		}
		if name != "start" && !strings.Contains(r.body, "<b>113</b>") {
			t.Errorf("%s lacks the number to call", name)
		}
	}
}

func TestKioskWrongCodes(t *testing.T) {
	f := newFixture(t)
	for path, status := range map[string]int{
		"/kiosk/" + string(f.retired.Code): 410,
		"/kiosk/00000000":                  404, "/kiosk/x": 404, "/kiosk": 404, "/kiosk?code=nei": 404,
	} {
		r := f.get(t, nobody, path, "Accept-Language", "nn")
		if r.StatusCode != status || !strings.Contains(r.body, "Spør i skranken") || !strings.Contains(r.body, `name="code"`) {
			t.Errorf("%s: status %d, want %d and what to do next", path, r.StatusCode, status)
		}
	}
	for _, form := range []url.Values{{"open": {"nb"}}, {"token": {f.kioskToken(t)}, "lang": {"nb"}, "visit.polite": {"5"}}} {
		if r := f.do(t, nobody, http.MethodPost, "/kiosk/"+string(f.retired.Code), form); r.StatusCode != http.StatusGone {
			t.Errorf("%v at a retired point: %d", form, r.StatusCode)
		}
	}
}

// TestKioskNamesNoCode: a form that cannot be sent is begun again, and there is no code to scan for it.
func TestKioskNamesNoCode(t *testing.T) {
	f := newFixture(t)
	old := url.Values{"token": {f.kioskToken(t)}, "lang": {"nb"}, "visit.polite": {"5"}}
	f.clock = f.clock.Add(25 * time.Hour)
	r := f.do(t, nobody, http.MethodPost, f.kiosk(), old)
	if r.StatusCode != http.StatusGone || !strings.Contains(r.body, "Start på nytt") || strings.Contains(r.body, "QR") {
		t.Errorf("status %d\n%s", r.StatusCode, r.body)
	}
}

// TestKioskLogTellsNothing: as at /k, no line says when somebody was there.
func TestKioskLogTellsNothing(t *testing.T) {
	f := newFixture(t)
	f.answerKiosk(t, "visit.polite", "5")
	f.get(t, nobody, "/kiosk?code=x")
	if strings.Contains(f.log.String(), "request") {
		t.Errorf("the log says\n%s", f.log)
	}
}

// TestPointsPageBesideAScreen: while answers come by a screen too, the page of collection points has no numbers
// and says why; after a week without, it counts from there.
func TestPointsPageBesideAScreen(t *testing.T) {
	for _, tag := range i18n.Languages {
		t.Run(tag, func(t *testing.T) {
			f := newFixture(t)
			l := f.Words.In(tag)
			page := func() string {
				return words(f.get(t, kari, "/practices/"+f.eidsvag.ID+"/points", "Accept-Language", tag).body)
			}
			says := func(week string, wants ...string) {
				t.Helper()
				said := page()
				for _, want := range append(wants, l.T("points.why")) {
					if !strings.Contains(said, plainSpace(want)) {
						t.Errorf("%s: the page does not say %q:\n%s", week, want, said)
					}
				}
			}
			eleven := func(channel string) {
				t.Helper()
				var batch []store.Entry
				for range 11 {
					batch = append(batch, store.Entry{PracticeID: f.eidsvag.ID, Point: string(f.point.Code), Channel: channel, Answers: []store.Answers{{Survey: "visit", Version: 1, Options: map[string]string{"polite": "1"}}}})
				}
				must(t, f.Store.Count(context.Background(), f.clock, batch))
			}
			eleven("qr")
			f.nextWeek(t)
			if said := page(); !strings.Contains(said, plainSpace(l.T("points.responses", "Count", 11, "N", "11"))) || strings.Contains(said, plainSpace(l.T("points.why"))) {
				t.Errorf("only QR codes:\n%s", said)
			}
			eleven("qr")
			eleven("kiosk")
			f.nextWeek(t)
			says("with a screen", l.T("points.hidden"), l.T("points.no_number"))
			eleven("qr")
			f.nextWeek(t)
			says("without", l.T("points.from", "Week", l.Period(calendar.Week("2026-W50").In(calendar.Weekly))), l.T("points.responses", "Count", 11, "N", "11"))
		})
	}
}
