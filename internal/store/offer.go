package store

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

func (s *Store) hashOffer(token string) string {
	return base64.RawURLEncoding.EncodeToString(keyed(s.keys.offer, token)[:18])
}

const selectOffer = `SELECT id, practice_id, role, name, expires_at FROM offer`

// MakeOffer offers a role to somebody; ID and Expires are made here. The token is known to whoever gets
// the link, and cannot be had again.
func (s *Store) MakeOffer(ctx context.Context, o practice.Offer, now time.Time) (made practice.Offer, token string, err error) {
	if err := o.Check(); err != nil {
		return o, "", err
	}
	token = practice.NewOfferToken()
	o.ID, o.Expires = newID(), now.UTC().Truncate(time.Second).AddDate(0, 0, practice.OfferDays)
	err = s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := c.ExecContext(ctx, `INSERT INTO offer (id, hash, practice_id, role, name, made_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			o.ID, s.hashOffer(token), o.PracticeID, string(o.Role), o.Name, practice.ActorIn(ctx).AccountID, o.Expires); err != nil {
			return err
		}
		return record(ctx, c, o.PracticeID, practice.OfferMade, o.Name)
	})
	return o, token, err
}

// Offers lists a practice's offers that can be taken, the one that ends first at the top.
func (s *Store) Offers(ctx context.Context, practiceID string, now time.Time) (os []practice.Offer, err error) {
	err = s.db.SelectContext(ctx, &os, selectOffer+` WHERE practice_id = $1 AND expires_at > $2 ORDER BY expires_at, id`, practiceID, now.UTC())
	return os, err
}

// WithdrawOffer ends one of a practice's offers.
func (s *Store) WithdrawOffer(ctx context.Context, practiceID, id string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var name string
		if err := c.GetContext(ctx, &name, `DELETE FROM offer WHERE practice_id = $1 AND id = $2 RETURNING name`, practiceID, id); err != nil {
			return err
		}
		return record(ctx, c, practiceID, practice.OfferWithdrawn, name)
	})
}

// Offer finds an offer by its token. Whether one that cannot be taken is over, withdrawn, taken or never
// was, is not told.
func (s *Store) Offer(ctx context.Context, token string, now time.Time) (practice.Offer, error) {
	return offer(ctx, s.db, "hash", s.hashOffer(token), now, "")
}

// offer finds an offer by one of its columns.
func offer(ctx context.Context, q sqlx.QueryerContext, column, value string, now time.Time, lock string) (o practice.Offer, err error) {
	err = explain(sqlx.GetContext(ctx, q, &o, selectOffer+` WHERE `+column+` = $1 AND expires_at > $2`+lock, value, now.UTC()))
	if fault.KindOf(err) == fault.NotFound {
		err = fault.New(fault.NotFound, "offer.over")
	}
	return o, err
}

// TakeOffer gives the offered role to an account, which is made first if it has no ID (Email folded,
// Password hashed), and uses the offer up. An e-mail address that has an account, an account with a role
// in that practice and an operator's are Conflicts, and the offer stands.
func (s *Store) TakeOffer(ctx context.Context, token string, a practice.Account, now time.Time) (practice.Account, error) {
	return s.takeOffer(ctx, "hash", s.hashOffer(token), a, nil, now)
}

// TakeOfferAs is TakeOffer for somebody who has just come back from an identity provider; the offer is named by
// its id, since they left with it in their session, where no token is kept. The account is the one that the
// provider's name for them belongs to, or else a new one without a password.
func (s *Store) TakeOfferAs(ctx context.Context, offerID string, i practice.Identity, a practice.Account, now time.Time) (practice.Account, error) {
	known, err := s.AccountByIdentity(ctx, i)
	switch {
	case err == nil:
		return s.takeOffer(ctx, "id", offerID, known, nil, now)
	case fault.KindOf(err) != fault.NotFound:
		return a, err
	}
	return s.takeOffer(ctx, "id", offerID, practice.Account{Email: a.Email, Name: a.Name}, &i, now)
}

func (s *Store) takeOffer(ctx context.Context, column, value string, a practice.Account, i *practice.Identity, now time.Time) (practice.Account, error) {
	err := s.tx(ctx, func(c *sqlx.Tx) error {
		o, err := offer(ctx, c, column, value, now, s.forUpdate())
		if err != nil {
			return err
		}
		if a.Operator {
			return fault.New(fault.Conflict, "offer.operator")
		}
		if a.ID == "" {
			if err := practice.CheckName(a.Name); err != nil {
				return err
			}
			a.ID = newID()
			r, err := c.NamedExecContext(ctx, `INSERT INTO account (id, email, name, password, operator)
				VALUES (:id, :email, :name, :password, :operator) ON CONFLICT DO NOTHING`, a)
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil || n == 0 {
				return fault.New(fault.Conflict, "offer.has_account").Because(err)
			}
			if i != nil {
				if err := connectIdentity(ctx, c, a.ID, *i); err != nil {
					return err
				}
			}
		}
		r, err := c.ExecContext(ctx, `INSERT INTO member (account_id, practice_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			a.ID, o.PracticeID, string(o.Role))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return fault.New(fault.Conflict, "offer.has_role").Because(err)
		}
		if _, err := c.ExecContext(ctx, `DELETE FROM offer WHERE id = $1`, o.ID); err != nil {
			return err
		}
		ctx := practice.As(ctx, practice.Actor{AccountID: a.ID, Name: a.Called()})
		return record(ctx, c, o.PracticeID, practice.OfferTaken, o.Name)
	})
	if err != nil {
		return practice.Account{}, err
	}
	return a, nil
}
