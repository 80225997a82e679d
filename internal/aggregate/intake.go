// Package aggregate is the aggregation service: it counts answers as they come in, and closes each
// week into releases. It knows what is counted together and what may leave; it keeps nothing itself.
package aggregate

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// Entry turns the responses of a form, or of a batch of forms on paper, into what is counted. receipt is
// a hash of the form's or the batch's random number.
func Entry(practiceID, point, channel, receipt string, responses []survey.Response) store.Entry {
	e := store.Entry{Receipt: receipt, PracticeID: practiceID, Point: point, Channel: channel,
		Answers: make([]store.Answers, len(responses))}
	for i, r := range responses {
		e.Answers[i] = store.Answers{Survey: r.Survey.ID, Version: r.Survey.Version, Options: r.Counts()}
	}
	return e
}

const (
	maxBatch      = 512              // forms in one transaction
	commitTimeout = 15 * time.Second // then the patient is asked to send again
)

// Intake counts forms by group commit: while one batch is being committed the next one collects, with
// no timer between. Every caller waits for its own commit. The batch in memory is the only place
// where single answers ever are, for the milliseconds until they are numbers.
type Intake struct {
	store  *store.Store
	now    func() time.Time
	log    *slog.Logger
	closer *Closer

	queue   chan waiting
	stopped chan struct{}
	mu      sync.RWMutex // held for reading while a form enters the queue
	closed  bool
	week    calendar.Week // of the latest batch
}

type waiting struct {
	entry store.Entry
	done  chan error
}

// NewIntake starts an intake; Stop ends it.
func NewIntake(s *store.Store, closer *Closer, now func() time.Time, log *slog.Logger) *Intake {
	in := &Intake{store: s, now: now, log: log, closer: closer,
		queue: make(chan waiting, maxBatch), stopped: make(chan struct{})}
	go in.run()
	return in
}

// Count counts one entry. nil means it is on disk, counted exactly once however often it is sent. Gone
// means that the invitation it came by is used or over, and it is not counted. Any other error means it may
// or may not be: the same form can be sent again without harm.
func (in *Intake) Count(ctx context.Context, e store.Entry) error {
	w := waiting{e, make(chan error, 1)}
	if err := in.enqueue(ctx, w); err != nil {
		return err
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (in *Intake) enqueue(ctx context.Context, w waiting) error {
	in.mu.RLock()
	defer in.mu.RUnlock()
	if in.closed {
		return fault.New(fault.Unavailable, "error.unavailable")
	}
	select {
	case in.queue <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop commits what has come in and ends the intake.
func (in *Intake) Stop() {
	in.mu.Lock()
	if !in.closed {
		in.closed = true
		close(in.queue)
	}
	in.mu.Unlock()
	<-in.stopped
}

func (in *Intake) run() {
	defer close(in.stopped)
	batch := make([]waiting, 0, maxBatch)
	entries := make([]store.Entry, 0, maxBatch)
	for w := range in.queue {
		// The clients that the last commit answered are on their way back: a moment for them, as long as
		// they keep coming, makes one commit of what would be two taking turns.
		for n := -1; n != len(in.queue); {
			n = len(in.queue)
			runtime.Gosched()
		}
		batch = append(batch[:0], w)
	drain:
		for len(batch) < maxBatch {
			select {
			case w, ok := <-in.queue:
				if !ok {
					break drain
				}
				batch = append(batch, w)
			default:
				break drain
			}
		}
		entries = entries[:0]
		for _, w := range batch {
			entries = append(entries, w.entry)
		}
		in.commit(batch, entries)
		clear(batch) // answers do not outlive their commit
		clear(entries)
	}
}

func (in *Intake) commit(batch []waiting, entries []store.Entry) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	now := in.now()
	if week := calendar.WeekOf(now); week != in.week {
		// The old week is closed before the first answer of a new one, however late the clock's own close is.
		// If that fails, counting goes on and each batch tries again.
		if err := in.closer.CloseEnded(ctx, now); err != nil {
			in.log.Error("close week", "error", err)
		} else {
			in.week = week
		}
	}
	err := in.store.Count(ctx, now, entries)
	if refused, ok := errors.AsType[store.Refused](err); ok {
		for i, w := range batch {
			if slices.Contains(refused, i) {
				w.done <- fault.New(fault.Gone, "invitation.used")
			} else {
				w.done <- nil
			}
		}
		return
	}
	if err != nil {
		in.log.Error("count", "forms", len(batch), "error", err)
	}
	if err == nil || len(batch) == 1 || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		for _, w := range batch {
			w.done <- err
		}
		return
	}
	// One form that cannot be counted, for instance to a practice deleted meanwhile, must not take the
	// others with it. Receipts make it harmless if the failed transaction was committed after all.
	for _, w := range batch {
		err := in.store.Count(ctx, now, []store.Entry{w.entry})
		if _, ok := errors.AsType[store.Refused](err); ok {
			err = fault.New(fault.Gone, "invitation.used")
		}
		w.done <- err
	}
}
