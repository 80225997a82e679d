package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
)

// monthRow is the messages of a month by what became of them. Of reminders there is only how many.
type monthRow struct {
	Month string
	Cells []monthCell
}

type monthCell struct{ Label, Text string }

// stateColumns are the states of messages, as they are shown, by column.
var stateColumns = []struct {
	key    string
	states []string
}{
	{"waiting", []string{"queued", "sending"}}, {"sent", []string{"sent"}}, {"delivered", []string{"delivered"}},
	{"failed", []string{"failed"}}, {"uncertain", []string{"uncertain"}}, {"cancelled", []string{"cancelled"}},
}

func (s *Server) fillMessages(c echo.Context, ip *invitationsPage, a practice.Asking) (err error) {
	ctx, l := c.Request().Context(), ip.L
	counts, err := s.Store.MessageCounts(ctx, a.PracticeID)
	if err != nil {
		return err
	}
	for len(counts) > 0 {
		month := counts[0].Month
		end := slices.IndexFunc(counts, func(m store.MessageCounts) bool { return m.Month != month })
		if end < 0 {
			end = len(counts)
		}
		row, err := newMonthRow(l, month, counts[:end])
		if err != nil {
			return err
		}
		ip.Months, counts = append(ip.Months, row), counts[end:]
	}
	spent, err := s.Store.Spent(ctx, a.PracticeID, calendar.MonthOf(s.Now()))
	if err != nil {
		return err
	}
	ip.CapSays = l.T("invitations.cap_says", "Spent", kroner(l, spent), "Cap", kroner(l, a.CapOre))
	ip.Uncertain, err = s.Store.MessagesIn(ctx, a.PracticeID, "uncertain")
	return err
}

func newMonthRow(l i18n.Language, month string, counts []store.MessageCounts) (monthRow, error) {
	at, err := time.Parse("2006-01", month)
	if err != nil {
		return monthRow{}, err
	}
	row := monthRow{Month: l.Period(calendar.Period{Unit: calendar.Monthly, Year: at.Year(), N: int(at.Month())})}
	byState, reminders, ore := map[string]int{}, 0, 0
	for _, m := range counts {
		if m.Reminder {
			reminders += m.N
		} else {
			byState[m.State] += m.N
		}
		if m.Reminder || m.State != "cancelled" {
			ore += m.Ore
		}
	}
	for _, column := range stateColumns {
		n := 0
		for _, state := range column.states {
			n += byState[state]
		}
		row.Cells = append(row.Cells, monthCell{l.T("invitations.col_" + column.key), l.Number(float64(n), 0)})
	}
	row.Cells = append(row.Cells, monthCell{l.T("invitations.col_reminders"), l.Number(float64(reminders), 0)}, monthCell{l.T("invitations.col_cost"), kroner(l, ore)})
	return row, nil
}

// resendMessage sends again a message of which nobody knows whether it went out: somebody has decided that
// one too many is better than none.
func (s *Server) resendMessage(c echo.Context) error {
	p := inPractice(c)
	if _, err := s.mayAsk(c); err != nil {
		return err
	}
	if err := s.Inviter.Resend(c.Request().Context(), p.ID, c.Param("message")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/practices/"+p.ID+"/invitations?done=again")
}

// stopNumber notes that somebody at the desk does not want to be asked. Whoever is told may note it: it
// should not have to wait for the lead.
func (s *Server) stopNumber(c echo.Context) error {
	p := inPractice(c)
	values, err := readForm(c)
	if err != nil {
		return err
	}
	n, err := sms.ParseNumber(values.Get(fieldNumber))
	if err != nil {
		return s.renderInvitations(c, http.StatusUnprocessableEntity, fieldNumber, fault.As(err))
	}
	if err := s.Store.OptOutNumber(c.Request().Context(), p.ID, n); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/practices/"+p.ID+"/invitations?done=stopped")
}
