package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

const practiceColumns = `id, slug, name, phone, survey, live, qr, digital, network`

// CreatePractice stores a practice with a first collection point and returns both; ID and Slug are
// made here, and Survey is "visit" unless it is given. A name that is taken in addresses gets a Conflict.
func (s *Store) CreatePractice(ctx context.Context, p practice.Practice, pointLabel string) (practice.Practice, practice.Point, error) {
	var point practice.Point
	err := s.tx(ctx, func(c *sqlx.Tx) (err error) {
		p, point, err = createPractice(ctx, c, p, pointLabel)
		return err
	})
	return p, point, err
}

func createPractice(ctx context.Context, c *sqlx.Tx, p practice.Practice, pointLabel string) (practice.Practice, practice.Point, error) {
	point := practice.Point{Code: practice.NewCode(), Label: pointLabel}
	if err := p.Check(); err != nil {
		return p, point, err
	}
	p.ID, p.Slug = newID(), practice.Slug(p.Name)
	if p.Survey == "" {
		p.Survey = "visit"
	}
	if p.Slug == "" {
		return p, point, fault.New(fault.Invalid, "practice.name_required")
	}
	point.PracticeID = p.ID
	if _, err := c.NamedExecContext(ctx, `INSERT INTO practice (id, slug, name, phone, survey, live, qr, digital, network)
		VALUES (:id, :slug, :name, :phone, :survey, :live, :qr, :digital, :network)`, p); err != nil {
		return p, point, err
	}
	if err := record(ctx, c, p.ID, practice.PracticeAdded, p.Name); err != nil {
		return p, point, err
	}
	return p, point, createPoint(ctx, c, point)
}

// SavePractice rewrites what staff may change of a practice; its id, its slug and whether it is live stay. Nothing
// can be switched on before it is live, nor the networks off while it is in one: Conflicts.
func (s *Store) SavePractice(ctx context.Context, p practice.Practice) error {
	if err := p.Check(); err != nil {
		return err
	}
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var before practice.Practice
		if err := c.GetContext(ctx, &before, `SELECT `+practiceColumns+` FROM practice WHERE id = $1`+s.forUpdate(), p.ID); err != nil {
			return err
		}
		if _, err := c.NamedExecContext(ctx, `UPDATE practice SET name = :name, phone = :phone, survey = :survey, qr = :qr, digital = :digital, network = :network WHERE id = :id`, p); err != nil {
			return err
		}
		for _, feature := range []struct {
			was, is bool
			on, off practice.Action
		}{
			{before.QR, p.QR, practice.QROn, practice.QROff},
			{before.Digital, p.Digital, practice.DigitalOn, practice.DigitalOff},
			{before.Network, p.Network, practice.NetworkOn, practice.NetworkOff},
		} {
			if feature.was == feature.is {
				continue
			}
			action := feature.off
			if feature.is {
				action = feature.on
				if !before.Live {
					return fault.New(fault.Conflict, "setup.first")
				}
			}
			if err := record(ctx, c, p.ID, action, ""); err != nil {
				return err
			}
		}
		if before.Network && !p.Network {
			var in int
			if err := c.GetContext(ctx, &in, `SELECT count(*) FROM participation WHERE practice_id = $1 AND state = 'joined'`, p.ID); err != nil {
				return err
			}
			if in > 0 {
				return fault.New(fault.Conflict, "feature.network_in")
			}
		}
		before.QR, before.Digital, before.Network = p.QR, p.Digital, p.Network
		if before.Slug, before.Live = p.Slug, p.Live; p == before {
			return nil
		}
		return record(ctx, c, p.ID, practice.PracticeChanged, "")
	})
}

// Practice finds a practice by id.
func (s *Store) Practice(ctx context.Context, id string) (p practice.Practice, err error) {
	err = s.db.GetContext(ctx, &p, `SELECT `+practiceColumns+` FROM practice WHERE id = $1`, id)
	return p, explain(err)
}

// PracticeBySlug finds a practice by its name in addresses.
func (s *Store) PracticeBySlug(ctx context.Context, slug string) (p practice.Practice, err error) {
	err = s.db.GetContext(ctx, &p, `SELECT `+practiceColumns+` FROM practice WHERE slug = $1`, slug)
	return p, explain(err)
}

// Practices lists all practices, in the order of their slugs.
func (s *Store) Practices(ctx context.Context) (ps []practice.Practice, err error) {
	err = s.db.SelectContext(ctx, &ps, `SELECT `+practiceColumns+` FROM practice ORDER BY slug`)
	return ps, err
}

func createPoint(ctx context.Context, c sqlx.ExtContext, p practice.Point) error {
	if err := p.Check(); err != nil {
		return err
	}
	_, err := sqlx.NamedExecContext(ctx, c, `INSERT INTO point (code, practice_id, label, retired)
		VALUES (:code, :practice_id, :label, :retired)`, p)
	return err
}

// CreatePoint stores a new collection point under a new code.
func (s *Store) CreatePoint(ctx context.Context, practiceID, label string) (practice.Point, error) {
	p := practice.Point{Code: practice.NewCode(), PracticeID: practiceID, Label: label}
	err := s.tx(ctx, func(c *sqlx.Tx) error {
		if err := createPoint(ctx, c, p); err != nil {
			return err
		}
		return record(ctx, c, practiceID, practice.PointMade, label)
	})
	return p, err
}

// SetPointRetired takes a practice's collection point out of use, or back into it.
func (s *Store) SetPointRetired(ctx context.Context, practiceID string, code practice.Code, retired bool) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var label string
		if err := c.GetContext(ctx, &label, `UPDATE point SET retired = $1 WHERE practice_id = $2 AND code = $3 RETURNING label`,
			retired, practiceID, string(code)); err != nil {
			return err
		}
		action := practice.PointRestored
		if retired {
			action = practice.PointRetired
		}
		return record(ctx, c, practiceID, action, label)
	})
}

// Point finds a collection point, retired or not.
func (s *Store) Point(ctx context.Context, code practice.Code) (p practice.Point, err error) {
	err = s.db.GetContext(ctx, &p, `SELECT code, practice_id, label, retired FROM point WHERE code = $1`, string(code))
	return p, explain(err)
}

// Points lists a practice's collection points: those in use first, then by label.
func (s *Store) Points(ctx context.Context, practiceID string) (ps []practice.Point, err error) {
	err = s.db.SelectContext(ctx, &ps, `SELECT code, practice_id, label, retired FROM point
		WHERE practice_id = $1 ORDER BY retired, label, code`, practiceID)
	return ps, err
}

// PointsInUse counts each practice's collection points that are not retired, by practice id.
func (s *Store) PointsInUse(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		PracticeID string `db:"practice_id"`
		N          int    `db:"n"`
	}
	err := s.db.SelectContext(ctx, &rows, `SELECT practice_id, count(*) AS n FROM point WHERE NOT retired GROUP BY practice_id`)
	counts := make(map[string]int, len(rows))
	for _, r := range rows {
		counts[r.PracticeID] = r.N
	}
	return counts, err
}
