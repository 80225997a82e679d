package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// AccountByIdentity finds an account by its name at an identity provider.
func (s *Store) AccountByIdentity(ctx context.Context, i practice.Identity) (a practice.Account, err error) {
	err = s.db.GetContext(ctx, &a, `SELECT a.id, a.email, a.name, a.password, a.operator
		FROM account a JOIN identity i ON i.account_id = a.id WHERE i.issuer = $1 AND i.subject = $2`, i.Issuer, i.Subject)
	return a, explain(err)
}

// Identities lists an account's names at identity providers.
func (s *Store) Identities(ctx context.Context, accountID string) (is []practice.Identity, err error) {
	err = s.db.SelectContext(ctx, &is, `SELECT issuer, subject FROM identity WHERE account_id = $1 ORDER BY issuer`, accountID)
	return is, err
}

// ConnectIdentity gives an account a name at an identity provider. One that it has already is no matter;
// one that is another account's, or a second at the same provider, is a Conflict.
func (s *Store) ConnectIdentity(ctx context.Context, accountID string, i practice.Identity) error {
	return s.tx(ctx, func(c *sqlx.Tx) error { return connectIdentity(ctx, c, accountID, i) })
}

func connectIdentity(ctx context.Context, c *sqlx.Tx, accountID string, i practice.Identity) error {
	if _, err := c.ExecContext(ctx, `INSERT INTO identity (issuer, subject, account_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		i.Issuer, i.Subject, accountID); err != nil {
		return err
	}
	var mine int
	if err := c.GetContext(ctx, &mine, `SELECT count(*) FROM identity WHERE issuer = $1 AND subject = $2 AND account_id = $3`,
		i.Issuer, i.Subject, accountID); err != nil {
		return err
	}
	if mine == 0 {
		return fault.New(fault.Conflict, "refused.taken")
	}
	return nil
}

// CreateAccountFor is CreateAccount for somebody who is known at an identity provider, and may have no
// password. A name that is another account's is a Conflict.
func (s *Store) CreateAccountFor(ctx context.Context, i practice.Identity, a practice.Account, members ...practice.Member) (practice.Account, error) {
	a.ID = newID()
	err := s.tx(ctx, func(c *sqlx.Tx) error {
		if err := createAccount(ctx, c, a, members); err != nil {
			return err
		}
		return connectIdentity(ctx, c, a.ID, i)
	})
	return a, err
}

// RemoveIdentity takes an account's name at an identity provider away. The last way in stays: an account
// without a password and with no other name gets a Conflict.
func (s *Store) RemoveIdentity(ctx context.Context, accountID, issuer string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := c.ExecContext(ctx, `DELETE FROM identity WHERE account_id = $1 AND issuer = $2`, accountID, issuer); err != nil {
			return err
		}
		var locked int
		if err := c.GetContext(ctx, &locked, `SELECT count(*) FROM account WHERE id = $1 AND password = ''
			AND NOT EXISTS (SELECT 1 FROM identity WHERE account_id = $1)`, accountID); err != nil {
			return err
		}
		if locked > 0 {
			return fault.New(fault.Conflict, "refused.last")
		}
		return nil
	})
}
