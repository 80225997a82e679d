// Package fault holds the one error a user may see: what kind of trouble it is, and the key of the
// words that say what to do about it. Every other error is internal: it is logged, never shown.
package fault

import "errors"

// Kind is the class of a fault; the web layer maps it to a status.
type Kind int

// The kinds of fault. Internal is what every error that is not an *Error counts as.
const (
	Internal     Kind = iota
	Invalid           // the input breaks a rule
	Unauthorized      // nobody is signed in
	Forbidden         // signed in, but not for this
	NotFound          // there is no such thing
	Gone              // there was, and it is over
	Conflict          // it exists already, or has changed meanwhile
	TooLarge          // the input is longer than anything a form can say
	Unavailable       // not now: try again
	TooMany           // too often in too short a time
	Unsupported       // written in a way that is not read
)

// Error is a fault. Key names a message of the interface, Args fill it in; Cause is for the log.
type Error struct {
	Kind  Kind
	Key   string
	Args  map[string]any
	Cause error
}

// New makes a fault from a kind and a message key.
func New(kind Kind, key string) *Error { return &Error{Kind: kind, Key: key} }

// With returns a copy of the fault that fills name in its message with value.
func (e *Error) With(name string, value any) *Error {
	c := *e
	c.Args = map[string]any{name: value}
	for k, v := range e.Args {
		c.Args[k] = v
	}
	return &c
}

// Because returns a copy of the fault that carries its cause to the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Key + ": " + e.Cause.Error()
	}
	return e.Key
}

func (e *Error) Unwrap() error { return e.Cause }

// As returns the fault within err, or nil.
func As(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}

// All returns every fault that errors.Join has put in err, in order. Of one that is no fault there is none.
func All(err error) []*Error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Error
		for _, e := range j.Unwrap() {
			all = append(all, All(e)...)
		}
		return all
	}
	if e := As(err); e != nil {
		return []*Error{e}
	}
	return nil
}

// KindOf returns the kind of the fault within err, Internal if there is none.
func KindOf(err error) Kind {
	if e := As(err); e != nil {
		return e.Kind
	}
	return Internal
}
