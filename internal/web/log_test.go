package web

import (
	"bytes"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/oidc/oidctest"
	"github.com/venterom/venterom/internal/practice"
)

// overhearing notes all that is said to a handler and by it: what is typed, what addresses and headers hold,
// cookies, and whatever of a page looks like a token, a code or a key.
type overhearing struct {
	http.Handler
	words map[string]bool // static parts of addresses
	heard map[string]string
}

// secretive finds in pages what is secret by its form: links, codes, keys and tokens.
var secretive = regexp.MustCompile(`/join/[A-Z2-7]{26}|venterom_[0-9A-Za-z_-]{20,}|<code>[^<]+</code>|name="(?:token|sealed)" value="[^"]+"|"challenge":"[^"]+"`)

func (o *overhearing) note(where, text string) {
	// What is short, or a word of ours, is in a log by chance. Numbers and codes have six signs or more.
	if text = strings.TrimSpace(text); len(text) >= 6 && !o.words[text] {
		o.heard[text] = where
	}
}

func (o *overhearing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for part := range strings.SplitSeq(r.URL.Path, "/") {
		o.note("an address", part)
	}
	for name, values := range r.URL.Query() {
		for _, v := range values {
			o.note("the query "+name, v)
		}
	}
	if r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if form, err := url.ParseQuery(string(body)); err == nil {
			for name, values := range form {
				for _, v := range values {
					o.note("the field "+name, v)
				}
			}
		}
	}
	for _, name := range []string{"User-Agent", "Referer", "X-Forwarded-For", "Idempotency-Key"} {
		o.note(name, r.Header.Get(name))
	}
	o.note("a key", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	host, _, _ := strings.Cut(r.RemoteAddr, ":")
	o.note("a client's address", host)
	for _, c := range r.Cookies() {
		o.note("a cookie", c.Value)
	}
	answer := httptest.NewRecorder()
	o.Handler.ServeHTTP(answer, r)
	for _, c := range answer.Result().Cookies() {
		o.note("a cookie that is set", c.Value)
	}
	found := secretive.FindAllString(answer.Body.String(), -1)
	if r.URL.Path == "/privacy" { // names of tables
		found = nil
	}
	for _, found := range found {
		found = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(found, "/join/"), "<code>"), "</code>")
		if i := strings.LastIndex(strings.TrimSuffix(found, `"`), `"`); i >= 0 {
			found = strings.TrimSuffix(found[i+1:], `"`)
		}
		o.note("a page", found)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// TestNoSecretIsLogged: at the most talkative level, while everybody does everything, rightly and wrongly, with a
// database and without, nothing of what is said to the pages or by them is in the log: no password, code, token,
// key, cookie, number, address, browser or answer.
func TestNoSecretIsLogged(t *testing.T) {
	f := newFixture(t)
	said := f.log // what libraries say by themselves goes there too
	log.SetOutput(said)
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { log.SetOutput(io.Discard); slog.SetDefault(before) })
	e, ok := f.handler.(*echo.Echo)
	if !ok {
		t.Fatal("the handler is not echo")
	}
	o := &overhearing{e, map[string]bool{}, map[string]string{}}
	for _, r := range f.routes() {
		for part := range strings.SplitSeq(r.path, "/") {
			o.words[part] = true
		}
	}
	f.handler = o
	// What providers say, by a list of known words or by their settings; and words that mean nothing.
	for _, word := range []string{"login_required", "https://elsewhere.example", "another", "without", "access"} {
		o.words[word] = true
	}
	ps := f.providers(t, "generic", "helseid", "idporten")
	for id := range ps {
		o.words[id] = true // of the configuration, and named in the log
	}

	// Every row of the table of pages as everybody.
	rows := visits(f, t)
	everything := func() {
		for _, v := range rows {
			for _, who := range everybody {
				if v.route != "/logout" {
					f.do(t, who, v.method, v.path, v.form, "User-Agent", "marked-browser", "X-Forwarded-For", "203.0.113.7", "Referer", "https://marked.example/")
				}
			}
		}
	}
	everything()

	// Signing in, wrong and right, by every factor; a new app, recovery codes, a new password.
	b := f.browser(t, "203.0.113.91")
	b.password(kari, "feil passord, merket")
	b.password("ukjent-merket@example.org", "feil passord, merket")
	b.password(kari, password)
	b.post("/login/code", "code", "918273")
	b.post("/login/code", "code", f.appCode(t, kari))
	b.get("/account/totp")
	b.post("/account/totp", "code", "817263")
	codes := recoveryPattern.FindAllStringSubmatch(b.post("/account/recovery").body, -1)
	if len(codes) != practice.RecoveryCodes {
		t.Fatalf("%d recovery codes", len(codes))
	}
	for _, c := range codes {
		o.note("a recovery code", c[1])
	}
	b.post("/logout")
	b.password(kari, password)
	b.post("/login/code", "code", "AAAAA-BBBBB-CCCCC-DDDDD")
	b.post("/login/code", "code", codes[0][1])
	b.post("/account/password", "old", password, "new", "sju sauer ved sjøen, merket")
	b.post("/account/password", "old", "sju sauer ved sjøen, merket", "new", password)
	f.clock = f.clock.Add(time.Hour) // the other sessions are over; codes are new
	f.cookies, f.signedIn = map[string]string{ragnhild: f.cookies[ragnhild]}, map[string]int{}
	b.post("/login/passkey", "credential", `{"id":"marked-credential","rawId":"bWFya2Vk","type":"public-key"}`)

	// Joining by a link.
	path := f.join(t, practice.Staff)
	per := f.browser(t, "203.0.113.92")
	per.get(path)
	per.post(path, "account", "", "name", "Per Li", "email", "per@example.org", "password", "ti tusen toner, merket")

	// Machines, and a gateway.
	key := f.machine(t, f.eidsvag, nil)
	f.handIn(key, asCSV, "marked-name", csvOf("49000501", "49000502", "5519"))
	f.handIn(key, asJSON, "marked-name-2", `{"visits":[{"phone":"49000503","date":"2026-11-20"},{"phone":"49000504`)
	f.handIn(key+"x", asCSV, "marked-name-3", csvOf("49000505"))
	for _, number := range []string{"49000501", "49000502", "49000503", "49000504", "49000505"} {
		o.note("a list", number)
	}
	f.do(t, nobody, http.MethodPost, f.Inviter.InboundPath(), url.Values{"from": {"+4749000506"}, "text": {"Stopp, merket"}})
	f.do(t, nobody, http.MethodPost, f.Inviter.InboundPath()+"x", url.Values{"from": {"+4749000507"}, "text": {"STOPP"}})
	f.do(t, nobody, http.MethodGet, "/api/v1/sms/report/marked-message/marked-proof?status=1", nil)
	f.uploadAs(t)

	// Identity providers, and every way they may cheat.
	f.signIn(t, sara)
	f.known(t, sara, ps["helseid"])
	f.having(t, "").signIn(ps["helseid"], "helseid")
	for _, a := range oidctest.Attacks {
		p := f.providers(t, a.Profile)[a.Profile]
		f.leaving = newLimiter(f.Now, 1, 1)
		a.Do(p)
		f.having(t, "").signIn(p, a.Profile)
	}
	o.note("a provider", oidctest.Number)
	o.note("a provider", "sub-kari")

	// Answers, by every channel, with what was answered.
	for _, way := range []string{"/k/" + string(f.point.Code), "/w/" + string(f.point.Code), f.kiosk(), "/s/" + f.invite(t, "nb", "49000508")[0]} {
		at := way
		if way == f.kiosk() {
			at = "/k/" + string(f.point.Code)
		}
		form := url.Values{"token": {f.tokenAt(t, at)}, "lang": {"nb"}, "visit.polite": {"5"}, "visit.overall": {"3"}}
		f.do(t, nobody, http.MethodPost, way, form)
		form.Set("visit.polite", "marked-answer")
		f.do(t, nobody, http.MethodPost, way, form)
	}
	f.sendBatch(t, kari, "send", "", slices.Repeat([]string{"04321"}, 12)...)

	// And all of it again, with the database gone.
	for _, who := range known {
		f.signIn(t, who)
	}
	must(t, f.Store.Close())
	everything()
	b.password(kari, "feil passord, merket")
	f.handIn(key, asCSV, "marked-name-4", csvOf("49000509"))
	o.note("a list", "49000509")
	f.having(t, "").signIn(ps["helseid"], "helseid")

	if len(o.heard) < 300 {
		t.Errorf("only %d things were heard", len(o.heard))
	}
	text := said.String()
	for secret, where := range o.heard {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("the log has %q of %s: …%s…", secret, where, text[max(0, i-150):min(len(text), i+len(secret)+50)])
		}
	}
	for _, word := range []string{"polite", "04321", "marked", "merket", "49000", "eyJ", "203.0.113.", "192.0.2.1", "198.51.100", "@example.org", "Eidsv", "BEGIN", "Bearer", "state=", "code="} {
		if i := strings.Index(text, word); i >= 0 {
			t.Errorf("the log has %q: …%s…", word, text[max(0, i-150):min(len(text), i+100)])
		}
	}
	for _, want := range []string{"route=/practices/:id", "request failed", "sign-in refused", "answer not counted", "database is closed"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q: it is not on, or nothing went wrong", want)
		}
	}
	if line := regexp.MustCompile(`msg=request .* route=/([kKsSwp]/|kiosk|privacy|accessibility).*`).FindString(text); line != "" {
		t.Errorf("the log says when a patient came: %s", line)
	}
}

// uploadAs sends lists of visits from the page: one that is read, and ones that are not.
func (f *fixture) uploadAs(t testing.TB) {
	t.Helper()
	r := f.upload(t, kari, visitsOf("49000510", "49000511"))
	f.do(t, kari, http.MethodPost, "/practices/"+f.eidsvag.ID+"/invitations/send", url.Values{"sealed": {sealedIn(t, r)}})
	f.upload(t, kari, "navn;mobil\nMarked Navn;49000512\n")
	f.upload(t, kari, "mobil;dato\n49000513;i går\nmarked;marked\n")
}
