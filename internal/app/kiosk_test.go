package app

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// kiosk opens the shared screen of a point on a tablet that is touched.
func (w *world) kiosk(t *testing.T, point practice.Point, width, height int64, o options) *tab {
	t.Helper()
	b := w.tab(t, width, height, o)
	b.do(chromedp.EmulateViewport(width, height, chromedp.EmulateTouch))
	if status := b.open("/kiosk/" + string(point.Code)); status != http.StatusOK {
		t.Fatalf("the screen's status: got %d, want 200", status)
	}
	b.shows("start")
	return b
}

// shows waits for a screen.
func (b *tab) shows(screen string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.querySelector('[data-screen]')?.dataset.screen === %q", screen))
}

// pass lets time go by for the page's script.
func (b *tab) pass(d time.Duration) {
	b.t.Helper()
	eval[int](b, fmt.Sprintf("(() => { const now = Date.now; Date.now = () => now() + %d; return 0; })()", d.Milliseconds()))
}

// tap touches something after a moment, as a person does: a tap that comes too quickly is not taken.
func (b *tab) tap(selector string) {
	b.t.Helper()
	b.pass(time.Second)
	b.do(chromedp.Tap(chromedp.CSS(selector)))
}

// answer touches the words of an answer.
func (b *tab) answer(question, code string) {
	b.t.Helper()
	b.tap(fmt.Sprintf("label:has([name=%q][value=%q]) span", question, code))
}

// language chooses the language, which leads to the form.
func (b *tab) language(tag string) {
	b.t.Helper()
	b.tap(fmt.Sprintf(".choices button[lang=%s]", tag))
	b.shows("form")
}

// offline cuts the network, or mends it.
func (b *tab) offline(cut bool) {
	b.t.Helper()
	call(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: cut, DownloadThroughput: -1, UploadThroughput: -1}}})
	call(b, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: cut, DownloadThroughput: -1, UploadThroughput: -1})
}

// sent is every form that was sent, as often as it was. The caller holds mu.
func (b *tab) sent() (forms []string) {
	for _, r := range b.requests {
		if len(r.Request.PostDataEntries) > 0 {
			if form := string(r.Request.PostDataEntries[0].Bytes); strings.Contains(form, "token=") && !strings.Contains(form, "switch=") {
				forms = append(forms, form)
			}
		}
	}
	return forms
}

// isCleared fails if the first screen has anything of somebody who was here.
func (b *tab) isCleared() {
	b.t.Helper()
	b.shows("start")
	if left := eval[[]string](b, `[
		...[...document.querySelectorAll("form:not(.choices), input, dialog, .counted, [data-retry]")].map(e => e.outerHTML),
		...(location.search + location.hash ? [location.href] : []), ...(history.state === null ? [] : ["history.state"])]`); len(left) > 0 {
		b.t.Errorf("left on the first screen: %q", left)
	}
}

// leap goes to an entry of the browser's history.
func (b *tab) leap(entry int64) {
	b.t.Helper()
	call(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry})
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		// Between two pages there is none to ask: that is no error yet.
		h, err := chromedp.Call(b.ctx, page.GetNavigationHistory, cdp.Empty{})
		if err == nil && h.Entries[h.CurrentIndex].ID == entry {
			break
		}
		if time.Now().After(late) {
			b.t.Fatalf("the browser does not go to entry %d of its history", entry)
		}
	}
	b.until("document.readyState === 'complete'")
}

// countedOnce fails unless one response has come from the screen.
func (w *world) countedOnce(t *testing.T, point practice.Point) {
	t.Helper()
	sums := w.counted(t, point.PracticeID)
	if got := sums.Channels.Counts; !maps.Equal(got, map[string]int{"kiosk": 1}) {
		t.Errorf("counted: got %v, want one by kiosk", got)
	}
	if got := sums.Points.Counts; !maps.Equal(got, map[string]int{string(point.Code): 1}) {
		t.Errorf("counted: got %v, want one at the point", got)
	}
}

// kioskByTouch is a visit at a shared screen, from the language to the next person.
func kioskByTouch(t *testing.T, w *world) {
	for i, size := range [][2]int64{{768, 1024}, {1024, 768}, {narrow, 640}} {
		tag := i18n.Languages[i]
		t.Run(fmt.Sprintf("%d × %d in %s", size[0], size[1], tag), func(t *testing.T) {
			point := w.newPractice(t, fmt.Sprintf("Strand legekontor %d", i))
			b := w.kiosk(t, point, size[0], size[1], options{})
			entries := len(run(b, chromedp.NavigationEntries()).Entries)
			b.fits()
			b.language(tag)
			if got := eval[string](b, "document.documentElement.lang"); got != tag {
				t.Errorf("language: got %q, want %q", got, tag)
			}
			if got := b.chosen(); len(got) > 0 {
				t.Errorf("chosen before anything is touched: %v", got)
			}
			b.fits()
			b.answer("visit.polite", "5")
			b.answer("visit.waitroom", "na")
			b.answer("visit.overall", "2")
			b.tap("#visit-overall .clear")
			b.answer("visit.consult", "3")
			other := i18n.Languages[(i+1)%3]
			want := b.chosen()
			b.tap("button[value=" + other + "]")
			b.until("document.documentElement.lang === '" + other + "'")
			if got := b.chosen(); !maps.Equal(got, want) || len(got) != 3 {
				t.Errorf("chosen after the switch: got %v, want %v", got, want)
			}
			b.tap("form > .primary")
			b.shows("thanks")
			b.fits()
			if eval[bool](b, "document.querySelector('.counted').checkVisibility()") {
				t.Error("the answers are shown to whoever comes by")
			}
			answers := map[string]string{"polite": "5", "waitroom": "na", "consult": "3"}
			if got, want := b.thanked(), w.expected(other, "kiosk", answers, ""); !slices.Equal(got, want) {
				t.Errorf("thanks:\n got %v\nwant %v", got, want)
			}
			b.tap("summary")
			if !eval[bool](b, "document.querySelector('.counted').checkVisibility()") {
				t.Error("the answers cannot be seen")
			}
			b.leavesNothing()
			w.countedOnce(t, point)

			b.tap("main a.primary")
			b.isCleared()
			b.leavesNothing()
			if got := len(run(b, chromedp.NavigationEntries()).Entries); got != entries {
				t.Errorf("the browser's history has %d entries more", got-entries)
			}
			away := func() { // back to what was before, and forward again
				for _, entry := range []int{0, entries - 1} {
					b.leap(run(b, chromedp.NavigationEntries()).Entries[entry].ID)
				}
				b.isCleared()
			}
			away()
			b.language(tag)
			b.answer("visit.polite", "5")
			away()
		})
	}
}

// kioskWithoutScript is the same visit where the pages' script is off.
func kioskWithoutScript(t *testing.T, w *world) {
	point := w.newPractice(t, "Vika legekontor")
	b := w.kiosk(t, point, 768, 1024, options{noScript: true})
	b.follow(chromedp.Tap(chromedp.CSS(".choices button[lang=nn]")))
	tap := func(question, code string) {
		b.do(chromedp.Tap(chromedp.CSS(fmt.Sprintf("label:has([name=%q][value=%q]) span", question, code))))
	}
	if status := b.follow(chromedp.Tap(chromedp.CSS("form > .primary"))); status != http.StatusUnprocessableEntity {
		t.Errorf("an empty form: status %d, want 422", status)
	}
	tap("visit.polite", "4")
	b.follow(chromedp.Tap(chromedp.CSS("button[value=en]")))
	b.follow(chromedp.Tap(chromedp.CSS("form > .primary")))
	b.shows("thanks")
	if got, want := b.thanked(), w.expected("en", "kiosk", map[string]string{"polite": "4"}, ""); !slices.Equal(got, want) {
		t.Errorf("thanks:\n got %v\nwant %v", got, want)
	}
	if eval[bool](b, "document.querySelector('[role=timer]').checkVisibility()") {
		t.Error("a countdown is promised that nothing counts")
	}
	b.follow(chromedp.Tap(chromedp.CSS("main a.primary")))
	b.shows("start")
	w.countedOnce(t, point)
	b.follow(chromedp.Tap(chromedp.CSS(".choices button[lang=nb]")))
	tap("visit.polite", "2") // chosen on a page that was fetched, which is the one to go back to
	b.follow(chromedp.Tap(chromedp.CSS("form > .primary")))
	b.follow(chromedp.Tap(chromedp.CSS("main a.primary")))
	entries := run(b, chromedp.NavigationEntries()).Entries
	for _, entry := range slices.Backward(entries[1 : len(entries)-1]) {
		b.leap(entry.ID)
		if got := b.chosen(); len(got) > 0 || eval[bool](b, "document.querySelector('.counted') !== null") {
			t.Errorf("%s in the browser's history shows answers: %v", entry.URL, got)
		}
	}
}

// kioskIsQuiet leaves the screen at every place: it is cleared, after a question where answers would be lost.
func kioskIsQuiet(t *testing.T, w *world) {
	point := w.newPractice(t, "Neset legekontor")
	b := w.kiosk(t, point, 1024, 768, options{})
	const dialog = "document.querySelector('dialog')?.open === true"

	b.language("nn")
	b.answer("visit.polite", "1")
	b.pass(35 * time.Second)
	b.do(chromedp.Sleep(1100 * time.Millisecond)) // the page looks once a second
	if eval[bool](b, dialog) {
		t.Error("it asks after 35 seconds, want 40")
	}
	b.pass(6 * time.Second)
	b.until(dialog)
	l := w.words.In("nn")
	if got := eval[string](b, "document.querySelector('dialog h2').textContent"); got != l.T("kiosk.still_title") {
		t.Errorf("it asks %q, want %q", got, l.T("kiosk.still_title"))
	}
	if got := eval[int](b, "+document.querySelector('dialog [data-seconds]').textContent"); got < 10 || got > 20 {
		t.Errorf("seconds left: %d", got)
	}
	if got := eval[string](b, "document.activeElement.textContent"); got != l.T("kiosk.still_yes") {
		t.Errorf("the focus is at %q", got)
	}
	// A touch anywhere, here where an answer is under the question, says no more than that somebody is there.
	before := b.chosen()
	b.do(chromedp.TapXY(512, 700))
	b.until("!document.querySelector('dialog')")
	if got := b.chosen(); !maps.Equal(got, before) {
		t.Errorf("the touch that closed the question changed %v to %v", before, got)
	}
	b.pass(41 * time.Second)
	b.until(dialog)
	b.do(key("Escape"))
	b.until("!document.querySelector('dialog')")
	b.pass(41 * time.Second)
	b.until(dialog)
	b.tap("dialog .primary")
	b.until("!document.querySelector('dialog')")
	if got := b.chosen(); !maps.Equal(got, before) {
		t.Errorf("after the questions: %v, want %v", got, before)
	}
	b.pass(41 * time.Second)
	b.until(dialog)
	b.tap("dialog a")
	b.isCleared()

	b.language("en")
	b.answer("visit.polite", "1")
	b.pass(61 * time.Second)
	b.isCleared()

	b.language("nb")
	b.answer("visit.polite", "1")
	b.tap("form > .primary")
	b.shows("thanks")
	b.pass(15 * time.Second)
	b.until("+document.querySelector('main [data-seconds]').textContent < 6")
	b.tap("h1") // whoever touches the screen has all the time again
	b.until("+document.querySelector('main [data-seconds]').textContent > 15")
	b.pass(21 * time.Second)
	b.isCleared()
	b.leavesNothing()
	w.countedOnce(t, point)
}

// kioskOffline cuts the network before the form is fetched and before it is sent.
func kioskOffline(t *testing.T, w *world) {
	point := w.newPractice(t, "Øyane legekontor")
	b := w.kiosk(t, point, 768, 1024, options{})
	b.offline(true)
	b.tap(".choices button[lang=nb]")
	b.shows("waiting")
	b.offline(false)
	b.shows("form")
	b.answer("visit.polite", "3")
	b.answer("visit.overall", "4")
	b.offline(true)
	b.tap("form > .primary")
	b.shows("sending")
	b.await("two tries", func() bool { return len(b.sent()) >= 2 })
	b.leavesNothing()
	if left := eval[int](b, "document.querySelectorAll('form, input').length"); left > 0 {
		t.Errorf("the form is still in the page while it is sent: %d", left)
	}
	b.pass(70 * time.Second) // silence does not end it
	b.do(chromedp.Sleep(1100 * time.Millisecond))
	b.shows("sending")
	if got := w.counted(t, point.PracticeID).Channels.Counts; len(got) > 0 {
		t.Errorf("counted while the network is away: %v", got)
	}
	b.offline(false)
	b.shows("thanks")
	if got, want := b.thanked(), w.expected("nb", "kiosk", map[string]string{"polite": "3", "overall": "4"}, ""); !slices.Equal(got, want) {
		t.Errorf("thanks:\n got %v\nwant %v", got, want)
	}
	w.countedOnce(t, point)
	b.leavesNothing()
}

// kioskLosesThanks lets the server count and loses its answer on the way: the connection breaks, it
// hangs, the server cannot store for a while, a network wants somebody to sign in.
func kioskLosesThanks(t *testing.T, w *world) {
	point := w.newPractice(t, "Moen legekontor")
	b := w.kiosk(t, point, 768, 1024, options{})
	b.language("nb")
	b.answer("visit.polite", "2")
	var lost []string // what became of each answer
	if err := chromedp.Listen(b.ctx, func(event any) {
		e, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		lost = append(lost, fmt.Sprint(e.ResponseStatusCode))
		instead := func(status int64, page string) {
			chromedp.Call(b.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{RequestID: e.RequestID, ResponseCode: status, Body: []byte(page)})
		}
		switch len(lost) { // in the background, because the browser waits for this function
		case 1:
			go chromedp.Call(b.ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonConnectionReset})
		case 2: // left alone
		case 3:
			go instead(http.StatusServiceUnavailable, `<main><header data-screen="error"><h1>Later</h1></header></main>`)
		case 4:
			go instead(http.StatusOK, "<main><h1>Sign in to the network</h1></main>")
		default:
			go chromedp.Call(b.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
		}
	}); err != nil {
		t.Fatal(err)
	}
	call(b, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*/kiosk/*", RequestStage: fetch.RequestStageResponse}}})
	eval[int](b, "(() => { const later = setTimeout; setTimeout = (f, ms) => later(f, ms / 10); return 0; })()") // ten times as quick
	b.tap("form > .primary")
	b.shows("sending")
	b.await("the first answer", func() bool { return len(lost) >= 1 })
	w.countedOnce(t, point)
	b.await("the last answer", func() bool { return len(lost) >= 5 })
	b.shows("thanks")
	w.countedOnce(t, point)
	if slices.ContainsFunc(lost, func(status string) bool { return status != "200" }) {
		t.Errorf("the server answered %v", lost)
	}
	call(b, fetch.Disable, cdp.Empty{})
	b.mu.Lock()
	defer b.mu.Unlock()
	if forms := slices.Compact(b.sent()); len(forms) != 1 {
		t.Errorf("%d different forms were sent, want the same each time", len(forms))
	}
}

// kioskGivesUp has no network for longer than the screen tries.
func kioskGivesUp(t *testing.T, w *world) {
	point := w.newPractice(t, "Fjellet legekontor")
	b := w.kiosk(t, point, 768, 1024, options{})
	fail := func() {
		b.offline(true)
		b.tap("form > .primary")
		b.shows("sending")
		b.pass(2 * time.Minute)
		b.shows("failed")
	}
	b.language("nb")
	b.answer("visit.polite", "2")
	fail()
	b.leavesNothing()
	b.offline(false)
	b.tap("[data-retry]")
	b.shows("thanks")
	w.countedOnce(t, point)
	b.tap("main a.primary")

	for _, end := range []func(){
		func() { b.pass(61 * time.Second) }, // and is cleared when nobody tries again
		func() { b.tap("main a") },
	} {
		b.isCleared()
		b.language("nb")
		b.answer("visit.polite", "5")
		fail()
		end()
		b.isCleared()
		b.offline(false)
	}
	b.pass(time.Minute)
	b.do(chromedp.Sleep(1100 * time.Millisecond))
	b.isCleared()
	w.countedOnce(t, point) // nothing is sent later
}

// kioskTappedTwice taps quickly: the second tap does nothing on the screen that the first one led to.
func kioskTappedTwice(t *testing.T, w *world) {
	point := w.newPractice(t, "Haugen legekontor")
	b := w.kiosk(t, point, 768, 1024, options{})
	b.pass(time.Second)
	b.do(chromedp.Tap(chromedp.CSS(".choices button[lang=nb]")))
	b.shows("form")
	b.do(chromedp.Tap(chromedp.CSS("label:has([name='visit.polite'][value='3']) span")))
	if got := b.chosen(); len(got) > 0 {
		t.Errorf("the second tap on a language chose %v", got)
	}
	b.answer("visit.polite", "3")
	b.pass(time.Second)
	b.do(chromedp.Tap(chromedp.CSS("form > .primary")), chromedp.TapXY(384, 500))
	b.shows("thanks")
	b.do(chromedp.Tap(chromedp.CSS("main a.primary")))
	b.shows("thanks") // not led on by what came too quickly
	w.countedOnce(t, point)
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.sent()); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

// kioskMendsForm sends an empty form, and finds what to mend.
func kioskMendsForm(t *testing.T, w *world) {
	b := w.kiosk(t, w.full, 768, 1024, options{})
	b.language("en")
	b.tap("form > .primary")
	b.until("document.activeElement.className === 'problem'")
	b.tap(".problem a")
	b.until("document.activeElement === document.querySelector('input[type=radio]')")
	if at := eval[string](b, "location.href"); strings.Contains(at, "#") {
		t.Errorf("the address is now %s", at)
	}
	b.tap(".again a")
	b.isCleared()
}

// kioskRenewsItself has stood since before the server was renewed: after the next person it is the new page.
func kioskRenewsItself(t *testing.T, w *world) {
	b := w.kiosk(t, w.newPractice(t, "Sletta legekontor"), 768, 1024, options{})
	eval[int](b, "document.querySelector('script[src*=kiosk]').setAttribute('src', '/static/kiosk.js?v=older') || (window.old = 1)")
	b.language("en")
	b.answer("visit.polite", "3")
	b.pass(61 * time.Second)
	b.isCleared()
	if eval[bool](b, "window.old === undefined") {
		t.Error("the page is loaded anew where the network may be away")
	}
	for _, want := range []string{"window.old === undefined", "window.old === 2"} { // and then no more
		b.language("en")
		b.answer("visit.polite", "3")
		b.tap("form > .primary")
		b.shows("thanks")
		b.tap("main a.primary")
		b.until(want)
		b.isCleared()
		eval[int](b, "window.old = 2")
	}
}
