package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/oidc"
	"github.com/venterom/venterom/internal/practice"
)

// saveOffer makes a link that gives a role and shows it, this once: only a hash of it is kept. How it
// reaches the colleague is the lead's own choice.
func (s *Server) saveOffer(c echo.Context) error {
	o := practice.Offer{PracticeID: inPractice(c).ID, Role: practice.Role(c.FormValue("role")), Name: strings.TrimSpace(c.FormValue("name"))}
	_, token, made := s.Store.MakeOffer(c.Request().Context(), o, s.Now())
	f := fault.As(made)
	if made != nil && (f == nil || f.Kind != fault.Invalid) {
		return made
	}
	pp, err := s.newPeoplePage(c)
	if err != nil {
		return err
	}
	if f != nil {
		pp.Name, pp.Offered, pp.NameWrong = o.Name, o.Role, pp.L.T(f.Key, f.Args)
		pp.Title = pp.L.T("error.prefix") + " " + pp.Title
		return s.render(c, http.StatusUnprocessableEntity, "people", pp)
	}
	pp.For, pp.Link = o.Name, s.BaseURL.JoinPath("join", token).String() // #nosec G125 -- a token is made of letters and digits
	return s.render(c, http.StatusOK, "people", pp)
}

func (s *Server) withdrawOffer(c echo.Context) error {
	p := inPractice(c)
	if err := s.Store.WithdrawOffer(c.Request().Context(), p.ID, c.Param("offer")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/practices/"+p.ID+"/people")
}

type joinPage struct {
	page
	Practice, Until string
	Lead            bool // the role that is offered
	Token           string
	Email, Name     string // as typed, or of whoever is signed in
	NameWrong       string
	EmailWrong      string
	PasswordWrong   string
	Providers       []*oidc.Client // that somebody new may be known by instead of a password
}

// Wrong reports whether anything must be mended.
func (p joinPage) Wrong() bool { return p.NameWrong+p.EmailWrong+p.PasswordWrong != "" }

// offer is the offer behind the link, with its page. Looking never uses it up.
func (s *Server) offer(c echo.Context) (practice.Offer, joinPage, error) {
	if err := s.guesses.allow(c); err != nil {
		return practice.Offer{}, joinPage{}, err
	}
	ctx, l := c.Request().Context(), s.language(c)
	o, err := s.Store.Offer(ctx, c.Param("token"), s.Now())
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			s.guesses.wrong(c)
		}
		return o, joinPage{}, err
	}
	p, err := s.Store.Practice(ctx, o.PracticeID)
	if err != nil {
		return o, joinPage{}, err
	}
	return o, joinPage{page: s.page(c, l, l.T("join.title", "Practice", p.Name)), Practice: p.Name, Lead: o.Role == practice.Lead, Token: c.Param("token"),
		Until: l.Day(o.Expires), Name: o.Name, Providers: s.Providers}, nil
}

func (s *Server) showJoin(c echo.Context) error {
	_, jp, err := s.offer(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "join", jp)
}

// saveJoin takes the role, for whoever is signed in or for a new account. The page says whose account
// it is for; was somebody else signed in meanwhile, they are asked anew.
func (s *Server) saveJoin(c echo.Context) error {
	o, jp, err := s.offer(c)
	if err != nil {
		return err
	}
	a := myself(c)
	if c.FormValue("account") != a.ID {
		return s.render(c, http.StatusConflict, "join", jp)
	}
	with := s.provider(c.FormValue("with"))
	if a.ID == "" {
		if a, err = newAccount(c, &jp, with == nil); err != nil {
			return err
		}
	}
	if with != nil && myself(c).ID == "" && !jp.Wrong() {
		return s.leave(c, with, begun{Offer: o.ID, Name: a.Name, Email: a.Email, From: "/login"})
	}
	if !jp.Wrong() {
		a, err = s.Store.TakeOffer(c.Request().Context(), jp.Token, a, s.Now())
		if f := fault.As(err); f != nil && f.Key == "offer.has_account" {
			jp.EmailWrong = jp.L.T(f.Key)
		} else if err != nil {
			return err
		}
	}
	if jp.Wrong() {
		jp.Title = jp.L.T("error.prefix") + " " + jp.Title
		return s.render(c, http.StatusUnprocessableEntity, "join", jp)
	}
	if myself(c).ID == "" {
		if err := s.begin(c, a, false); err != nil {
			return err
		}
		if err := s.Store.RecordSession(c.Request().Context(), a, practice.SignedIn); err != nil {
			return err
		}
	}
	return c.Redirect(http.StatusSeeOther, "/practices/"+o.PracticeID)
}

// newAccount reads what somebody who is new has chosen; what is wrong with it goes on the page.
func newAccount(c echo.Context, jp *joinPage, byPassword bool) (a practice.Account, err error) {
	jp.Name, jp.Email = strings.TrimSpace(c.FormValue("name")), strings.TrimSpace(c.FormValue("email"))
	a.Name = jp.Name
	wrong := map[*string]error{&jp.NameWrong: practice.CheckName(jp.Name)}
	a.Email, wrong[&jp.EmailWrong] = practice.FoldEmail(jp.Email)
	if byPassword {
		a.Password, wrong[&jp.PasswordWrong] = practice.HashPassword(c.FormValue("password"))
	}
	for where, err := range wrong {
		f := fault.As(err)
		if err != nil && f == nil {
			return a, err
		}
		if f != nil {
			*where = jp.L.T(f.Key, f.Args)
		}
	}
	return a, nil
}
