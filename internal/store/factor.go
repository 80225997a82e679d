package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// NeedsFactor reports whether an account has a role that asks for a second factor: leads a practice,
// coordinates a network, or operates the installation.
func (s *Store) NeedsFactor(ctx context.Context, accountID string) (needs bool, err error) {
	return needsFactor(ctx, s.db, accountID)
}

func needsFactor(ctx context.Context, c sqlx.QueryerContext, accountID string) (needs bool, err error) {
	err = sqlx.GetContext(ctx, c, &needs, `SELECT count(*) > 0 FROM account WHERE id = $1 AND (operator
		OR EXISTS (SELECT 1 FROM member WHERE account_id = $1 AND role = 'lead')
		OR EXISTS (SELECT 1 FROM coordinator WHERE account_id = $1))`, accountID)
	return needs, err
}

// Factors tells what an account has besides its password.
func (s *Store) Factors(ctx context.Context, accountID string) (practice.Factors, error) {
	return factors(ctx, s.db, accountID)
}

func factors(ctx context.Context, c sqlx.QueryerContext, accountID string) (f practice.Factors, err error) {
	if err = sqlx.SelectContext(ctx, c, &f.Passkeys, `SELECT id, account_id, name, added_week, public_key, sign_count, backup_eligible
		FROM passkey WHERE account_id = $1 ORDER BY added_week, id`, accountID); err != nil {
		return f, err
	}
	if err = sqlx.GetContext(ctx, c, &f.TOTP, `SELECT count(*) > 0 FROM totp WHERE account_id = $1`, accountID); err != nil {
		return f, err
	}
	err = sqlx.GetContext(ctx, c, &f.Recovery, `SELECT count(*) FROM recovery WHERE account_id = $1`, accountID)
	return f, err
}

// AddPasskey stores a passkey. With an account's first second factor come its recovery codes, shown this once.
func (s *Store) AddPasskey(ctx context.Context, p practice.Passkey) (codes []string, err error) {
	err = s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := c.NamedExecContext(ctx, `INSERT INTO passkey (id, account_id, name, added_week, public_key, sign_count, backup_eligible)
			VALUES (:id, :account_id, :name, :added_week, :public_key, :sign_count, :backup_eligible)`, p); err != nil {
			return err
		}
		codes, err = s.firstCodes(ctx, c, p.AccountID)
		return err
	})
	return codes, err
}

// UsePasskey stores how often a passkey has signed, by its device's count. A count that does not rise is Conflict:
// the key exists twice, or the same signature came twice at once. Devices that do not count say zero.
func (s *Store) UsePasskey(ctx context.Context, id string, signCount uint32) error {
	r, err := s.write.ExecContext(ctx, `UPDATE passkey SET sign_count = $1 WHERE id = $2 AND (sign_count < $1 OR sign_count = 0 AND $1 = 0)`, int64(signCount), id)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.Conflict, "login.passkey_wrong").Because(err)
	}
	return nil
}

// RemovePasskey takes a passkey away. required says that the account must keep a second factor; its last one is
// a Conflict then.
func (s *Store) RemovePasskey(ctx context.Context, accountID, id string, required bool) error {
	return s.removeFactor(ctx, accountID, required, `DELETE FROM passkey WHERE account_id = $1 AND id = $2`, accountID, id)
}

// RemoveTOTP takes the authenticator app away, as RemovePasskey does.
func (s *Store) RemoveTOTP(ctx context.Context, accountID string, required bool) error {
	return s.removeFactor(ctx, accountID, required, `DELETE FROM totp WHERE account_id = $1`, accountID)
}

func (s *Store) removeFactor(ctx context.Context, accountID string, required bool, statement string, args ...any) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		// The account's row is written to first, so that two who each remove one of the last two take turns.
		if _, err := c.ExecContext(ctx, `UPDATE account SET name = name WHERE id = $1`, accountID); err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, statement, args...); err != nil {
			return err
		}
		left, err := factors(ctx, c, accountID)
		switch {
		case err != nil || left.Any():
			return err
		case required:
			return fault.New(fault.Conflict, "account.last_factor")
		}
		_, err = c.ExecContext(ctx, `DELETE FROM recovery WHERE account_id = $1`, accountID)
		return err
	})
}

// SetTOTP stores what an authenticator app shares with us, in the place of an earlier one. step is that of the
// code that proved it. Codes are as AddPasskey's.
func (s *Store) SetTOTP(ctx context.Context, accountID string, secret []byte, step int64) (codes []string, err error) {
	err = s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := c.ExecContext(ctx, `INSERT INTO totp (account_id, secret, step) VALUES ($1, $2, $3)
			ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, step = excluded.step`,
			accountID, s.keys.factor.seal(secret), step); err != nil {
			return err
		}
		codes, err = s.firstCodes(ctx, c, accountID)
		return err
	})
	return codes, err
}

// SpendTOTP uses a code of an authenticator app. A wrong one, and one that was used, is Invalid.
func (s *Store) SpendTOTP(ctx context.Context, accountID, typed string, now time.Time) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var rows []struct {
			Secret string
			Step   int64
		}
		if err := c.SelectContext(ctx, &rows, `SELECT secret, step FROM totp WHERE account_id = $1`, accountID); err != nil {
			return err
		}
		wrong := fault.New(fault.Invalid, "login.code_wrong")
		if len(rows) == 0 {
			return wrong
		}
		secret, err := s.keys.factor.open(rows[0].Secret)
		if err != nil {
			return err
		}
		step, ok := practice.MatchTOTP(secret, typed, now, rows[0].Step)
		if !ok {
			return wrong
		}
		// Of two that come with the same code at once, one finds it used.
		return oneRow(c.ExecContext(ctx, `UPDATE totp SET step = $1 WHERE account_id = $2 AND step < $1`, step, accountID))
	})
}

// NewRecoveryCodes makes an account's recovery codes anew; earlier ones are worth nothing then.
func (s *Store) NewRecoveryCodes(ctx context.Context, accountID string) (codes []string, err error) {
	err = s.tx(ctx, func(c *sqlx.Tx) error {
		codes, err = s.newCodes(ctx, c, accountID)
		return err
	})
	return codes, err
}

func (s *Store) firstCodes(ctx context.Context, c *sqlx.Tx, accountID string) ([]string, error) {
	f, err := factors(ctx, c, accountID)
	if err != nil || f.Recovery > 0 {
		return nil, err
	}
	return s.newCodes(ctx, c, accountID)
}

func (s *Store) newCodes(ctx context.Context, c *sqlx.Tx, accountID string) ([]string, error) {
	if _, err := c.ExecContext(ctx, `DELETE FROM recovery WHERE account_id = $1`, accountID); err != nil {
		return nil, err
	}
	codes := practice.NewRecoveryCodes()
	for _, code := range codes {
		hash, _ := s.hashRecovery(accountID, code)
		if _, err := c.ExecContext(ctx, `INSERT INTO recovery (account_id, hash) VALUES ($1, $2)`, accountID, hash); err != nil {
			return nil, err
		}
	}
	return codes, nil
}

// SpendRecoveryCode uses a recovery code. A wrong one, and one that was used, is Invalid.
func (s *Store) SpendRecoveryCode(ctx context.Context, accountID, typed string) error {
	hash, ok := s.hashRecovery(accountID, typed)
	if !ok {
		return fault.New(fault.Invalid, "login.code_wrong")
	}
	return oneRow(s.write.ExecContext(ctx, `DELETE FROM recovery WHERE account_id = $1 AND hash = $2`, accountID, hash))
}

// oneRow is Invalid for a code that changed nothing: there is none such any more.
func oneRow(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return fault.New(fault.Invalid, "login.code_wrong").Because(err)
	}
	return nil
}

func (s *Store) hashRecovery(accountID, typed string) (hash string, ok bool) {
	code, ok := practice.ReadRecoveryCode(typed)
	return base64.RawStdEncoding.EncodeToString(keyed(s.keys.recovery, accountID+" "+code)), ok
}
