package survey

import (
	"slices"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

func TestSheet(t *testing.T) {
	s := NewSheet(published(t))
	if got, want := s.Mark(), "visit-1.digital-1"; got != want {
		t.Errorf("mark %s, want %s", got, want)
	}
	if !slices.Equal(s.Ends, []int{5, 12}) {
		t.Errorf("surveys end after %v", s.Ends)
	}
	// What is typed is where a tick is printed, not the code of the answer: the four-point scale of the
	// digital survey is printed from its best answer down, and its codes fall.
	for _, c := range []struct{ letter, id, signs, allowed, digit, code, says string }{
		{"A", "polite", "1–5, 0, –", "123450-", "5", "5", "I svært stor grad"},
		{"A", "polite", "1–5, 0, –", "123450-", "0", "na", "Møtte ikke lege"},
		{"E", "overall", "1–5, –", "12345-", "1", "1", "Ikke i det hele tatt"},
		{"F", "used", "1–2, 0, –", "120-", "1", "yes", "Ja"},
		{"L", "website", "1–4, 0, –", "12340-", "1", "4", "I høy grad"},
	} {
		i := slices.IndexFunc(s.Items, func(i SheetItem) bool { return i.Letter == c.letter })
		item := s.Items[i]
		if item.ID != c.id || item.Signs() != c.signs || item.Allowed() != c.allowed {
			t.Errorf("%s is %s with %s and %s, want %s with %s and %s", c.letter, item.ID, item.Signs(), item.Allowed(), c.id, c.signs, c.allowed)
		}
		j := slices.IndexFunc(item.Ticks, func(t Tick) bool { return t.Digit == c.digit })
		if tick := item.Ticks[j]; tick.Code != c.code || tick.Text["nb"] != c.says {
			t.Errorf("%s%s is %q, %q, want %q, %q", c.letter, c.digit, tick.Code, tick.Text["nb"], c.code, c.says)
		}
	}
}

func TestLetters(t *testing.T) {
	for n, want := range map[int]string{0: "A", 25: "Z", 26: "A2", 51: "Z2", 52: "A3"} {
		if got := letter(n); got != want {
			t.Errorf("question %d is %s, want %s", n, got, want)
		}
	}
}

func TestParseSheet(t *testing.T) {
	both := published(t)
	for _, c := range []struct {
		name, signs string
		surveys     []*Survey
		want        string // the responses, or the key of the fault
	}{
		{"every answer", "54321", both[:1], "visit consult=2 overall=1 polite=5 waitroom=4 waittime=3"},
		{"does not apply", "0---5", both[:1], "visit overall=5 polite=na"},
		{"a space is a dash", "5 -  ", both[:1], "visit polite=5"},
		{"nothing ticked", "-----", both[:1], ""},
		{"both pages", "54321" + "1123400", both, "visit consult=2 overall=1 polite=5 waitroom=4 waittime=3; " +
			"digital attendance=2 easy=1 fast=2 phone=1 secure=na used=yes website=na"},
		{"the second page was not turned to", "54321", both, "visit consult=2 overall=1 polite=5 waitroom=4 waittime=3"},
		{"only the second page", "-----" + "2------", both, "digital used=no"},
		{"one sign is missing", "5432", both[:1], "sheet.length"},
		{"the second page is short", "54321112340", both, "sheet.length"},
		{"one too many", "543215", both[:1], "sheet.length"},
		{"nothing typed", "", both[:1], "sheet.length"},
		{"an option that is not there", "64321", both[:1], "sheet.wrong_sign"},
		{"all in all always applies", "54320", both[:1], "sheet.wrong_sign"},
		{"a letter", "5x321", both[:1], "sheet.wrong_sign"},
		{"a digit of another script", "٥٤٣٢١", both[:1], "sheet.wrong_sign"},
		{"bytes that are no text", "5\xff\xfe21", both[:1], "sheet.wrong_sign"},
	} {
		responses, err := NewSheet(c.surveys).Parse(c.signs)
		got := dump(responses)
		if f := fault.As(err); f != nil {
			got = f.Key
		} else if err != nil {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("%s: %q gives %q, want %q", c.name, c.signs, got, c.want)
		}
	}
}

func TestWrongSignSaysWhichQuestion(t *testing.T) {
	_, err := NewSheet(published(t)).Parse("54321" + "3")
	f := fault.As(err)
	if f == nil || f.Kind != fault.Invalid || f.Args["Letter"] != "F" || f.Args["Signs"] != "1–2, 0, –" {
		t.Errorf("got %+v", f)
	}
}

// FuzzParseSheet: whatever is typed, a sheet either is refused or gives what Parse gives for the form
// on the screen with the same ticks.
func FuzzParseSheet(f *testing.F) {
	for _, s := range []string{"54321", "0---5", "543211123400", "", "x", "٥٤٣٢١", "-----1------", "     "} {
		f.Add(s)
	}
	surveys := published(f)
	sheet := NewSheet(surveys)
	f.Fuzz(func(t *testing.T, signs string) {
		responses, err := sheet.Parse(signs)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Invalid || responses != nil {
				t.Fatalf("%q: %v, %v", signs, responses, err)
			}
			return
		}
		form := map[string][]string{}
		for i, sign := range strings.Split(signs, "") {
			for _, tick := range sheet.Items[i].Ticks {
				if tick.Digit == sign {
					survey := surveys[0]
					if i >= sheet.Ends[0] {
						survey = surveys[1]
					}
					form[survey.ID+"."+sheet.Items[i].ID] = []string{tick.Code}
				}
			}
		}
		want, err := Parse(surveys, form)
		if len(form) > 0 && err != nil || dump(responses) != dump(want) {
			t.Errorf("%q gives %q, on the screen %q (%v)", signs, dump(responses), dump(want), err)
		}
	})
}
