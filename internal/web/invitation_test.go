package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
)

// invite asks numbers on behalf of Eidsvåg and returns the tokens they are sent.
func (f *fixture) invite(t testing.TB, language string, numbers ...string) (tokens []string) {
	t.Helper()
	return f.inviteBy(t, f.eidsvag, language, numbers...)
}

func (f *fixture) inviteBy(t testing.TB, p practice.Practice, language string, numbers ...string) (tokens []string) {
	t.Helper()
	ctx := context.Background()
	a := practice.DefaultAsking(p.ID)
	a.SMS, a.Sender, a.CapOre = true, "Eidsvåg", 1_000_000
	must(t, f.Store.SaveAsking(ctx, a))
	var ms []store.NewMessage
	for _, text := range numbers {
		n, err := sms.ParseNumber(text)
		must(t, err)
		ms = append(ms, store.NewMessage{To: n, Day: "2026-11-20", Language: language, Ore: 60})
	}
	if n, _, err := f.Store.Invite(ctx, p.ID, ms, 0, f.clock, f.clock); err != nil || n != len(numbers) {
		t.Fatal(n, err)
	}
	queue, err := f.Store.Jobs(&river.Config{})
	must(t, err)
	jobs, err := queue.JobList(ctx, river.NewJobListParams().First(10_000))
	must(t, err)
	for _, j := range jobs.Jobs {
		var d store.Delivery
		must(t, json.Unmarshal(j.EncodedArgs, &d))
		if m, err := f.Store.ClaimMessage(ctx, d.MessageID, f.clock); err == nil {
			tokens = append(tokens, m.Token)
		}
	}
	return tokens
}

// aLink is an invitation's token and a form fetched by it, the same each time.
func (f *fixture) aLink(t testing.TB) (token string, form url.Values) {
	t.Helper()
	if f.link == "" {
		f.link = f.invite(t, "nb", "49009999")[0]
		f.linkForm = url.Values{"token": {f.tokenAt(t, "/s/"+f.link)}, "lang": {"nb"}, "visit.polite": {"5"}}
	}
	return f.link, f.linkForm
}

// tokenAt fetches a form and returns its token.
func (f *fixture) tokenAt(t testing.TB, path string) string {
	t.Helper()
	m := tokenPattern.FindStringSubmatch(f.get(t, nobody, path).body)
	if m == nil {
		t.Fatalf("%s has no form", path)
	}
	return m[1]
}

// TestInvitationAnsweredAHundredTimesAtOnce: a hundred forms, each with a token of its own, by one link.
func TestInvitationAnsweredAHundredTimesAtOnce(t *testing.T) {
	f := newFixture(t)
	path := "/s/" + f.invite(t, "nb", "49000001")[0]
	var forms [100]url.Values
	for i := range forms {
		forms[i] = url.Values{"token": {f.tokenAt(t, path)}, "lang": {"nb"}, "visit.polite": {"5"}}
	}
	var thanked, told atomic.Int32
	var wg sync.WaitGroup
	for _, form := range forms {
		wg.Go(func() {
			switch r := f.do(t, nobody, http.MethodPost, path, form); {
			case r.StatusCode == http.StatusOK && strings.Contains(r.body, "gikk opp med én"):
				thanked.Add(1)
			case r.StatusCode == http.StatusGone && strings.Contains(r.body, "allerede talt"):
				told.Add(1)
			default:
				t.Errorf("status %d", r.StatusCode)
			}
		})
	}
	wg.Wait()
	if thanked.Load() != 1 || told.Load() != 99 {
		t.Errorf("%d were thanked, %d told that it is counted", thanked.Load(), told.Load())
	}
	// The form that was counted is thanked for again, and counts no more.
	again := 0
	for _, form := range forms {
		if f.do(t, nobody, http.MethodPost, path, form).StatusCode == http.StatusOK {
			again++
		}
	}
	if again != 1 {
		t.Errorf("%d are thanked when all are sent again", again)
	}
	if n := f.counted(t, f.eidsvag, "polite", "5"); n != 1 {
		t.Errorf("%d answers were counted", n)
	}
}

// TestLooksUseNothingUp: ten thousand looks (a tenth of them without CI=true) by programs that check links, of every method they use.
func TestLooksUseNothingUp(t *testing.T) {
	f := newFixture(t)
	tokens := f.invite(t, "nb", "49000001", "49000002", "49000003", "49000004")
	looks := 1000
	if os.Getenv("CI") == "true" {
		looks = 10_000
	}
	for i := range looks {
		method := http.MethodGet
		if i%10 == 0 {
			method = http.MethodHead
		}
		path := "/s/" + tokens[i%len(tokens)]
		if i%7 == 0 {
			path += "/stop"
		}
		if r := f.do(t, nobody, method, path, nil, "User-Agent", "scanner"); method == http.MethodGet && r.StatusCode != http.StatusOK {
			t.Fatalf("look %d: status %d", i, r.StatusCode)
		}
	}
	for i, token := range tokens {
		in, _, err := f.Store.Invitation(context.Background(), token)
		if err != nil || in.Used {
			t.Errorf("%d is used: %v", i, err)
		}
		form := url.Values{"token": {f.tokenAt(t, "/s/"+token)}, "lang": {"nb"}, "visit.polite": {"4"}}
		if r := f.do(t, nobody, http.MethodPost, "/s/"+token, form); r.StatusCode != http.StatusOK {
			t.Errorf("%d cannot be answered: %d", i, r.StatusCode)
		}
	}
}

func TestInvitationPages(t *testing.T) {
	f := newFixture(t)
	tokens := f.invite(t, "nn", "49000001", "49000002")
	path := "/s/" + tokens[0]
	if r := f.get(t, nobody, path, "Accept-Language", "en"); !strings.Contains(r.body, `<html lang="nn">`) || !strings.Contains(r.body, path+"/stop") {
		t.Error("the form is not in the language of the message, or has no way to say no")
	}
	if r := f.get(t, nobody, path+"?lang=en"); !strings.Contains(r.body, `<html lang="en">`) {
		t.Error("the reader's choice of language is not kept")
	}
	form := url.Values{"token": {f.tokenAt(t, path)}, "lang": {"nb"}, "visit.polite": {"5"}}
	if r := f.do(t, nobody, http.MethodPost, path, form); r.StatusCode != http.StatusOK || !strings.Contains(r.body, "SMS") || strings.Contains(r.body, "denne koden") {
		t.Errorf("thanks: %d %s", r.StatusCode, r.body)
	}
	if r := f.get(t, nobody, path, "Accept-Language", "nb"); r.StatusCode != http.StatusGone || !strings.Contains(r.body, "allerede talt") {
		t.Errorf("a used link: %d", r.StatusCode)
	}
	if r := f.get(t, nobody, "/s/nothing", "Accept-Language", "nb"); r.StatusCode != http.StatusNotFound || !strings.Contains(r.body, "Se etter at hele er med") {
		t.Errorf("an unknown link: %d", r.StatusCode)
	}
	// A used link says no to more all the same; looking at the question does not.
	f.get(t, nobody, path+"/stop")
	if f.invited(t, "49000001") {
		t.Error("asked again within ninety days")
	}
	f.clock = f.clock.AddDate(0, 0, 91)
	if !f.invited(t, "49000001") {
		t.Error("a look at the page was taken for a no")
	}
	if r := f.do(t, nobody, http.MethodPost, path+"/stop?lang=nb", url.Values{}); r.StatusCode != http.StatusOK || !strings.Contains(r.body, "Du får ikke flere meldinger") {
		t.Errorf("saying no: %d", r.StatusCode)
	}
	f.clock = f.clock.AddDate(0, 0, 91)
	if f.invited(t, "49000001") {
		t.Error("asked after saying no")
	}
	// The other link is over by now, and gives a next step.
	if r := f.get(t, nobody, "/s/"+tokens[1], "Accept-Language", "nb"); r.StatusCode != http.StatusGone || !strings.Contains(r.body, "for gammel") || !strings.Contains(r.body, `action="/k"`) {
		t.Errorf("an expired link: %d", r.StatusCode)
	}
}

// invited reports whether a number would be asked now, and asks it.
func (f *fixture) invited(t testing.TB, text string) bool {
	t.Helper()
	n, err := sms.ParseNumber(text)
	must(t, err)
	invited, _, err := f.Store.Invite(context.Background(), f.eidsvag.ID, []store.NewMessage{{To: n, Day: "2026-11-20", Language: "nb", Ore: 60}}, 0, f.clock, f.clock)
	must(t, err)
	return invited == 1
}

func TestSlips(t *testing.T) {
	f := newFixture(t)
	slips, err := f.Store.CreateSlips(context.Background(), f.eidsvag.ID, 2, f.clock)
	must(t, err)
	typed := strings.ToLower(slips[0].String())
	if r := f.get(t, nobody, "/k?code="+url.QueryEscape(typed)); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/s/"+string(slips[0]) {
		t.Errorf("typing %s leads to %d %s", typed, r.StatusCode, r.Header.Get("Location"))
	}
	path := "/s/" + typed
	form := url.Values{"token": {f.tokenAt(t, path)}, "lang": {"nb"}, "visit.polite": {"5"}}
	if r := f.do(t, nobody, http.MethodPost, path, form); r.StatusCode != http.StatusOK {
		t.Errorf("status %d", r.StatusCode)
	}
	if r := f.get(t, nobody, path); r.StatusCode != http.StatusGone {
		t.Errorf("a used slip: %d", r.StatusCode)
	}
	if r := f.get(t, nobody, path+"/stop"); r.StatusCode != http.StatusNotFound {
		t.Errorf("a slip has no number to say no for: %d", r.StatusCode)
	}
	if r := f.get(t, nobody, "/s/"+string(slips[1])); strings.Contains(r.body, "/stop") {
		t.Error("a slip offers to stop messages")
	}
}

// TestGuessingIsSlow: an address that was wrong twenty times is not told of right codes either, for a
// while; the others are.
func TestGuessingIsSlow(t *testing.T) {
	f := newFixture(t)
	slips, err := f.Store.CreateSlips(context.Background(), f.eidsvag.ID, 1, f.clock)
	must(t, err)
	from := func(address, path string) int {
		r, err := http.NewRequest(http.MethodGet, "https://svar.example.org"+path, nil)
		must(t, err)
		r.RemoteAddr = address + ":1"
		return f.send(r).StatusCode
	}
	found := 0
	for range 1000 {
		if from("192.0.2.1", "/s/"+string(practice.NewSlip())) == http.StatusNotFound {
			found++
		}
	}
	if found != 20 {
		t.Errorf("%d guesses of 1000 were looked up", found)
	}
	right := "/s/" + string(slips[0])
	if got := from("192.0.2.1", right); got != http.StatusTooManyRequests {
		t.Errorf("the guesser gets %d", got)
	}
	if got := from("192.0.2.2", right); got != http.StatusOK {
		t.Errorf("somebody else gets %d", got)
	}
	f.clock = f.clock.Add(3 * time.Minute)
	if got := from("192.0.2.1", right); got != http.StatusOK {
		t.Errorf("after a few minutes: %d", got)
	}
	for i := range 3000 { // from many addresses
		from(fmt.Sprintf("192.0.3.%d", i%250), "/s/"+string(practice.NewSlip()))
	}
	if got := from("192.0.2.9", right); got != http.StatusTooManyRequests {
		t.Errorf("with many guessers: %d", got)
	}
}
