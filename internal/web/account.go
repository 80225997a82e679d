package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"html/template"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// accountPage is somebody's own account: the ways they sign in, and where they are signed in.
type accountPage struct {
	page
	Passkeys []passkeyRow
	Factors  practice.Factors
	CanAdd   bool // passkeys can be used here
	CanDrop  bool // a factor can be removed
	Sessions []sessionRow
	Others   bool // there are sessions besides this one
}

type passkeyRow struct{ ID, Name, Added string }

type sessionRow struct {
	ID, Browser, Started string
	Own                  bool
}

func (s *Server) showAccount(c echo.Context) error {
	ctx := c.Request().Context()
	account, _ := c.Get(accountKey).(practice.Account)
	l := s.language(c)
	p := accountPage{page: s.page(c, l, l.T("account.title")), CanAdd: s.passkeys != nil}
	p.Here = "account"
	var err error
	if p.Factors, err = s.Store.Factors(ctx, account.ID); err != nil {
		return err
	}
	for _, k := range p.Factors.Passkeys {
		p.Passkeys = append(p.Passkeys, passkeyRow{k.ID, k.Name, l.Period(k.AddedWeek.In(calendar.Weekly))})
	}
	required, err := s.requiresFactor(c, account)
	if err != nil {
		return err
	}
	p.CanDrop = !required || len(p.Factors.Passkeys) > 1 || len(p.Factors.Passkeys) > 0 && p.Factors.TOTP
	sessions, err := s.Store.SessionsOf(ctx, account.ID, s.sessions.Token(ctx))
	if err != nil {
		return err
	}
	for _, session := range sessions {
		row := sessionRow{ID: session.ID, Browser: session.Browser, Own: session.Own}
		started := session.Started.In(calendar.Oslo)
		row.Started = l.T("account.session_started", "Date", l.Date(started), "Hour", started.Format("15"))
		p.Sessions = append(p.Sessions, row)
		p.Others = p.Others || !session.Own
	}
	return s.render(c, http.StatusOK, "account", p)
}

// saveSessions ends one of somebody's sessions, or all but this one.
func (s *Server) saveSessions(c echo.Context) error {
	ctx := c.Request().Context()
	account, _ := c.Get(accountKey).(practice.Account)
	var err error
	if id := c.FormValue("session"); id != "" {
		err = s.Store.EndSession(ctx, account.ID, id)
	} else {
		err = s.Store.EndOtherSessions(ctx, account.ID, s.sessions.Token(ctx))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/account")
}

func (s *Server) requiresFactor(c echo.Context, a practice.Account) (bool, error) {
	if s.Demo {
		return false, nil
	}
	return s.Store.NeedsFactor(c.Request().Context(), a.ID)
}

// changed ends what follows every change of how somebody signs in: this session gets a new token, all others
// end. New recovery codes are shown, in the answer itself: they are kept nowhere they could be fetched from again.
func (s *Server) changed(c echo.Context, a practice.Account, codes []string) error {
	ctx := c.Request().Context()
	f, err := s.Store.Factors(ctx, a.ID)
	if err != nil {
		return err
	}
	if err := s.renew(c, a, f.Any()); err != nil {
		return err
	}
	if codes == nil {
		return c.Redirect(http.StatusSeeOther, "/account")
	}
	l := s.language(c)
	return s.render(c, http.StatusOK, "recovery", recoveryPage{page: s.page(c, l, l.T("recovery.title")), Codes: codes, Host: s.BaseURL.Host})
}

// renew gives this session a new token and ends all others of the account.
func (s *Server) renew(c echo.Context, a practice.Account, second bool) error {
	ctx := c.Request().Context()
	if err := s.begin(c, a, second); err != nil {
		return err
	}
	if err := s.Store.EndOtherSessions(ctx, a.ID, s.sessions.Token(ctx)); err != nil {
		return err
	}
	return s.Store.RecordSession(ctx, a, practice.SignInChanged)
}

type recoveryPage struct {
	page
	Codes []string
	Host  string
}

// saveRecovery makes new recovery codes in the place of the earlier ones.
func (s *Server) saveRecovery(c echo.Context) error {
	ctx := c.Request().Context()
	account, _ := c.Get(accountKey).(practice.Account)
	f, err := s.Store.Factors(ctx, account.ID)
	if err != nil {
		return err
	}
	if !f.Any() {
		return fault.New(fault.Conflict, "recovery.no_factor")
	}
	codes, err := s.Store.NewRecoveryCodes(ctx, account.ID)
	if err != nil {
		return err
	}
	return s.changed(c, account, codes)
}

type securePage struct {
	page
	CanAdd bool
}

// showSecure is where whoever must have a second factor sets up the first.
func (s *Server) showSecure(c echo.Context) error {
	account, _ := c.Get(accountKey).(practice.Account)
	f, err := s.Store.Factors(c.Request().Context(), account.ID)
	if err != nil {
		return err
	}
	if f.Any() {
		return c.Redirect(http.StatusSeeOther, "/account")
	}
	l := s.language(c)
	return s.render(c, http.StatusOK, "secure", securePage{s.page(c, l, l.T("secure.title")), s.passkeys != nil})
}

type totpPage struct {
	page
	QR      template.HTML
	Secret  string
	Problem string
}

// offeredTOTP is the secret that an authenticator app is offered: made of the session's token with a key, so that
// it is stored nowhere before the app has proved that it has it, and another with every session.
func (s *Server) offeredTOTP(c echo.Context, a practice.Account) []byte {
	m := hmac.New(sha256.New, s.totpKey)
	m.Write([]byte(a.ID + " " + s.sessions.Token(c.Request().Context())))
	return m.Sum(nil)[:practice.TOTPSecretBytes]
}

func (s *Server) showTOTP(c echo.Context) error { return s.offerTOTP(c, http.StatusOK, "") }

func (s *Server) offerTOTP(c echo.Context, status int, problem string) error {
	account, _ := c.Get(accountKey).(practice.Account)
	l := s.language(c)
	p := totpPage{page: s.page(c, l, l.T("totp.title"))}
	if problem != "" {
		p.Title, p.Problem = l.T("error.prefix")+" "+p.Title, l.T(problem)
	}
	secret := s.offeredTOTP(c, account)
	svg, err := qrSVG(practice.TOTPURL(secret, s.BaseURL.Host, account.Email))
	if err != nil {
		return err
	}
	p.QR, p.Secret = template.HTML(svg), practice.TOTPText(secret) // #nosec G203 -- drawn here
	return s.render(c, status, "totp", p)
}

// saveTOTP takes an authenticator app into use once it shows a right code.
func (s *Server) saveTOTP(c echo.Context) error {
	account, _ := c.Get(accountKey).(practice.Account)
	secret := s.offeredTOTP(c, account)
	step, ok := practice.MatchTOTP(secret, c.FormValue("code"), s.Now(), 0)
	if !ok {
		return s.offerTOTP(c, http.StatusUnprocessableEntity, "totp.wrong")
	}
	codes, err := s.Store.SetTOTP(c.Request().Context(), account.ID, secret, step)
	if err != nil {
		return err
	}
	return s.changed(c, account, codes)
}

func (s *Server) removeTOTP(c echo.Context) error {
	account, _ := c.Get(accountKey).(practice.Account)
	required, err := s.requiresFactor(c, account)
	if err != nil {
		return err
	}
	if err := s.Store.RemoveTOTP(c.Request().Context(), account.ID, required); err != nil {
		return err
	}
	return s.changed(c, account, nil)
}

type passwordPage struct {
	page
	Field   string // which one is wrong
	Problem string
}

func (s *Server) showPassword(c echo.Context) error {
	l := s.language(c)
	return s.render(c, http.StatusOK, "password", passwordPage{page: s.page(c, l, l.T("password.title"))})
}

// savePassword changes a password for whoever knows the old one.
func (s *Server) savePassword(c echo.Context) error {
	ctx := c.Request().Context()
	account, _ := c.Get(accountKey).(practice.Account)
	l := s.language(c)
	refuse := func(field string, f *fault.Error) error {
		status := http.StatusUnprocessableEntity
		if f.Kind == fault.TooMany {
			status = http.StatusTooManyRequests
		}
		return s.render(c, status, "password", passwordPage{page: s.page(c, l, l.T("error.prefix")+" "+l.T("password.title")),
			Field: field, Problem: l.T(f.Key, f.Args)})
	}
	right, err := s.knock(c, "change "+account.ID, account)
	if err != nil {
		return refuse("old", fault.As(err))
	}
	if !account.HasPassword(c.FormValue("old")) {
		return refuse("old", fault.New(fault.Invalid, "password.old_wrong"))
	}
	right()
	if account.Password, err = practice.HashPassword(c.FormValue("new")); err != nil {
		return refuse("new", toFault(err))
	}
	if err := s.Store.SetPassword(ctx, account.ID, account.Password); err != nil {
		return err
	}
	return s.changed(c, account, nil)
}

// browserOf is a browser's name and system in words, so that somebody knows their own; no version, model or
// anything else of what a browser says of itself.
func browserOf(agent string) string {
	first := func(names ...string) string {
		for i := 0; i < len(names); i += 2 {
			if strings.Contains(agent, names[i]) {
				return names[i+1]
			}
		}
		return ""
	}
	// Each browser names those it came from as well: the most particular comes first.
	browser := first("Edg", "Edge", "OPR/", "Opera", "SamsungBrowser", "Samsung Internet", "Firefox/", "Firefox", "FxiOS", "Firefox",
		"CriOS", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari")
	system := first("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "Mac", "CrOS", "ChromeOS", "Linux", "Linux")
	return strings.Trim(browser+", "+system, ", ")
}
