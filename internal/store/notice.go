package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// Notice is a practice's privacy notice as its settings make it now, and the last one that was approved.
func (s *Store) Notice(ctx context.Context, practiceID string, in practice.Installation) (practice.NoticeState, error) {
	state, err := readNotice(ctx, s.db, practiceID, in)
	return state, explain(err)
}

// NoticeApproved reports whether the lead has approved the notice as it is now.
func (s *Store) NoticeApproved(ctx context.Context, practiceID string, in practice.Installation) (bool, error) {
	state, err := s.Notice(ctx, practiceID, in)
	return state.Current(), err
}

// LastApproval is the latest notice that a practice's lead approved, the zero Approval if none.
func (s *Store) LastApproval(ctx context.Context, practiceID string) (practice.Approval, error) {
	return lastApproval(ctx, s.db, practiceID)
}

// ApproveNotice keeps the notice as it is now, with the lead's words, as a new version. seen names the facts that
// the lead read: if they are others by now, it is a Conflict and nothing is kept. The same notice once more makes no
// version.
func (s *Store) ApproveNotice(ctx context.Context, practiceID string, in practice.Installation, words practice.NoticeWords, seen string, now time.Time) error {
	if err := words.Check(); err != nil {
		return err
	}
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var id string // two approvals wait for each other
		if err := c.GetContext(ctx, &id, `SELECT id FROM practice WHERE id = $1`+s.forUpdate(), practiceID); err != nil {
			return err
		}
		state, err := readNotice(ctx, c, practiceID, in)
		if err != nil {
			return err
		}
		if state.Now.Seen() != seen {
			return fault.New(fault.Conflict, "notice.changed_meanwhile")
		}
		if state.Current() && state.Approved.Notice.Lead == words {
			return nil
		}
		state.Now.Lead = words
		value, err := json.Marshal(state.Now)
		if err != nil {
			return err
		}
		version := state.Approved.Version + 1
		if _, err := c.ExecContext(ctx, `INSERT INTO notice (practice_id, version, value, approved_by, approved_at) VALUES ($1, $2, $3, $4, $5)`,
			practiceID, version, string(value), practice.ActorIn(ctx).Name, now.UTC().Truncate(time.Second)); err != nil {
			return err
		}
		return record(ctx, c, practiceID, practice.NoticeApproved, fmt.Sprint(version))
	})
}

// Approvals lists the notices that a practice's lead approved, the latest first.
func (s *Store) Approvals(ctx context.Context, practiceID string) ([]practice.Approval, error) {
	return approvals(ctx, s.db, practiceID, "")
}

func lastApproval(ctx context.Context, c sqlx.QueryerContext, practiceID string) (practice.Approval, error) {
	as, err := approvals(ctx, c, practiceID, " LIMIT 1")
	if err != nil || len(as) == 0 {
		return practice.Approval{}, err
	}
	return as[0], nil
}

func approvals(ctx context.Context, c sqlx.QueryerContext, practiceID, limit string) ([]practice.Approval, error) {
	var rows []struct {
		Version int       `db:"version"`
		Value   string    `db:"value"`
		By      string    `db:"approved_by"`
		At      time.Time `db:"approved_at"`
	}
	if err := sqlx.SelectContext(ctx, c, &rows, `SELECT version, value, approved_by, approved_at FROM notice
		WHERE practice_id = $1 ORDER BY version DESC`+limit, practiceID); err != nil {
		return nil, err
	}
	as := make([]practice.Approval, len(rows))
	for i, row := range rows {
		as[i] = practice.Approval{Version: row.Version, By: row.By, At: row.At.UTC()}
		if err := json.Unmarshal([]byte(row.Value), &as[i].Notice); err != nil {
			return nil, fmt.Errorf("read notice %d of practice %s: %w", row.Version, practiceID, err)
		}
	}
	return as, nil
}

func readNotice(ctx context.Context, c sqlx.QueryerContext, practiceID string, in practice.Installation) (state practice.NoticeState, err error) {
	var p practice.Practice
	if err := sqlx.GetContext(ctx, c, &p, `SELECT `+practiceColumns+` FROM practice WHERE id = $1`, practiceID); err != nil {
		return state, err
	}
	info, err := readInfo(ctx, c, practiceID, "")
	if err != nil {
		return state, err
	}
	var has struct {
		Points bool `db:"points"`
		Slips  bool `db:"slips"`
		Asked  bool `db:"asked"`
	}
	// Opting out of all practices at once is by no practice's message.
	if err := sqlx.GetContext(ctx, c, &has, `SELECT
		EXISTS (SELECT 1 FROM point WHERE practice_id = $1 AND NOT retired) AS points,
		EXISTS (SELECT 1 FROM invitation WHERE practice_id = $1 AND channel = 'slip') AS slips,
		EXISTS (SELECT 1 FROM message WHERE practice_id = $1)
			OR EXISTS (SELECT 1 FROM quarantine WHERE practice_id = $1)
			OR EXISTS (SELECT 1 FROM optout WHERE practice_id = $1)
			OR EXISTS (SELECT 1 FROM invitation WHERE practice_id = $1 AND channel = 'sms') AS asked`, practiceID); err != nil {
		return state, err
	}
	asking, err := askingOf(ctx, c, practiceID)
	if err != nil {
		return state, err
	}
	if state.Approved, err = lastApproval(ctx, c, practiceID); err != nil {
		return state, err
	}
	a := info.Contact
	f := practice.NoticeFacts{Edition: practice.NoticeEdition, Name: p.Name, Organisation: a.Organisation, Street: a.Street,
		Place: strings.TrimSpace(a.PostalCode + " " + a.Place), Phone: p.Phone, Processor: in.Processor, Floor: in.Floor,
		// Going live switches it on: what is approved before is to hold then.
		Points: has.Points && (p.QR || !p.Live), Slips: has.Slips, Terms: in.Terms}
	switch {
	case asking.SMS && in.Gateway:
		f.SMS = practice.SMSNow
	case has.Asked:
		f.SMS = practice.SMSBefore
	}
	if f.SMS != practice.SMSNever {
		f.Wait, f.Reminder = asking.QuarantineDays, asking.Reminder && f.SMS == practice.SMSNow
	}
	if err := sqlx.SelectContext(ctx, c, &f.Networks, `SELECT n.name FROM participation p JOIN network n ON n.id = p.network_id
		WHERE p.practice_id = $1 AND p.state = 'joined'`, practiceID); err != nil {
		return state, err
	}
	slices.Sort(f.Networks) // by us and not by an engine's idea of the alphabet
	state.Now = practice.Notice{NoticeFacts: f, Lead: state.Approved.Notice.Lead}
	return state, nil
}
