package app

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/riverqueue/river"

	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
)

// link makes an invitation for a number and returns its address, as the message has it.
func (w *world) link(t *testing.T, practiceID, number, language string) string {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a, err := w.app.Store.Asking(ctx, practiceID)
	must(err)
	if !a.SMS {
		a.SMS, a.Sender, a.CapOre = true, "Legekontor", 10_000
	}
	must(w.app.Store.SaveAsking(ctx, a))
	to, err := sms.ParseNumber(number)
	must(err)
	if n, _, err := w.app.Store.Invite(ctx, practiceID, []store.NewMessage{{To: to, Day: "2026-11-24", Language: language, Ore: 60}}, 0, w.now, w.now); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	queue, err := w.app.Store.Jobs(&river.Config{})
	must(err)
	jobs, err := queue.JobList(ctx, river.NewJobListParams().First(1000).OrderBy(river.JobListOrderByID, river.SortOrderDesc))
	must(err)
	for _, j := range jobs.Jobs {
		var d store.Delivery
		must(json.Unmarshal(j.EncodedArgs, &d))
		if m, err := w.app.Store.ClaimMessage(ctx, d.MessageID, w.now); err == nil && m.To == to {
			return "/s/" + m.Token
		}
	}
	t.Fatal("the message is not in the queue")
	return ""
}

func linkWithoutScript(t *testing.T, w *world) { answerByLink(t, w, "Fossen legekontor", true) }
func linkWithScript(t *testing.T, w *world)    { answerByLink(t, w, "Granlia legekontor", false) }

// answerByLink is a patient with a message: the form, a double click, the same link once more, and no
// more messages.
func answerByLink(t *testing.T, w *world, name string, noScript bool) {
	point := w.newPractice(t, name)
	poster := w.tab(t, narrow, 640, options{noScript: noScript}) // the poster in the waiting room goes on
	poster.open("/k/" + string(point.Code))
	poster.choose("visit.polite", "3")
	poster.follow(chromedp.Click(chromedp.CSS("form > .primary")))
	address := w.link(t, point.PracticeID, "49123456", "nn")
	b := w.tab(t, narrow, 640, options{noScript: noScript})
	if status := b.open(address); status != http.StatusOK {
		t.Fatalf("the form's status: got %d, want 200", status)
	}
	b.isLight()
	b.fits()
	if got := eval[string](b, "document.documentElement.lang"); got != "nn" {
		t.Errorf("the form is in %q, the message was in nn", got)
	}
	b.choose("visit.polite", "5")
	b.choose("visit.overall", "4")
	b.follow(chromedp.DoubleClick(chromedp.CSS("form > .primary")))
	want := w.expected("nn", "sms", map[string]string{"polite": "5", "overall": "4"}, "")
	want = want[:len(want)-1] // no collection point
	if got := b.thanked(); !slices.Equal(got, want) {
		t.Errorf("thanks:\n got %v\nwant %v", got, want)
	}
	b.leavesNothing()
	l := w.words.In("nn")
	if status := b.open(address); status != http.StatusGone || eval[string](b, "document.querySelector('.lead').textContent") != w.words.In("nb").T("invitation.used") {
		t.Errorf("the link once more: status %d", status)
	}
	sums := w.counted(t, point.PracticeID)
	if got, want := sums.Channels.Counts, map[string]int{"sms": 1, "qr": 1}; !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	if status := b.open(address + "/stop?lang=nn"); status != http.StatusOK {
		t.Fatalf("the way out: status %d", status)
	}
	b.fits()
	b.follow(chromedp.Click(chromedp.CSS(".primary")))
	if got := eval[string](b, "document.querySelector('h1').textContent"); got != l.T("stop.done") {
		t.Errorf("after saying no: %q", got)
	}
	to, _ := sms.ParseNumber("49123456")
	standings, err := w.app.Store.Standings(context.Background(), point.PracticeID, []sms.Number{to}, w.now.AddDate(1, 0, 0))
	if err != nil || standings[0] != store.OptedOut {
		t.Errorf("a year later: %v, %v", standings, err)
	}
}
