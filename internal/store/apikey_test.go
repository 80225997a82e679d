package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func newKey(t testing.TB, s *store.Store, p practice.Practice, label string) (string, practice.APIKey) {
	t.Helper()
	key, err := s.CreateAPIKey(context.Background(), p.ID, label)
	if err != nil {
		t.Fatal(err)
	}
	k, err := s.APIKey(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return key, k
}

func TestAPIKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		other, _ := newPractice(t, s, "Lillevik")
		key, k := newKey(t, s, p, "Journalen")
		again, _ := newKey(t, s, p, "Eldre journal")
		if k.PracticeID != p.ID || k.Label != "Journalen" || key == again || !practice.IsAPIKey(key) {
			t.Errorf("got %+v", k)
		}
		for _, label := range []string{"", "  ", strings.Repeat("å", 61)} {
			if _, err := s.CreateAPIKey(ctx, p.ID, label); fault.KindOf(err) != fault.Invalid {
				t.Errorf("label %q: %v", label, err)
			}
		}
		for _, wrong := range []string{"", practice.NewAPIKey(), strings.ToLower(key), key + "x", k.ID} {
			if _, err := s.APIKey(ctx, wrong); fault.KindOf(err) != fault.Unauthorized {
				t.Errorf("another key: %v", err)
			}
		}
		if err := s.RevokeAPIKey(ctx, other.ID, k.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("revoked by another practice: %v", err)
		}
		for range 2 {
			if err := s.RevokeAPIKey(ctx, p.ID, k.ID); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.APIKey(ctx, key); fault.KindOf(err) != fault.Unauthorized {
			t.Errorf("revoked: %v", err)
		}
		ks, err := s.APIKeys(ctx, p.ID)
		if err != nil || len(ks) != 2 || ks[0].Label != "Eldre journal" || ks[0].Revoked || !ks[1].Revoked {
			t.Errorf("keys %+v, %v", ks, err)
		}
		if ks, err := s.APIKeys(ctx, other.ID); err != nil || len(ks) != 0 {
			t.Errorf("of another practice: %+v, %v", ks, err)
		}
	})
}

func TestRequestIsAnsweredOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		_, k := newKey(t, s, p, "Journalen")
		_, other := newKey(t, s, p, "En annen")
		r := store.Request{APIKeyID: k.ID, Name: "a", Body: "list"}
		begin := func(r store.Request, now time.Time) string {
			t.Helper()
			answer, err := s.BeginRequest(ctx, r, now)
			if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
				return f.Key
			}
			if err != nil {
				t.Fatal(err)
			}
			return answer
		}
		check := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		check("the first", begin(r, monday), "")
		check("while it is answered", begin(r, monday.Add(5*time.Minute)), "api.in_progress")
		check("another body", begin(store.Request{APIKeyID: k.ID, Name: "a", Body: "other"}, monday.Add(time.Hour)), "api.reused")
		check("another name", begin(store.Request{APIKeyID: k.ID, Name: "b", Body: "list"}, monday), "")
		check("another key", begin(store.Request{APIKeyID: other.ID, Name: "a", Body: "other"}, monday), "")
		check("after a crash", begin(r, monday.Add(5*time.Minute+time.Second)), "")
		check("and then", begin(r, monday.Add(6*time.Minute)), "api.in_progress")
		if err := s.DropRequest(ctx, r); err != nil {
			t.Fatal(err)
		}
		check("when it came to nothing", begin(r, monday), "")
		if err := s.KeepAnswer(ctx, r, "{}", monday); err != nil {
			t.Fatal(err)
		}
		if err := s.DropRequest(ctx, r); err != nil { // of an answer nothing is dropped
			t.Fatal(err)
		}
		for _, day := range []int{0, 7} {
			if err := s.Tidy(ctx, monday.AddDate(0, 0, day)); err != nil {
				t.Fatal(err)
			}
			check("sent again", begin(r, monday.AddDate(0, 0, day)), "{}")
		}
		if err := s.Tidy(ctx, monday.AddDate(0, 0, 8)); err != nil {
			t.Fatal(err)
		}
		check("after seven days", begin(r, monday.AddDate(0, 0, 8)), "")
	})
}
