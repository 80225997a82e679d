package store

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// improvementRow is a row of improvement as stored.
type improvementRow struct {
	ID         string `db:"id"`
	PracticeID string `db:"practice_id"`
	Survey     string `db:"survey"`
	Version    int    `db:"version"`
	Questions  string `db:"questions"`
	Done       string `db:"done"`
	Target     int    `db:"target"`
	Start      string `db:"start_week"`
	Closed     string `db:"closed_week"`
	Verdict    string `db:"verdict"`
	Heard      string `db:"heard"`
	Told       string `db:"told"`
}

func rowOf(im practice.Improvement) improvementRow {
	return improvementRow{im.ID, im.PracticeID, im.Survey, im.Version, strings.Join(im.Questions, " "), im.Done, im.Target,
		string(im.Start), string(im.Closed), im.Verdict, im.Heard, im.Told}
}

func (r improvementRow) improvement() practice.Improvement {
	return practice.Improvement{ID: r.ID, PracticeID: r.PracticeID, Survey: r.Survey, Version: r.Version, Questions: strings.Fields(r.Questions),
		Done: r.Done, Target: r.Target, Start: calendar.Week(r.Start), Closed: calendar.Week(r.Closed), Verdict: r.Verdict, Heard: r.Heard, Told: r.Told}
}

// CreateImprovement stores an improvement; its ID is made here.
func (s *Store) CreateImprovement(ctx context.Context, im practice.Improvement) (practice.Improvement, error) {
	if err := im.Check(); err != nil {
		return im, err
	}
	im.ID = newID()
	err := s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := c.NamedExecContext(ctx, `INSERT INTO improvement
			(id, practice_id, survey, version, questions, done, target, start_week, closed_week, verdict, heard, told)
			VALUES (:id, :practice_id, :survey, :version, :questions, :done, :target, :start_week, :closed_week, :verdict, :heard, :told)`, rowOf(im)); err != nil {
			return err
		}
		return record(ctx, c, im.PracticeID, practice.ImprovementMade, im.Done)
	})
	return im, err
}

// CloseImprovement closes an improvement and keeps what was found that day. One that is closed already
// is a Conflict: its verdict is a record and is not written again.
func (s *Store) CloseImprovement(ctx context.Context, practiceID, id string, week calendar.Week, verdict string) error {
	return s.changeImprovement(ctx, practiceID, id, practice.ImprovementClosed, func(im *practice.Improvement) error {
		if im.Closed != "" {
			return fault.New(fault.Conflict, "improvement.closed_before")
		}
		im.Closed, im.Verdict = week, verdict
		return nil
	})
}

// PublishImprovement sets or, with both empty, takes back the public line of an improvement.
func (s *Store) PublishImprovement(ctx context.Context, practiceID, id, heard, told string) error {
	action := practice.Published
	if heard == "" {
		action = practice.Unpublished
	}
	return s.changeImprovement(ctx, practiceID, id, action, func(im *practice.Improvement) error {
		im.Heard, im.Told = heard, told
		return im.Check()
	})
}

func (s *Store) changeImprovement(ctx context.Context, practiceID, id string, action practice.Action, change func(*practice.Improvement) error) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var row improvementRow
		if err := c.GetContext(ctx, &row, selectImprovement+` WHERE practice_id = $1 AND id = $2`+s.forUpdate(), practiceID, id); err != nil {
			return err
		}
		im := row.improvement()
		if err := change(&im); err != nil {
			return err
		}
		if _, err := c.NamedExecContext(ctx, `UPDATE improvement SET closed_week = :closed_week, verdict = :verdict, heard = :heard, told = :told
			WHERE id = :id`, rowOf(im)); err != nil {
			return err
		}
		return record(ctx, c, practiceID, action, im.Done)
	})
}

const selectImprovement = `SELECT id, practice_id, survey, version, questions, done, target, start_week, closed_week, verdict, heard, told
	FROM improvement`

// Improvement finds one of a practice's improvements.
func (s *Store) Improvement(ctx context.Context, practiceID, id string) (practice.Improvement, error) {
	var row improvementRow
	err := s.db.GetContext(ctx, &row, selectImprovement+` WHERE practice_id = $1 AND id = $2`, practiceID, id)
	return row.improvement(), explain(err)
}

// Improvements lists a practice's improvements: the open ones first, then the latest.
func (s *Store) Improvements(ctx context.Context, practiceID string) ([]practice.Improvement, error) {
	var rows []improvementRow
	err := s.db.SelectContext(ctx, &rows, selectImprovement+` WHERE practice_id = $1
		ORDER BY CASE WHEN closed_week = '' THEN 0 ELSE 1 END, start_week DESC, id`, practiceID)
	ims := make([]practice.Improvement, len(rows))
	for i, row := range rows {
		ims[i] = row.improvement()
	}
	return ims, err
}
