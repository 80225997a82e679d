// Package sms knows short messages: numbers, sender names, texts and what they cost, when they may be
// sent, the gateways that take them and the reports that come back. It keeps nothing and waits for
// nothing: the queue and its store are others'. Nothing here writes a number or a text into a log or an
// error.
package sms

import (
	"fmt"
	"log/slog"
)

// Message is one text to one phone.
type Message struct {
	ID   string // the same for every attempt, so that a gateway can know a repeat
	To   Number
	From Sender
	Text string
}

// Format writes a message without its text, which holds a link that is good for one answer.
func (m Message) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "SMS %s from %s to %s (%d characters)", m.ID, string(m.From), m.To.Masked(), len([]rune(m.Text)))
}

// LogValue is what a log may know of a message.
func (m Message) LogValue() slog.Value {
	s := Count(m.Text)
	return slog.GroupValue(slog.String("id", m.ID), slog.String("from", string(m.From)),
		slog.String("to", m.To.Masked()), slog.Int("length", len([]rune(m.Text))),
		slog.String("encoding", s.Encoding.String()), slog.Int("parts", s.Parts))
}

// Problem is something about a text, a sender name or a number that its owner should know: the key of
// a message of the interface and what fills it in.
type Problem struct {
	Key     string
	Args    map[string]any
	Warning bool // it may be used all the same
}

// Price is what n parts cost in øre.
func Price(parts, perPart int) int { return parts * perPart }

// Affordable is how many parts the rest of a month's cap pays for. All are in øre; a price of zero is
// no price, and then the cap is no limit: ok is false.
func Affordable(limit, spent, perPart int) (parts int, ok bool) {
	if perPart <= 0 {
		return 0, false
	}
	return max(0, limit-spent) / perPart, true
}
