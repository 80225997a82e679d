package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// waiting is what is counted of a practice's visits and waits: for the close, and held, by channel.
func (f *fixture) waiting(t testing.TB) (pending, held map[string]int) {
	t.Helper()
	_, err := f.Store.CloseWeek(context.Background(), calendar.WeekOf(f.clock), store.Division{
		Divide: func(survey string, sums store.Sums) (store.Sums, store.Sums) {
			if survey == "visit" {
				pending = sums.Channels.Counts
			}
			return store.Sums{}, sums
		},
		Settle: func(sums store.Sums) (int, bool) { held = sums.Channels.Counts; return 0, false }})
	must(t, err)
	return pending, held
}

// sendForm sends a form by a path, so long after it was fetched.
func (f *fixture) sendForm(t testing.TB, path string, took time.Duration, headers ...string) response {
	t.Helper()
	form := url.Values{"token": {f.newToken(f.eidsvag.ID)}, "lang": {"nb"}, "visit.polite": {"1"}}
	f.clock = f.clock.Add(took)
	return f.do(t, nobody, http.MethodPost, path, form, headers...)
}

// flood sends n forms by a path in as many seconds.
func (f *fixture) flood(t testing.TB, path string, n int) {
	t.Helper()
	for i := range n {
		if r := f.sendForm(t, path, time.Second); r.StatusCode != http.StatusOK {
			t.Fatalf("the %dth form of a burst: status %d", i+1, r.StatusCode)
		}
	}
}

// nextWeek closes the running week and goes to the next.
func (f *fixture) nextWeek(t testing.TB) {
	t.Helper()
	if closed, err := f.Store.CloseWeek(context.Background(), calendar.WeekOf(f.clock), aggregate.Divide(disclosure.Gate{})); err != nil || !closed {
		t.Fatal(closed, err)
	}
	f.clock = f.clock.AddDate(0, 0, 7)
}

// TestABurstIsCountedApart: by code, by the web page's button and at a screen; a stack of paper is not.
func TestABurstIsCountedApart(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			f := newFixtureOn(t, e)
			code := string(f.point.Code)
			for _, path := range []string{"/k/", "/w/", "/kiosk/", "/K/"} {
				f.flood(t, path+code, 30)
			}
			sheets := url.Values{"token": {f.batchToken(t)}, "do": {"send"}, "mark": {"visit-1"}, "sheet": slices.Repeat([]string{"54321"}, 40)}
			if r := f.do(t, sara, http.MethodPost, "/practices/"+f.eidsvag.ID+"/paper/entry", sheets); r.StatusCode != http.StatusOK {
				t.Fatalf("paper: status %d", r.StatusCode)
			}
			pending, held := f.waiting(t)
			if pending["paper"] != 40 || held["paper"] != 0 {
				t.Errorf("of 40 sheets %d are counted and %d held", pending["paper"], held["paper"])
			}
			for channel, n := range map[string]int{"qr": 60, "web": 30, "kiosk": 30} {
				if got := pending[channel] + held[channel]; got != n || pending[channel] > 7 || channel != "web" && pending[channel] == 0 {
					t.Errorf("%s: %d are counted and %d held of %d", channel, pending[channel], held[channel], n)
				}
			}
		})
	}
}

// TestInvitationsAreNeverHeld: whoever has a link that is good once has been asked.
func TestInvitationsAreNeverHeld(t *testing.T) {
	f := newFixture(t)
	var numbers []string
	for i := range 30 {
		numbers = append(numbers, fmt.Sprintf("490000%02d", i))
	}
	for _, token := range f.invite(t, "nb", numbers...) {
		if r := f.sendForm(t, "/s/"+token, time.Second); r.StatusCode != http.StatusOK {
			t.Fatalf("status %d", r.StatusCode)
		}
	}
	if pending, held := f.waiting(t); pending["sms"] != 30 || len(held) != 0 {
		t.Errorf("counted %v, held %v", pending, held)
	}
}

// TestThanksDoNotTell: the thanks for an answer that is held are those for one that is not, to the byte, and
// they are true of both.
func TestThanksDoNotTell(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/k/", "/kiosk/"} {
		path += string(f.point.Code)
		for _, encoding := range []string{"", "gzip"} {
			f.bursts.day = 0
			first := f.sendForm(t, path, time.Minute, "Accept-Encoding", encoding)
			f.flood(t, path, 30)
			held := f.sendForm(t, path, time.Minute, "Accept-Encoding", encoding)
			if held.StatusCode != first.StatusCode || held.body != first.body || !headersEqual(held.Header, first.Header) {
				t.Errorf("%s: the thanks differ:\n%v\n%v", path, first.Header, held.Header)
			}
		}
	}
	pending, held := f.waiting(t)
	if pending["qr"] == 0 || held["qr"] == 0 || pending["kiosk"] == 0 || held["kiosk"] == 0 {
		t.Errorf("counted %v, held %v: the test shows nothing", pending, held)
	}
	said := words(f.sendForm(t, "/k/"+string(f.point.Code), time.Minute).body)
	for _, want := range []string{"Svarene er talt", "gikk opp med én", "Kommer det uvanlig mange svar på kort tid, telles de for seg", "kan se dem sammen med andres svar"} {
		if !strings.Contains(said, want) {
			t.Errorf("the thanks do not say %q", want)
		}
	}
	if strings.Contains(f.log.String(), "held") || strings.Contains(f.log.String(), "burst") {
		t.Errorf("the log tells of a burst:\n%s", f.log)
	}
}

func headersEqual(a, b http.Header) bool {
	return maps.EqualFunc(a, b, func(x, y []string) bool { return slices.Equal(x, y) })
}

// TestFewHeldLookLikeNone: until a week is closed with ten of them, no page shows that anything is held.
func TestFewHeldLookLikeNone(t *testing.T) {
	f := newFixture(t)
	f.fillEidsvag(t)
	f.openResults(t, kari)
	pages := func() string {
		return f.get(t, kari, "/practices/"+f.eidsvag.ID).body + f.get(t, kari, "/practices/"+f.eidsvag.ID+"/points").body
	}
	none := pages()
	f.count(t, 9)
	f.nextWeek(t)
	f.clock = f.clock.AddDate(0, 0, -7) // the same day for the pages
	if pages() != none {
		t.Error("nine are held, and the pages are others")
	}
	f.clock = f.clock.AddDate(0, 0, 7)
	f.count(t, 1)
	if pages() != none {
		t.Error("ten are held, and the pages are others before the week is closed")
	}
	f.nextWeek(t)
	if said := words(pages()); !strings.Contains(said, "10 besvarelser er holdt utenfor") {
		t.Errorf("ten are held and the week is closed:\n%s", said)
	}
}

// count counts n held answers of Eidsvåg, as detectors on other instances would.
func (f *fixture) count(t testing.TB, n int) {
	t.Helper()
	var batch []store.Entry
	for range n {
		batch = append(batch, store.Entry{PracticeID: f.eidsvag.ID, Point: string(f.point.Code), Channel: "qr", Held: true,
			Answers: []store.Answers{{Survey: "visit", Version: 1, Options: map[string]string{"polite": "1"}}}})
	}
	must(t, f.Store.Count(context.Background(), f.clock, batch))
}

// TestTheLeadDecides: the lead sees how many are held, lets them in or drops them; staff see it and do not.
func TestTheLeadDecides(t *testing.T) {
	for _, tag := range i18n.Languages {
		t.Run(tag, func(t *testing.T) {
			f := newFixture(t)
			l := f.Words.In(tag)
			own := "/practices/" + f.eidsvag.ID
			page := func(as string) string { return words(f.get(t, as, own+"/points", "Accept-Language", tag).body) }
			say := func(key string, args ...any) string {
				return strings.ReplaceAll(l.T(key, args...), "\u00a0", " ")
			}
			decide := func(as, do, typed string, seen int) response {
				return f.do(t, as, http.MethodPost, own+"/held", url.Values{"do": {do}, "typed": {typed}, "seen": {fmt.Sprint(seen)}}, "Accept-Language", tag)
			}
			f.count(t, 12)
			f.nextWeek(t)
			f.count(t, 23)
			f.nextWeek(t)
			for _, as := range []string{kari, sara} {
				said := page(as)
				sv, _ := f.Surveys.Survey("visit", 1)
				for i, n := range []int{12, 23} {
					week := calendar.Week("2026-W48").Add(i)
					if want := say("held.line", "Weeks", l.Weeks(week, week), "Survey", sv.Title.In(tag), "N", fmt.Sprint(n)); !strings.Contains(said, want) {
						t.Errorf("%s is not told %q:\n%s", as, want, said)
					}
				}
				if got := strings.Contains(said, say("held.drop")); got != (as == kari) {
					t.Errorf("%s may decide: %v", as, got)
				}
				if r := f.get(t, as, own, "Accept-Language", tag); !strings.Contains(words(r.body), say("dashboard.held", "N", "35")) {
					t.Errorf("the dashboard of %s does not say that 35 are held", as)
				}
			}
			for as, status := range map[string]int{sara: 403, olav: 404, dina: 404, nils: 404, kim: 404, nobody: 401} {
				for _, do := range []string{"release", "drop"} {
					if r := decide(as, do, l.T("held.drop_word"), 35); r.StatusCode != status {
						t.Errorf("%s as %q: status %d, want %d", do, as, r.StatusCode, status)
					}
				}
			}
			if r := decide(kari, "drop", "", 35); r.StatusCode != 422 {
				t.Errorf("not typed: %d", r.StatusCode)
			}
			if r := decide(kari, "drop", l.T("held.drop_word"), 12); r.StatusCode != 409 || !strings.Contains(words(r.body), say("held.changed")) {
				t.Errorf("another number: %d", r.StatusCode)
			}
			if said := page(kari); !strings.Contains(said, say("held.drop")) {
				t.Fatal("nothing waits any more")
			}
			if r := decide(kari, "release", "", 35); r.StatusCode != 303 || r.Header.Get("Location") != own+"/points#held" {
				t.Fatalf("status %d to %s", r.StatusCode, r.Header.Get("Location"))
			}
			if want := say("held.released", "Name", kari, "Day", l.Date(f.clock)); strings.Count(page(sara), want) != 2 {
				t.Errorf("the page does not say %q twice:\n%s", want, page(sara))
			}
			for range 10 {
				f.answer(t, f.point.Code, "visit.polite", "5")
			}
			released := f.clock
			f.nextWeek(t)
			f.count(t, 10)
			f.nextWeek(t)
			if r := decide(kari, "drop", " "+strings.ToUpper(l.T("held.drop_word")), 10); r.StatusCode != 303 {
				t.Fatalf("dropping: status %d\n%s", r.StatusCode, words(r.body))
			}
			said := page(sara)
			for _, want := range []string{say("held.joined", "Name", kari, "Day", l.Date(released)), say("held.dropped", "Name", kari, "Day", l.Date(f.clock))} {
				if !strings.Contains(said, want) {
					t.Errorf("the page does not say %q:\n%s", want, said)
				}
			}
			f.openResults(t, kari)
			said = words(f.get(t, kari, own, "Accept-Language", tag).body)
			if want := say("dashboard.dropped", "N", "10"); !strings.Contains(said, want) || !strings.Contains(said, "45") || strings.Contains(said, say("dashboard.held", "N", "35")) {
				t.Errorf("the dashboard does not say %q, or not 45 answers:\n%s", want, said)
			}
			for _, want := range []string{`"the lead let in the responses held back" practice=` + f.eidsvag.ID + " responses=35", `"the lead dropped the responses held back" practice=` + f.eidsvag.ID + " responses=10"} {
				if !strings.Contains(f.log.String(), want) {
					t.Errorf("the log lacks %s:\n%s", want, f.log)
				}
			}
		})
	}
}

// TestFilesSayWhatIsLeftOut: the numbers that the page says are held back or dropped are in its files, and the
// quarterly report has those of its own weeks.
func TestFilesSayWhatIsLeftOut(t *testing.T) {
	for _, tag := range i18n.Languages {
		t.Run(tag, func(t *testing.T) {
			f := newFixture(t)
			own, l := "/practices/"+f.eidsvag.ID, f.Words.In(tag)
			lead, err := f.Store.AccountByEmail(context.Background(), kari)
			must(t, err)
			leftOut := func() string {
				var out []string
				for _, x := range f.file(t, kari, own+"/results", tag).of("left_out", "") {
					out = append(out, fmt.Sprintf("%s %.0f %s %s", x.Measure, *x.Value, x.Unit, x.Period))
				}
				return strings.Join(out, ", ")
			}
			f.count(t, 12)
			if got := leftOut(); got != "" {
				t.Errorf("before the close: %s", got)
			}
			f.nextWeek(t)
			if got := leftOut(); got != "held 12 responses " {
				t.Errorf("with nothing released: %q", got)
			}
			must(t, f.Store.DecideBursts(context.Background(), f.eidsvag.ID, lead.ID, store.BurstDropped, 12, "2026-12-01"))
			for range 11 {
				f.answer(t, f.point.Code, "visit.polite", "5")
			}
			f.count(t, 23)
			f.nextWeek(t)
			f.openResults(t, kari)
			week := string(calendar.WeekOf(f.clock).Add(-1))
			if got := leftOut(); got != "held 23 responses " { // what was dropped is of a week before the first answer
				t.Errorf("after a release of %s: %q", week, got)
			}
			must(t, f.Store.DecideBursts(context.Background(), f.eidsvag.ID, lead.ID, store.BurstDropped, 23, "2026-12-08"))
			if got := leftOut(); got != "dropped 23 responses "+week {
				t.Errorf("dropped: %q", got)
			}
			said := words(f.get(t, kari, own, "Accept-Language", tag).body)
			if want := plainSpace(l.T("dashboard.dropped", "N", "23")); !strings.Contains(said, want) {
				t.Errorf("the page does not say %q:\n%s", want, said)
			}
			f.clock = f.clock.AddDate(0, 1, 0)
			f.count(t, 1234)
			f.nextWeek(t)
			for range 11 {
				f.answer(t, f.point.Code, "visit.polite", "5")
			}
			f.nextWeek(t)
			said = words(f.get(t, kari, own+"/report?quarter=2026-Q4", "Accept-Language", tag).body)
			if want := plainSpace(l.T("dashboard.dropped", "N", "35")); !strings.Contains(said, want) || strings.Contains(said, plainSpace(l.T("dashboard.held", "N", l.Number(1234, 0)))) {
				t.Errorf("the report does not say %q, or what is of another quarter:\n%s", want, said)
			}
			f.openResults(t, kari)
			for _, path := range []string{"", "/points"} {
				if said = words(f.get(t, kari, own+path, "Accept-Language", tag).body); !strings.Contains(said, plainSpace(l.Number(1234, 0))) {
					t.Errorf("the page%s does not say 1,234:\n%s", path, said)
				}
			}
			if said = words(f.get(t, kari, own+"/points", "Accept-Language", tag).body); !strings.Contains(said, plainSpace(l.T("points.few"))) || strings.Contains(said, plainSpace(l.T("points.why"))) {
				t.Errorf("nothing but QR codes, and the points page says:\n%s", said)
			}
		})
	}
}

// TestNobodyDecidesInTime: the page says that what was held is dropped, and when that will be.
func TestNobodyDecidesInTime(t *testing.T) {
	f := newFixture(t)
	f.count(t, 12)
	f.nextWeek(t)
	path := "/practices/" + f.eidsvag.ID + "/points"
	if said := words(f.get(t, kari, path, "Accept-Language", "nb").body); !strings.Contains(said, "Bestemmer ingen innen 1. mars 2027, forkastes de eldste.") {
		t.Errorf("no day:\n%s", said)
	}
	for calendar.WeekOf(f.clock).Start().Before(time.Date(2027, 3, 1, 0, 0, 0, 0, calendar.Oslo)) {
		if said := words(f.get(t, kari, path, "Accept-Language", "nb").body); !strings.Contains(said, "Slipp inn alle") {
			t.Fatalf("nothing to decide on %s", f.clock)
		}
		f.nextWeek(t)
	}
	if said := words(f.get(t, kari, path, "Accept-Language", "nb").body); !strings.Contains(said, "12 besvarelser. Forkastet fordi ingen bestemte i tide.") || strings.Contains(said, "Slipp inn alle") {
		t.Errorf("on the day:\n%s", said)
	}
}
