package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/oidc/oidctest"
	"github.com/venterom/venterom/internal/practice"
)

// providers are identity providers of these profiles, under the profiles' names.
func (f *fixture) providers(t testing.TB, profiles ...string) map[string]*oidctest.Provider {
	t.Helper()
	now := func() time.Time { return f.clock }
	ps := map[string]*oidctest.Provider{}
	for _, profile := range profiles {
		ps[profile] = oidctest.New(t, profile, now)
	}
	f.Providers = oidctest.Load(t, f.BaseURL, now, ps, nil)
	return ps
}

// aProvider is the name of some identity provider.
func (f *fixture) aProvider(t testing.TB) string {
	t.Helper()
	if len(f.Providers) == 0 {
		f.providers(t, "generic")
	}
	return f.Providers[0].ID
}

// known gives a character the name that a provider knows them by.
func (f *fixture) known(t testing.TB, email string, p *oidctest.Provider) practice.Account {
	t.Helper()
	ctx := context.Background()
	a, err := f.Store.AccountByEmail(ctx, email)
	must(t, err)
	must(t, f.Store.ConnectIdentity(ctx, a.ID, practice.Identity{Issuer: p.Issuer(), Subject: p.Subject}))
	return a
}

// having is a browser with these cookies.
func (f *fixture) having(t testing.TB, cookies string) *browser {
	b := f.browser(t, "203.0.113.77")
	b.cookies = cookies
	return b
}

// leave presses a button that leads to a provider, and returns the address there; empty if it does not.
func (b *browser) leave(path string, form url.Values) (address string, r response) {
	b.t.Helper()
	r = b.do(http.MethodPost, path, form)
	address, _ = strings.CutPrefix(r.Header.Get("Refresh"), "0; url=")
	return address, r
}

// signIn goes the whole way through a provider and returns the last answer.
func (b *browser) signIn(p *oidctest.Provider, id string) response {
	b.t.Helper()
	address, r := b.leave("/login/with/"+id, url.Values{})
	if address == "" {
		return r
	}
	return b.get(p.Visit(address).RequestURI())
}

// isIn reports whether somebody is signed in.
func (b *browser) isIn() bool {
	b.t.Helper()
	r := b.get("/practices")
	return r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/login"
}

func TestSigningInThroughAProvider(t *testing.T) {
	for _, profile := range []string{"generic", "idporten", "helseid"} {
		t.Run(profile, func(t *testing.T) {
			f := newFixture(t)
			p := f.providers(t, profile)[profile]
			f.known(t, kari, p)
			b := f.having(t, "")
			if page := b.get("/login?lang=nb"); !strings.Contains(page.body, "Logg inn med Prøve-"+profile) {
				t.Error("there is no button")
			}
			planted := b.cookies
			address, page := b.leave("/login/with/"+profile, url.Values{})
			if !strings.HasPrefix(address, p.Issuer()+"/authorize?") || !strings.Contains(page.body, `class="button primary" href="`+p.Issuer()) {
				t.Fatalf("led to %q", address)
			}
			r := b.get(p.Visit(address).RequestURI())
			if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/practices" || !b.isIn() {
				t.Fatalf("%d to %s: %s", r.StatusCode, r.Header.Get("Location"), f.log)
			}
			// A provider that says nothing of a second factor is as good as a password: Kari leads, and owes one.
			strong := profile != "generic"
			if r := b.get("/practices/" + f.eidsvag.ID); strong && r.StatusCode != http.StatusOK || !strong && r.Header.Get("Location") != "/account/secure" {
				t.Errorf("the dashboard: %d to %q", r.StatusCode, r.Header.Get("Location"))
			}
			if f.having(t, planted).isIn() || sessionOf(b.cookies) == sessionOf(planted) {
				t.Error("the token from before is signed in")
			}
			_, token, _ := strings.Cut(sessionOf(b.cookies), "=")
			if ctx, err := f.sessions.Load(context.Background(), token); err != nil || f.sessions.GetBool(ctx, secondKey) != strong || f.sessions.Exists(ctx, begunKey) {
				t.Errorf("the session has %v, %v", f.sessions.Keys(ctx), err)
			}
			old := b.cookies
			b.do(http.MethodPost, "/logout", url.Values{})
			if b.isIn() || f.having(t, old).isIn() {
				t.Error("still signed in after signing out")
			}
			f.giveApp(t, kari)
			want := map[bool]string{true: "/practices", false: "/login/code"}[strong]
			if r := b.signIn(p, profile); r.Header.Get("Location") != want || b.isIn() != strong {
				t.Errorf("with an app of their own, led to %q", r.Header.Get("Location"))
			}
			if wrong := p.Wrong(); len(wrong) > 0 {
				t.Errorf("against the rules: %v", wrong)
			}
		})
	}
}

// TestNoAttackSignsIn: whatever a provider answers, the person sees words of ours, nobody is signed in, and
// the log has nothing of what was in the answer.
func TestNoAttackSignsIn(t *testing.T) {
	f := newFixture(t)
	words := f.Words.In("nb")
	for _, a := range oidctest.Attacks {
		t.Run(a.Name, func(t *testing.T) {
			p := f.providers(t, a.Profile)[a.Profile]
			f.leaving = newLimiter(f.Now, 1, 1)
			a.Do(p)
			f.identify(t, p)
			b := f.having(t, "")
			r := b.signIn(p, a.Profile)
			to := r.Header.Get("Location")
			if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/login?") {
				t.Fatalf("%d to %q", r.StatusCode, to)
			}
			page := b.get(to)
			if want := words.T(a.Refused, "Name", "Prøve-"+a.Profile); !strings.Contains(page.body, want) || !strings.Contains(page.body, "<title>Feil:") {
				t.Errorf("the page lacks %q", want)
			}
			if b.isIn() {
				t.Error("signed in")
			}
		})
	}
	for _, secret := range []string{oidctest.Number, "eyJ", "sub-kari", "state=", "code=", "<b>"} {
		if strings.Contains(f.log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, f.log)
		}
	}
	if !strings.Contains(f.log.String(), "the id_token has expired") || !strings.Contains(f.log.String(), "provider=helseid") {
		t.Errorf("the operator is not told why:\n%s", f.log)
	}
}

// identify makes the provider's person known, as a name that no account has yet.
func (f *fixture) identify(t testing.TB, p *oidctest.Provider) {
	t.Helper()
	_, err := f.Store.CreateAccountFor(context.Background(), practice.Identity{Issuer: p.Issuer(), Subject: p.Subject},
		practice.Account{Email: strings.ToLower(p.Issuer()) + "@example.org"})
	if fault.KindOf(err) != fault.Conflict { // a port is used again, and its person known
		must(t, err)
	}
}

func TestAnAnswerIsTakenOnceAndInItsBrowser(t *testing.T) {
	f := newFixture(t)
	ps := f.providers(t, "generic", "helseid")
	p := ps["generic"]
	f.known(t, kari, p)
	mine, theirs := f.having(t, ""), f.having(t, "")
	address, _ := mine.leave("/login/with/generic", url.Values{})
	back := p.Visit(address).RequestURI()
	stale := func(name string, b *browser, path string) {
		t.Helper()
		if r := b.get(path); r.StatusCode != http.StatusSeeOther || !strings.Contains(r.Header.Get("Location"), "problem=stale") {
			t.Errorf("%s: %d to %s", name, r.StatusCode, r.Header.Get("Location"))
		}
	}
	stale("in a browser that began nothing", theirs, back)
	_, _ = theirs.leave("/login/with/generic", url.Values{})
	stale("in a browser that began something else", theirs, back)
	if theirs.isIn() {
		t.Error("somebody else's answer signs in")
	}
	stale("at another provider's address", mine, strings.Replace(back, "/with/generic/", "/with/helseid/", 1))
	if mine.isIn() {
		t.Error("an answer at another provider's address signs in")
	}
	stale("after it was spent on that", mine, back)

	address, _ = mine.leave("/login/with/generic", url.Values{})
	back = p.Visit(address).RequestURI()
	f.clock = f.clock.Add(11 * time.Minute)
	stale("too late", mine, back)
	address, _ = mine.leave("/login/with/generic", url.Values{})
	back = p.Visit(address).RequestURI()
	if r := mine.get(back); r.Header.Get("Location") != "/practices" {
		t.Fatalf("in time: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	stale("a second time", mine, back)
	if !mine.isIn() {
		t.Error("going back in the browser signs out")
	}
}

func TestAStrangerIsToldWhatToDo(t *testing.T) {
	f := newFixture(t)
	p := f.providers(t, "generic")["generic"]
	b := f.having(t, "")
	r := b.signIn(p, "generic")
	if to := r.Header.Get("Location"); to != "/login?problem=unknown&with=generic" {
		t.Fatalf("led to %q", to)
	}
	if page := b.get(r.Header.Get("Location")); !strings.Contains(page.body, "Be praksislederen om en invitasjon") {
		t.Error("the page does not say what to do")
	}
	if b.isIn() {
		t.Error("signed in")
	}
	if _, err := f.Store.AccountByIdentity(context.Background(), practice.Identity{Issuer: p.Issuer(), Subject: p.Subject}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an account was made: %v", err)
	}
}

func TestConnectingAnAccount(t *testing.T) {
	ctx := context.Background()
	f := newFixture(t)
	p := f.providers(t, "helseid")["helseid"]
	identity := practice.Identity{Issuer: p.Issuer(), Subject: p.Subject}
	signedIn := func(email string) *browser { return f.having(t, f.enter(t, email, "")) }
	k := signedIn(kari)
	connect := url.Values{"do": {"connect"}}
	f.clock = f.clock.Add(freshFor)
	if r := k.do(http.MethodPost, identitiesPath+"/helseid", connect); r.Header.Get("Location") != "/login?again=1" || r.Header.Get("Refresh") != "" {
		t.Errorf("a screen that was left open: %d", r.StatusCode)
	}
	k = signedIn(kari)
	if r := k.do(http.MethodPost, identitiesPath+"/helseid", connect, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); r.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form: %d", r.StatusCode)
	}

	// Begun as Kari and finished as Sara, in the same browser: nobody is connected.
	address, _ := k.leave(identitiesPath+"/helseid", connect)
	back := p.Visit(address).RequestURI()
	k.do(http.MethodPost, "/logout", url.Values{})
	k.cookies = f.enter(t, sara, k.cookies)
	if r := k.get(back); !strings.Contains(r.Header.Get("Location"), "problem=stale") {
		t.Errorf("begun as another: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	if _, err := f.Store.AccountByIdentity(ctx, identity); fault.KindOf(err) != fault.NotFound {
		t.Errorf("somebody was connected: %v", err)
	}

	k = signedIn(kari)
	address, _ = k.leave(identitiesPath+"/helseid", connect)
	if r := k.get(p.Visit(address).RequestURI()); r.Header.Get("Location") != identitiesPath {
		t.Fatalf("%d to %s: %s", r.StatusCode, r.Header.Get("Location"), f.log)
	}
	if page := k.get(identitiesPath); !strings.Contains(page.body, "Kontoen er koblet til Prøve-helseid") {
		t.Error("the page does not say that it is connected")
	}
	fresh := f.having(t, "")
	if r := fresh.signIn(p, "helseid"); r.Header.Get("Location") != "/practices" || fresh.get("/practices/"+f.eidsvag.ID).StatusCode != http.StatusOK {
		t.Errorf("signing in by it leads to %s", r.Header.Get("Location"))
	}

	// The same name for another account.
	s := signedIn(sara)
	address, _ = s.leave(identitiesPath+"/helseid", connect)
	r := s.get(p.Visit(address).RequestURI())
	if to := r.Header.Get("Location"); to != identitiesPath+"?problem=taken&with=helseid" || !strings.Contains(s.get(to).body, "hører til en annen konto") {
		t.Errorf("another's name leads to %s", to)
	}
	if a, err := f.Store.AccountByIdentity(ctx, identity); err != nil || a.Email != kari {
		t.Errorf("it is %s's now, %v", a.Email, err)
	}

	if r := k.do(http.MethodPost, identitiesPath+"/helseid", url.Values{"do": {"remove"}}); r.StatusCode != http.StatusSeeOther {
		t.Errorf("removing: %d", r.StatusCode)
	}
	if fresh := f.having(t, ""); !strings.Contains(fresh.signIn(p, "helseid").Header.Get("Location"), "problem=unknown") {
		t.Error("what was removed still signs in")
	}
}

// TestAnAccountWithoutAPasswordKeepsItsWayIn, and an empty password is none.
func TestAnAccountWithoutAPasswordKeepsItsWayIn(t *testing.T) {
	f := newFixture(t)
	p := f.providers(t, "generic")["generic"]
	_, err := f.Store.CreateAccountFor(context.Background(), practice.Identity{Issuer: p.Issuer(), Subject: p.Subject},
		practice.Account{Email: "liv@example.org"}, practice.Member{PracticeID: f.eidsvag.ID, Role: practice.Staff})
	must(t, err)
	b := f.having(t, "")
	b.do(http.MethodPost, "/login", url.Values{"email": {"liv@example.org"}, "password": {""}})
	if b.isIn() {
		t.Fatal("an empty password signs in")
	}
	b.signIn(p, "generic")
	if page := b.get("/account"); strings.Contains(page.body, "/account/password") {
		t.Error("the page offers to change a password there is not")
	}
	r := b.do(http.MethodPost, identitiesPath+"/generic", url.Values{"do": {"remove"}})
	if to := r.Header.Get("Location"); to != identitiesPath+"?problem=last&with=generic" {
		t.Errorf("the last way in: %d to %q", r.StatusCode, to)
	}
	if fresh := f.having(t, ""); fresh.signIn(p, "generic").Header.Get("Location") != "/practices" {
		t.Error("it no longer signs in")
	}
}

// TestJoiningThroughAProvider: a role is taken with a name at a provider and no password, by whoever began.
func TestJoiningThroughAProvider(t *testing.T) {
	ctx := context.Background()
	f := newFixture(t)
	p := f.providers(t, "helseid")["helseid"]
	path := f.join(t, practice.Lead)
	b := f.having(t, "")
	if page := b.get(path); !strings.Contains(page.body, "Bli med gjennom Prøve-helseid") {
		t.Error("there is no button")
	}
	if r := b.do(http.MethodPost, path, url.Values{"with": {"helseid"}, "name": {"Liv"}, "email": {"liv"}}); r.StatusCode != http.StatusUnprocessableEntity || r.Header.Get("Refresh") != "" {
		t.Errorf("a wrong address: %d", r.StatusCode)
	}
	liv := url.Values{"with": {"helseid"}, "name": {"Liv"}, "email": {"liv@example.org"}}
	address, r := b.leave(path, liv)
	if address == "" {
		t.Fatalf("not led on: %d %s", r.StatusCode, r.body)
	}
	back := p.Visit(address).RequestURI()
	_, token, _ := strings.Cut(sessionOf(b.cookies), "=")
	data, found, err := f.Store.Sessions().Find(token)
	must(t, err)
	if !found || strings.Contains(string(data), strings.TrimPrefix(path, "/join/")) {
		t.Error("the link's token is kept in the session")
	}
	if other := f.having(t, ""); !strings.Contains(other.get(back).Header.Get("Location"), "problem=stale") || other.isIn() {
		t.Error("somebody else comes back")
	}
	if r := b.get(back); r.Header.Get("Location") != "/practices" {
		t.Fatalf("%d to %q", r.StatusCode, r.Header.Get("Location"))
	}
	if r := b.get("/practices/" + f.eidsvag.ID + "/log"); r.StatusCode != http.StatusOK {
		t.Errorf("the log, as lead: %d", r.StatusCode)
	}
	a, err := f.Store.AccountByIdentity(ctx, practice.Identity{Issuer: p.Issuer(), Subject: p.Subject})
	if err != nil || a.Email != "liv@example.org" || a.Name != "Liv" || a.Password != "" {
		t.Errorf("account %+v, %v", a, err)
	}
	if r := f.having(t, "").get(path); r.StatusCode != http.StatusNotFound {
		t.Errorf("the link a second time: %d", r.StatusCode)
	}
	// An address that is somebody's already gives nobody a way into their account.
	second := f.having(t, "")
	p.Subject = "sub-ond"
	address, _ = second.leave(f.join(t, practice.Lead), url.Values{"with": {"helseid"}, "name": {"Ond"}, "email": {olav}})
	if r := second.get(p.Visit(address).RequestURI()); r.StatusCode != http.StatusConflict || second.isIn() {
		t.Errorf("Olav's address: %d", r.StatusCode)
	}
}

// TestANumberLeavesNoTrace: every provider sends a fødselsnummer unasked; no session, row or log has it.
func TestANumberLeavesNoTrace(t *testing.T) {
	for _, profile := range []string{"generic", "idporten", "helseid"} {
		f := newFixture(t)
		p := f.providers(t, profile)[profile]
		a := f.known(t, kari, p)
		b := f.having(t, "")
		b.signIn(p, profile)
		_, token, _ := strings.Cut(sessionOf(b.cookies), "=")
		data, found, err := f.Store.Sessions().Find(token)
		if err != nil || !found || !strings.Contains(string(data), a.ID) {
			t.Fatalf("no session: %v", err)
		}
		identities, err := f.Store.Identities(context.Background(), a.ID)
		must(t, err)
		if len(identities) != 1 || identities[0] != (practice.Identity{Issuer: p.Issuer(), Subject: "sub-kari"}) {
			t.Errorf("kept %v", identities)
		}
		for where, text := range map[string]string{"session": string(data), "log": f.log.String(), "page": b.get("/practices/" + f.eidsvag.ID).body} {
			if strings.Contains(text, oidctest.Number) {
				t.Errorf("%s: the %s has the number", profile, where)
			}
		}
		for _, secret := range []string{"eyJ", "sub-kari"} {
			if strings.Contains(string(data)+f.log.String(), secret) {
				t.Errorf("%s: the session or the log has %q", profile, secret)
			}
		}
	}
}

// TestLeavingIsLimited: each asks something of the provider.
func TestLeavingIsLimited(t *testing.T) {
	f := newFixture(t)
	p := f.providers(t, "helseid")["helseid"]
	b := f.having(t, "")
	for range 70 {
		if _, r := b.leave("/login/with/helseid", url.Values{}); r.StatusCode == http.StatusTooManyRequests {
			if n := len(p.Asked()); n != 61 { // the metadata, and a pushed request each time
				t.Errorf("the provider was asked %d times", n)
			}
			return
		}
	}
	t.Error("there is no limit")
}

// TestProvidersAreOnlyThoseSetUp: without any, there is no button and no link.
func TestProvidersAreOnlyThoseSetUp(t *testing.T) {
	f := newFixture(t)
	if body := f.get(t, nobody, "/login").body; strings.Contains(body, "/login/with/") || strings.Contains(body, "Eller med") {
		t.Error("a button leads nowhere")
	}
	if body := f.get(t, kari, "/account").body; strings.Contains(body, identitiesPath) {
		t.Error("a link leads nowhere")
	}
	f.providers(t, "generic")
	if body := f.get(t, kari, "/account").body; !strings.Contains(body, identitiesPath) {
		t.Error("there is no link")
	}
	for _, q := range []string{"?problem=refused&with=none", "?problem=nothing&with=generic", "?problem=%3Cb%3E&with=generic", "?with=generic"} {
		if body := f.get(t, nobody, "/login"+q).body; strings.Contains(body, `class="problem"`) {
			t.Errorf("/login%s says something", q)
		}
	}
	if r := f.get(t, nobody, "/login?problem=weak&with=generic&x=1", "Accept-Language", "nb"); !strings.Contains(r.body, `href="?lang=nn&amp;problem=weak&amp;with=generic"`) {
		t.Error("another language loses what is said")
	}
}
