package web

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/storetest"
)

// machine makes a practice ask by text message and gives a key of its.
func (f *fixture) machine(t testing.TB, p practice.Practice, change func(*practice.Asking)) string {
	t.Helper()
	a := practice.DefaultAsking(p.ID)
	a.SMS, a.Sender, a.CapOre = true, "Legekontor", 1_000_000
	if change != nil {
		change(&a)
	}
	must(t, f.Store.SaveAsking(context.Background(), a))
	key, err := f.Store.CreateAPIKey(context.Background(), p.ID, "Journalen")
	must(t, err)
	return key
}

const (
	asJSON = "application/json"
	asCSV  = "text/csv; charset=utf-8"
	asFHIR = "application/fhir+json"
)

// handIn sends a list as a machine does; headers are pairs, and an empty value takes one away.
func (f *fixture) handIn(key, kind, name, body string, headers ...string) response {
	r := httptest.NewRequest(http.MethodPost, "https://svar.example.org/api/v1/invitations", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Idempotency-Key", name)
	for i := 0; i+1 < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	return f.send(r)
}

// csvOf is a list of visits last Friday.
func csvOf(numbers ...string) string {
	return "telefon;dato\n" + strings.Join(numbers, ";20.11.2026\n") + ";20.11.2026\n"
}

func many(first, n int) (numbers []string) {
	for i := range n {
		numbers = append(numbers, fmt.Sprintf("49%06d", first+i))
	}
	return numbers
}

// queued is how many messages a practice has.
func (f *fixture) queued(t testing.TB, p practice.Practice) (n int) {
	t.Helper()
	counts, err := f.Store.MessageCounts(context.Background(), p.ID)
	must(t, err)
	for _, c := range counts {
		n += c.N
	}
	return n
}

func (r response) code(t testing.TB) string {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(r.body), &p); err != nil || r.Header.Get("Content-Type") != "application/problem+json" || p.Status != r.StatusCode {
		t.Errorf("no problem: %d %s %s", r.StatusCode, r.Header.Get("Content-Type"), r.body)
	}
	return p.Code
}

func TestAListIsHandedIn(t *testing.T) {
	f := newFixture(t)
	key := f.machine(t, f.eidsvag, nil)
	const sending = `"first_sending":"2026-11-23T13:00:00+01:00"}`
	for _, c := range []struct {
		name, kind, body, want string
		queued                 int
	}{
		{"json", asJSON, `{"visits":[{"phone":"49000001","date":"2026-11-20","language":"nn"},{"phone":"5519","date":"2026-11-20"},{"phone":"49000002","date":"2026-11-20","name":"Ola"}]}`,
			`{"accepted":1,"merged":0,"skipped":0,"wrong":[{"line":2,"code":"visit.number_wrong","reason":"The phone number is not a Norwegian mobile number."},` +
				`{"line":3,"code":"visit.row_wrong","reason":"The visit is not written as the texts phone, date and language, and nothing else."}],` + sending, 1},
		{"csv", asCSV, csvOf("49000003", "49000003", "49000004") + "49000005;1.1.2020\n",
			`{"accepted":2,"merged":1,"skipped":0,"wrong":[{"line":5,"code":"visit.date_old","reason":"The visit was more than 30 days ago."}],` + sending, 3},
		{"fhir", asFHIR, `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Encounter","status":"finished","period":{"start":"2026-11-20"},"subject":{"reference":"Patient/a"}}},
			{"resource":{"resourceType":"Patient","id":"a","telecom":[{"system":"phone","value":"49000006"}]}},{"resource":{"resourceType":"Encounter","status":"planned"}}]}`,
			`{"accepted":1,"merged":0,"skipped":1,"wrong":[],` + sending, 4},
		{"long", asCSV, csvOf(many(100, 27)...), `{"accepted":27,"merged":0,"skipped":0,"wrong":[],"at_least":{"invited":20,"price_ore":1200},` + sending, 31},
		{"nobody", asJSON, `{"visits":[]}`, `{"accepted":0,"merged":0,"skipped":0,"wrong":[],` + sending, 31},
	} {
		r := f.handIn(key, c.kind, c.name, c.body)
		if r.StatusCode != http.StatusOK || r.body != c.want || r.Header.Get("Content-Type") != asJSON || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v\n got %s\nwant %s", c.name, r.StatusCode, r.Header, r.body, c.want)
		}
		if got := f.queued(t, f.eidsvag); got != c.queued {
			t.Errorf("%s: %d messages, want %d", c.name, got, c.queued)
		}
		for _, header := range []string{"Set-Cookie", "Access-Control-Allow-Origin"} {
			if r.Header.Get(header) != "" {
				t.Errorf("%s: %s", c.name, header)
			}
		}
	}
}

// TestAMachineLearnsNothingOfOne: whether somebody is asked, has said no or was asked lately, the answer
// about them alone is the same, and so is one about them among nine that are known to be left out.
func TestAMachineLearnsNothingOfOne(t *testing.T) {
	f := newFixture(t)
	key := f.machine(t, f.eidsvag, nil)
	n, err := sms.ParseNumber("49000001")
	must(t, err)
	must(t, f.Store.OptOutNumber(context.Background(), "", n))
	f.handIn(key, asCSV, "lately", csvOf(append(many(100, 27), "49000002")...))
	for _, others := range [][]string{nil, many(100, 9), many(100, 27)} {
		answers := map[string]bool{}
		for _, one := range []string{"49000001", "49000002", fmt.Sprintf("490000%02d", 50+len(others))} {
			r := f.handIn(key, asCSV, one+fmt.Sprint(len(others)), csvOf(append(others, one)...))
			answers[fmt.Sprint(r.StatusCode, r.body)] = true
		}
		if len(answers) != 1 {
			t.Errorf("with %d others: %v", len(others), answers)
		}
	}
}

func TestAKeyIsOnePracticesOwn(t *testing.T) {
	f := newFixture(t)
	key, other := f.machine(t, f.eidsvag, nil), f.machine(t, f.lillevik, nil)
	if r := f.handIn(key, asCSV, "a", csvOf("49000001")); r.StatusCode != http.StatusOK || f.queued(t, f.eidsvag) != 1 || f.queued(t, f.lillevik) != 0 {
		t.Fatalf("status %d", r.StatusCode)
	}
	// The name of a list and its answer are the key's own too.
	if r := f.handIn(other, asCSV, "a", csvOf("49000002", "49000003")); r.StatusCode != http.StatusOK || f.queued(t, f.eidsvag) != 1 || f.queued(t, f.lillevik) != 2 {
		t.Errorf("status %d", r.StatusCode)
	}
	for name, headers := range map[string][]string{
		"none": {"Authorization", ""}, "another scheme": {"Authorization", "Basic " + key}, "no scheme": {"Authorization", key}, "two": {"Authorization", "Bearer " + key + " " + other},
		"guessed": {"Authorization", "Bearer " + practice.NewAPIKey()}, "shortened": {"Authorization", "Bearer " + key[:len(key)-1]}, "in small letters": {"Authorization", "Bearer " + strings.ToLower(key)},
		"a session": {"Authorization", "", "Cookie", f.signIn(t, kari)},
	} {
		r := f.handIn(key, asCSV, "b", csvOf("49000004"), headers...)
		if r.StatusCode != http.StatusUnauthorized || r.code(t) != "api.key_wrong" || r.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.body)
		}
	}
	k, err := f.Store.APIKey(context.Background(), key)
	must(t, err)
	must(t, f.Store.RevokeAPIKey(context.Background(), f.eidsvag.ID, k.ID))
	for _, name := range []string{"a", "c"} { // nor is an old answer given
		if r := f.handIn(key, asCSV, name, csvOf("49000001")); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("revoked: %d", r.StatusCode)
		}
	}
	if f.queued(t, f.eidsvag) != 1 || f.queued(t, f.lillevik) != 2 {
		t.Error("somebody was asked")
	}
}

// TestTheSameListAtOnce: one of twenty is asked, and the others get its answer or are told to wait. The
// rule is one of two, so that a second reading of the list would ask more.
func TestTheSameListAtOnce(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			f := newFixtureOn(t, e)
			key := f.machine(t, f.eidsvag, func(a *practice.Asking) { a.Rule, a.RuleN = "every_nth", 2 })
			body := csvOf(many(1, 40)...)
			var mu sync.Mutex
			answers := map[string]int{}
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					r := f.handIn(key, asCSV, "monday", body)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case r.StatusCode == http.StatusOK:
						answers[r.body]++
					case r.StatusCode != http.StatusConflict || r.code(t) != "api.in_progress" || r.Header.Get("Retry-After") != "5":
						t.Errorf("status %d %s", r.StatusCode, r.body)
					}
				})
			}
			wg.Wait()
			const want = `{"accepted":40,"merged":0,"skipped":0,"wrong":[],"at_least":{"invited":20,"price_ore":1200},"first_sending":"2026-11-23T13:00:00+01:00"}`
			if len(answers) != 1 || answers[want] == 0 {
				t.Errorf("answers %v", answers)
			}
			f.clock = f.clock.AddDate(0, 0, 7)
			must(t, f.Store.Tidy(context.Background(), f.clock))
			if r := f.handIn(key, asCSV, "monday", body); r.body != want {
				t.Errorf("a week later: %d %s", r.StatusCode, r.body)
			}
			for _, other := range []response{f.handIn(key, asCSV, "monday", csvOf(many(2, 40)...)), f.handIn(key, asJSON, "monday", body)} {
				if other.StatusCode != http.StatusConflict || other.code(t) != "api.reused" {
					t.Errorf("another list under the same name: %d %s", other.StatusCode, other.body)
				}
			}
			if got := f.queued(t, f.eidsvag); got != 20 {
				t.Errorf("%d were asked", got)
			}
		})
	}
}

// TestAListThatFailedCanBeSentAgain under the same name, and at once.
func TestAListThatFailedCanBeSentAgain(t *testing.T) {
	f := newFixture(t)
	key := f.machine(t, f.eidsvag, func(a *practice.Asking) { a.SMS = false })
	if r := f.handIn(key, asCSV, "a", csvOf("49000001")); r.StatusCode != http.StatusConflict || r.code(t) != "asking.off" {
		t.Errorf("switched off: %d %s", r.StatusCode, r.body)
	}
	a, err := f.Store.Asking(context.Background(), f.eidsvag.ID)
	must(t, err)
	a.SMS = true
	must(t, f.Store.SaveAsking(context.Background(), a))
	if r := f.handIn(key, asCSV, "a", csvOf("49000001")); r.StatusCode != http.StatusOK || f.queued(t, f.eidsvag) != 1 {
		t.Errorf("switched on: %d %s", r.StatusCode, r.body)
	}
}

// TestAListIsFinishedWithoutItsSender: what was begun is done and kept, also if nobody waits for it.
func TestAListIsFinishedWithoutItsSender(t *testing.T) {
	f := newFixture(t)
	key := f.machine(t, f.eidsvag, nil)
	ctx, cancel := context.WithCancel(context.Background())
	clock := f.clock
	f.Inviter.Now = func() time.Time { cancel(); return clock } // it is asked when the list is read
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "https://svar.example.org/api/v1/invitations", strings.NewReader(csvOf(many(1, 12)...)))
	for name, value := range map[string]string{"Authorization": "Bearer " + key, "Content-Type": asCSV, "Idempotency-Key": "a"} {
		r.Header.Set(name, value)
	}
	first := f.send(r)
	if again := f.handIn(key, asCSV, "a", csvOf(many(1, 12)...)); ctx.Err() == nil || again.StatusCode != http.StatusOK || again.body != first.body || f.queued(t, f.eidsvag) != 12 {
		t.Errorf("%d %s, %d messages", again.StatusCode, again.body, f.queued(t, f.eidsvag))
	}
}

func TestMachinesAreNotHurried(t *testing.T) {
	f := newFixture(t)
	key, other := f.machine(t, f.eidsvag, nil), f.machine(t, f.lillevik, nil)
	taken := 0
	for i := range 100 {
		r := f.handIn(key, asJSON, fmt.Sprint("a", i), `{"visits":[]}`)
		switch {
		case r.StatusCode == http.StatusOK:
			taken++
		case r.StatusCode != http.StatusTooManyRequests || r.code(t) != "api.too_many" || r.Header.Get("Retry-After") != "1":
			t.Fatalf("%d %s", r.StatusCode, r.body)
		}
	}
	if taken != keyBurst {
		t.Errorf("%d of 100 were taken", taken)
	}
	if r := f.handIn(other, asJSON, "a", `{"visits":[]}`); r.StatusCode != http.StatusOK {
		t.Errorf("another key: %d", r.StatusCode)
	}
	f.clock = f.clock.Add(time.Second)
	if r := f.handIn(key, asJSON, "b", `{"visits":[]}`); r.StatusCode != http.StatusOK {
		t.Errorf("a second later: %d", r.StatusCode)
	}
	// Whoever guesses from the same address hurts nobody who has shown a right key before.
	guessed := 0
	for range 100 {
		if r := f.handIn(practice.NewAPIKey(), asJSON, "a", `{"visits":[]}`); r.StatusCode == http.StatusUnauthorized {
			guessed++
		} else if r.code(t) != "error.too_many" || r.Header.Get("Retry-After") != "60" {
			t.Fatalf("%d %s", r.StatusCode, r.body)
		}
	}
	if guessed != 20 {
		t.Errorf("%d of 100 guesses were looked up", guessed)
	}
	if r := f.handIn(other, asJSON, "b", `{"visits":[]}`); r.StatusCode != http.StatusOK {
		t.Errorf("a right key among guesses: %d", r.StatusCode)
	}
	fresh := f.machine(t, f.lillevik, nil)
	if r := f.handIn(fresh, asJSON, "c", `{"visits":[]}`); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a key that has not been seen: %d", r.StatusCode)
	}
	f.clock = f.clock.Add(3 * time.Minute)
	if r := f.handIn(fresh, asJSON, "c", `{"visits":[]}`); r.StatusCode != http.StatusOK {
		t.Errorf("after three minutes: %d", r.StatusCode)
	}
}

// TestNothingOfANumberIsLeft: no number, key or name of a list is in the log or in the database, and none
// in an answer or an error, wherever a machine may have put it.
func TestNothingOfANumberIsLeft(t *testing.T) {
	f := newFixture(t)
	key := f.machine(t, f.eidsvag, nil)
	const marked = "47654321"
	needles := map[string]string{"the number": marked, "the number in hexadecimal": hex.EncodeToString([]byte(marked)),
		"the number in base 64": base64.StdEncoding.EncodeToString([]byte("+47" + marked))[:12], "the key": key, "half the key": key[len(key)-13:]}
	bodies := map[string][]string{
		asJSON: {`{"visits":[{"phone":"` + marked + `","date":"2026-11-20"}]}`, `{"visits":[{"phone":` + marked + `}]}`, `{"` + marked + `":1}`, `{"visits":[{"phone":"` + marked + `9","date":"` + marked + `"}]}`, marked},
		asCSV:  {csvOf(marked), csvOf(marked + "9"), marked + ";" + marked, "telefon;" + marked + "\n"},
		asFHIR: {`{"resourceType":"` + marked + `"}`, `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Encounter","status":"` + marked + `"}}]}`},
		marked: {marked},
	}
	var said strings.Builder
	i := 0
	for kind, list := range bodies {
		for _, body := range list {
			i++
			for _, name := range []string{fmt.Sprint(marked, "-", i), marked + " x", strings.Repeat(marked, 20)} {
				r := f.handIn(key, kind, name, body, "Content-Encoding", "")
				said.WriteString(fmt.Sprint(r.StatusCode, r.Header, r.body, "\n"))
			}
		}
	}
	for _, headers := range [][]string{{"Authorization", "Bearer " + key + marked}, {"Content-Encoding", marked}, {"Authorization", marked}} {
		said.WriteString(fmt.Sprint(f.handIn(key, asCSV, "a", csvOf(marked), headers...).body, "\n"))
	}
	for _, path := range []string{"/api/v1/" + marked, "/api/" + marked, "/api/v1/invitations/" + marked} {
		r := f.do(t, nobody, http.MethodPost, path, nil)
		said.WriteString(r.body)
		if r.StatusCode != http.StatusNotFound || r.code(t) != "error.not_found" {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.body)
		}
	}
	if f.queued(t, f.eidsvag) != 1 {
		t.Error("the good rows did not go through")
	}
	file := filepath.Join(t.TempDir(), "copy.db")
	must(t, f.Store.Backup(context.Background(), file))
	database, err := os.ReadFile(file)
	must(t, err)
	for place, text := range map[string]string{"an answer": said.String(), "the log": f.log.String(), "the database": string(database)} {
		for what, needle := range needles {
			if strings.Contains(text, needle) {
				t.Errorf("%s has %s", place, what)
			}
		}
	}
	if !strings.Contains(string(database), "Journalen") || !strings.Contains(f.log.String(), "route=/api/v1/invitations") {
		t.Error("the search does not see")
	}
}
