package sms

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unique"

	"github.com/venterom/venterom/internal/fault"
)

// Number is a Norwegian mobile number. Whatever prints it prints it masked; E164 alone gives it away.
// The digits are behind a handle so that even a printer that goes around the methods, as fmt does for
// an unexported field, finds an address; and so that equal numbers compare equal.
type Number struct{ e164 unique.Handle[string] }

// ParseNumber reads a number as people and journal systems write it. Fixed lines, foreign numbers and
// machines' numbers are refused; the fault says which, and never repeats the number.
// Source: Nkom, the Norwegian numbering plan E.164.
func ParseNumber(text string) (Number, error) {
	wrong := func(key string) (Number, error) { return Number{}, fault.New(fault.Invalid, key) }
	digits := separators.Replace(strings.TrimSpace(text))
	if digits == "" {
		return wrong("number.empty")
	}
	digits, foreign := strings.CutPrefix(digits, "+")
	if strings.Trim(digits, "0123456789") != "" || digits == "" {
		return wrong("number.characters")
	}
	if !foreign {
		digits, foreign = strings.CutPrefix(digits, "00")
	}
	switch {
	case foreign && !strings.HasPrefix(digits, "47"):
		return wrong("number.foreign")
	case foreign, len(digits) == 10: // 47012345 is a mobile number that begins with 47
		digits = strings.TrimPrefix(digits, "47")
	}
	switch {
	case strings.HasPrefix(digits, "58") && len(digits) == 12, strings.HasPrefix(digits, "59") && len(digits) == 8:
		return wrong("number.machine")
	case len(digits) != 8:
		return wrong("number.length")
	case digits[0] != '4' && digits[0] != '9':
		return wrong("number.landline")
	}
	return Number{unique.Make("+47" + digits)}, nil
}

var separators = strings.NewReplacer(" ", "", ".", "", "-", "", "(", "", ")", "", "\u00a0", "")

// E164 is the number itself, "+4791234567"; empty for no number. It is for the gateway and for the
// encryption before the store, and for nothing else.
func (n Number) E164() string {
	if n == (Number{}) {
		return ""
	}
	return n.e164.Value()
}

// Masked is what may be shown of the number: "+47 9•• •• •67". A hundred thousand numbers look so.
func (n Number) Masked() string {
	s := n.E164()
	if s == "" {
		return "–"
	}
	return "+47 " + s[3:4] + "•• •• •" + s[9:]
}

// Warning is a problem of a number that is in the plan but in a series not known to be given out;
// nil if none. Source: the mobile ranges of libphonenumber for NO.
func (n Number) Warning() *Problem {
	s := n.E164()
	if s == "" || s[3] == '9' || strings.IndexByte("015678", s[4]) >= 0 {
		return nil
	}
	return &Problem{Key: "number.unallocated", Warning: true}
}

// String, GoString, Format and LogValue are Masked.
func (n Number) String() string { return n.Masked() }

// GoString is Masked.
func (n Number) GoString() string { return n.Masked() }

// Format is Masked, whatever the verb.
func (n Number) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(n.Masked())) }

// LogValue is Masked.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// MarshalText refuses: a number masked in a queue would be lost there, and one unmasked would be seen.
func (n Number) MarshalText() ([]byte, error) {
	return nil, errors.New("a phone number is not written as text or JSON")
}
