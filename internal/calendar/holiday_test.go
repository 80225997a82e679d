package calendar

import (
	"slices"
	"testing"
	"time"
)

// holidays are all of Norway's, written down and not worked out.
var holidays = []string{
	"2026-01-01", "2026-04-02", "2026-04-03", "2026-04-05", "2026-04-06", "2026-05-01", "2026-05-14",
	"2026-05-17", "2026-05-24", "2026-05-25", "2026-12-25", "2026-12-26",
	"2027-01-01", "2027-03-25", "2027-03-26", "2027-03-28", "2027-03-29", "2027-05-01", "2027-05-06",
	"2027-05-16", "2027-05-17", "2027-12-25", "2027-12-26", // Whit Monday on 17 May
	"2028-01-01", "2028-04-13", "2028-04-14", "2028-04-16", "2028-04-17", "2028-05-01", "2028-05-17",
	"2028-05-25", "2028-06-04", "2028-06-05", "2028-12-25", "2028-12-26",
	"2029-01-01", "2029-03-29", "2029-03-30", "2029-04-01", "2029-04-02", "2029-05-01", "2029-05-10",
	"2029-05-17", "2029-05-20", "2029-05-21", "2029-12-25", "2029-12-26",
	"2030-01-01", "2030-04-18", "2030-04-19", "2030-04-21", "2030-04-22", "2030-05-01", "2030-05-17",
	"2030-05-30", "2030-06-09", "2030-06-10", "2030-12-25", "2030-12-26",
}

func TestHoliday(t *testing.T) {
	for day := time.Date(2026, 1, 1, 0, 0, 0, 0, Oslo); day.Year() < 2031; day = day.AddDate(0, 0, 1) {
		want := slices.Contains(holidays, day.Format(time.DateOnly))
		for _, at := range []time.Time{day, day.Add(12 * time.Hour), day.AddDate(0, 0, 1).Add(-time.Second)} {
			if got := Holiday(at.UTC()); got != want {
				t.Errorf("Holiday(%s) = %v, want %v", at, got, want)
			}
		}
	}
}

func TestEaster(t *testing.T) {
	// The earliest and the latest there can be, and dates from the tables of the US Naval Observatory.
	for _, want := range []string{"1818-03-22", "1943-04-25", "2000-04-23", "2008-03-23", "2019-04-21",
		"2024-03-31", "2025-04-20", "2038-04-25"} {
		day, err := time.Parse(time.DateOnly, want)
		if err != nil {
			t.Fatal(err)
		}
		if got := easter(day.Year()); !got.Equal(day) {
			t.Errorf("Easter of %d is %s, want %s", day.Year(), got.Format(time.DateOnly), want)
		}
	}
}

func TestDayAndMonthTurnAtMidnightInOslo(t *testing.T) {
	for _, c := range []struct{ at, day, month string }{
		{"2026-11-30T22:59:59Z", "2026-11-30", "2026-11"},
		{"2026-11-30T23:00:00Z", "2026-12-01", "2026-12"},
		{"2026-06-30T21:59:59Z", "2026-06-30", "2026-06"}, // summer time
		{"2026-06-30T22:00:00Z", "2026-07-01", "2026-07"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := Day(at).Format(time.DateOnly); got != c.day {
			t.Errorf("Day(%s) = %s, want %s", c.at, got, c.day)
		}
		if got := MonthOf(at); got != c.month {
			t.Errorf("MonthOf(%s) = %s, want %s", c.at, got, c.month)
		}
	}
}
