package invite_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/invite"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// phone is a gateway that keeps what it is given, and answers as it is told.
type phone struct {
	mu     sync.Mutex
	sent   []sms.Message
	answer func(sms.Message) sms.Outcome
	report func(id string) string
}

func (p *phone) Send(_ context.Context, m sms.Message) sms.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, m)
	if p.answer != nil {
		return sms.Result{Outcome: p.answer(m)}
	}
	return sms.Result{Outcome: sms.Accepted}
}

func (p *phone) messages() []sms.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]sms.Message(nil), p.sent...)
}

// waits reports whether every job in the queue is put off.
func (d *desk) waits() bool {
	d.t.Helper()
	queue, err := d.s.Jobs(&river.Config{})
	must(d.t, err)
	jobs, err := queue.JobList(context.Background(), river.NewJobListParams())
	must(d.t, err)
	return !slices.ContainsFunc(jobs.Jobs, func(j *rivertype.JobRow) bool { return j.ScheduledAt.Before(time.Now().Add(time.Hour)) })
}

// desk is a practice that asks, on a Monday at noon of a year that is over: the queue's own clock is the
// real one, and to it everything is due.
type desk struct {
	t     testing.TB
	s     *store.Store
	i     *invite.Inviter
	p     practice.Practice
	phone *phone
	mu    sync.Mutex
	clock time.Time
}

func (d *desk) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.clock
}

func (d *desk) at(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clock = t
}

func newDesk(t testing.TB, s *store.Store, change func(*practice.Asking)) *desk {
	t.Helper()
	ctx := context.Background()
	d := &desk{t: t, s: s, phone: &phone{}, clock: time.Date(2025, 11, 24, 12, 0, 0, 0, calendar.Oslo)}
	base, err := url.Parse("https://svar.example.no")
	must(t, err)
	secret := sha256.Sum256([]byte("invite"))
	d.i, err = invite.New(invite.Config{Store: s, Secret: secret[:], BaseURL: base, PerPart: 60, Now: d.now, Log: slog.New(slog.DiscardHandler),
		Gateway: func(report func(string) string) (sms.Gateway, error) { d.phone.report = report; return d.phone, nil }})
	must(t, err)
	d.p, _, err = s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Eidsvåg legekontor", Phone: "55 19 00 00"}, "Venterommet")
	must(t, err)
	a := practice.DefaultAsking(d.p.ID)
	a.SMS, a.Sender, a.CapOre = true, "Eidsvaag", 1_000_000
	if change != nil {
		change(&a)
	}
	must(t, s.SaveAsking(ctx, a))
	return d
}

// list is a CSV of visits last Friday.
func list(numbers ...string) string {
	text := "telefon;dato;språk\n"
	for _, n := range numbers {
		text += n + ";21.11.2025;\n"
	}
	return text
}

func (d *desk) ask(csv string, dry bool) invite.Result {
	d.t.Helper()
	l, err := d.i.Read(strings.NewReader(csv))
	must(d.t, err)
	r, err := d.i.Invite(context.Background(), d.p, l.Visits, dry)
	must(d.t, err)
	return r
}

// deliver runs the loop that sends until done, for at most some seconds.
func (d *desk) deliver(done func() bool) {
	d.t.Helper()
	ctx := context.Background()
	c, err := d.i.Start(ctx)
	must(d.t, err)
	for deadline := time.Now().Add(20 * time.Second); !done(); {
		if time.Now().After(deadline) {
			d.t.Error("it took too long")
			break
		}
		time.Sleep(20 * time.Millisecond) // the queue looks once a second
	}
	stop, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	must(d.t, c.Stop(stop))
}

func (d *desk) states() string {
	d.t.Helper()
	counts, err := d.s.MessageCounts(context.Background(), d.p.ID)
	must(d.t, err)
	text := ""
	for _, c := range counts {
		text += fmt.Sprintf("%s:%d ", c.State, c.N)
	}
	return strings.TrimSpace(text)
}

func TestAListIsAsked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(t, s, nil)
		csv := list("49000001", "+47 49 00 00 02", "49000001") + "49000003;21.11.2025;engelsk\n49000004;31.12.2025;\n5519;21.11.2025;\n"
		l, err := d.i.Read(strings.NewReader(csv))
		must(t, err)
		if len(l.Visits) != 3 || len(l.Bad) != 2 || l.Merged != 1 {
			t.Errorf("%d visits, %d bad rows, %d merged", len(l.Visits), len(l.Bad), l.Merged)
		}
		dry := d.ask(csv, true)
		if dry.Invited != 3 || dry.Ore != 180 || len(dry.Preview) != 3 || len(d.phone.messages()) != 0 || d.states() != "" {
			t.Errorf("a dry run: %+v, %s", dry, d.states())
		}
		for _, p := range dry.Preview {
			if strings.Contains(p.To, "9000000") || !strings.Contains(p.Text, "Eidsvåg legekontor") || p.Parts != 1 {
				t.Errorf("shows %+v", p)
			}
		}
		r := d.ask(csv, false)
		if r.Invited != 3 || r.Visits != 3 || r.Ore != 180 || !r.At.Equal(d.now()) {
			t.Errorf("got %+v", r)
		}
		d.deliver(func() bool { return d.states() == "sent:3" })
		links := map[string]bool{}
		english := 0
		for _, m := range d.phone.messages() {
			_, link, _ := strings.Cut(m.Text, "https://svar.example.no/s/")
			token, _, _ := strings.Cut(link, " ")
			in, _, err := s.Invitation(context.Background(), token)
			if err != nil || in.Used || in.PracticeID != d.p.ID {
				t.Errorf("the link of a message is no invitation: %v", err)
			}
			links[token] = true
			if strings.HasPrefix(m.Text, "How was") {
				english++
			}
			if m.From != "Eidsvaag" {
				t.Errorf("from %s", m.From)
			}
		}
		if len(links) != 3 || english != 1 {
			t.Errorf("%d links, %d in English", len(links), english)
		}
		if again := d.ask(csv, false); again.Invited != 0 || again.Quarantined != 3 {
			t.Errorf("again: %+v", again)
		}
	})
}

func TestRulesCountOnOverLists(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(t, s, func(a *practice.Asking) { a.Rule, a.RuleN = "every_nth", 3 })
		asked := 0
		for i := range 10 { // one visit in each list
			asked += d.ask(list(fmt.Sprintf("4900001%d", i)), false).Invited
		}
		if asked != 3 {
			t.Errorf("%d of 10 were asked", asked)
		}
		a, err := s.Asking(context.Background(), d.p.ID)
		must(t, err)
		a.Rule, a.RuleN = "daily", 5
		must(t, s.SaveAsking(context.Background(), a))
		first := d.ask(list("49000021", "49000022", "49000023"), false) // three of that day are asked already
		second := d.ask(list("49000024", "49000025"), false)
		if first.Invited != 2 || first.PassedOver != 1 || second.Invited != 0 || second.PassedOver != 2 {
			t.Errorf("five a day: %+v and %+v", first, second)
		}
	})
}

func TestNothingIsSentAtNight(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(t, s, nil)
		d.at(time.Date(2025, 11, 21, 21, 0, 0, 0, calendar.Oslo)) // Friday evening
		r := d.ask("telefon;dato\n49000001;21.11.2025\n", false)
		if want := time.Date(2025, 11, 24, 9, 0, 0, 0, calendar.Oslo); !r.At.Equal(want) {
			t.Errorf("sent at %s, want %s", r.At, want)
		}
		// A queue that is late, or a practice that changed its hours: the loop looks at the clock itself.
		d.deliver(d.waits)
		if len(d.phone.messages()) != 0 {
			t.Error("sent at night")
		}
	})
}

func TestOutcomes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		d := newDesk(t, s, nil)
		outcomes := map[string]sms.Outcome{"+4749000001": sms.Accepted, "+4749000002": sms.Rejected, "+4749000003": sms.Unknown, "+4749000004": sms.Deferred}
		d.phone.answer = func(m sms.Message) sms.Outcome { return outcomes[m.To.E164()] }
		d.ask(list("49000001", "49000002", "49000003", "49000004"), false)
		d.deliver(func() bool {
			return d.states() == "failed:1 queued:1 sent:1 uncertain:1" && len(d.phone.messages()) == 4
		})
		if got := d.states(); got != "failed:1 queued:1 sent:1 uncertain:1" {
			t.Errorf("states %s", got)
		}
		// Reports: by the address that was given, and by no other.
		var id string
		for _, m := range d.phone.messages() {
			if m.To.E164() == "+4749000003" {
				id = m.ID
			}
		}
		address, err := url.Parse(d.phone.report(id) + "status=delivered")
		must(t, err)
		parts := strings.Split(address.Path, "/")
		if got, want := strings.Join(parts[:5], "/"), "/api/v1/sms/report"; got != want {
			t.Errorf("reports go to %s", got)
		}
		proof := parts[6]
		if err := d.i.Report(ctx, id, proof+"x", address.Query(), "", nil); fault.KindOf(err) != fault.NotFound {
			t.Errorf("without proof: %v", err)
		}
		if err := d.i.Report(ctx, "other", proof, address.Query(), "", nil); fault.KindOf(err) != fault.NotFound {
			t.Errorf("of another message: %v", err)
		}
		must(t, d.i.Report(ctx, id, proof, url.Values{"status": {"sent"}}, "", nil)) // not the last word
		must(t, d.i.Report(ctx, id, proof, address.Query(), "", nil))
		if got := d.states(); got != "delivered:1 failed:1 queued:1 sent:1" {
			t.Errorf("states %s", got)
		}
	})
}

func TestStop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		d := newDesk(t, s, nil)
		_, proof, _ := strings.Cut(d.i.InboundPath(), "/inbound/")
		for _, c := range []struct{ from, text string }{{"+4749000001", "stopp"}, {"49000002", " STOP. "}, {"49000003", "Takk for sist"}, {"+46701234567", "STOP"}} {
			must(t, d.i.Inbound(ctx, proof, c.from, c.text))
		}
		if err := d.i.Inbound(ctx, "guess", "49000003", "STOP"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("without proof: %v", err)
		}
		if r := d.ask(list("49000001", "49000002", "49000003"), false); r.OptedOut != 2 || r.Invited != 1 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestWhatMayNotBeKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(t, s, nil)
		good, err := s.Asking(context.Background(), d.p.ID)
		must(t, err)
		proofs, err := d.i.Check(d.p, good)
		must(t, err)
		for language, proof := range proofs { // or a text that just fits would be called one part and be two
			real := d.i.Text(d.p, good, language, d.i.Link(strings.Repeat("x", store.LinkLength)))
			if len(proof.Text) != len(real) {
				t.Errorf("%s: the proof is %d bytes, the message %d", language, len(proof.Text), len(real))
			}
		}
		for name, change := range map[string]func(*practice.Asking){
			"no sender":            func(a *practice.Asking) { a.Sender = "" },
			"a generic sender":     func(a *practice.Asking) { a.Sender = "INFO" },
			"too short a wait":     func(a *practice.Asking) { a.QuarantineDays = 89 },
			"at night":             func(a *practice.Asking) { a.SendingHours = "07-19" },
			"no such rule":         func(a *practice.Asking) { a.Rule = "who we like" },
			"a text without link":  func(a *practice.Asking) { a.TemplateNB = "Hvordan var besøket hos {practice}?" },
			"another address":      func(a *practice.Asking) { a.TemplateEN = "{practice}: {link} or https://example.com" },
			"a text about health":  func(a *practice.Asking) { a.TemplateNN = "Korleis går det med blodtrykket? {practice} {link}" },
			"a cap below nothing":  func(a *practice.Asking) { a.CapOre = -1 },
			"an unknown language":  func(a *practice.Asking) { a.Language = "xx" },
			"impossible many":      func(a *practice.Asking) { a.VisitsWeek = 10_001 },
			"one in none":          func(a *practice.Asking) { a.Rule = "every_nth" },
			"wait of many decades": func(a *practice.Asking) { a.QuarantineDays = 10_000 },
		} {
			a := good
			change(&a)
			if _, err := d.i.Check(d.p, a); fault.As(err) == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		base, _ := url.Parse("https://svar.example.no")
		none, err := invite.New(invite.Config{Store: s, Secret: []byte(strings.Repeat("s", 32)), BaseURL: base, Now: d.now, Log: slog.New(slog.DiscardHandler)})
		must(t, err)
		if _, err := none.Check(d.p, good); fault.KindOf(err) != fault.Conflict {
			t.Errorf("without a gateway: %v", err)
		}
		if _, err := none.Invite(context.Background(), d.p, nil, false); fault.KindOf(err) != fault.Conflict {
			t.Errorf("asking without a gateway: %v", err)
		}
		good.SMS = false
		must(t, s.SaveAsking(context.Background(), good))
		if _, err := d.i.Invite(context.Background(), d.p, nil, false); fault.KindOf(err) != fault.Conflict {
			t.Errorf("asking while it is off: %v", err)
		}
		if d.states() != "" {
			t.Error("something was stored")
		}
	})
}
