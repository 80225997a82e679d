package calendar

import (
	"testing"
	"time"
)

func TestWeekOf(t *testing.T) {
	for _, c := range []struct{ at, want string }{
		{"2026-11-23T02:59:59Z", "2026-W47"}, // Monday 03:59:59 in Oslo
		{"2026-11-23T03:00:00Z", "2026-W48"}, // 04:00:00
		{"2026-03-30T01:59:59Z", "2026-W13"}, // Monday after the clocks went forward
		{"2026-03-30T02:00:00Z", "2026-W14"},
		{"2026-03-29T23:30:00Z", "2026-W13"},
		{"2026-10-26T02:59:59Z", "2026-W43"}, // Monday after the clocks went back
		{"2026-10-26T03:00:00Z", "2026-W44"},
		{"2027-01-01T12:00:00Z", "2026-W53"},
		{"2027-01-04T02:00:00Z", "2026-W53"},
		{"2027-01-04T03:00:00Z", "2027-W01"},
		{"2024-12-30T12:00:00Z", "2025-W01"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := WeekOf(at); string(got) != c.want {
			t.Errorf("WeekOf(%s) = %s, want %s", c.at, got, c.want)
		}
	}
}

func TestWeekStartsWhereWeekOfTurns(t *testing.T) {
	for w := WeekOf(time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)); w < "2031"; w = w.Add(1) {
		if got := WeekOf(w.Start()); got != w {
			t.Fatalf("WeekOf(%s.Start()) = %s", w, got)
		}
		if got := WeekOf(w.Start().Add(-time.Second)); got != w.Add(-1) {
			t.Fatalf("a second before %s starts is %s", w, got)
		}
		if p, err := ParseWeek(string(w)); err != nil || p != w {
			t.Fatalf("ParseWeek(%s) = %s, %v", w, p, err)
		}
	}
}

func TestParseWeekRefuses(t *testing.T) {
	for _, s := range []string{"", "2026-47", "2026-W54", "2025-W53", "2026-W00", "26-W01", "2026-W1"} {
		if w, err := ParseWeek(s); err == nil {
			t.Errorf("ParseWeek(%q) = %s, want an error", s, w)
		}
	}
}

func TestEveryWeekOfAMonthIsInIt(t *testing.T) {
	for m := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); m.Year() < 2031; m = m.AddDate(0, 1, 0) {
		month := m.Format("2006-01")
		first, last, err := WeeksOfMonth(month)
		if err != nil {
			t.Fatal(err)
		}
		for w := first; w <= last; w = w.Add(1) {
			if got := w.In(Monthly).String(); got != month {
				t.Fatalf("%s is in %s, want %s", w, got, month)
			}
		}
		if first.Add(-1).In(Monthly).String() == month || last.Add(1).In(Monthly).String() == month {
			t.Fatalf("%s has more weeks than %s to %s", month, first, last)
		}
	}
	if _, _, err := WeeksOfMonth("2026-13"); err == nil {
		t.Error("2026-13 was taken for a month")
	}
}

func TestPeriods(t *testing.T) {
	w := Week("2026-W53")
	for u, want := range map[Unit]string{Weekly: "2026-W53", Monthly: "2026-12", Quarterly: "2026-Q4"} {
		if got := w.In(u).String(); got != want {
			t.Errorf("%s in unit %d is %s, want %s", w, u, got, want)
		}
		if got, want := w.In(u).Next(), w.Add(1).In(u); got != want {
			t.Errorf("after %s comes %s, want %s", w.In(u), got, want)
		}
	}
}

func TestParseQuarter(t *testing.T) {
	if p, err := ParseQuarter("2026-Q4"); err != nil || p.String() != "2026-Q4" || p.Next().String() != "2027-Q1" {
		t.Errorf("got %v, %v", p, err)
	}
	for _, wrong := range []string{"", "2026-Q5", "2026-Q0", "26-Q1", "2026-W04", "2026-Q4 "} {
		if _, err := ParseQuarter(wrong); err == nil {
			t.Errorf("%q is a quarter", wrong)
		}
	}
}
