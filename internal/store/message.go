package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
)

// Asking returns how a practice asks.
func (s *Store) Asking(ctx context.Context, practiceID string) (practice.Asking, error) {
	return askingOf(ctx, s.db, practiceID)
}

func askingOf(ctx context.Context, q sqlx.QueryerContext, practiceID string) (a practice.Asking, err error) {
	err = sqlx.GetContext(ctx, q, &a, `SELECT practice_id, sms, sender, template_nb, template_nn, template_en, language, rule, rule_n,
		quarantine_days, reminder, sending_hours, cap_ore, visits_week, passed FROM asking WHERE practice_id = $1`, practiceID)
	if errors.Is(err, sql.ErrNoRows) {
		return practice.DefaultAsking(practiceID), nil
	}
	return a, err
}

// SaveAsking keeps how a practice asks. What its rule has passed over so far stays.
func (s *Store) SaveAsking(ctx context.Context, a practice.Asking) error {
	if err := a.Check(); err != nil {
		return err
	}
	return s.tx(ctx, func(c *sqlx.Tx) error {
		before, err := askingOf(ctx, c, a.PracticeID)
		if err != nil {
			return err
		}
		if a.SMS && !before.SMS {
			if _, err := live(ctx, c, a.PracticeID); err != nil {
				return err
			}
		}
		if _, err := c.NamedExecContext(ctx, `INSERT INTO asking (practice_id, sms, sender, template_nb, template_nn, template_en, language, rule, rule_n,
				quarantine_days, reminder, sending_hours, cap_ore, visits_week)
			VALUES (:practice_id, :sms, :sender, :template_nb, :template_nn, :template_en, :language, :rule, :rule_n,
				:quarantine_days, :reminder, :sending_hours, :cap_ore, :visits_week)
			ON CONFLICT (practice_id) DO UPDATE SET sms = excluded.sms, sender = excluded.sender, template_nb = excluded.template_nb,
				template_nn = excluded.template_nn, template_en = excluded.template_en, language = excluded.language, rule = excluded.rule,
				rule_n = excluded.rule_n, quarantine_days = excluded.quarantine_days, reminder = excluded.reminder,
				sending_hours = excluded.sending_hours, cap_ore = excluded.cap_ore, visits_week = excluded.visits_week`, a); err != nil {
			return err
		}
		if a.SMS != before.SMS {
			action := practice.SMSOff
			if a.SMS {
				action = practice.SMSOn
			}
			if err := record(ctx, c, a.PracticeID, action, ""); err != nil {
				return err
			}
		}
		if before.SMS, before.Passed = a.SMS, a.Passed; a == before {
			return nil
		}
		return record(ctx, c, a.PracticeID, practice.AskingChanged, "")
	})
}

// hashNumber is what is kept of a number that does not want to be asked.
func (s *Store) hashNumber(n sms.Number) string {
	return base64.RawURLEncoding.EncodeToString(keyed(s.keys.number, n.E164())[:18])
}

// markOf is what is kept of a number that was asked, for as long as it is not to be asked again: twenty
// bits, which some twenty of the plan's twenty million numbers share. Of those who were not asked, about
// one in a million for each who was is left out for nothing.
func (s *Store) markOf(practiceID string, n sms.Number) int {
	return int(binary.BigEndian.Uint32(keyed(s.keys.number, practiceID+" "+n.E164())) >> 12)
}

// Standing is why a number is not asked now; Free is that it may be.
type Standing int

// The standings.
const (
	Free Standing = iota
	OptedOut
	Quarantined
)

// Standings tells of each number whether a practice may ask it now.
func (s *Store) Standings(ctx context.Context, practiceID string, numbers []sms.Number, now time.Time) ([]Standing, error) {
	return s.standings(ctx, s.db, practiceID, numbers, now)
}

func (s *Store) standings(ctx context.Context, q sqlx.QueryerContext, practiceID string, numbers []sms.Number, now time.Time) ([]Standing, error) {
	out := make([]Standing, len(numbers))
	for i, n := range numbers {
		var opted, marked bool
		if err := sqlx.GetContext(ctx, q, &opted, `SELECT EXISTS (SELECT 1 FROM optout WHERE number = $1 AND (practice_id = $2 OR practice_id IS NULL))`,
			s.hashNumber(n), practiceID); err != nil {
			return nil, err
		}
		if err := sqlx.GetContext(ctx, q, &marked, `SELECT EXISTS (SELECT 1 FROM quarantine WHERE practice_id = $1 AND mark = $2 AND until_on >= $3)`,
			practiceID, s.markOf(practiceID, n), today(now)); err != nil {
			return nil, err
		}
		switch {
		case opted:
			out[i] = OptedOut
		case marked:
			out[i] = Quarantined
		}
	}
	return out, nil
}

// Spent is what a practice's messages of a month such as "2026-11" cost at most, in øre: those that wait are
// included, and reminders that were not sent too, since a sum that fell would tell that somebody answered.
func (s *Store) Spent(ctx context.Context, practiceID, month string) (ore int, err error) {
	return spent(ctx, s.db, practiceID, month)
}

func spent(ctx context.Context, q sqlx.QueryerContext, practiceID, month string) (ore int, err error) {
	err = sqlx.GetContext(ctx, q, &ore, `SELECT COALESCE(sum(ore), 0) FROM message WHERE practice_id = $1 AND month = $2 AND (reminder OR state <> 'cancelled')`, practiceID, month)
	return ore, err
}

// Asked is how many a practice asked of the visits of each of some days.
func (s *Store) Asked(ctx context.Context, practiceID string, days []string) (map[string]int, error) {
	asked := make(map[string]int, len(days))
	for _, day := range days {
		var n int
		if err := s.db.GetContext(ctx, &n, `SELECT COALESCE(sum(n), 0) FROM asked WHERE practice_id = $1 AND period = $2`, practiceID, day); err != nil {
			return nil, err
		}
		asked[day] = n
	}
	return asked, nil
}

// AskedWeekly is how many a practice asked in each week.
func (s *Store) AskedWeekly(ctx context.Context, practiceID string) (map[calendar.Week]int, error) {
	var rows []struct {
		Week calendar.Week `db:"period"`
		N    int           `db:"n"`
	}
	if err := s.db.SelectContext(ctx, &rows, `SELECT period, n FROM asked WHERE practice_id = $1 AND period LIKE '%W%'`, practiceID); err != nil {
		return nil, err
	}
	asked := make(map[calendar.Week]int, len(rows))
	for _, r := range rows {
		asked[r.Week] = r.N
	}
	return asked, nil
}

// AddOpened adds how often forms were opened by links, by practice and week.
func (s *Store) AddOpened(ctx context.Context, opened map[Opened]int) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		for o, n := range opened {
			// A practice may have been deleted since.
			if _, err := c.ExecContext(ctx, `INSERT INTO opened (practice_id, week, n) SELECT id, $2, $3 FROM practice WHERE id = $1
				ON CONFLICT (practice_id, week) DO UPDATE SET n = opened.n + excluded.n`, o.PracticeID, string(o.Week), n); err != nil {
				return err
			}
		}
		return nil
	})
}

// Opened names a practice's week.
type Opened struct {
	PracticeID string
	Week       calendar.Week
}

// Opened is how often forms were opened by a practice's links, by week.
func (s *Store) Opened(ctx context.Context, practiceID string) (map[calendar.Week]int, error) {
	var rows []struct {
		Week calendar.Week `db:"week"`
		N    int           `db:"n"`
	}
	if err := s.db.SelectContext(ctx, &rows, `SELECT week, n FROM opened WHERE practice_id = $1`, practiceID); err != nil {
		return nil, err
	}
	opened := make(map[calendar.Week]int, len(rows))
	for _, r := range rows {
		opened[r.Week] = r.N
	}
	return opened, nil
}

// NewMessage is somebody to be asked: of a visit on Day, in Language, by a message that costs Ore.
type NewMessage struct {
	To       sms.Number
	Day      string
	Language string
	Ore      int
}

// Invite makes an invitation and a message for each of ms, to be sent at the earliest at a given time, in
// one transaction with the jobs of sending them; a reminder too where the practice has chosen one. Whoever
// has opted out or was asked lately is left out, also if they are twice in ms; who is over the practice's
// cap for the month is left out too. ore is what the messages of those invited cost, reminders included. passed
// is how many visits its rule has passed over since it last chose.
func (s *Store) Invite(ctx context.Context, practiceID string, ms []NewMessage, passed int, at, now time.Time) (invited, ore int, err error) {
	err = s.tx(ctx, func(c *sqlx.Tx) error {
		invited, ore = 0, 0
		a, err := s.lockAsking(ctx, c, practiceID)
		if err != nil {
			return err
		}
		if !a.SMS {
			return fault.New(fault.Conflict, "asking.off")
		}
		month := calendar.MonthOf(at)
		gone, err := spent(ctx, c, practiceID, month)
		if err != nil {
			return err
		}
		for _, m := range ms {
			standing, err := s.standings(ctx, c, practiceID, []sms.Number{m.To}, now)
			if err != nil {
				return err
			}
			cost := m.Ore
			if a.Reminder {
				cost *= 2
			}
			if standing[0] != Free || gone+cost > a.CapOre {
				continue
			}
			if err := s.invite(ctx, c, a, m, month, at, now); err != nil {
				return err
			}
			gone += cost
			ore += cost
			invited++
		}
		_, err = c.ExecContext(ctx, `UPDATE asking SET passed = $2 WHERE practice_id = $1`, practiceID, passed)
		return err
	})
	return invited, ore, err
}

// lockAsking reads how a practice asks and keeps other instances from inviting for it meanwhile.
func (s *Store) lockAsking(ctx context.Context, c *sqlx.Tx, practiceID string) (practice.Asking, error) {
	if _, err := c.ExecContext(ctx, `INSERT INTO asking (practice_id) VALUES ($1) ON CONFLICT DO NOTHING`, practiceID); err != nil {
		return practice.Asking{}, err
	}
	var id string
	if err := c.GetContext(ctx, &id, `SELECT practice_id FROM asking WHERE practice_id = $1`+s.forUpdate(), practiceID); err != nil {
		return practice.Asking{}, err
	}
	return askingOf(ctx, c, practiceID)
}

// ReminderDays is how long after its invitation a reminder is sent.
const ReminderDays = 3

const reminderAfter = ReminderDays * 24 * time.Hour

func (s *Store) invite(ctx context.Context, c *sqlx.Tx, a practice.Asking, m NewMessage, month string, at, now time.Time) error {
	token, err := s.newLink(m.To)
	if err != nil {
		return err
	}
	in := practice.Invitation{PracticeID: a.PracticeID, Channel: "sms", Language: m.Language, Expires: days(at, LinkDays)}
	if err := createInvitation(ctx, c, s.hashToken(token), in); err != nil {
		return err
	}
	if err := s.createMessage(ctx, c, a.PracticeID, payload{m.To.E164(), token, m.Language}, m.Ore, month, false, at, now); err != nil {
		return err
	}
	if a.Reminder {
		if err := s.createMessage(ctx, c, a.PracticeID, payload{m.To.E164(), token, m.Language}, m.Ore, month, true, at.Add(reminderAfter), now); err != nil {
			return err
		}
	}
	if _, err := c.ExecContext(ctx, `INSERT INTO quarantine (practice_id, mark, until_on) VALUES ($1, $2, $3)
		ON CONFLICT (practice_id, mark) DO UPDATE SET until_on = excluded.until_on`,
		a.PracticeID, s.markOf(a.PracticeID, m.To), days(now, a.QuarantineDays)); err != nil {
		return err
	}
	for _, period := range []string{m.Day, string(calendar.WeekOf(now))} {
		if _, err := c.ExecContext(ctx, `INSERT INTO asked (practice_id, period, n) VALUES ($1, $2, 1)
			ON CONFLICT (practice_id, period) DO UPDATE SET n = asked.n + 1`, a.PracticeID, period); err != nil {
			return err
		}
	}
	return nil
}

// payload is what a message needs to be sent.
type payload struct {
	To       string `json:"to"`
	Token    string `json:"token"`
	Language string `json:"language"`
}

func (s *Store) createMessage(ctx context.Context, c *sqlx.Tx, practiceID string, p payload, ore int, month string, reminder bool, at, now time.Time) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	id := newID()
	if _, err := c.ExecContext(ctx, `INSERT INTO message (id, practice_id, state, reminder, payload, ore, month, changed_on)
		VALUES ($1, $2, 'queued', $3, $4, $5, $6, $7)`, id, practiceID, reminder, s.keys.payload.seal(text), ore, month, today(now)); err != nil {
		return err
	}
	return s.deliverAt(ctx, c, id, at)
}

func (s *Store) deliverAt(ctx context.Context, c *sqlx.Tx, messageID string, at time.Time) error {
	_, err := s.jobs.InsertTx(ctx, c.Tx, Delivery{messageID}, &river.InsertOpts{ScheduledAt: at, MaxAttempts: attempts})
	return err
}

// Outgoing is a message that is about to be sent.
type Outgoing struct {
	ID, PracticeID  string
	To              sms.Number
	Token, Language string
}

// ErrSettled says that a message is not to be sent, now or ever.
var ErrSettled = errors.New("the message is settled")

// ClaimMessage moves a queued message to sending, before it is given to the gateway: sending is at most
// once. One that was left in sending by a process that died is made uncertain, since nobody knows whether
// it went out. A reminder whose invitation is used, and whoever has opted out meanwhile, is cancelled. For
// all but a claimed message the error is ErrSettled.
func (s *Store) ClaimMessage(ctx context.Context, id string, now time.Time) (out Outgoing, err error) {
	settled := false
	err = s.tx(ctx, func(c *sqlx.Tx) error {
		out, settled = Outgoing{}, true
		var m struct {
			PracticeID string `db:"practice_id"`
			State      string `db:"state"`
			Reminder   bool   `db:"reminder"`
			Payload    string `db:"payload"`
		}
		err := c.GetContext(ctx, &m, `SELECT practice_id, state, reminder, payload FROM message WHERE id = $1`+s.forUpdate(), id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // the practice is gone
		}
		if err != nil {
			return err
		}
		switch m.State {
		case "sending":
			return s.setState(ctx, c, id, "uncertain", now)
		case "queued":
		default:
			return nil
		}
		p, to, err := s.openPayload(m.Payload)
		if err != nil {
			return err
		}
		var opted, over bool
		if err := c.GetContext(ctx, &opted, `SELECT EXISTS (SELECT 1 FROM optout WHERE number = $1 AND (practice_id = $2 OR practice_id IS NULL))`,
			s.hashNumber(to), m.PracticeID); err != nil {
			return err
		}
		if err := c.GetContext(ctx, &over, `SELECT NOT EXISTS (SELECT 1 FROM invitation WHERE hash = $1 AND expires_on >= $2 AND NOT used)`,
			s.hashToken(p.Token), today(now)); err != nil {
			return err
		}
		if opted || over {
			return s.setState(ctx, c, id, "cancelled", now)
		}
		out, settled = Outgoing{id, m.PracticeID, to, p.Token, p.Language}, false
		return s.setState(ctx, c, id, "sending", now)
	})
	if err == nil && settled {
		err = ErrSettled
	}
	return out, err
}

func (s *Store) openPayload(sealed string) (p payload, to sms.Number, err error) {
	text, err := s.keys.payload.open(sealed)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err == nil {
		to, err = sms.ParseNumber(p.To)
	}
	return p, to, err
}

// setState changes a message's state; from the moment that nothing more can be sent its payload is gone.
func (s *Store) setState(ctx context.Context, c sqlx.ExecerContext, id, state string, now time.Time) error {
	keep := state == "queued" || state == "sending" || state == "uncertain"
	_, err := c.ExecContext(ctx, `UPDATE message SET state = $2, changed_on = $3, payload = CASE WHEN $4 THEN payload ELSE '' END WHERE id = $1`, id, state, today(now), keep)
	return err
}

// SettleMessage records what came of handing a message over: "sent", "failed", "uncertain", or "queued"
// where it certainly was not taken and is to be tried again. A report of delivery that came first stands, and
// of a message whose practice is gone nothing is kept.
func (s *Store) SettleMessage(ctx context.Context, id, state string, now time.Time) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var was string
		err := c.GetContext(ctx, &was, `SELECT state FROM message WHERE id = $1`+s.forUpdate(), id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if was == "sending" || was == "uncertain" && state == "sent" {
			return s.setState(ctx, c, id, state, now)
		}
		return nil
	})
}

// ReportMessage takes a gateway's report: "delivered" or "failed". It is the last word on a message that was
// sent, or may have been; of any other it changes nothing.
func (s *Store) ReportMessage(ctx context.Context, id, state string, now time.Time) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var was string
		if err := c.GetContext(ctx, &was, `SELECT state FROM message WHERE id = $1`+s.forUpdate(), id); err != nil {
			return err
		}
		if was == "sending" || was == "sent" || was == "uncertain" {
			return s.setState(ctx, c, id, state, now)
		}
		return nil
	})
}

// ResendMessage tries again a message of a practice of which nobody knows whether it went out. It is for a
// person to decide: it may be the second.
func (s *Store) ResendMessage(ctx context.Context, practiceID, id string, at, now time.Time) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		r, err := c.ExecContext(ctx, `UPDATE message SET state = 'queued', changed_on = $3
			WHERE id = $1 AND practice_id = $2 AND state = 'uncertain' AND payload <> ''`, id, practiceID, today(now))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return cmp.Or[error](err, fault.New(fault.NotFound, "error.not_found"))
		}
		return s.deliverAt(ctx, c, id, at)
	})
}

// MessageCounts is how many messages of a practice are in a state, by month, the latest first. What became
// of reminders must not be shown while answers are not: one is cancelled because its reader has answered.
type MessageCounts struct {
	Month    string `db:"month"`
	Reminder bool   `db:"reminder"`
	State    string `db:"state"`
	N        int    `db:"n"`
	Ore      int    `db:"ore"`
}

// MessageCounts counts a practice's messages.
func (s *Store) MessageCounts(ctx context.Context, practiceID string) (counts []MessageCounts, err error) {
	err = s.db.SelectContext(ctx, &counts, `SELECT month, reminder, state, count(*) AS n, sum(ore) AS ore FROM message
		WHERE practice_id = $1 GROUP BY month, reminder, state ORDER BY month DESC, reminder, state`, practiceID)
	return counts, err
}

// MessageStates counts the messages of all practices by state. Reminders and what was cancelled are left out: that
// falls or grows because somebody has answered, or wants no more.
func (s *Store) MessageStates(ctx context.Context) (map[string]int, error) {
	states := map[string]int{"queued": 0, "sending": 0, "sent": 0, "delivered": 0, "failed": 0, "uncertain": 0}
	var rows []struct {
		State string `db:"state"`
		N     int    `db:"n"`
	}
	err := s.db.SelectContext(ctx, &rows, `SELECT state, count(*) AS n FROM message WHERE NOT reminder AND state <> 'cancelled' GROUP BY state`)
	for _, r := range rows {
		states[r.State] = r.N
	}
	return states, err
}

// MessagesIn lists the messages of a practice that are in a state and can still be sent.
func (s *Store) MessagesIn(ctx context.Context, practiceID, state string) (ids []string, err error) {
	err = s.db.SelectContext(ctx, &ids, `SELECT id FROM message WHERE practice_id = $1 AND state = $2 AND payload <> '' ORDER BY changed_on, id`, practiceID, state)
	return ids, err
}

// OptOut notes that the number an invitation was sent to does not want to be asked again by its practice.
func (s *Store) OptOut(ctx context.Context, token string) error {
	in, _, err := s.Invitation(ctx, token)
	if err != nil {
		return err
	}
	n, err := s.numberIn(token)
	if err != nil {
		return err
	}
	return s.optOut(ctx, &in.PracticeID, n)
}

// OptOutNumber notes that a number does not want to be asked again: by one practice, or with an empty id by
// any here.
func (s *Store) OptOutNumber(ctx context.Context, practiceID string, n sms.Number) error {
	if practiceID == "" {
		return s.optOut(ctx, nil, n)
	}
	return s.optOut(ctx, &practiceID, n)
}

// OptOuts is how many do not want to be asked by a practice.
func (s *Store) OptOuts(ctx context.Context, practiceID string) (n int, err error) {
	err = s.db.GetContext(ctx, &n, `SELECT count(*) FROM optout WHERE practice_id = $1`, practiceID)
	return n, err
}

func (s *Store) optOut(ctx context.Context, practiceID *string, n sms.Number) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		// Without a practice the uniqueness of a row is ours to see to: NULLs are all different.
		var there bool
		if err := c.GetContext(ctx, &there, `SELECT EXISTS (SELECT 1 FROM optout WHERE number = $1 AND (practice_id = $2 OR practice_id IS NULL))`, s.hashNumber(n), practiceID); err != nil || there {
			return err
		}
		_, err := c.ExecContext(ctx, `INSERT INTO optout (id, practice_id, number) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, newID(), practiceID, s.hashNumber(n))
		return err
	})
}

// How long what asking leaves behind is kept. NumberHours is the longest that a number is kept of which nobody
// knows whether its message was sent: tidying by days, it goes after two. QueuedDays is for one that could
// not be sent at all. MessageDays is for a year's sums, AskedDays for a rule that asks so many of a day's visits.
const (
	NumberHours = 72
	QueuedDays  = 2 * LinkDays
	MessageDays = 400
	AskedDays   = 60
)

// tidyAsking forgets what time has made useless of invitations and messages. A message that is uncertain,
// or still not sent although its time is over, loses its number after two days: the day after that is the
// third. What a report has not said in three days is not waited for.
func tidyAsking(ctx context.Context, c *sqlx.Tx, now time.Time) error {
	for _, f := range []struct {
		query string
		day   string
	}{
		{`DELETE FROM invitation WHERE expires_on < $1`, days(now, -SlipDays)},
		{`UPDATE message SET payload = '' WHERE payload <> '' AND state IN ('uncertain', 'sending') AND changed_on < $1`, days(now, 2-NumberHours/24)},
		{`UPDATE message SET payload = '', state = 'cancelled' WHERE state = 'queued' AND changed_on < $1`, days(now, -QueuedDays)},
		{`DELETE FROM message WHERE changed_on < $1`, days(now, -MessageDays)},
		{`DELETE FROM quarantine WHERE until_on < $1`, today(now)},
		{`DELETE FROM asked WHERE period < $1 AND period NOT LIKE '%W%'`, days(now, -AskedDays)},
		{`DELETE FROM answered WHERE forget_on < $1`, today(now)},
	} {
		if _, err := c.ExecContext(ctx, f.query, f.day); err != nil {
			return fmt.Errorf("%s: %w", strings.Fields(f.query)[2], err)
		}
	}
	return nil
}
