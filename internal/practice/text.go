package practice

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/venterom/venterom/internal/fault"
)

// Numbers shaped like a fødselsnummer (six and five digits), right or wrong, or like a Norwegian phone
// number (eight digits in the usual groups, with or without country code).
var (
	personNumber = regexp.MustCompile(`(^|[^0-9])[0-9]{6}[ \x{00a0}-]?[0-9]{5}($|[^0-9])`)
	phoneNumber  = regexp.MustCompile(`(^|[^0-9])((\+|00)[ ]?47[ \x{00a0}]?)?([2-9][0-9]([ \x{00a0}]?[0-9]{2}){3}|[2-9][0-9]{2}[ \x{00a0}][0-9]{2}[ \x{00a0}][0-9]{3})($|[^0-9])`)
)

// checkText refuses staff text that is too long, missing, or holds a person's number: for words about
// patients, where a phone number would be a patient's too.
func checkText(s string, most int, required bool) error {
	if err := checkWords(s, most, required); err != nil {
		return err
	}
	return checkNumbers(s)
}

func checkNumbers(s string) error {
	if holdsPersonNumber(s) {
		return fault.New(fault.Invalid, "text.person_number")
	}
	if phoneNumber.MatchString(plainDigits(s)) {
		return fault.New(fault.Invalid, "text.phone_number")
	}
	return nil
}

// HoldsNumber reports whether a text has what is shaped like a fødselsnummer or a phone number.
func HoldsNumber(s string) bool { return checkNumbers(s) != nil }

// CheckPublic refuses staff text that is too long, missing, no plain text, or holds a fødselsnummer: for
// what a practice says about itself, where a phone number may be its own.
func CheckPublic(s string, most int, required bool) error {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, hidden) {
		return fault.New(fault.Invalid, "text.hidden")
	}
	return checkWords(s, most, required)
}

func checkWords(s string, most int, required bool) error {
	switch {
	case strings.TrimSpace(s) == "" && required:
		return fault.New(fault.Invalid, "text.required")
	case utf8.RuneCountInString(s) > most:
		return fault.New(fault.Invalid, "text.long").With("Max", most)
	case holdsPersonNumber(s):
		return fault.New(fault.Invalid, "text.person_number")
	}
	return nil
}

// hidden reports whether a rune cannot be seen: a control other than a new line, or a format character,
// which can turn a text around or hide in the middle of a number.
func hidden(r rune) bool {
	return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// holdsPersonNumber reports whether a text has eleven digits written as a fødselsnummer is, or eleven that
// are one by date and check digits, in groups of any size: "31.12.99 567 15".
func holdsPersonNumber(s string) bool {
	s = plainDigits(s)
	if personNumber.MatchString(s) {
		return true
	}
	var digits []int      // of the run so far
	starts := []int{}     // where its groups begin
	gap := 2              // characters since the last digit
	ends := func() bool { // whether a fødselsnummer ends where the run is now
		for _, from := range starts {
			if len(digits)-from == 11 && isPersonNumber([11]int(digits[from:])) {
				return true
			}
		}
		return false
	}
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			switch {
			case gap > 1:
				digits, starts = digits[:0], append(starts[:0], 0)
			case gap == 1:
				starts = append(starts, len(digits))
			}
			digits, gap = append(digits, int(r-'0')), 0
			continue
		case gap == 0 && ends():
			return true
		case gap == 0 && (unicode.IsSpace(r) || strings.ContainsRune(".,-–/:", r)):
			gap = 1
		default:
			gap = 2
		}
	}
	return gap == 0 && ends()
}

// plainDigits writes the digits of other scripts as 0–9.
func plainDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf || !unicode.IsDigit(r) {
			return r
		}
		for _, t := range unicode.Digit.R16 { // whole tens, from nought to nine
			if r >= rune(t.Lo) && r <= rune(t.Hi) {
				return '0' + (r-rune(t.Lo))%10
			}
		}
		for _, t := range unicode.Digit.R32 { // #nosec G115 -- of the standard library, and all are runes
			if r >= rune(t.Lo) && r <= rune(t.Hi) {
				return '0' + (r-rune(t.Lo))%10
			}
		}
		return r
	}, s)
}

// isPersonNumber reports whether eleven digits are a fødselsnummer, a D-number (day + 40), an H-number
// (month + 40) or one of the synthetic ones made for tests (month + 80). From 2032 on the first check
// digit may leave any remainder from 0 to 3. Source: Skatteetaten, "Nytt fødselsnummer fra 2032".
func isPersonNumber(d [11]int) bool {
	day, month := 10*d[0]+d[1], 10*d[2]+d[3]
	if day > 40 {
		day -= 40
	}
	if month > 80 {
		month -= 80
	} else if month > 40 {
		month -= 40
	}
	if day < 1 || day > 31 || month < 1 || month > 12 {
		return false
	}
	first, second := d[9], d[10]
	for i, w := range [9]int{3, 7, 6, 1, 8, 9, 4, 5, 2} {
		first += w * d[i]
	}
	for i, w := range [10]int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2} {
		second += w * d[i]
	}
	return first%11 <= 3 && second%11 == 0
}
