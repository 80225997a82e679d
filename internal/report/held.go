package report

import "github.com/venterom/venterom/internal/store"

// Held is the number of responses that came in bursts and are left out of a dashboard: those that wait,
// for a decision or to join, and those that were dropped in the weeks of Dashboard.Now. Each burst is of ten
// or more, counted when a week was closed, so that these numbers tell no more than releases do.
type Held struct{ Waiting, Dropped int }

func (d *Dashboard) held(bursts []store.Burst) (h Held) {
	for _, b := range bursts {
		if b.Survey != d.Survey || b.Version != d.Version {
			continue
		}
		switch b.State {
		case store.BurstHeld, store.BurstReleased:
			h.Waiting += b.N
		case store.BurstDropped, store.BurstExpired:
			if b.Week >= d.Now.First {
				h.Dropped += b.N
			}
		}
	}
	return h
}
