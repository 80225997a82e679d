package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/oidc"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

type loginPage struct {
	page
	Email    string
	Problem  string
	Again    bool // signed in, but too long ago for what is wanted
	Passkeys bool // can be used here
	Passkey  bool // the problem is with one

	Refused   string         // why a provider's answer led to nothing
	Providers []*oidc.Client // that one may sign in through instead
}

func (s *Server) showLogin(c echo.Context) error {
	again := c.QueryParam("again") != ""
	if _, ok := c.Get(accountKey).(practice.Account); ok && !again {
		return c.Redirect(http.StatusSeeOther, "/practices")
	}
	l := s.language(c)
	p := loginPage{page: s.page(c, l, l.T("login.title")), Again: again, Passkeys: s.passkeys != nil, Refused: s.problem(c), Providers: s.Providers}
	if p.Refused != "" {
		p.Title = l.T("error.prefix") + " " + p.Title
	}
	return s.render(c, http.StatusOK, "login", p)
}

func (s *Server) refuseLogin(c echo.Context, p loginPage, err *fault.Error) error {
	l := s.language(c)
	p.page, p.Passkeys, p.Providers = s.page(c, l, l.T("error.prefix")+" "+l.T("login.title")), s.passkeys != nil, s.Providers
	p.Problem = l.T(err.Key, err.Args)
	status := http.StatusUnprocessableEntity
	if err.Kind == fault.TooMany {
		status = http.StatusTooManyRequests
	}
	return s.render(c, status, "login", p)
}

// saveLogin checks a password. Whoever has a second factor is asked for it next. A wrong password, an unknown
// address and one that is tried too often each get the same answer in the same time, whoever has an account.
func (s *Server) saveLogin(c echo.Context) error {
	ctx := c.Request().Context()
	typed := strings.TrimSpace(c.FormValue("email"))
	name := strings.ToLower(typed)
	var a practice.Account
	if email, err := practice.FoldEmail(typed); err == nil {
		name = email
		if a, err = s.Store.AccountByEmail(ctx, email); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	right, err := s.knock(c, name, a)
	if err != nil {
		return s.refuseLogin(c, loginPage{Email: typed}, fault.As(err))
	}
	if !a.HasPassword(c.FormValue("password")) {
		if err := s.Store.RecordSession(ctx, a, practice.SignInFailed); err != nil {
			return err
		}
		return s.refuseLogin(c, loginPage{Email: typed}, fault.New(fault.Invalid, "login.wrong"))
	}
	right()
	return s.pass(c, a)
}

// pass lets in whoever has given one factor, or asks for the second if they have one.
func (s *Server) pass(c echo.Context, a practice.Account) error {
	ctx := c.Request().Context()
	f, err := s.Store.Factors(ctx, a.ID)
	if err != nil {
		return err
	}
	if !f.Any() {
		return s.enter(c, a, false)
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, halfKey, a.ID)
	s.sessions.Put(ctx, halfAtKey, s.Now().UTC().Format(time.RFC3339))
	return c.Redirect(http.StatusSeeOther, "/login/code")
}

// enter makes the session somebody's and leads on. second says that a second factor was given.
func (s *Server) enter(c echo.Context, a practice.Account, second bool) error {
	ctx := c.Request().Context()
	next := s.sessions.PopString(ctx, nextKey)
	if next == "" {
		next = "/practices"
	}
	if err := s.begin(c, a, second); err != nil {
		return err
	}
	if err := s.Store.RecordSession(ctx, a, practice.SignedIn); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, next)
}

// begin gives the session a new token, so that one that was planted or seen before is worth nothing, and writes
// in it who has signed in. Of when and with what it keeps the hour and the browser's name, for the list of
// somebody's own sessions.
func (s *Server) begin(c echo.Context, a practice.Account, second bool) error {
	ctx := c.Request().Context()
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	for _, key := range []string{halfKey, halfAtKey, ceremonyKey, begunKey} {
		s.sessions.Remove(ctx, key)
	}
	s.sessions.Put(ctx, accountKey, a.ID)
	s.sessions.Put(ctx, secondKey, second)
	s.sessions.Put(ctx, signedInKey, s.Now().UTC().Format(time.RFC3339))
	s.sessions.Put(ctx, store.SessionStarted, s.Now().In(calendar.Oslo).Truncate(time.Hour).Format(time.RFC3339))
	s.sessions.Put(ctx, store.SessionBrowser, browserOf(c.Request().UserAgent()))
	if a.Password != "" { // else there is nothing to guess
		s.rememberDevice(c, a)
	}
	return nil
}

// halfFor is how long a second factor is awaited.
const halfFor = 10 * time.Minute

// halfway is the account whose password was right in this session a moment ago.
func (s *Server) halfway(c echo.Context) (a practice.Account, ok bool, err error) {
	ctx := c.Request().Context()
	at, err := time.Parse(time.RFC3339, s.sessions.GetString(ctx, halfAtKey))
	if err != nil || s.Now().Sub(at) > halfFor {
		return a, false, nil
	}
	a, err = s.Store.Account(ctx, s.sessions.GetString(ctx, halfKey))
	if fault.KindOf(err) == fault.NotFound {
		return a, false, nil
	}
	return a, err == nil, err
}

type loginCodePage struct {
	page
	Factors  practice.Factors
	Passkeys bool
	Problem  string
}

func (s *Server) showLoginCode(c echo.Context) error { return s.askCode(c, http.StatusOK, nil) }

func (s *Server) askCode(c echo.Context, status int, problem *fault.Error) error {
	a, ok, err := s.halfway(c)
	if err != nil {
		return err
	}
	if !ok {
		return c.Redirect(http.StatusSeeOther, "/login")
	}
	l := s.language(c)
	p := loginCodePage{page: s.page(c, l, l.T("login.second_title")), Passkeys: s.passkeys != nil}
	if p.Factors, err = s.Store.Factors(c.Request().Context(), a.ID); err != nil {
		return err
	}
	if problem != nil {
		p.Title, p.Problem = l.T("error.prefix")+" "+p.Title, l.T(problem.Key, problem.Args)
	}
	return s.render(c, status, "login_code", p)
}

// saveLoginCode checks the second factor that is typed: a code of an app, or one on paper.
func (s *Server) saveLoginCode(c echo.Context) error {
	ctx := c.Request().Context()
	a, ok, err := s.halfway(c)
	if err != nil {
		return err
	}
	if !ok {
		return c.Redirect(http.StatusSeeOther, "/login")
	}
	right, err := s.knock(c, "second "+a.ID, a)
	if err != nil {
		return s.askCode(c, http.StatusTooManyRequests, fault.As(err))
	}
	typed := c.FormValue("code")
	if _, paper := practice.ReadRecoveryCode(typed); paper {
		if err = s.Store.SpendRecoveryCode(ctx, a.ID, typed); err == nil {
			// Whoever needs paper has lost something: there it can be replaced.
			s.sessions.Put(ctx, nextKey, "/account")
		}
	} else {
		err = s.Store.SpendTOTP(ctx, a.ID, typed, s.Now())
	}
	if fault.KindOf(err) == fault.Invalid {
		if err := s.Store.RecordSession(ctx, a, practice.SignInFailed); err != nil {
			return err
		}
		return s.askCode(c, http.StatusUnprocessableEntity, fault.As(err))
	}
	if err != nil {
		return err
	}
	right()
	return s.enter(c, a, true)
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
