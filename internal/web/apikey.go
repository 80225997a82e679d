package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

type keysPage struct {
	page
	Keys          []practice.APIKey
	Made          string // the new key, on the one page that shows it
	Label         string // of the new key; or as typed, when Problem says what is wrong with it
	Problem       string
	Address, Spec string
}

func (s *Server) showKeys(c echo.Context) error {
	return s.renderKeys(c, http.StatusOK, keysPage{})
}

func (s *Server) renderKeys(c echo.Context, status int, kp keysPage) (err error) {
	l := s.language(c)
	kp.page = s.page(c, l, l.T("keys.title"))
	kp.Here = "points"
	kp.Address, kp.Spec = s.BaseURL.String()+"/api/v1/invitations", s.BaseURL.String()+"/api/v1/openapi.yaml"
	if kp.Keys, err = s.Store.APIKeys(c.Request().Context(), inPractice(c).ID); err != nil {
		return err
	}
	return s.render(c, status, "keys", kp)
}

// saveKey makes a key and shows it on the page that answers: it is in no address and no cache, and
// nowhere afterwards.
func (s *Server) saveKey(c echo.Context) error {
	kp := keysPage{Label: strings.TrimSpace(c.FormValue("label"))}
	var err error
	if kp.Made, err = s.Store.CreateAPIKey(c.Request().Context(), inPractice(c).ID, kp.Label); err != nil {
		if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
			kp.Problem = s.language(c).T(f.Key, f.Args)
			return s.renderKeys(c, http.StatusUnprocessableEntity, kp)
		}
		return err
	}
	return s.renderKeys(c, http.StatusOK, kp)
}

func (s *Server) revokeKey(c echo.Context) error {
	p := inPractice(c)
	if err := s.Store.RevokeAPIKey(c.Request().Context(), p.ID, c.Param("key")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/practices/"+p.ID+"/keys")
}
