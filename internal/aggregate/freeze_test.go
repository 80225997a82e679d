package aggregate_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestLatestEndedQuarter(t *testing.T) {
	for _, c := range []struct {
		at   string
		want string
	}{
		{"2026-11-23T12:00:00Z", "2026-Q3"},
		// 2027-W01 begins on Monday 4 January; the last Thursday of 2026 is in W53.
		{"2027-01-04T02:59:00Z", "2026-Q3"}, {"2027-01-04T03:00:00Z", "2026-Q4"},
		// Thursday 1 October 2026 is in W40, the first of the fourth quarter.
		{"2026-09-28T01:59:00Z", "2026-Q2"}, {"2026-09-28T02:00:00Z", "2026-Q3"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		must(t, err)
		if got := aggregate.Ended(at).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.at, got, c.want)
		}
	}
}

// quarters is a network of two practices, and a freezer.
type quarters struct {
	t       *testing.T
	s       *store.Store
	f       *aggregate.Freezer
	network practice.Network
	ps      [2]practice.Practice
}

func newQuarters(t *testing.T, s *store.Store) quarters {
	ctx := context.Background()
	q := quarters{t: t, s: s, f: aggregate.NewFreezer(s, catalog, disclosure.Gate{}, quiet)}
	a, err := s.CreateAccount(ctx, practice.Account{Email: "kim@example.org"})
	must(t, err)
	q.network, err = s.CreateNetwork(ctx, "Nord", a.ID)
	must(t, err)
	for i := range q.ps {
		q.ps[i] = newPractice(t, s, fmt.Sprint("Kontor ", i))
		must(t, s.InvitePractice(ctx, q.network.ID, q.ps[i].ID))
		q.set(i, practice.Joined)
	}
	return q
}

func (q quarters) set(i int, state practice.State) {
	must(q.t, q.s.SetParticipation(context.Background(), practice.Participation{NetworkID: q.network.ID, PracticeID: q.ps[i].ID, State: state}))
}

// week counts twelve answers at each practice in a week, and closes it.
func (q quarters) week(w calendar.Week) {
	ctx := context.Background()
	var batch []store.Entry
	for _, p := range q.ps {
		for range 12 {
			batch = append(batch, store.Entry{PracticeID: p.ID, Channel: "qr", Answers: []store.Answers{{Survey: "visit", Version: 1, Options: map[string]string{"overall": "5"}}}})
		}
	}
	must(q.t, q.s.Count(ctx, w.Start().Add(time.Hour), batch))
	_, err := q.s.CloseWeek(ctx, w, aggregate.Divide(disclosure.Gate{}))
	must(q.t, err)
}

// frozen writes the snapshots as "2026-Q3:2 2026-Q4:1", with the number of practices in each.
func (q quarters) frozen() string {
	ctx := context.Background()
	keys, err := q.s.SnapshotKeys(ctx, q.network.ID)
	must(q.t, err)
	var text string
	for _, k := range keys {
		if k.Survey != "visit" {
			continue
		}
		s, err := q.s.Snapshot(ctx, q.network.ID, k)
		must(q.t, err)
		text += fmt.Sprintf(" %s:%d", s.Quarter, len(s.Members))
	}
	return text
}

func TestQuarterIsFrozenOnceWhenItHasEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		q := newQuarters(t, s)
		third, fourth := calendar.Period{Unit: calendar.Quarterly, Year: 2026, N: 3}, calendar.Period{Unit: calendar.Quarterly, Year: 2026, N: 4}
		end := calendar.Week("2026-W40").Start() // the fourth quarter begins
		q.week("2026-W38")
		for name, at := range map[string]time.Time{"the quarter runs": end.Add(-time.Minute), "its last week is not closed": end} {
			if _, err := q.f.Freeze(ctx, third, at); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
			must(t, q.f.FreezeEnded(ctx, at)) // by itself it waits
		}
		q.week("2026-W39")
		// Two instances at once.
		var made atomic.Int32
		var work sync.WaitGroup
		for range 4 {
			work.Go(func() {
				n, err := q.f.Freeze(ctx, third, end)
				if err != nil {
					t.Error(err)
				}
				made.Add(int32(n))
			})
		}
		work.Wait()
		if made.Load() != 1 || q.frozen() != " 2026-Q3:2" {
			t.Errorf("%d made: %s", made.Load(), q.frozen())
		}
		// A practice that leaves is not in the next, and what is frozen stays.
		q.set(1, practice.Left)
		q.week("2026-W53")
		must(t, q.f.FreezeEnded(ctx, calendar.Week("2027-W01").Start()))
		if n, err := q.f.Freeze(ctx, fourth, calendar.Week("2027-W02").Start()); n != 0 || err != nil {
			t.Errorf("again: %d, %v", n, err)
		}
		if got := q.frozen(); got != " 2026-Q3:2 2026-Q4:1" {
			t.Error(got)
		}
		// A quarter without releases makes no snapshot.
		if n, err := q.f.Freeze(ctx, calendar.Period{Unit: calendar.Quarterly, Year: 2020, N: 1}, end); n != 0 || err != nil {
			t.Errorf("empty quarter: %d, %v", n, err)
		}
	})
}

// TestFreezerRunsByItself: it starts in the old quarter, finds the new one's first week, waits for the
// close and freezes.
func TestFreezerRunsByItself(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite)
	q := newQuarters(t, s)
	q.week("2026-W38")
	end := calendar.Week("2026-W40").Start()
	clock := newClock(end.Add(-time.Minute))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { q.f.Run(ctx, clock.now); close(done) }()
		time.Sleep(time.Hour)
		if q.frozen() != "" {
			t.Error("too early")
		}
		clock.set(end)
		time.Sleep(time.Hour)
		if q.frozen() != "" {
			t.Error("before the close")
		}
		q.week("2026-W39")
		time.Sleep(time.Hour)
		if q.frozen() != " 2026-Q3:2" {
			t.Error(q.frozen())
		}
		cancel()
		<-done
	})
}
