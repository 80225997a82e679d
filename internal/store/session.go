package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// SessionStore keeps staff sessions in the database, in the shape package scs asks for. A session is found by a
// hash of its token and its data is JSON, so that it is known whose it is.
type SessionStore struct{ store *Store }

// Sessions is where staff sessions are kept.
func (s *Store) Sessions() SessionStore { return SessionStore{s} }

// sessionData is what a session holds. Values are texts and booleans; the store reads the keys below.
type sessionData struct {
	Deadline time.Time      `json:"deadline"`
	Values   map[string]any `json:"values"`
}

// The values of a session that are known here too.
const (
	SessionAccount = "account" // whose it is, by id
	SessionStarted = "started" // the hour it was started in, RFC 3339
	SessionBrowser = "browser" // browser and system, in words
)

// Session is a session as its owner sees it.
type Session struct {
	ID      string // a hash; it opens nothing
	Own     bool   // the one that asks
	Started time.Time
	Browser string
}

// Encode writes a session's values, and Decode reads them.
func (SessionStore) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	return json.Marshal(sessionData{deadline, values})
}

// Decode reads what Encode wrote.
func (SessionStore) Decode(b []byte) (time.Time, map[string]any, error) {
	var d sessionData
	err := json.Unmarshal(b, &d)
	return d.Deadline, d.Values, err
}

func hashSession(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// FindCtx returns a session's data; found is false if there is none or it has ended.
func (ss SessionStore) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	var text string
	err = ss.store.db.GetContext(ctx, &text, `SELECT data FROM session WHERE token = $1 AND expires_at > $2 AND NOT ended`,
		hashSession(token), time.Now().UTC().Truncate(time.Second))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return []byte(text), err == nil, err
}

// CommitCtx stores a session, unless it was ended meanwhile. If its account is gone, it is nobody's.
func (ss SessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	var d sessionData
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	account, _ := d.Values[SessionAccount].(string)
	_, err := ss.store.write.ExecContext(ctx, `INSERT INTO session (token, data, account_id, expires_at)
		VALUES ($1, $2, (SELECT id FROM account WHERE id = $3), $4)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, account_id = excluded.account_id, expires_at = excluded.expires_at
		WHERE NOT session.ended`,
		hashSession(token), string(data), account, expiry.UTC().Truncate(time.Second))
	return err
}

const endSession = `UPDATE session SET ended = TRUE, data = '', account_id = NULL WHERE `

// DeleteCtx ends a session.
func (ss SessionStore) DeleteCtx(ctx context.Context, token string) error {
	_, err := ss.store.write.ExecContext(ctx, endSession+`token = $1`, hashSession(token))
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

// SessionsOf lists an account's sessions, the latest first. token is that of the session that asks.
func (s *Store) SessionsOf(ctx context.Context, accountID, token string) ([]Session, error) {
	var rows []struct{ Token, Data string }
	if err := s.db.SelectContext(ctx, &rows, `SELECT token, data FROM session WHERE account_id = $1 AND expires_at > $2`,
		accountID, time.Now().UTC()); err != nil {
		return nil, err
	}
	sessions := make([]Session, len(rows))
	for i, r := range rows {
		var d sessionData
		if err := json.Unmarshal([]byte(r.Data), &d); err != nil {
			return nil, err
		}
		sessions[i] = Session{ID: r.Token, Own: r.Token == hashSession(token)}
		sessions[i].Browser, _ = d.Values[SessionBrowser].(string)
		started, _ := d.Values[SessionStarted].(string)
		sessions[i].Started, _ = time.Parse(time.RFC3339, started)
	}
	slices.SortFunc(sessions, func(a, b Session) int {
		if c := b.Started.Compare(a.Started); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return sessions, nil
}

// EndSession ends one of an account's sessions.
func (s *Store) EndSession(ctx context.Context, accountID, id string) error {
	_, err := s.write.ExecContext(ctx, endSession+`token = $1 AND account_id = $2`, id, accountID)
	return err
}

// EndOtherSessions ends all of an account's sessions but the one with this token; with no token, all.
func (s *Store) EndOtherSessions(ctx context.Context, accountID, token string) error {
	return endSessions(ctx, s.write, accountID, token)
}

func endSessions(ctx context.Context, c sqlx.ExecerContext, accountID, but string) error {
	_, err := c.ExecContext(ctx, endSession+`account_id = $1 AND token <> $2`, accountID, hashSession(but))
	return err
}
