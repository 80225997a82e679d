package aggregate

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// Divide decides, with the gate's floor, what of pending sums becomes a release: each question with
// that many valid answers, and how many chose "does not apply" once they are as many; responses by channel when there are as many, with small channels gathered;
// and, only together with those, the collection points once each has them. The rest waits for the next
// close. What is held becomes a burst once it has that many responses, and one that was let in joins what
// is released anyway.
func Divide(g disclosure.Gate) store.Division {
	return store.Division{Method: stats.Method, Floor: g.Floor(),
		Divide: func(_ string, pending store.Sums) (release, rest store.Sums) { return divide(g, pending) },
		Settle: func(held store.Sums) (n int, ok bool) {
			for _, k := range held.Channels.Counts {
				n += k
			}
			return n, n >= g.Floor()
		},
		Join: func(release, rest, letIn store.Sums) (fuller, waits, left store.Sums) {
			return join(g, release, rest, letIn)
		}}
}

func divide(g disclosure.Gate, pending store.Sums) (release, rest store.Sums) {
	release.Questions, rest.Questions = map[string]store.Sum{}, map[string]store.Sum{}
	asides := maps.Clone(pending.Asides)
	if asides == nil {
		asides = map[string]int{}
	}
	for id, q := range pending.Questions {
		if !g.Ready(q.Counts, survey.NotApplicable) {
			rest.Questions[id] = q
			continue
		}
		q.Counts = maps.Clone(q.Counts)
		aside := q.Counts[survey.NotApplicable] + asides[id]
		delete(asides, id)
		if delete(q.Counts, survey.NotApplicable); aside >= g.Floor() {
			q.Counts[survey.NotApplicable] = aside
		} else if aside > 0 {
			asides[id] = aside
		}
		release.Questions[id] = q
	}
	if len(asides) > 0 {
		rest.Asides = asides
	}
	rest.Channels, rest.Points = pending.Channels, pending.Points
	if g.Ready(pending.Channels.Counts, "") {
		release.Channels, rest.Channels = pending.Channels, store.Sum{}
		release.Channels.Counts = g.Merge(pending.Channels.Counts)
		ready, waits := g.Spread(pending.Points.Counts)
		release.Points = withCounts(pending.Points, ready)
		rest.Points = withCounts(pending.Points, waits)
	}
	return release, rest
}

// join adds what a lead let in to a release, part by part, where there is something to join: then at least
// the floor of answers that were never held are with it. By itself it is never released, or whoever makes
// a burst while somebody answers could cut that answer out of its week and take their own away from it.
func join(g disclosure.Gate, release, rest, letIn store.Sums) (fuller, waits, left store.Sums) {
	fuller, waits, left = release, rest, store.Sums{Questions: map[string]store.Sum{}}
	fuller.Questions, waits.Asides = maps.Clone(release.Questions), maps.Clone(rest.Asides)
	for id, q := range letIn.Questions {
		with, ok := release.Questions[id]
		if !ok {
			left.Questions[id] = q
			continue
		}
		q.Counts = maps.Clone(q.Counts)
		if n := q.Counts[survey.NotApplicable]; n > 0 && with.Counts[survey.NotApplicable] == 0 {
			delete(q.Counts, survey.NotApplicable)
			if waits.Asides == nil {
				waits.Asides = map[string]int{}
			}
			waits.Asides[id] += n
		}
		fuller.Questions[id] = with.Plus(q)
	}
	if fuller.Channels, left.Channels = release.Channels, letIn.Channels; len(release.Channels.Counts) > 0 {
		fuller.Channels = release.Channels.Plus(withCounts(letIn.Channels, g.Merge(letIn.Channels.Counts)))
		left.Channels = store.Sum{}
	}
	if fuller.Points, left.Points = release.Points, letIn.Points; len(release.Points.Counts) > 0 {
		fuller.Points = release.Points.Plus(withCounts(letIn.Points, g.Merge(letIn.Points.Counts)))
		left.Points = store.Sum{}
	}
	return fuller, waits, left
}

func withCounts(s store.Sum, counts map[string]int) store.Sum {
	if len(counts) == 0 {
		return store.Sum{}
	}
	s.Counts = counts
	return s
}

// Closer closes weeks.
type Closer struct {
	store *store.Store
	gate  disclosure.Gate
	log   *slog.Logger
}

// NewCloser makes a closer.
func NewCloser(s *store.Store, g disclosure.Gate, log *slog.Logger) *Closer {
	return &Closer{s, g, log}
}

// Close closes one week by hand: a week that has ended or the one that now is, whose later answers
// then wait for the next close. It reports false if that week or a later one is closed already.
func (c *Closer) Close(ctx context.Context, week calendar.Week, now time.Time) (bool, error) {
	if week > calendar.WeekOf(now) {
		return false, fault.New(fault.Invalid, "close.future")
	}
	closed, err := c.store.CloseWeek(ctx, week, Divide(c.gate))
	if closed {
		c.log.Info("week closed", "week", string(week))
	}
	return closed, err
}

// CloseEnded closes the latest week that has ended, unless that is done. Weeks missed before it had no
// answers of their own: nothing was listening.
func (c *Closer) CloseEnded(ctx context.Context, now time.Time) error {
	_, err := c.Close(ctx, calendar.WeekOf(now).Add(-1), now)
	return err
}

// Run closes each week as it ends, until ctx is done. A close that fails is tried again a minute later.
func (c *Closer) Run(ctx context.Context, now func() time.Time) {
	for {
		wait := time.Until(calendar.WeekOf(time.Now()).Add(1).Start())
		if err := c.CloseEnded(ctx, now()); err != nil && ctx.Err() == nil {
			c.log.Error("close week", "error", err)
			wait = time.Minute
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(wait, time.Hour)): // a machine that slept must not sleep past its Monday
		}
	}
}
