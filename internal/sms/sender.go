package sms

import (
	"strings"

	"github.com/venterom/venterom/internal/fault"
)

// Sender is the name a message comes from, as a phone shows it. It cannot be answered.
type Sender string

// maxSender is the length that a phone can show of a name. Source: 3GPP TS 23.040, 9.1.2.5: ten octets
// of seven-bit characters.
const maxSender = 11

// generic are names that say nothing of who sends; gateways in Norway refuse them, and they are the
// mark of fraud. A neutral name of one's own, such as Legekontor, is something else.
var generic = []string{"ADMIN", "ALARM", "ALERT", "AUTH", "BESKJED", "CODE", "DEMO", "HELP", "HJELP", "INFO", "INFOSMS",
	"KODE", "MELDING", "MESSAGE", "MOBIL", "MOBILE", "MSG", "NOREPLY", "NOTICE", "NOTIFY", "OTP", "SENDER", "SERVICE",
	"SMS", "SMSINFO", "SUPPORT", "SVAR", "TEST", "TESTSMS", "TEXT", "VARSEL", "VERIFY"}

// ParseSender reads a sender name: at most eleven of A–Z, Æ Ø Å, digits, space and - _ . & with at least
// one letter among them. Every one of these is a single character of the GSM alphabet.
func ParseSender(text string) (Sender, error) {
	name := strings.TrimSpace(text)
	if name == "" {
		return "", fault.New(fault.Invalid, "sms.sender_empty")
	}
	letters, wrong := 0, ""
	plain := "" // without what tells I.N.F.O and Info from INFO
	for _, r := range strings.ToUpper(name) {
		switch {
		case r >= 'A' && r <= 'Z', strings.ContainsRune("ÆØÅ", r):
			letters++
			plain += string(r)
		case r >= '0' && r <= '9':
			plain += string(r)
		case !strings.ContainsRune(" -_.&", r) && !strings.ContainsRune(wrong, r):
			wrong += string(r)
		}
	}
	switch {
	case wrong != "":
		return "", fault.New(fault.Invalid, "sms.sender_characters").With("Characters", wrong)
	case len([]rune(name)) > maxSender:
		return "", fault.New(fault.Invalid, "sms.sender_long").With("Max", maxSender)
	case letters == 0:
		return "", fault.New(fault.Invalid, "sms.sender_digits")
	}
	for _, g := range generic {
		if strings.TrimRight(plain, "0123456789") == g {
			return "", fault.New(fault.Invalid, "sms.sender_generic").With("Name", name)
		}
	}
	return Sender(name), nil
}

// Warning is a problem of a name with Norwegian letters, which some gateways take away or refuse; nil
// if none.
func (s Sender) Warning() *Problem {
	if strings.ContainsAny(string(s), "ÆØÅæøå") {
		return &Problem{Key: "sms.sender_letters", Warning: true}
	}
	return nil
}
