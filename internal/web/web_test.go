package web

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/invite"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
	"github.com/venterom/venterom/internal/survey"
	"github.com/venterom/venterom/surveys"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// fixture is a server with two practices and one person of each kind.
type fixture struct {
	*Server
	handler   http.Handler
	log       *strings.Builder
	dsn       string // of the database
	clock     time.Time
	eidsvag   practice.Practice // asks about digital services too
	point     practice.Point
	retired   practice.Point
	lillevik  practice.Practice // has no answers yet
	elsewhere practice.Point    // in lillevik
	network   practice.Network
	other     practice.Network  // that Eidsvåg has nothing to do with
	cookies   map[string]string // by character
	signedIn  map[string]int    // how often, by character: a code is good once
	link      string            // an invitation's token, once aLink has made one
	linkForm  url.Values        // a form fetched by it
	uncertain string            // id of a message, once anUncertain has made one
	keyID     string            // of a key of Eidsvåg's, once aKey has made one
	offers    []madeOffer       // once anOffer has made them
}

type madeOffer struct {
	practice.Offer
	token string
}

// The characters: Kari leads Eidsvåg, Sara works there, Olav leads Lillevik, Dina operates the
// installation, Nils has an account and no practice, Kim coordinates the network that Eidsvåg is in,
// Ragnhild worked at Eidsvåg and was removed while she was signed in, which she still is, since she coordinates
// another network; "" is nobody.
const (
	nobody   = ""
	kari     = "kari@example.org"
	sara     = "sara@example.org"
	olav     = "olav@example.org"
	dina     = "dina@example.org"
	nils     = "nils@example.org"
	kim      = "kim@example.org"
	ragnhild = "ragnhild@example.org"
)

const (
	password   = "fire hester i skogen"
	totpSecret = "12345678901234567890" // of every app
)

// withApp are those whose role asks for a second factor; they have an app once they have signed in.
var withApp = []string{kari, olav, dina, kim, ragnhild}

var passwordHash = func() string {
	h, err := practice.HashPassword(password)
	if err != nil {
		panic(err)
	}
	return h
}()

func newFixture(t testing.TB) *fixture { return newFixtureOn(t, storetest.SQLite) }

func newFixtureOn(t testing.TB, e storetest.Engine) *fixture {
	t.Helper()
	ctx := context.Background()
	f := &fixture{log: &strings.Builder{}, clock: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), cookies: map[string]string{}, signedIn: map[string]int{}}
	catalog, err := survey.Load(surveys.FS)
	must(t, err)
	words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	must(t, err)
	base, err := url.Parse("https://svar.example.org")
	must(t, err)
	f.dsn = storetest.DSN(t, e)
	s, err := store.Open(ctx, f.dsn, storetest.Secret)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	now := func() time.Time { return f.clock }
	intake := aggregate.NewIntake(s, aggregate.NewCloser(s, disclosure.Gate{}, log), now, log)
	t.Cleanup(intake.Stop)
	inviter, err := invite.New(invite.Config{Store: s, Secret: []byte(strings.Repeat("s", 32)), BaseURL: base, PerPart: 60, Now: now, Log: log,
		Gateway: func(func(string) string) (sms.Gateway, error) { return sms.Log{Logger: log}, nil }})
	must(t, err)
	f.Server, err = New(Config{Store: s, Surveys: catalog, Inviter: inviter, Intake: intake, Reports: report.New(s, catalog, disclosure.Gate{}), Words: words,
		Secret: []byte(strings.Repeat("s", 32)), BaseURL: base, Now: now, Log: log})
	must(t, err)
	f.handler = f.Handler()

	f.eidsvag, f.point, err = s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Eidsvåg legekontor", Phone: "55 19 00 00", Digital: true}, "Venterommet")
	must(t, err)
	f.retired, err = s.CreatePoint(ctx, f.eidsvag.ID, "Gammel plakat")
	must(t, err)
	must(t, s.SetPointRetired(ctx, f.eidsvag.ID, f.retired.Code, true))
	f.lillevik, f.elsewhere, err = s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Lillevik legesenter", Phone: "77 00 00 00"}, "Venterommet")
	must(t, err)
	for email, m := range map[string]practice.Member{
		kari: {PracticeID: f.eidsvag.ID, Role: practice.Lead}, sara: {PracticeID: f.eidsvag.ID, Role: practice.Staff},
		olav: {PracticeID: f.lillevik.ID, Role: practice.Lead}, dina: {}, nils: {}, kim: {},
		ragnhild: {PracticeID: f.eidsvag.ID, Role: practice.Lead},
	} {
		var members []practice.Member
		if m.Role != "" {
			members = append(members, m)
		}
		_, err := s.CreateAccount(ctx, practice.Account{Email: email, Name: email, Password: passwordHash, Operator: email == dina}, members...)
		must(t, err)
	}
	f.network, err = s.CreateNetwork(ctx, "Fjordnettverket", f.account(t, kim).ID)
	must(t, err)
	f.other, err = s.CreateNetwork(ctx, "Fjellnettverket", f.account(t, ragnhild).ID)
	must(t, err)
	must(t, s.InvitePractice(ctx, f.network.ID, f.eidsvag.ID))
	must(t, s.SetParticipation(ctx, practice.Participation{NetworkID: f.network.ID, PracticeID: f.eidsvag.ID, State: practice.Joined}))
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// response is what came back.
type response struct {
	*http.Response
	body string
}

// do sends a request as a character; headers are pairs.
func (f *fixture) do(t testing.TB, as, method, path string, form url.Values, headers ...string) response {
	t.Helper()
	var body io.Reader
	kind := ""
	switch {
	case form.Has(fieldFile): // sent as a browser sends a file
		body, kind = upload(t, "besøk.csv", form.Get(fieldFile))
	case form != nil:
		body, kind = strings.NewReader(form.Encode()), "application/x-www-form-urlencoded"
	}
	r := httptest.NewRequest(method, "https://svar.example.org"+path, body)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if as == nobody {
		return f.send(r)
	}
	r.Header.Set("Cookie", f.signIn(t, as))
	got := f.send(r)
	for _, c := range got.Cookies() { // a new token is used from then on, as browsers do
		if c.Name == "__Host-venterom" && c.Value != "" && f.cookies[as] != c.Name+"="+c.Value {
			f.cookies[as] = c.Name + "=" + c.Value
		}
	}
	return got
}

func (f *fixture) send(r *http.Request) response {
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return response{w.Result(), w.Body.String()}
}

func (f *fixture) get(t testing.TB, as, path string, headers ...string) response {
	t.Helper()
	return f.do(t, as, http.MethodGet, path, nil, headers...)
}

// signIn signs a character in through the pages, once, and returns the cookie.
func (f *fixture) signIn(t testing.TB, as string) string {
	t.Helper()
	if c, ok := f.cookies[as]; ok {
		return c
	}
	f.cookies[as] = sessionOf(f.enter(t, as, ""))
	if as == ragnhild {
		last, err := f.Store.RemovePerson(context.Background(), f.eidsvag.ID, f.account(t, ragnhild).ID)
		must(t, err)
		if last {
			t.Fatal("she was to keep a role elsewhere")
		}
		f.cookies[as] = sessionOf(f.enter(t, as, ""))
	}
	return f.cookies[as]
}

// sessionOf is the session among a browser's cookies.
func sessionOf(cookies string) string {
	for _, c := range strings.Split(cookies, "; ") {
		if strings.HasPrefix(c, "__Host-venterom=") {
			return c
		}
	}
	return ""
}

// enter signs a character in from a browser with these cookies, and returns those it has then.
func (f *fixture) enter(t testing.TB, as, cookies string) string {
	t.Helper()
	f.giveApp(t, as)
	post := func(path string, form url.Values) response {
		r := httptest.NewRequest(http.MethodPost, "https://svar.example.org"+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", cookies)
		r.RemoteAddr = fmt.Sprintf("198.51.100.%d:1", len(f.cookies)+1) // not the address that tests are wrong from
		got := f.send(r)
		cookies = withCookies(cookies, got)
		return got
	}
	r := post("/login", url.Values{"email": {as}, "password": {password}})
	if r.Header.Get("Location") == "/login/code" {
		r = post("/login/code", url.Values{"code": {f.appCode(t, as)}})
	}
	if r.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s cannot sign in: %d\n%s", as, r.StatusCode, r.body)
	}
	return cookies
}

// giveApp gives a character an app, if the role asks for a second factor and there is none.
func (f *fixture) giveApp(t testing.TB, as string) {
	t.Helper()
	ctx := context.Background()
	a, err := f.Store.AccountByEmail(ctx, as)
	must(t, err)
	needs, err := f.Store.NeedsFactor(ctx, a.ID)
	must(t, err)
	has, err := f.Store.Factors(ctx, a.ID)
	must(t, err)
	if needs && !has.Any() {
		_, err = f.Store.SetTOTP(ctx, a.ID, []byte(totpSecret), 0)
		must(t, err)
	}
}

// appCode is a code of a character's app that was not used: by the same clock there are three.
func (f *fixture) appCode(t testing.TB, as string) string {
	t.Helper()
	code, err := totp.GenerateCode(base32.StdEncoding.EncodeToString([]byte(totpSecret)), f.clock.Add(time.Duration(f.signedIn[as]-1)*30*time.Second))
	must(t, err)
	f.signedIn[as]++
	return code
}

// withCookies adds what a response sets to the cookies of a browser.
func withCookies(cookies string, r response) string {
	jar := map[string]string{}
	for _, c := range strings.Split(cookies, "; ") {
		if name, value, ok := strings.Cut(c, "="); ok {
			jar[name] = value
		}
	}
	for _, c := range r.Cookies() {
		jar[c.Name] = c.Value
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(jar)) {
		out = append(out, name+"="+jar[name])
	}
	return strings.Join(out, "; ")
}

// account is a character's account.
func (f *fixture) account(t testing.TB, email string) practice.Account {
	t.Helper()
	a, err := f.Store.AccountByEmail(context.Background(), email)
	must(t, err)
	return a
}

var tokenPattern = regexp.MustCompile(`name="token" value="([^"]+)"`)

// form fetches a collection point's form and returns its token.
func (f *fixture) token(t testing.TB, code practice.Code) string {
	t.Helper()
	m := tokenPattern.FindStringSubmatch(f.get(t, nobody, "/k/"+string(code)).body)
	if m == nil {
		t.Fatal("the form has no token")
	}
	return m[1]
}

// answer sends a form with a fresh token, a minute after it was fetched.
func (f *fixture) answer(t testing.TB, code practice.Code, pairs ...string) response {
	t.Helper()
	form := url.Values{"token": {f.token(t, code)}, "lang": {"nb"}}
	f.clock = f.clock.Add(time.Minute)
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return f.do(t, nobody, http.MethodPost, "/k/"+string(code), form)
}

// counted closes the running week and tells how many chose an option of a question of the visit survey,
// whatever the number: thirty of each are added before the gate and taken away after it.
func (f *fixture) counted(t testing.TB, p practice.Practice, question, option string) int {
	t.Helper()
	ctx := context.Background()
	week := calendar.WeekOf(f.clock)
	everything := store.Division{Divide: func(_ string, p store.Sums) (store.Sums, store.Sums) { return p, store.Sums{} }}
	if _, err := f.Store.CloseWeek(ctx, week, everything); err != nil {
		t.Fatal(err)
	}
	f.clock = f.clock.AddDate(0, 0, 7)
	releases, err := f.Store.Releases(ctx, store.Key{PracticeID: p.ID, Survey: "visit", Version: 1})
	must(t, err)
	n := 0
	for _, r := range releases {
		lifted := r.Questions[question].Counts.Plus(disclosure.Seal(map[string]int{option: 30}))
		shown, ok := disclosure.Gate{}.Question(lifted, nil, "")
		if !ok {
			t.Fatal("the gate is closed")
		}
		n += shown.Counts()[option] - 30
	}
	return n
}
