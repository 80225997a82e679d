package sms

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// State is what a delivery report says became of a message.
type State string

// The states. Buffered is not the last word; the others are.
const (
	Delivered State = "delivered" // the phone has it
	Failed    State = "failed"    // the phone will not get it
	Buffered  State = "buffered"  // under way
)

// Final reports whether no other state comes after it.
func (s State) Final() bool { return s == Delivered || s == Failed }

// ReportSettings say how a gateway's reports are read. All may be empty: then the state is the value
// of "status", in the words that gateways use.
type ReportSettings struct {
	// Kannel is for its numbers: 1 delivered, 2 not, 4 queued, 8 taken and 16 refused by the exchange.
	Kannel bool `json:"kannel"`
	// Status is where the state is: the name of a value of the query or the form, or a JSON pointer
	// (RFC 6901) into a JSON body.
	Status string `json:"status"`
	// States are the gateway's own words for each state, beside the usual ones.
	States map[State][]string `json:"states"`
}

// usual are the words for states in SMPP and in the interfaces of aggregators.
var usual = map[State][]string{
	Delivered: {"delivered", "delivrd", "success", "ok", "read", "seen"},
	Failed: {"failed", "failure", "undelivered", "undeliverable", "undeliv", "not_delivered", "notdelivered", "expired",
		"rejected", "rejectd", "deleted", "error", "blocked", "barred", "invalid", "cancelled", "canceled", "unknown"},
	Buffered: {"buffered", "queued", "accepted", "acceptd", "sent", "submitted", "enroute", "scheduled", "pending", "sending",
		"processing", "transit", "in_transit"},
}

func (s ReportSettings) check() error {
	for state := range s.States {
		if state != Delivered && state != Failed && state != Buffered {
			return fmt.Errorf("reports.states: there is no state %q", string(state))
		}
	}
	return nil
}

// Parse reads the state from a report: the query of its address, and its body, whose type may be a
// form, JSON or nothing. Which message it is about is in the address that the message gave.
func (s ReportSettings) Parse(query url.Values, contentType string, body []byte) (State, error) {
	name := s.Status
	if name == "" {
		name = "status"
	}
	value := query.Get(name)
	mediaType, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(mediaType)) {
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return "", errors.New("the report's form cannot be read")
		}
		if form.Has(name) {
			value = form.Get(name)
		}
	case "application/json":
		var v any
		if json.Unmarshal(body, &v) != nil {
			return "", errors.New("the report's JSON cannot be read")
		}
		if found, ok := point(v, name); ok {
			value = found
		}
	}
	if s.Kannel {
		return kannelState(value)
	}
	value = strings.ToLower(strings.TrimSpace(value))
	for _, states := range []map[State][]string{s.States, usual} {
		for state, words := range states {
			if slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, value) }) {
				return state, nil
			}
		}
	}
	return "", errors.New("the report says nothing that is known")
}

// kannelState reads Kannel's %d: bits, of which 34 (expired) and 66 (unknown) have two.
func kannelState(value string) (State, error) {
	bits, err := strconv.Atoi(strings.TrimSpace(value))
	switch {
	case err != nil || bits <= 0 || bits >= 128:
		return "", errors.New("the report has no status of Kannel's")
	case bits&1 != 0:
		return Delivered, nil
	case bits&(2|16) != 0:
		return Failed, nil
	case bits&(4|8) != 0:
		return Buffered, nil
	}
	return "", errors.New("the report has no status of Kannel's")
}

// point follows a JSON pointer, or one name at the top, to a string, a number or a truth.
func point(v any, pointer string) (string, bool) {
	if !strings.HasPrefix(pointer, "/") {
		pointer = "/" + pointer
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch c := v.(type) {
		case map[string]any:
			v = c[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(c) {
				return "", false
			}
			v = c[i]
		default:
			return "", false
		}
	}
	switch v.(type) {
	case string, float64, bool:
		return fmt.Sprint(v), true
	}
	return "", false
}
