package app

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/pquerna/otp/totp"

	"github.com/venterom/venterom/internal/practice"
)

// TestSettingUp goes the whole way from an empty installation to the first answer that counts, on a phone, at a
// desk and by keyboard alone, with the QR code scanned off the poster.
func TestSettingUp(t *testing.T) {
	w := &world{}
	w.openBrowser(t)
	program(t, "zbarimg")
	w.openNew(t)
	for _, c := range []struct {
		name, practice string
		width          int64
		hands          func(*tab) hands
	}{
		{"at 320 px", "Nyvik legekontor", narrow, func(b *tab) hands { return mouse{b} }},
		{"at 1280 px", "Vika legekontor", wide, func(b *tab) hands { return mouse{b} }},
		{"by keyboard", "Kaia legekontor", wide, func(b *tab) hands { return keyboard{b} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := w.tab(t, c.width, 800, options{})
			w.setUp(t, b, c.hands(b), c.practice)
		})
	}
}

// hands are how somebody uses a page.
type hands interface {
	press(selector string)       // what leads to another page
	write(selector, text string) // in place of what is there
	choose(selector string)
}

type mouse struct{ *tab }

func (m mouse) press(selector string)  { m.follow(chromedp.Click(chromedp.CSS(selector))) }
func (m mouse) choose(selector string) { m.do(chromedp.Click(chromedp.CSS(selector))) }
func (m mouse) write(selector, text string) {
	eval[bool](m.tab, fmt.Sprintf("document.querySelector(%q).value = '', true", selector))
	m.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// keyboard comes to everything by the tab key, and fails where the focus cannot be seen.
type keyboard struct{ *tab }

func (k keyboard) reach(selector string) {
	k.t.Helper()
	for range 200 {
		if eval[bool](k.tab, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
		k.do(key(kb.Tab))
		if name, wrong := k.focused(); wrong != "" && wrong != "is nowhere" { // nowhere is past the last one
			k.t.Errorf("focus at %q %s", name, wrong)
		}
	}
	k.t.Fatalf("the tab key does not come to %s", selector)
}

func (k keyboard) press(selector string)  { k.reach(selector); k.follow(key(kb.Enter)) }
func (k keyboard) choose(selector string) { k.reach(selector); k.do(key(" ")) }
func (k keyboard) write(selector, text string) {
	k.reach(selector)
	k.do(chromedp.KeyEvent(text))
}

// setUp adds a practice as the command line does, and does what its lead is asked to do.
func (w *world) setUp(t *testing.T, b *tab, h hands, name string) {
	ctx := context.Background()
	p, point, err := w.app.Store.CreatePractice(ctx, practice.Practice{Name: name, Phone: "55 19 00 00"}, "Venterommet")
	if err != nil {
		t.Fatal(err)
	}
	_, link, err := w.app.Store.MakeOffer(ctx, practice.Offer{PracticeID: p.ID, Role: practice.Lead, Name: "Kari Nes"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	setup := "/practices/" + p.ID + "/setup"
	next := func(step string) {
		t.Helper()
		if eval[string](b, "location.pathname") != setup {
			h.press(".bar-note a")
		}
		b.arrives(setup)
		if at := eval[string](b, "document.querySelector('.setup-steps .next')?.id ?? ''"); at != "step-"+step {
			t.Fatalf("the next step is %q, want %s", at, step)
		}
		h.press("#step-" + step + " .primary")
	}

	b.open("/join/" + link)
	h.write("#email", "kari@"+p.Slug+".example")
	h.write("#password", demoPassword)
	h.press("main form .primary")
	b.arrives("/account/secure")
	h.press("a[href='/account/totp']")
	secret := strings.ReplaceAll(eval[string](b, "document.querySelector('code').textContent"), " ", "")
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	h.write("#code", code)
	h.press("main form .primary")
	h.press("a[href='/practices']")
	b.arrives(setup)

	next("practice")
	h.write("#organisation", "974 760 673")
	h.write("#street", "Storgata 1")
	h.write("#postal-code", "5105")
	h.write("#place", "Eidsvåg")
	h.press("main form .primary")
	next("info")
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri"} {
		h.write("#open-"+day, "8–15.30")
	}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri"} {
		h.write("#phone-"+day, "8.30–11.30")
	}
	h.press("main form .primary")
	next("privacy")
	h.choose("input[name=basis]")
	h.press("main form .primary")
	next("poster")

	// The poster is on the screen; a phone scans it.
	picture := filepath.Join(t.TempDir(), "poster.png")
	if err := os.WriteFile(picture, run(b, chromedp.FullScreenshot(100)), 0o600); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(strings.ToLower(scanned(t, picture)))
	if err != nil || "http://"+address.Host != w.address || address.Path != "/k/"+strings.ToLower(string(point.Code)) {
		t.Fatalf("scanned %v, %v", address, err)
	}
	phone := w.tab(t, narrow, 640, options{})
	answer := func() string {
		phone.open("/K/" + string(point.Code))
		phone.choose("visit.polite", "5")
		phone.follow(chromedp.Click(chromedp.CSS(".primary")))
		return eval[string](phone, "document.querySelector('main').innerText")
	}
	if said := answer(); !strings.Contains(said, "Dette var en prøve") || strings.Contains(said, "+1") {
		t.Errorf("the trial says %q", said)
	}
	b.open(setup)
	next("guide")
	h.press("main form .primary")
	b.arrives(setup)
	h.press("#live .primary")
	b.arrives(setup)
	if said := answer(); !strings.Contains(said, "+1") {
		t.Errorf("the first answer says %q", said)
	}
	took := time.Since(start)
	t.Logf("from the link to the first answer that counts: %.1f s of a machine", took.Seconds())
	if n := w.counted(t, p.ID).Channels.Counts["qr"]; n != 1 {
		t.Errorf("%d responses are counted", n)
	}
	if got, err := w.app.Store.Practice(ctx, p.ID); err != nil || !got.Live || !got.QR || got.Digital || got.Network {
		t.Errorf("what is on: %+v, %v", got, err)
	}
}
