package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// Info is what a practice tells patients about itself; sections that were never filled in are empty.
func (s *Store) Info(ctx context.Context, practiceID string) (practice.Info, error) {
	info, err := readInfo(ctx, s.db, practiceID, "")
	return info, explain(err)
}

// ChangeInfo changes one section of what a practice tells patients, and confirms it on a day. What change
// does to other sections is not kept; to the telephone number it is, with the section contact.
func (s *Store) ChangeInfo(ctx context.Context, practiceID string, section practice.Section, on practice.Date, change func(*practice.Info) error) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		// The practice's row is there before any of its sections is, so two changes wait for each other.
		info, err := readInfo(ctx, c, practiceID, s.forUpdate())
		if err != nil {
			return err
		}
		if err := change(&info); err != nil {
			return err
		}
		if err := info.CheckSection(section); err != nil {
			return err
		}
		if section == "contact" {
			if _, err := c.ExecContext(ctx, `UPDATE practice SET phone = $1 WHERE id = $2`, info.Phone, practiceID); err != nil {
				return err
			}
		}
		value, err := json.Marshal(info.Value(section))
		if err != nil {
			return err
		}
		if _, err = c.ExecContext(ctx, `INSERT INTO practice_info (practice_id, section, value, confirmed_on) VALUES ($1, $2, $3, $4)
			ON CONFLICT (practice_id, section) DO UPDATE SET value = excluded.value, confirmed_on = excluded.confirmed_on`,
			practiceID, string(section), string(value), string(on)); err != nil {
			return err
		}
		return record(ctx, c, practiceID, practice.PageChanged, string(section))
	})
}

// ConfirmInfo notes that a section is still right. One that was never filled in is NotFound.
func (s *Store) ConfirmInfo(ctx context.Context, practiceID string, section practice.Section, on practice.Date) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		r, err := c.ExecContext(ctx, `UPDATE practice_info SET confirmed_on = $1 WHERE practice_id = $2 AND section = $3`,
			string(on), practiceID, string(section))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return fault.New(fault.NotFound, "error.not_found").Because(err)
		}
		return record(ctx, c, practiceID, practice.PageConfirmed, string(section))
	})
}

func readInfo(ctx context.Context, c sqlx.QueryerContext, practiceID, lock string) (practice.Info, error) {
	info := practice.Info{Confirmed: map[practice.Section]practice.Date{}}
	if err := sqlx.GetContext(ctx, c, &info.Phone, `SELECT phone FROM practice WHERE id = $1`+lock, practiceID); err != nil {
		return info, err
	}
	var rows []struct {
		Section string `db:"section"`
		Value   string `db:"value"`
		On      string `db:"confirmed_on"`
	}
	if err := sqlx.SelectContext(ctx, c, &rows, `SELECT section, value, confirmed_on FROM practice_info WHERE practice_id = $1`, practiceID); err != nil {
		return info, err
	}
	for _, row := range rows {
		to := info.Value(practice.Section(row.Section))
		if to == nil {
			continue // of a later release
		}
		if err := json.Unmarshal([]byte(row.Value), to); err != nil {
			return info, fmt.Errorf("read section %s of practice %s: %w", row.Section, practiceID, err)
		}
		info.Confirmed[practice.Section(row.Section)] = practice.Date(row.On)
	}
	return info, nil
}
