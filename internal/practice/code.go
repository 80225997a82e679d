package practice

import (
	"crypto/rand"
	"strings"

	"github.com/venterom/venterom/internal/fault"
)

// Code is a collection point's code: seven Crockford base-32 symbols and his check symbol (the value
// modulo 37), which finds every mistyped symbol and every two that changed places. A code is printed
// on posters and is not a secret. Source: Douglas Crockford, "Base 32", 2002.
type Code string

const (
	alphabet   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeDigits = 7
)

// NewCode draws a code at random.
func NewCode() Code { return Code(drawCode(codeDigits)) }

// drawCode draws so many symbols and adds the check symbol. Values whose check symbol would be one of
// Crockford's five extra ones (*~$=U) are drawn again: those cannot be typed by everyone nor packed in a
// QR code's short form.
func drawCode(digits int) string {
	for {
		raw := make([]byte, digits)
		_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
		b := make([]byte, 0, digits+1)
		for _, r := range raw {
			b = append(b, alphabet[r%32])
		}
		if c := check(b); c < 32 {
			return string(append(b, alphabet[c]))
		}
	}
}

// check is the value of the symbols modulo 37.
func check(symbols []byte) int {
	v := 0
	for _, s := range symbols {
		v = (v*32 + strings.IndexByte(alphabet, s)) % 37
	}
	return v
}

// ParseCode reads a code as people type it: any case, hyphens and spaces ignored, O for 0, I and L
// for 1. A wrong one is NotFound: the way out is the same as for a code that was never issued.
func ParseCode(s string) (Code, error) {
	b, ok := readCode(s, codeDigits)
	if !ok {
		return "", fault.New(fault.NotFound, "code.unknown")
	}
	return Code(b), nil
}

func readCode(s string, digits int) (code string, ok bool) {
	b := make([]byte, 0, digits+1)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		switch c {
		case '-', ' ':
			continue
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if strings.IndexByte(alphabet, c) < 0 || len(b) > digits {
			return "", false
		}
		b = append(b, c)
	}
	return string(b), len(b) == digits+1 && check(b[:digits]) == strings.IndexByte(alphabet, b[digits])
}

// String writes the code in two groups of four, as it is printed: "7F3K-9QW2".
func (c Code) String() string {
	if len(c) != codeDigits+1 {
		return string(c)
	}
	return string(c[:4]) + "-" + string(c[4:])
}
