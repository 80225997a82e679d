package store_test

import (
	"context"
	"encoding/base32"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func newAccount(t *testing.T, s *store.Store, email string, members ...practice.Member) practice.Account {
	t.Helper()
	a, err := s.CreateAccount(context.Background(), practice.Account{Email: email, Password: "hash"}, members...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func passkey(accountID, id string) practice.Passkey {
	return practice.Passkey{ID: id, AccountID: accountID, Name: "Firefox, Linux", AddedWeek: "2026-W48", PublicKey: "key"}
}

func TestWhoNeedsASecondFactor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _, err := s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Eidsvåg", Phone: "55190000"}, "x")
		if err != nil {
			t.Fatal(err)
		}
		lead := newAccount(t, s, "lead@example.org", practice.Member{PracticeID: p.ID, Role: practice.Lead})
		staff := newAccount(t, s, "staff@example.org", practice.Member{PracticeID: p.ID, Role: practice.Staff})
		coordinator := newAccount(t, s, "coordinator@example.org")
		if _, err := s.CreateNetwork(ctx, "Nord", coordinator.ID); err != nil {
			t.Fatal(err)
		}
		operator, err := s.CreateAccount(ctx, practice.Account{Email: "operator@example.org", Operator: true})
		if err != nil {
			t.Fatal(err)
		}
		nobody := newAccount(t, s, "nobody@example.org")
		for id, want := range map[string]bool{lead.ID: true, staff.ID: false, coordinator.ID: true, operator.ID: true, nobody.ID: false, "none": false} {
			if got, err := s.NeedsFactor(ctx, id); err != nil || got != want {
				t.Errorf("%s: %v, %v", id, got, err)
			}
		}
	})
}

func TestPasskeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		a, b := newAccount(t, s, "a@example.org"), newAccount(t, s, "b@example.org")
		codes, err := s.AddPasskey(ctx, passkey(a.ID, "one"))
		if err != nil || len(codes) != practice.RecoveryCodes {
			t.Fatalf("%d codes, %v", len(codes), err)
		}
		if codes, err = s.AddPasskey(ctx, passkey(a.ID, "two")); err != nil || codes != nil {
			t.Errorf("the second passkey brings %d new codes, %v", len(codes), err)
		}
		if _, err := s.AddPasskey(ctx, passkey(b.ID, "one")); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another's passkey: %v", err)
		}
		f, err := s.Factors(ctx, a.ID)
		if err != nil || len(f.Passkeys) != 2 || f.Passkeys[0] != passkey(a.ID, "one") || f.TOTP || f.Recovery != practice.RecoveryCodes {
			t.Errorf("%+v, %v", f, err)
		}
		for _, use := range []struct {
			count uint32
			want  fault.Kind
		}{{0, fault.Internal}, {3, fault.Internal}, {3, fault.Conflict}, {2, fault.Conflict}, {0, fault.Conflict}, {4, fault.Internal}} {
			if err := s.UsePasskey(ctx, "one", use.count); (err == nil) != (use.want == fault.Internal) || err != nil && fault.KindOf(err) != use.want {
				t.Errorf("signature number %d: %v", use.count, err)
			}
		}
		if err := s.RemovePasskey(ctx, b.ID, "one", false); err != nil { // another's: nothing happens
			t.Fatal(err)
		}
		if err := s.RemovePasskey(ctx, a.ID, "two", true); err != nil {
			t.Errorf("one of two: %v", err)
		}
		if err := s.RemovePasskey(ctx, a.ID, "one", true); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the last one of who needs it: %v", err)
		}
		if f, _ = s.Factors(ctx, a.ID); len(f.Passkeys) != 1 {
			t.Errorf("%d passkeys", len(f.Passkeys))
		}
		if err := s.RemovePasskey(ctx, a.ID, "one", false); err != nil {
			t.Error(err)
		}
		if f, _ = s.Factors(ctx, a.ID); f.Any() || f.Recovery != 0 {
			t.Errorf("left: %+v", f)
		}
	})
}

// TestLastFactorIsKept: of two that each remove one of the last two at once, one is refused.
func TestLastFactorIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		for range 20 {
			a := newAccount(t, s, practice.NewRecoveryCodes()[0]+"@example.org")
			var both sync.WaitGroup
			for _, id := range []string{a.ID + "1", a.ID + "2"} {
				if _, err := s.AddPasskey(ctx, passkey(a.ID, id)); err != nil {
					t.Fatal(err)
				}
			}
			for _, id := range []string{a.ID + "1", a.ID + "2"} {
				both.Go(func() { _ = s.RemovePasskey(ctx, a.ID, id, true) })
			}
			both.Wait()
			if f, err := s.Factors(ctx, a.ID); err != nil || len(f.Passkeys) != 1 {
				t.Fatalf("%d passkeys, %v", len(f.Passkeys), err)
			}
		}
	})
}

func TestTOTP(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		a, b := newAccount(t, s, "a@example.org"), newAccount(t, s, "b@example.org")
		secret, now := []byte("12345678901234567890"), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		code := func(at time.Time) string {
			c, err := totp.GenerateCode(base32.StdEncoding.EncodeToString(secret), at)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		if err := s.SpendTOTP(ctx, a.ID, code(now), now); fault.KindOf(err) != fault.Invalid {
			t.Errorf("without an app: %v", err)
		}
		codes, err := s.SetTOTP(ctx, a.ID, secret, now.Unix()/30)
		if err != nil || len(codes) != practice.RecoveryCodes {
			t.Fatalf("%d codes, %v", len(codes), err)
		}
		if err := s.SpendTOTP(ctx, a.ID, code(now), now); fault.KindOf(err) != fault.Invalid {
			t.Errorf("the code that set it up, again: %v", err)
		}
		now = now.Add(time.Minute)
		if err := s.SpendTOTP(ctx, b.ID, code(now), now); fault.KindOf(err) != fault.Invalid {
			t.Errorf("another's code: %v", err)
		}
		// A code that comes eight times at once is good once.
		var taken atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if s.SpendTOTP(ctx, a.ID, code(now), now) == nil {
					taken.Add(1)
				}
			})
		}
		all.Wait()
		if taken.Load() != 1 {
			t.Errorf("a code was taken %d times", taken.Load())
		}
		if err := s.SpendTOTP(ctx, a.ID, code(now.Add(30*time.Second)), now); err != nil {
			t.Errorf("the next code, by a clock that is fast: %v", err)
		}
		if err := s.RemoveTOTP(ctx, a.ID, true); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the last factor: %v", err)
		}
		if err := s.RemoveTOTP(ctx, a.ID, false); err != nil {
			t.Error(err)
		}
	})
}

func TestRecoveryCodesAreSpent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		a, b := newAccount(t, s, "a@example.org"), newAccount(t, s, "b@example.org")
		first, err := s.AddPasskey(ctx, passkey(a.ID, "one"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SpendRecoveryCode(ctx, b.ID, first[0]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("another's: %v", err)
		}
		if err := s.SpendRecoveryCode(ctx, a.ID, first[0]); err != nil {
			t.Error(err)
		}
		for _, wrong := range []string{first[0], "", "123456", "00000-00000"} {
			if err := s.SpendRecoveryCode(ctx, a.ID, wrong); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		second, err := s.NewRecoveryCodes(ctx, a.ID)
		if err != nil || len(second) != practice.RecoveryCodes {
			t.Fatal(second, err)
		}
		if err := s.SpendRecoveryCode(ctx, a.ID, first[1]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("one of the earlier set: %v", err)
		}
		if err := s.SpendRecoveryCode(ctx, a.ID, second[9]); err != nil {
			t.Error(err)
		}
		if f, _ := s.Factors(ctx, a.ID); f.Recovery != 9 {
			t.Errorf("%d left", f.Recovery)
		}
	})
}

// session stores a session of an account, as scs does.
func session(t testing.TB, s *store.Store, token, accountID, browser string) {
	t.Helper()
	ss := s.Sessions()
	data, err := ss.Encode(time.Now().Add(12*time.Hour), map[string]any{store.SessionAccount: accountID, store.SessionBrowser: browser,
		store.SessionStarted: "2026-11-23T12:00:00+01:00"})
	if err != nil {
		t.Fatal(err)
	}
	if err := ss.CommitCtx(context.Background(), token, data, time.Now().Add(30*time.Minute)); err != nil {
		t.Fatal(err)
	}
}

func alive(t testing.TB, s *store.Store, token string) bool {
	t.Helper()
	_, found, err := s.Sessions().FindCtx(context.Background(), token)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSessionsOfAnAccount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		a, b := newAccount(t, s, "a@example.org"), newAccount(t, s, "b@example.org")
		session(t, s, "a1", a.ID, "Firefox, Linux")
		session(t, s, "a2", a.ID, "Safari, iPhone")
		session(t, s, "a3", a.ID, "Edge, Windows")
		session(t, s, "b1", b.ID, "Chrome, Mac")
		session(t, s, "nobody", "", "")
		list, err := s.SessionsOf(ctx, a.ID, "a1")
		if err != nil || len(list) != 3 {
			t.Fatalf("%v, %v", list, err)
		}
		var second string
		for _, l := range list {
			if l.Own != (l.Browser == "Firefox, Linux") || l.Started.UTC().Hour() != 11 {
				t.Errorf("%+v", l)
			}
			if l.Browser == "Safari, iPhone" {
				second = l.ID
			}
		}
		if err := s.EndSession(ctx, b.ID, second); err != nil || !alive(t, s, "a2") {
			t.Errorf("somebody else ended it: %v", err)
		}
		if err := s.EndSession(ctx, a.ID, second); err != nil || alive(t, s, "a2") {
			t.Errorf("not ended: %v", err)
		}
		// A request that was in flight stores its session when it ends: it stays ended.
		session(t, s, "a2", a.ID, "Safari, iPhone")
		if alive(t, s, "a2") {
			t.Error("a session that was ended is back")
		}
		if err := s.EndOtherSessions(ctx, a.ID, "a1"); err != nil || !alive(t, s, "a1") || alive(t, s, "a3") || !alive(t, s, "b1") {
			t.Errorf("all others: %v", err)
		}
		if err := s.Sessions().DeleteCtx(ctx, "b1"); err != nil || alive(t, s, "b1") {
			t.Errorf("signed out: %v", err)
		}
		session(t, s, "b1", b.ID, "Chrome, Mac")
		if alive(t, s, "b1") {
			t.Error("signing out is undone by a request in flight")
		}
		session(t, s, "gone", "no such account", "x")
		if list, _ := s.SessionsOf(ctx, "no such account", ""); len(list) != 0 {
			t.Error("a session belongs to an account that is not there")
		}
		if err := s.Tidy(ctx, time.Now().Add(time.Hour)); err != nil || alive(t, s, "a1") {
			t.Errorf("expired: %v", err)
		}
	})
}

func TestReset(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		a, b := newAccount(t, s, "a@example.org"), newAccount(t, s, "b@example.org")
		for _, account := range []practice.Account{a, b} {
			if _, err := s.AddPasskey(ctx, passkey(account.ID, account.ID)); err != nil {
				t.Fatal(err)
			}
			if _, err := s.SetTOTP(ctx, account.ID, []byte("secret"), 1); err != nil {
				t.Fatal(err)
			}
			session(t, s, account.Email, account.ID, "")
		}
		if err := s.ResetAccount(ctx, a.ID, "new"); err != nil {
			t.Fatal(err)
		}
		f, err := s.Factors(ctx, a.ID)
		if after, _ := s.Account(ctx, a.ID); err != nil || f.Any() || f.Recovery != 0 || after.Password != "new" || alive(t, s, a.Email) {
			t.Errorf("after the reset: %+v, %+v, %v", f, after, err)
		}
		if f, _ := s.Factors(ctx, b.ID); len(f.Passkeys) != 1 || !f.TOTP || f.Recovery == 0 || !alive(t, s, b.Email) {
			t.Errorf("another's account: %+v", f)
		}
	})
}
