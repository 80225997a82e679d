package report

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// TestPointsBesideChannels counts and closes weeks with a screen at one of two points: totals by point begin
// after the last week with a screen, or with channels put together, and after what waited over it.
func TestPointsBesideChannels(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		d := newDesk(t, s, practice.Practice{})
		week := calendar.Week("2026-W30")
		for i, c := range []struct {
			name   string
			counts map[[2]string]int // by point and channel
			from   calendar.Week
			want   counts
		}{
			{"only QR codes", map[[2]string]int{{"A", "qr"}: 14, {"B", "qr"}: 12}, none, counts{"A": 14, "B": 12}},
			{"and paper", map[[2]string]int{{"A", "qr"}: 10, {"B", "qr"}: 12, {"", "paper"}: 11}, none, counts{"A": 24, "B": 24}},
			{"a screen at A", map[[2]string]int{{"A", "qr"}: 4, {"A", "kiosk"}: 15, {"B", "qr"}: 12}, "2026-W33", counts{}},
			{"nobody used it", map[[2]string]int{{"A", "qr"}: 12, {"B", "qr"}: 13}, "2026-W33", counts{"A": 12, "B": 13}},
			{"a few by the web page", map[[2]string]int{{"A", "qr"}: 12, {"A", "web"}: 1, {"B", "qr"}: 13}, "2026-W35", counts{}},
			{"B waits", map[[2]string]int{{"A", "qr"}: 12, {"B", "qr"}: 3}, "2026-W35", counts{}},
			{"a few by the web page again", map[[2]string]int{{"A", "qr"}: 1, {"B", "qr"}: 5, {"A", "web"}: 4}, "2026-W37", counts{}},
			{"what waited is not counted", map[[2]string]int{{"A", "qr"}: 12, {"B", "qr"}: 12}, "2026-W38", counts{}},
			{"from here on it is", map[[2]string]int{{"A", "qr"}: 12, {"B", "qr"}: 12}, "2026-W38", counts{"A": 12, "B": 12}},
		} {
			var batch []store.Entry
			for from, n := range c.counts {
				for range n {
					batch = append(batch, store.Entry{PracticeID: d.ID, Point: from[0], Channel: from[1], Answers: []store.Answers{{Survey: "visit", Version: 2, Options: map[string]string{"polite": "5"}}}})
				}
			}
			if err := s.Count(ctx, week.Start().Add(time.Hour), batch); err != nil {
				t.Fatal(err)
			}
			if _, err := s.CloseWeek(ctx, week, aggregate.Divide(disclosure.Gate{})); err != nil {
				t.Fatal(err)
			}
			week = week.Add(1)
			got, err := d.PointTotals(ctx, d.ID)
			if err != nil || got.From != c.from || !maps.Equal(got.Totals, c.want) {
				t.Errorf("week %d, %s: %v, %v; want %v from %q", i, c.name, got, err, c.want, c.from)
			}
		}
	})
}

// TestNearlyAllHaveAnswered: what coverage keeps back of messages (S8) is told by no dashboard, quarter or total
// by collection point either.
func TestNearlyAllHaveAnswered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		d := newDesk(t, s, practice.Practice{})
		ask := d.asks()
		answer := func(version int, first, last calendar.Week, channels counts) {
			t.Helper()
			d.importSums("visit", version, last, store.Sums{Channels: store.Sum{First: first, Last: last, Counts: channels},
				Points: store.Sum{First: first, Last: last, Counts: counts{"A": channels["qr"] / 2, "B": channels["qr"] - channels["qr"]/2}}})
		}
		for _, c := range []struct {
			week  calendar.Week
			asked int
			sms   int
			told  bool
		}{
			{"2026-W30", 30, 25, true}, {"2026-W31", 30, 26, false}, {"2026-W32", 19, 12, false}, {"2026-W33", 0, 12, false}, {"2026-W34", 60, 40, true},
		} {
			ask(c.week, c.asked)
			answer(1, c.week, c.week, counts{"qr": 40, "sms": c.sms})
			weeks := d.report("visit", 1).Responses.Weeks
			got, want := weeks[len(weeks)-1].Parts, counts{disclosure.Mixed: 40 + c.sms}
			if c.told {
				want = counts{"qr": 40, "sms": c.sms}
			}
			if !maps.Equal(got, want) {
				t.Errorf("%s: %d asked: %v, want %v", c.week, c.asked, got, want)
			}
			totals, err := d.PointTotals(ctx, d.ID)
			if err != nil || (len(totals.Totals) > 0) != c.told { // less the points the total is the messages
				t.Errorf("%s: %v by point, %v", c.week, totals, err)
			}
		}
		// Two versions of the survey, or two releases, may have the answers of those asked in one week.
		ask("2026-W40", 40)
		answer(1, "2026-W40", "2026-W40", counts{"qr": 40, "sms": 18})
		if parts := d.report("visit", 1).Responses.Weeks[5].Parts; parts["sms"] != 18 {
			t.Errorf("18 of 40 answered: %v", parts)
		}
		q, err := d.Quarterly(ctx, d.Practice, "visit", 1, "2026-Q3")
		if err != nil {
			t.Fatal(err)
		}
		got := counts{}
		for _, w := range q.Responses.Weeks {
			for c, n := range w.Parts {
				got[c] += n
			}
		}
		if want := (counts{"qr": 80, "sms": 65, disclosure.Mixed: 66 + 52 + 52}); !maps.Equal(got, want) {
			t.Errorf("the quarter has %v, want %v", got, want)
		}
		answer(2, "2026-W40", "2026-W41", counts{"qr": 40, "sms": 19})
		for version, i := range map[int]int{1: 5, 2: 0} {
			if parts := d.report("visit", version).Responses.Weeks[i].Parts; !maps.Equal(parts, counts{disclosure.Mixed: 40 + 18 + version - 1}) {
				t.Errorf("18 and 19 of 40 answered, and version %d tells %v", version, parts)
			}
		}
	})
}
