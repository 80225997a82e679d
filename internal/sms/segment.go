package sms

import "strings"

// Encoding is how a message travels.
type Encoding int

// The encodings: seven bits for a character that the GSM alphabet has, sixteen for all when one is not.
const (
	GSM7 Encoding = iota
	UCS2
)

func (e Encoding) String() string {
	if e == UCS2 {
		return "UCS-2"
	}
	return "GSM-7"
}

// The alphabet of GSM 03.38 without the escape itself, and the characters that cost two because they
// travel behind an escape. Source: 3GPP TS 23.038, 6.2.1.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// Segments is how a text is cut up to travel.
type Segments struct {
	Encoding Encoding
	Units    int    // septets, or UTF-16 units
	Parts    int    // what is paid for
	Outside  []rune // the characters, each once, that are not in the GSM alphabet
}

// Count tells how a text travels: in one part of 160 septets or 70 UTF-16 units, or in parts of 153 or
// 67, none of which begins within an escape pair or a surrogate pair. An empty text is one part.
func Count(text string) Segments {
	var s Segments
	seen := map[rune]bool{}
	for _, r := range text {
		if width(GSM7, r) == 0 && !seen[r] {
			seen[r] = true
			s.Outside = append(s.Outside, r)
		}
	}
	single, part := 160, 153
	if s.Outside != nil {
		s.Encoding, single, part = UCS2, 70, 67
	}
	s.Parts = 1
	left := part
	for _, r := range text {
		w := width(s.Encoding, r)
		s.Units += w
		if left -= w; left < 0 {
			s.Parts++
			left = part - w
		}
	}
	if s.Units <= single {
		s.Parts = 1
	}
	return s
}

// width is how many units a character takes; zero if the encoding does not have it.
func width(e Encoding, r rune) int {
	switch {
	case e == UCS2 && r > 0xffff:
		return 2
	case e == UCS2 || strings.ContainsRune(gsmBasic, r):
		return 1
	case strings.ContainsRune(gsmExtension, r):
		return 2
	}
	return 0
}
