package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestInfo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		other, _ := newPractice(t, s, "Lillevik")
		spans, err := practice.ParseSpans("8–11.30, 12–15")
		if err != nil {
			t.Fatal(err)
		}
		want := practice.Info{Phone: "55 19 00 01",
			Contact: practice.Contact{Organisation: "974760673", Street: "Jernbanegata 1 «A»", PostalCode: "5105", Place: "Eidsvåg"},
			Hours:   practice.Hours{Open: practice.Timetable{"mon": spans}, Exceptions: []practice.Exception{{First: "2026-12-24", Last: "2026-12-26"}}},
			Finding: practice.Finding{Directions: "Rett fram\ntil høyre"},
			Doctors: []practice.Doctor{{ID: "d", Name: "Kari", Days: []practice.Weekday{"mon"}, Speaks: []string{"no"}, Takes: practice.Yes, From: "2026-01-01", To: "2026-01-02", StandIn: "Ola"}},
			Visits:  practice.Visits{Consultations: []string{"video"}, Speaks: []string{"no"}, Payments: []string{"card"}, Payment: "Gebyr"},
			Access:  map[string]practice.Answer{"lift": practice.No}, Services: map[string]string{"booking": "https://helsenorge.no"},
			Confirmed: map[practice.Section]practice.Date{}}
		for _, section := range practice.Sections {
			want.Confirmed[section] = "2026-05-01"
			for range 2 { // the second time it is rewritten
				if err := s.ChangeInfo(ctx, p.ID, section, "2026-05-01", func(i *practice.Info) error { *i = want; return nil }); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := s.ConfirmInfo(ctx, p.ID, "hours", "2026-11-23"); err != nil {
			t.Fatal(err)
		}
		want.Confirmed["hours"] = "2026-11-23"
		got, err := s.Info(ctx, p.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
		if p, err := s.Practice(ctx, p.ID); err != nil || p.Phone != "55 19 00 01" {
			t.Errorf("the telephone number is %q elsewhere, %v", p.Phone, err)
		}

		if err := s.ConfirmInfo(ctx, other.ID, "hours", "2026-11-23"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("confirmed what is not there: %v", err)
		}
		if i, err := s.Info(ctx, other.ID); err != nil || i.Filled("hours") || len(i.Confirmed) != 0 {
			t.Errorf("another practice's: %+v, %v", i, err)
		}
		if _, err := s.Info(ctx, "none"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("no practice: %v", err)
		}
		for name, change := range map[string]func(*practice.Info) error{
			"a person's number": func(i *practice.Info) error { i.Finding.Parking = "31129956715"; return nil },
			"an error":          func(i *practice.Info) error { i.Finding.Parking = "x"; return errors.New("no") },
		} {
			if err := s.ChangeInfo(ctx, p.ID, "finding", "2026-11-23", change); err == nil {
				t.Errorf("%s is kept", name)
			}
		}
		if err := s.ChangeInfo(ctx, p.ID, "none", "2026-11-23", func(*practice.Info) error { return nil }); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a section that is none: %v", err)
		}
		if got, err := s.Info(ctx, p.ID); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("after refusals: %+v, %v", got, err)
		}
	})
}

// TestDoctorsAddedAtOnce: two leads who add doctors at the same time lose none.
func TestDoctorsAddedAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		var adding sync.WaitGroup
		const n = 8
		for i := range n {
			adding.Go(func() {
				if err := s.ChangeInfo(ctx, p.ID, "doctors", "2026-11-23", func(info *practice.Info) error {
					info.Doctors = append(info.Doctors, practice.Doctor{ID: practice.NewDoctorID(), Name: fmt.Sprint("Lege ", i)})
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
		adding.Wait()
		if i, err := s.Info(ctx, p.ID); err != nil || len(i.Doctors) != n {
			t.Errorf("%d doctors, want %d; %v", len(i.Doctors), n, err)
		}
	})
}
