package web

import (
	"context"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

var (
	tagged   = regexp.MustCompile(`(?s)<svg.*?</svg>|<[^>]*>`)
	unspaced = regexp.MustCompile(`[\s\x{a0}]+`)
)

// read is what a part of a page says, without its markup.
func read(part string) string {
	return strings.TrimSpace(unspaced.ReplaceAllString(html.UnescapeString(tagged.ReplaceAllString(part, " ")), " "))
}

// TestRealNetwork: eight real practices as one network, in the quarter that all of them have answers in.
// What the leads of P02 and P05 read is written in docs/statistics.md, where each sentence is checked by
// hand, and stands on the page as it stands there.
func TestRealNetwork(t *testing.T) {
	ctx := context.Background()
	f := newFixture(t)
	file, err := os.Open("../aggregate/testdata/fft_weekly_counts.csv")
	must(t, err)
	defer file.Close()
	closer := aggregate.NewCloser(f.Store, disclosure.Gate{}, f.Log)
	_, err = aggregate.ImportFFT(ctx, f.Store, closer, f.clock, f.Surveys, file)
	must(t, err)
	coordinator, err := f.Store.AccountByEmail(ctx, kim)
	must(t, err)
	n, err := f.Store.CreateNetwork(ctx, "Åtte kontorer", coordinator.ID)
	must(t, err)
	quarter := calendar.Period{Unit: calendar.Quarterly, Year: 2024, N: 1}
	leads := map[string]practice.Practice{}
	for _, slug := range []string{"p01", "p02", "p03", "p04", "p05", "p06", "p07", "p08"} {
		p, err := f.Store.PracticeBySlug(ctx, slug)
		must(t, err)
		must(t, f.Store.GoLive(ctx, p.ID))
		p.QR, p.Network = true, true
		must(t, f.Store.SavePractice(ctx, p))
		must(t, f.Store.InvitePractice(ctx, n.ID, p.ID))
		must(t, f.Store.SetParticipation(ctx, practice.Participation{NetworkID: n.ID, PracticeID: p.ID, State: practice.Joined}))
		a, err := f.Store.CreateAccount(ctx, practice.Account{Email: slug + "@example.org", Password: passwordHash}, practice.Member{PracticeID: p.ID, Role: practice.Lead})
		must(t, err)
		must(t, f.Store.OpenResult(ctx, a.ID, store.Key{PracticeID: p.ID, Survey: "fft", Version: 1}, quarter.String()))
		leads[slug] = p
	}
	made, err := aggregate.NewFreezer(f.Store, f.Surveys, disclosure.Gate{}, f.Log).Freeze(ctx, quarter, f.clock)
	if err != nil || made == 0 {
		t.Fatal(made, err)
	}
	doc, err := os.ReadFile("../../docs/statistics.md")
	must(t, err)
	written := unspaced.ReplaceAllString(string(doc), " ")
	for _, slug := range []string{"p02", "p05"} {
		body := f.get(t, slug+"@example.org", networkAddress(leads[slug].ID, n.ID)+"?survey=fft&quarter="+quarter.String(), "Accept-Language", "en").body
		_, card, _ := strings.Cut(body, `<article class="card question"`)
		_, card, _ = strings.Cut(card, ">")
		card, _, _ = strings.Cut(card, `<section class="plot">`)
		if says := "> " + read(card); !strings.Contains(written, says) {
			t.Errorf("docs/statistics.md lacks what the lead of %s reads:\n%s", slug, says)
		}
		if !strings.Contains(body, `class="chart funnel"`) {
			t.Errorf("%s has no funnel", slug)
		}
	}
}
