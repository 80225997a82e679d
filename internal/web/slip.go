package web

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

const (
	slipsOnSheet = 14 // two by seven: large enough for old eyes, and for a code of 25 mm
	mostSlips    = 20 // sheets at a time

	fieldSheets = "sheets"
)

type slipsPage struct {
	page
	Sheets              string // as typed
	Problem             string
	Valid               int // slips made earlier that have not run out
	PerSheet, Max, Days int
}

func (s *Server) showSlips(c echo.Context) error { return s.renderSlips(c, http.StatusOK, "1", nil) }

func (s *Server) renderSlips(c echo.Context, status int, sheets string, problem *fault.Error) error {
	l, p := s.language(c), inPractice(c)
	sp := slipsPage{page: s.page(c, l, l.T("slips.title")+" – "+p.Name), Sheets: sheets, PerSheet: slipsOnSheet, Max: mostSlips, Days: store.SlipDays}
	sp.Here = "points"
	var err error
	if sp.Valid, err = s.Store.ValidSlips(c.Request().Context(), p.ID, s.Now()); err != nil {
		return err
	}
	if problem != nil {
		sp.Problem, sp.Title = l.T(problem.Key, problem.Args), l.T("error.prefix")+" "+sp.Title
	}
	return s.render(c, status, "slips", sp)
}

// slipPage is slips to print: the only place their codes are ever seen.
type slipPage struct {
	page
	Practice practice.Practice
	Host     string
	Until    string
	Sheets   [][]slipFace
}

type slipFace struct {
	Slip practice.Slip
	QR   template.HTML
}

// saveSlips makes slips and answers with them: a redirect would have to keep the codes somewhere.
func (s *Server) saveSlips(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimSpace(form.Get(fieldSheets)))
	if err != nil || n < 1 || n > mostSlips {
		return s.renderSlips(c, http.StatusUnprocessableEntity, form.Get(fieldSheets), fault.New(fault.Invalid, "slips.sheets_wrong").With("Max", mostSlips))
	}
	p, now := inPractice(c), s.Now()
	slips, err := s.Store.CreateSlips(c.Request().Context(), p.ID, n*slipsOnSheet, now)
	if err != nil {
		return err
	}
	l := s.Words.In(form.Get(fieldLanguage))
	sp := slipPage{page: s.page(c, l, l.T("slips.sheet_title", "Practice", p.Name)), Practice: p, Host: s.BaseURL.Host, Until: l.Day(now.AddDate(0, 0, store.SlipDays))}
	for i, slip := range slips {
		svg, err := qrSVG(s.slipURL(slip))
		if err != nil {
			return err
		}
		if i%slipsOnSheet == 0 {
			sp.Sheets = append(sp.Sheets, nil)
		}
		last := len(sp.Sheets) - 1
		sp.Sheets[last] = append(sp.Sheets[last], slipFace{slip, template.HTML(svg)}) // #nosec G203 -- drawn here
	}
	return s.render(c, http.StatusOK, "slip", sp)
}

// slipURL is a slip's address as its QR code has it: in capitals, as pointURL.
func (s *Server) slipURL(slip practice.Slip) string {
	return strings.ToUpper(s.BaseURL.Scheme + "://" + s.BaseURL.Host + "/s/" + string(slip))
}
