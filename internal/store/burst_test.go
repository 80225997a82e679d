package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// letting releases everything, makes a burst of whatever is held and lets everything join.
var letting = store.Division{Divide: everything.Divide,
	Settle: func(held store.Sums) (int, bool) { return held.Channels.Counts["qr"], true },
	Join: func(release, rest, letIn store.Sums) (store.Sums, store.Sums, store.Sums) {
		return release.Plus(letIn), rest, store.Sums{}
	}}

func heldEntry(practiceID, receipt, option string) store.Entry {
	e := entry(practiceID, receipt, option)
	e.Held = true
	return e
}

// bursts writes a practice's bursts as "2026-W48 visit 3 held".
func bursts(t *testing.T, s *store.Store, practiceID string) string {
	t.Helper()
	bs, err := s.Bursts(context.Background(), practiceID)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, b := range bs {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %d %s %s %s", b.Week, b.Survey, b.N, b.State, b.DecidedOn, b.DecidedBy)))
	}
	return strings.Join(lines, "; ")
}

func closeBy(t *testing.T, s *store.Store, week calendar.Week, by store.Division) {
	t.Helper()
	if closed, err := s.CloseWeek(context.Background(), week, by); err != nil || !closed {
		t.Fatalf("CloseWeek(%s) = %t, %v", week, closed, err)
	}
}

func TestHeldIsCountedApart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		kari, err := s.CreateAccount(ctx, practice.Account{Email: "kari@example.org", Name: "Kari", Password: "x"}, practice.Member{PracticeID: p.ID, Role: practice.Lead})
		if err != nil {
			t.Fatal(err)
		}
		count := func(at time.Time, entries ...store.Entry) {
			t.Helper()
			if err := s.Count(ctx, at, entries); err != nil {
				t.Fatal(err)
			}
		}
		count(monday, entry(p.ID, "a", "5"), heldEntry(p.ID, "b", "1"), heldEntry(p.ID, "c", "1"))
		count(monday, heldEntry(p.ID, "a", "1"), entry(p.ID, "b", "5"), heldEntry(p.ID, "d", "3")) // two of them again
		closeBy(t, s, "2026-W48", letting)
		if got, want := dump(t, s, p.ID), "2026-W48 polite 2026-W48–2026-W48 1:0 3:0 5:1 na:0"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got, want := bursts(t, s, p.ID), "2026-W48 visit 3 held"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}

		// Somebody saw another number, or decides for another practice: nothing changes.
		for _, seen := range []int{0, 2, 4} {
			if err := s.DecideBursts(ctx, p.ID, kari.ID, store.BurstDropped, seen, "2026-11-30"); fault.KindOf(err) != fault.Conflict {
				t.Errorf("%d were seen: %v, want a conflict", seen, err)
			}
		}
		if err := s.DecideBursts(ctx, "another", kari.ID, store.BurstReleased, 3, "2026-11-30"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another practice: %v, want a conflict", err)
		}
		if err := s.DecideBursts(ctx, p.ID, kari.ID, store.BurstReleased, 3, "2026-11-30"); err != nil {
			t.Fatal(err)
		}
		if err := s.DecideBursts(ctx, p.ID, kari.ID, store.BurstDropped, 3, "2026-11-30"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("decided a second time: %v, want a conflict", err)
		}
		// With nothing to join it waits.
		closeBy(t, s, "2026-W49", letting)
		if got, want := bursts(t, s, p.ID), "2026-W48 visit 3 released 2026-11-30 Kari"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		count(monday.AddDate(0, 0, 14), entry(p.ID, "e", "5"), heldEntry(p.ID, "f", "1"))
		closeBy(t, s, "2026-W50", letting)
		if got, want := bursts(t, s, p.ID), "2026-W48 visit 3 joined 2026-11-30 Kari; 2026-W50 visit 1 held"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := s.DecideBursts(ctx, p.ID, kari.ID, store.BurstDropped, 1, "2026-12-14"); err != nil {
			t.Fatal(err)
		}
		count(monday.AddDate(0, 0, 21), entry(p.ID, "g", "5"))
		closeBy(t, s, "2026-W51", letting)
		want := "2026-W48 polite 2026-W48–2026-W48 1:0 3:0 5:1 na:0\n2026-W50 polite 2026-W48–2026-W50 1:2 3:1 5:1 na:0\n2026-W51 polite 2026-W51–2026-W51 1:0 3:0 5:1 na:0"
		if got := dump(t, s, p.ID); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if got, want := bursts(t, s, p.ID), "2026-W48 visit 3 joined 2026-11-30 Kari; 2026-W50 visit 1 dropped 2026-12-14 Kari"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestJoiningInParts: what a close cannot let join waits sealed, and joins at a later one, once.
func TestJoiningInParts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		joins := false
		by := letting
		by.Join = func(release, rest, letIn store.Sums) (store.Sums, store.Sums, store.Sums) {
			channels := store.Sums{Channels: letIn.Channels}
			letIn.Channels = store.Sum{}
			if joins {
				return release.Plus(channels).Plus(letIn), rest, store.Sums{}
			}
			return release.Plus(channels), rest, letIn
		}
		week := calendar.Week("2026-W48")
		next := func() {
			t.Helper()
			if err := s.Count(ctx, week.Start().Add(time.Hour), []store.Entry{entry(p.ID, "n"+string(week), "5")}); err != nil {
				t.Fatal(err)
			}
			closeBy(t, s, week, by)
			week = week.Add(1)
		}
		for i := range 2 { // two bursts, of which the first has joined in part when the second is let in
			if err := s.Count(ctx, week.Start().Add(time.Hour), []store.Entry{heldEntry(p.ID, fmt.Sprint(i), "1"), heldEntry(p.ID, fmt.Sprint(i, "b"), "3")}); err != nil {
				t.Fatal(err)
			}
			next()
			if err := s.DecideBursts(ctx, p.ID, "", store.BurstReleased, 2, "2026-11-30"); err != nil {
				t.Fatal(err)
			}
			next()
		}
		joins = true
		next()
		next()
		want := strings.Join([]string{
			"2026-W48 polite 2026-W48–2026-W48 1:0 3:0 5:1 na:0", "2026-W49 polite 2026-W49–2026-W49 1:0 3:0 5:1 na:0",
			"2026-W50 polite 2026-W50–2026-W50 1:0 3:0 5:1 na:0", "2026-W51 polite 2026-W51–2026-W51 1:0 3:0 5:1 na:0",
			"2026-W52 polite 2026-W48–2026-W52 1:2 3:2 5:1 na:0", "2026-W53 polite 2026-W53–2026-W53 1:0 3:0 5:1 na:0"}, "\n")
		if got := dump(t, s, p.ID); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if got, want := bursts(t, s, p.ID), "2026-W48 visit 2 joined 2026-11-30; 2026-W50 visit 2 joined 2026-11-30"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestNobodyDecides: after thirteen weeks what was held is dropped, the few too that were never shown.
func TestNobodyDecides(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		few, _ := newPractice(t, s, "Lillevik")
		two := letting
		two.Settle = func(held store.Sums) (int, bool) { n := held.Channels.Counts["qr"]; return n, n >= 2 }
		week := calendar.Week("2026-W48")
		if err := s.Count(ctx, week.Start(), []store.Entry{heldEntry(p.ID, "a", "1"), heldEntry(p.ID, "b", "1"), heldEntry(few.ID, "c", "1")}); err != nil {
			t.Fatal(err)
		}
		for i := range store.HeldWeeks {
			closeBy(t, s, week.Add(i), two)
		}
		if got, want := bursts(t, s, p.ID), "2026-W48 visit 2 held"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		closeBy(t, s, week.Add(store.HeldWeeks), two)
		if got, want := bursts(t, s, p.ID), "2026-W48 visit 2 expired"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := s.Count(ctx, week.Add(store.HeldWeeks+1).Start(), []store.Entry{heldEntry(few.ID, "d", "1")}); err != nil {
			t.Fatal(err)
		}
		closeBy(t, s, week.Add(store.HeldWeeks+1), two)
		if got := bursts(t, s, few.ID); got != "" {
			t.Errorf("the one that was dropped is counted with the one after it: %s", got)
		}
	})
}

// TestHeldByManyAtOnce lets two instances count the same forms, some held by one and not by the other, while
// leads decide and weeks are closed. Each form is counted once, and each decision is of all or nothing.
func TestHeldByManyAtOnce(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			dsn := storetest.DSN(t, e)
			ctx := context.Background()
			var stores [2]*store.Store
			for i := range stores {
				s, err := store.Open(ctx, dsn, storetest.Secret)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				stores[i] = s
			}
			p, _ := newPractice(t, stores[0], "Eidsvåg")
			const forms = 60
			var wg, others sync.WaitGroup
			var done atomic.Bool
			dropped := 0
			week := calendar.Week("2026-W48")
			others.Go(func() { // closes and decides, now for the one and now for the other
				for i := 0; !done.Load(); i++ {
					if _, err := stores[i%2].CloseWeek(ctx, week, letting); err != nil {
						t.Error(err)
					}
					week = week.Add(1)
					bs, err := stores[0].Bursts(ctx, p.ID)
					if err != nil {
						t.Error(err)
					}
					n := 0
					for _, b := range bs {
						if b.State == store.BurstHeld {
							n += b.N
						}
					}
					if n == 0 {
						continue
					}
					// Two leads at once: one of them decides.
					var errs [2]error
					var both sync.WaitGroup
					for k, state := range []string{store.BurstReleased, store.BurstDropped} {
						both.Go(func() { errs[k] = stores[k].DecideBursts(ctx, p.ID, "", state, n, "2026-11-30") })
					}
					both.Wait()
					if (errs[0] == nil) == (errs[1] == nil) {
						t.Errorf("two decided at once: %v and %v", errs[0], errs[1])
					}
					if errs[1] == nil {
						dropped += n
					}
				}
			})
			for worker := range 6 {
				wg.Go(func() {
					for i := range forms {
						one := entry(p.ID, fmt.Sprint(i), "5")
						one.Held = (i+worker)%2 == 0 // the instances do not share what they have seen
						if err := stores[worker%2].Count(ctx, monday, []store.Entry{one}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			done.Store(true)
			others.Wait()
			// What is still held is let in, and one form more gives it something to join.
			s := stores[0]
			closeBy(t, s, week, letting)
			bs, err := s.Bursts(ctx, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, b := range bs {
				if b.State == store.BurstHeld {
					n += b.N
				}
			}
			if n > 0 {
				if err := s.DecideBursts(ctx, p.ID, "", store.BurstReleased, n, "2026-11-30"); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Count(ctx, monday, []store.Entry{entry(p.ID, "last", "5")}); err != nil {
				t.Fatal(err)
			}
			closeBy(t, s, week.Add(1), letting)
			got := 0
			for line := range strings.Lines(dump(t, s, p.ID)) {
				var fives int
				if _, err := fmt.Sscanf(line[strings.Index(line, "5:"):], "5:%d", &fives); err != nil {
					t.Fatal(err)
				}
				got += fives
			}
			if got+dropped != forms+1 {
				t.Errorf("%d released and %d dropped of %d", got, dropped, forms+1)
			}
			t.Logf("%d released, %d dropped", got, dropped)
		})
	}
}

// TestHeldIsCutShort ends counting and deciding at ever later moments, as a crash would: whatever was
// committed was committed in full, and a repeat adds what was not.
func TestHeldIsCutShort(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		const tries = 40
		cut := func(i int, do func(context.Context) error) error {
			ctx, stop := context.WithTimeout(ctx, time.Duration(i*i)*50*time.Microsecond)
			defer stop()
			return do(ctx)
		}
		for i := range tries {
			batch := []store.Entry{heldEntry(p.ID, fmt.Sprint(i, "h"), "1"), entry(p.ID, fmt.Sprint(i, "p"), "5")}
			_ = cut(i, func(ctx context.Context) error { return s.Count(ctx, monday, batch) })
			if i%2 == 0 {
				if err := s.Count(ctx, monday, batch); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range tries {
			if err := s.Count(ctx, monday, []store.Entry{heldEntry(p.ID, fmt.Sprint(i, "h"), "1"), entry(p.ID, fmt.Sprint(i, "p"), "5")}); err != nil {
				t.Fatal(err)
			}
		}
		closeBy(t, s, "2026-W48", letting)
		if got, want := bursts(t, s, p.ID), fmt.Sprintf("2026-W48 visit %d held", tries); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		for i := 0; ; i++ {
			err := cut(i, func(ctx context.Context) error {
				return s.DecideBursts(ctx, p.ID, "", store.BurstReleased, tries, "2026-11-30")
			})
			// An error may come after the commit; then the next try finds nothing to decide.
			if err == nil || fault.KindOf(err) == fault.Conflict {
				break
			}
		}
		week := calendar.Week("2026-W49")
		if err := s.Count(ctx, week.Start(), []store.Entry{entry(p.ID, "last", "5")}); err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			if err := cut(i, func(ctx context.Context) error { _, err := s.CloseWeek(ctx, week, letting); return err }); err == nil {
				break
			}
		}
		want := fmt.Sprintf("2026-W48 polite 2026-W48–2026-W48 1:0 3:0 5:%d na:0\n2026-W49 polite 2026-W48–2026-W49 1:%d 3:0 5:1 na:0", tries, tries)
		if got := dump(t, s, p.ID); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}
