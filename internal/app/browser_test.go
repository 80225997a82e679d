package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

// patience is how long a page may take on a busy machine before a test gives up on it.
const patience = 30 * time.Second

// The sizes we look at: the narrowest phone WCAG asks for, a tablet held upright, and a desk.
const narrow, upright, wide = 320, 768, 1280

// TestBrowser uses Venterom as people do, in a real browser. Its parts share one server and one
// browser, and each has tabs with cookies and a cache of their own.
func TestBrowser(t *testing.T) {
	w := openWorld(t)
	for _, part := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"a scan leads to thanks without script", scanWithoutScript},
		{"a scan leads to thanks with script", scanWithScript},
		{"a double click and a reload count once", sendTwice},
		{"a keyboard is enough", keyboardOnly},
		{"staff reach everything by keyboard", staffByKeyboard},
		{"an empty form says what to mend", emptyForm},
		{"text may be spaced and doubled", roomForText},
		{"targets are 44 px, and 60 px on a shared screen", largeTargets},
		{"pages keep the content security policy", quietConsole},
		{"a shared screen leads by touch from the language to the next person", kioskByTouch},
		{"a shared screen works without script", kioskWithoutScript},
		{"a shared screen is cleared when nobody touches it", kioskIsQuiet},
		{"a shared screen endures that the network is cut", kioskOffline},
		{"a shared screen whose thanks are lost counts once", kioskLosesThanks},
		{"a shared screen gives up after two minutes", kioskGivesUp},
		{"a shared screen takes two quick taps as one", kioskTappedTwice},
		{"a shared screen says what to mend", kioskMendsForm},
		{"a shared screen renews itself", kioskRenewsItself},
		{"staff sign in by typing and out again", signInAndOut},
		{"staff sign in through real providers", signInThroughProviders},
		{"the pages about providers", providerPages},
		{"a link in a message is answered once, without script", linkWithoutScript},
		{"a link in a message is answered once, with script", linkWithScript},
		{"the practice's page is filled in and read without script", pageWithoutScript},
		{"the practice's page fits its sheet", printedPage},
		{"axe finds no violation", axeFindsNothing},
		{"a printed poster can be scanned", printedPoster},
		{"downloaded codes can be scanned", downloadedCodes},
		{"printed cards and notes can be scanned", printedCards},
		{"a form on paper fits its sheet", printedPaper},
		{"the kit's buttons copy and print", kitButtons},
		{"code slips can be scanned, and copied", printedSlips},
		{"SMS is set up, a list tried and sent", askByList},
		{"a list is sent without script", askWithoutScript},
		{"a stack of paper is typed in by keyboard", batchByKeyboard},
		{"a stack of paper is typed in without script", batchWithoutScript},
		{"typing a stack survives the end of a session", batchSignedOut},
		{"reports and worksheets fit their sheets", printedReports},
		{"a practice takes everything with it and is deleted", leaving},
		{"screenshots", screenshots},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, w) })
	}
}

// world is a running Venterom with the demonstration's practices and a few more, and a browser.
type world struct {
	app     *App
	now     time.Time // by its clock
	words   *i18n.Words
	counts  *sql.DB         // the same database, to see what was counted
	address string          // where it listens
	browser context.Context // every tab is its child

	full    practice.Point // of the practice with most to show
	empty   practice.Point // of a practice without answers
	long    practice.Point // of a practice with the longest name there may be
	retired practice.Point
	fresh   practice.Point // of a practice that is not live yet
	shut    practice.Point // of one that takes no answers by QR code now
	network string         // that the full one is in

	lists atomic.Int64 // of visits made so far; each has numbers of its own
	// What the pages of staff need beyond that.
	demo            []practice.Point  // one of each of the demonstration's practices
	older           string            // a practice that asked by another version before
	improvements    map[string]string // ids, by what is said of them
	networks        map[string]string // ids, by what is shown of them
	slug, emptySlug string            // of the public pages of the full and the empty practice
	links           []string          // that people were sent
	offered         string            // a link's token: a role in the full one
	person          string            // who has a role in the full one
	others          []string          // addresses elsewhere that a browser may be led to
}

// printed is the address in the posters. Staff cookies are as strict as its https makes them; browsers
// take such cookies from loopback addresses too.
const printed = "https://svar.legekontor.example"

// The demonstration's people, and two more.
const (
	leadEmail     = "leder@demo.example"
	staffEmail    = "medarbeider@demo.example"
	operatorEmail = "drifter@demo.example"
	emptyEmail    = "ny@demo.example"      // leads a practice without answers
	newEmail      = "oppsett@demo.example" // leads a practice that is not live yet
	twoEmail      = "begge@demo.example"
)

// lacking skips a test for want of something on this machine, or fails it if CI=true.
func lacking(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("missing: " + what)
	}
	t.Skip("skipped, missing: " + what)
}

func openWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	w.openBrowser(t)
	w.openApp(t)
	return w
}

func (w *world) openBrowser(t *testing.T) {
	t.Helper()
	chromium := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			chromium = found
			break
		}
	}
	if chromium == "" {
		lacking(t, "a browser (chromium or google-chrome in PATH)")
	}
	flags := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(chromium), chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	if os.Getuid() == 0 {
		flags = append(flags, chromedp.NoSandbox)
	}
	browser, stop := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(flags...), chromedp.WithErrorf(func(string, ...any) {}))
	w.browser = browser
	t.Cleanup(func() { _ = chromedp.Cancel(browser); stop() })
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("start %s: %v", chromium, err)
	}
}

func (w *world) openApp(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC) // a Wednesday
	w.now = now
	file := filepath.Join(t.TempDir(), "venterom.db")
	var err error
	w.app, err = Open(ctx, Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: file, Address: "127.0.0.1:0", BaseURL: printed, Surveys: writeLongSurvey(t), SMS: "log", SMSPrice: 60, Log: "error", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	points, _, err := w.app.fillDemo(ctx, now)
	if err != nil {
		t.Fatal(err)
	}
	w.full, w.demo = points[0], points
	networks, err := w.app.Store.ParticipatesIn(ctx, w.full.PracticeID)
	if err != nil || len(networks) != 1 {
		t.Fatalf("the first practice is in %d networks, %v", len(networks), err)
	}
	w.network = networks[0].NetworkID
	w.empty = w.newPractice(t, "Nymoen legekontor")
	w.long = w.newPractice(t, "Fastlegekontoret ved Sankthanshaugen og Bjørnstjerne Bjørnsons plass legegruppe")
	if w.retired, err = w.app.Store.CreatePoint(ctx, w.full.PracticeID, "Gangen"); err != nil {
		t.Fatal(err)
	}
	if err := w.app.Store.SetPointRetired(ctx, w.full.PracticeID, w.retired.Code, true); err != nil {
		t.Fatal(err)
	}
	if _, w.fresh, err = w.app.Store.CreatePractice(ctx, practice.Practice{Name: "Nyvik legekontor", Phone: "55 00 91 00"}, "Venterommet"); err != nil {
		t.Fatal(err)
	}
	if _, w.shut, err = w.app.Store.CreatePractice(ctx, practice.Practice{Live: true, Name: "Stille legekontor", Phone: "55 00 92 00"}, "Venterommet"); err != nil {
		t.Fatal(err)
	}
	hash, err := practice.HashPassword(demoPassword)
	if err != nil {
		t.Fatal(err)
	}
	for email, members := range map[string][]practice.Member{
		newEmail:   {{PracticeID: w.fresh.PracticeID, Role: practice.Lead}},
		emptyEmail: {{PracticeID: w.empty.PracticeID, Role: practice.Lead}},
		twoEmail:   {{PracticeID: w.full.PracticeID, Role: practice.Lead}, {PracticeID: w.long.PracticeID, Role: practice.Lead}, {PracticeID: w.demo[10].PracticeID, Role: practice.Lead}},
	} {
		if _, err := w.app.Store.CreateAccount(ctx, practice.Account{Email: email, Name: email, Password: hash}, members...); err != nil {
			t.Fatal(err)
		}
	}
	w.openStaff(t)
	// The networks that were made for it are in its notice now.
	full, err := w.app.Store.Practice(ctx, w.full.PracticeID)
	if err == nil {
		err = w.app.approveDemo(ctx, now, []practice.Practice{full})
	}
	if err != nil {
		t.Fatal(err)
	}
	people, err := w.app.Store.People(ctx, w.full.PracticeID)
	if err != nil {
		t.Fatal(err)
	}
	w.person = people[len(people)-1].ID
	for _, o := range []practice.Offer{{Role: practice.Staff, Name: "Per Li"}, {Role: practice.Lead, Name: "Ingvild Haugland-Bjørnstad"}} {
		o.PracticeID = w.full.PracticeID
		if _, w.offered, err = w.app.Store.MakeOffer(ctx, o, now); err != nil {
			t.Fatal(err)
		}
	}
	if w.words, err = i18n.Load(disclosure.Floor, disclosure.CohortFloor); err != nil {
		t.Fatal(err)
	}
	if w.counts, err = sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)"); err != nil {
		t.Fatal(err)
	}
	for _, b := range []struct {
		week, state, day string
		n                int
	}{{"2026-W40", store.BurstDropped, "2026-10-06", 41}, {"2026-W46", store.BurstHeld, "", 23}, {"2026-W47", store.BurstHeld, "", 12}} {
		if _, err := w.counts.Exec(`INSERT INTO burst (practice_id, survey, version, week, n, state, decided_on, value) VALUES ($1, 'visit', 1, $2, $3, $4, $5, '')`,
			w.long.PracticeID, b.week, b.n, b.state, b.day); err != nil {
			t.Fatal(err)
		}
	}
	w.address = "http://" + w.serve(t, true).String()
}

// serve runs the world's server for as long as the test and returns where it listens.
func (w *world) serve(t *testing.T, demo bool) net.Addr {
	t.Helper()
	serving, stop := context.WithCancel(context.Background())
	listening, served := make(chan net.Addr, 1), make(chan error, 1)
	go func() { served <- w.app.Serve(serving, demo, func(a net.Addr) { listening <- a }) }()
	t.Cleanup(func() {
		stop()
		err := errors.Join(<-served, w.app.Close())
		if w.counts != nil {
			err = errors.Join(err, w.counts.Close())
		}
		if err != nil {
			t.Error(err)
		}
	})
	select {
	case a := <-listening:
		return a
	case err := <-served:
		served <- nil // for the end of the test
		t.Fatal(err)
	}
	return nil
}

// newLead makes an account that leads a practice, and returns its address.
func (w *world) newLead(t *testing.T, practiceID string) string {
	t.Helper()
	hash, err := practice.HashPassword(demoPassword)
	if err != nil {
		t.Fatal(err)
	}
	email := strings.ToLower(practiceID) + "@demo.example"
	if _, err := w.app.Store.CreateAccount(context.Background(), practice.Account{Email: email, Name: email, Password: hash},
		practice.Member{PracticeID: practiceID, Role: practice.Lead}); err != nil {
		t.Fatal(err)
	}
	return email
}

// newPractice makes a practice that asks everything, so that a test has its own counters.
func (w *world) newPractice(t *testing.T, name string) practice.Point {
	t.Helper()
	_, point, err := w.app.Store.CreatePractice(context.Background(), practice.Practice{Live: true, QR: true, Network: true, Name: name, Phone: "55 00 99 00", Digital: true}, "Venterommet")
	if err != nil {
		t.Fatal(err)
	}
	return point
}

// counted is what waits to be released of the visits of a practice. A close that releases nothing is
// the way to see it; it is undone, so that it can be made again.
func (w *world) counted(t *testing.T, practiceID string) (sums store.Sums) {
	t.Helper()
	const farOff = "2999-W01"
	ctx := context.Background()
	points, err := w.app.Store.Points(ctx, practiceID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.app.Store.CloseWeek(ctx, farOff, store.Division{Divide: func(survey string, pending store.Sums) (release, rest store.Sums) {
		for _, p := range points {
			if survey == "visit" && pending.Points.Counts[string(p.Code)] > 0 {
				sums = pending
			}
		}
		return store.Sums{}, pending
	}})
	if err == nil {
		_, err = w.counts.Exec("DELETE FROM closing WHERE week = $1", farOff)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// webPage is a page as somebody comes to it.
type webPage struct {
	name, path string
	email      string       // who has signed in; empty for a patient
	then       func(b *tab) // what is done on it before it is as we want it; may be nil
}

// pages lists every page there is, in the states that look different.
func (w *world) pages() []webPage {
	form, kiosk := "/k/"+string(w.full.Code), "/kiosk/"+string(w.full.Code)
	full, empty := "/practices/"+w.full.PracticeID, "/practices/"+w.empty.PracticeID
	send := func(b *tab) { b.follow(chromedp.Click(chromedp.CSS(".primary"))) }
	return slices.Concat(w.paper(), w.staffPages(), []webPage{
		{"form", form, "", nil},
		{"form-nn", form + "?lang=nn", "", nil},
		{"form-en", form + "?lang=en", "", nil},
		{"form-chosen", form, "", func(b *tab) { b.choose("visit.polite", "5"); b.choose("visit.waittime", "na") }},
		{"form-empty", form, "", send},
		{"thanks", form, "", func(b *tab) {
			b.choose("visit.polite", "5")
			b.choose("visit.waitroom", "3")
			b.choose("visit.consult", "4")
			send(b)
		}},
		{"kiosk", kiosk, "", nil},
		{"kiosk-form", kiosk, "", func(b *tab) { b.language("nb"); b.answer("visit.polite", "4") }},
		{"kiosk-form-empty", kiosk, "", func(b *tab) {
			b.language("en")
			b.tap("form > .primary")
			b.until("document.querySelector('.problem') !== null")
		}},
		{"kiosk-still", kiosk, "", func(b *tab) {
			b.language("nb")
			b.pass(41 * time.Second)
			b.until("document.querySelector('dialog')?.open === true")
			eval[int](b, "(() => { const at = Date.now(); Date.now = () => at; return 0; })()") // so that it stays
		}},
		{"kiosk-waiting", kiosk, "", func(b *tab) {
			eval[int](b, "(window.fetch = () => new Promise(() => {})) && 0")
			b.tap(".choices button[lang=nb]")
			b.shows("waiting")
		}},
		{"kiosk-sending", kiosk, "", func(b *tab) {
			b.language("nb")
			b.answer("visit.polite", "4")
			eval[int](b, "(window.fetch = () => new Promise(() => {})) && 0")
			b.tap("form > .primary")
			b.shows("sending")
		}},
		{"kiosk-failed", kiosk, "", func(b *tab) {
			b.language("nb")
			b.answer("visit.polite", "4")
			eval[int](b, "(window.fetch = () => Promise.reject(new TypeError())) && 0")
			b.tap("form > .primary")
			b.shows("sending")
			b.pass(2 * time.Minute)
			b.shows("failed")
			eval[int](b, "(() => { const at = Date.now(); Date.now = () => at; return 0; })()")
		}},
		{"kiosk-thanks", kiosk, "", func(b *tab) {
			b.language("nb")
			b.answer("visit.polite", "4")
			b.answer("visit.overall", "5")
			b.tap("form > .primary")
			b.shows("thanks")
			eval[int](b, "(() => { const at = Date.now(); Date.now = () => at; return 0; })()")
		}},
		{"kiosk-long", "/kiosk/" + string(w.long.Code), "", nil},
		{"kiosk-unknown", "/kiosk/" + string(practice.NewCode()), "", nil},
		{"start", "/", "", nil},
		{"unknown-code", "/k/" + string(practice.NewCode()), "", nil},
		{"retired-code", "/k/" + string(w.retired.Code), "", nil},
		{"not-found", "/nowhere", "", nil},
		{"login", "/login", "", nil},
		{"login-wrong", "/login", "", func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }},
		{"dashboard", full, leadEmail, nil},
		{"dashboard-digital", full + "?survey=digital", leadEmail, nil},
		{"assumption", full, twoEmail, nil}, // has not opened the results
		{"assumption-digital", full + "?survey=digital", twoEmail, nil},
		{"assumption-wrong", full, twoEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }},
		{"assumption-locked", full + "/assumption", leadEmail, nil},
		{"points", full + "/points", leadEmail, nil},
		{"points-wrong", full + "/points", leadEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }},
		{"people", full + "/people", leadEmail, nil},
		{"people-staff", full + "/people", staffEmail, nil},
		{"people-only", empty + "/people", emptyEmail, nil},
		{"people-wrong", full + "/people", leadEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }},
		{"people-link", full + "/people", leadEmail, func(b *tab) {
			b.do(chromedp.SendKeys(chromedp.ID("name"), "Ola Nordmann"))
			b.follow(chromedp.Click(chromedp.CSS("main .primary")))
		}},
		{"person", full + "/people/" + w.person, leadEmail, nil},
		{"person-wrong", full + "/people/" + w.person, leadEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .button"))) }},
		{"join", "/join/" + w.offered, "", nil},
		{"join-wrong", "/join/" + w.offered, "", send},
		{"join-signed-in", "/join/" + w.offered, emptyEmail, nil},
		{"log", full + "/log", leadEmail, nil},
		{"export", full + "/export", leadEmail, nil},
		{"export-unopened", full + "/export", twoEmail, nil},
		{"delete", full + "/delete", leadEmail, nil},
		{"delete-wrong", full + "/delete", leadEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .final"))) }},
		{"poster", full + "/points/" + string(w.full.Code) + "/poster", leadEmail, nil},
		{"kit", full + "/points/" + string(w.full.Code) + "/kit", staffEmail, nil},
		{"card", full + "/points/" + string(w.full.Code) + "/card", staffEmail, nil},
		{"letter", full + "/points/" + string(w.full.Code) + "/letter", staffEmail, nil},
		{"paper", full + "/paper", staffEmail, nil},
		{"batch", full + "/paper/entry", staffEmail, nil},
		{"batch-wrong", full + "/paper/entry", staffEmail, func(b *tab) { b.typeSheets("543211123400", "54321", "9", "----"); b.sendBatch("review") }},
		{"batch-few", full + "/paper/entry", staffEmail, func(b *tab) { b.typeSheets(stack[:3]...); b.sendBatch("review") }},
		{"batch-review", full + "/paper/entry", staffEmail, func(b *tab) { b.typeSheets(stack...); b.sendBatch("review") }},
		{"batch-counted", full + "/paper/entry", staffEmail, func(b *tab) { b.typeSheets(stack...); b.sendBatch("review"); b.sendBatch("send") }},
		{"invitations", full + "/invitations", leadEmail, nil},
		{"invitations-staff", full + "/invitations", staffEmail, nil},
		{"invitations-off", empty + "/invitations", emptyEmail, nil},
		{"invitations-stopped", full + "/invitations?done=stopped", staffEmail, nil},
		{"invitations-wrong", full + "/invitations", leadEmail, func(b *tab) { b.tryList("navn\nKari\n") }},
		{"invitations-dry", full + "/invitations", leadEmail, func(b *tab) { b.tryList(demoList(b.w, 24)) }},
		{"invitations-dry-none", full + "/invitations", leadEmail, func(b *tab) { b.tryList("mobil;dato\n1;2\n") }},
		{"invitations-sent", full + "/invitations", leadEmail, func(b *tab) { b.tryList(demoList(b.w, 24)); b.sendList() }},
		{"asking", full + "/asking", leadEmail, nil},
		{"asking-new", empty + "/asking", emptyEmail, nil},
		{"asking-wrong", full + "/asking", leadEmail, func(b *tab) {
			b.do(chromedp.SetValue(chromedp.ID("sender"), "INFO"), chromedp.SetValue(chromedp.ID("wait"), "30"),
				chromedp.SetValue(chromedp.ID("text_nb"), "«Hei» – hvordan går det med blodtrykket? {practice} {link}"))
			b.follow(chromedp.Click(chromedp.CSS("form.asking .primary")))
		}},
		{"slips", full + "/slips", staffEmail, nil},
		{"slips-wrong", full + "/slips", staffEmail, func(b *tab) {
			b.do(chromedp.SetValue(chromedp.ID("sheets"), "99"))
			b.follow(chromedp.Click(chromedp.CSS("main .primary")))
		}},
		{"slip", full + "/slips", staffEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }},
		{"slip-long", "/practices/" + w.long.PracticeID + "/slips", twoEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }},
		{"keys", full + "/keys", leadEmail, nil},
		{"keys-made", full + "/keys", leadEmail, func(b *tab) {
			eval[int](b, `(document.querySelector("#label").value = "Journalsystemet på Eidsvåg") && 0`)
			b.follow(chromedp.Click(chromedp.CSS("main .primary")))
		}},
		{"keys-wrong", full + "/keys", leadEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }},
		{"points-staff", full + "/points", staffEmail, nil},
		{"points-held", "/practices/" + w.long.PracticeID + "/points", twoEmail, nil},
		{"points-held-wrong", "/practices/" + w.long.PracticeID + "/points", twoEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("button[value=drop]"))) }},
		{"dashboard-held", "/practices/" + w.long.PracticeID, twoEmail, nil},
		{"practices", "/practices", twoEmail, nil},
		{"card-long", "/practices/" + w.long.PracticeID + "/points/" + string(w.long.Code) + "/card", twoEmail, nil},
		{"letter-long", "/practices/" + w.long.PracticeID + "/points/" + string(w.long.Code) + "/letter", twoEmail, nil},
		{"paper-long", "/practices/" + w.long.PracticeID + "/paper", twoEmail, nil},
		{"poster-long", "/practices/" + w.long.PracticeID + "/points/" + string(w.long.Code) + "/poster", twoEmail, nil},
		{"dashboard-empty", empty, emptyEmail, nil},
		{"admin", "/admin", operatorEmail, nil},
		{"account", "/account", leadEmail, nil},
		{"secure", "/account/secure", leadEmail, nil},
		{"totp", "/account/totp", leadEmail, nil},
		{"totp-wrong", "/account/totp", leadEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }},
		{"password", "/account/password", leadEmail, nil},
		{"password-wrong", "/account/password", leadEmail, func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }},
		{"report-early", empty + "/report", emptyEmail, nil},
	}, w.translated())
}

// options is how a tab differs from that of somebody in Norway with an ordinary phone.
type options struct {
	noScript  bool
	dark      bool
	languages string // Accept-Language; empty means bokmål
}

// tab is a browser tab with its own cookies and cache.
type tab struct {
	t   *testing.T
	w   *world
	ctx context.Context
	as  string // who has signed in

	mu         sync.Mutex
	requests   []*network.EventRequestWillBeSent
	received   map[network.RequestID]float64 // bytes over the wire
	complaints []string
	asked      int // how often a page asked whether to leave it
}

// tab opens a tab. When the test ends, it fails if the browser complained of anything or asked another
// host for something.
func (w *world) tab(t *testing.T, width, height int64, o options) *tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(w.browser, chromedp.WithNewBrowserContext())
	b := &tab{t: t, w: w, ctx: ctx, received: map[network.RequestID]float64{}}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		stop()
		for _, complaint := range b.complained() {
			t.Errorf("the browser complains: %s", complaint)
		}
	})
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	languages := o.languages
	if languages == "" {
		languages = "nb-NO,nb;q=0.9,no;q=0.8,en;q=0.5"
	}
	call(b, audits.Enable, cdp.Empty{})
	call(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": languages}})
	if o.noScript {
		call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	b.resize(width, height)
	b.light(!o.dark)
	return b
}

// note keeps what the tests ask about. It runs between the browser's messages and must not wait.
func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	complain := func(format string, args ...any) { b.complaints = append(b.complaints, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e)
		if strings.HasPrefix(e.Request.URL, "http") && !slices.ContainsFunc(append(b.w.others, b.w.address), func(a string) bool { return strings.HasPrefix(e.Request.URL, a+"/") }) {
			complain("%s was asked of another host", e.Request.URL)
		}
	case *network.EventLoadingFinished:
		b.received[e.RequestID] = e.EncodedDataLength
	case *network.EventResponseReceived:
		if e.Type != network.ResourceTypeDocument && e.Type != network.ResourceTypeFetch && e.Response.Status >= http.StatusBadRequest {
			complain("%s is answered by %d", e.Response.URL, e.Response.Status)
		}
	case *cdplog.EventEntryAdded:
		// That a page has the status 404 or 422 is as it should be.
		if e.Entry.Source != cdplog.EntrySourceNetwork && (e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning) {
			complain("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		if details := e.Issue.Details.ContentSecurityPolicyIssueDetails; details != nil {
			complain("content security policy: %s", details.ViolatedDirective)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, a := range e.Args {
				complain("console: %s%s", a.Value, a.Description)
			}
		}
	case *page.EventJavascriptDialogOpening: // a page asks whether to leave what was typed: yes
		b.asked++
		go func() {
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	case *runtime.EventExceptionThrown:
		complain("%s", (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	}
}

// call sends the browser a command.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// eval is the value of a JavaScript expression, also where the page's own scripts are off.
func eval[T any](b *tab, expression string, o ...chromedp.EvaluateOption) T {
	b.t.Helper()
	return run(b, chromedp.Evaluate[T](expression, o...))
}

func run[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	run(b, chromedp.Steps(steps...))
}

// open goes to an address of ours and returns the page's status.
func (b *tab) open(path string) int64 {
	b.t.Helper()
	return run(b, chromedp.NavigateResponse(b.w.address+path)).Status
}

// follow does something that leads to another page, and returns that page's status.
func (b *tab) follow(steps ...chromedp.Action[chromedp.Void]) int64 {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	r, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		b.t.Fatal(err)
	}
	return r.Status
}

// until waits for a condition of the page.
func (b *tab) until(condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for again := time.NewTicker(10 * time.Millisecond); ; {
		// Between two pages there is none to ask: that is no error yet.
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](condition))
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("waited in vain for %s: %v", condition, err)
		case <-again.C:
		}
	}
}

// await waits for something that the browser tells of by itself. The condition may read what note keeps.
func (b *tab) await(what string, condition func() bool) {
	b.t.Helper()
	late := time.After(patience)
	for again := time.NewTicker(10 * time.Millisecond); ; {
		b.mu.Lock()
		ok := condition()
		b.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-late:
			b.t.Fatalf("waited in vain for %s", what)
		case <-again.C:
		}
	}
}

func (b *tab) resize(width, height int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height))
}

func (b *tab) light(light bool) {
	b.t.Helper()
	scheme := "dark"
	if light {
		scheme = "light"
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"}, // what is measured must not be on its way
	}})
}

// visit comes to a page as somebody does.
func (b *tab) visit(p webPage) {
	b.t.Helper()
	if p.email != b.as {
		call(b, network.ClearBrowserCookies, cdp.Empty{})
		if b.as = p.email; b.as != "" {
			b.signIn(p.email)
		}
	}
	b.open(p.path)
	if p.then != nil {
		p.then(b)
	}
	b.until("document.readyState === 'complete'")
}

func (b *tab) signIn(email string) {
	b.t.Helper()
	b.open("/login")
	b.do(chromedp.SendKeys(chromedp.ID("email"), email))
	b.follow(chromedp.SendKeys(chromedp.ID("password"), demoPassword+kb.Enter))
	if at := eval[string](b, "location.pathname"); at == "/login" {
		b.t.Fatalf("%s could not sign in", email)
	}
}

// choose clicks the words of an answer.
func (b *tab) choose(question, code string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf("label:has([name=%q][value=%q]) span", question, code))))
}

// chosen is what is chosen in the form, by question.
func (b *tab) chosen() map[string]string {
	b.t.Helper()
	return eval[map[string]string](b, "Object.fromEntries([...document.querySelectorAll('input:checked')].map(i => [i.name, i.value]))")
}

// answered is one line of the thanks.
type answered struct{ Question, Answer string }

func (b *tab) thanked() []answered {
	b.t.Helper()
	return eval[[]answered](b, `[...document.querySelectorAll(".counted li")].map(li =>
		({Question: li.querySelector("span").textContent, Answer: li.querySelector("strong").textContent}))`)
}

// expected is what the thanks should list for answers to the questions about the visit.
func (w *world) expected(tag, channel string, answers map[string]string, index string) []answered {
	visit, _ := w.app.Surveys.Latest("visit")
	l := w.words.In(tag)
	var out []answered
	for _, q := range visit.Questions {
		if code, ok := answers[q.ID]; ok {
			out = append(out, answered{q.Text.In(tag), q.Label(code).In(tag)})
		}
	}
	if index != "" {
		out = append(out, answered{l.T("thanks.index"), l.T("thanks.of_100", "Value", index)})
	}
	return append(out, answered{l.T("thanks.responses"), l.T("channel." + channel)}, answered{l.T("thanks.point"), l.T("thanks.this_code")})
}

func scanWithoutScript(t *testing.T, w *world) {
	scan(t, w, w.newPractice(t, "Åsen legekontor"), true)
}

func scanWithScript(t *testing.T, w *world) { scan(t, w, w.newPractice(t, "Dalen legekontor"), false) }

// scan is a visit with a phone, from the printed code to the thanks.
func scan(t *testing.T, w *world, point practice.Point, noScript bool) {
	b := w.tab(t, narrow, 640, options{noScript: noScript})
	if status := b.open("/K/" + strings.ToUpper(string(point.Code))); status != http.StatusOK {
		t.Fatalf("the form's status: got %d, want 200", status)
	}
	b.isLight()
	if got := b.chosen(); len(got) != 0 {
		t.Errorf("chosen before anything is touched: %v", got)
	}
	b.fits()

	b.choose("visit.polite", "5")
	b.choose("visit.waitroom", "3")
	b.choose("visit.waittime", "na")
	b.choose("visit.consult", "4")
	b.choose("visit.overall", "2")
	want := map[string]string{"visit.polite": "5", "visit.waitroom": "3", "visit.waittime": "na", "visit.consult": "4", "visit.overall": "2"}
	if !noScript {
		clear := chromedp.CSS("#visit-overall .clear")
		b.do(chromedp.Click(clear))
		delete(want, "visit.overall")
		if !eval[bool](b, "document.activeElement.name === 'visit.overall' && document.querySelector('#visit-overall .clear').hidden") {
			t.Error("after an answer is taken back, the focus is not on it or the button is still there")
		}
	} else {
		b.choose("visit.overall", "4")
		want["visit.overall"] = "4"
	}
	if got := b.chosen(); !maps.Equal(got, want) {
		t.Errorf("chosen: got %v, want %v", got, want)
	}

	b.follow(chromedp.Click(chromedp.CSS("button[value=nn]")))
	if got := eval[string](b, "document.documentElement.lang"); got != "nn" {
		t.Errorf("language after the switch: got %q, want nn", got)
	}
	if got := b.chosen(); !maps.Equal(got, want) {
		t.Errorf("chosen after the switch: got %v, want %v", got, want)
	}
	if !noScript && eval[bool](b, "document.querySelector('#visit-polite .clear').hidden") {
		t.Error("an answer that was kept through the switch cannot be taken back")
	}

	b.follow(chromedp.Click(chromedp.CSS("form > .primary")))
	answers, index := map[string]string{"polite": "5", "waitroom": "3", "waittime": "na", "consult": "4"}, "75"
	if noScript {
		answers["overall"] = "4"
	}
	if got, want := b.thanked(), w.expected("nn", "qr", answers, index); !slices.Equal(got, want) {
		t.Errorf("thanks:\n got %v\nwant %v", got, want)
	}
	b.fits()
	b.leavesNothing()
	if got := w.counted(t, point.PracticeID).Channels.Counts; !maps.Equal(got, map[string]int{"qr": 1}) {
		t.Errorf("counted: got %v, want one by qr", got)
	}
}

// fits fails if the page must be scrolled sideways.
func (b *tab) fits() {
	b.t.Helper()
	if got := eval[string](b, "document.documentElement.scrollWidth > innerWidth ? document.documentElement.scrollWidth + ' px in ' + innerWidth : ''"); got != "" {
		b.t.Errorf("%s scrolls sideways: %s", eval[string](b, "document.title"), got)
	}
}

// isLight fails if the form, the first page of a visit, asks the phone for too much.
func (b *tab) isLight() {
	b.t.Helper()
	const most = 12_000 // bytes: less than the ten packets a server may send before it hears from the phone
	icon := eval[string](b, "document.querySelector('link[rel=icon]').href")
	b.await("the icon", func() bool { // which browsers ask for last
		i := slices.IndexFunc(b.requests, func(r *network.EventRequestWillBeSent) bool { return r.Request.URL == icon })
		return i >= 0 && b.received[b.requests[i].RequestID] > 0
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	waitedFor, bytes, list := 0, 0.0, ""
	for _, r := range b.requests {
		if r.Type == network.ResourceTypeDocument || r.RenderBlockingBehavior == network.RenderBlockingBehaviorBlocking {
			waitedFor++
		}
		bytes += b.received[r.RequestID]
		list += fmt.Sprintf("\n%6.0f %s %s %s", b.received[r.RequestID], r.Type, r.RenderBlockingBehavior, r.Request.URL)
	}
	b.t.Logf("the first visit takes %.0f bytes:%s", bytes, list)
	if waitedFor > 2 {
		b.t.Errorf("the form waits for %d requests, want at most 2", waitedFor)
	}
	if bytes > most {
		b.t.Errorf("the first visit takes %.0f bytes, want at most %d", bytes, most)
	}
}

// leavesNothing fails if the visit left anything in the browser.
func (b *tab) leavesNothing() {
	b.t.Helper()
	if cookies := call(b, network.GetCookies, network.GetCookiesParams{}).Cookies; len(cookies) > 0 {
		b.t.Errorf("cookies: %d, first %s", len(cookies), cookies[0].Name)
	}
	if left := eval[[]string](b, `(async () => [...Object.keys(localStorage), ...Object.keys(sessionStorage),
		...(await indexedDB.databases()).map(d => d.name), ...await caches.keys(), ...(await navigator.serviceWorker.getRegistrations()).map(r => r.scope)])()`,
		chromedp.EvalAwaitPromise); len(left) > 0 {
		b.t.Errorf("in the browser's storage: %q", left)
	}
}

func sendTwice(t *testing.T, w *world) {
	point := w.newPractice(t, "Bakken legekontor")
	b := w.tab(t, narrow, 640, options{})
	b.open("/k/" + string(point.Code))
	b.choose("visit.polite", "5")
	b.do(chromedp.DoubleClick(chromedp.CSS("form > .primary")))
	b.until("document.readyState === 'complete' && document.querySelector('.counted') !== null")
	b.follow(chromedp.Reload())
	if got, want := b.thanked(), w.expected("nb", "qr", map[string]string{"polite": "5"}, ""); !slices.Equal(got, want) {
		t.Errorf("thanks after a reload:\n got %v\nwant %v", got, want)
	}
	sent := 0
	b.mu.Lock()
	for _, r := range b.requests {
		if r.Request.Method == http.MethodPost {
			sent++
		}
	}
	b.mu.Unlock()
	if sent < 2 {
		t.Errorf("the form was sent %d times: this test shows nothing", sent)
	}
	if got := w.counted(t, point.PracticeID).Channels.Counts; !maps.Equal(got, map[string]int{"qr": 1}) {
		t.Errorf("counted when sent %d times: got %v, want one by qr", sent, got)
	}
}

// key presses a key as a keyboard does. The library's own way lets one Enter both follow a link and
// send the form that the link leads into.
func key(k string, o ...chromedp.KeyOption) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent(k, append(o, func(p *input.DispatchKeyEventParams) {
		if p.Type == input.DispatchKeyEventTypeKeyDown {
			p.Type = input.DispatchKeyEventTypeRawKeyDown
		}
	})...)
}

// press presses a key and fails if the focus is then nowhere, outside the window or hard to see. It
// returns what has it: a field's name, or else its words.
func (b *tab) press(k string, o ...chromedp.KeyOption) string {
	b.t.Helper()
	b.do(key(k, o...))
	name, wrong := b.focused()
	if wrong != "" {
		b.t.Errorf("focus at %q %s", name, wrong)
	}
	return name
}

// focused is what has the focus, and what is wrong with that.
func (b *tab) focused() (name, wrong string) {
	b.t.Helper()
	at := eval[struct {
		Name, Wrong string
	}](b, `(() => {
		const e = document.activeElement, box = e.closest("label") ?? e, r = box.getBoundingClientRect();
		const ring = x => { const s = getComputedStyle(x); return s.outlineStyle === "none" ? 0 : parseFloat(s.outlineWidth); };
		const wrong = e === document.body ? "is nowhere" : Math.max(ring(e), ring(box)) < 2 ? "has no ring of 2 px" :
			e.matches(".scroll") ? (Math.min(r.bottom, innerHeight) - Math.max(r.top, 0) < 100 ? "is a table that is out of sight" : "") :
			r.top < 0 || r.bottom > innerHeight || r.left < 0 || r.right > innerWidth ? "is outside the window" : "";
		return {Name: e.name || e.textContent.trim(), Wrong: wrong};
	})()`)
	return at.Name, at.Wrong
}

func keyboardOnly(t *testing.T, w *world) {
	point := w.newPractice(t, "Elvebredden legekontor")
	b := w.tab(t, narrow, 640, options{})
	b.open("/k/" + string(point.Code))
	l := w.words.In("nb")
	var stops []string
	for range 60 {
		at := b.press(kb.Tab)
		stops = append(stops, at)
		switch at {
		case "visit.polite": // the space bar chooses, an arrow changes
			b.press(" ")
			if got := b.chosen()[at]; got != "1" {
				t.Errorf("chosen by the space bar: got %q, want 1", got)
			}
			b.press(kb.ArrowDown)
			b.press(kb.ArrowDown)
		case "visit.waitroom":
			b.press(kb.ArrowDown)
		}
		if at == l.T("form.send") {
			break
		}
	}
	if at := stops[len(stops)-1]; at != l.T("form.send") {
		t.Fatalf("the button is not reached; stops: %q", stops)
	}
	for _, wanted := range []string{"switch", "visit.polite", l.T("form.clear"), "visit.overall", "digital.website"} {
		if !slices.Contains(stops, wanted) {
			t.Errorf("the focus never stops at %q; stops: %q", wanted, stops)
		}
	}
	if got, want := b.chosen(), map[string]string{"visit.polite": "3", "visit.waitroom": "2"}; !maps.Equal(got, want) {
		t.Errorf("chosen: got %v, want %v", got, want)
	}
	// Enter in a group sends the form by its first button, which must not be the switch of language.
	if at := b.press(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)); at != "digital.website" {
		t.Fatalf("before the button is %q, want the last question", at)
	}
	b.follow(key(kb.Enter))
	if got := eval[string](b, "document.documentElement.lang"); got != "nb" {
		t.Errorf("language after Enter: got %q, want nb", got)
	}
	if got, want := b.thanked(), w.expected("nb", "qr", map[string]string{"polite": "3", "waitroom": "2"}, ""); !slices.Equal(got, want) {
		t.Errorf("thanks:\n got %v\nwant %v", got, want)
	}
}

func emptyForm(t *testing.T, w *world) {
	for _, noScript := range []bool{false, true} {
		for _, tag := range i18n.Languages {
			b := w.tab(t, narrow, 640, options{noScript: noScript, languages: tag})
			b.open("/k/" + string(w.full.Code))
			if status := b.follow(chromedp.Click(chromedp.CSS("form > .primary"))); status != http.StatusUnprocessableEntity {
				t.Errorf("%s: status: got %d, want 422", tag, status)
			}
			b.until("document.activeElement.className === 'problem'")
			l := w.words.In(tag)
			if title := eval[string](b, "document.title"); !strings.HasPrefix(title, l.T("error.prefix")) {
				t.Errorf("%s: title: got %q, want %q first", tag, title, l.T("error.prefix"))
			}
			if same := eval[bool](b, "document.querySelector('.problem a').textContent === document.querySelector('fieldset .wrong').textContent"); !same {
				t.Errorf("%s: on top and at the field it says different things", tag)
			}
			if at := b.press(kb.Tab); at != l.T("form.empty") {
				t.Errorf("%s: after the summary: got %q, want its link", tag, at)
			}
			b.do(key(kb.Enter))
			b.until("document.activeElement === document.querySelector('input[type=radio]')")
		}
	}
}

// crowded lists text that is cut, sticks out of its box or lies on other text.
const crowded = `(() => {
	const found = [], width = document.documentElement.scrollWidth;
	if (width > innerWidth) found.push("the page is " + width + " px wide");
	const name = e => e.tagName.toLowerCase() + (e.getAttribute("class") ? "." + e.getAttribute("class") : "") + " “" + e.textContent.trim().replace(/\s+/g, " ").slice(0, 40) + "”";
	const asking = document.querySelector("dialog[open]"); // covers the page
	const left = e => e.closest("svg, .scroll, .unseen, .chart, .preview") || asking && !asking.contains(e) || !e.checkVisibility({visibilityProperty: true});
	const tight = [...document.body.querySelectorAll("*")].filter(e => {
		const s = getComputedStyle(e);
		return !left(e) && s.display !== "inline" && s.display !== "contents" && e.tagName !== "INPUT" && e !== asking /* it scrolls */ && e.textContent.trim() &&
			(e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 2);
	});
	for (const e of tight.filter(e => !tight.some(o => o !== e && e.contains(o)))) // the innermost are to blame
		found.push(name(e) + " is " + e.scrollWidth + " × " + e.scrollHeight + " px in " + e.clientWidth + " × " + e.clientHeight);
	const boxes = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; (n = walk.nextNode());) {
		if (!n.data.trim() || left(n.parentElement)) continue;
		const range = document.createRange();
		range.selectNodeContents(n);
		for (const r of range.getClientRects()) boxes.push({r, e: n.parentElement});
	}
	for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
		const a = boxes[i].r, b = boxes[j].r;
		if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > a.height / 6)
			found.push(name(boxes[i].e) + " lies on " + name(boxes[j].e));
	}
	return [...new Set(found)].slice(0, 8);
})()`

func roomForText(t *testing.T, w *world) {
	t.Parallel()
	b := w.tab(t, narrow, 640, options{})
	for _, p := range w.pages() {
		for _, reader := range []struct{ name, needs string }{
			{"as it is", "0"},
			{"with more space", `(() => { // WCAG 2.2, 1.4.12
				const sheet = new CSSStyleSheet();
				sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }");
				document.adoptedStyleSheets = [sheet];
				return 0;
			})()`},
			{"at 200 %", `(() => { // WCAG 2.2, 1.4.4
				document.adoptedStyleSheets = [];
				const all = [...document.body.querySelectorAll(":not(svg *)")];
				for (const e of all) e.style.fontSize = "";
				const sizes = all.map(e => [e, parseFloat(getComputedStyle(e).fontSize)]);
				for (const [e, size] of sizes) e.style.fontSize = 2 * size + "px";
				return 0;
			})()`},
		} {
			if reader.needs == "0" {
				b.visit(p)
			}
			for _, width := range []int64{narrow, upright} {
				b.resize(width, 640)
				eval[int](b, reader.needs)
				for _, found := range eval[[]string](b, crowded) {
					t.Errorf("%s at %d px, text %s: %s", p.name, width, reader.name, found)
				}
			}
		}
	}
}

func largeTargets(t *testing.T, w *world) {
	t.Parallel()
	b := w.tab(t, narrow, 640, options{})
	for _, p := range w.pages() {
		b.visit(p)
		least := 44
		if strings.HasPrefix(p.name, "kiosk") { // used standing, at arm's length
			least = 60
		}
		for _, width := range []int64{narrow, wide} {
			b.resize(width, 640)
			for _, small := range eval[[]string](b, fmt.Sprintf(`[...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")].flatMap(e => {
				if (!e.checkVisibility()) return [];
				if (e.tagName === "A" && getComputedStyle(e).display === "inline" && e.parentElement.textContent.trim() !== e.textContent.trim()) return [];
				const r = (["radio", "checkbox"].includes(e.type) ? e.closest("label") : e).getBoundingClientRect();
				return r.width < %[1]d || r.height < %[1]d ? [(e.textContent.trim() || e.id) + ": " + Math.round(r.width) + " × " + Math.round(r.height)] : [];
			})`, least)) {
				t.Errorf("%s at %d px has a small target: %s", p.name, width, small)
			}
		}
	}
}

func quietConsole(t *testing.T, w *world) {
	t.Parallel()
	b := w.tab(t, wide, 800, options{})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `addEventListener("securitypolicyviolation", e => console.error(e.violatedDirective + " " + e.blockedURI + " " + e.sample))`})
	for _, p := range w.pages() {
		b.visit(p)
	}
	// The policy is what keeps scripts and styles of others out: see that it bites, and that we would notice.
	b.open("/")
	if len(b.complained()) > 0 {
		return // told when the tab closes
	}
	eval[int](b, `(() => { const s = document.createElement("script"); s.textContent = "window.bitten = true"; document.body.append(s); return 0; })()`)
	if eval[bool](b, "window.bitten === true") {
		t.Error("an inline script was run")
	}
	b.await("a complaint", func() bool { return len(b.complaints) > 0 })
	b.mu.Lock()
	b.complaints = nil
	b.mu.Unlock()
}

func (b *tab) complained() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.complaints)
}

func signInAndOut(t *testing.T, w *world) {
	b := w.tab(t, wide, 800, options{})
	dashboard := "/practices/" + w.full.PracticeID
	b.open(dashboard)
	if at := eval[string](b, "location.pathname"); at != "/login" {
		t.Fatalf("a stranger is led to %s, want /login", at)
	}
	b.signIn(leadEmail)
	if at := eval[string](b, "location.pathname"); at != dashboard {
		t.Errorf("a lead of one practice is led to %s, want the dashboard", at)
	}
	if !eval[bool](b, "document.querySelector('h1') !== null && document.body.innerText.includes('Bjørkelia')") {
		t.Error("the dashboard does not say whose it is")
	}
	cookies := call(b, network.GetCookies, network.GetCookiesParams{}).Cookies
	if len(cookies) != 2 {
		t.Fatalf("%d cookies, want the session's and the one by which this browser is known", len(cookies))
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, "__Host-venterom") || !c.HTTPOnly || !c.Secure || c.Session != (c.Name == "__Host-venterom") || c.SameSite != network.CookieSameSiteLax || c.Path != "/" {
			t.Errorf("the cookie is too weak: %+v", *c)
		}
	}
	b.follow(chromedp.Click(chromedp.CSS("form[action='/logout'] button")))
	b.open(dashboard)
	if at := eval[string](b, "location.pathname"); at != "/login" {
		t.Errorf("after signing out the dashboard leads to %s, want /login", at)
	}
}
