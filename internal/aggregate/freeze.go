package aggregate

import (
	"context"
	"log/slog"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// Freezer makes the networks' snapshots of quarters that have ended.
type Freezer struct {
	store   *store.Store
	surveys *survey.Catalog
	gate    disclosure.Gate
	log     *slog.Logger
}

// NewFreezer makes a freezer.
func NewFreezer(s *store.Store, surveys *survey.Catalog, g disclosure.Gate, log *slog.Logger) *Freezer {
	return &Freezer{s, surveys, g, log}
}

// weeksOf is the first and last week of a quarter: those whose Thursday is in it.
func weeksOf(quarter calendar.Period) (first, last calendar.Week, err error) {
	month := func(n int) string {
		return calendar.Period{Unit: calendar.Monthly, Year: quarter.Year, N: 3*(quarter.N-1) + n}.String()
	}
	if first, _, err = calendar.WeeksOfMonth(month(1)); err != nil {
		return "", "", err
	}
	_, last, err = calendar.WeeksOfMonth(month(3))
	return first, last, err
}

// Ended is the latest quarter whose weeks have all ended.
func Ended(now time.Time) calendar.Period {
	week := calendar.WeekOf(now)
	running := week.In(calendar.Quarterly)
	for week.In(calendar.Quarterly) == running {
		week = week.Add(-1)
	}
	return week.In(calendar.Quarterly)
}

// Freeze makes a quarter's snapshots of every network and of every version of a survey that has
// releases in it, of the practices that have joined at this moment. What is there already stays as it
// is, so that it can be called again and by several instances at once; it returns how many are new. A
// quarter that has not ended, or whose last week is not closed, is Invalid.
func (f *Freezer) Freeze(ctx context.Context, quarter calendar.Period, now time.Time) (made int, err error) {
	first, last, err := weeksOf(quarter)
	if err != nil {
		return 0, err
	}
	if last >= calendar.WeekOf(now) {
		return 0, fault.New(fault.Invalid, "network.quarter_running")
	}
	closed, err := f.store.LastClosed(ctx)
	if err != nil {
		return 0, err
	}
	if closed < last {
		return 0, fault.New(fault.Invalid, "network.quarter_open").With("Week", string(last))
	}
	surveys, err := f.store.ReleasedBetween(ctx, first, last)
	if err != nil || len(surveys) == 0 {
		return 0, err
	}
	networks, err := f.store.Networks(ctx)
	if err != nil {
		return 0, err
	}
	for _, n := range networks {
		for _, sv := range surveys {
			sv.Quarter = quarter.String()
			ok, err := f.store.FreezeQuarter(ctx, n.ID, sv, first, last, f.ruling(sv))
			if err != nil {
				return made, err
			}
			if ok {
				made++
			}
		}
	}
	if made > 0 {
		f.log.Info("quarter frozen", "quarter", quarter.String(), "snapshots", made)
	}
	return made, nil
}

// ruling decides what is let out of a snapshot of a version of a survey.
func (f *Freezer) ruling(k store.SnapshotKey) store.Ruling {
	return func(members []store.SnapshotMember, beside disclosure.Beside) disclosure.Ledger {
		ids := make([]string, len(members))
		for i, m := range members {
			ids[i] = m.PracticeID
		}
		cohorts := map[string]disclosure.Cohort{}
		if sv, ok := f.surveys.Survey(k.Survey, k.Version); ok {
			for _, q := range sv.ScoredAndIndex() {
				cohorts[q.ID] = f.gate.Cohort(store.AnswersTo(q.ID, members), q.Scores(), survey.NotApplicable)
			}
		}
		return f.gate.Ledger(ids, cohorts, beside)
	}
}

// FreezeEnded freezes the latest quarter that has ended, unless that is done or its last week is not
// closed yet.
func (f *Freezer) FreezeEnded(ctx context.Context, now time.Time) error {
	_, err := f.Freeze(ctx, Ended(now), now)
	if fault.KindOf(err) == fault.Invalid {
		return nil
	}
	return err
}

// Run freezes each quarter as it ends, until ctx is done. The first week of a quarter begins when the
// last one is closed, so it looks again every few minutes until both are done.
func (f *Freezer) Run(ctx context.Context, now func() time.Time) {
	for {
		if err := f.FreezeEnded(ctx, now()); err != nil && ctx.Err() == nil {
			f.log.Error("freeze quarter", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Minute):
		}
	}
}
