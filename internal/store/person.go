package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

const selectPeople = `SELECT account.id, account.email, account.name, member.role FROM member
	JOIN account ON account.id = member.account_id`

// People lists who has a role in a practice: leads first.
func (s *Store) People(ctx context.Context, practiceID string) (ps []practice.Person, err error) {
	err = s.db.SelectContext(ctx, &ps, selectPeople+` WHERE member.practice_id = $1 ORDER BY role, name, email`, practiceID)
	return ps, err
}

// Person finds somebody with a role in a practice.
func (s *Store) Person(ctx context.Context, practiceID, accountID string) (p practice.Person, err error) {
	err = s.db.GetContext(ctx, &p, selectPeople+` WHERE member.practice_id = $1 AND member.account_id = $2`, practiceID, accountID)
	return p, explain(err)
}

// SetRole changes a role. Of the last lead it is a Conflict.
func (s *Store) SetRole(ctx context.Context, practiceID, accountID string, role practice.Role) error {
	if role != practice.Lead && role != practice.Staff {
		return fault.New(fault.Invalid, "people.role_required")
	}
	return s.changePerson(ctx, practiceID, accountID, func(c *sqlx.Tx, p practice.Person) error {
		if p.Role == role {
			return nil
		}
		if _, err := c.ExecContext(ctx, `UPDATE member SET role = $1 WHERE practice_id = $2 AND account_id = $3`, string(role), practiceID, accountID); err != nil {
			return err
		}
		action := practice.MadeStaff
		if role == practice.Lead {
			action = practice.MadeLead
		}
		return record(ctx, c, practiceID, action, p.Called())
	})
}

// RemovePerson takes somebody's role in a practice and ends their sessions, but for whoever leaves and has a
// role elsewhere. last is whether it was the last role they had anywhere. Of a practice's last lead it is a Conflict.
func (s *Store) RemovePerson(ctx context.Context, practiceID, accountID string) (last bool, err error) {
	err = s.changePerson(ctx, practiceID, accountID, func(c *sqlx.Tx, p practice.Person) error {
		if _, err := c.ExecContext(ctx, `DELETE FROM member WHERE practice_id = $1 AND account_id = $2`, practiceID, accountID); err != nil {
			return err
		}
		if last, err = hasNoRole(ctx, c, accountID); err != nil {
			return err
		}
		left := practice.ActorIn(ctx).AccountID == accountID
		if last || !left {
			if err := endSessions(ctx, c, accountID, ""); err != nil {
				return err
			}
		}
		if left {
			return record(ctx, c, practiceID, practice.PersonLeft, "")
		}
		return record(ctx, c, practiceID, practice.PersonRemoved, p.Called())
	})
	return last && err == nil, err
}

// changePerson changes a role that exists, and holds that there is a lead afterwards. Changes in one
// practice are made one at a time: two leads who remove each other at once would leave none. Whoever is
// no lead any longer has no offers out either, or could come back by one of their own.
func (s *Store) changePerson(ctx context.Context, practiceID, accountID string, change func(*sqlx.Tx, practice.Person) error) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var id string
		if err := c.GetContext(ctx, &id, `SELECT id FROM practice WHERE id = $1`+s.forUpdate(), practiceID); err != nil {
			return err
		}
		var p practice.Person
		if err := c.GetContext(ctx, &p, selectPeople+` WHERE member.practice_id = $1 AND member.account_id = $2`, practiceID, accountID); err != nil {
			return err
		}
		if err := change(c, p); err != nil {
			return err
		}
		var led bool
		if err := c.GetContext(ctx, &led, `SELECT EXISTS (SELECT 1 FROM member WHERE practice_id = $1 AND role = 'lead')`, practiceID); err != nil {
			return err
		}
		if !led && p.Role == practice.Lead {
			return fault.New(fault.Conflict, "people.last_lead")
		}
		_, err := c.ExecContext(ctx, `DELETE FROM offer WHERE practice_id = $1 AND made_by = $2
			AND NOT EXISTS (SELECT 1 FROM member WHERE practice_id = $1 AND account_id = $2 AND role = 'lead')`, practiceID, accountID)
		return err
	})
}

func hasNoRole(ctx context.Context, c *sqlx.Tx, accountID string) (none bool, err error) {
	err = c.GetContext(ctx, &none, `SELECT NOT EXISTS (SELECT 1 FROM member WHERE account_id = $1)
		AND NOT EXISTS (SELECT 1 FROM coordinator WHERE account_id = $1)
		AND NOT EXISTS (SELECT 1 FROM account WHERE id = $1 AND operator)`, accountID)
	return none, err
}

// Heads is how many have a role in a practice.
type Heads struct{ Leads, Staff int }

// PeopleCounts counts who has a role in each practice, by practice id.
func (s *Store) PeopleCounts(ctx context.Context) (map[string]Heads, error) {
	var rows []struct {
		PracticeID string        `db:"practice_id"`
		Role       practice.Role `db:"role"`
		N          int           `db:"n"`
	}
	err := s.db.SelectContext(ctx, &rows, `SELECT practice_id, role, count(*) AS n FROM member GROUP BY practice_id, role`)
	counts := make(map[string]Heads, len(rows))
	for _, r := range rows {
		h := counts[r.PracticeID]
		if r.Role == practice.Lead {
			h.Leads = r.N
		} else {
			h.Staff = r.N
		}
		counts[r.PracticeID] = h
	}
	return counts, err
}

func addCoordinator(ctx context.Context, c *sqlx.Tx, n practice.Network, accountID string) error {
	var a practice.Account
	if err := c.GetContext(ctx, &a, selectAccount+` WHERE id = $1`, accountID); err != nil {
		return err
	}
	if a.Operator {
		return fault.New(fault.Conflict, "network.operator")
	}
	if _, err := c.ExecContext(ctx, `INSERT INTO coordinator (network_id, account_id) VALUES ($1, $2)`, n.ID, accountID); err != nil {
		return err
	}
	return record(ctx, c, "", practice.CoordinatorAdded, n.Name+": "+a.Called())
}

// AddCoordinator lets an account coordinate a network. One that does so already is a Conflict, and so is an
// operator, who sees no figures.
func (s *Store) AddCoordinator(ctx context.Context, n practice.Network, accountID string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error { return addCoordinator(ctx, c, n, accountID) })
}

// RemoveCoordinator takes that role again, and ends the account's sessions if it was its last. The last
// coordinator of a network is a Conflict; somebody who does not coordinate it is NotFound.
func (s *Store) RemoveCoordinator(ctx context.Context, n practice.Network, accountID string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var id string
		if err := c.GetContext(ctx, &id, `SELECT id FROM network WHERE id = $1`+s.forUpdate(), n.ID); err != nil {
			return err
		}
		var a practice.Account
		if err := c.GetContext(ctx, &a, selectAccount+` WHERE id = (SELECT account_id FROM coordinator WHERE network_id = $1 AND account_id = $2)`, n.ID, accountID); err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, `DELETE FROM coordinator WHERE network_id = $1 AND account_id = $2`, n.ID, accountID); err != nil {
			return err
		}
		var left bool
		if err := c.GetContext(ctx, &left, `SELECT EXISTS (SELECT 1 FROM coordinator WHERE network_id = $1)`, n.ID); err != nil {
			return err
		}
		if !left {
			return fault.New(fault.Conflict, "network.last_coordinator")
		}
		if err := endSessions(ctx, c, accountID, ""); err != nil {
			return err
		}
		return record(ctx, c, "", practice.CoordinatorRemoved, n.Name+": "+a.Called())
	})
}
