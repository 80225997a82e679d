package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// Steps returns what a practice has done of its setting up.
func (s *Store) Steps(ctx context.Context, practiceID string) (practice.Steps, error) {
	var rows []struct {
		Step string `db:"step"`
		On   string `db:"done_on"`
	}
	err := s.db.SelectContext(ctx, &rows, `SELECT step, done_on FROM setup WHERE practice_id = $1`, practiceID)
	steps := make(practice.Steps, len(rows))
	for _, r := range rows {
		steps[practice.Step(r.Step)] = practice.Date(r.On)
	}
	return steps, err
}

// TakeStep notes that a practice has done a step. Done before, it stays as it was.
func (s *Store) TakeStep(ctx context.Context, practiceID string, step practice.Step, on practice.Date) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		r, err := c.ExecContext(ctx, `INSERT INTO setup (practice_id, step, done_on) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			practiceID, string(step), string(on))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return record(ctx, c, practiceID, practice.StepTaken, string(step))
	})
}

// GoLive lets a practice's answers count from now on, and takes them by QR code. A practice that is live stays as
// it is.
func (s *Store) GoLive(ctx context.Context, practiceID string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		r, err := c.ExecContext(ctx, `UPDATE practice SET live = TRUE, qr = TRUE WHERE id = $1 AND NOT live`, practiceID)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := record(ctx, c, practiceID, practice.WentLive, ""); err != nil {
			return err
		}
		return record(ctx, c, practiceID, practice.QROn, "")
	})
}

// live is a practice that counts answers; of one that does not yet it is a Conflict.
func live(ctx context.Context, c sqlx.QueryerContext, practiceID string) (p practice.Practice, err error) {
	if err := sqlx.GetContext(ctx, c, &p, `SELECT `+practiceColumns+` FROM practice WHERE id = $1`, practiceID); err != nil {
		return p, err
	}
	if !p.Live {
		return p, fault.New(fault.Conflict, "setup.first")
	}
	return p, nil
}
