package app_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// needles is a set of byte strings to look for at once, each with the name of what it would give away.
type needles struct {
	maybe [1 << 24]bool // by the first three bytes
	names map[string]string
	sizes []int
}

func (n *needles) add(name string, b []byte) {
	if n.names == nil {
		n.names = map[string]string{}
	}
	n.maybe[int(b[0])<<16|int(b[1])<<8|int(b[2])] = true
	n.names[string(b)] = name
	if !slices.Contains(n.sizes, len(b)) {
		n.sizes = append(n.sizes, len(b))
	}
}

// found counts, by name, which needles are in hay.
func (n *needles) found(hay []byte) map[string]int {
	out := map[string]int{}
	for i := 0; i+2 < len(hay); i++ {
		if !n.maybe[int(hay[i])<<16|int(hay[i+1])<<8|int(hay[i+2])] {
			continue
		}
		for _, size := range n.sizes {
			if i+size <= len(hay) {
				if name, ok := n.names[string(hay[i:i+size])]; ok {
					out[name]++
				}
			}
		}
	}
	return out
}

// everyFile reads all that is in a folder.
func everyFile(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	must(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // a server's files come and go
		}
		if b, err := os.ReadFile(name); err == nil {
			files[name] = b
		}
		return nil
	}))
	return files
}

// TestDump: a thousand patients send forms that carry marks wherever a request can carry one, faster than
// people can, so that most are held as bursts. Then
// the whole machine is searched as a thief would: database, write-ahead log, logs, backup. There is no
// mark, no address, no browser, no form's token or random number; of a form there is a hash.
func TestDump(t *testing.T) {
	const responses = 1000
	file := build(t)
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			p := install(t, file, e, "VENTEROM_LOG=debug")
			p.addPractice(t, "Eidsvåg legekontor")
			paths := manyPoints(t, p.open(t), "Eidsvåg legekontor")
			server := p.serve(t)
			db := open(t, e, p.database)
			rows := rowsByTable(t, e, db)

			secret := &needles{}
			hashes := &needles{}
			mark := "mark" + strings.ToLower(rand.Text()[:8])
			for name, text := range map[string]string{"mark": mark, "Mark": strings.ToUpper(mark), "forwarded address": "203.0.113.",
				"browser": "Gecko/2018", "mark in base 64": base64.RawStdEncoding.EncodeToString([]byte(mark))[:12]} {
				secret.add(name, []byte(text))
			}
			ownAddress := "127.77." // every patient comes from another address, where the system lets them
			if runtime.GOOS == "linux" {
				secret.add("address", []byte(ownAddress))
			}
			var mu sync.Mutex
			remember := func(token string) {
				mu.Lock()
				defer mu.Unlock()
				raw, err := base64.RawURLEncoding.DecodeString(token)
				if err != nil || len(raw) < 20 {
					t.Fatalf("token %q: %v", token, err)
				}
				nonce := raw[:16]
				secret.add("token", []byte(token))
				secret.add("token, as bytes", raw)
				secret.add("random number", nonce)
				secret.add("random number in hexadecimal", []byte(hex.EncodeToString(nonce)))
				secret.add("random number in base 64", []byte(base64.RawURLEncoding.EncodeToString(nonce)[:21]))
				sum := sha256.Sum256(nonce)
				hashes.add("hash", []byte(base64.RawURLEncoding.EncodeToString(sum[:12]))) // however much of it is kept
			}

			var patients sync.WaitGroup
			for k := range 10 {
				patients.Go(func() {
					for i := k; i < responses; i += 10 {
						if err := p.marked(paths[i%len(paths)], i, mark, ownAddress, remember); err != nil {
							t.Errorf("patient %d: %v", i, err)
							return
						}
					}
				})
			}
			patients.Wait()
			if t.Failed() {
				return
			}

			for table, n := range rowsByTable(t, e, db) {
				want := rows[table]
				switch table {
				case "receipt":
					want += responses
				case "pending", "held": // one sum for the practice
					want++
				case "river_leader": // comes when the queue has found who looks after it
					want = n
				}
				if n != want {
					t.Errorf("table %s has %d rows after %d responses, want %d", table, n, responses, want)
				}
			}
			receipts, err := db.Query("SELECT * FROM receipt ORDER BY hash LIMIT 1")
			must(t, err)
			columns, err := receipts.Columns()
			must(t, errors.Join(err, receipts.Close()))
			if got := strings.Join(columns, " "); got != "hash forget_on" {
				t.Errorf("a receipt is %s, want a hash and the day it is forgotten", got)
			}
			var days, dayLength int
			must(t, db.QueryRow("SELECT count(DISTINCT forget_on), max(length(forget_on)) FROM receipt").Scan(&days, &dayLength))
			if days > 2 || dayLength != len(time.DateOnly) { // two if midnight passed
				t.Errorf("receipts are told apart by time: %d values of %d characters", days, dayLength)
			}
			must(t, db.Close())

			places := map[string]map[string][]byte{}
			if e == storetest.SQLite {
				places["files while running"] = everyFile(t, filepath.Dir(p.database))
				backup := filepath.Join(t.TempDir(), "backup.db")
				p.run(t, "backup", backup)
				places["backup"] = everyFile(t, filepath.Dir(backup))
			} else if dir := clusterOf(p.database); dir != "" {
				server := open(t, e, p.database)
				_, err := server.Exec("CHECKPOINT")
				must(t, errors.Join(err, server.Close()))
				places["cluster"] = everyFile(t, dir)
			} else {
				t.Log("the server's files are on another machine: only the log is searched")
			}
			server.stop(t)
			if e == storetest.SQLite {
				places["files after the end"] = everyFile(t, filepath.Dir(p.database))
				p.closeWeek(t) // the running sum is removed, and a release is there instead
				places["files after the close"] = everyFile(t, filepath.Dir(p.database))
			}
			places["log"] = map[string][]byte{"stderr": []byte(server.stderr.String())}

			for place, files := range places {
				size, seen := 0, 0
				for name, b := range files {
					size += len(b)
					seen += hashes.found(b)["hash"]
					for what, n := range secret.found(b) {
						t.Errorf("%s: %s has a %s, %d times", place, filepath.Base(name), what, n)
					}
				}
				// What must be there shows that the search finds what there is.
				if place != "log" && seen < responses {
					t.Errorf("%s: %d hashes of %d forms: the search does not see", place, seen, responses)
				}
				if place == "log" && seen > 0 {
					t.Errorf("the log has %d hashes", seen)
				}
				// Two versions of a running sum are the answers that came between them: none can be read.
				// The release that the close makes of the last one can; the points still wait.
				want := 0
				if place == "files after the close" {
					want = 1
				}
				sums, points := 0, 0
				for _, b := range files {
					sums += bytes.Count(b, []byte(`{"channels":{`)) // as every sum begins
					for _, path := range paths {
						points += bytes.Count(b, []byte(`"`+strings.TrimPrefix(path, "/k/")+`":`)) // as in {"points":{…,"counts":{"7F3K9QW2":50}}}
					}
				}
				if sums != want && place != "cluster" || points > 0 { // a cluster has other tests' releases too
					t.Errorf("%s: %d sums and %d counts of points can be read, want %d and none", place, sums, points, want)
				}
				t.Logf("%s: %d files, %d bytes, %d hashes", place, len(files), size, seen)
			}
			log := server.stderr.String()
			if !strings.Contains(log, "level=DEBUG") {
				t.Error("the log is not the detailed one")
			}
			if strings.Contains(log, "route=/k") || strings.Contains(log, "route=/K") || slices.ContainsFunc(paths, func(path string) bool { return strings.Contains(log, strings.TrimPrefix(path, "/k/")) }) {
				t.Error("the log tells when a patient came, or where")
			}
		})
	}
}

// TestNumbersAreNotInTheFiles: three days after messages to three hundred numbers, whatever became of
// them, a thief who has every file of the database and not the secret finds no number: not as text, not as
// a hash that could be tried out, not by a link. Nor is the secret in the files.
func TestNumbersAreNotInTheFiles(t *testing.T) {
	const people = 300
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			ctx := context.Background()
			dsn := storetest.DSN(t, e)
			s, err := store.Open(ctx, dsn, storetest.Secret)
			must(t, err)
			p, _, err := s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Eidsvåg legekontor", Phone: "55 19 00 00"}, "Venterommet")
			must(t, err)
			a := practice.DefaultAsking(p.ID)
			a.SMS, a.CapOre, a.Reminder = true, 10_000_000, true
			must(t, s.SaveAsking(ctx, a))

			secret := &needles{}
			digits := map[string]bool{}
			hide := func(what, text string) {
				sum := sha256.Sum256([]byte(text))
				for how, b := range map[string][]byte{"": []byte(text), ", in hexadecimal": []byte(hex.EncodeToString([]byte(text))),
					", in base 64": []byte(base64.RawStdEncoding.EncodeToString([]byte(text)))[:len(text)*8/6],
					", hashed":     sum[:12], ", hashed, in hexadecimal": []byte(hex.EncodeToString(sum[:12])), ", hashed, in base 64": []byte(base64.RawURLEncoding.EncodeToString(sum[:12]))} {
					secret.add(what+how, b)
				}
			}
			hide("secret", string(storetest.Secret))
			day := time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)
			var messages []store.NewMessage
			for len(digits) < people {
				national := fmt.Sprintf("49%06d", mathrand.IntN(1_000_000))
				if digits[national] {
					continue
				}
				digits[national] = true
				n, err := sms.ParseNumber(national)
				must(t, err)
				hide("number", n.E164())
				hide("number without a plus", n.E164()[1:])
				sum := sha256.Sum256([]byte(national))
				secret.add("number, hashed", sum[:12])
				messages = append(messages, store.NewMessage{To: n, Day: "2026-11-20", Language: "nb", Ore: 60})
			}
			invited, _, err := s.Invite(ctx, p.ID, messages, 0, day, day)
			if err != nil || invited < people-5 {
				t.Fatal(invited, err)
			}
			queue, err := s.Jobs(&river.Config{})
			must(t, err)
			jobs, err := queue.JobList(ctx, river.NewJobListParams().First(10_000))
			must(t, err)
			before := everyFileOf(t, e, dsn)
			for i, j := range jobs.Jobs { // each ends in another way; some never leave the queue
				var d store.Delivery
				must(t, json.Unmarshal(j.EncodedArgs, &d))
				if i%7 == 0 {
					continue
				}
				m, err := s.ClaimMessage(ctx, d.MessageID, day)
				if errors.Is(err, store.ErrSettled) {
					continue
				}
				must(t, err)
				hide("link", m.Token)
				switch i % 5 {
				case 0:
					must(t, s.SettleMessage(ctx, m.ID, "failed", day))
				case 1:
					must(t, s.SettleMessage(ctx, m.ID, "uncertain", day))
				case 2:
					must(t, s.OptOut(ctx, m.Token))
					must(t, s.SettleMessage(ctx, m.ID, "sent", day))
				case 3:
					must(t, s.SettleMessage(ctx, m.ID, "sent", day))
					must(t, s.ReportMessage(ctx, m.ID, "delivered", day))
				} // and one in five is left in sending, as by a server that died
			}
			must(t, s.Tidy(ctx, day.AddDate(0, 0, 3)))
			places := map[string]map[string][]byte{"before": before, "after three days": everyFileOf(t, e, dsn)}
			var left int
			db := open(t, e, dsn)
			must(t, db.QueryRow(`SELECT count(*) FROM message WHERE payload <> '' AND state <> 'queued'`).Scan(&left))
			if left != 0 {
				t.Errorf("%d messages keep what they were sent with", left)
			}
			must(t, db.Close())
			must(t, s.Close())
			for place, files := range places {
				size := 0
				for name, b := range files {
					size += len(b)
					for what, n := range secret.found(b) {
						t.Errorf("%s: %s has a %s, %d times", place, filepath.Base(name), what, n)
					}
					for _, m := range eightDigits.FindAllSubmatch(b, -1) {
						if digits[string(m[1])] {
							t.Errorf("%s: %s has the digits of a number", place, filepath.Base(name))
						}
					}
				}
				// What must be there shows that the search sees.
				seen := slices.ContainsFunc(slices.Collect(maps.Values(files)), func(b []byte) bool { return bytes.Contains(b, []byte(p.ID)) })
				if !seen && (e == storetest.SQLite || clusterOf(dsn) != "") {
					t.Errorf("%s: the search finds nothing at all", place)
				}
				t.Logf("%s: %d files, %d bytes", place, len(files), size)
			}
		})
	}
}

var eightDigits = regexp.MustCompile(`(?:^|[^0-9])(49[0-9]{6})(?:[^0-9]|$)`)

// everyFileOf reads the files of a database that is in use; none if its server is on another machine.
func everyFileOf(t testing.TB, e storetest.Engine, dsn string) map[string][]byte {
	t.Helper()
	if e == storetest.SQLite {
		return everyFile(t, filepath.Dir(dsn))
	}
	dir := clusterOf(dsn)
	if dir == "" {
		return nil
	}
	server := open(t, e, dsn)
	_, err := server.Exec("CHECKPOINT")
	must(t, errors.Join(err, server.Close()))
	return everyFile(t, dir)
}

func open(t testing.TB, e storetest.Engine, database string) *sql.DB {
	t.Helper()
	driver := "sqlite"
	if e == storetest.Postgres {
		driver = "postgres"
	}
	db, err := sql.Open(driver, database)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// rowsByTable counts the rows of every table there is.
func rowsByTable(t testing.TB, e storetest.Engine, db *sql.DB) map[string]int {
	t.Helper()
	list := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if e == storetest.Postgres {
		list = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
	}
	names, err := db.Query(list)
	must(t, err)
	rows := map[string]int{}
	for names.Next() {
		var name string
		must(t, names.Scan(&name))
		if !strings.HasPrefix(name, "river_") { // the queue's own, which come and go by themselves
			rows[name] = 0
		}
	}
	must(t, errors.Join(names.Err(), names.Close()))
	for name := range rows {
		var n int
		must(t, db.QueryRow(`SELECT count(*) FROM "`+name+`"`).Scan(&n))
		rows[name] = n
	}
	for _, known := range []string{"receipt", "pending", "held", "burst", "release", "practice", "session"} {
		if _, ok := rows[known]; !ok {
			t.Errorf("the list of tables lacks %s: %v", known, rows)
		}
	}
	return rows
}

// clusterOf is the folder of the PostgreSQL server behind a database on a Unix socket, its log
// included; empty if it is elsewhere.
func clusterOf(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return ""
	}
	dir := u.Query().Get("host")
	if _, err := os.Stat(filepath.Join(dir, "data", "pg_wal")); dir == "" || err != nil {
		return ""
	}
	return dir
}

// marked sends one patient's forms: one that is counted, and some that are refused.
func (p program) marked(path string, i int, mark, address string, remember func(string)) error {
	unique := fmt.Sprintf("%s-%d", mark, i)
	dialer := &net.Dialer{}
	if runtime.GOOS == "linux" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(fmt.Sprintf("%s%d.%d", address, i/250, 1+i%250))}
	}
	c := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dialer.DialContext}}
	defer c.CloseIdleConnections()
	do := func(method, path, body string, want int) ([]byte, error) {
		r, err := http.NewRequest(method, "http://"+p.address+path, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		for name, value := range map[string]string{
			"User-Agent": "Mozilla/5.0 (" + unique + ") Gecko/2018", "Referer": "https://example.org/" + unique,
			"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", i%250), "X-Real-IP": fmt.Sprintf("203.0.113.%d", i%250),
			"Forwarded": "for=203.0.113.1;by=" + unique, "Cookie": "venterom=" + unique + "; id=" + unique,
			"Accept-Language": unique + ", nb;q=0.5, " + unique + "-NO;q=0.1", "X-Request-Id": unique, "Authorization": "Bearer " + unique,
		} {
			r.Header.Set(name, value)
		}
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8; x="+unique)
		}
		resp, err := c.Do(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != want {
			err = fmt.Errorf("%s %s: status %d, want %d: %.200s", method, path, resp.StatusCode, want, b)
		}
		return b, err
	}
	page, err := do(http.MethodGet, path+"?utm_source="+unique+"&lang="+unique, "", http.StatusOK)
	if err != nil {
		return err
	}
	m := tokenPattern.FindSubmatch(page)
	if m == nil {
		return fmt.Errorf("no token in %.200s", page)
	}
	token := string(m[1])
	remember(token)
	answers := visitForm(token, drawVisit(mathrand.New(mathrand.NewPCG(uint64(i), 0)))).Encode()
	if i%10 == 0 {
		for _, bad := range []struct {
			method, path, body string
			status             int
		}{
			{http.MethodPost, path, answers + "&comment=" + unique, http.StatusBadRequest},
			{http.MethodPost, path, answers + "&" + unique + "=1", http.StatusBadRequest},
			{http.MethodPost, path, "token=" + token + "&visit.polite=" + unique, http.StatusBadRequest},
			{http.MethodPost, path, "token=" + unique + "&visit.polite=5", http.StatusBadRequest},
			{http.MethodPost, path, "token=" + token + "&lang=" + unique, http.StatusUnprocessableEntity},
			{http.MethodPost, path, answers + "&%zz=" + unique, http.StatusBadRequest},
			{http.MethodPost, path, answers + "&long=" + strings.Repeat(unique, 2000), http.StatusRequestEntityTooLarge},
			{http.MethodPost, "/k/" + unique, answers, http.StatusNotFound},
			{http.MethodGet, "/k?code=" + unique, "", http.StatusNotFound},
			{http.MethodGet, "/" + unique, "", http.StatusNotFound},
			{http.MethodGet, "/static/" + unique, "", http.StatusNotFound},
			{http.MethodPut, path, answers, http.StatusMethodNotAllowed},
		} {
			if _, err := do(bad.method, bad.path, bad.body, bad.status); err != nil {
				return err
			}
		}
	}
	thanks, err := do(http.MethodPost, path+"?id="+unique, answers, http.StatusOK)
	if err == nil && !bytes.Contains(thanks, []byte(`class="counted"`)) {
		err = fmt.Errorf("no thanks: %.200s", thanks)
	}
	return err
}
