package web

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// exportPage offers all that the practice owns as one file, and the way out.
type exportPage struct {
	page
	Practice, Address string
	File              string
	Unopened          bool // there are results that the reader has not opened, and could still guess at
}

func (s *Server) showExport(c echo.Context) error {
	l, p := s.language(c), inPractice(c)
	unopened, err := s.unopened(c.Request().Context(), p, signedInAs(c))
	if err != nil {
		return err
	}
	ep := exportPage{page: s.page(c, l, l.T("export.title")+" – "+p.Name), Practice: p.Name, Address: "/practices/" + p.ID, File: s.exportName(p), Unopened: unopened}
	ep.Here = "people"
	return s.render(c, http.StatusOK, "export", ep)
}

// sendExport answers with the file. It is made in full before the first byte is sent, so that a failure is no half
// file; and it is a form and not a link, because it opens the results.
func (s *Server) sendExport(c echo.Context) error {
	ctx, p := c.Request().Context(), inPractice(c)
	if err := s.openAll(ctx, p, signedInAs(c)); err != nil {
		return err
	}
	if err := s.Store.Record(ctx, p.ID, practice.Exported, ""); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := s.Export(ctx, p, signedInAs(c), &b); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+s.exportName(p)+`"`)
	return c.Blob(http.StatusOK, "application/zip", b.Bytes())
}

type deletePage struct {
	page
	Practice, Address string
	Wrong             string // with what was typed
}

func (s *Server) showDelete(c echo.Context) error { return s.renderDelete(c, http.StatusOK, "") }

func (s *Server) renderDelete(c echo.Context, status int, wrong string) error {
	l, p := s.language(c), inPractice(c)
	dp := deletePage{page: s.page(c, l, l.T("delete.title")+" – "+p.Name), Practice: p.Name, Address: "/practices/" + p.ID, Wrong: wrong}
	dp.Here = "people"
	if wrong != "" {
		dp.Title = l.T("error.prefix") + " " + dp.Title
	}
	return s.render(c, status, "delete", dp)
}

type deletedPage struct {
	page
	Stays bool // the reader has a role elsewhere
}

// eraseTimeout is how long the answer waits for the database's files to be tidied.
const eraseTimeout = 20 * time.Second

// deletePractice deletes the practice once its name is typed out, and says so on a page that needs no session: whoever
// had no other role has none any more.
func (s *Server) deletePractice(c echo.Context) error {
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	if !strings.EqualFold(strings.TrimSpace(c.FormValue("confirm")), strings.TrimSpace(p.Name)) {
		return s.renderDelete(c, http.StatusUnprocessableEntity, l.T("delete.confirm_wrong"))
	}
	if err := s.Store.DeletePractice(ctx, p.ID); err != nil {
		return err
	}
	s.forgetPoints()
	// It is deleted already, whoever is still waiting for the answer.
	erasing, cancel := context.WithTimeout(context.WithoutCancel(ctx), eraseTimeout)
	defer cancel()
	if err := s.Store.Erase(erasing); err != nil {
		s.Log.Error("tidy the database's files after a practice was deleted", "error", err)
	}
	_, err := s.Store.Account(ctx, signedInAs(c))
	gone := fault.KindOf(err) == fault.NotFound
	if err != nil && !gone {
		return err
	}
	if gone {
		if err := s.sessions.Destroy(ctx); err != nil {
			return err
		}
		c.Set(accountKey, nil)
	}
	c.Set(practiceKey, nil)
	c.Set(roleKey, nil)
	dp := deletedPage{s.page(c, l, l.T("delete.done")), !gone}
	if dp.back = "/practices"; gone { // this address is no page any more
		dp.back = "/login"
	}
	return s.render(c, http.StatusOK, "deleted", dp)
}
