package invite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
)

const (
	senders     = 4                // messages handed over at the same time
	giveUp      = 6                // attempts: a gateway that is down is tried for some hours
	sendTimeout = 40 * time.Second // of one attempt; the gateway's own is shorter
)

// Start begins to send what is queued, in this process as one of perhaps several. Stop the returned client
// before the store is closed.
func (i *Inviter) Start(ctx context.Context) (*river.Client[*sql.Tx], error) {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &deliverer{inviter: i}); err != nil {
		return nil, err
	}
	rescue := cmp.Or(i.Rescue, 2*time.Minute)
	c, err := i.Store.Jobs(&river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: senders}}, Workers: workers,
		FetchPollInterval: time.Second, FetchCooldown: 100 * time.Millisecond,
		JobTimeout: min(sendTimeout, rescue), RescueStuckJobsAfter: rescue, SoftStopTimeout: 10 * time.Second,
		// A job says nothing that the message does not, so it goes when it is done.
		CompletedJobRetentionPeriod: time.Second, CancelledJobRetentionPeriod: time.Second, DiscardedJobRetentionPeriod: time.Second,
		ReindexerIndexNames: []string{},
	})
	if err != nil {
		return nil, err
	}
	return c, c.Start(ctx)
}

type deliverer struct {
	river.WorkerDefaults[store.Delivery]
	inviter *Inviter
}

// errDeferred is all that the queue keeps of an attempt that the gateway did not take: it must never
// quote a gateway.
var errDeferred = errors.New("not taken by the gateway")

// Work hands over one message, at most once: it is moved to sending before, and a message found in
// sending is never sent again by itself. What leaves here as an error is kept and logged by the queue, so
// it says which step failed and nothing else.
func (d *deliverer) Work(ctx context.Context, job *river.Job[store.Delivery]) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("panic")
		}
	}()
	i := d.inviter
	if i.gateway == nil {
		return river.JobSnooze(time.Hour)
	}
	m, err := i.Store.ClaimMessage(ctx, job.Args.MessageID, i.Now())
	if errors.Is(err, store.ErrSettled) {
		return nil
	}
	if err != nil {
		return errors.New("claim the message")
	}
	// From here on the outcome is worth keeping even if the server is being stopped.
	settle := func(state string) error {
		if err := i.Store.SettleMessage(context.WithoutCancel(ctx), m.ID, state, i.Now()); err != nil {
			return errors.New("keep the outcome")
		}
		return nil
	}
	p, err := i.Store.Practice(ctx, m.PracticeID)
	if fault.KindOf(err) == fault.NotFound {
		return nil // deleted since the message was claimed
	}
	if err != nil {
		return errors.Join(errors.New("read the practice"), settle("queued"))
	}
	a, err := i.Store.Asking(ctx, m.PracticeID)
	if err != nil {
		return errors.Join(errors.New("read how the practice asks"), settle("queued"))
	}
	if now := i.Now(); !a.SMS {
		return settle("failed") // switched off after it was queued
	} else if wait := window(a).Next(now).Sub(now); wait > 0 {
		return errors.Join(settle("queued"), river.JobSnooze(wait))
	}
	result := i.gateway.Send(ctx, sms.Message{ID: m.ID, To: m.To, From: sms.Sender(a.Sender), Text: i.Text(p, a, m.Language, i.Link(m.Token))})
	switch result.Outcome {
	case sms.Accepted:
		return settle("sent")
	case sms.Rejected:
		i.Log.Warn("message rejected", "id", m.ID, "reason", result.Reason)
		return settle("failed")
	case sms.Deferred:
		if job.Attempt < giveUp {
			if err := settle("queued"); err != nil {
				return err
			}
			return errDeferred
		}
		i.Log.Warn("message given up", "id", m.ID, "reason", result.Reason)
		return settle("failed")
	default:
		i.Log.Warn("nobody knows whether a message went out", "id", m.ID, "reason", result.Reason)
		return settle("uncertain")
	}
}

// NextRetry spaces the attempts: a minute, five, half an hour, two hours, six.
func (d *deliverer) NextRetry(job *river.Job[store.Delivery]) time.Time {
	waits := [...]time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}
	return time.Now().Add(waits[min(max(job.Attempt, 1), len(waits))-1])
}

// month is the month that a message counts in.
func month(t time.Time) string { return calendar.MonthOf(t) }
