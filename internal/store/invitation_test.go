package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func number(t testing.TB, text string) sms.Number {
	t.Helper()
	n, err := sms.ParseNumber(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// asks makes a practice that asks by text message and may spend a thousand kroner a month.
func asks(t testing.TB, s *store.Store, name string, change func(*practice.Asking)) practice.Practice {
	t.Helper()
	p, _ := newPractice(t, s, name)
	a := practice.DefaultAsking(p.ID)
	a.SMS, a.CapOre = true, 100_000
	if change != nil {
		change(&a)
	}
	if err := s.SaveAsking(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	return p
}

// messages is what a queue would be given: the ids of all jobs that are due by a time, in order.
func messages(t testing.TB, s *store.Store) (ids []string) {
	t.Helper()
	c, err := s.Jobs(&river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.JobList(context.Background(), river.NewJobListParams().First(1000).OrderBy(river.JobListOrderByScheduledAt, river.SortOrderAsc))
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`"message_id": ?"(\w+)"`)
	for _, j := range list.Jobs {
		m := id.FindSubmatch(j.EncodedArgs)
		if m == nil {
			t.Fatalf("a job is %s", j.EncodedArgs)
		}
		ids = append(ids, string(m[1]))
	}
	return ids
}

func ask(t testing.TB, s *store.Store, p practice.Practice, numbers ...string) int {
	t.Helper()
	var ms []store.NewMessage
	for _, text := range numbers {
		ms = append(ms, store.NewMessage{To: number(t, text), Day: "2026-11-20", Language: "nb", Ore: 100})
	}
	n, _, err := s.Invite(context.Background(), p.ID, ms, 0, monday, monday)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// claim takes the next message of the queue as the loop that sends does.
func claim(t testing.TB, s *store.Store, id string) store.Outgoing {
	t.Helper()
	m, err := s.ClaimMessage(context.Background(), id, monday)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func states(t testing.TB, s *store.Store, p practice.Practice) string {
	t.Helper()
	counts, err := s.MessageCounts(context.Background(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, c := range counts {
		text += fmt.Sprintf("%s %s:%d ", c.Month, c.State, c.N)
	}
	return text
}

func TestInvitationIsUsedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		slips, err := s.CreateSlips(ctx, p.ID, 4, monday)
		if err != nil {
			t.Fatal(err)
		}
		form := func(receipt string, slip practice.Slip) store.Entry {
			in, hash, err := s.Invitation(ctx, string(slip))
			if err != nil || in.PracticeID != p.ID || in.Channel != "slip" {
				t.Fatal(in, err)
			}
			e := entry(p.ID, receipt, "5")
			e.Point, e.Channel, e.Invitation = "", "slip", hash
			return e
		}
		count := func(at time.Time, batch ...store.Entry) []int {
			t.Helper()
			err := s.Count(ctx, at, batch)
			var refused store.Refused
			if err != nil && !errors.As(err, &refused) {
				t.Fatal(err)
			}
			return refused
		}
		a := form("a", slips[0])
		if got := count(monday, a, entry(p.ID, "b", "3"), form("c", slips[0]), form("d", slips[1])); !slices.Equal(got, []int{2}) {
			t.Errorf("of one batch %v were refused", got)
		}
		if got := count(monday, a); got != nil {
			t.Errorf("the same form again was refused: it is counted")
		}
		for range 2 { // a form that was refused once does not look counted the second time
			if got := count(monday, form("c", slips[0])); !slices.Equal(got, []int{0}) {
				t.Errorf("another form by a used slip: %v", got)
			}
		}
		if got := count(monday.AddDate(0, 0, store.SlipDays), form("e", slips[2])); got != nil {
			t.Error("refused on its last day")
		}
		if got := count(monday.AddDate(0, 0, store.SlipDays+1), form("f", slips[3])); !slices.Equal(got, []int{0}) {
			t.Error("counted after its last day")
		}
		if in, _, err := s.Invitation(ctx, string(slips[0])); err != nil || !in.Used {
			t.Errorf("%+v, %v", in, err)
		}
		if in, _, err := s.Invitation(ctx, string(slips[3])); err != nil || in.Used {
			t.Errorf("%+v, %v", in, err)
		}
		if _, _, err := s.Invitation(ctx, "nothing"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an unknown token: %v", err)
		}
		if got, want := released(t, s, p.ID, "2027-W20"), "2027-W20 polite 2026-W48–2027-W07 1:0 3:1 5:3 na:0"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if err := s.Tidy(ctx, monday.AddDate(0, 0, 3*store.SlipDays)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Invitation(ctx, string(slips[3])); fault.KindOf(err) != fault.NotFound {
			t.Errorf("long after it was over: %v", err)
		}
	})
}

func TestInvite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p := asks(t, s, "Eidsvåg", nil)
		other := asks(t, s, "Lillevik", nil)
		if got := ask(t, s, p, "49000001", "+47 490 00 002", "0047 49000001"); got != 2 {
			t.Errorf("%d were asked, one of them twice", got)
		}
		if got := ask(t, s, p, "49000001"); got != 0 {
			t.Error("asked again the same day")
		}
		if got := ask(t, s, other, "49000001"); got != 1 {
			t.Error("not asked by another practice")
		}
		standings, err := s.Standings(ctx, p.ID, []sms.Number{number(t, "49000001"), number(t, "49000009")}, monday.AddDate(0, 0, 90))
		if err != nil || !slices.Equal(standings, []store.Standing{store.Quarantined, store.Free}) {
			t.Errorf("after ninety days: %v, %v", standings, err)
		}
		standings, err = s.Standings(ctx, p.ID, []sms.Number{number(t, "49000001")}, monday.AddDate(0, 0, 91))
		if err != nil || standings[0] != store.Free {
			t.Errorf("after ninety-one: %v, %v", standings, err)
		}
		if got := messages(t, s); len(got) != 3 {
			t.Errorf("%d jobs", len(got))
		}
		if asked, err := s.AskedWeekly(ctx, p.ID); err != nil || len(asked) != 1 || asked["2026-W48"] != 2 {
			t.Errorf("asked by week: %v, %v", asked, err)
		}
		if asked, err := s.Asked(ctx, p.ID, []string{"2026-11-20", "2026-11-19"}); err != nil || asked["2026-11-20"] != 2 || asked["2026-11-19"] != 0 {
			t.Errorf("asked %v, %v", asked, err)
		}
		// What is over the cap is not sent, whole messages.
		poor := asks(t, s, "Utvær", func(a *practice.Asking) { a.CapOre = 250 })
		if got := ask(t, s, poor, "49000001", "49000002", "49000003"); got != 2 {
			t.Errorf("%d for 2.50", got)
		}
		if ore, err := s.Spent(ctx, poor.ID, "2026-11"); err != nil || ore != 200 {
			t.Errorf("spent %d, %v", ore, err)
		}
		off := asks(t, s, "Av", func(a *practice.Asking) { a.SMS = false })
		if _, _, err := s.Invite(ctx, off.ID, []store.NewMessage{{To: number(t, "49000004"), Day: "2026-11-20", Ore: 1}}, 0, monday, monday); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a practice that has not switched it on: %v", err)
		}
	})
}

func TestMessageIsSentAtMostOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p := asks(t, s, "Eidsvåg", nil)
		ask(t, s, p, "49000001", "49000002", "49000003", "49000004", "49000005")
		ids := messages(t, s)
		m := claim(t, s, ids[0])
		if m.To.E164() == "" || m.Language != "nb" || m.PracticeID != p.ID || len(m.Token) != 27 {
			t.Errorf("claimed %d characters of token for %s", len(m.Token), m.PracticeID)
		}
		settled := func(id string) {
			t.Helper()
			if _, err := s.ClaimMessage(ctx, id, monday); !errors.Is(err, store.ErrSettled) {
				t.Errorf("claimed again: %v", err)
			}
		}
		settle := func(id, state string) {
			t.Helper()
			if err := s.SettleMessage(ctx, id, state, monday); err != nil {
				t.Fatal(err)
			}
		}
		report := func(id, state string) {
			t.Helper()
			if err := s.ReportMessage(ctx, id, state, monday); err != nil {
				t.Fatal(err)
			}
		}
		settle(m.ID, "sent")
		settled(m.ID)
		report(m.ID, "delivered")
		settle(m.ID, "failed") // comes too late

		// The process died between the gateway and the database: nobody knows, and it is not sent again.
		claim(t, s, ids[1])
		settled(ids[1])
		if got := states(t, s, p); got != "2026-11 delivered:1 2026-11 queued:3 2026-11 uncertain:1 " {
			t.Errorf("states %s", got)
		}
		if ids, err := s.MessagesIn(ctx, p.ID, "uncertain"); err != nil || len(ids) != 1 {
			t.Errorf("uncertain %v, %v", ids, err)
		}
		if err := s.ResendMessage(ctx, p.ID, ids[1], monday, monday); err != nil {
			t.Errorf("sent again by hand: %v", err)
		}
		if err := s.ResendMessage(ctx, p.ID, ids[1], monday, monday); fault.KindOf(err) != fault.NotFound {
			t.Errorf("and twice: %v", err)
		}
		claim(t, s, ids[1])
		report(ids[1], "delivered") // the report overtakes the answer of the gateway
		settle(ids[1], "sent")

		claim(t, s, ids[2])
		settle(ids[2], "queued") // certainly not taken: tried again
		claim(t, s, ids[2])
		settle(ids[2], "failed")
		report(ids[3], "delivered") // a report of what was never sent
		if got := states(t, s, p); got != "2026-11 delivered:2 2026-11 failed:1 2026-11 queued:2 " {
			t.Errorf("states %s", got)
		}
		// Whoever opts out before a message goes is not sent it.
		m = claim(t, s, ids[3])
		if err := s.OptOut(ctx, m.Token); err != nil {
			t.Fatal(err)
		}
		settle(m.ID, "queued")
		settled(m.ID)
		if err := s.OptOut(ctx, m.Token); err != nil {
			t.Errorf("opting out twice: %v", err)
		}
		if got := ask(t, s, p, m.To.E164()); got != 0 {
			t.Error("asked after opting out")
		}
		if got := states(t, s, p); got != "2026-11 cancelled:1 2026-11 delivered:2 2026-11 failed:1 2026-11 queued:1 " {
			t.Errorf("states %s", got)
		}
		// Of what became of all messages nothing is told that changes with an answer, or a no.
		if got, err := s.MessageStates(ctx); err != nil || fmt.Sprint(got) != "map[delivered:2 failed:1 queued:1 sending:0 sent:0 uncertain:0]" {
			t.Errorf("of all: %v, %v", got, err)
		}
		if err := s.OptOut(ctx, "nothing"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an unknown token: %v", err)
		}
	})
}

// TestOptOutLongAfter: a link says no to more messages when the number is long gone from here.
func TestOptOutLongAfter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p := asks(t, s, "Eidsvåg", nil)
		other := asks(t, s, "Lillevik", nil)
		ask(t, s, p, "49000001")
		m := claim(t, s, messages(t, s)[0])
		if err := s.SettleMessage(ctx, m.ID, "sent", monday); err != nil {
			t.Fatal(err)
		}
		later := monday.AddDate(0, 0, store.SlipDays)
		if err := s.Tidy(ctx, later); err != nil {
			t.Fatal(err)
		}
		if err := s.OptOut(ctx, m.Token); err != nil {
			t.Fatal(err)
		}
		check := func(p practice.Practice, text string, want store.Standing) {
			t.Helper()
			got, err := s.Standings(ctx, p.ID, []sms.Number{number(t, text)}, later.AddDate(1, 0, 0))
			if err != nil || got[0] != want {
				t.Errorf("%s at %s: %v, %v", text, p.Name, got, err)
			}
		}
		check(p, "49000001", store.OptedOut)
		check(p, "49000002", store.Free)
		check(other, "49000001", store.Free)
		for range 2 {
			if err := s.OptOutNumber(ctx, "", number(t, "49000002")); err != nil {
				t.Fatal(err)
			}
		}
		check(p, "49000002", store.OptedOut)
		check(other, "49000002", store.OptedOut)
	})
}

func TestReminderGoesOnlyToWhoHasNotAnswered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p := asks(t, s, "Eidsvåg", func(a *practice.Asking) { a.Reminder = true })
		if got := ask(t, s, p, "49000001", "49000002"); got != 2 {
			t.Fatal(got)
		}
		if ore, err := s.Spent(ctx, p.ID, "2026-11"); err != nil || ore != 400 {
			t.Errorf("spent %d, %v", ore, err)
		}
		ids := messages(t, s) // by time: the two invitations, and then the reminders
		if len(ids) != 4 {
			t.Fatalf("%d jobs", len(ids))
		}
		first := claim(t, s, ids[0])
		claim(t, s, ids[1])
		_, hash, err := s.Invitation(ctx, first.Token)
		if err != nil {
			t.Fatal(err)
		}
		e := entry(p.ID, "a", "5")
		e.Invitation = hash
		if err := s.Count(ctx, monday, []store.Entry{e}); err != nil {
			t.Fatal(err)
		}
		told := func() string {
			t.Helper()
			states, err := s.MessageStates(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(states)
		}
		before := told()
		reminded := 0
		for _, id := range ids[2:] {
			m, err := s.ClaimMessage(ctx, id, monday.AddDate(0, 0, 3))
			if errors.Is(err, store.ErrSettled) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if reminded++; m.To == first.To || m.Token == first.Token {
				t.Error("who has answered is reminded")
			}
		}
		if after := told(); after != before {
			t.Errorf("a reminder that was not needed shows: %s, %s before", after, before)
		}
		if reminded != 1 {
			t.Errorf("%d are reminded", reminded)
		}
		// The sum must not fall by the reminder that was not needed: it would tell that somebody answered.
		if ore, err := s.Spent(ctx, p.ID, "2026-11"); err != nil || ore != 400 {
			t.Errorf("spent %d after an answer, %v", ore, err)
		}
	})
}

// TestNumbersAreForgotten: what a message needs to be sent is gone when it is sent, and after two days
// where nobody knows.
func TestNumbersAreForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p := asks(t, s, "Eidsvåg", nil)
		ask(t, s, p, "49000001")
		id := messages(t, s)[0]
		claim(t, s, id)
		if _, err := s.ClaimMessage(ctx, id, monday); !errors.Is(err, store.ErrSettled) {
			t.Fatal(err)
		}
		for day, want := range []int{1, 1, 0} {
			if err := s.Tidy(ctx, monday.AddDate(0, 0, day)); err != nil {
				t.Fatal(err)
			}
			if ids, err := s.MessagesIn(ctx, p.ID, "uncertain"); err != nil || len(ids) != want {
				t.Errorf("after %d days: %v, %v", day, ids, err)
			}
		}
		if err := s.ResendMessage(ctx, p.ID, id, monday, monday); fault.KindOf(err) != fault.NotFound {
			t.Errorf("sent again without a number: %v", err)
		}
	})
}

func TestOpenedIsAdded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		other, _ := newPractice(t, s, "Lillevik")
		week := func(practiceID string, w calendar.Week) store.Opened {
			return store.Opened{PracticeID: practiceID, Week: w}
		}
		for _, n := range []int{3, 4} {
			if err := s.AddOpened(ctx, map[store.Opened]int{week(p.ID, "2026-W47"): n, week(p.ID, "2026-W48"): 1, week(other.ID, "2026-W47"): 90, week("gone", "2026-W47"): 2}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Opened(ctx, p.ID)
		if want := map[calendar.Week]int{"2026-W47": 7, "2026-W48": 2}; err != nil || !maps.Equal(got, want) {
			t.Errorf("got %v, want %v, %v", got, want, err)
		}
	})
}

// TestValidSlipsTellNothingOfAnswers: their number is that of those made, until they are out of date.
func TestValidSlipsTellNothingOfAnswers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p := asks(t, s, "Eidsvåg", nil)
		slips, err := s.CreateSlips(ctx, p.ID, 3, monday)
		if err != nil {
			t.Fatal(err)
		}
		ask(t, s, p, "49000001") // a link is no slip
		_, hash, err := s.Invitation(ctx, string(slips[0]))
		if err != nil {
			t.Fatal(err)
		}
		e := entry(p.ID, "a", "5")
		e.Point, e.Channel, e.Invitation = "", "slip", hash
		if err := s.Count(ctx, monday, []store.Entry{e}); err != nil {
			t.Fatal(err)
		}
		for day, want := range map[int]int{0: 3, store.SlipDays: 3, store.SlipDays + 1: 0} {
			if n, err := s.ValidSlips(ctx, p.ID, monday.AddDate(0, 0, day)); err != nil || n != want {
				t.Errorf("after %d days: %d, want %d, %v", day, n, want, err)
			}
		}
	})
}

func TestInvitingAtOnceAsksEachOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := asks(t, s, "Eidsvåg", func(a *practice.Asking) { a.CapOre = 700 })
		total := make(chan int)
		for range 4 {
			go func() {
				n, _, err := s.Invite(context.Background(), p.ID, []store.NewMessage{
					{To: number(t, "49000001"), Day: "2026-11-20", Ore: 100}, {To: number(t, "49000002"), Day: "2026-11-20", Ore: 100}}, 0, monday, monday)
				if err != nil {
					t.Error(err)
				}
				total <- n
			}()
		}
		sum := 0
		for range 4 {
			sum += <-total
		}
		if sum != 2 || len(messages(t, s)) != 2 {
			t.Errorf("%d were asked, %d messages", sum, len(messages(t, s)))
		}
	})
}
