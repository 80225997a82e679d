package web

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// berit leads one of the other practices in Eidsvåg's network.
const berit = "berit@example.org"

// moved is a practice that has used everything there is, with what it was given and nobody may find again.
type moved struct {
	name, key, link, slip, offer string
	others                       []practice.Practice // in its network
}

const (
	movedName    = "Merkemyra legekontor"
	movedNumber  = "49012345"
	movedStopped = "49054321"
)

// live makes Eidsvåg use everything: a network of twelve that agreed to be named, results, bursts, answers that
// wait, people, offers, keys, messages on their way, a page, and text wherever text can be.
func (f *fixture) live(t *testing.T) (m moved) {
	t.Helper()
	ctx := practice.As(context.Background(), practice.Actor{AccountID: f.account(t, kari).ID, Name: kari})
	own := "/practices/" + f.eidsvag.ID
	f.signIn(t, sara) // before she has a passkey, which is not here
	f.fill(t, true, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60)
	f.fillEidsvag(t)
	f.fullPage(t)
	f.anImprovement(t)
	im, err := f.Store.CreateImprovement(ctx, practice.Improvement{PracticeID: f.eidsvag.ID, Survey: "visit", Version: 1, Questions: []string{"overall"}, Done: "Merkede stoler", Start: "2026-W45"})
	must(t, err)
	f.openResults(t, kari)
	for _, to := range []string{"publish", "close"} {
		if r := f.do(t, kari, http.MethodPost, own+"/improvements/"+im.ID+"/"+to, url.Values{"heard": {"help"}, "told": {"Merket setning"}}); r.StatusCode != 303 {
			t.Fatal(to, r.StatusCode, r.body)
		}
	}
	f.approveNotice(t, kari, f.eidsvag)
	must(t, f.Store.TakeStep(ctx, f.eidsvag.ID, practice.StepGuide, practice.DateOf(f.clock)))
	_, err = f.Store.CreatePoint(ctx, f.eidsvag.ID, "Merkedøra")
	must(t, err)
	for _, who := range []string{kari, sara} {
		for _, k := range []string{"2026-Q1", "2026-Q2"} {
			must(t, f.Store.SaveAssumptions(ctx, f.account(t, who).ID, store.Key{PracticeID: f.eidsvag.ID, Survey: "visit", Version: 1}, k,
				[]practice.Assumption{{Question: map[string]string{kari: "polite", sara: "waitroom"}[who], Believed: "4", Own: "2"}}))
		}
	}
	must(t, f.Store.ConnectIdentity(ctx, f.account(t, sara).ID, practice.Identity{Issuer: "https://merket.example", Subject: "merket-subject"}))
	_, err = f.Store.AddPasskey(ctx, practice.Passkey{ID: "merket-passkey", AccountID: f.account(t, sara).ID, Name: "Firefox", AddedWeek: "2026-W47", PublicKey: "merket-public-key"})
	must(t, err)
	m.link = f.invite(t, "nb", "49000001")[0]
	a := practice.DefaultAsking(f.eidsvag.ID)
	a.SMS, a.Sender, a.CapOre, a.Reminder, a.VisitsWeek, a.TemplateEN, a.SendingHours = true, "Merkekontor", 1_000_000, true, 240, "Marked text {practice} {link}", "mon-fri 09:00-15:00"
	must(t, f.Store.SaveAsking(ctx, a))
	m.key, err = f.Store.CreateAPIKey(ctx, f.eidsvag.ID, "Merkejournalen")
	must(t, err)
	if r := f.handIn(m.key, asCSV, "merket-navn", csvOf(append(many(20_000, 29), movedNumber)...)); r.StatusCode != http.StatusOK {
		t.Fatal(r.StatusCode, r.body)
	}
	if r := f.do(t, sara, http.MethodPost, own+"/invitations/stop", url.Values{"number": {movedStopped}}); r.StatusCode != 303 {
		t.Fatal(r.StatusCode)
	}
	slips, err := f.Store.CreateSlips(ctx, f.eidsvag.ID, 3, f.clock)
	must(t, err)
	m.slip = string(slips[0])
	must(t, f.Store.AddOpened(ctx, map[store.Opened]int{{PracticeID: f.eidsvag.ID, Week: "2026-W48"}: 7}))

	var answered []store.Entry
	for range 12 {
		answered = append(answered, store.Entry{PracticeID: f.eidsvag.ID, Channel: "sms", Answers: []store.Answers{{Survey: "visit", Version: 1, Options: map[string]string{"overall": "4"}}}})
	}
	must(t, f.Store.Count(ctx, f.clock, answered))
	f.count(t, 12) // held, and at the close a burst
	f.nextWeek(t)
	f.count(t, 3)
	f.answer(t, f.point.Code, "visit.polite", "5")
	_, m.offer, err = f.Store.MakeOffer(ctx, practice.Offer{PracticeID: f.eidsvag.ID, Role: practice.Lead, Name: "Merket Kollega"}, f.clock)
	must(t, err)
	p := f.eidsvag
	p.Name = movedName
	must(t, f.Store.SavePractice(ctx, p))
	f.eidsvag, m.name = p, p.Name
	f.forgetPoints()

	all, err := f.Store.Practices(ctx)
	must(t, err)
	m.others = slices.DeleteFunc(all, func(p practice.Practice) bool { return !strings.HasPrefix(p.Name, "Hemmelig") })
	b, err := f.Store.CreateAccount(context.Background(), practice.Account{Email: berit, Name: berit, Password: passwordHash}, practice.Member{PracticeID: m.others[0].ID, Role: practice.Lead})
	must(t, err)
	must(t, f.Store.OpenResult(ctx, b.ID, store.Key{PracticeID: m.others[0].ID, Survey: "visit", Version: 1}, "2026-Q3"))
	delete(f.cookies, kari) // a week has gone
	f.signIn(t, kari)
	return m
}

// cell is a value in the database.
type cell struct{ table, column, text string }

// cells reads every column of every table, the queue's too.
func (f *fixture) cells(t testing.TB) (all []map[string]cell) {
	t.Helper()
	driver, names := "sqlite", `SELECT name FROM sqlite_master WHERE type = 'table'`
	if store.IsPostgres(f.dsn) {
		driver, names = "postgres", `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`
	}
	db, err := sql.Open(driver, f.dsn)
	must(t, err)
	defer db.Close()
	read := func(query string) (rows []map[string]any) {
		r, err := db.Query(query)
		must(t, err)
		defer r.Close()
		columns, err := r.Columns()
		must(t, err)
		for r.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			must(t, r.Scan(into...))
			row := map[string]any{}
			for i, c := range columns {
				row[c] = values[i]
			}
			rows = append(rows, row)
		}
		must(t, r.Err())
		return rows
	}
	for _, table := range read(names) {
		for _, name := range table {
			for _, row := range read(fmt.Sprintf(`SELECT * FROM %q`, text(name))) {
				out := map[string]cell{}
				for column, value := range row {
					out[column] = cell{text(name), column, text(value)}
				}
				all = append(all, out)
			}
		}
	}
	return all
}

func text(v any) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}

// marks is every value of eight characters and more that only rows of Eidsvåg and of those with a role there alone
// have: names, texts, ids, hashes, sealed values. By what it is.
func (f *fixture) marks(t testing.TB, all []map[string]cell) map[string]string {
	t.Helper()
	mine := map[string]bool{f.eidsvag.ID: true}
	for _, who := range []string{kari, sara} {
		mine[f.account(t, who).ID] = true
	}
	for _, row := range all { // what hangs on a key
		if row["practice_id"].text == f.eidsvag.ID && row["id"].table == "api_key" {
			mine[row["id"].text] = true
		}
	}
	marks, others := map[string]string{}, map[string]bool{}
	for _, row := range all {
		its := false
		for column, c := range row {
			its = its || mine[c.text] && (column == "practice_id" || column == "account_id" || column == "api_key_id" || column == "id" && (c.table == "practice" || c.table == "account"))
		}
		for _, c := range row {
			switch {
			case its && len(c.text) >= 8:
				marks[c.text] = c.table + "." + c.column
			case !its:
				others[c.text] = true
			}
		}
	}
	maps.DeleteFunc(marks, func(text, where string) bool {
		if _, err := time.Parse(time.DateOnly, text); err == nil || strings.HasPrefix(text, "2026-") || text == "everyone" {
			return true // a day is nobody's
		}
		// An ended session is an empty row under a hash until it would have expired; questions have everybody's ids.
		return others[text] || slices.Contains([]string{"audit.action", "session.token", "assumption.question", "improvement.questions"}, where)
	})
	return marks
}

// figuresOf is what a network tells everybody but Eidsvåg: each of the others, and its coordinator. Names apart.
func (f *fixture) figuresOf(t testing.TB, reports *report.Reader, m moved) map[string]any {
	t.Helper()
	ctx := context.Background()
	out := map[string]any{}
	for _, p := range m.others {
		c, err := reports.Comparison(ctx, p, f.network, "", 0, "")
		must(t, err)
		if c.Empty() || len(c.Questions) == 0 {
			t.Fatal("there is no comparison")
		}
		for i := range c.Questions {
			c.Questions[i].Named = nil
		}
		out[p.Name] = c
	}
	pooled, err := reports.Pooled(ctx, f.network, "", 0, "")
	must(t, err)
	out["pooled"] = pooled
	return out
}

// TestDelete deletes a practice that has used everything, by its lead, on the page; then nothing of it is in any
// column of any table or, of SQLite, in any byte of its files, its doors are closed in a kind way, and everybody
// else has what they had.
func TestDelete(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			f := newFixtureOn(t, e)
			m := f.live(t)
			ctx := context.Background()
			own := "/practices/" + f.eidsvag.ID
			f.signIn(t, sara)
			f.signIn(t, berit)
			before := f.cells(t)
			marks := f.marks(t, before)
			for what, text := range map[string]string{"the name": movedName, "the slug": f.eidsvag.Slug, "a doctor": "Anne Lege", "a link": "https://eksempel.no/time", "an improvement": "Merkede stoler",
				"what was told": "Merket setning", "a point": "Merkedøra", "a sender": "Merkekontor", "a template": "Marked text", "an offer": "Merket Kollega", "a key's name": "Merkejournalen",
				"a person": kari, "a colleague": sara, "a provider": "https://merket.example", "a subject": "merket-subject", "a passkey": "merket-passkey",
				"a key": m.key, "a link's token": m.link, "a slip": m.slip, "an offer's token": m.offer, "a number": movedNumber, "a number that said stop": movedStopped,
				"a code": string(f.point.Code), "an old code": string(f.retired.Code)} {
				marks[text] = what
			}
			has := func(where []map[string]cell) map[string]int {
				found := map[string]int{}
				for _, row := range where {
					for _, c := range row {
						for text, what := range marks {
							if strings.Contains(c.text, text) {
								found[what]++
							}
						}
					}
				}
				return found
			}
			there := has(before)
			for _, what := range []string{"the name", "a doctor", "an improvement", "a point", "an offer", "a key's name", "a person", "a subject", "a passkey", "message.id", "message.payload",
				"optout.number", "invitation.hash", "api_key.hash", "offer.hash", "answered.answer", "pending.value", "held.value", "burst.value", "release.value", "totp.secret"} {
				if there[what] == 0 {
					t.Errorf("the practice has no %s to find again", what)
				}
			}
			if len(marks) < 150 {
				t.Errorf("only %d marks", len(marks))
			}
			figures := f.figuresOf(t, f.Reports, m)
			berits := "/practices/" + m.others[0].ID
			pageOf := func() string {
				return f.get(t, berit, networkAddress(m.others[0].ID, f.network.ID), "Accept-Language", "nb").body
			}
			if body := pageOf(); !strings.Contains(body, movedName) || !strings.Contains(body, "Hemmelig C") {
				t.Fatal("the open comparison names nobody")
			}

			for _, typed := range []string{"", "Merkemyra", "merkemyra"} {
				if r := f.do(t, kari, http.MethodPost, own+"/delete", url.Values{"confirm": {typed}}); r.StatusCode != 422 {
					t.Fatalf("deleted by %q: %d", typed, r.StatusCode)
				}
			}
			f.clock = f.clock.Add(freshFor)
			if r := f.do(t, kari, http.MethodPost, own+"/delete", url.Values{"confirm": {movedName}}); r.Header.Get("Location") != "/login?again=1" {
				t.Fatalf("deleted by whoever has not signed in for long: %d", r.StatusCode)
			}
			delete(f.cookies, kari)
			f.clock = f.clock.Add(time.Hour)
			r := f.do(t, kari, http.MethodPost, own+"/delete", url.Values{"confirm": {" " + strings.ToUpper(movedName) + " "}}, "Accept-Language", "nb")
			if r.StatusCode != http.StatusOK || !strings.Contains(r.body, "Kontoret er slettet") || !strings.Contains(r.body, "kontoen din er slettet") || strings.Contains(r.body, kari) || !strings.Contains(r.body, `href="/login?lang=en"`) {
				t.Fatalf("status %d\n%s", r.StatusCode, r.body)
			}

			for what, n := range has(f.cells(t)) {
				t.Errorf("%s is in the database still, %d times", what, n)
			}
			if e == storetest.SQLite {
				files, err := filepath.Glob(f.dsn + "*")
				must(t, err)
				for _, file := range files {
					data, err := os.ReadFile(file)
					must(t, err)
					for text, what := range marks {
						if bytes.Contains(data, []byte(text)) {
							t.Errorf("%s is in %s still", what, filepath.Base(file))
						}
					}
				}
			}
			for text, what := range marks {
				if strings.Contains(f.log.String(), text) {
					t.Errorf("%s is in the server's log", what)
				}
			}

			// The doors are closed.
			for _, door := range []struct {
				path   string
				status int
				want   string
			}{{"/k/" + string(f.point.Code), 404, "Spør i skranken"}, {"/kiosk/" + string(f.point.Code), 404, "Spør i skranken"}, {"/w/" + string(f.point.Code), 404, "Spør i skranken"}, {"/k/" + string(f.retired.Code), 404, "Spør i skranken"},
				{"/s/" + m.link, 404, "kjenner vi ikke"}, {"/s/" + m.slip, 404, "kjenner vi ikke"}, {"/s/" + m.link + "/stop", 404, "kjenner vi ikke"},
				{"/p/" + f.eidsvag.Slug, 404, "finnes ikke"}, {"/join/" + m.offer, 404, "gjelder ikke"}} {
				if r := f.get(t, nobody, door.path, "Accept-Language", "nb"); r.StatusCode != door.status || !strings.Contains(r.body, door.want) || strings.Contains(r.body, movedName) {
					t.Errorf("%s: status %d\n%s", door.path, r.StatusCode, words(r.body))
				}
			}
			if r := f.handIn(m.key, asCSV, "igjen", csvOf("49000009")); r.StatusCode != http.StatusUnauthorized {
				t.Errorf("the key: %d", r.StatusCode)
			}
			for _, who := range []string{kari, sara} {
				if r := f.get(t, who, own); r.Header.Get("Location") != "/login" {
					t.Errorf("%s is signed in still: %d", who, r.StatusCode)
				}
				if _, err := f.Store.AccountByEmail(ctx, who); fault.KindOf(err) != fault.NotFound {
					t.Errorf("%s has an account still: %v", who, err)
				}
			}
			queue, err := f.Store.Jobs(&river.Config{})
			must(t, err)
			if jobs, err := queue.JobList(ctx, river.NewJobListParams().First(10_000)); err != nil || len(jobs.Jobs) != 0 {
				t.Errorf("%d messages are queued still, %v", len(jobs.Jobs), err)
			}

			// Everybody else has what they had, from memory and read anew.
			for name, reports := range map[string]*report.Reader{"remembered": f.Reports, "read anew": report.New(f.Store, f.Surveys, disclosure.Gate{})} {
				if now := f.figuresOf(t, reports, m); !reflect.DeepEqual(figures, now) {
					t.Errorf("%s, the network's figures are others than before", name)
				}
			}
			if body := pageOf(); strings.Contains(body, movedName) || strings.Contains(body, "Hemmelig C") || !strings.Contains(body, "11 andre kontorer") {
				t.Error("the open comparison goes on without one, who is told by what is missing, or the page is gone")
			}
			for who, path := range map[string]string{berit: berits, kim: "/networks/" + f.network.ID, olav: "/practices/" + f.lillevik.ID, dina: "/admin"} {
				if r := f.get(t, who, path, "Accept-Language", "nb"); r.StatusCode != http.StatusOK || strings.Contains(r.body, movedName) {
					t.Errorf("%s: status %d", path, r.StatusCode)
				}
			}
			if r := f.answer(t, f.elsewhere.Code, "visit.polite", "5"); r.StatusCode != http.StatusOK {
				t.Errorf("answers to another practice: %d", r.StatusCode)
			}
			if closed, err := f.Store.CloseWeek(ctx, "2027-W01", aggregate.Divide(disclosure.Gate{})); err != nil || !closed {
				t.Errorf("the next close: %v, %v", closed, err)
			}
			if _, err := aggregate.NewFreezer(f.Store, f.Surveys, disclosure.Gate{}, f.Log).Freeze(ctx, aggregate.Ended(f.clock), f.clock); err != nil {
				t.Errorf("the next freeze: %v", err)
			}
		})
	}
}

// unzip reads an export.
func unzip(t testing.TB, data string) (files map[string]string) {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(data), int64(len(data)))
	must(t, err)
	files = map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		b, err := io.ReadAll(r)
		must(t, err)
		if _, twice := files[f.Name]; twice {
			t.Errorf("two files are called %s", f.Name)
		}
		files[f.Name] = string(b)
	}
	return files
}

// inExport is every table that a practice has rows in: what of it is in the export, or why nothing is.
var inExport = map[string]struct{ has, why string }{
	"practice":      {has: `"name": "` + movedName},
	"practice_info": {has: "Anne Lege"},
	"point":         {has: "Merkedøra"},
	"member":        {has: `"role": "lead"`},
	"account":       {has: sara},
	"offer":         {has: "Merket Kollega"},
	"asking":        {has: "Merkekontor"},
	"message":       {has: `"queued": 30`},
	"optout":        {has: `"opt_outs": 1`},
	"invitation":    {has: `"valid_slips": 3`},
	"asked":         {has: `"asked": 31`},
	"opened":        {has: `"opened": 7`},
	"api_key":       {has: "Merkejournalen"},
	"setup":         {has: `"guide": "2026`},
	"notice":        {has: `"version": 1`},
	"participation": {has: "Fjordnettverket"},
	"improvement":   {has: "Merkede stoler"},
	"assumption":    {has: `"believed": "4"`},
	"release":       {has: `"measure": "positive"`},
	"burst":         {has: `"responses": 12`},
	"snapshot":      {has: `"measure": "network_mean"`},
	"audit":         {has: "La til svarpunktet «Merkedøra»"},
	"pending":       {why: "answers that are too few to be shown"},
	"held":          {why: "answers that are too few to be spoken of"},
	"opening":       {why: "that somebody has seen a result: theirs, not the practice's"},
	"quarantine":    {why: "parts of hashes of patients' numbers"},
	"answered":      {why: "what a machine was told a week ago at most, kept so that it can ask again"},
	"passkey":       {why: "a person's way to sign in"},
	"totp":          {why: "a person's way to sign in"},
	"recovery":      {why: "a person's way to sign in"},
	"identity":      {why: "a person's way to sign in"},
	"session":       {why: "a person's being signed in"},
	"coordinator":   {why: "a person's role in a network"},
	"river_job":     {why: "the queue's: ids of messages"},
}

// TestExportIsComplete: every table that is a practice's, or that hangs on one that is, is in the export or on
// the list of those that are not.
func TestExportIsComplete(t *testing.T) {
	f := newFixture(t)
	f.live(t)
	db, err := sql.Open("sqlite", f.dsn)
	must(t, err)
	defer db.Close()
	owned := map[string]bool{"practice": true, "account": true, "snapshot": true, "river_job": true}
	tables, err := db.Query(`SELECT m.name, f."table" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
		UNION ALL SELECT m.name, 'practice' FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE c.name = 'practice_id'`)
	must(t, err)
	var refers [][2]string
	for tables.Next() {
		var r [2]string
		must(t, tables.Scan(&r[0], &r[1]))
		refers = append(refers, r)
	}
	must(t, tables.Close())
	for n := -1; n != len(owned); {
		n = len(owned)
		for _, r := range refers {
			if owned[r[1]] && !strings.HasPrefix(r[0], "river") {
				owned[r[0]] = true
			}
		}
	}
	if len(owned) < 25 {
		t.Fatalf("only %d tables are a practice's", len(owned))
	}
	all := strings.Join(slices.Collect(maps.Values(unzip(t, f.do(t, kari, http.MethodPost, "/practices/"+f.eidsvag.ID+"/export", url.Values{}).body))), "\n")
	for table := range owned {
		in, listed := inExport[table]
		switch {
		case !listed:
			t.Errorf("table %s is neither in the export nor on the list of those that are not", table)
		case in.has == "" && in.why == "":
			t.Errorf("table %s is left out without a reason", table)
		case in.has != "" && !strings.Contains(all, in.has):
			t.Errorf("the export lacks %s: %s", table, in.has)
		}
	}
	for table := range inExport {
		if !owned[table] {
			t.Errorf("there is no table %s", table)
		}
	}
}

// TestExportComesBack reads the export into Go values and finds what the store has and the pages' own files say,
// on both engines; nothing in it gives access or is anybody's number.
func TestExportComesBack(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			f := newFixtureOn(t, e)
			m := f.live(t)
			ctx := context.Background()
			own := "/practices/" + f.eidsvag.ID
			r := f.do(t, kari, http.MethodPost, own+"/export", url.Values{}, "Accept-Language", "en")
			if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "application/zip" ||
				r.Header.Get("Content-Disposition") != `attachment; filename="venterom-eidsvag-legekontor-2026-11-30.zip"` || r.Header.Get("Cache-Control") != "no-store" {
				t.Fatal(r.StatusCode, r.Header)
			}
			files := unzip(t, r.body)

			// The log first: each file that is fetched below is a line of it.
			page := func(path string) string {
				t.Helper()
				r := f.get(t, kari, path, "Accept-Language", "nb")
				if r.StatusCode != http.StatusOK {
					t.Fatal(path, r.StatusCode)
				}
				return r.body
			}
			same := map[string]string{"log.csv": own + "/log.csv", "results/visit-1": own + "/results?survey=visit&version=1", "results/digital-1": own + "/results?survey=digital&version=1",
				"improvements": own + "/improvements?", "network/fjordnettverket-" + strings.ToLower(f.network.ID[:6]) + "/visit-1-2026-Q3": networkAddress(f.eidsvag.ID, f.network.ID) + "/results?survey=visit&version=1&quarter=2026-Q3"}
			want := map[string]string{"log.csv": page(same["log.csv"])}
			delete(same, "log.csv")
			for name, path := range same {
				address, query, _ := strings.Cut(path, "?")
				for _, ext := range []string{".json", ".csv"} {
					want[name+ext] = page(address + ext + "?" + query)
				}
			}
			for name, text := range want {
				if files[name] != text {
					t.Errorf("%s is not what the page's file is:\n%.400s\n%.400s", name, files[name], text)
				}
			}
			for name := range files {
				if _, ok := want[name]; !ok && name != "README.txt" && name != "practice.json" {
					t.Errorf("%s is in the export", name)
				}
			}
			if !strings.Contains(files["README.txt"], movedName) || !strings.Contains(files["README.txt"], "færre\r\nenn 10 svar") {
				t.Errorf("README.txt: %s", files["README.txt"])
			}

			var x exported
			d := json.NewDecoder(strings.NewReader(files["practice.json"]))
			d.DisallowUnknownFields()
			must(t, d.Decode(&x))
			equal := func(what string, got, want any) {
				t.Helper()
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got %+v, want %+v", what, got, want)
				}
			}
			p := f.eidsvag
			equal("practice", practice.Practice{ID: p.ID, Slug: x.Slug, Name: x.Name, Phone: x.Phone, Survey: x.Survey, Live: x.Live, QR: x.QR, Digital: x.Digital, Network: x.Network}, must2(f.Store.Practice(ctx, p.ID))(t))
			info := practice.Info{Phone: x.Phone, Confirmed: map[practice.Section]practice.Date{}}
			for name, section := range x.Page {
				must(t, json.Unmarshal(section.Value, info.Value(name)))
				info.Confirmed[name] = section.Confirmed
			}
			equal("page", info, must2(f.Store.Info(ctx, p.ID))(t))
			equal("asking", func() practice.Asking { a := practice.Asking(x.Asking); a.PracticeID = p.ID; return a }(), must2(f.Store.Asking(ctx, p.ID))(t))
			equal("setup", x.Setup, must2(f.Store.Steps(ctx, p.ID))(t))
			var notices []practice.Approval
			for _, n := range x.Notices {
				notices = append(notices, practice.Approval(n))
			}
			equal("notices", notices, must2(f.Store.Approvals(ctx, p.ID))(t))
			var points []practice.Point
			for _, one := range x.Points {
				points = append(points, practice.Point{Code: one.Code, PracticeID: p.ID, Label: one.Label, Retired: one.Retired})
			}
			equal("points", points, must2(f.Store.Points(ctx, p.ID))(t))
			people := must2(f.Store.People(ctx, p.ID))(t)
			for i, one := range x.People {
				equal("person", one, exportedPerson{people[i].Name, people[i].Email, people[i].Role})
			}
			equal("people", len(x.People), len(people))
			ims := must2(f.Store.Improvements(ctx, p.ID))(t)
			for i, one := range x.Improvements {
				im := ims[i]
				equal("improvement", practice.Improvement{ID: im.ID, PracticeID: p.ID, Survey: one.Survey, Version: one.Version, Questions: one.Questions, Done: one.Done, Target: one.Target,
					Start: one.Start, Closed: one.Closed, Verdict: im.Verdict, Heard: one.Heard, Told: one.Told}, im)
			}
			equal("improvements", len(x.Improvements), len(ims))
			var bursts []store.Burst
			for _, b := range x.Bursts {
				bursts = append(bursts, store.Burst(b))
			}
			equal("bursts", bursts, must2(f.Store.Bursts(ctx, p.ID))(t))
			var coverage []report.CoverageRow
			for _, c := range x.Coverage {
				coverage = append(coverage, report.CoverageRow{Span: report.Span(c.Span), Visits: c.Visits, Asked: c.Asked, Opened: c.Opened, Answered: c.Answered, Total: c.Total, Parts: c.Parts})
			}
			equal("coverage", coverage, must2(f.Reports.Coverage(ctx, p, 240, f.clock))(t))
			equal("assumptions", x.Assumptions, []exportedAssumption{{"visit", 1, "2026-Q1", "polite", "4", "2"}, {"visit", 1, "2026-Q2", "polite", "4", "2"}})
			equal("networks", x.Networks, []exportedNetwork{{"Fjordnettverket", practice.Joined, true}})
			equal("keys", x.Keys, []exportedKey{{"Merkejournalen", false}})
			equal("offers", fmt.Sprint(len(x.Offers), x.Offers[0].Name, x.Offers[0].Role), "1Merket Kollegalead")

			// Reminders' states would tell who has answered.
			if strings.Contains(files["practice.json"], "cancelled") || x.Messages[0].Reminders != 30 {
				t.Errorf("messages: %+v", x.Messages)
			}

			all := strings.Join(slices.Collect(maps.Values(files)), "\n")
			secrets := map[string]string{m.key: "a key", m.link: "a link", m.slip: "a slip", m.offer: "an offer's token", movedNumber: "a number", movedStopped: "a number", password: "a password", totpSecret: "an app's secret",
				sessionOf(f.cookies[kari])[len("__Host-venterom="):]: "a session"}
			for _, row := range f.cells(t) {
				for _, c := range row {
					if slices.Contains([]string{"account.password", "account.id", "totp.secret", "recovery.hash", "passkey.public_key", "passkey.id", "identity.subject", "session.token", "invitation.hash", "message.payload", "message.id",
						"optout.number", "api_key.hash", "api_key.id", "offer.hash", "offer.id", "pending.value", "held.value", "burst.value", "release.value", "answered.answer", "answered.request", "snapshot.value", "snapshot.ledger", "practice.id"}, c.table+"."+c.column) && len(c.text) > 4 {
						secrets[c.text] = c.table + "." + c.column
					}
				}
			}
			if len(secrets) < 60 {
				t.Errorf("only %d secrets to look for", len(secrets))
			}
			for secret, what := range secrets {
				if strings.Contains(all, secret) {
					t.Errorf("%s is in the export", what)
				}
			}

			// On the command line it is nobody's in particular.
			var b bytes.Buffer
			must(t, f.Export(ctx, p, "", &b))
			var nobodys exported
			must(t, json.Unmarshal([]byte(unzip(t, b.String())["practice.json"]), &nobodys))
			x.Assumptions = []exportedAssumption{}
			equal("on the command line", nobodys, x)
		})
	}
}

// must2 is must for a value with an error.
func must2[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// TestExportOpensTheResults: whoever takes everything out has seen it, and is told so before.
func TestExportOpensTheResults(t *testing.T) {
	f := newFixture(t)
	f.fillContacts(t)
	own := "/practices/" + f.eidsvag.ID
	const told = "kan du ikke gjette på dem"
	if r := f.get(t, kari, own+"/export", "Accept-Language", "nb"); !strings.Contains(r.body, told) {
		t.Error("it is not told beforehand")
	}
	if r := f.do(t, kari, http.MethodPost, own+"/export", url.Values{}); r.StatusCode != http.StatusOK {
		t.Fatal(r.StatusCode)
	}
	for survey, question := range map[string]string{"visit": "believed.polite", "digital": "believed.phone"} {
		if r := f.guess(t, kari, survey, question, "4"); r.StatusCode != http.StatusConflict {
			t.Errorf("%s can be guessed at after it was seen: %d", survey, r.StatusCode)
		}
	}
	if r := f.get(t, kari, own+"/export", "Accept-Language", "nb"); strings.Contains(r.body, told) {
		t.Error("it is told although there is nothing left to guess")
	}
	if r := f.get(t, sara, own); r.StatusCode != http.StatusSeeOther {
		t.Error("Sara's results were opened too")
	}
	if log := f.get(t, kari, own+"/log", "Accept-Language", "nb").body; !strings.Contains(log, "Hentet ut alt") {
		t.Error("it is not in the log")
	}
}

// TestTakingOutNeedsAFreshSignIn: whoever signed in a while ago does so again and is led back; staff and others
// are turned away before that.
func TestTakingOutNeedsAFreshSignIn(t *testing.T) {
	f := newFixture(t)
	own := "/practices/" + f.eidsvag.ID
	for _, who := range everybody {
		if who != nobody {
			f.signIn(t, who)
		}
	}
	f.clock = f.clock.Add(freshFor)
	for _, path := range []string{"/export", "/delete"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for who, want := range map[string]string{kari: "303 /login?again=1", sara: "403 ", olav: "404 ", dina: "404 ", nobody: map[string]string{http.MethodGet: "303 /login", http.MethodPost: "401 "}[method]} {
				var form url.Values
				if method == http.MethodPost {
					form = url.Values{"confirm": {f.eidsvag.Name}}
				}
				r := f.do(t, who, method, own+path, form)
				if got := fmt.Sprint(r.StatusCode, " ", r.Header.Get("Location")); got != want {
					t.Errorf("%s %s as %q: %s, want %s", method, path, who, got, want)
				}
			}
		}
	}
	cookies := f.cookies[kari]
	r := f.get(t, nobody, own+"/delete", "Cookie", cookies)
	if r.Header.Get("Location") != "/login?again=1" {
		t.Fatal(r.Header)
	}
	f.clock = f.clock.Add(time.Hour)
	post := func(path string, form url.Values) response {
		r := f.do(t, nobody, http.MethodPost, path, form, "Cookie", cookies)
		cookies = withCookies(cookies, r)
		return r
	}
	post("/login", url.Values{"email": {kari}, "password": {password}})
	if r := post("/login/code", url.Values{"code": {f.appCode(t, kari)}}); r.Header.Get("Location") != own+"/delete" {
		t.Errorf("signed in again she is led to %q, status %d", r.Header.Get("Location"), r.StatusCode)
	}
	if r := f.get(t, nobody, own+"/delete", "Cookie", cookies); r.StatusCode != http.StatusOK {
		t.Errorf("status %d", r.StatusCode)
	}
}
