package practice

import (
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

func TestImprovementCheck(t *testing.T) {
	good := func() Improvement {
		return Improvement{Questions: []string{"waittime"}, Done: "Vi satte av ti minutter mer til hver time fra 23.11.2026.", Start: "2026-W48"}
	}
	for _, c := range []struct {
		name   string
		change func(*Improvement)
		want   string
	}{
		{"good", func(*Improvement) {}, ""},
		{"published", func(im *Improvement) { im.Heard, im.Told = "waiting_time", "Vi har satt av mer tid." }, ""},
		{"dates and amounts are fine", func(im *Improvement) {
			im.Done = "Fra 2026-11-23 til 2026-12-01 brukte vi 12 000 kr, 10 000 000 sekunder og 100 %."
		}, ""},
		{"no question", func(im *Improvement) { im.Questions = nil }, "improvement.question_required"},
		{"no week", func(im *Improvement) { im.Start = "2026-W60" }, "improvement.start_wrong"},
		{"target", func(im *Improvement) { im.Target = 101 }, "improvement.target_wrong"},
		{"nothing done", func(im *Improvement) { im.Done = "  " }, "text.required"},
		{"long", func(im *Improvement) { im.Done = strings.Repeat("å", maxDone+1) }, "text.long"},
		{"fødselsnummer", func(im *Improvement) { im.Done = "Snakket med 31129956715 om det." }, "text.person_number"},
		{"fødselsnummer in groups", func(im *Improvement) { im.Done = "311299 56715" }, "text.person_number"},
		{"wrong check digits all the same", func(im *Improvement) { im.Done = "12345678901" }, "text.person_number"},
		{"phone", func(im *Improvement) { im.Done = "Ring 99887766" }, "text.phone_number"},
		{"phone in groups", func(im *Improvement) { im.Done = "Ring 55 19 00 00." }, "text.phone_number"},
		{"phone in other groups", func(im *Improvement) { im.Done = "Ring 998 87 766" }, "text.phone_number"},
		{"phone with country", func(im *Improvement) { im.Done = "Ring +4799887766" }, "text.phone_number"},
		{"said without heard", func(im *Improvement) { im.Told = "Vi gjorde noe." }, "improvement.heard_required"},
		{"heard of another kind", func(im *Improvement) { im.Heard, im.Told = "noe", "x" }, "improvement.heard_required"},
		{"heard, not told", func(im *Improvement) { im.Heard = "help" }, "text.required"},
		{"phone in public", func(im *Improvement) { im.Heard, im.Told = "help", "Ring 99887766" }, "text.phone_number"},
	} {
		im := good()
		c.change(&im)
		got := ""
		if f := fault.As(im.Check()); f != nil {
			got = f.Key
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
