package sms

import (
	"slices"
	"strings"
	"unicode"
)

// stops are words that mean "no more" wherever a short message begins or ends with one; refusals only
// when they are the whole of it, because a sentence may begin with End.
var (
	stops = []string{"STOP", "STOPP", "STOPPE", "STOPPA", "STOPPEN", "STOPALL", "STOPPALT", "UNSUBSCRIBE", "OPTOUT",
		"AVMELD", "AVMELDING", "RESERVER", "RESERVASJON"}
	refusals = []string{"SLUTT", "AVSLUTT", "STANS", "NEI", "NEITAKK", "NO", "NOTHANKS", "END", "QUIT", "CANCEL", "REMOVE",
		"SLETT", "MELDAV", "MELDMEGAV", "OPPHØR", "FJERN", "UNSUB"}
)

// IsStop reports whether a message from a patient asks for no more of them: STOP or STOPP in any
// dress, with the practice's keyword after it, or another word that gateways in Norway take for one. In
// doubt it says yes, for a missed question costs less than an unwanted message.
func IsStop(text string) bool {
	words := strings.FieldsFunc(strings.ToUpper(text), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 {
		return false
	}
	if whole := strings.Join(words, ""); slices.Contains(stops, whole) || slices.Contains(refusals, whole) {
		return true // also S.T.O.P, "opt-out" and "meld meg av"
	}
	return slices.Contains(stops, words[0]) || len(words) <= 4 && slices.Contains(stops, words[len(words)-1])
}
