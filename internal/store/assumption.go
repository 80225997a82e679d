package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// SaveAssumptions keeps what somebody believes of a period's result before seeing it. Once they have
// opened that result it is a Conflict.
func (s *Store) SaveAssumptions(ctx context.Context, accountID string, k Key, period string, as []practice.Assumption) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		opened, err := isOpened(ctx, c, accountID, k, period)
		if err != nil {
			return err
		}
		if opened {
			return fault.New(fault.Conflict, "assumption.locked")
		}
		for _, a := range as {
			if _, err := c.ExecContext(ctx, `INSERT INTO assumption (account_id, practice_id, survey, version, period, question, believed, own)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
				ON CONFLICT (account_id, practice_id, survey, version, period, question)
				DO UPDATE SET believed = excluded.believed, own = excluded.own`,
				accountID, k.PracticeID, k.Survey, k.Version, period, a.Question, a.Believed, a.Own); err != nil {
				return err
			}
		}
		return nil
	})
}

// OpenResult notes that somebody has seen a period's result; what they believed is locked from then on.
func (s *Store) OpenResult(ctx context.Context, accountID string, k Key, period string) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO opening (account_id, practice_id, survey, version, period)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, accountID, k.PracticeID, k.Survey, k.Version, period)
	return explain(err)
}

// ResultOpened reports whether somebody has seen a period's result.
func (s *Store) ResultOpened(ctx context.Context, accountID string, k Key, period string) (bool, error) {
	return isOpened(ctx, s.db, accountID, k, period)
}

func isOpened(ctx context.Context, q sqlx.QueryerContext, accountID string, k Key, period string) (opened bool, err error) {
	err = sqlx.GetContext(ctx, q, &opened, `SELECT EXISTS (SELECT 1 FROM opening
		WHERE account_id = $1 AND practice_id = $2 AND survey = $3 AND version = $4 AND period = $5)`,
		accountID, k.PracticeID, k.Survey, k.Version, period)
	return opened, err
}

// Assumptions returns what somebody believed of a period, by question.
func (s *Store) Assumptions(ctx context.Context, accountID string, k Key, period string) (map[string]practice.Assumption, error) {
	var rows []practice.Assumption
	err := s.db.SelectContext(ctx, &rows, `SELECT question, believed, own FROM assumption
		WHERE account_id = $1 AND practice_id = $2 AND survey = $3 AND version = $4 AND period = $5`,
		accountID, k.PracticeID, k.Survey, k.Version, period)
	as := make(map[string]practice.Assumption, len(rows))
	for _, a := range rows {
		as[a.Question] = a
	}
	return as, err
}

// OwnAssumption is an assumption with what it is of.
type OwnAssumption struct {
	Survey  string `db:"survey"`
	Version int    `db:"version"`
	Period  string `db:"period"`
	practice.Assumption
}

// OwnAssumptions lists all that somebody believed of a practice's results, the earliest period first.
func (s *Store) OwnAssumptions(ctx context.Context, practiceID, accountID string) (as []OwnAssumption, err error) {
	err = s.db.SelectContext(ctx, &as, `SELECT survey, version, period, question, believed, own FROM assumption
		WHERE practice_id = $1 AND account_id = $2 ORDER BY period, survey, version, question`, practiceID, accountID)
	return as, err
}
