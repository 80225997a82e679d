package practice

import (
	"strings"

	"github.com/venterom/venterom/internal/fault"
)

// Organisation is a practice's number in the register of enterprises (organisasjonsnummer): nine digits.
type Organisation string

// ParseOrganisation reads a number as people write it, with or without spaces. Only series 8 and 9 are
// given out.
func ParseOrganisation(s string) (Organisation, error) {
	s = strings.NewReplacer(" ", "", "\u00a0", "").Replace(s)
	if !isOrganisation(s) || s[0] != '8' && s[0] != '9' {
		return "", fault.New(fault.Invalid, "info.organisation_wrong")
	}
	return Organisation(s), nil
}

// isOrganisation reports whether nine digits have the right last one: the weighted sum of all is a
// multiple of eleven. Source: Brønnøysundregistrene, "Organisasjonsnummeret".
func isOrganisation(s string) bool {
	if len(s) != 9 || strings.Trim(s, "0123456789") != "" {
		return false
	}
	sum := 0
	for i, w := range [9]int{3, 2, 7, 6, 5, 4, 3, 2, 1} {
		sum += w * int(s[i]-'0')
	}
	return sum%11 == 0
}

// String writes the number in groups of three: "991 825 827".
func (o Organisation) String() string {
	if len(o) != 9 {
		return string(o)
	}
	return string(o[:3] + "\u00a0" + o[3:6] + "\u00a0" + o[6:])
}
