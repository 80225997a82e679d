package store_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestSetup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		p, _, err := s.CreatePractice(ctx, practice.Practice{Name: "Nyvik", Phone: "55 19 00 00"}, "Venterommet")
		must(err)
		other, _, err := s.CreatePractice(ctx, practice.Practice{Name: "Lillevik", Phone: "55 19 00 00"}, "Venterommet")
		must(err)
		for range 2 { // the second time nothing is new, nor in the log
			must(s.TakeStep(ctx, p.ID, practice.StepGuide, "2026-11-24"))
		}
		must(s.TakeStep(ctx, p.ID, practice.StepGuide, "2026-11-25"))
		if steps, err := s.Steps(ctx, p.ID); err != nil || !reflect.DeepEqual(steps, practice.Steps{practice.StepGuide: "2026-11-24"}) {
			t.Errorf("steps %v, %v", steps, err)
		}
		if steps, err := s.Steps(ctx, other.ID); err != nil || len(steps) != 0 {
			t.Errorf("another's steps %v, %v", steps, err)
		}

		for name, change := range map[string]func(*practice.Practice){
			"QR":       func(p *practice.Practice) { p.QR = true },
			"digital":  func(p *practice.Practice) { p.Digital = true },
			"networks": func(p *practice.Practice) { p.Network = true },
		} {
			early := p
			change(&early)
			if err := s.SavePractice(ctx, early); fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s before going live: %v", name, err)
			}
		}
		if _, err := s.CreateSlips(ctx, p.ID, 14, monday); fault.KindOf(err) != fault.Conflict {
			t.Errorf("slips before going live: %v", err)
		}
		sly := p
		sly.Live = true // is not what saving is for
		must(s.SavePractice(ctx, sly))
		if got, err := s.Practice(ctx, p.ID); err != nil || got != p {
			t.Errorf("after all that %+v, %v", got, err)
		}

		for range 2 {
			must(s.GoLive(ctx, p.ID))
		}
		want := p
		want.Live, want.QR = true, true
		if got, err := s.Practice(ctx, p.ID); err != nil || got != want {
			t.Errorf("live: %+v, %v", got, err)
		}
		if got, err := s.Practice(ctx, other.ID); err != nil || got != other {
			t.Errorf("another: %+v, %v", got, err)
		}
		want.QR, want.Network = false, true
		must(s.SavePractice(ctx, want))
		must(s.GoLive(ctx, p.ID)) // does not switch QR on again
		if got, err := s.Practice(ctx, p.ID); err != nil || got != want {
			t.Errorf("switched: %+v, %v", got, err)
		}
		deeds, err := s.Log(ctx, p.ID, 0, 100)
		must(err)
		said := map[practice.Action]int{}
		for _, d := range deeds {
			said[d.Action]++
		}
		if !reflect.DeepEqual(said, map[practice.Action]int{practice.PracticeAdded: 1, practice.StepTaken: 1, practice.WentLive: 1, practice.QROn: 1, practice.QROff: 1, practice.NetworkOn: 1}) {
			t.Errorf("the log has %v", said)
		}
	})
}
