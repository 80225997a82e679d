package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// asks switches messages on; what it returns asks so many in a week.
func (d desk) asks() func(w calendar.Week, n int) {
	d.t.Helper()
	a := practice.DefaultAsking(d.ID)
	a.SMS, a.Sender, a.CapOre = true, "Eidsvaag", 10_000_000
	if err := d.s.SaveAsking(context.Background(), a); err != nil {
		d.t.Fatal(err)
	}
	next := 49_000_000
	return func(w calendar.Week, n int) {
		d.t.Helper()
		at := w.Start().Add(8 * time.Hour)
		for n > 0 { // now and then one number is taken for another that was asked lately
			var ms []store.NewMessage
			for range n {
				next++
				to, err := sms.ParseNumber(fmt.Sprint(next))
				if err != nil {
					d.t.Fatal(err)
				}
				ms = append(ms, store.NewMessage{To: to, Day: at.Format(time.DateOnly), Language: "nb", Ore: 60})
			}
			invited, _, err := d.s.Invite(context.Background(), d.ID, ms, 0, at, at)
			if err != nil {
				d.t.Fatal(err)
			}
			n -= invited
		}
	}
}

// TestCoverage: a week is asked, opened and answered as given, and the page says of it what S8 lets it.
func TestCoverage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		d := newDesk(t, s, practice.Practice{})
		ask := d.asks()
		week := func(w calendar.Week, asked int, channels counts) {
			t.Helper()
			ask(w, asked)
			if err := s.AddOpened(ctx, map[store.Opened]int{{PracticeID: d.ID, Week: w}: 2 * asked}); err != nil {
				t.Fatal(err)
			}
			total := 0
			for _, n := range channels {
				total += n
			}
			if total > 0 {
				d.importSums("visit", 1, w, store.Sums{Questions: map[string]store.Sum{"polite": {First: w, Last: w, Counts: counts{"5": total}}},
					Channels: store.Sum{First: w, Last: w, Counts: channels}})
			}
		}
		week("2026-W41", 30, counts{"sms": 30}) // too old to be shown
		week("2026-W42", 30, counts{"sms": 12, "qr": 20})
		week("2026-W43", 19, counts{"sms": 11, "qr": 20}) // too few were asked
		week("2026-W44", 20, counts{"sms": 16, "qr": 20}) // too few were silent
		week("2026-W45", 30, counts{"qr": 20})
		week("2026-W46", 30, counts{"qr": 96}) // nearly all visits
		week("2026-W47", 30, nil)
		week("2026-W49", 5, nil)
		rows, err := d.Coverage(ctx, d.Practice, 100, calendar.Week("2026-W49").Start())
		if err != nil {
			t.Fatal(err)
		}
		text := func(r CoverageRow) string {
			parts := ""
			for _, c := range slices.Sorted(maps.Keys(r.Parts)) {
				parts += fmt.Sprintf(" %s=%d", c, r.Parts[c])
			}
			return fmt.Sprintf("%s-%s visits=%d asked=%d opened=%d answered=%d total=%d%s", r.Span.First, r.Span.Last, r.Visits, r.Asked, r.Opened, r.Answered, r.Total, parts)
		}
		var got []string
		for _, r := range rows {
			got = append(got, text(r))
		}
		want := []string{
			"2026-W49-2026-W49 visits=100 asked=5 opened=0 answered=0 total=0",
			"2026-W48-2026-W48 visits=100 asked=0 opened=0 answered=0 total=0",
			"2026-W47-2026-W47 visits=100 asked=30 opened=0 answered=0 total=0",
			"2026-W46-2026-W46 visits=100 asked=30 opened=0 answered=0 total=0",
			"2026-W45-2026-W45 visits=100 asked=30 opened=0 answered=0 total=20 qr=20",
			"2026-W44-2026-W44 visits=100 asked=20 opened=0 answered=0 total=36 mixed=36",
			"2026-W43-2026-W43 visits=100 asked=19 opened=0 answered=0 total=31 mixed=31",
			"2026-W42-2026-W42 visits=100 asked=30 opened=60 answered=12 total=32 qr=20 sms=12",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%v\nwant\n%v", got, want)
		}
		if rows, err = d.Coverage(ctx, d.Practice, 0, calendar.Week("2026-W49").Start()); err != nil || rows[3].Total != 96 || rows[3].Visits != 0 {
			t.Errorf("without an estimate of the visits: %+v, %v", rows[3], err)
		}
	})
}

// TestCoverageOfALongRelease: answers that waited some weeks stand beside all who were asked in them.
func TestCoverageOfALongRelease(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(t, s, practice.Practice{})
		d.importSums("visit", 1, "2026-W47", store.Sums{Questions: map[string]store.Sum{"polite": {First: "2026-W45", Last: "2026-W47", Counts: counts{"5": 12}}},
			Channels: store.Sum{First: "2026-W45", Last: "2026-W47", Counts: counts{"qr": 12}}})
		rows, err := d.Coverage(context.Background(), d.Practice, 80, calendar.Week("2026-W48").Start())
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 6 || rows[1].Span != (Span{"2026-W45", "2026-W47"}) || rows[1].Visits != 240 || rows[1].Total != 12 || rows[2].Span.Last != "2026-W44" {
			t.Errorf("got %+v", rows)
		}
	})
}
