package store_test

import (
	"context"
	"testing"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestIdentities(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		kari, err := s.CreateAccount(ctx, practice.Account{Email: "kari@example.org", Password: "x"}, practice.Member{PracticeID: p.ID, Role: practice.Lead})
		if err != nil {
			t.Fatal(err)
		}
		here, there := practice.Identity{Issuer: "https://here.example", Subject: "k"}, practice.Identity{Issuer: "https://there.example", Subject: "k"}
		if _, err := s.AccountByIdentity(ctx, here); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an unknown name: %v", err)
		}
		for range 2 { // the second time is no matter
			if err := s.ConnectIdentity(ctx, kari.ID, here); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.AccountByIdentity(ctx, here); err != nil || got != kari {
			t.Errorf("got %+v, %v", got, err)
		}
		if _, err := s.AccountByIdentity(ctx, there); fault.KindOf(err) != fault.NotFound {
			t.Errorf("the same subject of another issuer: %v", err)
		}

		ola, err := s.CreateAccountFor(ctx, there, practice.Account{Email: "ola@example.org"}, practice.Member{PracticeID: p.ID, Role: practice.Staff})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.AccountByIdentity(ctx, there); err != nil || got != ola {
			t.Errorf("got %+v, %v", got, err)
		}
		if ms, err := s.Members(ctx, ola.ID); err != nil || len(ms) != 1 {
			t.Errorf("roles %v, %v", ms, err)
		}
		for name, err := range map[string]error{
			"another's name":  s.ConnectIdentity(ctx, kari.ID, there),
			"a second of one": s.ConnectIdentity(ctx, kari.ID, practice.Identity{Issuer: here.Issuer, Subject: "other"}),
			"the last way in": s.RemoveIdentity(ctx, ola.ID, there.Issuer),
			"a new account's": second(s.CreateAccountFor(ctx, there, practice.Account{Email: "nils@example.org"})),
			"the same e-mail": second(s.CreateAccountFor(ctx, practice.Identity{Issuer: "i", Subject: "s"}, practice.Account{Email: "ola@example.org"})),
		} {
			if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v, want a conflict", name, err)
			}
		}
		if err := s.ConnectIdentity(ctx, "nobody", practice.Identity{Issuer: "i", Subject: "s"}); err == nil {
			t.Error("a name is nobody's")
		}
		if _, err := s.AccountByEmail(ctx, "nils@example.org"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("half an account was kept: %v", err)
		}
		if got, err := s.AccountByIdentity(ctx, there); err != nil || got != ola {
			t.Errorf("after what was refused the name is %+v's, %v", got, err)
		}
		if err := s.RemoveIdentity(ctx, kari.ID, here.Issuer); err != nil {
			t.Error(err)
		}
		if is, err := s.Identities(ctx, kari.ID); err != nil || len(is) != 0 {
			t.Errorf("kept %v, %v", is, err)
		}
		if is, err := s.Identities(ctx, ola.ID); err != nil || len(is) != 1 || is[0] != there {
			t.Errorf("kept %v, %v", is, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }
