package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

const (
	aheadDays  = 30                          // how far ahead public holidays are told of
	helsenorge = "https://www.helsenorge.no" // for practices that have no link of their own to it
)

type publicPage struct {
	page
	Practice  practice.Practice
	Info      practice.Info
	Address   []string // its lines; nil if not known
	Open      statusLine
	Telephone statusLine
	Today     string // what is special about today's hours, if anything
	Week      []weekRow
	HasOpen   bool
	HasPhone  bool
	Ahead     []aheadRow
	Finding   []labelled
	Links     []linkRow
	Visits    []string // ways to see a doctor
	Doctors   []doctorRow
	Access    []accessGroup
	Speaks    []string
	Payments  []string
	Lines     []publicLine
	Canonical string // address without a language
	Host      string
	Schema    clinic
	confirmed map[practice.Section]string
}

// statusLine says in a sentence whether something is open; empty if there are no hours to go by.
type statusLine struct {
	Text string
	Open bool
}

// weekRow is the ordinary hours of a weekday.
type weekRow struct {
	Day         string
	Open, Phone []string // spans; none is closed
	Today       bool
}

type aheadRow struct {
	When string
	Open []string // none is closed
	Why  string
}

type labelled struct{ Label, Text string }

type linkRow struct{ Name, Link, Host string }

type doctorRow struct {
	Name, Days, Speaks, Takes string
	Away, StandIn             string // while it lasts
}

// accessGroup is what the practice answers alike about how it is built: yes, no, or nothing yet.
type accessGroup struct {
	Answer string
	Title  string
	Items  []string
}

// publicLine is one "you said – we did".
type publicLine struct{ Heard, Told string }

// showPublic is a practice's page for everybody: how to reach it, what it offers, how to give feedback,
// and what it did about what it heard. It shows no figure.
func (s *Server) showPublic(c echo.Context) error {
	ctx, l := c.Request().Context(), s.language(c)
	p, err := s.Store.PracticeBySlug(ctx, c.Param("slug"))
	if err != nil {
		return err
	}
	info, err := s.Store.Info(ctx, p.ID)
	if err != nil {
		return err
	}
	lines, err := s.publicLines(ctx, l, p)
	if err != nil {
		return err
	}
	pp := newPublicPage(l, p, info, s.Now())
	pp.page = s.page(c, l, p.Name)
	pp.of(p)
	pp.Lines = lines
	pp.Canonical, pp.Host = s.BaseURL.JoinPath("p", p.Slug).String(), s.BaseURL.Host // #nosec G125 -- a slug is made of letters, digits and hyphens
	pp.Schema = newClinic(l, p, info, practice.DateOf(s.Now()), pp.Canonical)
	// What is taken back is to be gone at once, and from every cache; and it is open only now.
	return s.render(c, http.StatusOK, "public", pp)
}

func newPublicPage(l i18n.Language, p practice.Practice, info practice.Info, now time.Time) publicPage {
	today := practice.DateOf(now)
	pp := publicPage{Practice: p, Info: info, HasOpen: len(info.Hours.Open) > 0, HasPhone: len(info.Hours.Phone) > 0,
		Visits: named(l, consultationName, info.Visits.Consultations), Speaks: named(l, languageName, info.Visits.Speaks),
		Payments: named(l, paymentName, info.Visits.Payments), confirmed: map[practice.Section]string{}}
	if a := info.Contact; a.Street != "" || a.Place != "" {
		for _, line := range []string{a.Street, strings.TrimSpace(a.PostalCode + " " + a.Place)} {
			if line != "" {
				pp.Address = append(pp.Address, line)
			}
		}
	}
	open, telephone := info.Hours.Now(now)
	pp.Open, pp.Telephone = newStatusLine(l, open, today, func(how string, args ...any) string { return l.T("public.open_"+how, args...) }),
		newStatusLine(l, telephone, today, func(how string, args ...any) string { return l.T("public.phone_"+how, args...) })
	switch _, _, why := info.Hours.On(today); {
	case !pp.HasOpen && !pp.HasPhone:
	case why == practice.Excepted:
		pp.Today = l.T("public.today_exception")
	case why == practice.IsHoliday:
		pp.Today = l.T("public.today_holiday")
	}
	for _, day := range practice.Weekdays {
		row := weekRow{Day: l.T("weekday." + string(day)), Open: spanTexts(info.Hours.Open[day]), Phone: spanTexts(info.Hours.Phone[day]),
			Today: day == practice.WeekdayOf(today.Day())}
		if weekend := day == "sat" || day == "sun"; !weekend || len(row.Open)+len(row.Phone) > 0 {
			pp.Week = append(pp.Week, row)
		}
	}
	for _, d := range info.Hours.Ahead(today, aheadDays) {
		row := aheadRow{When: daysText(l, d.First, d.Last), Open: spanTexts(d.Open)}
		if d.Why == practice.IsHoliday {
			row.Why = l.T("public.holiday")
		}
		pp.Ahead = append(pp.Ahead, row)
	}
	for _, f := range []labelled{{l.T("public.directions"), info.Finding.Directions}, {l.T("public.transport"), info.Finding.Transport}, {l.T("public.parking"), info.Finding.Parking}} {
		if f.Text != "" {
			pp.Finding = append(pp.Finding, f)
		}
	}
	links := info.Links()
	if !slices.ContainsFunc(links, practice.Service.National) {
		pp.Links = append(pp.Links, linkRow{l.T("service.helsenorge"), helsenorge, "www.helsenorge.no"})
	}
	for _, link := range links {
		pp.Links = append(pp.Links, linkRow{l.T("service." + link.Kind), link.Link, link.Host})
	}
	for _, d := range info.Doctors {
		row := doctorRow{Name: d.Name, Days: capital(weekdaysText(l, d.Days)), Speaks: strings.Join(named(l, languageName, d.Speaks), ", ")}
		if d.Takes != "" {
			row.Takes = l.T("public.takes_" + string(d.Takes))
		}
		if d.Away(today) {
			row.Away, row.StandIn = l.T("public.away", "Date", l.Date(d.To.Day())), d.StandIn
		}
		pp.Doctors = append(pp.Doctors, row)
	}
	for _, group := range []struct {
		answer practice.Answer
		name   string
	}{{practice.Yes, "yes"}, {practice.No, "no"}, {"", "unknown"}} {
		g := accessGroup{Answer: group.name, Title: l.T("access.is_" + group.name)}
		for _, code := range practice.Accesses {
			if info.Access[code] == group.answer {
				g.Items = append(g.Items, l.T("access."+code))
			}
		}
		if len(g.Items) > 0 {
			pp.Access = append(pp.Access, g)
		}
	}
	for _, section := range practice.Sections {
		if on := info.Confirmed[section]; on != "" && info.Filled(section) {
			pp.confirmed[section] = l.T("public.confirmed", "Date", l.Date(on.Day()))
		}
	}
	return pp
}

// Confirmed says when a section was last confirmed; empty if it has nothing.
func (pp publicPage) Confirmed(section practice.Section) string { return pp.confirmed[section] }

// newStatusLine says what a status comes to; say has the words for how it is.
func newStatusLine(l i18n.Language, s practice.Status, today practice.Date, say func(how string, args ...any) string) statusLine {
	switch {
	case !s.Known:
		return statusLine{}
	case s.Open:
		return statusLine{say("until", "Time", s.Until), true}
	case s.Next == "":
		return statusLine{say("closed"), false}
	case s.Next == today:
		return statusLine{say("later", "Time", s.At), false}
	}
	return statusLine{say("on", "Day", dayText(l, s.Next), "Time", s.At), false}
}

// capital begins a line with a capital letter.
func capital(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:size]) + s[size:]
}

// dayText names a day that is near: "mandag 30. november".
func dayText(l i18n.Language, d practice.Date) string {
	day := d.Day()
	return l.T("period.near", "Weekday", l.T("weekday."+string(practice.WeekdayOf(day))), "Day", day.Day(), "Month", l.T("month."+strconv.Itoa(int(day.Month()))))
}

// daysText names a stretch of days: "mandag 21. desember – fredag 1. januar".
func daysText(l i18n.Language, first, last practice.Date) string {
	if first == last {
		return dayText(l, first)
	}
	return dayText(l, first) + " – " + dayText(l, last)
}

func weekdaysText(l i18n.Language, days []practice.Weekday) string {
	if slices.Equal(days, practice.Weekdays[:5]) {
		return l.T("public.every_weekday")
	}
	names := make([]string, len(days))
	for i, d := range days {
		names[i] = l.T("weekday." + string(d))
	}
	return strings.Join(names, ", ")
}

func consultationName(l i18n.Language, code string) string { return l.T("consultation." + code) }
func languageName(l i18n.Language, code string) string     { return l.T("speaks." + code) }
func paymentName(l i18n.Language, code string) string      { return l.T("payment." + code) }

// named says codes of a closed list in words.
func named(l i18n.Language, name func(i18n.Language, string) string, codes []string) []string {
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = name(l, code)
	}
	return names
}

func spanTexts(spans practice.Spans) []string {
	texts := make([]string, len(spans))
	for i, s := range spans {
		texts[i] = s.String()
	}
	return texts
}

func (s *Server) publicLines(ctx context.Context, l i18n.Language, p practice.Practice) ([]publicLine, error) {
	ims, err := s.Store.Improvements(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	var lines []publicLine
	for _, im := range ims {
		if im.Heard != "" {
			lines = append(lines, publicLine{l.T("heard." + im.Heard), im.Told})
		}
	}
	return lines, nil
}
