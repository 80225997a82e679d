package store_test

import (
	"context"
	"fmt"
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
		for _, c := range []struct{ first, last, want string }{{"2026-W48", "2026-W53", "[{visit 1 }]"}, {"2026-W40", "2026-W47", "[]"}, {"2026-W49", "2026-W53", "[]"}} {
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
		if got := fmt.Sprint(keys); err != nil || got != "[{visit 1 2026-Q4} {visit 1 2027-Q1}]" {
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

// nothing lets nothing out.
func nothing([]store.SnapshotMember, disclosure.Beside) disclosure.Ledger { return disclosure.Ledger{} }
