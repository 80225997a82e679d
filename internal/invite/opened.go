package invite

import (
	"context"
	"sync"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/store"
)

// opened counts in memory how often forms are opened by links: written one by one, the database's own
// traces would tell when somebody did.
type opened struct {
	mu sync.Mutex
	n  map[store.Opened]int
}

// Opened notes that a form was opened by a link of a practice's message.
func (i *Inviter) Opened(practiceID string) {
	i.opened.mu.Lock()
	defer i.opened.mu.Unlock()
	i.opened.n[store.Opened{PracticeID: practiceID, Week: calendar.WeekOf(i.Now())}]++
}

// Flush stores what was counted since the last time. If it fails, that is kept for the next.
func (i *Inviter) Flush(ctx context.Context) error {
	i.opened.mu.Lock()
	counted := i.opened.n
	i.opened.n = map[store.Opened]int{}
	i.opened.mu.Unlock()
	if len(counted) == 0 {
		return nil
	}
	err := i.Store.AddOpened(ctx, counted)
	if err != nil {
		i.opened.mu.Lock()
		defer i.opened.mu.Unlock()
		for o, n := range counted {
			i.opened.n[o] += n
		}
	}
	return err
}
