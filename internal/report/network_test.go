package report

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// ring is a network whose quarters are frozen one after the other, from the first of 2025.
type ring struct {
	t       *testing.T
	s       *store.Store
	r       *Reader
	network practice.Network
	ps      map[string]practice.Practice
	quarter calendar.Period
}

func newRing(t *testing.T, s *store.Store) *ring {
	t.Helper()
	ctx := context.Background()
	a, err := s.CreateAccount(ctx, practice.Account{Email: "kim@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.CreateNetwork(ctx, "Nord", a.ID)
	if err != nil {
		t.Fatal(err)
	}
	return &ring{t, s, New(s, catalog(t), disclosure.Gate{}), n, map[string]practice.Practice{}, calendar.Period{Unit: calendar.Quarterly, Year: 2025, N: 1}}
}

// set lets a practice join, leave, or agree to be named; one that is not here is made.
func (g *ring) set(name string, state practice.State, open bool) {
	g.t.Helper()
	ctx := context.Background()
	p, ok := g.ps[name]
	if !ok {
		var err error
		if p, _, err = g.s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: name}, "Venterommet"); err != nil {
			g.t.Fatal(err)
		}
		g.ps[name] = p
	}
	err := g.s.InvitePractice(ctx, g.network.ID, p.ID)
	if err == nil {
		err = g.s.SetParticipation(ctx, practice.Participation{NetworkID: g.network.ID, PracticeID: p.ID, State: state, OpenConsent: open})
	}
	if err != nil {
		g.t.Fatal(err)
	}
}

// freeze ends a quarter in which practices had answers to "overall": positive and other ones by name.
func (g *ring) freeze(answers map[string][2]int) {
	g.t.Helper()
	ctx := context.Background()
	week := calendar.WeekOf(calendar.Week(fmt.Sprintf("%d-W%02d", g.quarter.Year, 13*(g.quarter.N-1)+6)).Start())
	var batch []store.Entry
	for name, k := range answers {
		for i := range k[0] + k[1] {
			option := "5"
			if i >= k[0] {
				option = "2"
			}
			batch = append(batch, store.Entry{PracticeID: g.ps[name].ID, Channel: "qr", Answers: []store.Answers{{Survey: "visit", Version: 1, Options: map[string]string{"overall": option}}}})
		}
	}
	err := g.s.Count(ctx, week.Start(), batch)
	for range 10 { // past the end of the quarter
		if err == nil {
			_, err = g.s.CloseWeek(ctx, week, aggregate.Divide(disclosure.Gate{}))
			week = week.Add(1)
		}
	}
	if err == nil {
		_, err = aggregate.NewFreezer(g.s, catalog(g.t), disclosure.Gate{}, slog.New(slog.NewTextHandler(io.Discard, nil))).Freeze(ctx, g.quarter, calendar.Week(week).Add(4).Start())
	}
	if err != nil {
		g.t.Fatal(err)
	}
	g.quarter = g.quarter.Next()
}

func (g *ring) compare(name, quarter string) Compared {
	g.t.Helper()
	c, err := g.r.Comparison(context.Background(), g.ps[name], g.network, "visit", 1, quarter)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, q := range c.Questions {
		if q.ID == "overall" {
			return q
		}
	}
	return Compared{}
}

func (g *ring) pooled(quarter string) PooledQuestion {
	g.t.Helper()
	p, err := g.r.Pooled(context.Background(), g.network, "visit", 1, quarter)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, q := range p.Questions {
		if q.ID == "overall" {
			return q
		}
	}
	return PooledQuestion{}
}

func names(from, to rune) []string {
	var out []string
	for r := from; r <= to; r++ {
		out = append(out, string(r))
	}
	return out
}

func TestComparisonOverChangingCohorts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := newRing(t, s)
		everyone := func() map[string][2]int {
			answers := map[string][2]int{}
			for i, name := range names('A', 'L') {
				if _, in := g.ps[name]; in {
					answers[name] = [2]int{40 + i, 12 - i}
				}
			}
			return answers
		}
		for _, name := range names('A', 'F') {
			g.set(name, practice.Joined, false)
		}
		g.freeze(everyone()) // 2025-Q1: A to F
		g.set("G", practice.Joined, false)
		g.freeze(everyone()) // Q2: one more
		g.set("H", practice.Joined, false)
		g.freeze(everyone()) // Q3: two more than were last shown
		g.set("I", practice.Joined, false)
		g.freeze(everyone()) // Q4: three more
		g.set("B", practice.Left, false)
		g.freeze(everyone()) // 2026-Q1: B is out
		for quarter, want := range map[string]disclosure.Withheld{"2025-Q1": disclosure.None, "2025-Q2": disclosure.Changed, "2025-Q3": disclosure.Changed,
			"2025-Q4": disclosure.None, "2026-Q1": disclosure.Changed} {
			if got := g.compare("A", quarter); got.Withheld != want || (got.Others == nil) != (want != disclosure.None) || got.Own == nil || got.Own.N != 52 {
				t.Errorf("A in %s: %v, %+v", quarter, got.Withheld, got.Own)
			}
			if got := g.pooled(quarter); got.Withheld != want || (got.Pool == nil) != (want != disclosure.None) {
				t.Errorf("the coordinator in %s: %v", quarter, got.Withheld)
			}
		}
		if n := g.compare("A", "2025-Q4").Others.Practices(); n != 8 {
			t.Errorf("%d others", n)
		}
		// B sees the quarters it is in, and no later one; G none before it came.
		c, err := g.r.Comparison(context.Background(), g.ps["B"], g.network, "", 0, "")
		if err != nil || len(c.Quarters) != 4 || c.Quarter.String() != "2025-Q4" {
			t.Errorf("B has %v, %v", c.Quarters, err)
		}
		if _, err := g.r.Comparison(context.Background(), g.ps["B"], g.network, "visit", 1, "2026-Q1"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("B sees a quarter after it left: %v", err)
		}
		if got := g.compare("G", "2025-Q2"); got.Withheld != disclosure.None {
			t.Errorf("G's first quarter, the others as before: %v", got.Withheld)
		}
		stranger := practice.Practice{ID: "nobody"}
		if c, err := g.r.Comparison(context.Background(), stranger, g.network, "", 0, ""); err != nil || !c.Empty() {
			t.Errorf("a practice outside: %+v, %v", c, err)
		}
	})
}

func TestVerdictsAndWhatTheyStandOn(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite)
	g := newRing(t, s)
	answers := map[string][2]int{"Small": {28, 9}, "Alike": {84, 16}, "Low": {50, 100}}
	for i := range 12 {
		answers[fmt.Sprint("Other ", i)] = [2]int{80 + i%5, 20 - i%5}
	}
	for name := range answers {
		g.set(name, practice.Joined, false)
	}
	g.freeze(answers)
	for name, want := range map[string]struct {
		verdict Verdict
		higher  bool
	}{"Small": {TooUnsure, false}, "Alike": {Alike, false}, "Low": {StandsOut, false}} {
		q := g.compare(name, "")
		if q.Verdict != want.verdict || q.Higher != want.higher {
			t.Errorf("%s: verdict %d, higher %t", name, q.Verdict, q.Higher)
		}
		n := answers[name][0] + answers[name][1]
		share := float64(answers[name][0]) / float64(n)
		limits := q.Others.Limits(n)
		if inside := share >= limits.Low95 && share <= limits.High95; n >= stats.ComparisonMinimum && inside != (q.Verdict == Alike) {
			t.Errorf("%s: %v in %+v", name, share, limits)
		}
		if q.Shrunk != nil {
			value, interval := q.Others.Shrunk(answers[name][0], n)
			if q.Shrunk.Value != value || q.Shrunk.Interval != interval || value < interval.Low || value > interval.High {
				t.Errorf("%s: %+v", name, q.Shrunk)
			}
		}
		if text, err := json.Marshal(q); err != nil || strings.Contains(string(text), "Other ") {
			t.Errorf("%s reads a name: %s, %v", name, text, err)
		}
	}
	if q := g.compare("Small", ""); q.Shrunk == nil || q.Named != nil {
		t.Errorf("small practice: %+v", q)
	}
}

func TestOpenComparisonNeedsEverybody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := newRing(t, s)
		answers := map[string][2]int{"Ås": {30, 10}, "Bø": {20, 20}, "Aa": {3, 3}}
		for name := range answers {
			g.set(name, practice.Joined, true)
		}
		g.freeze(answers)
		g.set("Bø", practice.Joined, false) // takes it back
		g.freeze(answers)
		q := g.compare("Bø", "2025-Q1")
		var got []string
		for _, n := range q.Named {
			text := n.Name + " few"
			if n.Result != nil {
				text = fmt.Sprintf("%s %d %.0f %.2f", n.Name, n.Result.N, n.Result.Mean.Value, n.Result.Positive.Value)
			}
			got = append(got, fmt.Sprint(text, n.Own))
		}
		if want := "[Aa fewfalse Ås 40 81 0.75false Bø 40 62 0.50true]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %s", got, want)
		}
		if q.Withheld != disclosure.TooFew || q.Others != nil {
			t.Errorf("figures of others: %v", q.Withheld)
		}
		if q := g.compare("Ås", "2025-Q2"); q.Named != nil {
			t.Errorf("named without consent: %+v", q.Named)
		}
		if q := g.pooled("2025-Q1"); q.Pool != nil {
			t.Error("the coordinator sees three practices")
		}
	})
}
