package practice

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
)

// Weekday is a day of the week as it is kept: "mon" to "sun".
type Weekday string

// Weekdays in the order of a Norwegian week.
var Weekdays = []Weekday{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// WeekdayOf returns the weekday of a day.
func WeekdayOf(day time.Time) Weekday { return Weekdays[(int(day.Weekday())+6)%7] }

// Date is a day as it is kept: "2026-12-24". The empty date is none.
type Date string

// DateOf returns the date in Oslo of an instant.
func DateOf(t time.Time) Date { return Date(t.In(calendar.Oslo).Format(time.DateOnly)) }

// Day is the date as midnight UTC; the zero time for none.
func (d Date) Day() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

func (d Date) valid() bool { return !d.Day().IsZero() }

// CheckDates refuses two days that are not the first and the last of something.
func CheckDates(first, last Date) error {
	if !first.valid() || !last.valid() || last < first {
		return fault.New(fault.Invalid, "info.dates_wrong")
	}
	return nil
}

// add returns the date so many days later.
func (d Date) add(days int) Date { return Date(d.Day().AddDate(0, 0, days).Format(time.DateOnly)) }

// holiday reports whether the date is a public holiday.
func (d Date) holiday() bool { return calendar.Holiday(d.Day().Add(12 * time.Hour)) }

// Clock is a time of day, in minutes after midnight; a day ends at 24:00.
type Clock int

// String writes "08:00".
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// clockOf is what a clock in Oslo shows at an instant.
func clockOf(t time.Time) Clock {
	l := t.In(calendar.Oslo)
	return Clock(60*l.Hour() + l.Minute())
}

// Span is from one time of a day up to, but not with, a later one.
type Span struct{ From, To Clock }

// String writes "08:00–15:30".
func (s Span) String() string { return s.From.String() + "–" + s.To.String() }

// Spans are the hours of one day, in order and apart from each other; none is closed.
type Spans []Span

const maxSpans = 4

var (
	spanPattern  = regexp.MustCompile(`^(?:kl\.? ?)?(\d{1,2})(?:[:. ]?(\d{2}))? ?(?:-|til|to) ?(?:kl\.? ?)?(\d{1,2})(?:[:. ]?(\d{2}))?$`)
	spanDashes   = strings.NewReplacer("–", "-", "—", "-", "−", "-", "\u00a0", " ")
	spanDividers = regexp.MustCompile(` ?(?:[,;+&]| og | and ) ?`)
	closedWords  = []string{"", "-", "stengt", "lukket", "lukka", "closed"}
)

// ParseSpans reads the hours of a day as people type them: "8-15", "08.00–11:30, 12-15.30",
// "kl. 8 til 11 og 12 til 15", "stengt" or nothing.
func ParseSpans(typed string) (Spans, error) {
	wrong := fault.New(fault.Invalid, "info.hours_wrong")
	if len(typed) > 200 {
		return nil, wrong
	}
	text := strings.Join(strings.Fields(spanDashes.Replace(strings.ToLower(typed))), " ")
	if slices.Contains(closedWords, text) {
		return nil, nil
	}
	var spans Spans
	for _, part := range spanDividers.Split(text, -1) {
		m := spanPattern.FindStringSubmatch(part)
		if m == nil {
			return nil, wrong
		}
		from, ok := clock(m[1], m[2])
		to, ok2 := clock(m[3], m[4])
		if !ok || !ok2 || to <= from {
			return nil, wrong
		}
		spans = append(spans, Span{from, to})
	}
	slices.SortFunc(spans, func(a, b Span) int { return int(a.From - b.From) })
	for i := range spans {
		if i >= maxSpans || i > 0 && spans[i].From < spans[i-1].To {
			return nil, wrong
		}
	}
	return spans, nil
}

func clock(hours, minutes string) (Clock, bool) {
	h, _ := strconv.Atoi(hours)
	m, _ := strconv.Atoi(minutes)
	c := Clock(60*h + m)
	return c, m < 60 && c <= 24*60
}

// String writes "08:00–11:30, 12:00–15:30", which ParseSpans reads; nothing for closed.
func (s Spans) String() string {
	parts := make([]string, len(s))
	for i, span := range s {
		parts[i] = span.String()
	}
	return strings.Join(parts, ", ")
}

// MarshalText keeps hours as they are written.
func (s Spans) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads them back.
func (s *Spans) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSpans(string(text))
	return err
}

// at returns the span that a time of day is in.
func (s Spans) at(c Clock) (Span, bool) {
	i := slices.IndexFunc(s, func(span Span) bool { return c >= span.From && c < span.To })
	if i < 0 {
		return Span{}, false
	}
	return s[i], true
}

// within returns what of s lies in others.
func (s Spans) within(others Spans) (in Spans) {
	for _, a := range s {
		for _, b := range others {
			if from, to := max(a.From, b.From), min(a.To, b.To); from < to {
				in = append(in, Span{from, to})
			}
		}
	}
	return in
}

// Timetable is the hours of an ordinary week. A day that is not in it is closed; an empty one is not known.
type Timetable map[Weekday]Spans

// Exception is other hours than the ordinary ones, from one day to another: a holiday, a course, the
// summer. Without hours it is closed.
type Exception struct {
	First Date  `json:"first"`
	Last  Date  `json:"last"`
	Open  Spans `json:"open"`
}

// MaxExceptions is how many stretches of other hours a page has room for.
const MaxExceptions = 12

// Hours are when a practice is open and when it answers the telephone.
type Hours struct {
	Open       Timetable   `json:"open,omitempty"`
	Phone      Timetable   `json:"phone,omitempty"`
	Exceptions []Exception `json:"exceptions,omitempty"` // before public holidays, on which it is closed
}

func (h Hours) check() error {
	if len(h.Exceptions) > MaxExceptions {
		return fault.New(fault.Invalid, "info.exceptions_many").With("Max", MaxExceptions)
	}
	for _, e := range h.Exceptions {
		if err := CheckDates(e.First, e.Last); err != nil {
			return err
		}
	}
	return nil
}

// Cause is why a day has other hours than the ordinary ones.
type Cause string

// The causes. None is an ordinary day.
const (
	None      Cause = ""
	Excepted  Cause = "exception"
	IsHoliday Cause = "holiday"
)

// On returns the hours of a day. On a day with other hours than the ordinary ones the telephone is
// answered within them at most.
func (h Hours) On(day Date) (open, phone Spans, why Cause) {
	weekday := WeekdayOf(day.Day())
	open, phone = h.Open[weekday], h.Phone[weekday]
	for _, e := range h.Exceptions {
		if e.First <= day && day <= e.Last {
			return e.Open, phone.within(e.Open), Excepted
		}
	}
	if day.holiday() {
		return nil, nil, IsHoliday
	}
	return open, phone, None
}

// Status is whether something is open, and when that changes.
type Status struct {
	Known bool // there are hours to go by
	Open  bool
	Until Clock // while it is open
	Next  Date  // while it is closed: the day and …
	At    Clock // … the time it opens; Next is empty if not within a month
}

const nextWithin = 31 // days

// Now returns whether the practice is open and whether the telephone is answered at an instant.
func (h Hours) Now(t time.Time) (open, phone Status) {
	today, now := DateOf(t), clockOf(t)
	state := func(known bool, hours func(Date) Spans) Status {
		if !known {
			return Status{}
		}
		if span, ok := hours(today).at(now); ok {
			return Status{Known: true, Open: true, Until: span.To}
		}
		for day := range nextWithin {
			d := today.add(day)
			for _, span := range hours(d) {
				if day > 0 || span.From > now {
					return Status{Known: true, Next: d, At: span.From}
				}
			}
		}
		return Status{Known: true}
	}
	return state(len(h.Open) > 0, func(d Date) Spans { open, _, _ := h.On(d); return open }),
		state(len(h.Phone) > 0, func(d Date) Spans { _, phone, _ := h.On(d); return phone })
}

// Deviation is a stretch of days with other hours than the ordinary ones.
type Deviation struct {
	Exception
	Why Cause
}

// Ahead lists what deviates from the ordinary hours: exceptions that are not over, and the public
// holidays of the coming days on which the practice would be open if they were none.
func (h Hours) Ahead(today Date, days int) (ahead []Deviation) {
	for _, e := range h.Exceptions {
		if e.Last >= today {
			ahead = append(ahead, Deviation{e, Excepted})
		}
	}
	for i := range days {
		d := today.add(i)
		if _, _, why := h.On(d); why == IsHoliday && len(h.Open[WeekdayOf(d.Day())]) > 0 {
			ahead = append(ahead, Deviation{Exception{First: d, Last: d}, IsHoliday})
		}
	}
	slices.SortStableFunc(ahead, func(a, b Deviation) int { return strings.Compare(string(a.First), string(b.First)) })
	return ahead
}
