package practice

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

// Numbers of nobody: published test numbers of each kind, and three of the kind to come in 2032.
var personNumbers = map[string]string{
	"fødselsnummer": "31129956715", "another": "13097248022", "29 February": "29029648784", "29 February 2000": "29020075838", "check digit nought": "15021951940",
	"D-number": "53097248016", "H-number": "13527248013", "synthetic": "10915596784", "D and H": "68467038838", "D and synthetic": "50846202355",
	"2032": "02013299997", "2032, remainder 0": "30108299920", "2032, remainder 1": "30108299939", "2032, D-number": "70108299914",
}

func digitsOf(s string) (d [11]int) {
	for i := range d {
		d[i] = int(s[i] - '0')
	}
	return d
}

func TestPersonNumbers(t *testing.T) {
	for name, s := range personNumbers {
		if !isPersonNumber(digitsOf(s)) {
			t.Errorf("%s %s is not known", name, s)
		}
		for _, written := range []string{s, s[:6] + " " + s[6:], s[:6] + "-" + s[6:], s[:2] + "." + s[2:4] + "." + s[4:6] + " " + s[6:], s[:2] + " " + s[2:4] + " " + s[4:6] + " " + s[6:9] + " " + s[9:],
			"0047 " + s[:6] + "\u00a0" + s[6:] + " 55", "nr." + s + ".", "x" + s + "y", strings.Join(strings.Split(s, ""), " "),
			strings.Map(func(r rune) rune { return '٠' + r - '0' }, s), strings.Map(func(r rune) rune { return '0' + r - '0' }, s), strings.Map(func(r rune) rune { return '𝟎' + r - '0' }, s)} {
			if f := fault.As(CheckPublic("Hei "+written+" hei", MaxText, true)); f == nil || f.Key != "text.person_number" {
				t.Errorf("%s: %q is taken", name, written)
			}
		}
	}
	for _, s := range []string{"13097248032", "13097248023", "32127248022", "13137248022", "02013299987", "02013299996", "12345678901"} {
		if isPersonNumber(digitsOf(s)) {
			t.Errorf("%s is taken for one", s)
		}
	}
}

func TestWhatStaffMayWriteAboutThePractice(t *testing.T) {
	for _, s := range []string{"", "Ring 55 19 00 00, eller +47 998 87 766 om kvelden.", "Fra 2026-11-23 til 1.12.2026, kl. 08:00–15:30.", "Buss 3, 12 og 500E. 100 m.\nHeis til 2. etasje.",
		"<b>Velkommen</b> & 5003 Fjordbyen", "Kontonummer 1234.56.78903 finnes ikke her: 12 000 kr.", strings.Repeat("å", MaxText)} {
		if err := CheckPublic(s, MaxText, false); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for s, want := range map[string]string{
		strings.Repeat("å", MaxText+1): "text.long", "a\u202eb": "text.hidden", "a\x00b": "text.hidden", "311299\u200b56715": "text.hidden", "a\xffb": "text.hidden", "a\tb": "text.hidden",
		"312399 56799": "text.person_number", // shaped like one, although the date is wrong
	} {
		if f := fault.As(CheckPublic(s, MaxText, false)); f == nil || f.Key != want {
			t.Errorf("%q: %v, want %s", s, f, want)
		}
	}
	if err := CheckPublic(" \n", MaxText, true); err == nil {
		t.Error("nothing is taken for a name")
	}
}

// FuzzPersonNumber hides a valid number in any text, in any grouping.
func FuzzPersonNumber(f *testing.F) {
	f.Add("Kom til ", uint64(1), "! 12", uint64(3))
	f.Add("", uint64(2), "", uint64(0))
	f.Add("tlf 55 19 00 00 ", uint64(9), " 2026", uint64(1023))
	f.Fuzz(func(t *testing.T, before string, seed uint64, after string, gaps uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := [11]int{}
		for !isPersonNumber(d) {
			text := fmt.Sprintf("%02d%02d%07d", 1+r.IntN(31)+40*r.IntN(2), 1+r.IntN(12)+40*r.IntN(3), r.IntN(10_000_000))
			d = digitsOf(text)
		}
		var number strings.Builder
		for i, digit := range d {
			if i > 0 && gaps>>i&1 == 1 {
				number.WriteByte(" .-/"[r.IntN(4)])
			}
			fmt.Fprint(&number, digit)
		}
		// Digits right before or after would make it another number.
		text := before + " " + number.String() + " " + after
		if CheckPublic(text, len(text)+1, true) == nil {
			t.Errorf("%q is taken", text)
		}
	})
}
