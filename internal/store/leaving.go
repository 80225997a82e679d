package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
)

// DeletePractice deletes a practice and all that it owns, in one transaction: its counts, what it says of itself,
// its log, its messages and the jobs of sending them, its keys, and the accounts of those who have no role
// anywhere else. A network's figures that others see stay as they are; in the snapshots behind them nothing names
// the practice any longer, and what only the practice itself was shown is gone. The installation's log gets a line
// that says neither whose it was nor, if a lead did it, who. What the database's files still hold is Erase's.
func (s *Store) DeletePractice(ctx context.Context, practiceID string) (err error) {
	for range 3 { // answers, the close of a week and sending take their locks in an order that suits them
		if err = s.deletePractice(ctx, practiceID); pq.As(err, pqerror.TRDeadlockDetected) == nil {
			break
		}
	}
	if err == nil {
		s.running.forget(practiceID)
		s.released.forget(practiceID)
	}
	return err
}

func (s *Store) deletePractice(ctx context.Context, practiceID string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		// A quarter that is being frozen waits, or it would store the practice once more (FreezeQuarter), and so
		// does whoever counts.
		var locked []string
		for _, query := range []string{`SELECT week FROM closing WHERE $1 <> '' ORDER BY week`, `SELECT survey FROM pending WHERE practice_id = $1 ORDER BY survey, version`,
			`SELECT survey FROM held WHERE practice_id = $1 ORDER BY survey, version`} {
			if err := c.SelectContext(ctx, &locked, query+s.forUpdate(), practiceID); err != nil {
				return err
			}
		}
		var id string
		if err := c.GetContext(ctx, &id, `SELECT id FROM practice WHERE id = $1`+s.forUpdate(), practiceID); err != nil {
			return err
		}
		if err := s.unname(ctx, c, practiceID); err != nil {
			return err
		}
		// The queue's own table: one that is being sent right now ends by itself, for its message is gone.
		if _, err := c.ExecContext(ctx, `DELETE FROM river_job WHERE kind = $1 AND state <> 'running'
			AND args ->> 'message_id' IN (SELECT id FROM message WHERE practice_id = $2)`, Delivery{}.Kind(), practiceID); err != nil {
			return fmt.Errorf("cancel messages: %w", err)
		}
		var people []string
		if err := c.SelectContext(ctx, &people, `SELECT account_id FROM member WHERE practice_id = $1 ORDER BY account_id`, practiceID); err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, `DELETE FROM practice WHERE id = $1`, practiceID); err != nil {
			return err
		}
		for _, account := range people {
			none, err := hasNoRole(ctx, c, account)
			if err != nil {
				return err
			}
			if !none {
				continue
			}
			// Ended first: a request in flight could store the session of an account that is gone again.
			if err := endSessions(ctx, c, account, ""); err != nil {
				return err
			}
			if _, err := c.ExecContext(ctx, `DELETE FROM account WHERE id = $1`, account); err != nil {
				return err
			}
		}
		if practice.ActorIn(ctx).AccountID != "" {
			ctx = practice.As(ctx, practice.Actor{})
		}
		return record(ctx, c, "", practice.PracticeDeleted, "")
	})
}

// unname takes a practice out of the snapshots it is in, as far as figures of others are not made of it: for
// those its counts stay, in a place that has a random name, another in every snapshot, without weeks. Without them
// the others' figures would change, and the change would be the practice's. A comparison in which practices
// are named is one of those who are left and agreed to it, and says by what is missing who is not: it ends.
func (s *Store) unname(ctx context.Context, c *sqlx.Tx, practiceID string) error {
	var rows []struct {
		SnapshotKey
		NetworkID string `db:"network_id"`
		Value     string `db:"value"`
		Ledger    string `db:"ledger"`
	}
	if err := c.SelectContext(ctx, &rows, `SELECT network_id, survey, version, quarter, gone, value, ledger FROM snapshot
		WHERE value LIKE $1 OR ledger LIKE $1 ORDER BY network_id, survey, version, quarter`+s.forUpdate(), "%"+practiceID+"%"); err != nil {
		return err
	}
	for _, row := range rows {
		var members []memberSums
		if err := json.Unmarshal([]byte(row.Value), &members); err != nil {
			return fmt.Errorf("snapshot %s of %s: %w", row.Quarter, row.NetworkID, err)
		}
		var ledger disclosure.Ledger
		if err := json.Unmarshal([]byte(row.Ledger), &ledger); err != nil {
			return fmt.Errorf("ledger %s of %s: %w", row.Quarter, row.NetworkID, err)
		}
		name := newID()
		ledger, of := ledger.Unnamed(practiceID, name)
		for i, m := range members {
			if m.PracticeID != practiceID {
				continue
			}
			members[i] = memberSums{PracticeID: name, Questions: map[string]Sum{}}
			for _, question := range of {
				members[i].Questions[question] = Sum{Counts: m.Questions[question].Counts}
			}
		}
		slices.SortFunc(members, func(a, b memberSums) int { return strings.Compare(a.PracticeID, b.PracticeID) })
		value, err := json.Marshal(members)
		if err != nil {
			return err
		}
		text, err := json.Marshal(ledger)
		if err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, `UPDATE snapshot SET value = $1, ledger = $2, gone = gone + 1
			WHERE network_id = $3 AND survey = $4 AND version = $5 AND quarter = $6`,
			string(value), string(text), row.NetworkID, row.Survey, row.Version, row.Quarter); err != nil {
			return err
		}
	}
	return nil
}

// Erase makes the database's files forget what was deleted, as far as that can be asked for. SQLite writes its file
// anew and empties the write-ahead log. PostgreSQL marks the space as free; the next rows overwrite it, and its
// own log is recycled in time.
func (s *Store) Erase(ctx context.Context) error {
	if s.postgres {
		_, err := s.write.ExecContext(ctx, `VACUUM`)
		return err
	}
	// The copy that it makes on the way is not to lie in some other folder.
	for _, statement := range []string{`PRAGMA temp_store = MEMORY`, `VACUUM`, `PRAGMA wal_checkpoint(TRUNCATE)`} {
		if _, err := s.write.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (r *runningSums) forget(practiceID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.last, func(k runningKey, _ remembered) bool { return k.PracticeID == practiceID })
}

func (r *releaseCache) forget(practiceID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.byKey, func(k Key, _ []Release) bool { return k.PracticeID == practiceID })
}
