package report

import (
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/store"
)

// Held is the number of responses that came in bursts and are left out of a report: those that wait, for a
// decision or to join, and those that were dropped. A dashboard has all that wait, and what was dropped in
// the weeks of Dashboard.Now; a quarter what came in its own weeks. Each burst is of ten or more, counted
// when a week was closed, so that these numbers tell no more than releases do.
type Held struct{ Waiting, Dropped int }

// held adds up bursts; those that were dropped only from a week on.
func (d *Dashboard) held(bursts []store.Burst, since calendar.Week) (h Held) {
	for _, b := range bursts {
		if b.Survey != d.Survey || b.Version != d.Version {
			continue
		}
		switch b.State {
		case store.BurstHeld, store.BurstReleased:
			h.Waiting += b.N
		case store.BurstDropped, store.BurstExpired:
			if b.Week >= since {
				h.Dropped += b.N
			}
		}
	}
	return h
}
