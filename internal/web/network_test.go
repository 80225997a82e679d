package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func (f *fixture) state(t *testing.T, p practice.Practice) practice.Participation {
	t.Helper()
	all, err := f.Store.Participations(context.Background(), f.network.ID)
	must(t, err)
	for _, part := range all {
		if part.PracticeID == p.ID {
			return part
		}
	}
	return practice.Participation{}
}

// TestInvitedJoinsAgreesAndLeaves follows Lillevik through the network, on both engines; at each step
// everybody else tries what is Olav's.
func TestInvitedJoinsAgreesAndLeaves(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			f := newFixtureOn(t, e)
			own := networkAddress(f.lillevik.ID, f.network.ID)
			do := func(as, what string) int {
				return f.do(t, as, http.MethodPost, own, url.Values{"do": {what}}).StatusCode
			}
			if r := f.get(t, olav, own); r.StatusCode != 404 || do(olav, "join") != 404 {
				t.Fatal("a network Lillevik is not invited to can be seen or joined")
			}
			invite := func(as string) int {
				return f.do(t, as, http.MethodPost, "/networks/"+f.network.ID+"/practices", url.Values{"practice": {" Lillevik Legesenter "}}).StatusCode
			}
			for _, who := range []string{nobody, kari, sara, olav, dina, nils} {
				if got := invite(who); got == 303 {
					t.Errorf("%s invites", who)
				}
			}
			if invite(kim) != 303 || f.state(t, f.lillevik).State != practice.Invited {
				t.Fatal("Kim cannot invite")
			}
			page := f.get(t, olav, own)
			for _, what := range []string{"Dette deler dere", "Bli med i nettverket", "Slik går dere ut", "Aldri tall for ett kontor"} {
				if !strings.Contains(page.body, what) {
					t.Errorf("the invitation lacks %q", what)
				}
			}
			if do(olav, "agree") != 400 || f.state(t, f.lillevik).State != practice.Invited {
				t.Error("agreed before joining")
			}
			for _, step := range []struct {
				do   string
				want practice.Participation
			}{
				{"join", practice.Participation{State: practice.Joined}}, {"agree", practice.Participation{State: practice.Joined, OpenConsent: true}},
				{"join", practice.Participation{State: practice.Joined, OpenConsent: true}}, {"withdraw", practice.Participation{State: practice.Joined}},
				{"agree", practice.Participation{State: practice.Joined, OpenConsent: true}}, {"leave", practice.Participation{State: practice.Left}},
			} {
				before := f.state(t, f.lillevik)
				for _, who := range []string{nobody, kari, sara, dina, nils, kim} {
					if got := do(who, step.do); got == 303 && who != nobody {
						t.Errorf("%s may %s for Lillevik", who, step.do)
					}
				}
				if f.state(t, f.lillevik) != before {
					t.Fatalf("somebody else changed it: %+v", f.state(t, f.lillevik))
				}
				if got := do(olav, step.do); got != 303 {
					t.Errorf("%s: status %d", step.do, got)
				}
				got := f.state(t, f.lillevik)
				if got.State != step.want.State || got.OpenConsent != step.want.OpenConsent {
					t.Errorf("after %s: %+v", step.do, got)
				}
			}
			if do(olav, "join") == 303 || !strings.Contains(f.get(t, olav, own).body, "Dere har gått ut") {
				t.Error("came back without an invitation")
			}
			if do(sara, "leave") == 303 || f.do(t, sara, http.MethodPost, networkAddress(f.eidsvag.ID, f.network.ID), url.Values{"do": {"leave"}}).StatusCode != 403 {
				t.Error("staff left for the practice")
			}
			if invite(kim) != 303 || do(olav, "join") != 303 || f.state(t, f.lillevik).State != practice.Joined {
				t.Error("cannot come back with an invitation")
			}
			if body := f.get(t, kim, "/networks/"+f.network.ID).body; !strings.Contains(body, "2 kontorer er med") || !strings.Contains(body, "føre tilsyn") {
				t.Error("the coordinator's page lacks who has joined, or that it is no supervision")
			}
		})
	}
}

// fill puts practices with answers to "overall" in the network and freezes the third quarter of 2026;
// Eidsvåg is the first.
func (f *fixture) fill(t *testing.T, consent bool, sizes ...int) {
	t.Helper()
	ctx := context.Background()
	practices := []practice.Practice{f.eidsvag}
	for i := 1; i < len(sizes); i++ {
		p, _, err := f.Store.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: fmt.Sprintf("Hemmelig %c", 'A'+i)}, "Venterommet")
		must(t, err)
		must(t, f.Store.InvitePractice(ctx, f.network.ID, p.ID))
		practices = append(practices, p)
	}
	week := calendar.Week("2026-W35")
	var batch []store.Entry
	for i, p := range practices {
		must(t, f.Store.SetParticipation(ctx, practice.Participation{NetworkID: f.network.ID, PracticeID: p.ID, State: practice.Joined, OpenConsent: consent}))
		for k := range sizes[i] {
			option := "4"
			if k%4 == i%4 {
				option = "2"
			}
			batch = append(batch, store.Entry{PracticeID: p.ID, Channel: "qr", Answers: []store.Answers{{Survey: "visit", Version: 1, Options: map[string]string{"overall": option}}}})
		}
	}
	must(t, f.Store.Count(ctx, week.Start(), batch))
	for _, w := range []calendar.Week{week, "2026-W40"} {
		_, err := f.Store.CloseWeek(ctx, w, aggregate.Divide(disclosure.Gate{}))
		must(t, err)
	}
	_, err := aggregate.NewFreezer(f.Store, f.Surveys, disclosure.Gate{}, f.Log).Freeze(ctx, aggregate.Ended(f.clock), f.clock)
	must(t, err)
	for _, who := range []string{kari, sara} { // nobody is asked what they believe first
		a, err := f.Store.AccountByEmail(ctx, who)
		must(t, err)
		must(t, f.Store.OpenResult(ctx, a.ID, store.Key{PracticeID: f.eidsvag.ID, Survey: "visit", Version: 1}, aggregate.Ended(f.clock).String()))
	}
	f.openResults(t, kari, sara)
}

var practiceName = regexp.MustCompile(`Hemmelig [A-Z]`)

func TestNetworkPageSaysWhatItMay(t *testing.T) {
	for name, c := range map[string]struct {
		sizes   []int
		consent bool
		want    []string
		not     []string
	}{
		"four":            {[]int{60, 60, 60, 60}, false, []string{"Færre enn fem kontorer", "Gjøre nettverket større", "åpen sammenligning"}, []string{"data-chart", "Midten blant de andre"}},
		"four, open":      {[]int{60, 60, 60, 8}, true, []string{"Færre enn fem kontorer", "Hemmelig B", "75", "færre enn ti svar", "sagt ja til å vises med navn"}, []string{"data-chart"}},
		"five":            {[]int{60, 60, 60, 60, 60}, false, []string{"Ikke forskjellig fra nettverket", "4 andre kontorer", "data-chart", "60 svar", "traktplott"}, []string{"key-dot"}},
		"few own answers": {[]int{20, 60, 60, 60, 60}, false, []string{"For usikkert til å sammenligne", "data-chart"}, []string{"key-own", "Ikke forskjellig"}},
		"dominated":       {[]int{60, 600, 60, 60, 60}, false, []string{"over halvparten av svarene"}, []string{"data-chart"}},
		"twelve":          {[]int{60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60}, false, []string{"key-dot", "11 andre kontorer"}, []string{"Gjøre nettverket større"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.fill(t, c.consent, c.sizes...)
			for _, who := range []string{kari, sara} {
				r := f.get(t, who, networkAddress(f.eidsvag.ID, f.network.ID), "Accept-Language", "nb")
				for _, want := range c.want {
					if !strings.Contains(r.body, want) {
						t.Errorf("%s does not read %q:\n%s", who, want, r.body)
					}
				}
				for _, not := range c.not {
					if strings.Contains(r.body, not) {
						t.Errorf("%s reads %q", who, not)
					}
				}
				if !c.consent && practiceName.MatchString(r.body) {
					t.Error("somebody is named")
				}
			}
			// The coordinator: names of who takes part, in the list alone; and no open comparison.
			r := f.get(t, kim, "/networks/"+f.network.ID, "Accept-Language", "nb")
			_, after, _ := strings.Cut(r.body, "Nettverket samlet")
			if practiceName.MatchString(after) || !strings.Contains(r.body, "Hemmelig B") {
				t.Error("a practice is named among the figures, or none in the list")
			}
			if shown := strings.Contains(after, "Midten blant kontorene"); shown != slices.Contains([]string{"five", "twelve", "few own answers"}, name) {
				t.Errorf("figures shown: %t", shown)
			}
			// Quarters and surveys that do not exist.
			for _, query := range []string{"?quarter=2019-Q1", "?survey=none", "?survey=visit&version=9"} {
				if r := f.get(t, kari, networkAddress(f.eidsvag.ID, f.network.ID)+query); r.StatusCode != 404 {
					t.Errorf("%s: status %d", query, r.StatusCode)
				}
			}
		})
	}
}
