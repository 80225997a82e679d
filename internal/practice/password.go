package practice

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
)

// commonPasswords are the passwords of twelve characters and more among the 49,000 most common ones.
//
//go:embed common_passwords.txt
var commonPasswords string

// commonWords are what people make a long password of by adding a year and a sign.
var commonWords = []string{"passord", "password", "velkommen", "welcome", "qwerty", "qwertyui", "qwertyuiop", "hemmelig", "hemmeleg", "secret",
	"admin", "administrator", "sommer", "sommar", "summer", "vinter", "winter", "høst", "haust", "autumn", "vår", "spring", "januar", "februar",
	"mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember", "norge", "noreg", "norway", "oslo", "bergen",
	"trondheim", "stavanger", "tromsø", "venterom", "venterommet", "legekontor", "legekontoret", "legesenter", "fastlege", "fastlegen", "doktor",
	"pasient", "iloveyou", "letmein", "sykehus", "helse", "helsenorge"}

// isCommon reports whether a password is among those that are tried first: on the list, a few signs over and over,
// digits in order, or nothing but common words between digits and signs.
func isCommon(password string) bool {
	folded := strings.ToLower(password)
	if slices.Contains(strings.Fields(commonPasswords), folded) {
		return true
	}
	signs := map[rune]bool{}
	for _, r := range folded {
		signs[r] = true
	}
	if len(signs) < 5 {
		return true
	}
	words := strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 {
		return strings.Contains("012345678901234567890", folded) || strings.Contains("098765432109876543210", folded)
	}
	return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(commonWords, w) })
}
