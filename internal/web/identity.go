package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/oidc"
	"github.com/venterom/venterom/internal/practice"
)

const (
	begunKey = "begun" // in the session: somebody has gone to a provider, and we wait for the answer

	identitiesPath = "/account/identities"
)

// begun is an attempt to sign in, and what it is for: to connect an account, to take an offered role (its id,
// and what somebody new is called), or, with neither, to get in.
type begun struct {
	oidc.Attempt
	Account            string
	Offer, Name, Email string
	From               string // where somebody is led if it leads to nothing
}

// refusals are the ends of the keys of what a page says when a provider's answer led to nothing. A page's
// address has one of them, so that it can be read in another language, and read again.
var refusals = []string{"cancelled", "last", "number", "refused", "stale", "taken", "unavailable", "unknown", "weak"}

func (s *Server) provider(id string) *oidc.Client {
	if i := slices.IndexFunc(s.Providers, func(p *oidc.Client) bool { return p.ID == id }); i >= 0 {
		return s.Providers[i]
	}
	return nil
}

// problem is what an address says has gone wrong at a provider, in words; empty if it says nothing.
func (s *Server) problem(c echo.Context) string {
	p, key := s.provider(c.QueryParam(queryWith)), c.QueryParam(queryProblem)
	if p == nil || !slices.Contains(refusals, key) {
		return ""
	}
	return s.language(c).T("refused."+key, "Name", p.Name)
}

const (
	queryProblem = "problem"
	queryWith    = "with"
)

// refuse leads back to a page that says why a provider's answer led to nothing. Why exactly is for the
// operator; what the answer held is for nobody.
func (s *Server) refuse(c echo.Context, p *oidc.Client, to string, err error) error {
	f := fault.As(err)
	if f == nil || !strings.HasPrefix(f.Key, "refused.") {
		return err
	}
	if cause := errors.Unwrap(f); cause != nil {
		s.Log.Warn("sign-in refused", "provider", p.ID, "reason", cause)
	}
	q := url.Values{queryProblem: {strings.TrimPrefix(f.Key, "refused.")}, queryWith: {p.ID}}
	return c.Redirect(http.StatusSeeOther, to+"?"+q.Encode())
}

type leavePage struct {
	page
	Name    string
	Address string
}

// leave sends somebody to a provider. It is a page that leads on by itself and not a redirect: forms may
// only lead to ourselves (form-action), and where a provider wants people is known first when it is asked.
func (s *Server) leave(c echo.Context, p *oidc.Client, b begun) error {
	if err := s.leaving.allow(c); err != nil {
		return err
	}
	s.leaving.wrong(c) // every one counts: each asks something of the provider
	ctx := c.Request().Context()
	address, attempt, err := p.Start(ctx)
	if err != nil {
		return s.refuse(c, p, b.From, err)
	}
	b.Attempt = attempt
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	s.sessions.Put(ctx, begunKey, string(text))
	c.Response().Header().Set("Refresh", "0; url="+address)
	l := s.language(c)
	return s.render(c, http.StatusOK, "leave", leavePage{page: s.page(c, l, l.T("identity.leave_title", "Name", p.Name)), Name: p.Name, Address: address})
}

func (s *Server) startSignIn(c echo.Context) error {
	p := s.provider(c.Param("provider"))
	if p == nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return s.leave(c, p, begun{From: "/login"})
}

// finishSignIn takes the answer that somebody comes back with. It is taken once, in the browser that the
// attempt was begun in, and for what it was begun for.
func (s *Server) finishSignIn(c echo.Context) error {
	ctx := c.Request().Context()
	p := s.provider(c.Param("provider"))
	if p == nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	var b begun
	if text := s.sessions.PopString(ctx, begunKey); text != "" {
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			return err
		}
	}
	account := myself(c)
	switch {
	case b.From == "" && account.ID != "":
		b.From = identitiesPath
	case b.From == "":
		b.From = "/login"
	}
	if b.Account != "" && b.Account != account.ID {
		return s.refuse(c, p, "/login", fault.New(fault.Forbidden, "refused.stale"))
	}
	person, err := p.Finish(ctx, b.Attempt, c.QueryParams())
	if err != nil {
		return s.refuse(c, p, b.From, err)
	}
	identity := practice.Identity{Issuer: person.Issuer, Subject: person.Subject}
	switch {
	case b.Account != "":
		if err := s.Store.ConnectIdentity(ctx, account.ID, identity); err != nil {
			return s.refuse(c, p, b.From, err)
		}
		return s.renewIdentities(c, account)
	case b.Offer != "":
		account, err = s.Store.TakeOfferAs(ctx, b.Offer, identity, practice.Account{Name: b.Name, Email: b.Email}, s.Now())
	default:
		account, err = s.Store.AccountByIdentity(ctx, identity)
		if fault.KindOf(err) == fault.NotFound {
			err = fault.New(fault.Forbidden, "refused.unknown")
		}
	}
	if err != nil {
		return s.refuse(c, p, b.From, err)
	}
	if person.Strong {
		return s.enter(c, account, true)
	}
	return s.pass(c, account)
}

// renewIdentities ends what follows a change of how an account is known at providers. What was given as a
// second factor holds: none of those was changed.
func (s *Server) renewIdentities(c echo.Context, a practice.Account) error {
	if err := s.renew(c, a, s.sessions.GetBool(c.Request().Context(), secondKey)); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, identitiesPath)
}

type identitiesPage struct {
	page
	Providers []connection
	Problem   string
}

type connection struct {
	*oidc.Client
	Connected bool
}

func (s *Server) showIdentities(c echo.Context) error {
	if id := c.Param("provider"); id != "" && s.provider(id) == nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	identities, err := s.Store.Identities(c.Request().Context(), myself(c).ID)
	if err != nil {
		return err
	}
	l := s.language(c)
	p := identitiesPage{page: s.page(c, l, l.T("identity.title")), Problem: s.problem(c)}
	p.Here = "account"
	if p.Problem != "" {
		p.Title = l.T("error.prefix") + " " + p.Title
	}
	for _, client := range s.Providers {
		p.Providers = append(p.Providers, connection{client, slices.ContainsFunc(identities, func(i practice.Identity) bool { return i.Issuer == client.Issuer() })})
	}
	return s.render(c, http.StatusOK, "identities", p)
}

// saveIdentity connects an account to a provider, or parts them.
func (s *Server) saveIdentity(c echo.Context) error {
	p := s.provider(c.Param("provider"))
	if p == nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	switch account := myself(c); c.FormValue("do") {
	case "connect":
		return s.leave(c, p, begun{Account: account.ID, From: identitiesPath})
	case "remove":
		if err := s.Store.RemoveIdentity(c.Request().Context(), account.ID, p.Issuer()); err != nil {
			return s.refuse(c, p, identitiesPath, err)
		}
		return s.renewIdentities(c, account)
	}
	return fault.New(fault.Invalid, "error.bad_request")
}
