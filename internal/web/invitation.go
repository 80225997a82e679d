package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// enterByInvitation is the way in by a single-use link or slip. Looking never uses it up: programs that
// check links look at every one. A used or expired one is Gone, an unknown one NotFound.
func (s *Server) enterByInvitation(c echo.Context) (entrance, error) {
	ctx := c.Request().Context()
	token := c.Param("token")
	if slip, err := practice.ParseSlip(token); err == nil {
		token = string(slip)
	}
	if err := s.guesses.allow(c); err != nil {
		return entrance{}, err
	}
	in, hash, err := s.Store.Invitation(ctx, token)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			s.guesses.wrong(c)
		}
		return entrance{}, err
	}
	p, err := s.Store.Practice(ctx, in.PracticeID)
	if err != nil {
		return entrance{}, err
	}
	e := entrance{practice: p, action: "/s/" + token, channel: in.Channel, invitation: hash, language: in.Language, canStop: in.Channel == "sms"}
	switch {
	case in.Used && c.Request().Method == http.MethodPost: // a form that was sent twice is thanked for twice
		return e, nil
	case in.Used:
		return e, fault.New(fault.Gone, "invitation.used")
	case in.Expires < calendar.Day(s.Now()).Format("2006-01-02"):
		return e, fault.New(fault.Gone, "invitation.over")
	}
	return e, nil
}

// showInvited shows the form, and counts that one was opened by a message.
func (s *Server) showInvited(c echo.Context) error {
	return s.openForm(c, func(c echo.Context) (entrance, error) {
		e, err := s.enterByInvitation(c)
		if err == nil && e.channel == "sms" {
			s.Inviter.Opened(e.practice.ID)
		}
		return e, err
	})
}

func (s *Server) saveInvited(c echo.Context) error { return s.takeForm(c, s.enterByInvitation) }

type stopPage struct {
	page
	Practice practice.Practice
	Token    string
	Stopped  bool
}

// showStop asks whether somebody wants no more messages, saveStop notes it.
func (s *Server) showStop(c echo.Context) error { return s.stop(c, false) }
func (s *Server) saveStop(c echo.Context) error { return s.stop(c, true) }

func (s *Server) stop(c echo.Context, now bool) error {
	e, err := s.enterByInvitation(c)
	if err != nil && fault.KindOf(err) != fault.Gone { // such a link was sent to a number all the same
		return err
	}
	if !e.canStop {
		return fault.New(fault.NotFound, "invitation.unknown")
	}
	if now {
		if err := s.Store.OptOut(c.Request().Context(), c.Param("token")); err != nil {
			return err
		}
	}
	s.speak(c, e)
	l := s.language(c)
	sp := stopPage{page: s.page(c, l, l.T("stop.title")), Practice: e.practice, Token: c.Param("token"), Stopped: now}
	sp.of(e.practice)
	return s.render(c, http.StatusOK, "stop", sp)
}

// speak chooses the language of an invitation for a reader who has not chosen one.
func (s *Server) speak(c echo.Context, e entrance) {
	if e.language != "" && c.QueryParam("lang") == "" && c.Get(languageKey) == nil {
		c.Set(languageKey, e.language)
	}
}
