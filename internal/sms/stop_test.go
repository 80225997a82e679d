package sms

import "testing"

func TestIsStop(t *testing.T) {
	for _, text := range []string{"STOP", "STOPP", "stopp", "Stopp.", " stopp! ", "STOP VENTEROM", "Stopp Eidsvåg legekontor", "«STOPP»", "S T O P P", "s.t.o.p",
		"Stoppe", "stopp å sende meg disse meldingene", "Vennligst stopp", "please stop", "Kan dere stoppe?", "STOP ALL", "stopall", "opt-out", "Opt out",
		"UNSUBSCRIBE", "unsubscribe me", "Avmeld", "meld av", "Meld meg av!", "Slutt", "Nei takk", "NEI", "no", "No thanks", "QUIT", "End", "cancel", "Reserver", "Stopp😀", "\u200bSTOP\n"} {
		if !IsStop(text) {
			t.Errorf("%q is not taken for a stop", text)
		}
	}
	for _, text := range []string{"", " ", "😀", "123", "Ja", "Takk for sist", "Hei, kan jeg få time?", "Bussen har ikke stoppet der på lenge", "end of the visit was good",
		"Slutten var fin", "Nei, jeg har ikke svart enda", "No idea what this is", "Nonstop", "stoppeklokke", "ved neste stopp på linje 3 kl 10"} {
		if IsStop(text) {
			t.Errorf("%q is taken for a stop", text)
		}
	}
}

func TestPrices(t *testing.T) {
	if got := Price(3, 45); got != 135 {
		t.Errorf("got %d", got)
	}
	for _, c := range []struct {
		limit, spent, perPart, parts int
		ok                           bool
	}{{1000, 0, 45, 22, true}, {1000, 990, 45, 0, true}, {1000, 955, 45, 1, true}, {1000, 2000, 45, 0, true}, {0, 0, 45, 0, true}, {1000, 0, 0, 0, false}} {
		if parts, ok := Affordable(c.limit, c.spent, c.perPart); parts != c.parts || ok != c.ok {
			t.Errorf("Affordable(%d, %d, %d) = %d, %v", c.limit, c.spent, c.perPart, parts, ok)
		}
	}
}
