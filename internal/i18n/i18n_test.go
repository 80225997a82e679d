package i18n

import (
	"strings"
	"testing"
)

// TestFloorsInWords: messages name the floors in force, small numbers as words.
func TestFloorsInWords(t *testing.T) {
	for _, c := range []struct {
		floor, cohort int
		tag, want     string
	}{
		{10, 5, "nb", "Færre enn fem kontorer har minst ti svar."},
		{10, 5, "en", "Fewer than five practices have at least ten answers."},
		{25, 8, "nb", "Færre enn åtte kontorer har minst 25 svar."},
	} {
		w, err := Load(c.floor, c.cohort)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.In(c.tag).T("network.withheld_few"); !strings.HasPrefix(got, c.want) {
			t.Errorf("%d, %d: %q, want %q", c.floor, c.cohort, got, c.want)
		}
		for _, key := range w.Keys(c.tag) {
			if text := w.In(c.tag).plain[key]; strings.Contains(text, "{{") {
				t.Errorf("%s in %s is not filled in: %q", key, c.tag, text)
			}
		}
	}
}
