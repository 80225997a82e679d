package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// TestDeletePractice: whoever has no role left is gone with it, whoever has one stays and stays signed in, and
// the installation's log has a line that names neither the practice nor the lead.
func TestDeletePractice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		p, _ := newPractice(t, s, "Eidsvåg")
		other, _ := newPractice(t, s, "Lillevik")
		people := map[string]practice.Account{}
		for name, members := range map[string][]practice.Member{"only": {{PracticeID: p.ID, Role: practice.Lead}}, "two": {{PracticeID: p.ID, Role: practice.Lead}, {PracticeID: other.ID, Role: practice.Lead}},
			"kim": {{PracticeID: p.ID, Role: practice.Staff}}, "none": nil} {
			a, err := s.CreateAccount(ctx, practice.Account{Email: name + "@example.org", Name: name, Password: "x"}, members...)
			must(err)
			people[name] = a
			data, err := s.Sessions().Encode(time.Now().Add(time.Hour), map[string]any{store.SessionAccount: a.ID})
			must(err)
			must(s.Sessions().CommitCtx(ctx, name, data, time.Now().Add(time.Hour)))
		}
		n, err := s.CreateNetwork(ctx, "Nord", people["kim"].ID)
		must(err)
		must(s.InvitePractice(ctx, n.ID, p.ID))

		lead := practice.As(ctx, practice.Actor{AccountID: people["only"].ID, Name: "only"})
		must(s.DeletePractice(lead, p.ID))
		must(s.Erase(ctx))
		if err := s.DeletePractice(lead, p.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("deleted twice: %v", err)
		}
		for name, want := range map[string]bool{"only": false, "two": true, "kim": true, "none": true} {
			_, err := s.Account(ctx, people[name].ID)
			_, found, findErr := s.Sessions().FindCtx(ctx, name)
			must(findErr)
			if there := err == nil; there != want || found != want {
				t.Errorf("%s: account %v, session %v, want %v", name, there, found, want)
			}
		}
		// A request that was in flight does not bring the session back.
		must(s.Sessions().CommitCtx(ctx, "only", []byte(`{"values":{"account":"x"}}`), time.Now().Add(time.Hour)))
		if _, found, err := s.Sessions().FindCtx(ctx, "only"); found || err != nil {
			t.Error("the session is back", err)
		}
		if lines := log(t, s, ""); !slices.Contains(lines, " practice_deleted ") {
			t.Errorf("the log says %q", lines)
		}
		must(s.DeletePractice(practice.As(ctx, practice.CommandLine), other.ID))
		if lines := log(t, s, ""); !slices.Contains(lines, "operator (command line) practice_deleted ") {
			t.Errorf("by the operator, the log says %q", lines)
		}
	})
}

// TestDeletedMeanwhile: a form that was under way is not counted and told so, a message that was being handed over
// ends without a word, and what was remembered of running sums is not written again.
func TestDeletedMeanwhile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		other, _ := newPractice(t, s, "Lillevik")
		asking := practice.DefaultAsking(p.ID)
		asking.SMS, asking.CapOre = true, 10_000
		if err := s.SaveAsking(ctx, asking); err != nil {
			t.Fatal(err)
		}
		to, err := sms.ParseNumber("49000001")
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if _, _, err := s.Invite(ctx, p.ID, []store.NewMessage{{To: to, Day: "2026-11-23", Language: "nb", Ore: 60}}, 0, now, now); err != nil {
			t.Fatal(err)
		}
		ids, err := s.MessagesIn(ctx, p.ID, "queued")
		if err != nil || len(ids) != 1 {
			t.Fatal(ids, err)
		}
		if _, err := s.ClaimMessage(ctx, ids[0], now); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.Count(ctx, monday, []store.Entry{entry(p.ID, "", "5"), entry(other.ID, "", "5")}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.DeletePractice(ctx, p.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.SettleMessage(ctx, ids[0], "sent", now); err != nil {
			t.Errorf("the message's end: %v", err)
		}
		if _, err := s.ClaimMessage(ctx, ids[0], now); err != store.ErrSettled {
			t.Errorf("the message again: %v", err)
		}
		if err := s.Count(ctx, monday, []store.Entry{entry(p.ID, "late", "5")}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a late form: %v", err)
		}
		if counted, err := s.Counted(ctx, "late"); counted || err != nil {
			t.Error("a late form looks counted", err)
		}
		if err := s.Count(ctx, monday, []store.Entry{entry(other.ID, "", "1")}); err != nil {
			t.Fatal(err)
		}
		if got, want := released(t, s, other.ID, "2026-W48"), "2026-W48 polite 2026-W48–2026-W48 1:1 3:0 5:2 na:0"; got != want {
			t.Errorf("the other practice: %s, want %s", got, want)
		}
	})
}

// TestDeletedInTheRush deletes practices while others, and they, are being answered, closed and frozen: it
// goes through, and no snapshot has a practice that is gone.
func TestDeletedInTheRush(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		kim, err := s.CreateAccount(ctx, practice.Account{Email: "kim@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.CreateNetwork(ctx, "Nord", kim.ID)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for i := range 8 {
			p, _ := newPractice(t, s, fmt.Sprint("Kontor ", i))
			ids = append(ids, p.ID)
			if err := s.InvitePractice(ctx, n.ID, p.ID); err != nil {
				t.Fatal(err)
			}
			if err := s.SetParticipation(ctx, practice.Participation{NetworkID: n.ID, PracticeID: p.ID, State: practice.Joined}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.CloseWeek(ctx, "2026-W40", everything); err != nil {
			t.Fatal(err)
		}
		var work sync.WaitGroup
		work.Go(func() { // what fails here is tried again by intake and closer
			for i := range 60 {
				_ = s.Count(ctx, monday, []store.Entry{entry(ids[i%len(ids)], fmt.Sprint(i), "5")})
			}
		})
		work.Go(func() {
			for i := range 5 {
				_, _ = s.CloseWeek(ctx, calendar.Week(fmt.Sprintf("2026-W%d", 41+i)), everything)
			}
		})
		work.Go(func() {
			for i := range 20 {
				_, err := s.FreezeQuarter(ctx, n.ID, store.SnapshotKey{Survey: "visit", Version: 1, Quarter: fmt.Sprintf("20%d-Q1", 10+i)}, "2026-W01", "2026-W13",
					func(members []store.SnapshotMember, _ disclosure.Beside) disclosure.Ledger {
						var l disclosure.Ledger
						for _, m := range members {
							l.Members = append(l.Members, m.PracticeID)
						}
						return l
					})
				if err != nil {
					t.Error(err)
				}
			}
		})
		for _, id := range ids[:4] {
			work.Go(func() {
				if err := s.DeletePractice(ctx, id); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
		keys, err := s.SnapshotKeys(ctx, n.ID)
		if err != nil || len(keys) != 20 {
			t.Fatal(len(keys), err)
		}
		for _, k := range keys {
			snapshot, err := s.Snapshot(ctx, n.ID, k)
			if err != nil {
				t.Fatal(err)
			}
			if all := fmt.Sprintf("%+v", snapshot); strings.Contains(all, ids[0]) || strings.Contains(all, ids[3]) || !strings.Contains(all, ids[4]) {
				t.Errorf("%s has %s", k.Quarter, all)
			}
		}
		if ps, err := s.Practices(ctx); err != nil || len(ps) != 4 {
			t.Error(len(ps), err)
		}
	})
}
