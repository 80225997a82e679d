package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

type pointsPage struct {
	page
	Points    []pointRow
	Held      heldCard
	From      string // what is said of the numbers, where they do not go back to the beginning
	CanChange bool
	Local     bool   // the address works on this machine only
	Label     string // as typed, when Problem says what is wrong with it
	Problem   string
}

type pointRow struct {
	practice.Point
	Address   string
	Responses string
}

func (s *Server) showPoints(c echo.Context) error {
	return s.renderPoints(c, http.StatusOK, pointsPage{})
}

// renderPoints shows the page; pp holds what was typed and what is wrong with it.
func (s *Server) renderPoints(c echo.Context, status int, pp pointsPage) error {
	ctx, p, l := c.Request().Context(), inPractice(c), s.language(c)
	points, err := s.Store.Points(ctx, p.ID)
	if err != nil {
		return err
	}
	totals, err := s.Reports.PointTotals(ctx, p.ID)
	if err != nil {
		return err
	}
	if err := s.held(c, l, &pp.Held); err != nil {
		return err
	}
	pp.page, pp.Local = s.page(c, l, l.T("points.title")), s.isLocal()
	pp.Here, pp.CanChange = "points", pp.Role == practice.Lead
	switch {
	case totals.From == "":
	case len(totals.Totals) == 0:
		pp.From = l.T("points.hidden")
	default:
		pp.From = l.T("points.from", "Week", l.Period(totals.From.In(calendar.Weekly)))
	}
	for _, point := range points {
		row := pointRow{Point: point, Address: s.BaseURL.Host + "/k/" + point.Code.String()}
		switch n := totals.Totals[string(point.Code)]; {
		case n > 0:
			row.Responses = l.T("points.responses", "Count", n, "N", l.Number(float64(n), 0))
		case totals.From != "":
			row.Responses = l.T("points.no_number")
		default:
			row.Responses = l.T("points.few")
		}
		pp.Points = append(pp.Points, row)
	}
	return s.render(c, status, "points", pp)
}

func (s *Server) isLocal() bool {
	h := s.BaseURL.Hostname()
	return h == "localhost" || h == "127.0.0.1" || h == "::1"
}

func (s *Server) savePoint(c echo.Context) error {
	p, label := inPractice(c), strings.TrimSpace(c.FormValue("label"))
	if _, err := s.Store.CreatePoint(c.Request().Context(), p.ID, label); err != nil {
		if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
			return s.renderPoints(c, http.StatusUnprocessableEntity, pointsPage{Label: label, Problem: s.language(c).T(f.Key, f.Args)})
		}
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/practices/"+p.ID+"/points")
}

func (s *Server) savePointState(c echo.Context) error {
	p := inPractice(c)
	code, err := practice.ParseCode(c.Param("code"))
	if err != nil {
		return err
	}
	if err := s.Store.SetPointRetired(c.Request().Context(), p.ID, code, c.FormValue("retired") == "true"); err != nil {
		return err
	}
	s.forgetPoints()
	return c.Redirect(http.StatusSeeOther, "/practices/"+p.ID+"/points")
}

// ownPoint is the collection point in the address, if it is the practice's.
func (s *Server) ownPoint(c echo.Context) (practice.Point, error) {
	code, err := practice.ParseCode(c.Param("code"))
	if err != nil {
		return practice.Point{}, err
	}
	point, err := s.Store.Point(c.Request().Context(), code)
	if err == nil && point.PracticeID != inPractice(c).ID {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	return point, err
}

func (s *Server) showQRAsSVG(c echo.Context) error {
	return s.showQR(c, "svg", "image/svg+xml; charset=utf-8", qrSVG)
}

func (s *Server) showQRAsPNG(c echo.Context) error { return s.showQR(c, "png", "image/png", qrPNG) }

func (s *Server) showQR(c echo.Context, extension, mime string, draw func(string) ([]byte, error)) error {
	point, err := s.ownPoint(c)
	if err != nil {
		return err
	}
	picture, err := draw(s.pointURL(point.Code))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="venterom-`+string(point.Code)+"."+extension+`"`)
	return c.Blob(http.StatusOK, mime, picture)
}

type practicesPage struct {
	page
	Practices []practice.Practice
	Networks  []practice.Network // that the account coordinates
}

// showPractices is where signing in leads: to the only practice, to a choice, or to the operator's page.
func (s *Server) showPractices(c echo.Context) error {
	ctx, l := c.Request().Context(), s.language(c)
	account, ok := c.Get(accountKey).(practice.Account)
	if !ok {
		return errors.New("no account in the context of a signed-in route")
	}
	members, err := s.Store.Members(ctx, account.ID)
	if err != nil {
		return err
	}
	networks, err := s.Store.Coordinates(ctx, account.ID)
	if err != nil {
		return err
	}
	switch {
	case len(members) == 1 && len(networks) == 0:
		return s.showPractice(c, members[0])
	case len(members) == 0 && len(networks) == 1 && !account.Operator:
		return c.Redirect(http.StatusSeeOther, "/networks/"+networks[0].ID)
	}
	if len(members) == 0 && len(networks) == 0 && account.Operator {
		return c.Redirect(http.StatusSeeOther, "/admin")
	}
	pp := practicesPage{page: s.page(c, l, l.T("practices.title")), Networks: networks}
	for _, m := range members {
		p, err := s.Store.Practice(ctx, m.PracticeID)
		if err != nil {
			return err
		}
		pp.Practices = append(pp.Practices, p)
	}
	return s.render(c, http.StatusOK, "practices", pp)
}

// showPractice leads to somebody's only practice: to its results, or to setting it up while it is not live.
func (s *Server) showPractice(c echo.Context, m practice.Member) error {
	p, err := s.Store.Practice(c.Request().Context(), m.PracticeID)
	if err != nil {
		return err
	}
	if !p.Live && m.Role == practice.Lead {
		return c.Redirect(http.StatusSeeOther, setupPath(p))
	}
	return c.Redirect(http.StatusSeeOther, "/practices/"+p.ID)
}

type adminPage struct {
	page
	Practices []adminRow
}

type adminRow struct {
	practice.Practice
	Points int // collection points in use
	People store.Heads
}

// showAdmin is the operator's page: what is set up, and no result.
func (s *Server) showAdmin(c echo.Context) error {
	ctx, l := c.Request().Context(), s.language(c)
	practices, err := s.Store.Practices(ctx)
	if err != nil {
		return err
	}
	inUse, err := s.Store.PointsInUse(ctx)
	if err != nil {
		return err
	}
	people, err := s.Store.PeopleCounts(ctx)
	if err != nil {
		return err
	}
	ap := adminPage{page: s.page(c, l, l.T("admin.title"))}
	for _, p := range practices {
		ap.Practices = append(ap.Practices, adminRow{p, inUse[p.ID], people[p.ID]})
	}
	return s.render(c, http.StatusOK, "admin", ap)
}

func (s *Server) showHealth(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// showReady says whether the database answers; a load balancer asks.
func (s *Server) showReady(c echo.Context) error {
	if err := s.Store.Ping(c.Request().Context()); err != nil {
		return fault.New(fault.Unavailable, "error.unavailable").Because(err)
	}
	return c.String(http.StatusOK, "ready\n")
}
