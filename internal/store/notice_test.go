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

func codes(changes []practice.NoticeChange) string {
	var cs []string
	for _, c := range changes {
		cs = append(cs, c.Code)
	}
	return strings.Join(cs, " ")
}

// TestNotice: a notice is approved as it was read, is out of date as soon as a setting changes, and says which.
func TestNotice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := practice.As(context.Background(), practice.Actor{AccountID: "k", Name: "Kari"})
		p, point := newPractice(t, s, "Eidsvåg")
		in := practice.Installation{Gateway: true, Floor: 10, Terms: map[string]int{"receipt": 3}}
		words := practice.NoticeWords{Basis: "task", Officer: "Ombudet, 55 00 00 00"}
		at := time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC)
		read := func() practice.NoticeState {
			t.Helper()
			state, err := s.Notice(ctx, p.ID, in)
			if err != nil {
				t.Fatal(err)
			}
			if current, err := s.NoticeApproved(ctx, p.ID, in); err != nil || current != state.Current() {
				t.Fatalf("two answers to whether it is approved: %v", err)
			}
			return state
		}
		approve := func() {
			t.Helper()
			if err := s.ApproveNotice(ctx, p.ID, in, words, read().Now.Seen(), at); err != nil {
				t.Fatal(err)
			}
		}
		if state := read(); state.Current() || state.Outdated() || state.Changes() != nil {
			t.Errorf("nobody approved it: %+v", state)
		}
		if err := s.ApproveNotice(ctx, p.ID, in, words, "other", at); fault.KindOf(err) != fault.Conflict {
			t.Errorf("approved what was not read: %v", err)
		}
		for _, wrong := range []practice.NoticeWords{{}, {Basis: "because"}, {Basis: "task", Officer: "31129956715"}, {Basis: "task", Remark: strings.Repeat("x", practice.MaxText+1)}} {
			if err := s.ApproveNotice(ctx, p.ID, in, wrong, read().Now.Seen(), at); fault.KindOf(err) != fault.Invalid {
				t.Errorf("approved with %+v: %v", wrong, err)
			}
		}
		approve()
		approve() // once more, as when a form is sent twice
		state := read()
		if a := state.Approved; !state.Current() || a.Version != 1 || a.By != "Kari" || !a.At.Equal(at) || a.Notice.Lead != words || state.Now.Lead != words {
			t.Errorf("%+v", state)
		}

		// Each setting that the notice speaks of makes it out of date; taken back, it is not.
		network, err := s.CreateNetwork(ctx, "Fjordnettverket", newAccount(t, s, "kim@example.org").ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.InvitePractice(ctx, network.ID, p.ID); err != nil {
			t.Fatal(err)
		}
		if !read().Current() {
			t.Error("an invitation to a network is no change")
		}
		part := practice.Participation{NetworkID: network.ID, PracticeID: p.ID}
		asking := practice.DefaultAsking(p.ID)
		for _, c := range []struct {
			want     string
			do, undo func() error
		}{
			{"sms_on", func() error { asking.SMS, asking.Reminder = true, true; return s.SaveAsking(ctx, asking) },
				func() error { asking.SMS = false; return s.SaveAsking(ctx, asking) }},
			{"network_on", func() error { part.State = practice.Joined; return s.SetParticipation(ctx, part) },
				func() error { part.State = practice.Left; return s.SetParticipation(ctx, part) }},
			{"points_off", func() error { return s.SetPointRetired(ctx, p.ID, point.Code, true) },
				func() error { return s.SetPointRetired(ctx, p.ID, point.Code, false) }},
			{"points_off", func() error { p.QR = false; return s.SavePractice(ctx, p) },
				func() error { p.QR = true; return s.SavePractice(ctx, p) }},
			{"phone", func() error { p.Phone = "77 00 00 01"; return s.SavePractice(ctx, p) },
				func() error { p.Phone = state.Now.Phone; return s.SavePractice(ctx, p) }},
			{"processor", func() error { in.Processor = "Nettverk Vest"; return nil }, func() error { in.Processor = ""; return nil }},
			{"floor", func() error { in.Floor = 20; return nil }, func() error { in.Floor = 10; return nil }},
			{"terms", func() error { in.Terms = map[string]int{"receipt": 4}; return nil }, func() error { in.Terms = map[string]int{"receipt": 3}; return nil }},
		} {
			if err := c.do(); err != nil {
				t.Fatal(err)
			}
			if got := read(); codes(got.Changes()) != c.want || got.Current() || !got.Outdated() {
				t.Errorf("changes %q, want %q", codes(got.Changes()), c.want)
			}
			if err := c.undo(); err != nil {
				t.Fatal(err)
			}
			if got := read(); !got.Current() {
				t.Errorf("%s was taken back, and yet %q", c.want, codes(got.Changes()))
			}
		}

		if _, err := s.CreateSlips(ctx, p.ID, 1, at); err != nil {
			t.Fatal(err)
		}
		if got := codes(read().Changes()); got != "slips_on" {
			t.Errorf("slips: %q", got)
		}
		approve()
		deeds, err := s.Log(ctx, p.ID, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, d := range deeds {
			if d.Action == practice.NoticeApproved && d.Name == "Kari" {
				n++
			}
		}
		if v := read().Approved.Version; v != 2 || n != 2 {
			t.Errorf("version %d, %d lines in the log, want 2 and 2", v, n)
		}
		if _, err := s.Notice(ctx, "none", in); fault.KindOf(err) != fault.NotFound {
			t.Errorf("no practice: %v", err)
		}
	})
}

// TestNoticeTellsOfNumbersThatAreLeft: who stopped asking still has who said no.
func TestNoticeTellsOfNumbersThatAreLeft(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		other, _ := newPractice(t, s, "Lillevik")
		if err := s.OptOutNumber(ctx, p.ID, number(t, "41234567")); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]practice.SMSUse{p.ID: practice.SMSBefore, other.ID: practice.SMSNever} {
			if state, err := s.Notice(ctx, id, practice.Installation{Gateway: true}); err != nil || state.Now.SMS != want {
				t.Errorf("%q, want %q: %v", state.Now.SMS, want, err)
			}
		}
		asking := practice.DefaultAsking(p.ID)
		asking.SMS = true
		if err := s.SaveAsking(ctx, asking); err != nil {
			t.Fatal(err)
		}
		for gateway, want := range map[bool]practice.SMSUse{true: practice.SMSNow, false: practice.SMSBefore} {
			if state, err := s.Notice(ctx, p.ID, practice.Installation{Gateway: gateway}); err != nil || state.Now.SMS != want {
				t.Errorf("gateway %v: %q, want %q: %v", gateway, state.Now.SMS, want, err)
			}
		}
	})
}

// TestNoticeHoldsAfterGoingLive: what a lead approves while setting up is not out of date by going live.
func TestNoticeHoldsAfterGoingLive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _, err := s.CreatePractice(ctx, practice.Practice{Name: "Nymoen", Phone: "55 19 00 00"}, "Venterommet")
		if err != nil {
			t.Fatal(err)
		}
		in := practice.Installation{Floor: 10}
		state, err := s.Notice(ctx, p.ID, in)
		if err != nil || !state.Now.Points {
			t.Fatalf("before going live: %+v, %v", state.Now, err)
		}
		if err := s.ApproveNotice(ctx, p.ID, in, practice.NoticeWords{Basis: "task"}, state.Now.Seen(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := s.GoLive(ctx, p.ID); err != nil {
			t.Fatal(err)
		}
		if ok, err := s.NoticeApproved(ctx, p.ID, in); err != nil || !ok {
			t.Errorf("going live made it out of date: %v", err)
		}
	})
}
