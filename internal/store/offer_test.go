package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestOffers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		p, _ := newPractice(t, s, "Eidsvåg")
		q, _ := newPractice(t, s, "Lillevik")
		kari := newPerson(t, s, "Kari", practice.Member{PracticeID: p.ID, Role: practice.Lead})
		offer := func(name string) (practice.Offer, string) {
			t.Helper()
			o, token, err := s.MakeOffer(as(kari), practice.Offer{PracticeID: p.ID, Role: practice.Staff, Name: name}, now)
			if err != nil {
				t.Fatal(err)
			}
			return o, token
		}
		for _, wrong := range []practice.Offer{{PracticeID: p.ID, Role: "king", Name: "Per"}, {PracticeID: p.ID, Role: practice.Staff, Name: " "}, {PracticeID: p.ID, Role: practice.Staff, Name: "Per 99887766"}} {
			if _, _, err := s.MakeOffer(ctx, wrong, now); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v, want invalid", wrong, err)
			}
		}

		made, token := offer("Per")
		if o, err := s.Offer(ctx, token, now); err != nil || o.ID != made.ID || o.Name != "Per" || !o.Expires.Equal(now.AddDate(0, 0, 7)) {
			t.Errorf("offer %+v, %v", o, err)
		}
		if _, err := s.Offer(ctx, token, now.AddDate(0, 0, 7)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("after a week: %v", err)
		}
		if _, err := s.Offer(ctx, token+"x", now); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another token: %v", err)
		}

		// What is refused leaves the offer, and no account behind.
		for want, a := range map[string]practice.Account{
			"offer.has_account": {Email: kari.Email, Name: "Kari igjen", Password: "x"}, "offer.has_role": kari,
			"offer.operator": {ID: "x", Operator: true}, "people.name_required": {Email: "per@example.org"},
		} {
			if _, err := s.TakeOffer(ctx, token, a, now); fault.As(err) == nil || fault.As(err).Key != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
		if _, err := s.AccountByEmail(ctx, "per@example.org"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an account was left: %v", err)
		}
		if _, err := s.TakeOffer(ctx, token, practice.Account{Email: "per@example.org", Name: "Per", Password: "x"}, now.AddDate(0, 0, 8)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("taken late: %v", err)
		}

		// Ten at once: one gets it.
		var got atomic.Int32
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				a, err := s.TakeOffer(ctx, token, practice.Account{Email: fmt.Sprintf("per%d@example.org", i), Name: "Per", Password: "x"}, now)
				switch {
				case err == nil && a.ID != "":
					got.Add(1)
				case fault.KindOf(err) != fault.NotFound:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if counts, err := s.PeopleCounts(ctx); err != nil || got.Load() != 1 || counts[p.ID] != (store.Heads{Leads: 1, Staff: 1}) {
			t.Errorf("%d took it, %v, %v", got.Load(), counts, err)
		}

		// An account from elsewhere takes the role beside what it has.
		olav := newPerson(t, s, "Olav", practice.Member{PracticeID: q.ID, Role: practice.Lead})
		_, second := offer("Olav")
		if a, err := s.TakeOffer(ctx, second, olav, now); err != nil || a.ID != olav.ID {
			t.Errorf("%+v, %v", a, err)
		}
		if ms, err := s.Members(ctx, olav.ID); err != nil || len(ms) != 2 {
			t.Errorf("Olav's roles %v, %v", ms, err)
		}

		withdrawn, third := offer("Ida")
		if err := s.WithdrawOffer(ctx, q.ID, withdrawn.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("withdrawn by another practice: %v", err)
		}
		if err := s.WithdrawOffer(ctx, p.ID, withdrawn.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Offer(ctx, third, now); fault.KindOf(err) != fault.NotFound {
			t.Errorf("withdrawn: %v", err)
		}
	})
}
