package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// log is a practice's log as "who action object", sorted: within a second the order is nobody's.
func log(t testing.TB, s *store.Store, practiceID string) (lines []string) {
	t.Helper()
	ds, err := s.Log(context.Background(), practiceID, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		if d.At.Nanosecond() != 0 || time.Since(d.At) > time.Minute || d.PracticeID != practiceID {
			t.Errorf("%+v", d)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", d.Name, d.Action, d.Object))
	}
	slices.Sort(lines)
	return lines
}

// TestLog does everything that is to be in the log once, and some of it in vain, and finds exactly that.
func TestLog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := practice.As(context.Background(), practice.Actor{AccountID: "id", Name: "Kari"})
		now := time.Now()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		p, point, err := s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Eidsvåg", Phone: "55 19 00 00"}, "Venterommet")
		must(err)
		sara, err := s.CreateAccount(ctx, practice.Account{Email: "sara@example.org", Name: "Sara", Password: "x"}, practice.Member{PracticeID: p.ID, Role: practice.Lead})
		must(err)
		per, err := s.CreateAccount(ctx, practice.Account{Email: "per@example.org", Password: "x"}, practice.Member{PracticeID: p.ID, Role: practice.Staff})
		must(err)
		door, err := s.CreatePoint(ctx, p.ID, "Døra")
		must(err)
		must(s.SetPointRetired(ctx, p.ID, door.Code, true))
		must(s.SetPointRetired(ctx, p.ID, door.Code, false))
		if err := s.SetPointRetired(ctx, "another", point.Code, true); fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		if _, err := s.CreatePoint(ctx, p.ID, " "); err == nil {
			t.Fatal("a point without a name")
		}
		p.Digital = true
		must(s.SavePractice(ctx, p))
		must(s.SavePractice(ctx, p)) // changes nothing
		p.Digital, p.Phone = false, "55 19 00 01"
		must(s.SavePractice(ctx, p))
		asking := practice.DefaultAsking(p.ID)
		asking.SMS = true
		must(s.SaveAsking(ctx, asking))
		must(s.SaveAsking(ctx, asking))
		asking.SMS, asking.CapOre = false, 100
		must(s.SaveAsking(ctx, asking))
		im, err := s.CreateImprovement(ctx, practice.Improvement{PracticeID: p.ID, Survey: "visit", Version: 1, Questions: []string{"polite"}, Done: "Nye stoler", Start: "2026-W45"})
		must(err)
		must(s.PublishImprovement(ctx, p.ID, im.ID, "help", "Nye stoler"))
		must(s.PublishImprovement(ctx, p.ID, im.ID, "", ""))
		must(s.CloseImprovement(ctx, p.ID, im.ID, "2026-W47", "improved"))
		if err := s.CloseImprovement(ctx, p.ID, im.ID, "2026-W48", "worse"); fault.KindOf(err) != fault.Conflict {
			t.Fatal(err)
		}
		_, err = s.CreateAPIKey(ctx, p.ID, "Journalen")
		must(err)
		keys, err := s.APIKeys(ctx, p.ID)
		must(err)
		must(s.RevokeAPIKey(ctx, p.ID, keys[0].ID))
		n, err := s.CreateNetwork(ctx, "Nord", sara.ID)
		must(err)
		part := practice.Participation{NetworkID: n.ID, PracticeID: p.ID, State: practice.Joined}
		must(s.InvitePractice(ctx, n.ID, p.ID))
		must(s.InvitePractice(ctx, n.ID, p.ID))
		must(s.SetParticipation(ctx, part))
		part.OpenConsent = true
		must(s.SetParticipation(ctx, part))
		must(s.SetParticipation(ctx, part))
		part.OpenConsent = false
		must(s.SetParticipation(ctx, part))
		part.State, part.OpenConsent = practice.Left, true
		must(s.SetParticipation(ctx, part))
		o, _, err := s.MakeOffer(ctx, practice.Offer{PracticeID: p.ID, Role: practice.Staff, Name: "Ida"}, now)
		must(err)
		must(s.WithdrawOffer(ctx, p.ID, o.ID))
		_, token, err := s.MakeOffer(ctx, practice.Offer{PracticeID: p.ID, Role: practice.Staff, Name: "Ida"}, now)
		must(err)
		ida, err := s.TakeOffer(ctx, token, practice.Account{Email: "ida@example.org", Name: "Ida Li", Password: "x"}, now)
		must(err)
		must(s.SetRole(ctx, p.ID, per.ID, practice.Lead))
		must(s.SetRole(ctx, p.ID, per.ID, practice.Lead))
		must(s.SetRole(ctx, p.ID, per.ID, practice.Staff))
		_, err = s.RemovePerson(ctx, p.ID, per.ID)
		must(err)
		_, err = s.RemovePerson(practice.As(ctx, practice.Actor{AccountID: ida.ID, Name: "Ida Li"}), p.ID, ida.ID)
		must(err)
		for range 3 {
			must(s.RecordSession(ctx, sara, practice.SignInFailed))
			must(s.RecordSession(ctx, practice.Account{}, practice.SignInFailed))
		}
		must(s.RecordSession(ctx, sara, practice.SignedIn))
		must(s.RecordSession(ctx, sara, practice.SignedOut))
		must(s.RecordSession(ctx, per, practice.SignedIn)) // has no role any longer
		must(s.Record(ctx, p.ID, practice.FileFetched, "venterom.csv"))
		must(s.Record(ctx, p.ID, practice.FileFetched, "99887766.csv")) // a number is left out
		must(s.Record(context.Background(), p.ID, practice.FileFetched, "by itself"))

		want := []string{
			" file_fetched by itself", "Ida Li offer_taken Ida", "Ida Li person_left ",
			"Kari asking_changed ", "Kari consent_given Nord", "Kari consent_taken Nord", "Kari digital_off ", "Kari digital_on ",
			"Kari file_fetched ", "Kari file_fetched venterom.csv", "Kari improvement_closed Nye stoler", "Kari improvement_made Nye stoler",
			"Kari key_made Journalen", "Kari key_revoked Journalen",
			"Kari made_lead per@example.org", "Kari made_staff per@example.org", "Kari network_invited Nord", "Kari network_joined Nord", "Kari network_left Nord",
			"Kari offer_made Ida", "Kari offer_made Ida", "Kari offer_withdrawn Ida", "Kari person_added Sara", "Kari person_added per@example.org",
			"Kari person_removed per@example.org", "Kari point_made Døra", "Kari point_restored Døra", "Kari point_retired Døra", "Kari practice_added Eidsvåg",
			"Kari practice_changed ", "Kari published Nye stoler", "Kari sms_off ", "Kari sms_on ", "Kari unpublished Nye stoler",
			"Sara sign_in_failed ", "Sara signed_in ", "Sara signed_out ",
		}
		if got := log(t, s, p.ID); !slices.Equal(got, want) {
			t.Errorf("the log has\n%q\nwant\n%q", got, want)
		}
		if got := log(t, s, ""); !slices.Equal(got, []string{"Kari coordinator_added Nord: Sara", "Kari network_added Nord", "per@example.org signed_in "}) {
			t.Errorf("of the whole installation: %q", got)
		}
	})
}

// TestLogForgetsAndTurns: lines are kept for two years, and pages of the log are disjoint.
func TestLogForgetsAndTurns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		for i := range 9 {
			if err := s.Record(ctx, p.ID, practice.FileFetched, fmt.Sprint("file ", i)); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := s.MakeOffer(ctx, practice.Offer{PracticeID: p.ID, Role: practice.Staff, Name: "Per"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for skip := 0; skip < 12; skip += 4 {
			ds, err := s.Log(ctx, p.ID, skip, 4)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range ds {
				seen[string(d.Action)+d.Object] = true
			}
		}
		if len(seen) != 11 {
			t.Errorf("%d lines on three pages, want 11", len(seen))
		}
		for _, c := range []struct{ days, lines, offers int }{{6, 11, 1}, {8, 11, 0}, {store.LogDays - 1, 11, 0}, {store.LogDays + 1, 0, 0}} {
			if err := s.Tidy(ctx, time.Now().AddDate(0, 0, c.days)); err != nil {
				t.Fatal(err)
			}
			offers, err := s.Offers(ctx, p.ID, time.Now())
			if err != nil || len(offers) != c.offers || len(log(t, s, p.ID)) != c.lines {
				t.Errorf("after %d days: %d lines, %d offers, %v", c.days, len(log(t, s, p.ID)), len(offers), err)
			}
		}
	})
}
