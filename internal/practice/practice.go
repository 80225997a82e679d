// Package practice holds who takes part: the practices, their collection points, and the staff who
// may sign in. What is asked and what was answered live elsewhere.
package practice

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/venterom/venterom/internal/fault"
)

// Practice is a GP office (fastlegekontor).
type Practice struct {
	ID     string `db:"id"`
	Slug   string `db:"slug"` // the name in addresses: lower-case letters, digits and hyphens
	Name   string `db:"name"`
	Phone  string `db:"phone"`  // as the practice writes it; shown to patients. Empty if not known
	Survey string `db:"survey"` // id of the survey its form begins with: "visit", or one of its own
	Live   bool   `db:"live"`   // answers count; before, every form is a trial

	// What is switched on, and can be switched off again. Text messages are in Asking.
	QR      bool `db:"qr"`      // collection points take answers
	Digital bool `db:"digital"` // the digital module follows the visit survey in the same form
	Network bool `db:"network"` // it may join networks
}

// Check refuses a practice that patients could not be shown.
func (p Practice) Check() error {
	if strings.TrimSpace(p.Name) == "" || utf8.RuneCountInString(p.Name) > 80 || !utf8.ValidString(p.Name) {
		return fault.New(fault.Invalid, "practice.name_required")
	}
	if p.Phone != "" && !isPhone(p.Phone) {
		return fault.New(fault.Invalid, "practice.phone_required")
	}
	return nil
}

func isPhone(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r != ' ' && r != '+':
			return false
		}
	}
	return digits >= 3 && digits <= 15
}

// Slug makes the name in addresses from a practice's name: "Eidsvåg legekontor" is "eidsvag-legekontor".
func Slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch r {
		case 'æ', 'ä':
			b.WriteString("ae")
		case 'ø', 'ö':
			b.WriteString("o")
		case 'å':
			b.WriteString("a")
		case 'é', 'è':
			b.WriteString("e")
		default:
			if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
				b.WriteRune(r)
			} else if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
				b.WriteByte('-')
			}
		}
	}
	return strings.Trim(b.String(), "-")
}

// Point is a collection point (svarpunkt): one poster or place with its own code. Only the number of
// responses it brought is known, never which.
type Point struct {
	Code       Code   `db:"code"`
	PracticeID string `db:"practice_id"`
	Label      string `db:"label"`   // "Venterommet"; seen by staff only
	Retired    bool   `db:"retired"` // its poster is to be taken down; the code is never used again
}

// Check refuses a point that staff could not tell from another.
func (p Point) Check() error {
	if strings.TrimSpace(p.Label) == "" || utf8.RuneCountInString(p.Label) > 60 {
		return fault.New(fault.Invalid, "point.label_required")
	}
	return checkNumbers(p.Label)
}
