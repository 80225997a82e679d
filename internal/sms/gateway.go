package sms

import (
	"context"
	"log/slog"
)

// Gateway takes messages and passes them on.
type Gateway interface {
	// Send hands one message over, once: it never tries again by itself. Every trouble is in the result.
	Send(ctx context.Context, m Message) Result
}

// Outcome is what is known after handing a message over. Whether it may be tried again hangs on it, so
// an outcome says "not sent" only when that is certain.
type Outcome int

// The outcomes. The zero value is the one that is safe to assume.
const (
	Unknown  Outcome = iota // it may have been sent: never try again by itself
	Accepted                // the gateway has it
	Deferred                // certainly not sent, and may be tried again
	Rejected                // certainly not sent, and trying again would not help
)

func (o Outcome) String() string {
	return [...]string{"unknown", "accepted", "deferred", "rejected"}[o]
}

// Result is the outcome of one attempt.
type Result struct {
	Outcome   Outcome
	Reference string // the gateway's own name for the message, if it gave one
	Reason    string // a few words for the log; never a number, a text, an address or a secret
}

// Log is the gateway of development: it writes that a message would have gone, and to no one.
type Log struct{ Logger *slog.Logger }

// Send writes the masked number and the length.
func (g Log) Send(ctx context.Context, m Message) Result {
	g.Logger.LogAttrs(ctx, slog.LevelInfo, "SMS not sent: the gateway is the log", slog.Any("message", m))
	return Result{Outcome: Accepted}
}
