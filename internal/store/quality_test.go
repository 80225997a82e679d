package store_test

import (
	"context"
	"testing"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestImprovements(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		other, _ := newPractice(t, s, "Lillevik")
		im, err := s.CreateImprovement(ctx, practice.Improvement{PracticeID: p.ID, Survey: "visit", Version: 1,
			Questions: []string{"waittime", "overall"}, Done: "Mer tid til hver time.", Target: 70, Start: "2026-W40"})
		if err != nil {
			t.Fatal(err)
		}
		later, err := s.CreateImprovement(ctx, practice.Improvement{PracticeID: p.ID, Survey: "visit", Version: 1,
			Questions: []string{"waitroom"}, Done: "Nye stoler.", Start: "2026-W30"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateImprovement(ctx, practice.Improvement{PracticeID: p.ID, Questions: []string{"x"}, Done: "Ring 99887766", Start: "2026-W40"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a phone number: %v", err)
		}
		if err := s.CloseImprovement(ctx, p.ID, im.ID, "2026-W48", `{"v":1}`); err != nil {
			t.Fatal(err)
		}
		if err := s.CloseImprovement(ctx, p.ID, im.ID, "2026-W49", `{"v":2}`); fault.KindOf(err) != fault.Conflict {
			t.Errorf("closed twice: %v", err)
		}
		if err := s.PublishImprovement(ctx, p.ID, im.ID, "waiting_time", "Ring 99887766"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a phone number in public: %v", err)
		}
		if err := s.PublishImprovement(ctx, p.ID, im.ID, "waiting_time", "Vi satte av mer tid."); err != nil {
			t.Fatal(err)
		}
		if err := s.PublishImprovement(ctx, other.ID, im.ID, "", ""); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another practice's: %v", err)
		}
		got, err := s.Improvement(ctx, p.ID, im.ID)
		if err != nil || got.Closed != "2026-W48" || got.Verdict != `{"v":1}` || got.Told != "Vi satte av mer tid." || len(got.Questions) != 2 || got.Target != 70 {
			t.Errorf("got %+v, %v", got, err)
		}
		if all, err := s.Improvements(ctx, p.ID); err != nil || len(all) != 2 || all[0].ID != later.ID {
			t.Errorf("got %+v, %v", all, err)
		}
	})
}

func TestAssumptionsAreLockedWhenTheResultIsOpened(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		var ids [2]string
		for i, email := range []string{"kari@example.org", "sara@example.org"} {
			a, err := s.CreateAccount(ctx, practice.Account{Email: email})
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = a.ID
		}
		k := store.Key{PracticeID: p.ID, Survey: "visit", Version: 1}
		for _, believed := range []string{"5", "4"} {
			if err := s.SaveAssumptions(ctx, ids[0], k, "2026-Q4", []practice.Assumption{{Question: "polite", Believed: believed}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.OpenResult(ctx, ids[0], k, "2026-Q4"); err != nil {
			t.Fatal(err)
		}
		if err := s.SaveAssumptions(ctx, ids[0], k, "2026-Q4", []practice.Assumption{{Question: "polite", Believed: "1"}}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("after opening: %v", err)
		}
		if as, err := s.Assumptions(ctx, ids[0], k, "2026-Q4"); err != nil || as["polite"].Believed != "4" {
			t.Errorf("got %+v, %v", as, err)
		}
		// Everybody's own: Sara has neither opened nor assumed anything.
		if opened, err := s.ResultOpened(ctx, ids[1], k, "2026-Q4"); opened || err != nil {
			t.Errorf("opened for Sara: %t, %v", opened, err)
		}
		if as, err := s.Assumptions(ctx, ids[1], k, "2026-Q4"); err != nil || len(as) != 0 {
			t.Errorf("Sara has %+v, %v", as, err)
		}
	})
}

func TestNetworks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		a, err := s.CreateAccount(ctx, practice.Account{Email: "kim@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.CreateNetwork(ctx, "Bergen nord", a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if ns, err := s.Coordinates(ctx, a.ID); err != nil || len(ns) != 1 || ns[0] != n {
			t.Errorf("got %+v, %v", ns, err)
		}
		var ps [3]practice.Practice
		for i, name := range []string{"A", "B", "C"} {
			ps[i], _ = newPractice(t, s, name)
			if err := s.InvitePractice(ctx, n.ID, ps[i].ID); err != nil {
				t.Fatal(err)
			}
		}
		set := func(p practice.Practice, state practice.State, open bool) error {
			return s.SetParticipation(ctx, practice.Participation{NetworkID: n.ID, PracticeID: p.ID, State: state, OpenConsent: open})
		}
		for _, p := range ps[:2] {
			if err := set(p, practice.Joined, true); err != nil {
				t.Fatal(err)
			}
		}
		stranger, _ := newPractice(t, s, "D")
		if err := set(stranger, practice.Joined, false); fault.KindOf(err) != fault.NotFound {
			t.Errorf("joined without an invitation: %v", err)
		}
		// A and C have answers in the quarter; C has not joined.
		for _, p := range []practice.Practice{ps[0], ps[2]} {
			for i := range 2 {
				if err := s.Count(ctx, monday.AddDate(0, 0, 7*i), []store.Entry{entry(p.ID, "", "5"), entry(p.ID, "", "1")}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := s.CloseWeek(ctx, "2026-W48", everything); err != nil {
			t.Fatal(err)
		}
		if err := s.Count(ctx, monday, []store.Entry{entry(ps[0].ID, "", "3")}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CloseWeek(ctx, "2026-W49", everything); err != nil {
			t.Fatal(err)
		}
		freeze := func() bool {
			t.Helper()
			made, err := s.FreezeQuarter(ctx, n.ID, store.SnapshotKey{Survey: "visit", Version: 1, Quarter: "2026-Q4"}, "2026-W40", "2026-W49", nothing)
			if err != nil {
				t.Fatal(err)
			}
			return made
		}
		if !freeze() {
			t.Error("no snapshot was made")
		}
		// What happens later changes nothing in it.
		if err := set(ps[0], practice.Left, true); err != nil {
			t.Fatal(err)
		}
		if freeze() {
			t.Error("the quarter was frozen twice")
		}
		var snapshots []store.Snapshot
		keys, err := s.SnapshotKeys(ctx, n.ID)
		for _, k := range keys {
			snapshot, readErr := s.Snapshot(ctx, n.ID, k)
			if readErr != nil {
				t.Fatal(readErr)
			}
			snapshots = append(snapshots, snapshot)
		}
		if err != nil || len(snapshots) != 1 || len(snapshots[0].Members) != 2 {
			t.Fatalf("got %+v, %v", snapshots, err)
		}
		for _, m := range snapshots[0].Members {
			want := map[string]int{}
			if m.PracticeID == ps[0].ID {
				want = map[string]int{"5": 2, "1": 2, "3": 1}
			}
			lifted := m.Questions["polite"].Counts.Plus(disclosure.Seal(map[string]int{"5": 30}))
			shown, _ := disclosure.Gate{}.Question(lifted, nil, "na")
			if shown.Counts()["5"]-30 != want["5"] || shown.Counts()["1"] != want["1"] || shown.Counts()["3"] != want["3"] || !m.OpenConsent {
				t.Errorf("%s has %v, want %v", m.PracticeID, shown.Counts(), want)
			}
		}
		if err := set(ps[0], practice.Joined, false); fault.KindOf(err) != fault.NotFound {
			t.Errorf("back in without an invitation: %v", err)
		}
		if err := s.InvitePractice(ctx, n.ID, ps[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := set(ps[0], practice.Joined, false); err != nil {
			t.Errorf("invited again: %v", err)
		}
		states := map[string]practice.Participation{}
		all, err := s.Participations(ctx, n.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			states[p.PracticeID] = p
		}
		if len(all) != 3 || states[ps[0].ID].OpenConsent || !states[ps[1].ID].OpenConsent || states[ps[2].ID].State != practice.Invited {
			t.Errorf("got %+v", all)
		}
	})
}
