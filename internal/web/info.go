package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

type infoPage struct {
	page
	Practice    string
	Public      string // address of the public page
	Shown       string // … as it is written
	Percent     int
	Basic       bool
	Next        *missingRow // nil when nothing is missing
	Sections    []sectionRow
	CanChange   bool
	NoticeState string // as noticeStaffPage has it
}

// missingRow is an item that is worth filling in, and where.
type missingRow struct{ Item, Why, Address string }

type sectionRow struct {
	Code             practice.Section
	Title, Address   string
	Missing          []string
	Confirmed        string // when; empty if there is nothing in it
	Stale, CanAffirm bool
}

func infoPath(p practice.Practice, rest ...string) string {
	return strings.Join(append([]string{"/practices/" + p.ID + "/page"}, rest...), "/")
}

// showInfo is where staff see what the practice's page has, how old it is and what it lacks.
func (s *Server) showInfo(c echo.Context) error {
	l, p := s.language(c), inPractice(c)
	info, err := s.Store.Info(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}
	notice, err := s.Store.Notice(c.Request().Context(), p.ID, s.Installation())
	if err != nil {
		return err
	}
	complete, today := info.Completeness(), practice.DateOf(s.Now())
	ip := infoPage{page: s.page(c, l, l.T("info.title")+" – "+p.Name), Practice: p.Name, Public: "/p/" + p.Slug, Shown: s.BaseURL.Host + "/p/" + p.Slug,
		Percent: complete.Percent, Basic: complete.Basic}
	ip.Here, ip.CanChange, ip.NoticeState = "page", ip.Role == practice.Lead, stateOf(notice)
	if len(complete.Missing) > 0 {
		m := complete.Missing[0]
		ip.Next = &missingRow{l.T("item." + string(m.Item)), l.T("item.why_" + string(m.Item)), infoPath(p, string(m.Section))}
	}
	for _, section := range practice.Sections {
		row := sectionRow{Code: section, Title: l.T("section." + string(section)), Address: infoPath(p, string(section)), Stale: info.Stale(section, today)}
		for _, m := range complete.Missing {
			if m.Section == section {
				item := l.T("item." + string(m.Item))
				if m.Partly {
					item = l.T("info.partly", "Item", item)
				}
				row.Missing = append(row.Missing, item)
			}
		}
		if on := info.Confirmed[section]; on != "" && info.Filled(section) {
			row.Confirmed = l.T("public.confirmed", "Date", l.Date(on.Day()))
			row.CanAffirm = ip.CanChange && on != today
		}
		ip.Sections = append(ip.Sections, row)
	}
	return s.render(c, http.StatusOK, "info", ip)
}

// confirmInfo notes that a section is still right.
func (s *Server) confirmInfo(c echo.Context) error {
	p := inPractice(c)
	if err := s.Store.ConfirmInfo(c.Request().Context(), p.ID, practice.Section(c.FormValue("section")), practice.DateOf(s.Now())); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, infoPath(p))
}

// infoFormPage is a form of a section, or of a doctor, as it was filled in.
type infoFormPage struct {
	page
	Practice     string
	Heading      string
	Text         string
	Groups       []fieldGroup
	Problems     []formProblem // in the order of the fields
	Action, Back string
	Remove       string // address to remove a doctor at; empty for others
}

// showInfoSection is the form of a section; doctors have a list instead, with a form for each.
func (s *Server) showInfoSection(c echo.Context) error {
	section, form, err := infoSection(c)
	if err != nil {
		return err
	}
	info, err := s.Store.Info(c.Request().Context(), inPractice(c).ID)
	if err != nil {
		return err
	}
	if section == "doctors" {
		return s.renderDoctors(c, info)
	}
	return s.renderInfoSection(c, http.StatusOK, section, form.fill(info, practice.DateOf(s.Now())), nil)
}

func infoSection(c echo.Context) (practice.Section, sectionForm, error) {
	section := practice.Section(c.Param("section"))
	form, ok := sectionForms[section]
	if !ok && section != "doctors" {
		return "", form, fault.New(fault.NotFound, "error.not_found")
	}
	return section, form, nil
}

func (s *Server) renderInfoSection(c echo.Context, status int, section practice.Section, values url.Values, problems problems) error {
	l, p := s.language(c), inPractice(c)
	fp := infoFormPage{Practice: p.Name, Heading: l.T("section." + string(section)), Text: l.T("section.text_" + string(section)),
		Action: infoPath(p, string(section)), Back: infoPath(p)}
	f := &formFields{l: l, values: values, problems: problems}
	sectionForms[section].show(f)
	return s.renderInfoForm(c, status, fp, f)
}

func (s *Server) renderInfoForm(c echo.Context, status int, fp infoFormPage, f *formFields) error {
	fp.page = s.page(c, f.l, fp.Heading+" – "+fp.Practice)
	fp.Here, fp.Groups, fp.Problems = "page", f.groups, f.found
	if len(fp.Problems) > 0 {
		fp.Title = f.l.T("error.prefix") + " " + fp.Title
	}
	return s.render(c, status, "info_form", fp)
}

func (s *Server) saveInfoSection(c echo.Context) error {
	p, today := inPractice(c), practice.DateOf(s.Now())
	section, form, err := infoSection(c)
	if err != nil {
		return err
	}
	if form.read == nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	values, err := readForm(c)
	if err != nil {
		return err
	}
	found := problems{}
	err = s.Store.ChangeInfo(c.Request().Context(), p.ID, section, today, func(info *practice.Info) error {
		if form.read(values, info, found); len(found) > 0 {
			return fault.New(fault.Invalid, "error.bad_request")
		}
		return nil
	})
	switch {
	case len(found) > 0:
		return s.renderInfoSection(c, http.StatusUnprocessableEntity, section, values, found)
	case err != nil:
		return err
	}
	s.forgetPoints() // the form says the telephone number too
	return c.Redirect(http.StatusSeeOther, infoPath(p))
}

type doctorsPage struct {
	page
	Practice string
	Doctors  []doctorLink
	New      string // address; empty when the page is full
	Back     string
}

type doctorLink struct{ Name, Note, Address string }

func (s *Server) renderDoctors(c echo.Context, info practice.Info) error {
	l, p, today := s.language(c), inPractice(c), practice.DateOf(s.Now())
	dp := doctorsPage{page: s.page(c, l, l.T("section.doctors")+" – "+p.Name), Practice: p.Name, Back: infoPath(p)}
	dp.Here = "page"
	if len(info.Doctors) < practice.MaxDoctors {
		dp.New = infoPath(p, "doctors", newDoctor)
	}
	for _, d := range info.Doctors {
		dp.Doctors = append(dp.Doctors, doctorLink{d.Name, doctorNote(l, d, today), infoPath(p, "doctors", d.ID)})
	}
	return s.render(c, http.StatusOK, "doctors", dp)
}

// doctorNote says what is missing of a doctor, or when they are away.
func doctorNote(l i18n.Language, d practice.Doctor, today practice.Date) string {
	switch {
	case d.To >= today && d.From != "":
		return l.T("doctor.away_from", "First", l.Date(d.From.Day()), "Last", l.Date(d.To.Day()))
	case len(d.Days) == 0:
		return l.T("doctor.no_days")
	case len(d.Speaks) == 0:
		return l.T("doctor.no_languages")
	}
	return capital(weekdaysText(l, d.Days))
}

// newDoctor stands in the address for a doctor who is not there yet.
const newDoctor = "new"

func (s *Server) showDoctor(c echo.Context) error {
	info, err := s.Store.Info(c.Request().Context(), inPractice(c).ID)
	if err != nil {
		return err
	}
	d, err := doctorOf(info, c.Param("doctor"))
	if err != nil {
		return err
	}
	return s.renderDoctor(c, http.StatusOK, fillDoctor(*d, practice.DateOf(s.Now())), nil)
}

// doctorOf finds a doctor within info; for a new one it makes room.
func doctorOf(info practice.Info, id string) (*practice.Doctor, error) {
	if id == newDoctor {
		return &practice.Doctor{}, nil
	}
	for i := range info.Doctors {
		if info.Doctors[i].ID == id {
			return &info.Doctors[i], nil
		}
	}
	return nil, fault.New(fault.NotFound, "error.not_found")
}

func (s *Server) renderDoctor(c echo.Context, status int, values url.Values, problems problems) error {
	l, p, id := s.language(c), inPractice(c), c.Param("doctor")
	fp := infoFormPage{Practice: p.Name, Heading: l.T("doctor.one"), Text: l.T("doctor.text"), Action: infoPath(p, "doctors", id), Back: infoPath(p, "doctors")}
	if id == newDoctor {
		fp.Heading = l.T("doctor.new")
	} else {
		fp.Remove = fp.Action + "/remove"
	}
	f := &formFields{l: l, values: values, problems: problems}
	showDoctorFields(f)
	return s.renderInfoForm(c, status, fp, f)
}

func (s *Server) saveDoctor(c echo.Context) error {
	p, today, id := inPractice(c), practice.DateOf(s.Now()), c.Param("doctor")
	values, err := readForm(c)
	if err != nil {
		return err
	}
	read, found := readDoctor(values)
	if len(found) > 0 {
		return s.renderDoctor(c, http.StatusUnprocessableEntity, values, found)
	}
	err = s.Store.ChangeInfo(c.Request().Context(), p.ID, "doctors", today, func(info *practice.Info) error {
		d, err := doctorOf(*info, id)
		if err != nil {
			return err
		}
		if read.ID = d.ID; id == newDoctor {
			read.ID = practice.NewDoctorID()
			info.Doctors = append(info.Doctors, read)
			return nil
		}
		*d = read
		return nil
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, infoPath(p, "doctors"))
}

func (s *Server) removeDoctor(c echo.Context) error {
	p := inPractice(c)
	err := s.Store.ChangeInfo(c.Request().Context(), p.ID, "doctors", practice.DateOf(s.Now()), func(info *practice.Info) error {
		d, err := doctorOf(*info, c.Param("doctor"))
		if err != nil || d.ID == "" {
			return fault.New(fault.NotFound, "error.not_found")
		}
		info.RemoveDoctor(d.ID)
		return nil
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, infoPath(p, "doctors"))
}
