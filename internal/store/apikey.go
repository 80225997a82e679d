package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// CreateAPIKey makes a key for a practice's machines and returns it. It cannot be had again: only its
// hash is kept.
func (s *Store) CreateAPIKey(ctx context.Context, practiceID, label string) (key string, err error) {
	k := practice.APIKey{ID: newID(), PracticeID: practiceID, Label: label}
	if err := k.Check(); err != nil {
		return "", err
	}
	key = practice.NewAPIKey()
	err = s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := c.ExecContext(ctx, `INSERT INTO api_key (id, practice_id, hash, label) VALUES ($1, $2, $3, $4)`,
			k.ID, k.PracticeID, s.hashToken(key), k.Label); err != nil {
			return err
		}
		return record(ctx, c, k.PracticeID, practice.KeyMade, k.Label)
	})
	return key, err
}

// APIKey finds a key as a machine shows it. One that never was, or is revoked, is Unauthorized.
func (s *Store) APIKey(ctx context.Context, key string) (k practice.APIKey, err error) {
	err = s.db.GetContext(ctx, &k, `SELECT id, practice_id, label, revoked FROM api_key WHERE hash = $1 AND NOT revoked`, s.hashToken(key))
	if errors.Is(err, sql.ErrNoRows) {
		return k, fault.New(fault.Unauthorized, "api.key_wrong")
	}
	return k, err
}

// APIKeys lists a practice's keys: those in use first, then by label.
func (s *Store) APIKeys(ctx context.Context, practiceID string) (ks []practice.APIKey, err error) {
	err = s.db.SelectContext(ctx, &ks, `SELECT id, practice_id, label, revoked FROM api_key WHERE practice_id = $1 ORDER BY revoked, label, id`, practiceID)
	return ks, err
}

// RevokeAPIKey makes a practice's key worth nothing, from the next request on and for ever.
func (s *Store) RevokeAPIKey(ctx context.Context, practiceID, id string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var label string
		if err := c.GetContext(ctx, &label, `UPDATE api_key SET revoked = TRUE WHERE practice_id = $1 AND id = $2 RETURNING label`, practiceID, id); err != nil {
			return err
		}
		return record(ctx, c, practiceID, practice.KeyRevoked, label)
	})
}

// Request is what a machine may send again when it got no answer. Of its name and its body only keyed
// hashes are kept: a name can hold a number, and a body of one row can be guessed.
type Request struct {
	APIKeyID string
	Name     string
	Body     string // with how it is written
}

const (
	// AnsweredDays is how long what was answered to a request is kept.
	AnsweredDays = 7
	// answering is how long a request is left to whoever began it. Who takes longer has died.
	answering = 5 * time.Minute
)

// BeginRequest returns the answer that was given to a request. If it is empty, the request is the caller's
// to answer within four minutes, with KeepAnswer or DropRequest at the end; meanwhile, for everybody else, it
// is a Conflict, as is another body under the same name.
func (s *Store) BeginRequest(ctx context.Context, r Request, now time.Time) (answer string, err error) {
	err = s.tx(ctx, func(c *sqlx.Tx) error {
		answer = ""
		body := s.hashToken("body " + r.Body)
		// While it is being answered, a request has the instant it may be begun anew in the place of the day
		// that it is forgotten.
		begun, err := c.ExecContext(ctx, `INSERT INTO answered (api_key_id, request, body, answer, forget_on) VALUES ($1, $2, $3, '', $4)
			ON CONFLICT (api_key_id, request) DO UPDATE SET forget_on = excluded.forget_on
			WHERE answered.answer = '' AND answered.body = excluded.body AND answered.forget_on < $5`,
			r.APIKeyID, s.hashRequest(r), body, now.Add(answering).UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		if err != nil {
			return err
		}
		if n, err := begun.RowsAffected(); err != nil || n == 1 {
			return err
		}
		var before struct {
			Body   string `db:"body"`
			Answer string `db:"answer"`
		}
		err = c.GetContext(ctx, &before, `SELECT body, answer FROM answered WHERE api_key_id = $1 AND request = $2`, r.APIKeyID, s.hashRequest(r))
		switch {
		case err != nil:
			return err
		case before.Body != body:
			return fault.New(fault.Conflict, "api.reused")
		case before.Answer == "":
			return fault.New(fault.Conflict, "api.in_progress")
		}
		answer = before.Answer
		return nil
	})
	return answer, err
}

func (s *Store) hashRequest(r Request) string {
	return s.hashToken("request " + r.APIKeyID + " " + r.Name)
}

// KeepAnswer keeps the answer to a request that was begun, for seven days.
func (s *Store) KeepAnswer(ctx context.Context, r Request, answer string, now time.Time) error {
	_, err := s.write.ExecContext(ctx, `UPDATE answered SET answer = $3, forget_on = $4 WHERE api_key_id = $1 AND request = $2`,
		r.APIKeyID, s.hashRequest(r), answer, days(now, AnsweredDays))
	return err
}

// DropRequest forgets a request that was begun and came to nothing, so that it can be sent again.
func (s *Store) DropRequest(ctx context.Context, r Request) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM answered WHERE api_key_id = $1 AND request = $2 AND answer = ''`, r.APIKeyID, s.hashRequest(r))
	return err
}
