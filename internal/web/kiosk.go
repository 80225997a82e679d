package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/practice"
)

// The shared screen in a waiting room or at a desk asks for the language first, then shows the form.
// Every address is the collection point's, so that a screen locked to it needs no other; and no page of
// it has a link that leads away. static/kiosk.js makes the screen ready for the next person by itself.
const (
	kioskRoute   = "/kiosk/:code"
	kioskChannel = "kiosk"

	fieldOpen = "open" // the button of a language on the first page
)

type kioskPage struct {
	page
	Practice practice.Practice
}

// enterByKiosk is the way in by a screen that is opened with a collection point's code.
func (s *Server) enterByKiosk(c echo.Context) (entrance, error) {
	e, err := s.enterByCode(c)
	e.channel = kioskChannel
	return e, err
}

// showKiosk asks for the language.
func (s *Server) showKiosk(c echo.Context) error {
	e, err := s.enterByKiosk(c)
	if err != nil {
		return err
	}
	l := s.language(c)
	kp := kioskPage{s.page(c, l, l.T("form.title", "Practice", e.practice.Name)), e.practice}
	kp.of(e.practice)
	return s.render(c, http.StatusOK, e.page("start"), kp)
}

// saveKiosk shows the form in the language that was chosen, or counts it. The form's token is new for
// each person, because a screen may stand for weeks. Choosing is a POST although it changes nothing:
// browsers keep a page that was fetched as it was left, with what was chosen in it, for whoever presses
// back; not so the answer to a POST.
func (s *Server) saveKiosk(c echo.Context) error {
	values, err := readForm(c)
	if err != nil {
		return err
	}
	if tag := values.Get(fieldOpen); values.Has(fieldOpen) && s.Words.In(tag).Tag == tag {
		c.Set(languageKey, tag)
		return s.openForm(c, s.enterByKiosk)
	}
	return s.takeForm(c, s.enterByKiosk)
}

func isKiosk(c echo.Context) bool { return strings.HasPrefix(c.Path(), "/kiosk") }
