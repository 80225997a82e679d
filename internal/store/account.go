package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// CreateAccount stores an account (Email folded, Password hashed) with its roles. An e-mail address
// that has an account gets a Conflict.
func (s *Store) CreateAccount(ctx context.Context, a practice.Account, members ...practice.Member) (practice.Account, error) {
	a.ID = newID()
	err := s.tx(ctx, func(c *sqlx.Tx) error { return createAccount(ctx, c, a, members) })
	return a, err
}

func createAccount(ctx context.Context, c *sqlx.Tx, a practice.Account, members []practice.Member) error {
	if _, err := c.NamedExecContext(ctx, `INSERT INTO account (id, email, name, password, operator)
		VALUES (:id, :email, :name, :password, :operator)`, a); err != nil {
		return err
	}
	for _, m := range members {
		if _, err := c.ExecContext(ctx, `INSERT INTO member (account_id, practice_id, role) VALUES ($1, $2, $3)`,
			a.ID, m.PracticeID, string(m.Role)); err != nil {
			return err
		}
		if err := record(ctx, c, m.PracticeID, practice.PersonAdded, a.Called()); err != nil {
			return err
		}
	}
	if len(members) > 0 {
		return nil
	}
	return record(ctx, c, "", practice.AccountAdded, a.Called())
}

const selectAccount = `SELECT id, email, name, password, operator FROM account`

// Account finds an account by id.
func (s *Store) Account(ctx context.Context, id string) (a practice.Account, err error) {
	err = s.db.GetContext(ctx, &a, selectAccount+` WHERE id = $1`, id)
	return a, explain(err)
}

// AccountByEmail finds an account by its folded e-mail address.
func (s *Store) AccountByEmail(ctx context.Context, email string) (a practice.Account, err error) {
	err = s.db.GetContext(ctx, &a, selectAccount+` WHERE email = $1`, email)
	return a, explain(err)
}

// Members lists an account's roles.
func (s *Store) Members(ctx context.Context, accountID string) (ms []practice.Member, err error) {
	err = s.db.SelectContext(ctx, &ms, `SELECT practice_id, role FROM member WHERE account_id = $1 ORDER BY practice_id`, accountID)
	return ms, err
}

// SetPassword changes an account's password (hashed).
func (s *Store) SetPassword(ctx context.Context, accountID, hash string) error {
	_, err := s.write.ExecContext(ctx, `UPDATE account SET password = $1 WHERE id = $2`, hash, accountID)
	return err
}

// ResetAccount gives an account a new password (hashed) and takes away its second factors, recovery codes and
// sessions: for somebody who has lost them all.
func (s *Store) ResetAccount(ctx context.Context, accountID, hash string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := c.ExecContext(ctx, `UPDATE account SET password = $1 WHERE id = $2`, hash, accountID); err != nil {
			return err
		}
		for _, table := range []string{"passkey", "totp", "recovery"} {
			if _, err := c.ExecContext(ctx, `DELETE FROM `+table+` WHERE account_id = $1`, accountID); err != nil {
				return err
			}
		}
		return endSessions(ctx, c, accountID, "")
	})
}

// PinSurvey remembers the checksum of a survey's version the first time it is used here; another
// checksum under the same version is a Conflict, because counts are kept by its codes.
func (s *Store) PinSurvey(ctx context.Context, id string, version int, checksum string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := c.ExecContext(ctx, `INSERT INTO survey_version (survey, version, checksum) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING`, id, version, checksum); err != nil {
			return err
		}
		var pinned string
		if err := c.GetContext(ctx, &pinned, `SELECT checksum FROM survey_version WHERE survey = $1 AND version = $2`, id, version); err != nil {
			return err
		}
		if pinned != checksum {
			return fault.New(fault.Conflict, "survey.changed").With("Survey", id)
		}
		return nil
	})
}
