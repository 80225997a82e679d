package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

// heldCard is what a practice holds back, and what became of what it held back before.
type heldCard struct {
	Waiting []string
	Seen    int    // responses over all surveys, to tell whether they are still those that were seen
	Until   string // the day on which the oldest are dropped
	Before  []string
	Problem string // with the decision
	Typo    string // with what was typed to confirm it
}

// The fields of a decision.
const (
	fieldSeen    = "seen"
	fieldTyped   = "typed"
	doRelease    = "release"
	doDrop       = "drop"
	heldMemory   = 52 // weeks in which an earlier decision is shown
	heldFragment = "#held"
)

// held fills in the card.
func (s *Server) held(c echo.Context, l i18n.Language, card *heldCard) error {
	bursts, err := s.Store.Bursts(c.Request().Context(), inPractice(c).ID)
	since := calendar.WeekOf(s.Now()).Add(-heldMemory)
	for _, b := range bursts {
		title := b.Survey
		if sv, ok := s.Surveys.Survey(b.Survey, b.Version); ok {
			title = sv.Title.In(l.Tag)
		}
		line := l.T("held.line", "Weeks", l.Weeks(b.Week, b.Week), "Survey", title, "N", l.Number(float64(b.N), 0))
		if b.State == store.BurstHeld {
			if card.Seen == 0 {
				card.Until = l.Date(b.Week.Add(store.HeldWeeks + 1).Start())
			}
			card.Waiting, card.Seen = append(card.Waiting, line), card.Seen+b.N
			continue
		}
		if b.Week < since {
			continue
		}
		by := b.DecidedBy
		if by == "" {
			by = l.T("held.somebody")
		}
		day, _ := time.Parse(time.DateOnly, b.DecidedOn)
		card.Before = append(card.Before, line+" "+l.T("held."+b.State, "Name", by, "Day", l.Date(day)))
	}
	slices.Reverse(card.Before)
	if len(card.Waiting) == 0 { // there is no field to say it at
		card.Problem, card.Typo = card.Problem+card.Typo, ""
	}
	return err
}

// saveHeld lets in or drops all that is held back.
func (s *Server) saveHeld(c echo.Context) error {
	l, p := s.language(c), inPractice(c)
	account, _ := c.Get(accountKey).(practice.Account)
	seen, err := strconv.Atoi(c.FormValue(fieldSeen))
	if err != nil {
		return fault.New(fault.Invalid, "error.bad_request")
	}
	state := store.BurstReleased
	switch c.FormValue(fieldDo) {
	case doRelease:
	case doDrop:
		state = store.BurstDropped
		if word := l.T("held.drop_word"); !strings.EqualFold(strings.TrimSpace(c.FormValue(fieldTyped)), word) {
			return s.renderPoints(c, http.StatusUnprocessableEntity, pointsPage{Held: heldCard{Typo: l.T("held.not_typed", "Word", word)}})
		}
	default:
		return fault.New(fault.Invalid, "error.bad_request")
	}
	err = s.Store.DecideBursts(c.Request().Context(), p.ID, account.ID, state, seen, calendar.Day(s.Now()).Format(time.DateOnly))
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		return s.renderPoints(c, http.StatusConflict, pointsPage{Held: heldCard{Problem: l.T(f.Key)}})
	}
	if err != nil {
		return err
	}
	if state == store.BurstDropped {
		s.Log.Info("the lead dropped the responses held back", "practice", p.ID, "responses", seen)
	} else {
		s.Log.Info("the lead let in the responses held back", "practice", p.ID, "responses", seen)
	}
	return c.Redirect(http.StatusSeeOther, "/practices/"+p.ID+"/points"+heldFragment)
}
