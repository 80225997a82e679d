package sms

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestCount(t *testing.T) {
	for _, c := range []struct {
		text     string
		encoding Encoding
		units    int
		parts    int
	}{
		{"", GSM7, 0, 1},
		{strings.Repeat("a", 160), GSM7, 160, 1}, {strings.Repeat("a", 161), GSM7, 161, 2},
		{strings.Repeat("a", 306), GSM7, 306, 2}, {strings.Repeat("a", 307), GSM7, 307, 3},
		{strings.Repeat("€", 80), GSM7, 160, 1}, {strings.Repeat("€", 81), GSM7, 162, 2},
		{strings.Repeat("č", 70), UCS2, 70, 1}, {strings.Repeat("č", 71), UCS2, 71, 2},
		{strings.Repeat("č", 134), UCS2, 134, 2}, {strings.Repeat("č", 135), UCS2, 135, 3},
		{strings.Repeat("😀", 35), UCS2, 70, 1}, {strings.Repeat("😀", 36), UCS2, 72, 2},
		{"«Hei»", UCS2, 5, 1}, {"Ç", GSM7, 1, 1}, {"ç", UCS2, 1, 1}, {"ÆØÅ æøå ÄÖ äö Éé èà", GSM7, 19, 1},
		// An escape pair that would straddle a part's end begins the next: 152+2, then 151 more.
		{strings.Repeat("a", 152) + "€" + strings.Repeat("a", 151), GSM7, 305, 2},
		{strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), GSM7, 306, 3},
		{strings.Repeat("č", 66) + "😀" + strings.Repeat("č", 65), UCS2, 133, 2},
		{strings.Repeat("č", 66) + "😀" + strings.Repeat("č", 66), UCS2, 134, 3},
		// The Norwegian example that fits, with a code for a link.
		{"Hei! Korleis var besøket hos Eidsvåg legekontor? Svar anonymt på 4 spørsmål: https://svar.eksempel.no/k/7F3K9-QW2XM Ikkje svar på denne SMS-en.", GSM7, 143, 1},
	} {
		if got := Count(c.text); got.Encoding != c.encoding || got.Units != c.units || got.Parts != c.parts {
			t.Errorf("Count(%q) = %v, want %v of %d units in %d parts", c.text, got, c.encoding, c.units, c.parts)
		}
	}
	if got := string(Count("a – “b” č č –").Outside); got != "–“”č" {
		t.Errorf("outside the alphabet: %q", got)
	}
	for _, r := range "–’“”…«»\u00a0çáčđŋšŧžï\t`ÁÍ\x1b" {
		if got := Count(string(r)); got.Encoding != UCS2 {
			t.Errorf("%q is taken for GSM-7", r)
		}
	}
	if n := len([]rune(gsmBasic)) + len([]rune(gsmExtension)); n != 127+10 {
		t.Errorf("the alphabet has %d characters, want 127 and 10", n)
	}
}

// encoded is another way to count: it writes the units out and tries every place a part may end.
func encoded(text string) (parts int, ucs2 bool) {
	// The table of 3GPP TS 23.038, position by position; the escape at 0x1B is no character.
	table := map[rune]int{}
	for i, r := range []rune("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x00ÆæßÉ") {
		table[r] = i
	}
	for r := rune(0x20); r < 0x7f; r++ {
		table[r] = int(r)
	}
	for _, wrong := range "@$[\\]^_`{|}~" {
		if wrong != '@' && wrong != '$' && wrong != '_' {
			delete(table, wrong)
		}
	}
	table['@'], table['$'], table['_'], table['¤'], table['¡'] = 0, 2, 0x11, 0x24, 0x40
	for i, r := range []rune("ÄÖÑÜ§¿") {
		table[r] = 0x5b + i
	}
	for i, r := range []rune("äöñüà") {
		table[r] = 0x7b + i
	}
	delete(table, 0)
	escape := map[rune]int{'\f': 0x0a, '^': 0x14, '{': 0x28, '}': 0x29, '\\': 0x2f, '[': 0x3c, '~': 0x3d, ']': 0x3e, '|': 0x40, '€': 0x65}

	var units []int
	for _, r := range text {
		if v, ok := table[r]; ok {
			units = append(units, v)
		} else if v, ok := escape[r]; ok {
			units = append(units, 0x1b, v)
		} else {
			ucs2 = true
		}
	}
	single, size := 160, 153
	mayCut := func(i int) bool { return units[i-1] != 0x1b }
	if ucs2 {
		units, single, size = nil, 70, 67
		for _, u := range utf16.Encode([]rune(text)) {
			units = append(units, int(u))
		}
		mayCut = func(i int) bool { return units[i]&0xfc00 != 0xdc00 }
	}
	if len(units) <= single {
		return 1, ucs2
	}
	for start := 0; start < len(units); parts++ {
		end := min(start+size, len(units))
		for end < len(units) && !mayCut(end) {
			end--
		}
		start = end
	}
	return parts, ucs2
}

func TestCountAgainstAnEncoder(t *testing.T) {
	for r := rune(1); r < 0x3000; r++ { // each character alone and 200 times
		for _, text := range []string{string(r), strings.Repeat(string(r), 200)} {
			compare(t, text)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	alphabets := [][]rune{[]rune("aæå€{}"), []rune("a€€€"), []rune("ač😀"), []rune("😀😀č"), []rune("abc æøå,.?!")}
	for range 20_000 {
		alphabet := alphabets[random.IntN(len(alphabets))]
		text := make([]rune, random.IntN(500))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet))]
		}
		compare(t, string(text))
	}
}

func FuzzCount(f *testing.F) {
	f.Add("Hei! €")
	f.Add("čáđ 😀 \xff")
	f.Fuzz(compare)
}

func compare(t *testing.T, text string) {
	t.Helper()
	parts, ucs2 := encoded(text)
	if got := Count(text); got.Parts != parts || (got.Encoding == UCS2) != ucs2 {
		t.Fatalf("Count(%q) = %v, the encoder makes %d parts, UCS-2 %v", text, got, parts, ucs2)
	}
}
