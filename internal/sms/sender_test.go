package sms

import (
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

func TestParseSender(t *testing.T) {
	for text, want := range map[string]string{
		"Legekontor": "Legekontor", "Eidsvåg": "Eidsvåg", " Venterom ": "Venterom", "Dr. & Co": "Dr. & Co", "Lege-1": "Lege-1",
		"12345678901": "sms.sender_digits", "+4791234567": "sms.sender_characters", "2026": "sms.sender_digits", "-": "sms.sender_digits",
		"": "sms.sender_empty", "  ": "sms.sender_empty",
		"Eidsvåg lege": "sms.sender_long", "ABCDEFGHIJK": "ABCDEFGHIJK", "ABCDEFGHIJKL": "sms.sender_long",
		"Lege€": "sms.sender_characters", "Čáđ": "sms.sender_characters", "A\nB": "sms.sender_characters", "A{B}": "sms.sender_characters", "А": "sms.sender_characters",
		"INFO": "sms.sender_generic", "info": "sms.sender_generic", "S.M.S": "sms.sender_generic", "Test 1": "sms.sender_generic", "SMS-info": "sms.sender_generic",
		"Varsel": "sms.sender_generic", "Testlegen": "Testlegen", "Infoskjerm": "Infoskjerm",
	} {
		s, err := ParseSender(text)
		got := string(s)
		if err != nil {
			got = err.Error()
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("ParseSender(%q): kind %v", text, fault.KindOf(err))
			}
		} else if n := Count(got); n.Encoding != GSM7 || n.Units > 11 {
			t.Errorf("%q takes %d units of %v", got, n.Units, n.Encoding)
		}
		if got != want {
			t.Errorf("ParseSender(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestWarningOfASender(t *testing.T) {
	if w := Sender("Eidsvåg").Warning(); w == nil || !w.Warning {
		t.Errorf("Eidsvåg: %v", w)
	}
	if w := Sender("Legekontor").Warning(); w != nil {
		t.Errorf("Legekontor: %v", w)
	}
}
