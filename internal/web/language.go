package web

import (
	"crypto/rand"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

// language is the reader's: chosen in the address, kept in the session, or asked of the browser.
func (s *Server) language(c echo.Context) i18n.Language {
	if tag, ok := c.Get(languageKey).(string); ok {
		return s.Words.In(tag)
	}
	if tag := c.QueryParam("lang"); tag != "" {
		if l := s.Words.In(tag); l.Tag == tag {
			return l
		}
	}
	return s.Words.Negotiate(c.Request().Header.Get("Accept-Language"))
}

const (
	languageKey = "language" // set where a form or a session has chosen one
	accountKey  = store.SessionAccount
	practiceKey = "practice"
	roleKey     = "role"

	// The rest of what a session holds. All values are texts or true.
	secondKey   = "second"    // a second factor was given
	signedInKey = "signed_in" // when
	halfKey     = "half"      // whose password was right, while the second factor is awaited
	halfAtKey   = "half_at"
	ceremonyKey = "ceremony" // what a passkey's answer is held against
	nextKey     = "next"     // where to go once signed in
)

func (s *Server) page(c echo.Context, l i18n.Language, title string) page {
	p := page{L: l, Title: title, Demo: s.Demo, host: s.BaseURL.Host, Connect: len(s.Providers) > 0, query: c.QueryParams()}
	if a, ok := c.Get(accountKey).(practice.Account); ok {
		p.Account = &a
	}
	if in, ok := c.Get(practiceKey).(practice.Practice); ok {
		p.In = &in
	}
	if p.In != nil && c.Request().Method == http.MethodGet {
		p.Outdated = s.noticeOutdated(c.Request().Context(), *p.In)
	}
	p.Role, _ = c.Get(roleKey).(practice.Role)
	return p
}

// newErrorID is a short id that a user can read out and an operator can search the log for.
func newErrorID() string { return rand.Text()[:8] }
