package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/practice"
)

// record writes a line of a practice's log in the transaction of what it tells of; an empty practice is the
// whole installation. An object that a person's number has found its way into is left out.
func record(ctx context.Context, c sqlx.ExtContext, practiceID string, action practice.Action, object string) error {
	if practice.HoldsNumber(object) {
		object = ""
	}
	a := practice.ActorIn(ctx)
	_, err := c.ExecContext(ctx, `INSERT INTO audit (id, practice_id, account_id, name, action, object, at)
		VALUES ($1, nullif($2, ''), $3, $4, $5, $6, $7)`, newID(), practiceID, a.AccountID, a.Name, string(action), object, instant())
	return err
}

// instant is now as it is kept of staff: to the second.
func instant() time.Time { return time.Now().UTC().Truncate(time.Second) }

// Record writes a line of a practice's log about what changes nothing here, such as a file that was fetched.
func (s *Store) Record(ctx context.Context, practiceID string, action practice.Action, object string) error {
	return record(ctx, s.write, practiceID, action, object)
}

// RecordSession writes that an account signed in or out, or that somebody else's guess at its password was
// wrong, in the log of each practice it has a role in. Of wrong guesses one an hour is kept: enough to see
// that somebody tries, and no way to fill the disk. For the zero account it only takes as long.
func (s *Store) RecordSession(ctx context.Context, a practice.Account, action practice.Action) error {
	ctx = practice.As(ctx, practice.Actor{AccountID: a.ID, Name: a.Called()})
	return s.tx(ctx, func(c *sqlx.Tx) error {
		if action == practice.SignInFailed {
			var lately bool
			if err := c.GetContext(ctx, &lately, `SELECT EXISTS (SELECT 1 FROM audit WHERE at > $1 AND account_id = $2 AND action = $3)`,
				instant().Add(-time.Hour), a.ID, string(action)); err != nil {
				return err
			}
			if lately || a.ID == "" {
				return nil
			}
		}
		var practices []string
		if err := c.SelectContext(ctx, &practices, `SELECT practice_id FROM member WHERE account_id = $1`, a.ID); err != nil {
			return err
		}
		if len(practices) == 0 {
			practices = []string{""}
		}
		for _, id := range practices {
			if err := record(ctx, c, id, action, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// LogDays is how long the log is kept: two years, so that what was done last year can be asked about in
// this one's review.
const LogDays = 2 * 365

// Log returns a practice's log, the latest first: so many lines after the first skip. An empty practice is
// the whole installation.
func (s *Store) Log(ctx context.Context, practiceID string, skip, lines int) (ds []practice.Deed, err error) {
	err = s.db.SelectContext(ctx, &ds, `SELECT coalesce(practice_id, '') AS practice_id, account_id, name, action, object, at FROM audit
		WHERE coalesce(practice_id, '') = $1 ORDER BY at DESC, id LIMIT $2 OFFSET $3`, practiceID, lines, skip)
	return ds, err
}

func tidyLog(ctx context.Context, c *sqlx.Tx, now time.Time) error {
	if _, err := c.ExecContext(ctx, `DELETE FROM offer WHERE expires_at < $1`, now.UTC()); err != nil {
		return err
	}
	_, err := c.ExecContext(ctx, `DELETE FROM audit WHERE at < $1`, now.UTC().AddDate(0, 0, -LogDays))
	return err
}
