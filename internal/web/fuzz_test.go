package web

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
	"github.com/venterom/venterom/internal/survey"
	"github.com/venterom/venterom/surveys"
)

// FuzzForm posts whatever there is to a collection point. The server never fails, and nothing is
// stored unless it says thanks; then exactly one response is. TOKEN in a body stands for a valid one.
func FuzzForm(f *testing.F) {
	ctx := f.Context()
	catalog, err := survey.Load(surveys.FS)
	must(f, err)
	words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	must(f, err)
	file := filepath.Join(f.TempDir(), "fuzz.db")
	st, err := store.Open(ctx, file, storetest.Secret)
	must(f, err)
	f.Cleanup(func() { _ = st.Close() })
	log := silent()
	now := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	intake := aggregate.NewIntake(st, aggregate.NewCloser(st, disclosure.Gate{}, log), now, log)
	f.Cleanup(intake.Stop)
	s, err := New(Config{Store: st, Surveys: catalog, Intake: intake, Reports: report.New(st, catalog, disclosure.Gate{}), Words: words,
		Secret: []byte(strings.Repeat("s", 32)), BaseURL: &url.URL{Scheme: "https", Host: "svar.example.org"}, Now: now, Log: log})
	must(f, err)
	handler := s.Handler()
	p, point, err := st.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Eidsvåg", Digital: true}, "Venterommet")
	must(f, err)
	db, err := sql.Open("sqlite", file)
	must(f, err)
	f.Cleanup(func() { _ = db.Close() })
	// stored is all that a form can change: how many receipts, and the running sums. A close that
	// releases nothing is the way to see those; it is undone, so that it can be made again.
	stored := func(t *testing.T) (receipts int, sums string) {
		must(t, db.QueryRow(`SELECT count(*) FROM receipt`).Scan(&receipts))
		_, err := db.Exec(`DELETE FROM closing`)
		must(t, err)
		_, err = st.CloseWeek(ctx, "2026-W48", store.Division{Divide: func(id string, pending store.Sums) (release, rest store.Sums) {
			text, err := json.Marshal(pending)
			must(t, err)
			sums += id + string(text)
			return store.Sums{}, pending
		}})
		must(t, err)
		return receipts, sums
	}

	const form = "application/x-www-form-urlencoded"
	for _, body := range []string{
		"token=TOKEN&lang=nb&visit.polite=5&visit.waitroom=4&visit.waittime=3&visit.consult=na&visit.overall=1&digital.used=yes&digital.phone=2",
		"token=TOKEN&visit.polite=5", "token=TOKEN&digital.used=na&lang=en", "token=TOKEN", "", "&&&", "=", "token=TOKEN&visit.polite=5&visit.polite=5",
		"token=TOKEN&token=TOKEN&visit.polite=5", "token=TOKEN&visit.polite=6", "token=TOKEN&visit.polite=", "token=TOKEN&visit.index=100",
		"token=TOKEN&comment=hei", "token=AAAA&visit.polite=5", "token=TOKEN&visit.polite=5&switch=en", "token=TOKEN&switch=xx", "token=TOKEN&lang=\xff&visit.polite=5",
		"token=TOKEN&visit.polite=%zz", "token=TOKEN;visit.polite=5", "visit.polite=5&token=TOKEN%00", "token=TOKEN&visit.polite=5&lang=nb&lang=en",
		"token=TOKEN&visit%2Epolite=5", "token=TOKEN&visit.polite=5#x", "token=TOKEN&" + strings.Repeat("a=b&", 5000), "\x00\x01\x02",
		`{"token":"TOKEN","visit.polite":"5"}`, "token=TOKEN&visit.polite=5\r\n",
	} {
		f.Add(form, body)
	}
	f.Add(form+"; charset=utf-16", "token=TOKEN&visit.polite=5")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nTOKEN\r\n--x--\r\n")
	f.Add("text/plain", "token=TOKEN&visit.polite=5")
	f.Add("application/json", `{"visit.polite":"5"}`)
	f.Add("", "token=TOKEN&visit.polite=5")

	f.Fuzz(func(t *testing.T, contentType, body string) {
		receipts, sums := stored(t)
		s.bursts.day = 0 // it forgets what it has seen: each form by itself
		r := httptest.NewRequest(http.MethodPost, "/k/"+string(point.Code), strings.NewReader(strings.ReplaceAll(body, "TOKEN", s.newToken(p.ID))))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code < 200 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		if w.Header().Get("Set-Cookie") != "" {
			t.Error("a patient gets a cookie")
		}
		thanks := w.Code == http.StatusOK && strings.Contains(w.Body.String(), `class="counted"`)
		receiptsAfter, sumsAfter := stored(t)
		switch {
		case !thanks && (receiptsAfter != receipts || sumsAfter != sums):
			t.Errorf("status %d and no thanks, but something is stored:\n%s\n%s", w.Code, sums, sumsAfter)
		case thanks && (receiptsAfter != receipts+1 || sumsAfter == sums):
			t.Errorf("thanks, but %d forms are counted:\n%s\n%s", receiptsAfter-receipts, sums, sumsAfter)
		}
		if strings.Contains(sumsAfter, "TOKEN") || !onlyCodes(sumsAfter) {
			t.Errorf("a running sum holds something else than codes: %s", sumsAfter)
		}
	})
}

// onlyCodes: a running sum is made of our own short words and numbers, whatever was sent.
func onlyCodes(sums string) bool {
	return !strings.ContainsFunc(sums, func(r rune) bool {
		return !strings.ContainsRune(`{}":,-_W`, r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// FuzzList hands in whatever there is. The server never fails and never repeats a number; what it answers
// is as described.
func FuzzList(f *testing.F) {
	s := newFixture(f)
	key := s.machine(f, s.eidsvag, nil)
	f.Add(asJSON, "a", `{"visits":[{"phone":"49000001","date":"2026-11-20","language":"nn"}]}`)
	f.Add(asJSON, "b", `{"visits":[null,{"phone":49000001},{"phone":"49000002","date":"2026-11-20","x":1}]}{}`)
	f.Add(asCSV, "c", "telefon;dato\n49000003;20.11.2026\n\"49000004;x\n")
	f.Add(asFHIR, "d", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Encounter","status":"finished","period":{"start":"2026-11-20"},"subject":{"reference":"Patient/a"}}},{"resource":{"resourceType":"Patient","id":"a","telecom":[{"system":"phone","value":"49000006"}]}}]}`)
	f.Add("application/json; charset=utf-16", "", "\xff\xfe{\x00}\x00")
	f.Add("text/csv, text/csv", "é", "\x00")
	digits := regexp.MustCompile(`[0-9]{6,}`)
	f.Fuzz(func(t *testing.T, kind, name, body string) {
		s.clock = s.clock.Add(time.Second) // so that no key is too fast
		r := s.handIn(key, kind, name, body)
		if r.StatusCode >= 500 || r.Header.Get("Set-Cookie") != "" || digits.MatchString(r.body) {
			t.Errorf("status %d: %s", r.StatusCode, r.body)
		}
		if r.StatusCode != http.StatusOK {
			r.code(t)
			return
		}
		var a listAnswer
		if err := json.Unmarshal([]byte(r.body), &a); err != nil || a.Accepted < 0 || (a.AtLeast != nil) != (a.Accepted >= 10) {
			t.Errorf("%v: %s", err, r.body)
		}
	})
}
