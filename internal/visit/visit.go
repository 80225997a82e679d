// Package visit reads lists of visits as journal systems give them, and decides by lot who of them is
// asked. Of a list it keeps a phone number, a day and a language for each visit, and nothing else.
package visit

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
)

// Visit is one visit to the practice. Its number is read by Number and in no other way: formats,
// logs and encoders that meet a Visit, however deep, do not write it.
type Visit struct {
	number   *string // behind a pointer, because fmt prints the text of unexported fields and not what they point to
	Day      Day
	Language string // "nb", "nn" or "en"; empty if the list does not say, or says another
	Line     int    // line of the file, or number of the entry in a bundle or list
}

// Number is the patient's phone number, as Reader.Number wrote it.
func (v Visit) Number() string {
	if v.number == nil {
		return ""
	}
	return *v.number
}

func (v Visit) String() string { return fmt.Sprintf("visit on %s (line %d)", v.Day, v.Line) }

// Day is a date in Oslo, "2026-11-23". Days sort as text.
type Day string

// DayOf returns the date an instant has in Oslo.
func DayOf(t time.Time) Day { return Day(t.In(calendar.Oslo).Format(time.DateOnly)) }

// maxAge is how many days after a visit its patient can still be asked: later they do not remember it.
const maxAge = 30

const clock = `(?:(?:T|,? +)(?:kl\.? *)?[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2}(?:[.,][0-9]+)?)?)?$`

var (
	yearFirst = regexp.MustCompile(`^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})` + clock)
	dayFirst  = regexp.MustCompile(`^([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4}|[0-9]{2})` + clock)
)

// parseDay reads 2026-11-23, 23.11.2026, 23.11.26 and 23/11/2026, each with or without a time. The time
// is dropped; one that has a zone counts as the date in Oslo.
func parseDay(s string) (Day, bool) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return DayOf(t), true
	}
	var y, m, d string
	if p := yearFirst.FindStringSubmatch(s); p != nil {
		y, m, d = p[1], p[2], p[3]
	} else if p := dayFirst.FindStringSubmatch(s); p != nil {
		d, m, y = p[1], p[2], p[3]
	}
	if len(y) == 2 {
		y = "20" + y
	}
	year, _ := strconv.Atoi(y)
	month, _ := strconv.Atoi(m)
	day, _ := strconv.Atoi(d)
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return Day(t.Format(time.DateOnly)), year > 0 && int(t.Month()) == month && t.Day() == day
}

// languages are the ways systems write the three languages, folded. Norwegian that is not said to be
// bokmål or nynorsk is neither: the practice knows better which of them its patients read.
var languages = map[string]string{
	"nb": "nb", "nob": "nb", "bokmal": "nb", "norskbokmal": "nb",
	"nn": "nn", "nno": "nn", "nynorsk": "nn", "norsknynorsk": "nn",
	"en": "en", "eng": "en", "engelsk": "en", "english": "en",
}

func parseLanguage(s string) string {
	tag, _, _ := strings.Cut(strings.ReplaceAll(s, "_", "-"), "-") // nb-NO
	if l, ok := languages[fold(s)]; ok {
		return l
	}
	return languages[fold(tag)]
}

// fold makes one word of the ways a name can be written: case, spaces, points, hyphens, and å or ø in
// one sign or two do not matter.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r == 'å':
			return 'a'
		case r == 'ø':
			return 'o'
		}
		return -1
	}, strings.ToLower(s))
}

// Reader reads lists of visits. Both fields are required.
type Reader struct {
	Now    time.Time
	Number func(raw string) (string, error) // the one form of a phone number that can be sent to; an error for every other
}

// maxField is longer than any phone number, date or language.
const maxField = 64

// Visit checks one visit as it was written. What is wrong is an Invalid fault, which never says what
// was written.
func (r Reader) Visit(number, day, language string) (Visit, error) {
	return r.visit([]string{number}, day, language)
}

// visit takes the first of the numbers that a message can be sent to.
func (r Reader) visit(numbers []string, day, language string) (Visit, error) {
	reason := "visit.number_missing"
	v := Visit{Language: parseLanguage(clean(language))}
	for _, raw := range numbers {
		raw = clean(raw)
		if raw == "" {
			continue
		}
		reason = "visit.number_wrong"
		if len(raw) > maxField {
			continue
		}
		if n, err := r.Number(raw); err == nil {
			v.number = &n
			break
		}
	}
	if v.number == nil {
		return Visit{}, fault.New(fault.Invalid, reason)
	}
	day = clean(day)
	d, ok := parseDay(day)
	switch {
	case day == "":
		return Visit{}, fault.New(fault.Invalid, "visit.date_missing")
	case !ok || len(day) > maxField:
		return Visit{}, fault.New(fault.Invalid, "visit.date_wrong")
	case d > DayOf(r.Now):
		return Visit{}, fault.New(fault.Invalid, "visit.date_future")
	case d < DayOf(r.Now.In(calendar.Oslo).AddDate(0, 0, -maxAge)):
		return Visit{}, fault.New(fault.Invalid, "visit.date_old").With("Days", maxAge)
	}
	v.Day = d
	return v, nil
}
