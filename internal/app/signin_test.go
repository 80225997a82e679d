package app

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
)

// openStrict runs an installation that is no demonstration, with one practice.
func (w *world) openStrict(t *testing.T) {
	t.Helper()
	w.openNew(t)
	w.full = w.newPractice(t, "Åsen legekontor")
}

// openNew runs an empty installation, at a name that passkeys can belong to.
func (w *world) openNew(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	// The base URL has the port in it, and a passkey is bound to that.
	free, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("localhost:%d", free.Addr().(*net.TCPAddr).Port)
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	w.address = "http://" + address
	file := filepath.Join(t.TempDir(), "venterom.db")
	if w.app, err = Open(ctx, Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: file,
		Address: address, BaseURL: w.address, Log: "error"}); err != nil {
		t.Fatal(err)
	}
	if w.counts, err = sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)"); err != nil {
		t.Fatal(err)
	}
	w.serve(t, false)
}

// TestSigningInWithASecondFactor uses the browser's own passkeys, on a device made of software.
func TestSigningInWithASecondFactor(t *testing.T) {
	w := &world{}
	w.openBrowser(t)
	w.openStrict(t)
	t.Run("passkey, lost and replaced", func(t *testing.T) { passkeyLostAndReplaced(t, w) })
	t.Run("authenticator app", func(t *testing.T) { authenticatorApp(t, w) })
	t.Run("without script", func(t *testing.T) { secondFactorWithoutScript(t, w) })
}

// look holds a page against the rules for all pages, and draws it if screenshots are asked for.
func (b *tab) look(name string) {
	b.t.Helper()
	b.axe(name, axe(b.t))
	for _, width := range []int64{narrow, wide} {
		b.resize(width, 800)
		for _, found := range eval[[]string](b, crowded) {
			b.t.Errorf("%s at %d px: %s", name, width, found)
		}
		for _, light := range []bool{true, false} {
			b.light(light)
			if folder := os.Getenv("VENTEROM_SCREENSHOTS"); folder != "" {
				picture := run(b, chromedp.FullScreenshot(100))
				if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d-%v.png", name, width, light)), picture, 0o644)); err != nil {
					b.t.Fatal(err)
				}
			}
		}
	}
}

func (b *tab) at() string {
	b.t.Helper()
	return eval[string](b, "location.pathname")
}

// arrives fails unless the tab comes to an address.
func (b *tab) arrives(path string) {
	b.t.Helper()
	b.until(fmt.Sprintf("location.pathname === %q && document.readyState === 'complete'", path))
}

// device gives the tab a device that makes passkeys, with these in it.
func (b *tab) device(credentials ...*webauthn.Credential) webauthn.AuthenticatorID {
	b.t.Helper()
	id := call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, HasCmtgKey: true, IsUserVerified: true, AutomaticPresenceSimulation: true}}).AuthenticatorID
	for _, c := range credentials {
		c.CmtgKeys, c.ActiveCmtgKeyIndex = nil, nil // which the browser gives and does not take
		call(b, webauthn.AddCredential, webauthn.AddCredentialParams{AuthenticatorID: id, Credential: c})
	}
	return id
}

func (b *tab) typePassword(email string) {
	b.t.Helper()
	b.open("/login")
	b.do(chromedp.SendKeys(chromedp.ID("email"), email))
	b.follow(chromedp.SendKeys(chromedp.ID("password"), demoPassword+kb.Enter))
}

func (b *tab) signOut() {
	b.t.Helper()
	b.follow(chromedp.Click(chromedp.CSS("form[action='/logout'] button")))
}

func passkeyLostAndReplaced(t *testing.T, w *world) {
	const get, create = "form[data-passkey=get] button", "form[data-passkey=create] button"
	email, home := w.newLead(t, w.full.PracticeID), "/practices/"+w.full.PracticeID
	b := w.tab(t, wide, 800, options{})
	call(b, webauthn.Enable, webauthn.EnableParams{})
	first := b.device()

	b.typePassword(email)
	b.arrives("/account/secure")
	b.open(home)
	b.arrives("/account/secure")
	b.look("signin-secure")
	b.do(chromedp.Click(chromedp.CSS(create)))
	b.arrives("/account/passkeys")
	codes := eval[[]string](b, "[...document.querySelectorAll('.recovery-codes code')].map(c => c.textContent)")
	if len(codes) != practice.RecoveryCodes {
		t.Fatalf("%d recovery codes", len(codes))
	}
	b.look("signin-recovery")
	b.light(true)
	sheets := b.printPage()
	if len(sheets) != 1 {
		t.Errorf("the codes take %d sheets", len(sheets))
	}
	if folder := os.Getenv("VENTEROM_SCREENSHOTS"); folder != "" {
		data, err := os.ReadFile(sheets[0])
		if err = errors.Join(err, os.WriteFile(filepath.Join(folder, "signin-recovery-print.png"), data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	b.follow(chromedp.Click(chromedp.CSS("main a.button")))
	b.arrives(home)

	b.signOut()
	b.arrives("/login")
	b.look("signin-login")
	b.do(chromedp.Click(chromedp.CSS(get)))
	b.arrives(home) // by passkey alone

	// Somebody else has the device and not the finger.
	b.signOut()
	call(b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: first})
	b.do(chromedp.Click(chromedp.CSS(get)))
	b.until("!document.querySelector('form[data-passkey] .wrong').hidden")
	b.open(home)
	b.arrives("/login")

	// The device is lost; whoever finds it keeps the key.
	lost := call(b, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: first}).Credentials
	if len(lost) != 1 || !lost[0].IsResidentCredential || lost[0].RpID != "localhost" {
		t.Fatalf("the device has %+v", lost)
	}
	call(b, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: first})
	b.typePassword(email)
	b.arrives("/login/code")
	b.look("signin-code")
	b.follow(chromedp.SendKeys(chromedp.ID("code"), codes[4]+kb.Enter))
	b.arrives("/account")
	second := b.device()
	b.do(chromedp.Click(chromedp.CSS(create)))
	b.until("document.querySelectorAll('form[action=\"/account/passkeys/remove\"]').length === 2")
	b.look("signin-account")
	b.follow(chromedp.Click(chromedp.CSS(fmt.Sprintf("button[name=passkey][value=%q]", base64.RawURLEncoding.EncodeToString(lost[0].CredentialID)))))
	b.arrives("/account")
	b.signOut()
	b.do(chromedp.Click(chromedp.CSS(get)))
	b.arrives(home)

	b.signOut()
	call(b, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: second})
	b.device(lost...)
	b.do(chromedp.Click(chromedp.CSS(get)))
	b.arrives("/login/passkey")
	if !eval[bool](b, "document.querySelector('.problem') !== null") {
		t.Error("it is not said that the passkey is refused")
	}
	b.open(home)
	b.arrives("/login")
}

func authenticatorApp(t *testing.T, w *world) {
	practiceID := w.newPractice(t, "Bakken legekontor").PracticeID
	email, home := w.newLead(t, practiceID), "/practices/"+practiceID
	b := w.tab(t, narrow, 640, options{})
	b.typePassword(email)
	b.follow(chromedp.Click(chromedp.CSS("a[href='/account/totp']")))
	b.look("signin-totp")
	b.resize(narrow, 640)
	b.light(false)
	picture := filepath.Join(t.TempDir(), "code.png")
	if err := os.WriteFile(picture, run(b, chromedp.Screenshot(chromedp.CSS(".totp-code"))), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := otp.NewKeyFromURL(scanned(t, picture))
	if err != nil {
		t.Fatal(err)
	}
	typed := strings.ReplaceAll(eval[string](b, "document.querySelector('code').textContent"), " ", "")
	if name, _ := url.PathUnescape(key.AccountName()); typed != key.Secret() || !strings.HasSuffix(name, email) {
		t.Errorf("scanned %s of %s, to type %s", key.Secret(), name, typed)
	}
	code := func(at time.Time) string {
		c, err := totp.GenerateCode(key.Secret(), at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	b.follow(chromedp.SendKeys(chromedp.ID("code"), code(time.Now())+kb.Enter))
	if n := eval[int](b, "document.querySelectorAll('.recovery-codes code').length"); n != practice.RecoveryCodes {
		t.Errorf("%d recovery codes", n)
	}
	b.signOut()
	b.typePassword(email)
	b.arrives("/login/code")
	// The code of this half minute is used; an app whose clock is fast shows the next one.
	if status := b.follow(chromedp.SendKeys(chromedp.ID("code"), code(time.Now().Add(30*time.Second))+kb.Enter)); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	b.arrives(home)
}

// secondFactorWithoutScript: an app needs none, and it is said that passkeys do.
func secondFactorWithoutScript(t *testing.T, w *world) {
	email := w.newLead(t, w.newPractice(t, "Dalen legekontor").PracticeID)
	b := w.tab(t, narrow, 640, options{noScript: true})
	b.typePassword(email)
	if at := b.at(); at != "/account/secure" {
		t.Fatalf("led to %s", at)
	}
	if shown := eval[[]bool](b, "['form[data-passkey]', '[data-no-passkey]'].map(s => document.querySelector(s).checkVisibility())"); !slices.Equal(shown, []bool{false, true}) {
		t.Errorf("form and note are shown: %v", shown)
	}
	b.follow(chromedp.Click(chromedp.CSS("a[href='/account/totp']")))
	secret := strings.ReplaceAll(eval[string](b, "document.querySelector('code').textContent"), " ", "")
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.follow(chromedp.SendKeys(chromedp.ID("code"), code+kb.Enter))
	if n := eval[int](b, "document.querySelectorAll('.recovery-codes code').length"); n != practice.RecoveryCodes {
		t.Errorf("%d recovery codes", n)
	}
}
