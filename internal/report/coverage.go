package report

import (
	"context"
	"slices"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
)

const coverageWeeks = 8 // up to the running week

// CoverageRow is how many a practice asked by message in some weeks, and how many answered. The numbers of
// answers come from one release; weeks that have none yet, the running one first of all, stand alone.
type CoverageRow struct {
	Span     Span
	Visits   int            // as the practice estimates them; 0: it has not
	Asked    int            // by message
	Opened   int            // forms opened by link, programs that check links included; 0 where Answered is
	Answered int            // by message; 0: not released, too few, or not to be told
	Total    int            // answers of all kinds; 0: not released, or not to be told
	Parts    map[string]int // of Total, by channel
}

// Coverage tells how many of those who could answer did, the latest weeks first. A number that rule S8 keeps
// back is left out of its row, and there are no sums that it could be taken back out of.
func (r *Reader) Coverage(ctx context.Context, p practice.Practice, visitsWeek int, now time.Time) ([]CoverageRow, error) {
	d, err := r.Dashboard(ctx, p, p.Survey, 0)
	if err != nil {
		return nil, err
	}
	opened, err := r.store.Opened(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	asked, err := r.store.AskedWeekly(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	this := calendar.WeekOf(now)
	var rows []CoverageRow
	for week := this; week > this.Add(-coverageWeeks); {
		row := CoverageRow{Span: Span{week, week}}
		i := slices.IndexFunc(d.Responses.Weeks, func(w WeekResponses) bool { return w.Span.First <= week && week <= w.Span.Last })
		if i >= 0 {
			row.Span = d.Responses.Weeks[i].Span
		}
		looked := 0
		for w := row.Span.First; w <= row.Span.Last; w = w.Add(1) {
			row.Asked += asked[w]
			row.Visits += visitsWeek
			looked += opened[w]
		}
		if i >= 0 {
			row.release(d.Responses.Weeks[i], looked)
		}
		rows = append(rows, row)
		week = row.Span.First.Add(-1)
	}
	return rows, nil
}

// release fills in what a release says, as far as it may stand beside the rest of the row.
func (row *CoverageRow) release(w WeekResponses, opened int) {
	if row.Visits > 0 && !disclosure.MayCompare(row.Visits, w.Total) {
		return
	}
	row.Total, row.Parts = w.Total, w.Parts
	if n := w.Parts[byMessage]; n > 0 { // else few, or kept back by S8
		row.Answered, row.Opened = n, opened
	}
}
