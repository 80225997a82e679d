package app

import (
	"context"

	"github.com/chromedp/chromedp"

	"github.com/venterom/venterom/internal/practice"
)

// outdate approves the notice on the page and changes what it says, so that it needs another approval.
func (w *world) outdate(b *tab) {
	ctx, id := context.Background(), w.demo[10].PracticeID
	b.do(chromedp.Click(chromedp.CSS("input[value=interest]")))
	b.follow(chromedp.Click(chromedp.CSS("main .primary")))
	p, err := w.app.Store.Practice(ctx, id)
	if err != nil {
		b.t.Fatal(err)
	}
	p.Phone = map[bool]string{true: "55 00 00 99", false: "55 00 00 98"}[p.Phone == "55 00 00 98"]
	a := practice.DefaultAsking(id)
	a.SMS = !a.SMS
	if before, err := w.app.Store.Asking(ctx, id); err == nil && before.SMS {
		a.SMS = false
	}
	for _, err := range []error{w.app.Store.SavePractice(ctx, p), w.app.Store.SaveAsking(ctx, a)} {
		if err != nil {
			b.t.Fatal(err)
		}
	}
	b.follow(chromedp.Reload())
}
