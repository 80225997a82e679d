package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// CreateAccount stores an account (Email folded, Password hashed) with its roles. An e-mail address
// that has an account gets a Conflict.
func (s *Store) CreateAccount(ctx context.Context, a practice.Account, members ...practice.Member) (practice.Account, error) {
	a.ID = newID()
	err := s.tx(ctx, func(c *sqlx.Tx) error {
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
	})
	return a, err
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

// SessionStore keeps staff sessions in the database, in the shape package scs asks for.
type SessionStore struct {
	store     *Store
	accountOf func(data []byte) string
}

// Sessions is where staff sessions are kept. accountOf reads a session's account from its data, empty for
// nobody's: it is kept beside the data, so that somebody's sessions can be ended together.
func (s *Store) Sessions(accountOf func(data []byte) string) SessionStore {
	return SessionStore{s, accountOf}
}

// FindCtx returns a session's data; found is false if there is none or it has ended.
func (ss SessionStore) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	var text string
	err = ss.store.db.GetContext(ctx, &text, `SELECT data FROM session WHERE token = $1 AND expires_at > $2`,
		token, time.Now().UTC().Truncate(time.Second))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	data, err = base64.StdEncoding.DecodeString(text)
	return data, err == nil, err
}

// CommitCtx stores a session.
func (ss SessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, err := ss.store.write.ExecContext(ctx, `INSERT INTO session (token, data, expires_at, account_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at, account_id = excluded.account_id`,
		token, base64.StdEncoding.EncodeToString(data), expiry.UTC().Truncate(time.Second), ss.accountOf(data))
	return err
}

// DeleteCtx ends a session.
func (ss SessionStore) DeleteCtx(ctx context.Context, token string) error {
	_, err := ss.store.write.ExecContext(ctx, `DELETE FROM session WHERE token = $1`, token)
	return err
}

// Find is FindCtx for the interface's sake.
func (ss SessionStore) Find(token string) ([]byte, bool, error) {
	return ss.FindCtx(context.Background(), token)
}

// Commit is CommitCtx for the interface's sake.
func (ss SessionStore) Commit(token string, data []byte, expiry time.Time) error {
	return ss.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx for the interface's sake.
func (ss SessionStore) Delete(token string) error { return ss.DeleteCtx(context.Background(), token) }

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
