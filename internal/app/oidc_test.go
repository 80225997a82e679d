package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/go-jose/go-jose/v4"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/oidc"
	"github.com/venterom/venterom/internal/oidc/oidctest"
	"github.com/venterom/venterom/internal/practice"
)

// atDoor is another Venterom beside the world's, with one practice and somebody who works there, who owes no second factor, and where its files are.
func (w *world) atDoor(t *testing.T, prepare func(cfg *Config, base string), opened func(*App)) (*world, string) {
	t.Helper()
	ctx := context.Background()
	folder := t.TempDir()
	// Providers are told where people come back to before there is anything to come back to.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	v := &world{browser: w.browser, words: w.words, address: "http://" + address}
	cfg := Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: filepath.Join(folder, "venterom.db"), Address: address, BaseURL: v.address, Log: "error"}
	prepare(&cfg, v.address)
	if v.app, err = Open(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	opened(v.app)
	v.full = v.newPractice(t, "Bjørkelia legekontor")
	hash, err := practice.HashPassword(demoPassword)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.app.Store.CreateAccount(ctx, practice.Account{Email: leadEmail, Name: "Kari", Password: hash},
		practice.Member{PracticeID: v.full.PracticeID, Role: practice.Staff}); err != nil {
		t.Fatal(err)
	}
	v.serve(t, false)
	return v, folder
}

// realProviders starts the certified provider three times, as the three profiles have it, and writes what
// Venterom must know of it. It returns their addresses by profile.
func realProviders(t *testing.T, folder, base string) (file string, addresses map[string]string) {
	t.Helper()
	const where = "../oidc/testdata/provider"
	node, err := exec.LookPath("node")
	if err != nil {
		lacking(t, "node in PATH, which runs an identity provider")
	}
	if _, err := os.Stat(filepath.Join(where, "node_modules", "oidc-provider")); err != nil {
		lacking(t, "an identity provider: npm ci --prefix internal/oidc/testdata/provider")
	}
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	secret := rand.Text() + ":+%"
	public := jose.JSONWebKey{Key: key.Public(), Use: "sig", Algorithm: "ES384"}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	known, err := json.Marshal(map[string]any{"base": base, "secret": secret, "key": public})
	if err != nil {
		t.Fatal(err)
	}

	provider := exec.Command(node, "provider.mjs")
	provider.Dir = where
	var complaints bytes.Buffer
	provider.Stderr = &complaints
	in, err := provider.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := provider.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := provider.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close() // it ends by itself then
		if err := provider.Wait(); err != nil {
			t.Errorf("the provider: %v\n%s", err, &complaints)
		}
	})
	fmt.Fprintf(in, "%s\n", known)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &addresses) != nil {
		t.Fatalf("the provider does not start: %v\n%s", err, &complaints)
	}

	settings := func(id, name, proof string) map[string]any {
		return map[string]any{"id": id, "name": name, "profile": id, "issuer": addresses[id], "client_id": "venterom", proof + "_file": "venterom." + proof}
	}
	described, err := json.Marshal(map[string]any{"providers": []any{
		settings("helseid", "HelseID", "key"), settings("idporten", "ID-porten", "key"), settings("generic", "Kommunen", "secret")}})
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(folder, "providers.json")
	for name, text := range map[string][]byte{
		file:                                     described,
		filepath.Join(folder, "venterom.key"):    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		filepath.Join(folder, "venterom.secret"): []byte(secret + "\n"),
	} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file, addresses
}

// signInThroughProviders signs in at the certified provider, in each of its three shapes, from the button to
// the dashboard and out again.
func signInThroughProviders(t *testing.T, w *world) {
	var addresses map[string]string
	v, folder := w.atDoor(t, func(cfg *Config, base string) {
		cfg.OIDC, addresses = realProviders(t, t.TempDir(), base)
	}, func(*App) {})
	v.others = slices.Collect(maps.Values(addresses))
	dashboard := "/practices/" + v.full.PracticeID

	lead, err := v.app.Store.AccountByEmail(t.Context(), leadEmail)
	if err != nil {
		t.Fatal(err)
	}
	// there goes to a provider by a button, and says there who one is.
	there := func(b *tab, profile, who, level string) {
		b.do(chromedp.Click(chromedp.CSS("form[action$='/" + profile + "'] button")))
		b.until("location.origin === '" + addresses[profile] + "' && document.querySelector('[name=who]') !== null")
		b.do(chromedp.SendKeys(chromedp.CSS("[name=who]"), who), chromedp.SendKeys(chromedp.CSS("[name=acr]"), level+kb.Enter))
	}
	at := func(b *tab, path string) {
		t.Helper()
		b.until("location.origin + location.pathname === '" + v.address + path + "' && document.readyState === 'complete'")
	}
	for profile, level := range map[string]string{"generic": "", "idporten": "idporten-loa-high", "helseid": ""} {
		t.Run(profile, func(t *testing.T) {
			stranger := v.tab(t, wide, 800, options{})
			stranger.open("/login")
			there(stranger, profile, "ukjent", level)
			at(stranger, "/login")
			if text := eval[string](stranger, "document.querySelector('.problem').innerText"); !strings.Contains(text, "Be praksislederen om en invitasjon") {
				t.Errorf("a stranger is told %q", text)
			}

			// Once with the password, to connect the account; and then without it.
			b := v.tab(t, wide, 800, options{})
			b.signIn(leadEmail)
			b.open("/account")
			b.follow(chromedp.Click(chromedp.CSS("a[href='/account/identities']")))
			there(b, profile, "kari-"+profile, level)
			at(b, "/account/identities")
			if text := eval[string](b, "document.getElementById('"+profile+"-name').parentElement.innerText"); !strings.Contains(text, "Kontoen er koblet til") {
				t.Fatalf("the page says %q", text)
			}
			for _, noScript := range []bool{false, true} {
				c := v.tab(t, narrow, 640, options{noScript: noScript})
				c.open("/login")
				there(c, profile, "kari-"+profile, level)
				at(c, dashboard)
				c.follow(chromedp.Click(chromedp.CSS("form[action='/logout'] button")))
				c.open(dashboard)
				at(c, "/login")
			}
			identities, err := v.app.Store.Identities(t.Context(), lead.ID)
			if err != nil || !slices.Contains(identities, practice.Identity{Issuer: addresses[profile], Subject: "kari-" + profile}) {
				t.Errorf("the account has %v, %v", identities, err)
			}
		})
	}
	t.Run("a level that is too low", func(t *testing.T) {
		b := v.tab(t, wide, 800, options{})
		b.open("/login")
		there(b, "idporten", "kari-idporten", "idporten-loa-substantial")
		at(b, "/login")
		if text := eval[string](b, "document.querySelector('.problem').innerText"); !strings.Contains(text, "ikke sikker nok") {
			t.Errorf("the page says %q", text)
		}
		b.open(dashboard)
		at(b, "/login")
	})
	t.Run("a change of mind", func(t *testing.T) {
		b := v.tab(t, wide, 800, options{})
		b.open("/login")
		b.do(chromedp.Click(chromedp.CSS("form[action$='/helseid'] button")))
		b.until("location.origin === '" + addresses["helseid"] + "' && document.querySelector('[name=no]') !== null")
		b.do(chromedp.Click(chromedp.CSS("[name=no]")))
		at(b, "/login")
		if text := eval[string](b, "document.querySelector('.problem').innerText"); !strings.Contains(text, "Du avbrøt hos HelseID") {
			t.Errorf("the page says %q", text)
		}
	})
	// The provider sends a number with every sign-in, and tokens: none of it is in any file.
	files, err := filepath.Glob(filepath.Join(folder, "venterom.db*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{oidctest.Number, "eyJhbGciOi"} {
			for shift := range 3 { // in sessions, within base64
				hidden := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(".", shift) + secret))
				if bytes.Contains(data, []byte(secret)) || bytes.Contains(data, []byte(hidden[4:len(hidden)-4])) {
					t.Errorf("%s has %s", filepath.Base(name), secret)
				}
			}
		}
	}
}

// providerPages looks at what there is to see of providers, by axe and in pictures.
func providerPages(t *testing.T, w *world) {
	ps := map[string]*oidctest.Provider{}
	for _, profile := range []string{"generic", "idporten", "helseid"} {
		ps[profile] = oidctest.New(t, profile, time.Now)
		ps[profile].Handler["/authorize"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) } // so that the page before stays
	}
	names := map[string]string{"generic": "Storbakken kommune", "idporten": "ID-porten", "helseid": "HelseID"}
	v, _ := w.atDoor(t, func(*Config, string) {}, func(a *App) {
		base, err := url.Parse(a.cfg.BaseURL)
		if err != nil {
			t.Fatal(err)
		}
		a.Providers = oidctest.Load(t, base, time.Now, ps, func(s *oidc.Settings) { s.Name = names[s.ID] })
	})
	for _, p := range ps {
		v.others = append(v.others, p.Issuer())
	}
	lead, err := v.app.Store.AccountByEmail(t.Context(), leadEmail)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.app.Store.ConnectIdentity(t.Context(), lead.ID, practice.Identity{Issuer: ps["helseid"].Issuer(), Subject: "kari"}); err != nil {
		t.Fatal(err)
	}
	const list = "/account/identities"
	pages := []webPage{
		{"login-providers", "/login", "", nil},
		{"login-providers-wrong", "/login", "", func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("form[action='/login'] button"))) }},
		{"login-unknown", "/login?problem=unknown&with=helseid", "", nil},
		{"login-weak", "/login?problem=weak&with=idporten", "", nil},
		{"leave", "/login", "", func(b *tab) {
			b.do(chromedp.Click(chromedp.CSS("form[action$='/generic'] button")))
			b.until("location.pathname === '/login/with/generic' && document.querySelector('main a.button') !== null")
		}},
		{"login-providers-en", "/login?lang=en", "", nil},
		{"identities", list, leadEmail, nil},
		{"identities-taken", list + "?problem=taken&with=generic", leadEmail, nil},
		{"account-providers", "/account", leadEmail, nil},
	}
	t.Run("axe", func(t *testing.T) { v.axe(t, pages) })
	t.Run("screenshots", func(t *testing.T) { v.draw(t, pages) })
}
