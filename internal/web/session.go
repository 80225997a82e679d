package web

import (
	"net/http"
	"time"

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
			if who != entering {
				owes, err := s.owesFactor(c, account)
				if err != nil {
					return err
				}
				if owes {
					return c.Redirect(http.StatusSeeOther, "/account/secure")
				}
			}
			switch who {
			case entering, fresh:
				if !s.signedInLately(c) {
					return s.signInAgain(c, "/account")
				}
			case operator:
				if !account.Operator {
					return fault.New(fault.NotFound, "error.not_found")
				}
			case coordinator:
				if err := s.admitCoordinator(c, account); err != nil {
					return err
				}
			case member, lead, freshLead:
				if err := s.admitTo(c, account, who); err != nil {
					return err
				}
				if who == freshLead && !s.signedInLately(c) {
					return s.signInAgain(c, c.Request().URL.Path)
				}
			}
			return next(c)
		}
	}
}

// owesFactor reports whether somebody must set up a second factor before anything else. Roles are read at each
// request, so that a new one asks for it at once.
func (s *Server) owesFactor(c echo.Context, a practice.Account) (bool, error) {
	if s.Demo || s.sessions.GetBool(c.Request().Context(), secondKey) {
		return false, nil
	}
	return s.Store.NeedsFactor(c.Request().Context(), a.ID)
}

// signInAgain leads somebody who signed in too long ago for what they want to do so once more, and then on.
func (s *Server) signInAgain(c echo.Context, next string) error {
	s.sessions.Put(c.Request().Context(), nextKey, next)
	return c.Redirect(http.StatusSeeOther, "/login?again=1")
}

// freshFor is how long after signing in the ways to sign in may be changed, and a practice be taken out or away:
// a screen that was left open must not be enough to keep somebody out of their own account, or to end a practice.
const freshFor = 15 * time.Minute

func (s *Server) signedInLately(c echo.Context) bool {
	at, err := time.Parse(time.RFC3339, s.sessions.GetString(c.Request().Context(), signedInKey))
	return err == nil && s.Now().Sub(at) < freshFor
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
		if who != member && m.Role != practice.Lead {
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
