// Package calendar counts time as the product does: in ISO weeks of Oslo that turn on Monday at
// 04:00, and in the months and quarters those weeks belong to. Nothing finer than a week is kept.
package calendar

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
	_ "time/tzdata" // the container image has no zone files
)

// Oslo is the zone in which weeks turn.
var Oslo = func() *time.Location {
	l, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		panic(err) // embedded data
	}
	return l
}()

// turn is the hour on Monday at which one week ends and the next begins: no practice is open.
const turn = 4

// Week is an ISO week such as "2026-W47". Weeks sort as text. The empty week is "none yet".
type Week string

// WeekOf returns the week an instant belongs to: from Monday 04:00 Oslo to the next.
func WeekOf(t time.Time) Week {
	l := t.In(Oslo)
	// Wall clock, not duration: on the two nights a year when clocks change the turn is still at 04:00.
	y, w := time.Date(l.Year(), l.Month(), l.Day(), l.Hour()-turn, 0, 0, 0, time.UTC).ISOWeek()
	return Week(fmt.Sprintf("%04d-W%02d", y, w))
}

var weekPattern = regexp.MustCompile(`^(\d{4})-W(\d{2})$`)

// ParseWeek reads "2026-W47"; a week that the year does not have is an error.
func ParseWeek(s string) (Week, error) {
	m := weekPattern.FindStringSubmatch(s)
	if m == nil {
		return "", fmt.Errorf("%q is not a week such as 2026-W47", s)
	}
	w := Week(s)
	if y, n := w.monday().ISOWeek(); fmt.Sprintf("%04d-W%02d", y, n) != s {
		return "", fmt.Errorf("%s has no week %s", m[1], m[2])
	}
	return w, nil
}

// monday is the date of the week's Monday, as midnight UTC.
func (w Week) monday() time.Time {
	y, _ := strconv.Atoi(string(w[:4]))
	n, _ := strconv.Atoi(string(w[6:]))
	fourth := time.Date(y, 1, 4, 0, 0, 0, 0, time.UTC) // always in week 1
	return fourth.AddDate(0, 0, (n-1)*7-(int(fourth.Weekday())+6)%7)
}

// Start is the instant the week begins: its Monday at 04:00 Oslo.
func (w Week) Start() time.Time {
	m := w.monday()
	return time.Date(m.Year(), m.Month(), m.Day(), turn, 0, 0, 0, Oslo)
}

// Add returns the week n weeks later.
func (w Week) Add(n int) Week {
	y, k := w.monday().AddDate(0, 0, 7*n).ISOWeek()
	return Week(fmt.Sprintf("%04d-W%02d", y, k))
}

// thursday decides which year, month and quarter a week belongs to, as in ISO 8601.
func (w Week) thursday() time.Time { return w.monday().AddDate(0, 0, 3) }

// WeeksOfMonth returns the first and last week that belong to a month such as "2026-11".
func WeeksOfMonth(month string) (first, last Week, err error) {
	t, err := time.Parse("2006-01", month)
	if err != nil {
		return "", "", fmt.Errorf("%q is not a month such as 2026-11", month)
	}
	thursday := func(t time.Time) Week {
		y, w := t.ISOWeek()
		return Week(fmt.Sprintf("%04d-W%02d", y, w))
	}
	toThursday := (int(time.Thursday) - int(t.Weekday()) + 7) % 7
	first = thursday(t.AddDate(0, 0, toThursday))
	end := t.AddDate(0, 1, -1)
	sinceThursday := (int(end.Weekday()) - int(time.Thursday) + 7) % 7
	return first, thursday(end.AddDate(0, 0, -sinceThursday)), nil
}

// Unit is the length of a period.
type Unit int

// The lengths a series can be drawn in, finest first.
const (
	Weekly Unit = iota
	Monthly
	Quarterly
)

// Period is a week, month or quarter: "2026-W47", "2026-11", "2026-Q4".
type Period struct {
	Unit Unit
	Year int
	N    int // week, month or quarter of the year
}

var quarterPattern = regexp.MustCompile(`^(\d{4})-Q([1-4])$`)

// ParseQuarter reads "2026-Q4".
func ParseQuarter(s string) (Period, error) {
	m := quarterPattern.FindStringSubmatch(s)
	if m == nil {
		return Period{}, fmt.Errorf("%q is not a quarter such as 2026-Q4", s)
	}
	year, _ := strconv.Atoi(m[1])
	n, _ := strconv.Atoi(m[2])
	return Period{Quarterly, year, n}, nil
}

// In returns the period of the given length that the week belongs to.
func (w Week) In(u Unit) Period {
	t := w.thursday()
	switch u {
	case Monthly:
		return Period{u, t.Year(), int(t.Month())}
	case Quarterly:
		return Period{u, t.Year(), (int(t.Month())-1)/3 + 1}
	default:
		y, n := t.ISOWeek()
		return Period{u, y, n}
	}
}

// Next returns the period after p, so that a series can be drawn without gaps.
func (p Period) Next() Period {
	switch p.Unit {
	case Monthly:
		if p.N == 12 {
			return Period{p.Unit, p.Year + 1, 1}
		}
	case Quarterly:
		if p.N == 4 {
			return Period{p.Unit, p.Year + 1, 1}
		}
	default:
		return Week(p.String()).Add(1).In(Weekly)
	}
	return Period{p.Unit, p.Year, p.N + 1}
}

// String is the sortable name of the period.
func (p Period) String() string {
	switch p.Unit {
	case Monthly:
		return fmt.Sprintf("%04d-%02d", p.Year, p.N)
	case Quarterly:
		return fmt.Sprintf("%04d-Q%d", p.Year, p.N)
	default:
		return fmt.Sprintf("%04d-W%02d", p.Year, p.N)
	}
}
