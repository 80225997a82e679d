package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// newPerson makes an account with a role in some practices, and a session of it.
func newPerson(t testing.TB, s *store.Store, name string, members ...practice.Member) practice.Account {
	t.Helper()
	a, err := s.CreateAccount(context.Background(), practice.Account{Email: name + "@example.org", Name: name, Password: "x"}, members...)
	if err != nil {
		t.Fatal(err)
	}
	session(t, s, "session of "+name, a.ID, "")
	return a
}

func signedIn(t testing.TB, s *store.Store, name string) bool {
	t.Helper()
	return alive(t, s, "session of "+name)
}

// as is what somebody does.
func as(a practice.Account) context.Context {
	return practice.As(context.Background(), practice.Actor{AccountID: a.ID, Name: a.Name})
}

func TestPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		q, _ := newPractice(t, s, "Lillevik")
		kari := newPerson(t, s, "Kari", practice.Member{PracticeID: p.ID, Role: practice.Lead})
		sara := newPerson(t, s, "Sara", practice.Member{PracticeID: p.ID, Role: practice.Staff})
		both := newPerson(t, s, "Both", practice.Member{PracticeID: p.ID, Role: practice.Staff}, practice.Member{PracticeID: q.ID, Role: practice.Lead})

		people, err := s.People(ctx, p.ID)
		var names []string
		for _, person := range people {
			names = append(names, person.Name+" "+string(person.Role))
		}
		if err != nil || !slices.Equal(names, []string{"Kari lead", "Both staff", "Sara staff"}) {
			t.Errorf("people %v, %v", names, err)
		}
		if counts, err := s.PeopleCounts(ctx); err != nil || counts[p.ID] != (store.Heads{Leads: 1, Staff: 2}) || counts[q.ID] != (store.Heads{Leads: 1}) {
			t.Errorf("counts %v, %v", counts, err)
		}
		if _, err := s.Person(ctx, q.ID, sara.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("Sara in Lillevik: %v", err)
		}

		// The last lead stays, whatever is tried; a second one makes both free.
		if err := s.SetRole(as(kari), p.ID, kari.ID, practice.Staff); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the last lead demoted: %v", err)
		}
		if _, err := s.RemovePerson(as(kari), p.ID, kari.ID); fault.KindOf(err) != fault.Conflict || !signedIn(t, s, "Kari") {
			t.Errorf("the last lead removed: %v", err)
		}
		if err := s.SetRole(as(kari), p.ID, sara.ID, "king"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a king: %v", err)
		}
		if err := s.SetRole(as(kari), q.ID, sara.ID, practice.Lead); fault.KindOf(err) != fault.NotFound {
			t.Errorf("Sara leads where she is not: %v", err)
		}
		if err := s.SetRole(as(kari), p.ID, sara.ID, practice.Lead); err != nil {
			t.Fatal(err)
		}

		// Offers end with the role of who made them.
		if _, _, err := s.MakeOffer(as(sara), practice.Offer{PracticeID: p.ID, Role: practice.Lead, Name: "Sara igjen"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.MakeOffer(as(kari), practice.Offer{PracticeID: p.ID, Role: practice.Staff, Name: "Per"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if last, err := s.RemovePerson(as(kari), p.ID, sara.ID); err != nil || !last || signedIn(t, s, "Sara") {
			t.Errorf("Sara removed: last role %t, %v, still signed in: %t", last, err, signedIn(t, s, "Sara"))
		}
		if os, err := s.Offers(ctx, p.ID, time.Now()); err != nil || len(os) != 1 || os[0].Name != "Per" {
			t.Errorf("offers %v, %v: Sara's must end with her role, Per's not", os, err)
		}
		if last, err := s.RemovePerson(as(kari), p.ID, both.ID); err != nil || last || signedIn(t, s, "Both") {
			t.Errorf("who has another role: last %t, %v, signed in %t", last, err, signedIn(t, s, "Both"))
		}
		if !signedIn(t, s, "Kari") {
			t.Error("Kari is signed out")
		}
		if _, err := s.RemovePerson(as(kari), p.ID, sara.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("removed twice: %v", err)
		}
	})
}

// TestTwoLeadsRemoveEachOther: whatever two do at once, one lead is left.
func TestTwoLeadsRemoveEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		a := newPerson(t, s, "A", practice.Member{PracticeID: p.ID, Role: practice.Lead})
		b := newPerson(t, s, "B", practice.Member{PracticeID: p.ID, Role: practice.Lead})
		for range 10 {
			var wg sync.WaitGroup
			for _, one := range []practice.Account{a, b} {
				wg.Go(func() {
					if err := s.SetRole(ctx, p.ID, one.ID, practice.Staff); err != nil && fault.KindOf(err) != fault.Conflict {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if counts, err := s.PeopleCounts(ctx); err != nil || counts[p.ID].Leads != 1 {
				t.Fatalf("%+v leads left, %v", counts[p.ID], err)
			}
			for _, one := range []practice.Account{a, b} {
				if err := s.SetRole(ctx, p.ID, one.ID, practice.Lead); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestCoordinators(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		kim, ida := newPerson(t, s, "Kim"), newPerson(t, s, "Ida")
		operator, err := s.CreateAccount(ctx, practice.Account{Email: "dina@example.org", Password: "x", Operator: true})
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.CreateNetwork(ctx, "Nord", kim.ID)
		if err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"the last removed": s.RemoveCoordinator(ctx, n, kim.ID), "added twice": s.AddCoordinator(ctx, n, kim.ID), "an operator": s.AddCoordinator(ctx, n, operator.ID),
		} {
			if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v, want a conflict", what, err)
			}
		}
		if err := s.RemoveCoordinator(ctx, n, ida.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("who does not coordinate: %v", err)
		}
		if err := s.AddCoordinator(ctx, n, ida.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveCoordinator(ctx, n, kim.ID); err != nil || signedIn(t, s, "Kim") {
			t.Errorf("%v; Kim is signed in: %t", err, signedIn(t, s, "Kim"))
		}
		if ns, err := s.Coordinates(ctx, kim.ID); err != nil || len(ns) != 0 {
			t.Errorf("Kim coordinates %v, %v", ns, err)
		}
	})
}
