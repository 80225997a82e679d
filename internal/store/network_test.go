package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestSnapshotsByKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		a, err := s.CreateAccount(ctx, practice.Account{Email: "kim@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.CreateNetwork(ctx, "Nord", a.ID)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := newPractice(t, s, "A")
		if err := s.InvitePractice(ctx, n.ID, p.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.SetParticipation(ctx, practice.Participation{NetworkID: n.ID, PracticeID: p.ID, State: practice.Joined}); err != nil {
			t.Fatal(err)
		}
		if err := s.Count(ctx, monday, []store.Entry{entry(p.ID, "", "5")}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CloseWeek(ctx, "2026-W48", everything); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ first, last, want string }{{"2026-W48", "2026-W53", "[{visit 1  0}]"}, {"2026-W40", "2026-W47", "[]"}, {"2026-W49", "2026-W53", "[]"}} {
			keys, err := s.ReleasedBetween(ctx, calendar.Week(c.first), calendar.Week(c.last))
			if got := fmt.Sprint(keys); err != nil || got != c.want {
				t.Errorf("%s to %s: %s, %v", c.first, c.last, got, err)
			}
		}
		for _, quarter := range []string{"2027-Q1", "2026-Q4"} {
			if _, err := s.FreezeQuarter(ctx, n.ID, store.SnapshotKey{Survey: "visit", Version: 1, Quarter: quarter}, "2026-W40", "2026-W48", nothing); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := s.SnapshotKeys(ctx, n.ID)
		if got := fmt.Sprint(keys); err != nil || got != "[{visit 1 2026-Q4 0} {visit 1 2027-Q1 0}]" {
			t.Fatalf("got %s, %v", got, err)
		}
		snapshot, err := s.Snapshot(ctx, n.ID, keys[0])
		if err != nil || snapshot.Quarter != "2026-Q4" || len(snapshot.Members) != 1 || snapshot.Members[0].PracticeID != p.ID {
			t.Errorf("got %+v, %v", snapshot, err)
		}
		if _, err := s.Snapshot(ctx, n.ID, store.SnapshotKey{Survey: "visit", Version: 1, Quarter: "2020-Q1"}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a quarter without a snapshot: %v", err)
		}
	})
}

// TestReleaseIsInTheLedger: each release keeps the method and floor it was let out by.
func TestReleaseIsInTheLedger(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		by := everything
		for i, week := range []calendar.Week{"2026-W48", "2026-W49"} {
			if err := s.Count(ctx, monday, []store.Entry{entry(p.ID, "", "5")}); err != nil {
				t.Fatal(err)
			}
			by.Method, by.Floor = 1+i, 10*(1+i)
			if _, err := s.CloseWeek(ctx, week, by); err != nil {
				t.Fatal(err)
			}
		}
		releases, err := s.Releases(ctx, store.Key{PracticeID: p.ID, Survey: "visit", Version: 1})
		if err != nil || len(releases) != 2 {
			t.Fatal(releases, err)
		}
		for i, r := range releases {
			if r.Method != 1+i || r.Floor != 10*(1+i) {
				t.Errorf("release %s: method %d, floor %d", r.Week, r.Method, r.Floor)
			}
		}
	})
}

// nothing lets nothing out.
func nothing([]store.SnapshotMember, disclosure.Beside) disclosure.Ledger { return disclosure.Ledger{} }

// TestLedgersBeside: a ruling is given the ledgers of the same network in other quarters, the nearest
// first, and of other networks in the same quarter; what it decides is kept with the snapshot.
func TestLedgersBeside(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		if _, err := s.CloseWeek(ctx, "2027-W53", everything); err != nil {
			t.Fatal(err)
		}
		a, err := s.CreateAccount(ctx, practice.Account{Email: "kim@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		var networks []practice.Network
		for _, name := range []string{"Nord", "Sør"} {
			n, err := s.CreateNetwork(ctx, name, a.ID)
			if err != nil {
				t.Fatal(err)
			}
			networks = append(networks, n)
		}
		freeze := func(network int, quarter string) (beside disclosure.Beside) {
			t.Helper()
			k := store.SnapshotKey{Survey: "visit", Version: 1, Quarter: quarter}
			made, err := s.FreezeQuarter(ctx, networks[network].ID, k, "2026-W01", "2026-W13", func(_ []store.SnapshotMember, b disclosure.Beside) disclosure.Ledger {
				beside = b
				return disclosure.Ledger{Method: 1, Members: []string{networks[network].Name, quarter}}
			})
			if err != nil || !made {
				t.Fatal(made, err)
			}
			return beside
		}
		for _, quarter := range []string{"2026-Q1", "2026-Q2", "2026-Q4", "2027-Q1"} {
			freeze(0, quarter)
		}
		freeze(1, "2026-Q2")
		freeze(1, "2026-Q3")
		text := func(ledgers []disclosure.Ledger) string {
			var names []string
			for _, l := range ledgers {
				names = append(names, strings.Join(l.Members, " "))
			}
			return strings.Join(names, ", ")
		}
		got := freeze(0, "2026-Q3")
		for _, c := range [][3]string{{"earlier", text(got.Earlier), "Nord 2026-Q2, Nord 2026-Q1"}, {"later", text(got.Later), "Nord 2026-Q4, Nord 2027-Q1"},
			{"elsewhere", text(got.Elsewhere), "Sør 2026-Q3"}} {
			if c[1] != c[2] {
				t.Errorf("%s: %s, want %s", c[0], c[1], c[2])
			}
		}
		snapshot, err := s.Snapshot(ctx, networks[0].ID, store.SnapshotKey{Survey: "visit", Version: 1, Quarter: "2026-Q3"})
		if err != nil || text([]disclosure.Ledger{snapshot.Ledger}) != "Nord 2026-Q3" {
			t.Errorf("kept %+v, %v", snapshot.Ledger, err)
		}
		// A quarter that is not closed is not frozen.
		if _, err := s.FreezeQuarter(ctx, networks[0].ID, store.SnapshotKey{Survey: "visit", Version: 1, Quarter: "2028-Q1"}, "2028-W01", "2028-W13", nothing); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an open quarter: %v", err)
		}
	})
}

// TestNetworksFrozenAtOnce: of two networks that are frozen at the same time, by two instances, the
// second sees the ledger of the first.
func TestNetworksFrozenAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		if _, err := s.CloseWeek(ctx, "2026-W53", everything); err != nil {
			t.Fatal(err)
		}
		a, err := s.CreateAccount(ctx, practice.Account{Email: "kim@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		var saw [8]int
		var wg sync.WaitGroup
		for i := range saw {
			n, err := s.CreateNetwork(ctx, fmt.Sprint("Nettverk ", i), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				_, err := s.FreezeQuarter(ctx, n.ID, store.SnapshotKey{Survey: "visit", Version: 1, Quarter: "2026-Q4"}, "2026-W40", "2026-W53",
					func(_ []store.SnapshotMember, b disclosure.Beside) disclosure.Ledger {
						saw[i] = len(b.Elsewhere)
						return disclosure.Ledger{}
					})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		slices.Sort(saw[:])
		if saw != [8]int{0, 1, 2, 3, 4, 5, 6, 7} {
			t.Errorf("they saw %v ledgers", saw)
		}
	})
}
