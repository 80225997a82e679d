package web

import (
	"net/http"
	"strings"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// admit lets through whom a route is for, and leaves the account, the practice and the role in the
// context. Somebody else's practice looks like one that does not exist.
func (s *Server) admit(who access) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			ctx := c.Request().Context()
			if tag := c.QueryParam("lang"); tag != "" && s.Words.In(tag).Tag == tag {
				s.sessions.Put(ctx, languageKey, tag)
			}
			if tag := s.sessions.GetString(ctx, languageKey); tag != "" {
				c.Set(languageKey, tag)
			}
			id := s.sessions.GetString(ctx, accountKey)
			if id != "" {
				a, err := s.Store.Account(ctx, id)
				switch {
				case err == nil:
					c.Set(accountKey, a)
					ctx = practice.As(ctx, practice.Actor{AccountID: a.ID, Name: a.Called()})
					c.SetRequest(c.Request().WithContext(ctx))
				case fault.KindOf(err) != fault.NotFound:
					return err
				}
			}
			account, ok := c.Get(accountKey).(practice.Account)
			if who == anyone {
				return next(c)
			}
			if !ok {
				return fault.New(fault.Unauthorized, "error.sign_in")
			}
			switch who {
			case operator:
				if !account.Operator {
					return fault.New(fault.NotFound, "error.not_found")
				}
			case coordinator:
				if err := s.admitCoordinator(c, account); err != nil {
					return err
				}
			case member, lead:
				if err := s.admitTo(c, account, who); err != nil {
					return err
				}
			}
			return next(c)
		}
	}
}

func (s *Server) admitTo(c echo.Context, a practice.Account, who access) error {
	ctx := c.Request().Context()
	members, err := s.Store.Members(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.PracticeID != c.Param("id") {
			continue
		}
		p, err := s.Store.Practice(ctx, m.PracticeID)
		if err != nil {
			return err
		}
		c.Set(practiceKey, p)
		c.Set(roleKey, m.Role)
		if who == lead && m.Role != practice.Lead {
			return fault.New(fault.Forbidden, "error.lead_only")
		}
		return nil
	}
	return fault.New(fault.NotFound, "error.not_found")
}

// inPractice is the practice in the address, put there by admit.
func inPractice(c echo.Context) practice.Practice {
	p, _ := c.Get(practiceKey).(practice.Practice)
	return p
}

type loginPage struct {
	page
	Email   string
	Problem string
}

func (s *Server) showLogin(c echo.Context) error {
	if _, ok := c.Get(accountKey).(practice.Account); ok {
		return c.Redirect(http.StatusSeeOther, "/practices")
	}
	l := s.language(c)
	return s.render(c, http.StatusOK, "login", loginPage{page: s.page(c, l, l.T("login.title"))})
}

func (s *Server) saveLogin(c echo.Context) error {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxBody)
	typed := strings.TrimSpace(c.FormValue("email"))
	var a practice.Account
	if email, err := practice.FoldEmail(typed); err == nil {
		if a, err = s.Store.AccountByEmail(r.Context(), email); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	if !a.HasPassword(c.FormValue("password")) {
		if err := s.Store.RecordSession(r.Context(), a, practice.SignInFailed); err != nil {
			return err
		}
		l := s.language(c)
		p := loginPage{page: s.page(c, l, l.T("error.prefix")+" "+l.T("login.title")), Email: typed, Problem: l.T("login.wrong")}
		return s.render(c, http.StatusUnprocessableEntity, "login", p)
	}
	if err := s.signIn(c, a); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/practices")
}

// signIn makes the session an account's.
func (s *Server) signIn(c echo.Context, a practice.Account) error {
	ctx := c.Request().Context()
	// A new token on every change of who somebody is, so that a token planted before is worth nothing.
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, accountKey, a.ID)
	return s.Store.RecordSession(ctx, a, practice.SignedIn)
}

// accountOf reads whose a session is from its data; empty for nobody's.
func accountOf(data []byte) string {
	_, values, err := scs.GobCodec{}.Decode(data)
	if err != nil {
		return ""
	}
	id, _ := values[accountKey].(string)
	return id
}

func (s *Server) saveLogout(c echo.Context) error {
	if a, ok := c.Get(accountKey).(practice.Account); ok {
		if err := s.Store.RecordSession(c.Request().Context(), a, practice.SignedOut); err != nil {
			return err
		}
	}
	if err := s.sessions.Destroy(c.Request().Context()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/login")
}
