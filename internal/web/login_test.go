package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/pquerna/otp/totp"

	"github.com/venterom/venterom/internal/practice"
)

// browser is somebody's: an address and cookies.
type browser struct {
	t       testing.TB
	f       *fixture
	address string
	cookies string
	agent   string
}

func (f *fixture) browser(t testing.TB, address string) *browser {
	return &browser{t: t, f: f, address: address, agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
}

func (b *browser) do(method, path string, form url.Values, headers ...string) response {
	b.t.Helper()
	r := httptest.NewRequest(method, "https://svar.example.org"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Cookie", b.cookies)
	r.Header.Set("User-Agent", b.agent)
	r.Header.Set("Accept-Language", "nb")
	r.RemoteAddr = b.address + ":1"
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got := b.f.send(r)
	b.cookies = withCookies(b.cookies, got)
	return got
}

func (b *browser) get(path string) response { b.t.Helper(); return b.do(http.MethodGet, path, nil) }

func (b *browser) post(path string, pairs ...string) response {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

func (b *browser) password(as, password string) response {
	b.t.Helper()
	return b.post("/login", "email", as, "password", password)
}

// leads fails unless a response leads to an address.
func (b *browser) leads(what string, r response, to string) {
	b.t.Helper()
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != to {
		b.t.Fatalf("%s: status %d to %q, want %q\n%.900s", what, r.StatusCode, r.Header.Get("Location"), to, r.body)
	}
}

var (
	secretPattern   = regexp.MustCompile(`<code>([A-Z2-7 ]{39})</code>`)
	recoveryPattern = regexp.MustCompile(`<code>([0-9A-Z]{5}-[0-9A-Z]{5})</code>`)
)

// TestSignIn goes the whole way of a new lead: password, nothing but setting up an app, recovery codes, and from
// then on a code each time; then a lost phone.
func TestSignIn(t *testing.T) {
	f := newFixture(t)
	b := f.browser(t, "203.0.113.1")
	b.leads("the password", b.password(kari, password), "/practices")
	own := "/practices/" + f.eidsvag.ID
	for _, path := range []string{"/practices", own, own + "/results.csv", own + "/points", "/account", "/admin", "/networks/" + f.network.ID} {
		b.leads(path, b.get(path), "/account/secure")
	}
	for _, path := range []string{own + "/points", "/account/sessions"} {
		b.leads("sending to "+path, b.post(path, "label", "Ny"), "/account/secure")
	}
	for _, path := range []string{"/account/password", "/account/recovery", "/account/totp/remove"} {
		b.leads("sending to "+path, b.post(path, "old", password, "new", "seks elefanter på loftet"), "/account/secure")
	}
	if points, _ := f.Store.Points(context.Background(), f.eidsvag.ID); len(points) != 2 {
		t.Errorf("%d points: something was done before the second factor was there", len(points))
	}

	offer := b.get("/account/totp")
	m := secretPattern.FindStringSubmatch(offer.body)
	if m == nil || !strings.Contains(offer.body, "<svg") {
		t.Fatalf("no secret is offered:\n%s", offer.body)
	}
	secret := strings.ReplaceAll(m[1], " ", "")
	code := func() string {
		c, err := totp.GenerateCode(secret, f.clock)
		must(t, err)
		return c
	}
	if other := f.browser(t, "203.0.113.2"); other.password(kari, password).StatusCode != http.StatusSeeOther || strings.Contains(other.get("/account/totp").body, m[1]) {
		t.Error("two sessions are offered the same secret")
	}
	if r := b.post("/account/totp", "code", "000000"); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, m[1]) {
		t.Errorf("a wrong code: %d", r.StatusCode)
	}
	r := b.post("/account/totp", "code", code())
	codes := recoveryPattern.FindAllStringSubmatch(r.body, -1)
	if len(codes) != practice.RecoveryCodes {
		t.Fatalf("%d recovery codes:\n%s", len(codes), r.body)
	}
	if r := b.get("/account"); recoveryPattern.MatchString(r.body) || !strings.Contains(r.body, "10 koder igjen") {
		t.Error("recovery codes are shown twice, or not counted")
	}
	b.leads("with the factor set up", b.get("/practices"), own)

	b.leads("signing out", b.post("/logout"), "/login")
	b.leads("the password again", b.password(kari, password), "/login/code")
	b.leads("half signed in", b.get(own), "/login")
	if r := b.get("/login/code"); r.StatusCode != http.StatusOK || !strings.Contains(r.body, "Kode fra appen") {
		t.Errorf("the second step: %d", r.StatusCode)
	}
	if r := b.post("/login/code", "code", code()); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the code that set up the app, again: %d", r.StatusCode)
	}
	f.clock = f.clock.Add(time.Minute)
	b.leads("a fresh code", b.post("/login/code", "code", code()), "/practices")
	b.leads("in", b.get("/practices"), own)

	// The phone is lost: from a new browser, with a code on paper.
	b = f.browser(t, "203.0.113.3")
	b.password(kari, password)
	b.leads("a code on paper", b.post("/login/code", "code", strings.ToLower(codes[3][1])), "/account")
	if r := b.get("/account"); !strings.Contains(r.body, "9 koder igjen") {
		t.Error("the code is not spent")
	}
	b = f.browser(t, "203.0.113.4")
	b.password(kari, password)
	if r := b.post("/login/code", "code", codes[3][1]); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a code on paper, again: %d", r.StatusCode)
	}
	f.clock = f.clock.Add(11 * time.Minute)
	b.leads("half an entry that is eleven minutes old", b.post("/login/code", "code", codes[4][1]), "/login")

	for _, s := range []string{secret, m[1], password, code(), codes[0][1], codes[3][1], strings.Split(b.cookies, "=")[1], kari} {
		if strings.Contains(f.log.String(), s) {
			t.Errorf("the log has %q", s)
		}
	}
	if !strings.Contains(f.log.String(), "route=/login/code") {
		t.Error("the log is not on")
	}
}

// TestStaffMayGoWithout: staff are let in by a password alone; one who comes to coordinate a network is asked for
// more at the next click.
func TestStaffMayGoWithout(t *testing.T) {
	f := newFixture(t)
	b := f.browser(t, "203.0.113.1")
	b.leads("staff", b.password(sara, password), "/practices")
	b.leads("staff", b.get("/practices"), "/practices/"+f.eidsvag.ID)
	a, err := f.Store.AccountByEmail(context.Background(), sara)
	must(t, err)
	_, err = f.Store.CreateNetwork(context.Background(), "Nytt nettverk", a.ID)
	must(t, err)
	b.leads("a new role", b.get("/practices/"+f.eidsvag.ID), "/account/secure")
}

func TestDemonstrationAsksForNone(t *testing.T) {
	f := newFixture(t)
	f.Demo = true
	b := f.browser(t, "203.0.113.1")
	b.password(kari, password)
	b.leads("a lead", b.get("/practices"), "/practices/"+f.eidsvag.ID)
}

// TestGuessingShutsOutStrangersOnly: guesses from a thousand addresses slow each other down and no one who has
// signed in before, whether or not there is such an account; nobody can tell which.
func TestGuessingShutsOutStrangersOnly(t *testing.T) {
	f := newFixture(t)
	f.giveApp(t, kari)
	home := f.browser(t, "203.0.113.1")
	home.password(kari, password)
	home.post("/login/code", "code", f.appCode(t, kari))
	home.post("/logout")

	answers := map[string][]string{}
	for i := range 200 {
		for _, as := range []string{kari, "ingen@example.org"} {
			r := f.browser(t, fmt.Sprintf("198.51.%d.%d", 100+i/200, i)).password(as, "feil passord her")
			answers[as] = append(answers[as], fmt.Sprint(r.StatusCode)+strings.ReplaceAll(r.body, as, "X"))
		}
	}
	looked := 0
	for i := range answers[kari] {
		if answers[kari][i] != answers["ingen@example.org"][i] {
			t.Fatalf("guess %d tells whether there is an account", i)
		}
		if strings.HasPrefix(answers[kari][i], "422") {
			looked++
		}
	}
	if looked != freeAccount {
		t.Errorf("%d of 200 guesses were looked at, want %d", looked, freeAccount)
	}
	stranger := f.browser(t, "203.0.113.200")
	if r := stranger.password(kari, password); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a stranger with the right password in the midst of it: %d", r.StatusCode)
	}
	if r := stranger.post("/login/challenge"); r.StatusCode != http.StatusOK {
		t.Errorf("a passkey is kept out: %d", r.StatusCode)
	}
	home.leads("the owner's browser", home.password(kari, password), "/login/code")
	home.leads("the owner's browser", home.post("/login/code", "code", f.appCode(t, kari)), "/practices")
	moved := f.browser(t, "198.51.100.7") // one of the addresses the guesses come from
	moved.cookies = home.cookies
	moved.leads("the owner's browser beside the guesser", moved.password(kari, password), "/login/code")
	f.clock = f.clock.Add(longestWait)
	stranger.leads("the stranger, later", stranger.password(kari, password), "/login/code")
}

// TestGuessesInADay: how many guesses a client, and all of them, get looked at in a day.
func TestGuessesInADay(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	a := newAttempts(func() time.Time { return now })
	looked := 0
	for range 24 * 60 * 60 {
		now = now.Add(time.Second)
		if a.take("x", freeAccount) {
			looked++
		}
	}
	if looked < 100 || looked > 120 {
		t.Errorf("%d guesses a day", looked)
	}
	now = now.Add(attemptsLast + time.Second)
	for i := range freeAccount {
		if !a.take("x", freeAccount) {
			t.Errorf("after an hour of quiet, try %d is refused", i+1)
		}
	}
}

func TestAKnownDeviceIsSlowedDownByItself(t *testing.T) {
	f := newFixture(t)
	home := f.browser(t, "203.0.113.1")
	home.password(sara, password)
	for range freePair {
		if r := home.password(sara, "feil passord her"); r.StatusCode != http.StatusUnprocessableEntity {
			t.Fatalf("status %d", r.StatusCode)
		}
	}
	if r := home.password(sara, password); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a stolen browser may guess on: %d", r.StatusCode)
	}
	other := f.browser(t, "203.0.113.2")
	other.cookies = "__Host-venterom-known=AAAA" + regexp.MustCompile(`venterom-known=(.+)`).FindStringSubmatch(home.cookies)[1] // forged
	if r := other.password(sara, password); r.StatusCode != http.StatusSeeOther {
		t.Errorf("another device is slowed down with it: %d", r.StatusCode)
	}
}

func TestCodesCannotBeGuessed(t *testing.T) {
	f := newFixture(t)
	f.giveApp(t, kari)
	b := f.browser(t, "203.0.113.1")
	b.password(kari, password)
	looked := 0
	for i := range 30 {
		if r := b.post("/login/code", "code", fmt.Sprintf("%06d", i)); r.StatusCode == http.StatusUnprocessableEntity {
			looked++
		}
	}
	if looked != freePair {
		t.Errorf("%d of 30 codes were looked at", looked)
	}
}

// TestSessionEnds by itself: half an hour after the last request, twelve hours after signing in.
func TestSessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		b := f.browser(t, "203.0.113.1")
		in := func() bool { return b.get("/practices").Header.Get("Location") == "/practices/"+f.eidsvag.ID }
		b.password(sara, password)
		time.Sleep(29 * time.Minute)
		if !in() {
			t.Fatal("signed out after 29 minutes")
		}
		time.Sleep(31 * time.Minute)
		if in() {
			t.Error("still signed in after 31 minutes of nothing")
		}
		b.password(sara, password)
		start := time.Now()
		for time.Since(start) < 12*time.Hour-20*time.Minute {
			time.Sleep(20 * time.Minute)
			if time.Since(start) < 12*time.Hour && !in() {
				t.Fatalf("signed out after %v", time.Since(start))
			}
		}
		time.Sleep(21 * time.Minute)
		if in() {
			t.Error("still signed in after twelve hours")
		}
	})
}

func TestWaysToSignInChangeOnlySoonAfterSigningIn(t *testing.T) {
	f := newFixture(t)
	f.giveApp(t, kari)
	b := f.browser(t, "203.0.113.1")
	b.password(kari, password)
	b.post("/login/code", "code", f.appCode(t, kari))
	f.clock = f.clock.Add(freshFor + time.Second)
	f.signedIn[kari] = 0
	for _, path := range []string{"/account/totp", "/account/challenge", "/account/passkeys", "/account/passkeys/remove", "/account/totp/remove", "/account/recovery", "/account/password"} {
		b.leads(path, b.post(path), "/login?again=1")
	}
	if r := b.get("/account"); r.StatusCode != http.StatusOK {
		t.Errorf("looking is refused: %d", r.StatusCode)
	}
	if r := b.get("/login?again=1"); !strings.Contains(r.body, "på nytt") {
		t.Error("it does not say why")
	}
	b.password(kari, password)
	b.leads("signing in again", b.post("/login/code", "code", f.appCode(t, kari)), "/account")
	if r := b.get("/account/password"); r.StatusCode != http.StatusOK {
		t.Errorf("after signing in again: %d", r.StatusCode)
	}
}

// TestOwnSessions: they are listed by browser and hour, ended one by one and all at once, and each change of how
// one signs in ends the others.
func TestOwnSessions(t *testing.T) {
	f := newFixture(t)
	desk, phone, home := f.browser(t, "203.0.113.1"), f.browser(t, "203.0.113.2"), f.browser(t, "203.0.113.3")
	phone.agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1"
	home.agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0"
	for _, b := range []*browser{desk, phone, home} {
		b.password(sara, password)
	}
	in := func() (in string) {
		for _, b := range []*browser{desk, phone, home} {
			if b.get("/account").StatusCode == http.StatusOK {
				in += "x"
			} else {
				in += "-"
			}
		}
		return in
	}
	list := desk.get("/account").body
	for _, want := range []string{"Firefox, Linux", "Safari, iPhone", "Edge, Windows", "23. november 2026, klokka 13", "denne"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	if strings.Contains(list, "156") || strings.Contains(list, "203.0.113") {
		t.Error("the list tells too much")
	}
	ids := regexp.MustCompile(`name="session" value="([^"]+)"`).FindAllStringSubmatch(list, -1)
	if len(ids) != 2 {
		t.Fatalf("%d sessions to end", len(ids))
	}
	stranger := f.browser(t, "203.0.113.9")
	stranger.password(nils, password)
	stranger.post("/account/sessions", "session", ids[0][1])
	if in() != "xxx" {
		t.Error("somebody ended another's session")
	}
	desk.post("/account/sessions", "session", ids[0][1])
	if got := in(); strings.Count(got, "x") != 2 || got[0] != 'x' {
		t.Errorf("after ending one: %s", got)
	}
	desk.post("/account/sessions")
	if got := in(); got != "x--" {
		t.Errorf("after ending the others: %s", got)
	}
	phone.password(sara, password)
	if r := desk.post("/account/password", "old", "feil", "new", "seks elefanter på loftet"); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("with a wrong old password: %d", r.StatusCode)
	}
	if r := desk.post("/account/password", "old", password, "new", "Sommer2026!!"); !strings.Contains(r.body, "prøves først") {
		t.Errorf("a common password: %d", r.StatusCode)
	}
	if got := in(); got != "xx-" {
		t.Errorf("before the change: %s", got)
	}
	desk.leads("a new password", desk.post("/account/password", "old", password, "new", "seks elefanter på loftet"), "/account")
	if got := in(); got != "x--" {
		t.Errorf("after a new password: %s", got)
	}
	if r := phone.password(sara, password); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the old password: %d", r.StatusCode)
	}
	// Setting up an app ends the others, too.
	phone.leads("the new password", phone.password(sara, "seks elefanter på loftet"), "/practices")
	secret := strings.ReplaceAll(secretPattern.FindStringSubmatch(desk.get("/account/totp").body)[1], " ", "")
	code, err := totp.GenerateCode(secret, f.clock)
	must(t, err)
	desk.post("/account/totp", "code", code)
	if got := in(); got != "x--" {
		t.Errorf("after setting up an app: %s", got)
	}
}

func TestANewPasswordForgetsDevices(t *testing.T) {
	f := newFixture(t)
	b := f.browser(t, "203.0.113.1")
	b.password(sara, password)
	a, err := f.Store.AccountByEmail(context.Background(), sara)
	must(t, err)
	r := httptest.NewRequest(http.MethodPost, "/login", nil)
	r.Header.Set("Cookie", b.cookies)
	c := echo.New().NewContext(r, httptest.NewRecorder())
	if f.knownDevice(c, a) == "" {
		t.Fatal("the device is not known")
	}
	a.Password += "x"
	if f.knownDevice(c, a) != "" {
		t.Error("the device is known under a new password")
	}
	if f.knownDevice(c, practice.Account{}) != "" {
		t.Error("the device is known to nobody's account")
	}
}

// TestAnotherSiteCannotSendAnything: no form of staff, that for signing in included, is taken from elsewhere.
func TestAnotherSiteCannotSendAnything(t *testing.T) {
	f := newFixture(t)
	sent := 0
	for _, r := range f.routes() {
		if r.who == open || r.method != http.MethodPost {
			continue
		}
		sent++
		got := f.do(t, kari, r.method, strings.ReplaceAll(r.path, ":id", f.eidsvag.ID), url.Values{"email": {sara}, "password": {password}},
			"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
		if got.StatusCode != http.StatusForbidden || len(got.Cookies()) > 0 {
			t.Errorf("%s: status %d, cookies %v", r.path, got.StatusCode, got.Cookies())
		}
	}
	if sent < 20 {
		t.Errorf("%d routes: this test shows nothing", sent)
	}
}

// TestManySignInFromOneAddress: a practice, or a proxy, is one client. Who is right does not use up its tries, and
// who is wrong does.
func TestManySignInFromOneAddress(t *testing.T) {
	f := newFixture(t)
	for i := range 60 {
		b := f.browser(t, "203.0.113.1")
		b.leads(fmt.Sprintf("sign-in %d", i), b.password(sara, password), "/practices")
	}
	looked := 0
	for i := range 60 {
		if r := f.browser(t, "203.0.113.1").password(fmt.Sprintf("ingen%d@example.org", i), password); r.StatusCode == http.StatusUnprocessableEntity {
			looked++
		}
	}
	if looked != 20 {
		t.Errorf("%d guesses at sixty names were looked at, want 20", looked)
	}
}
