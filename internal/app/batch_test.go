package app

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/venterom/venterom/internal/store"
)

// stack is what is typed of twelve sheets of both surveys: ten with both sides, one whose back was left
// empty, one on which nothing is ticked.
var stack = []string{"543211123400", "543211123400", "5432-1123400", "500011123400", "44444-------", "33333-------",
	"55555-------", "5----1------", "-----2------", "0-00-0------", "12345", "------------"}

// typeSheets fills in the rows of a batch as if they had been typed.
func (b *tab) typeSheets(sheets ...string) {
	b.t.Helper()
	for i, signs := range sheets {
		b.do(chromedp.SetValue(chromedp.ID(fmt.Sprint("sheet-", i+1)), signs))
	}
}

// sendBatch presses one of the buttons of a batch.
func (b *tab) sendBatch(do string) int64 {
	b.t.Helper()
	return b.follow(chromedp.Click(chromedp.CSS("button[name=do][value=" + do + "]:not([hidden])")))
}

// openBatch has a practice of its own with a lead of its own type into an empty batch.
func (w *world) openBatch(t *testing.T, name string, o options) (b *tab, practiceID string) {
	t.Helper()
	point := w.newPractice(t, name)
	// One answer by code, so that counted finds the practice among those whose sums are waiting.
	if err := w.app.Store.Count(t.Context(), w.now, []store.Entry{{PracticeID: point.PracticeID, Point: string(point.Code), Channel: "qr",
		Answers: []store.Answers{{Survey: "visit", Version: 1, Options: map[string]string{"waitroom": "3"}}}}}); err != nil {
		t.Fatal(err)
	}
	b = w.tab(t, wide, 800, o)
	b.signIn(w.newLead(t, point.PracticeID))
	b.open("/practices/" + point.PracticeID + "/paper/entry")
	return b, point.PracticeID
}

func (b *tab) rows() []string {
	b.t.Helper()
	return eval[[]string](b, "[...document.querySelectorAll('input[name=sheet]')].map(i => i.value).filter(v => v)")
}

func (b *tab) says() string {
	b.t.Helper()
	return eval[string](b, "document.querySelector('.entry-status').textContent")
}

// typing presses one key after the other where the focus is.
func (b *tab) typing(keys string) {
	b.t.Helper()
	for _, k := range keys {
		b.do(chromedp.KeyEvent(string(k)))
	}
}

func batchByKeyboard(t *testing.T, w *world) {
	b, id := w.openBatch(t, "Papirmyra legekontor", options{})
	l := w.words.In("nb")
	b.until("document.activeElement.id === 'sheet-1'")

	// Leaving what was typed is asked about first; left, it is nowhere.
	b.typing("54321")
	b.follow(chromedp.Click(chromedp.CSS(".bar nav a[aria-current]")))
	b.open("/practices/" + id + "/paper/entry")
	b.until("document.activeElement.id === 'sheet-1'")
	b.await("the question whether to leave", func() bool { return b.asked == 1 })
	if rows := b.rows(); len(rows) > 0 {
		t.Errorf("after leaving and coming back the rows are %q", rows)
	}

	b.typing("6") // there is no sixth option
	if got, want := b.says(), l.T("sheet.wrong_sign", "Letter", "A", "Signs", "1–5, 0, –"); got != want || len(b.rows()) > 0 {
		t.Errorf("a wrong digit: rows %q, says %q, want %q", b.rows(), got, want)
	}
	b.typing("543")
	b.do(key(kb.Enter)) // the sheet is not whole
	if got := b.says(); got != l.T("batch.short") || eval[string](b, "document.activeElement.id") != "sheet-1" {
		t.Errorf("Enter on half a sheet says %q", got)
	}
	b.do(key(kb.Backspace))
	b.typing("32 1123400") // a space where nothing is ticked
	if got := b.rows(); !slices.Equal(got, []string{"5432-1123400"}) {
		t.Errorf("the row is %q", got)
	}
	b.do(key(kb.Enter))
	if got := eval[string](b, "document.activeElement.id"); got != "sheet-2" {
		t.Fatalf("after Enter the focus is at %s, want the next sheet; rows %q, says %q", got, b.rows(), b.says())
	}
	b.do(key(kb.Backspace)) // nothing to take away: back to the last sheet
	if got := eval[string](b, "document.activeElement.id"); got != "sheet-1" {
		t.Errorf("Backspace on an empty sheet leads to %s", got)
	}
	b.do(key(kb.Enter))
	for range 8 {
		b.typing("55555")
		b.do(key(kb.Enter))
	}
	if got, want := b.says(), l.T("batch.typed", "N", 9, "Least", 10); got != want {
		t.Errorf("after nine sheets it says %q, want %q", got, want)
	}

	// Nine are too few, and nothing that was typed is lost.
	before := b.rows()
	b.do(key(kb.Enter)) // on the empty row: to the button
	if status := b.follow(key(kb.Enter)); status != http.StatusUnprocessableEntity {
		t.Errorf("nine sheets: status %d", status)
	}
	if got := eval[string](b, "document.querySelector('.problem li').textContent"); got != l.T("batch.few", "Count", 9, "Least", 10) {
		t.Errorf("nine sheets: it says %q", got)
	}
	if got := b.rows(); !slices.Equal(got, before) || len(before) != 9 {
		t.Errorf("rows after the refusal: %q, before %q", got, before)
	}
	if n := w.counted(t, id).Channels.Counts["paper"]; n > 0 {
		t.Error("nine sheets were counted")
	}

	b.do(chromedp.Focus(chromedp.ID("sheet-10")))
	for range 13 { // past the rows there were
		b.typing("0---1")
		b.do(key(kb.Enter))
	}
	b.follow(key(kb.Enter), key(kb.Enter))
	if got, want := eval[string](b, "document.querySelector('.lead').textContent"), l.T("batch.sheets", "Count", 22); got != want {
		t.Fatalf("the summary says %q, want %q", got, want)
	}
	if got, want := eval[[]string](b, "[...document.querySelectorAll('tbody tr:first-child td')].map(e => e.textContent)"), []string{"0", "0", "0", "0", "9", "13", "0"}; !slices.Equal(got, want) {
		t.Errorf("the summary of A is %q, want %q", got, want)
	}
	if n := eval[int](b, "localStorage.length + sessionStorage.length"); n > 0 {
		t.Errorf("%d things in the browser's storage", n)
	}
	if n := w.counted(t, id).Channels.Counts["paper"]; n > 0 {
		t.Error("counted before it was sent")
	}

	b.do(chromedp.DoubleClick(chromedp.CSS("button[value=send]")))
	b.until("document.readyState === 'complete' && document.querySelector('form.batch, [name=sheet]') === null")
	sums := w.counted(t, id)
	if got, want := sums.Channels.Counts, map[string]int{"qr": 1, "paper": 22}; !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	if got, want := sums.Questions["polite"].Counts, map[string]int{"5": 9, "na": 13}; !maps.Equal(got, want) {
		t.Errorf("polite: counted %v, want %v", got, want)
	}
	if n := len(sums.Points.Counts); n != 1 {
		t.Errorf("sheets came to points %v", sums.Points.Counts)
	}

	// Whoever goes back, changes something and sends again is not told that the change is counted.
	b.follow(chromedp.Reload())
	if got := eval[string](b, "document.querySelector('h1').textContent"); got != l.T("batch.again_title") {
		t.Errorf("sent once more: %q", got)
	}
	if got := w.counted(t, id).Channels.Counts["paper"]; got != 22 {
		t.Errorf("%d sheets after sending once more, want 22", got)
	}
}

func batchWithoutScript(t *testing.T, w *world) {
	b, id := w.openBatch(t, "Skriftdalen legekontor", options{noScript: true})
	l := w.words.In("nb")
	b.do(chromedp.Focus(chromedp.ID("sheet-1")))
	for _, signs := range stack {
		b.typing(signs)
		b.do(key(kb.Tab))
	}
	b.typing("9") // the thirteenth: no such option, and too short
	if status := b.follow(key(kb.Enter)); status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong digit: status %d", status)
	}
	want := l.T("sheet.wrong_sign", "Letter", "A", "Signs", "1–5, 0, –")
	if got := eval[string](b, "document.getElementById('sheet-13-wrong').textContent"); got != want {
		t.Errorf("at the sheet it says %q, want %q", got, want)
	}
	if got := eval[string](b, "document.querySelector('.problem a').getAttribute('href')"); got != "#sheet-13" {
		t.Errorf("on top it leads to %s", got)
	}
	if got := b.rows(); !slices.Equal(got, append(slices.Clone(stack), "9")) {
		t.Errorf("rows after the refusal: %q", got)
	}
	b.sendBatch("more")
	if n := eval[int](b, "document.querySelectorAll('input[name=sheet]').length"); n != 30 {
		t.Errorf("%d rows after asking for more, want 30", n)
	}
	b.do(chromedp.Focus(chromedp.ID("sheet-13")), key(kb.Delete))
	b.sendBatch("review")
	if got, want := eval[string](b, "document.querySelector('.hint').textContent"), l.T("batch.blank", "Rows", "12"); got != want {
		t.Errorf("of the empty sheet it says %q, want %q", got, want)
	}
	b.sendBatch("mend")
	if got := b.rows(); !slices.Equal(got, stack) {
		t.Errorf("rows when going back: %q", got)
	}
	b.sendBatch("review")
	b.do(chromedp.DoubleClick(chromedp.CSS("button[value=send]")))
	b.until("document.readyState === 'complete' && document.querySelector('[name=sheet]') === null")
	sums := w.counted(t, id)
	if got, want := sums.Channels.Counts, map[string]int{"qr": 1, "paper": 10}; !maps.Equal(got, want) { // of the visit; one sheet answers the other survey only
		t.Errorf("counted %v, want %v", got, want)
	}
	got := sums.Questions["polite"].Counts
	expected := map[string]int{}
	for _, signs := range stack {
		switch sign := signs[:1]; sign {
		case "-":
		case "0":
			expected["na"]++
		default:
			expected[sign]++
		}
	}
	if !maps.Equal(got, expected) {
		t.Errorf("polite: counted %v, want %v", got, expected)
	}
}

func kitButtons(t *testing.T, w *world) {
	b := w.tab(t, wide, 800, options{})
	point := "/practices/" + w.full.PracticeID + "/points/" + string(w.full.Code)
	b.visit(webPage{email: leadEmail, path: point + "/kit"})
	eval[int](b, "(() => { navigator.clipboard.writeText = async text => { window.copied = text; }; return 0; })()")
	for _, id := range []string{"letter-text", "spoken", "web-html"} {
		button := fmt.Sprintf("[data-copy=%s]", id)
		b.do(chromedp.Click(chromedp.CSS(button)))
		b.until(fmt.Sprintf("document.querySelector(%q).textContent === %q", button, w.words.In("nb").T("kit.copied")))
		if !eval[bool](b, fmt.Sprintf("copied !== '' && copied === document.getElementById(%q).textContent", id)) {
			t.Errorf("%s was not copied", id)
		}
	}
	for _, sheet := range []string{point + "/poster", point + "/card", point + "/letter", "/practices/" + w.full.PracticeID + "/paper"} {
		b.open(sheet)
		eval[int](b, "(() => { window.print = () => { window.printed = true; }; return 0; })()")
		b.do(chromedp.Click(chromedp.CSS("[data-print]")))
		b.until("window.printed === true")
	}
}

// batchSignedOut: the session ends while somebody types. They hear of it while all is still there.
func batchSignedOut(t *testing.T, w *world) {
	b, _ := w.openBatch(t, "Pausekroken legekontor", options{})
	b.until("document.activeElement.id === 'sheet-1'")
	cookies := call(b, network.GetCookies, network.GetCookiesParams{}).Cookies
	call(b, network.ClearBrowserCookies, cdp.Empty{})
	eval[int](b, "(() => { const now = Date.now; Date.now = () => now() + 360000; return 0; })()")
	for range 10 {
		b.typing("55555")
		b.do(key(kb.Enter))
	}
	b.until("document.querySelector('.entry-status').classList.contains('wrong')")
	b.do(key(kb.Enter), key(kb.Enter)) // to the button, and press it
	l := w.words.In("nb")
	b.until(fmt.Sprintf("document.querySelector('.entry-status').textContent === %q", l.T("batch.signed_out")))
	if n := len(b.rows()); n != 10 {
		t.Fatalf("%d sheets are left, want 10", n)
	}
	// Signed in again elsewhere, the same page goes on.
	for _, c := range cookies {
		call(b, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: w.address, Path: "/", Secure: new(true), HTTPOnly: new(true), SameSite: network.CookieSameSiteLax})
	}
	b.follow(key(kb.Enter))
	if got, want := eval[string](b, "document.querySelector('.lead').textContent"), l.T("batch.sheets", "Count", 10); !strings.Contains(got, want) {
		t.Errorf("the summary says %q, want %q", got, want)
	}
}
