package report

import (
	"context"
	"slices"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

// Quarter is what one practice reads of one quarter that is over: a Dashboard of the releases of that
// quarter alone, without series, whose Summary compares it with the quarter before. Quarters are a fixed
// division of the releases, each in the quarter of its own week, so two of them never overlap.
type Quarter struct {
	Dashboard
	Quarters     []calendar.Period // that are over, the latest first; empty: none is, and the rest is too
	Quarter      calendar.Period
	Improvements []practice.Improvement // of the survey, running in the quarter; of the latest, also those begun since
}

// Shift is what changed of a question since the quarter before; nil for one without a scale.
func (q *Quarter) Shift(question string) *Shift {
	i := slices.IndexFunc(q.Summary.Shifts, func(s Shift) bool { return s.Question == question })
	if i < 0 {
		return nil
	}
	return &q.Summary.Shifts[i]
}

// Quarterly reports on one quarter. The survey is chosen as in Dashboard; an empty quarter means the
// latest that is over. One that is not over, or lies before the first release, is NotFound.
func (r *Reader) Quarterly(ctx context.Context, p practice.Practice, surveyID string, version int, quarter string) (*Quarter, error) {
	d, sv, releases, err := r.open(ctx, p, surveyID, version)
	if err != nil {
		return nil, err
	}
	out := &Quarter{Dashboard: *d}
	latest, _ := quarters(releases)
	if latest != (calendar.Period{}) {
		for at := latest; at.Next() != d.First.In(calendar.Quarterly); at = quarterBefore(at) {
			out.Quarters = append(out.Quarters, at)
		}
		out.Quarter = latest
	}
	if quarter != "" {
		i := slices.IndexFunc(out.Quarters, func(at calendar.Period) bool { return at.String() == quarter })
		if i < 0 {
			return nil, fault.New(fault.NotFound, "error.not_found")
		}
		out.Quarter = out.Quarters[i]
	}
	if len(out.Quarters) == 0 {
		return out, nil
	}
	ims, err := r.store.Improvements(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	within := slices.DeleteFunc(slices.Clone(releases), func(rel store.Release) bool { return rel.Week.In(calendar.Quarterly) != out.Quarter })
	out.Now, out.Unit = spanOf(within), calendar.Quarterly
	for _, q := range questionsOf(sv) {
		out.Questions = append(out.Questions, r.question(q, nil, within, out.Unit))
	}
	out.Improvements = slices.DeleteFunc(ims, func(im practice.Improvement) bool {
		begun, ended := im.Start.In(calendar.Quarterly).String(), im.Closed != none && im.Closed.In(calendar.Quarterly).String() < out.Quarter.String()
		return im.Survey != sv.ID || im.Version != sv.Version || ended || begun > out.Quarter.String() && out.Quarter != latest
	})
	out.Summary = r.summary(sv, &out.Dashboard, releases, out.Improvements, out.Quarter, quarterBefore(out.Quarter))
	if out.Responses, err = r.responses(ctx, out.Key(), within); err != nil {
		return nil, err
	}
	bursts, err := r.store.Bursts(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	out.Held = out.held(slices.DeleteFunc(bursts, func(b store.Burst) bool { return b.Week.In(calendar.Quarterly) != out.Quarter }), none)
	return out, nil
}
