package sms

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
)

// Window is the hours in which messages may be sent, Oslo time, on Monday to Friday. The zero Window
// is 09:00–19:00.
type Window struct{ from, to int } // minutes after midnight

// The hours that no setting goes beyond. Norwegian gateways ask for quiet from 20 to 08.
const earliest, latest = 8 * 60, 20 * 60

var windowPattern = regexp.MustCompile(`^(\d\d)(?::(\d\d))?-(\d\d)(?::(\d\d))?$`)

// ParseWindow reads "09-19" or "09:30-18:45".
func ParseWindow(text string) (Window, error) {
	wrong := fault.New(fault.Invalid, "sms.window")
	m := windowPattern.FindStringSubmatch(text)
	if m == nil {
		return Window{}, wrong
	}
	clock := func(hour, minute string) int {
		h, _ := strconv.Atoi(hour)
		m, _ := strconv.Atoi(minute) // none is zero
		if m > 59 {
			return -1
		}
		return 60*h + m
	}
	w := Window{clock(m[1], m[2]), clock(m[3], m[4])}
	if w.from < earliest || w.to > latest || w.from >= w.to {
		return Window{}, wrong
	}
	return w, nil
}

func (w Window) hours() (from, to int) {
	if w == (Window{}) {
		return 9 * 60, 19 * 60
	}
	return w.from, w.to
}

// String has the form that ParseWindow reads.
func (w Window) String() string {
	from, to := w.hours()
	return fmt.Sprintf("%02d:%02d-%02d:%02d", from/60, from%60, to/60, to%60)
}

// Next returns the first instant from t on at which sending is allowed, t itself if it is now.
func (w Window) Next(t time.Time) time.Time {
	from, to := w.hours()
	l := t.In(calendar.Oslo)
	for d := 0; ; d++ {
		// Wall clock, not duration: the window stays where it is when clocks change.
		at := func(minute int) time.Time {
			return time.Date(l.Year(), l.Month(), l.Day()+d, 0, minute, 0, 0, calendar.Oslo)
		}
		opens, closes := at(from), at(to)
		switch {
		case !t.Before(closes) || !working(opens):
			continue
		case t.Before(opens):
			return opens.UTC()
		}
		return t
	}
}

// working reports whether messages are sent on a day at all. Christmas Eve and New Year's Eve are not
// holidays, but most practices are closed or nearly so, and a day's wait costs nothing.
func working(t time.Time) bool {
	day := calendar.Day(t)
	eve := day.Month() == time.December && (day.Day() == 24 || day.Day() == 31)
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday && !eve && !calendar.Holiday(t)
}
