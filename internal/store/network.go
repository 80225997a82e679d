package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// CreateNetwork stores a network with its coordinator.
func (s *Store) CreateNetwork(ctx context.Context, name, coordinatorID string) (practice.Network, error) {
	n := practice.Network{ID: newID(), Name: name}
	if err := n.Check(); err != nil {
		return n, err
	}
	err := s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := c.NamedExecContext(ctx, `INSERT INTO network (id, name) VALUES (:id, :name)`, n); err != nil {
			return err
		}
		if err := record(ctx, c, "", practice.NetworkAdded, n.Name); err != nil {
			return err
		}
		return addCoordinator(ctx, c, n, coordinatorID)
	})
	return n, err
}

// Network finds a network by id.
func (s *Store) Network(ctx context.Context, id string) (n practice.Network, err error) {
	err = s.db.GetContext(ctx, &n, `SELECT id, name FROM network WHERE id = $1`, id)
	return n, explain(err)
}

// Networks lists all networks by name.
func (s *Store) Networks(ctx context.Context) (ns []practice.Network, err error) {
	err = s.db.SelectContext(ctx, &ns, `SELECT id, name FROM network ORDER BY name, id`)
	return ns, err
}

// Coordinates lists the networks an account coordinates.
func (s *Store) Coordinates(ctx context.Context, accountID string) (ns []practice.Network, err error) {
	err = s.db.SelectContext(ctx, &ns, `SELECT network.id, network.name FROM network
		JOIN coordinator ON coordinator.network_id = network.id WHERE coordinator.account_id = $1 ORDER BY name, id`, accountID)
	return ns, err
}

// InvitePractice invites a practice to a network. One that left may be invited again; one that has
// joined or is invited already stays as it is.
func (s *Store) InvitePractice(ctx context.Context, networkID, practiceID string) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		r, err := c.ExecContext(ctx, `INSERT INTO participation (network_id, practice_id, state) VALUES ($1, $2, 'invited')
			ON CONFLICT (network_id, practice_id) DO UPDATE SET state = 'invited' WHERE participation.state = 'left'`, networkID, practiceID)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return recordNetwork(ctx, c, practiceID, practice.NetworkInvited, networkID)
	})
}

// recordNetwork writes a line of a practice's log about a network.
func recordNetwork(ctx context.Context, c *sqlx.Tx, practiceID string, action practice.Action, networkID string) error {
	var name string
	if err := c.GetContext(ctx, &name, `SELECT name FROM network WHERE id = $1`, networkID); err != nil {
		return err
	}
	return record(ctx, c, practiceID, action, name)
}

// SetParticipation lets a practice join, leave, or change its consent to an open comparison. A practice
// that was never invited is NotFound. Leaving takes the consent back.
func (s *Store) SetParticipation(ctx context.Context, p practice.Participation) error {
	p.OpenConsent = p.OpenConsent && p.State == practice.Joined
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var before practice.Participation
		if err := c.GetContext(ctx, &before, `SELECT network_id, practice_id, state, open_consent FROM participation
			WHERE network_id = $1 AND practice_id = $2`+s.forUpdate(), p.NetworkID, p.PracticeID); err != nil {
			return err
		}
		if before.State == practice.Left && p.State != practice.Left {
			return fault.New(fault.NotFound, "error.not_found")
		}
		if p.State == practice.Joined && before.State != practice.Joined {
			in, err := live(ctx, c, p.PracticeID)
			if err != nil {
				return err
			}
			if !in.Network {
				return fault.New(fault.Conflict, "feature.network_off")
			}
		}
		if _, err := c.NamedExecContext(ctx, `UPDATE participation SET state = :state, open_consent = :open_consent
			WHERE network_id = :network_id AND practice_id = :practice_id`, p); err != nil {
			return err
		}
		for _, d := range []struct {
			action practice.Action
			done   bool
		}{
			{practice.NetworkJoined, p.State == practice.Joined && before.State != practice.Joined},
			{practice.NetworkLeft, p.State == practice.Left && before.State != practice.Left},
			{practice.ConsentGiven, p.OpenConsent && !before.OpenConsent},
			{practice.ConsentTaken, !p.OpenConsent && before.OpenConsent},
		} {
			if !d.done {
				continue
			}
			if err := recordNetwork(ctx, c, p.PracticeID, d.action, p.NetworkID); err != nil {
				return err
			}
		}
		return nil
	})
}

// Participations lists a network's practices, by name of the practice.
func (s *Store) Participations(ctx context.Context, networkID string) (ps []practice.Participation, err error) {
	err = s.db.SelectContext(ctx, &ps, `SELECT network_id, practice_id, state, open_consent FROM participation
		JOIN practice ON practice.id = participation.practice_id WHERE network_id = $1 ORDER BY practice.slug`, networkID)
	return ps, err
}

// ParticipatesIn lists a practice's networks.
func (s *Store) ParticipatesIn(ctx context.Context, practiceID string) (ps []practice.Participation, err error) {
	err = s.db.SelectContext(ctx, &ps, `SELECT network_id, practice_id, state, open_consent FROM participation
		WHERE practice_id = $1 ORDER BY network_id`, practiceID)
	return ps, err
}

// Snapshot is a quarter's counts of a frozen cohort: for each practice its releases of that quarter,
// added up, and the ledger of what is let out of them. The counts are sealed; the cohort is in a fixed
// order that says nothing.
type Snapshot struct {
	Quarter string
	Ledger  disclosure.Ledger
	Members []SnapshotMember
}

// SnapshotMember is one practice in a snapshot.
type SnapshotMember struct {
	PracticeID  string          `json:"practice"`
	OpenConsent bool            `json:"open,omitempty"` // as it was when the snapshot was made
	Questions   map[string]Part `json:"questions"`
}

// AnswersTo is each member's sealed counts of one question, by practice.
func AnswersTo(question string, members []SnapshotMember) map[string]disclosure.Sealed {
	sealed := make(map[string]disclosure.Sealed, len(members))
	for _, m := range members {
		sealed[m.PracticeID] = m.Questions[question].Counts
	}
	return sealed
}

// Ruling decides what is let out of a snapshot, given the ledgers that are there.
type Ruling func(members []SnapshotMember, beside disclosure.Beside) disclosure.Ledger

// FreezeQuarter makes a network's snapshot of one version of a survey for a quarter such as "2026-Q4",
// of the practices that have joined, with the ledger that rule decides, in one transaction. It reports
// false if there is one already. Snapshots of the same quarter are made one at a time.
func (s *Store) FreezeQuarter(ctx context.Context, networkID string, k SnapshotKey, first, last calendar.Week, rule Ruling) (made bool, err error) {
	err = s.tx(ctx, func(c *sqlx.Tx) error {
		// Two ledgers made at the same time would not see each other. The quarter's last week is closed.
		var closed string
		if err := c.GetContext(ctx, &closed, `SELECT week FROM closing WHERE week >= $1 ORDER BY week LIMIT 1`+s.forUpdate(), string(last)); err != nil {
			return err
		}
		r, err := c.ExecContext(ctx, `INSERT INTO snapshot (network_id, survey, version, quarter, value) VALUES ($1, $2, $3, $4, '')
			ON CONFLICT DO NOTHING`, networkID, k.Survey, k.Version, k.Quarter)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		value, err := joinedSums(ctx, c, networkID, k, first, last)
		if err != nil {
			return err
		}
		var members []SnapshotMember // the same, sealed
		if err := json.Unmarshal(value, &members); err != nil {
			return err
		}
		beside, err := ledgersBeside(ctx, c, networkID, k)
		if err != nil {
			return err
		}
		ledger, err := json.Marshal(rule(members, beside))
		if err != nil {
			return err
		}
		made = true
		_, err = c.ExecContext(ctx, `UPDATE snapshot SET value = $1, ledger = $2 WHERE network_id = $3 AND survey = $4 AND version = $5 AND quarter = $6`,
			string(value), string(ledger), networkID, k.Survey, k.Version, k.Quarter)
		return err
	})
	return made && err == nil, err
}

// memberSums is a SnapshotMember as it is stored.
type memberSums struct {
	PracticeID  string         `json:"practice"`
	OpenConsent bool           `json:"open,omitempty"`
	Questions   map[string]Sum `json:"questions"`
}

// joinedSums adds up the releases of a span of weeks for each practice that has joined, as stored.
func joinedSums(ctx context.Context, c *sqlx.Tx, networkID string, k SnapshotKey, first, last calendar.Week) ([]byte, error) {
	var rows []struct {
		PracticeID  string  `db:"practice_id"`
		OpenConsent bool    `db:"open_consent"`
		Value       *string `db:"value"`
	}
	if err := c.SelectContext(ctx, &rows, `SELECT participation.practice_id, open_consent, release.value FROM participation
		LEFT JOIN release ON release.practice_id = participation.practice_id AND survey = $1 AND version = $2 AND week >= $3 AND week <= $4
		WHERE network_id = $5 AND state = 'joined' ORDER BY participation.practice_id, week`,
		k.Survey, k.Version, string(first), string(last), networkID); err != nil {
		return nil, err
	}
	members := []memberSums{}
	for _, row := range rows {
		if len(members) == 0 || members[len(members)-1].PracticeID != row.PracticeID {
			members = append(members, memberSums{row.PracticeID, row.OpenConsent, map[string]Sum{}})
		}
		if row.Value == nil {
			continue
		}
		var sums Sums
		if err := json.Unmarshal([]byte(*row.Value), &sums); err != nil {
			return nil, fmt.Errorf("release of %s: %w", row.PracticeID, err)
		}
		m := &members[len(members)-1]
		for id, q := range sums.Questions {
			m.Questions[id] = m.Questions[id].Plus(q)
		}
	}
	return json.Marshal(members)
}

// ledgersBeside reads the ledgers that a new one is held against.
func ledgersBeside(ctx context.Context, c *sqlx.Tx, networkID string, k SnapshotKey) (beside disclosure.Beside, err error) {
	var rows []struct {
		NetworkID string `db:"network_id"`
		Quarter   string `db:"quarter"`
		Ledger    string `db:"ledger"`
	}
	if err := c.SelectContext(ctx, &rows, `SELECT network_id, quarter, ledger FROM snapshot
		WHERE survey = $1 AND version = $2 AND (network_id = $3 AND quarter <> $4 OR network_id <> $3 AND quarter = $4) ORDER BY quarter, network_id`,
		k.Survey, k.Version, networkID, k.Quarter); err != nil {
		return beside, err
	}
	for _, row := range rows {
		var l disclosure.Ledger
		if err := json.Unmarshal([]byte(row.Ledger), &l); err != nil {
			return beside, fmt.Errorf("ledger %s of %s: %w", row.Quarter, row.NetworkID, err)
		}
		switch {
		case row.NetworkID != networkID:
			beside.Elsewhere = append(beside.Elsewhere, l)
		case row.Quarter < k.Quarter:
			beside.Earlier = append(beside.Earlier, l)
		default:
			beside.Later = append(beside.Later, l)
		}
	}
	slices.Reverse(beside.Earlier)
	return beside, nil
}

// SnapshotKey names a snapshot of a network.
type SnapshotKey struct {
	Survey  string `db:"survey"`
	Version int    `db:"version"`
	Quarter string `db:"quarter"`
	Gone    int    `db:"gone"` // practices in it that were deleted since; not part of the name
}

// SnapshotKeys lists a network's snapshots, by survey, version and quarter.
func (s *Store) SnapshotKeys(ctx context.Context, networkID string) (keys []SnapshotKey, err error) {
	err = s.db.SelectContext(ctx, &keys, `SELECT survey, version, quarter, gone FROM snapshot
		WHERE network_id = $1 ORDER BY survey, version, quarter`, networkID)
	return keys, err
}

// Snapshot returns one snapshot. Once made it never changes, but that practices in it may lose their names.
func (s *Store) Snapshot(ctx context.Context, networkID string, k SnapshotKey) (Snapshot, error) {
	snapshot := Snapshot{Quarter: k.Quarter}
	var row struct {
		Value  string `db:"value"`
		Ledger string `db:"ledger"`
	}
	if err := s.db.GetContext(ctx, &row, `SELECT value, ledger FROM snapshot WHERE network_id = $1 AND survey = $2 AND version = $3 AND quarter = $4`,
		networkID, k.Survey, k.Version, k.Quarter); err != nil {
		return snapshot, explain(err)
	}
	if err := errors.Join(json.Unmarshal([]byte(row.Value), &snapshot.Members), json.Unmarshal([]byte(row.Ledger), &snapshot.Ledger)); err != nil {
		return snapshot, fmt.Errorf("snapshot %s of %s: %w", k.Quarter, networkID, err)
	}
	return snapshot, nil
}

// ReleasedBetween lists the versions of surveys that any practice has a release of in a span of weeks;
// only Survey and Version of the keys are filled in.
func (s *Store) ReleasedBetween(ctx context.Context, first, last calendar.Week) (keys []SnapshotKey, err error) {
	err = s.db.SelectContext(ctx, &keys, `SELECT DISTINCT survey, version FROM release
		WHERE week >= $1 AND week <= $2 ORDER BY survey, version`, string(first), string(last))
	return keys, err
}
