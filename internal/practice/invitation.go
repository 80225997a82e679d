package practice

import (
	"crypto/rand"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/venterom/venterom/internal/fault"
)

// Invitation is one chance to answer. Its token is known to whoever holds it; here there is only a hash.
type Invitation struct {
	PracticeID string `db:"practice_id"`
	Channel    string `db:"channel"`  // "sms" or "slip"
	Language   string `db:"language"` // that it is shown in at first; empty: the reader's own
	Expires    string `db:"expires_on"`
	Used       bool   `db:"used"`
}

// Slip is a single-use code on a piece of paper: eight Crockford base-32 symbols, 40 bits drawn at
// random, and his check symbol. A collection point's code has one symbol less, so they are told apart.
type Slip string

const slipDigits = 8

// NewSlip draws a slip.
func NewSlip() Slip { return Slip(drawCode(slipDigits)) }

// ParseSlip reads a slip as people type it, as ParseCode does.
func ParseSlip(s string) (Slip, error) {
	b, ok := readCode(s, slipDigits)
	if !ok {
		return "", fault.New(fault.NotFound, "code.unknown")
	}
	return Slip(b), nil
}

// String writes a slip in groups that are easy to type: "ABC-DEF-GHJ".
func (s Slip) String() string {
	if len(s) != slipDigits+1 {
		return string(s)
	}
	return string(s[:3]) + "-" + string(s[3:6]) + "-" + string(s[6:])
}

// Asking is how a practice asks by text message. Empty texts mean the built-in ones.
type Asking struct {
	PracticeID     string `db:"practice_id"`
	SMS            bool   `db:"sms"` // the practice has switched it on
	Sender         string `db:"sender"`
	TemplateNB     string `db:"template_nb"`
	TemplateNN     string `db:"template_nn"`
	TemplateEN     string `db:"template_en"`
	Language       string `db:"language"` // where a visit names none
	Rule           string `db:"rule"`     // a visit.Kind
	RuleN          int    `db:"rule_n"`
	QuarantineDays int    `db:"quarantine_days"`
	Reminder       bool   `db:"reminder"`
	SendingHours   string `db:"sending_hours"` // as sms.ParseWindow reads; empty: its default
	CapOre         int    `db:"cap_ore"`       // the most that messages may cost in a month; 0: nothing is sent
	VisitsWeek     int    `db:"visits_week"`   // about how many visits the practice has; 0: not said
	Passed         int    `db:"passed"`
}

// QuarantineLeast is the fewest days between two invitations to one number.
const QuarantineLeast = 90

// DefaultAsking is how a practice asks that has chosen nothing.
func DefaultAsking(practiceID string) Asking {
	return Asking{PracticeID: practiceID, Language: "nb", Rule: "everyone", QuarantineDays: QuarantineLeast}
}

// Check tells all that is wrong with the numbers and the language; the texts, the sender and the rule are
// checked by the packages they belong to.
func (a Asking) Check() error {
	var wrong []error
	if a.QuarantineDays < QuarantineLeast || a.QuarantineDays > 730 {
		wrong = append(wrong, fault.New(fault.Invalid, "asking.quarantine").With("Min", QuarantineLeast))
	}
	if a.CapOre < 0 || a.CapOre > 100_000_000 {
		wrong = append(wrong, fault.New(fault.Invalid, "asking.cap"))
	}
	if a.VisitsWeek < 0 || a.VisitsWeek > 10_000 {
		wrong = append(wrong, fault.New(fault.Invalid, "asking.visits"))
	}
	if a.Language != "nb" && a.Language != "nn" && a.Language != "en" {
		wrong = append(wrong, fault.New(fault.Invalid, "error.bad_request"))
	}
	return errors.Join(wrong...)
}

// Template is the text for a language, empty for the built-in one.
func (a Asking) Template(language string) string {
	switch language {
	case "nn":
		return a.TemplateNN
	case "en":
		return a.TemplateEN
	}
	return a.TemplateNB
}

// APIKey lets a machine hand in lists of visits for one practice, and nothing else. The key itself is
// shown once; here there is its hash.
type APIKey struct {
	ID         string `db:"id"`
	PracticeID string `db:"practice_id"`
	Label      string `db:"label"`
	Revoked    bool   `db:"revoked"`
}

// Check tells what is wrong with a key's label.
func (k APIKey) Check() error {
	if strings.TrimSpace(k.Label) == "" || utf8.RuneCountInString(k.Label) > 60 {
		return fault.New(fault.Invalid, "keys.label_required")
	}
	return nil
}

const apiKeyPrefix = "venterom_"

// NewAPIKey draws a key of 130 bits. The prefix lets scanners of source code find one that was left there.
func NewAPIKey() string { return apiKeyPrefix + rand.Text() }

// IsAPIKey reports whether a text has the shape of a key.
func IsAPIKey(s string) bool {
	return strings.HasPrefix(s, apiKeyPrefix) && len(s) == len(apiKeyPrefix)+26
}
