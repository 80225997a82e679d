package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
)

// Burst is what was held of a practice's answers to one version of a survey when a week was closed.
type Burst struct {
	Survey    string        `db:"survey"`
	Version   int           `db:"version"`
	Week      calendar.Week `db:"week"`
	N         int           `db:"n"` // responses; at least the floor of that day
	State     string        `db:"state"`
	DecidedOn string        `db:"decided_on"` // a day
	DecidedBy string        `db:"name"`       // empty if the account is gone
}

// What became of a burst. A released one joins at the next close that releases anything else.
const (
	BurstHeld     = "held"
	BurstReleased = "released"
	BurstJoined   = "joined"
	BurstDropped  = "dropped"
	BurstExpired  = "expired"
)

// HeldWeeks is how long a burst waits for a decision before it is dropped: ninety days in whole weeks.
const HeldWeeks = 13

// Bursts lists a practice's bursts, oldest first.
func (s *Store) Bursts(ctx context.Context, practiceID string) ([]Burst, error) {
	var bursts []Burst
	err := s.db.SelectContext(ctx, &bursts, `SELECT survey, version, week, n, state, decided_on, COALESCE(account.name, '') AS name
		FROM burst LEFT JOIN account ON account.id = burst.decided_by
		WHERE practice_id = $1 ORDER BY week, survey, version`, practiceID)
	return bursts, err
}

// DecideBursts lets in or drops all that a practice holds, by state BurstReleased or BurstDropped. seen is
// the number of responses that whoever decides was shown, added over all surveys; if there are others
// now, it is a Conflict and nothing changes.
func (s *Store) DecideBursts(ctx context.Context, practiceID, accountID, state string, seen int, day string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var decided []int
		if err := c.SelectContext(ctx, &decided, `UPDATE burst
			SET state = $2, decided_by = $3, decided_on = $4, value = CASE WHEN $2 = 'dropped' THEN '' ELSE value END
			WHERE practice_id = $1 AND state = 'held' RETURNING n`, practiceID, state, accountID, day); err != nil {
			return err
		}
		n := 0
		for _, k := range decided {
			n += k
		}
		if n != seen || n == 0 {
			return fault.New(fault.Conflict, "held.changed")
		}
		return nil
	})
}

// burstRow is a burst with its sums.
type burstRow struct {
	sumsRow
	Week  string `db:"week"`
	State string `db:"state"`
}

// joining reads what was let in and has not joined in full, by key.
func (s *Store) joining(ctx context.Context, c *sqlx.Tx, by Division) (map[Key][]burstRow, error) {
	if by.Join == nil {
		return nil, nil
	}
	var rows []burstRow
	if err := c.SelectContext(ctx, &rows, `SELECT practice_id, survey, version, week, state, value FROM burst
		WHERE state = 'released' OR state = 'joined' AND value <> '' ORDER BY practice_id, survey, version, week`+s.forUpdate()); err != nil {
		return nil, err
	}
	byKey := map[Key][]burstRow{}
	for _, r := range rows {
		byKey[r.Key] = append(byKey[r.Key], r)
	}
	return byKey, nil
}

// join adds a key's bursts to a release. What of them still waits stays with the first.
func (s *Store) join(ctx context.Context, c *sqlx.Tx, bursts []burstRow, release, rest Sums, by Division) (fuller, waits Sums, err error) {
	var letIn Sums
	for _, b := range bursts {
		sums, err := s.sums(b.sumsRow)
		if err != nil {
			return release, rest, err
		}
		letIn = letIn.Plus(sums)
	}
	fuller, waits, left := by.Join(release, rest, letIn)
	text := ""
	if !left.Empty() {
		if text, err = s.text(left); err != nil {
			return release, rest, err
		}
	}
	for _, b := range bursts {
		state := b.State
		if len(left.Channels.Counts) == 0 { // its responses are in the number that is released
			state = BurstJoined
		}
		if _, err := c.ExecContext(ctx, `UPDATE burst SET value = $5, state = $6
			WHERE practice_id = $1 AND survey = $2 AND version = $3 AND week = $4`, b.PracticeID, b.Survey, b.Version, b.Week, text, state); err != nil {
			return release, rest, err
		}
		text = ""
	}
	return fuller, waits, nil
}

// settle makes bursts of what is held and enough to be spoken of, and drops what nobody decided on.
func (s *Store) settle(ctx context.Context, c *sqlx.Tx, week calendar.Week, by Division) error {
	if by.Settle == nil {
		return nil
	}
	over := week.Add(-HeldWeeks)
	if _, err := c.ExecContext(ctx, `UPDATE burst SET state = 'expired', value = '' WHERE state = 'held' AND week <= $1`, string(over)); err != nil {
		return err
	}
	var rows []sumsRow
	if err := c.SelectContext(ctx, &rows, `SELECT practice_id, survey, version, value FROM held
		ORDER BY practice_id, survey, version`+s.forUpdate()); err != nil {
		return err
	}
	for _, row := range rows {
		sums, err := s.sums(row)
		if err != nil {
			return err
		}
		n, enough := by.Settle(sums)
		switch {
		case enough:
			// Sealed anew: the text of a running sum is not kept for longer than the sum.
			text, err := s.text(sums)
			if err != nil {
				return err
			}
			if _, err := c.ExecContext(ctx, `INSERT INTO burst (practice_id, survey, version, week, n, value) VALUES ($1, $2, $3, $4, $5, $6)`,
				row.PracticeID, row.Survey, row.Version, string(week), n, text); err != nil {
				return err
			}
		case sums.Channels.Last > over:
			continue
		}
		if _, err := c.ExecContext(ctx, `DELETE FROM held WHERE practice_id = $1 AND survey = $2 AND version = $3`,
			row.PracticeID, row.Survey, row.Version); err != nil {
			return err
		}
	}
	return nil
}
