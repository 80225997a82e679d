package app

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// demoList is a CSV of yesterday's visits of numbers that have not been asked, and some rows that are wrong.
func demoList(w *world, n int) string {
	day := w.now.AddDate(0, 0, -1).Format("02.01.2006")
	list := w.lists.Add(1)
	text := "Navn;Mobil;Besøksdato;Språk\n"
	for i := range n {
		text += fmt.Sprintf("Ola;%d;%s;%s\n", 49_100_000+100*list+int64(i), day, []string{"", "nn", "en"}[i%3])
	}
	return text + "Kari;55190000;" + day + ";\nPer;;" + day + ";\nEva;49199999;" + w.now.Add(48*time.Hour).Format("02.01.2006") + ";\n"
}

// tryList uploads a list as staff do, and returns the status of what comes.
func (b *tab) tryList(content string) int64 {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "besøk.csv")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.SetUploadFiles(chromedp.ID("list"), []string{file}))
	return b.follow(chromedp.Click(chromedp.CSS("form[enctype] .primary")))
}

func (b *tab) sendList() int64 {
	b.t.Helper()
	return b.follow(chromedp.Click(chromedp.CSS("form[action$='/send'] .primary")))
}

func (b *tab) heading() string {
	b.t.Helper()
	return eval[string](b, "document.querySelector('h1').textContent")
}

func askByList(t *testing.T, w *world) { ask(t, w, "Lista legekontor", options{}) }

func askWithoutScript(t *testing.T, w *world) {
	ask(t, w, "Skriptløs legekontor", options{noScript: true})
}

// ask is a lead's way from a practice that does not ask to messages in the queue.
func ask(t *testing.T, w *world, name string, o options) {
	point := w.newPractice(t, name)
	b := w.tab(t, narrow, 800, o)
	b.signIn(w.newLead(t, point.PracticeID))
	own, l := "/practices/"+point.PracticeID, w.words.In("nb")
	b.open(own)
	b.follow(chromedp.Click(chromedp.CSS("nav a[href$='/invitations']")))
	b.follow(chromedp.Click(chromedp.CSS("main .button.primary")))

	// A wrong sender is said at its field, and what was typed stays.
	b.do(chromedp.Click(chromedp.CSS("label:has(#on)")), chromedp.SetValue(chromedp.ID("sender"), "SMS"), chromedp.SetValue(chromedp.ID("cap"), "100"), chromedp.SetValue(chromedp.ID("visits"), "80"))
	if status := b.follow(chromedp.Click(chromedp.CSS("form.asking .primary"))); status != http.StatusUnprocessableEntity {
		t.Errorf("a generic sender: %d", status)
	}
	if got := eval[string](b, "document.querySelector('#sender-wrong').textContent"); got != l.T("sms.sender_generic", "Name", "SMS") {
		t.Errorf("at the sender it says %q", got)
	}
	if !eval[bool](b, "document.querySelector('#on').checked && document.querySelector('#cap').value === '100'") {
		t.Error("what was typed is lost")
	}
	b.fits()
	b.do(chromedp.SetValue(chromedp.ID("sender"), "Legekontor"))
	if status := b.follow(chromedp.Click(chromedp.CSS("form.asking .primary"))); status != http.StatusOK || !strings.HasSuffix(eval[string](b, "location.search"), "done=saved") {
		t.Errorf("settings are not kept: %d", status)
	}
	b.fits()
	b.follow(chromedp.Click(chromedp.CSS("main .row a[href$='/invitations']")))

	if status := b.tryList("mobil\n49123456\n"); status != http.StatusUnprocessableEntity {
		t.Errorf("a list without dates: %d", status)
	}
	b.fits()
	if status := b.tryList(demoList(w, 12)); status != http.StatusOK || b.heading() != l.T("invitations.dry_count", "Count", 12) {
		t.Fatalf("the dry run: %d %s", status, b.heading())
	}
	if page := eval[string](b, "document.documentElement.outerHTML"); strings.Contains(page, fmt.Sprint(49_100_000+100*w.lists.Load())) {
		t.Error("the page of the dry run has a number")
	}
	b.fits()
	price := eval[string](b, "document.querySelector('.lead').textContent")
	if status := b.sendList(); status != http.StatusOK || b.heading() != l.T("invitations.sent_count", "Count", 12) {
		t.Fatalf("sending: %d %s", status, b.heading())
	}
	b.fits()
	b.follow(chromedp.Reload()) // sends the form again
	if b.heading() != l.T("invitations.sent_none") {
		t.Errorf("sent again it says %s", b.heading())
	}
	b.follow(chromedp.Click(chromedp.CSS("main .button[href$='/invitations']")))
	if asked := eval[int](b, "[...document.querySelectorAll('[aria-labelledby=messages] tbody td')].slice(0, 3).reduce((sum, td) => sum + Number(td.textContent), 0)"); asked != 12 {
		t.Errorf("%d are waiting, sent or delivered, want 12", asked)
	}
	if cost := eval[string](b, "document.querySelector('[aria-labelledby=messages] tbody td:last-child').textContent"); !strings.Contains(price, cost) {
		t.Errorf("it costs %q, and the dry run said %q", cost, price)
	}
	b.do(chromedp.SendKeys(chromedp.ID("number"), "49 12 34 56"))
	if status := b.follow(chromedp.Click(chromedp.CSS("form[action$='/stop'] button"))); status != http.StatusOK {
		t.Errorf("noting a no: %d", status)
	}
	if page := eval[string](b, "document.documentElement.outerHTML"); !strings.Contains(page, l.T("invitations.done_stopped")) || strings.Contains(page, "12 34 56") {
		t.Error("a no is not confirmed, or with the number")
	}
}
