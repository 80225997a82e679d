package sms

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
)

func TestNext(t *testing.T) {
	for _, c := range []struct{ window, at, want string }{ // Oslo time; the default window if empty
		{"", "2026-11-23T12:00:00", "2026-11-23T12:00:00"}, // Monday
		{"", "2026-11-23T08:59:59", "2026-11-23T09:00:00"},
		{"", "2026-11-23T09:00:00", "2026-11-23T09:00:00"},
		{"", "2026-11-23T18:59:59", "2026-11-23T18:59:59"},
		{"", "2026-11-23T19:00:00", "2026-11-24T09:00:00"},
		{"", "2026-11-27T19:00:00", "2026-11-30T09:00:00"}, // Friday evening
		{"", "2026-11-28T12:00:00", "2026-11-30T09:00:00"}, // Saturday
		{"", "2026-11-29T12:00:00", "2026-11-30T09:00:00"},
		{"08:00-20:00", "2026-11-23T07:59:59", "2026-11-23T08:00:00"},
		{"08:00-20:00", "2026-11-23T19:59:59", "2026-11-23T19:59:59"},
		{"08:00-20:00", "2026-11-23T20:00:00", "2026-11-24T08:00:00"},
		{"10:30-10:45", "2026-11-23T10:45:00", "2026-11-24T10:30:00"},
		// Clocks go forward on Sunday 29 March 2026 and back on Sunday 25 October.
		{"", "2026-03-27T20:00:00", "2026-03-30T09:00:00"},
		{"", "2026-03-29T01:59:59", "2026-03-30T09:00:00"},
		{"", "2026-10-23T20:00:00", "2026-10-26T09:00:00"},
		{"", "2026-10-25T02:30:00", "2026-10-26T09:00:00"},
		// Easter: from Wednesday evening to Tuesday morning.
		{"", "2026-04-01T18:59:59", "2026-04-01T18:59:59"},
		{"", "2026-04-01T19:00:00", "2026-04-07T09:00:00"},
		{"", "2026-05-01T12:00:00", "2026-05-04T09:00:00"},
		{"", "2027-05-14T19:00:00", "2027-05-18T09:00:00"}, // Whit Monday is 17 May
		{"", "2026-12-23T19:00:00", "2026-12-28T09:00:00"}, // Christmas Eve is no holiday, and is kept
		{"", "2026-12-30T19:00:00", "2027-01-04T09:00:00"},
	} {
		var w Window
		if c.window != "" {
			var err error
			if w, err = ParseWindow(c.window); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := w.Next(oslo(t, c.at).UTC()), oslo(t, c.want); !got.Equal(want) {
			t.Errorf("%s: Next(%s) = %s, want %s", w, c.at, got.In(calendar.Oslo), c.want)
		}
	}
}

func TestNothingIsSentOnAHoliday(t *testing.T) {
	for day := oslo(t, "2026-01-01T00:00:00"); day.Year() < 2031; day = day.AddDate(0, 0, 1) {
		noon := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, calendar.Oslo)
		sent := Window{}.Next(noon).Equal(noon)
		if weekend := day.Weekday()%6 == 0; sent && (weekend || calendar.Holiday(noon)) {
			t.Errorf("sent on %s", day.Format("Mon 2006-01-02"))
		} else if eve := day.Format("01-02"); !sent && !weekend && !calendar.Holiday(noon) && eve != "12-24" && eve != "12-31" {
			t.Errorf("not sent on %s", day.Format("Mon 2006-01-02"))
		}
	}
}

// TestNextKeepsItsPromises holds, for instants at random and the hours around every change of clocks:
// never before t, never outside the window, the same again, and nothing allowed is skipped.
func TestNextKeepsItsPromises(t *testing.T) {
	windows := []Window{{}}
	for _, text := range []string{"08-20", "08:00-08:01", "12:15-12:45", "19:59-20:00"} {
		w, err := ParseWindow(text)
		if err != nil {
			t.Fatal(err)
		}
		windows = append(windows, w)
	}
	random := rand.New(rand.NewPCG(3, 4))
	start := oslo(t, "2026-01-01T00:00:00")
	var instants []time.Time
	for range 5_000 {
		instants = append(instants, start.Add(time.Duration(random.Int64N(int64(5*365*24*time.Hour)))))
	}
	for _, change := range []string{"2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31", "2028-03-26", "2028-10-29", "2029-03-25", "2029-10-28", "2030-03-31", "2030-10-27"} {
		for minute := -36 * 60; minute < 60*60; minute += 7 {
			instants = append(instants, oslo(t, change+"T02:00:00").Add(time.Duration(minute)*time.Minute))
		}
	}
	for _, w := range windows {
		from, to := w.hours()
		for _, at := range instants {
			next := w.Next(at)
			l := next.In(calendar.Oslo)
			minute := 60*l.Hour() + l.Minute()
			if next.Before(at) || minute < from || minute >= to || l.Weekday()%6 == 0 || calendar.Holiday(next) {
				t.Fatalf("%s: Next(%s) = %s", w, at, l)
			}
			if again := w.Next(next); !again.Equal(next) {
				t.Fatalf("%s: Next(%s) = %s, and of that %s", w, at, next, again)
			}
			if next.After(at) {
				if between := at.Add(time.Duration(random.Int64N(int64(next.Sub(at))))); !w.Next(between).Equal(next) {
					t.Fatalf("%s: from %s comes %s, from %s in between %s", w, at, next, between, w.Next(between))
				}
				if minute != from || l.Second() != 0 || l.Nanosecond() != 0 {
					t.Fatalf("%s: opens at %s", w, l)
				}
			}
		}
	}
}

func TestParseWindow(t *testing.T) {
	for text, want := range map[string]string{"09-19": "09:00-19:00", "09:00-19:00": "09:00-19:00", "08-20": "08:00-20:00", "08:30-19:59": "08:30-19:59"} {
		if w, err := ParseWindow(text); err != nil || w.String() != want {
			t.Errorf("ParseWindow(%q) = %s, %v", text, w, err)
		}
	}
	for _, text := range []string{"", "9-19", "07:59-19:00", "09:00-20:01", "00-24", "19-09", "09-09", "10:60-19:00", "09–19", "09-19 ", "09:00", "08:00-99:00"} {
		if w, err := ParseWindow(text); err == nil {
			t.Errorf("ParseWindow(%q) = %s", text, w)
		}
	}
	if got := (Window{}).String(); got != "09:00-19:00" {
		t.Errorf("the default is %s", got)
	}
}

func oslo(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02T15:04:05", text, calendar.Oslo)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
