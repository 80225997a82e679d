package practice

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
)

func TestParseSpans(t *testing.T) {
	for typed, want := range map[string]string{
		"": "", " – ": "", "Stengt": "", "lukka": "", "closed": "",
		"8-15": "08:00–15:00", "8–15.30": "08:00–15:30", "08.00 – 15:30": "08:00–15:30", "kl. 8 til 15": "08:00–15:00", "kl 8 til kl 15.30": "08:00–15:30",
		"0800-1530": "08:00–15:30", "8-11.30, 12-15:30": "08:00–11:30, 12:00–15:30", "8–11 og 12–15": "08:00–11:00, 12:00–15:00", "12-15; 8-11": "08:00–11:00, 12:00–15:00",
		"8—12 + 12−15": "08:00–12:00, 12:00–15:00", "0-24": "00:00–24:00", "8\u00a0-\u00a015": "08:00–15:00", "9 to 16": "09:00–16:00",
	} {
		got, err := ParseSpans(typed)
		if err != nil || got.String() != want {
			t.Errorf("ParseSpans(%q) = %q, %v, want %q", typed, got, err, want)
		}
	}
	for _, typed := range []string{"8", "15-8", "8-8", "8-25", "8:60-9", "24:01-24:02", "8-12, 11-15", "8 til ti over", "åpent", "8-15,", "8-9,10-11,12-13,14-15,16-17", strings.Repeat("8-9,", 99), "-8-15", "8--15"} {
		if got, err := ParseSpans(typed); err == nil {
			t.Errorf("ParseSpans(%q) = %q, want an error", typed, got)
		}
	}
}

func FuzzParseSpans(f *testing.F) {
	for _, s := range []string{"8-15", "08.00–11:30, 12-15.30", "kl. 8 til 11 og 12 til 15", "stengt", "0-24", "2359-24", "٨-١٥"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		spans, err := ParseSpans(typed)
		if err != nil {
			return
		}
		for i, s := range spans {
			if s.From < 0 || s.To > 24*60 || s.From >= s.To || i > 0 && s.From < spans[i-1].To {
				t.Fatalf("ParseSpans(%q) = %v", typed, spans)
			}
		}
		if again, err := ParseSpans(spans.String()); err != nil || again.String() != spans.String() {
			t.Fatalf("ParseSpans(%q) = %q, which reads as %q, %v", typed, spans, again, err)
		}
	})
}

func mustSpans(t *testing.T, s string) Spans {
	t.Helper()
	spans, err := ParseSpans(s)
	if err != nil {
		t.Fatal(err)
	}
	return spans
}

// anOrdinaryWeek is open 8–15.30 with the telephone 8–11 and 12–14, and 12–18 on Thursdays.
func anOrdinaryWeek(t *testing.T) Hours {
	h := Hours{Open: Timetable{}, Phone: Timetable{}}
	for _, day := range Weekdays[:5] {
		h.Open[day], h.Phone[day] = mustSpans(t, "8–15.30"), mustSpans(t, "8–11, 12–14")
	}
	h.Open["thu"] = mustSpans(t, "12–18")
	h.Exceptions = []Exception{{First: "2026-12-07", Last: "2026-12-08"}, {First: "2026-12-28", Last: "2027-01-01", Open: mustSpans(t, "10–13")}}
	return h
}

func TestOpenNow(t *testing.T) {
	h := anOrdinaryWeek(t)
	say := func(s Status) string {
		switch {
		case !s.Known:
			return "not known"
		case s.Open:
			return "until " + s.Until.String()
		case s.Next == "":
			return "closed"
		}
		return string(s.Next) + " " + s.At.String()
	}
	for at, want := range map[string][2]string{
		"2026-11-23 07:59": {"2026-11-23 08:00", "2026-11-23 08:00"},
		"2026-11-23 08:00": {"until 15:30", "until 11:00"},
		"2026-11-23 11:00": {"until 15:30", "2026-11-23 12:00"}, // an end is not within
		"2026-11-23 15:29": {"until 15:30", "2026-11-24 08:00"},
		"2026-11-23 15:30": {"2026-11-24 08:00", "2026-11-24 08:00"},
		"2026-11-27 16:00": {"2026-11-30 08:00", "2026-11-30 08:00"}, // over a weekend
		"2026-12-04 16:00": {"2026-12-09 08:00", "2026-12-09 08:00"}, // and two days closed
		"2026-12-24 13:00": {"until 18:00", "until 14:00"},           // Christmas Eve is a working day to the law
		"2026-12-25 10:00": {"2026-12-28 10:00", "2026-12-28 10:00"}, // a holiday and a weekend
		"2026-12-28 10:30": {"until 13:00", "until 11:00"},           // the telephone within the exception's hours
		"2026-12-28 11:30": {"until 13:00", "2026-12-28 12:00"},
		"2027-01-01 10:30": {"until 13:00", "until 11:00"}, // what staff say goes before the holiday
		"2027-05-17 10:00": {"2027-05-18 08:00", "2027-05-18 08:00"},
		// Clocks go forward at 02:00 on 28 March 2027 and back at 03:00 on 25 October 2026.
		"2027-03-28 12:00": {"2027-03-30 08:00", "2027-03-30 08:00"}, // Easter Sunday too
		"2026-10-26 08:00": {"until 15:30", "until 11:00"},
	} {
		now, err := time.ParseInLocation("2006-01-02 15:04", at, calendar.Oslo)
		if err != nil {
			t.Fatal(err)
		}
		open, phone := h.Now(now.UTC())
		if got := [2]string{say(open), say(phone)}; got != want {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
	if open, phone := (Hours{}).Now(time.Now()); open.Known || phone.Known {
		t.Error("something is known of no hours")
	}
	h.Exceptions = []Exception{{First: "2026-01-01", Last: "2027-12-31"}}
	if open, _ := h.Now(time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)); say(open) != "closed" {
		t.Errorf("closed for two years: %s", say(open))
	}
}

// TestClockIsOslos: the same hour of summer and winter is another in UTC, and the night in which an hour
// comes twice is open in both.
func TestClockIsOslos(t *testing.T) {
	h := Hours{Open: Timetable{"sun": mustSpans(t, "2–3")}}
	for at, want := range map[string]bool{
		"2026-10-25T00:30:00Z": true, "2026-10-25T01:30:00Z": true, // 02:30 twice
		"2026-10-25T02:00:00Z": false, "2026-10-24T23:59:00Z": false,
		"2027-03-28T00:59:00Z": false, "2027-03-28T01:00:00Z": false, // 01:59, then 03:00: never 02:30 (and Easter)
		"2027-03-21T01:30:00Z": true,
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if open, _ := h.Now(now); open.Open != want {
			t.Errorf("%s: open %v, want %v", at, open.Open, want)
		}
	}
	if got := DateOf(time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)); got != "2026-11-24" {
		t.Errorf("half past midnight in Oslo is on %s", got)
	}
}

func TestAhead(t *testing.T) {
	h := anOrdinaryWeek(t)
	var got []string
	for _, d := range h.Ahead("2026-12-08", 30) {
		got = append(got, string(d.First)+"–"+string(d.Last)+" "+string(d.Why)+" "+d.Open.String())
	}
	want := []string{"2026-12-07–2026-12-08 exception ", "2026-12-25–2026-12-25 holiday ", "2026-12-28–2027-01-01 exception 10:00–13:00"}
	if strings.Join(got, "|") != strings.Join(want, "|") { // 26 December is a Saturday, closed anyway
		t.Errorf("ahead:\n got %q\nwant %q", got, want)
	}
	if ahead := h.Ahead("2027-01-02", 30); len(ahead) != 0 {
		t.Errorf("what is over is ahead: %v", ahead)
	}
}

func TestHoursReadBack(t *testing.T) {
	h := anOrdinaryWeek(t)
	value, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(value), `"thu":"12:00–18:00"`) {
		t.Errorf("kept as %s", value)
	}
	var again Hours
	if err := json.Unmarshal(value, &again); err != nil {
		t.Fatal(err)
	}
	if second, _ := json.Marshal(again); string(second) != string(value) {
		t.Errorf("read back as %s, want %s", second, value)
	}
}
