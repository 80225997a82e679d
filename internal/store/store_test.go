package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestEightInstancesStartAtOnce(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			dsn := storetest.DSN(t, e)
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					s, err := store.Open(context.Background(), dsn, storetest.Secret)
					if err != nil {
						t.Error(err)
						return
					}
					defer s.Close()
					if err := s.Ping(context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestOpenKeepsThePasswordToItself(t *testing.T) {
	for _, dsn := range []string{"postgres://venterom:hunter2@127.0.0.1:1/x?sslmode=disable&connect_timeout=1", "postgres://venterom:hunter2@%zz/x"} {
		_, err := store.Open(context.Background(), dsn, storetest.Secret)
		if err == nil {
			t.Fatal("opened nothing")
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is in: %v", err)
		}
	}
}

func TestPracticesAndPoints(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, point := newPractice(t, s, "Eidsvåg legekontor")
		if p.Slug != "eidsvag-legekontor" {
			t.Errorf("slug %s", p.Slug)
		}
		if _, _, err := s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Eidsvåg Legekontor", Phone: "1234"}, "x"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the same name again: %v, want a conflict", err)
		}
		p.Digital = true
		if err := s.SavePractice(ctx, p); err != nil {
			t.Fatal(err)
		}
		if got, err := s.PracticeBySlug(ctx, p.Slug); err != nil || got != p {
			t.Errorf("got %+v, %v, want %+v", got, err, p)
		}
		if got, err := s.Practice(ctx, p.ID); err != nil || got != p {
			t.Errorf("got %+v, %v, want %+v", got, err, p)
		}
		if _, err := s.Practice(ctx, "nobody"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("nobody: %v, want not found", err)
		}
		door, err := s.CreatePoint(ctx, p.ID, "Døra")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetPointRetired(ctx, p.ID, point.Code, true); err != nil {
			t.Fatal(err)
		}
		if err := s.SetPointRetired(ctx, "another", door.Code, true); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another practice's point: %v, want not found", err)
		}
		points, err := s.Points(ctx, p.ID)
		if err != nil || len(points) != 2 || points[0] != door || points[1].Code != point.Code || !points[1].Retired {
			t.Errorf("points %+v, %v", points, err)
		}
		if got, err := s.Point(ctx, door.Code); err != nil || got != door {
			t.Errorf("got %+v, %v, want %+v", got, err, door)
		}
		if ps, err := s.Practices(ctx); err != nil || len(ps) != 1 {
			t.Errorf("practices %+v, %v", ps, err)
		}
	})
}

func TestAccountsAndSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		a, err := s.CreateAccount(ctx, practice.Account{Email: "kari@example.org", Name: "Kari", Password: "x"}, practice.Member{PracticeID: p.ID, Role: practice.Lead})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.AccountByEmail(ctx, "kari@example.org"); err != nil || got != a {
			t.Errorf("got %+v, %v, want %+v", got, err, a)
		}
		if ms, err := s.Members(ctx, a.ID); err != nil || len(ms) != 1 || ms[0].Role != practice.Lead {
			t.Errorf("members %+v, %v", ms, err)
		}
		if _, err := s.CreateAccount(ctx, practice.Account{Email: "kari@example.org"}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the same address again: %v, want a conflict", err)
		}
		if _, err := s.CreateAccount(ctx, practice.Account{Email: "ola@example.org"}, practice.Member{PracticeID: p.ID, Role: "king"}); err == nil {
			t.Error("there is no role king")
		}
		if _, err := s.AccountByEmail(ctx, "ola@example.org"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("half an account was kept: %v", err)
		}

		ss := s.Sessions()
		data, err := ss.Encode(time.Unix(0, 0).UTC(), map[string]any{"language": "nn", "second": true})
		if err != nil {
			t.Fatal(err)
		}
		if err := ss.Commit("t", data, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		b, found, err := ss.Find("t")
		if err != nil || !found {
			t.Fatal(found, err)
		}
		if deadline, values, err := ss.Decode(b); err != nil || !deadline.Equal(time.Unix(0, 0)) || values["language"] != "nn" || values["second"] != true {
			t.Errorf("session %v %v %v", deadline, values, err)
		}
		if err := ss.Commit("t", data, time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, found, err := ss.Find("t"); found || err != nil {
			t.Errorf("an ended session: %t %v", found, err)
		}
		if err := ss.Delete("t"); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAPublishedVersionIsPinned(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, c := range []struct {
			version int
			sum     string
			want    fault.Kind
		}{{1, "a", 0}, {1, "a", 0}, {1, "b", fault.Conflict}, {2, "b", 0}} {
			if err := s.PinSurvey(context.Background(), "visit", c.version, c.sum); fault.KindOf(err) != c.want {
				t.Errorf("version %d as %s: %v", c.version, c.sum, err)
			}
		}
	})
}

// TestPasswordFromAFile: the password of PostgreSQL need not be in the address: libpq's file is read, as
// PGPASSFILE or the address names it. One that others may read is not.
func TestPasswordFromAFile(t *testing.T) {
	dsn, password := storetest.Guarded(t)
	file := filepath.Join(t.TempDir(), "pgpass")
	try := func(dsn string) error {
		s, err := store.Open(context.Background(), dsn, storetest.Secret)
		if err != nil {
			if strings.Contains(err.Error(), password) {
				t.Errorf("the error has the password: %v", err)
			}
			return err
		}
		return errors.Join(s.Ping(context.Background()), s.Close())
	}
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(file, []byte(text), mode), os.Chmod(file, mode)); err != nil {
			t.Fatal(err)
		}
	}
	if err := try(dsn); err == nil {
		t.Fatal("no password is needed")
	}
	write("*:*:*:*:"+password+"\n", 0o600)
	if err := try(dsn + "&passfile=" + file); err != nil {
		t.Errorf("named in the address: %v", err)
	}
	t.Setenv("PGPASSFILE", file)
	if err := try(dsn); err != nil {
		t.Errorf("PGPASSFILE: %v", err)
	}
	write("*:*:*:*:"+password+"\n", 0o644)
	if err := try(dsn); err == nil {
		t.Error("a file that others may read is read")
	}
	write("*:*:*:*:wrong\n", 0o600)
	if err := try(dsn); err == nil {
		t.Error("a wrong password is taken")
	}
}
