package survey

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

// published are the surveys that are built in, visit first.
func published(tb testing.TB) []*Survey {
	tb.Helper()
	c, err := Load(os.DirFS("../../surveys"))
	if err != nil {
		tb.Fatal(err)
	}
	var surveys []*Survey
	for _, id := range []string{"visit", "digital"} {
		s, ok := c.Survey(id, 1)
		if !ok {
			tb.Fatalf("no version 1 of %s", id)
		}
		surveys = append(surveys, s)
	}
	return surveys
}

// dump writes responses on one line: "visit polite=5 waitroom=na; digital used=yes".
func dump(responses []Response) string {
	var parts []string
	for _, r := range responses {
		part := r.Survey.ID
		for _, id := range slices.Sorted(maps.Keys(r.Answers)) {
			part += " " + id + "=" + r.Answers[id]
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

func TestParse(t *testing.T) {
	surveys := published(t)
	tests := []struct {
		name, form string
		want       string // the responses, or the key of the fault
	}{
		{"all of visit", "visit.polite=5&visit.waitroom=4&visit.waittime=3&visit.consult=2&visit.overall=1",
			"visit consult=2 overall=1 polite=5 waitroom=4 waittime=3"},
		{"one answer", "visit.overall=5", "visit overall=5"},
		{"does not apply is an answer", "visit.polite=na", "visit polite=na"},
		{"digital behind visit", "digital.used=yes&digital.website=4&visit.polite=5",
			"visit polite=5; digital used=yes website=4"},
		{"digital alone", "digital.used=na", "digital used=na"},
		{"empty", "", "form.empty"},
		{"field of no survey", "visit.polite=5&token=x", "form.unknown_field"},
		{"field without a survey", "polite=5", "form.unknown_field"},
		{"survey that was not asked", "fft.experience=5", "form.unknown_field"},
		{"question of another survey", "visit.used=yes", "form.unknown_field"},
		{"index is not asked", "visit.polite=5&visit.index=100", "form.unknown_field"},
		{"field in capitals", "Visit.polite=5", "form.unknown_field"},
		{"unknown field alone", "comment=hei", "form.unknown_field"},
		{"option of another scale", "digital.phone=5", "form.unknown_option"},
		{"free text", "visit.polite=Legen+var+grei", "form.unknown_option"},
		{"blank", "visit.polite=", "form.unknown_option"},
		{"does not apply where it does not exist", "visit.overall=na", "form.unknown_option"},
		{"two answers", "visit.polite=5&visit.polite=4", "form.two_answers"},
		{"the same answer twice", "visit.polite=5&visit.polite=5", "form.two_answers"},
		{"good first, bad later", "visit.polite=5&digital.used=maybe", "form.unknown_option"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form, err := url.ParseQuery(tt.form)
			if err != nil {
				t.Fatal(err)
			}
			responses, err := Parse(surveys, form)
			if err != nil {
				if responses != nil || fault.KindOf(err) != fault.Invalid || err.Error() != tt.want {
					t.Errorf("got %v, %v, want %s", dump(responses), err, tt.want)
				}
				return
			}
			if got := dump(responses); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("field without a value is skipped", func(t *testing.T) {
		_, err := Parse(surveys, map[string][]string{"visit.polite": nil})
		if fault.As(err) == nil || fault.As(err).Key != "form.empty" {
			t.Errorf("got %v, want form.empty", err)
		}
	})
}

func TestIndex(t *testing.T) {
	surveys := published(t)
	visit, digital := surveys[0], surveys[1]
	thirds := *digital
	thirds.Index = Text{"nb": "Samlet"}
	tests := []struct {
		name    string
		survey  *Survey
		answers map[string]string
		want    string // "" for no index
	}{
		{"all", visit, map[string]string{"polite": "5", "waitroom": "5", "waittime": "5", "consult": "5", "overall": "5"}, "100"},
		{"all at the bottom", visit, map[string]string{"polite": "1", "waitroom": "1", "waittime": "1", "consult": "1", "overall": "1"}, "0"},
		{"2 of 5", visit, map[string]string{"polite": "5", "waitroom": "5"}, ""},
		{"2 of 5 and three set aside", visit, map[string]string{"polite": "5", "overall": "5", "waitroom": "na", "waittime": "na", "consult": "na"}, ""},
		{"3 of 5", visit, map[string]string{"polite": "5", "waitroom": "4", "overall": "1"}, "60"}, // 58.3
		{"3 of 5, down", visit, map[string]string{"polite": "5", "waitroom": "3", "overall": "1"}, "50"},
		{"4 of 5, 56.25", visit, map[string]string{"polite": "4", "waitroom": "4", "waittime": "3", "overall": "2"}, "55"},
		{"4 of 5, a half goes to the even step", visit, map[string]string{"polite": "5", "waitroom": "5", "waittime": "5", "overall": "3"}, "90"}, // 87.5
		{"4 of 5, here that is down", visit, map[string]string{"polite": "3", "waitroom": "1", "waittime": "1", "overall": "1"}, "10"},            // 12.5
		{"none", visit, map[string]string{"polite": "na"}, ""},
		{"survey without an index", digital, map[string]string{"phone": "4", "secure": "4", "website": "4"}, ""},
		{"thirds", &thirds, map[string]string{"phone": "3", "secure": "2", "website": "4"}, "65"}, // 66.7
		{"choices do not count", &thirds, map[string]string{"used": "yes", "phone": "4", "secure": "4"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := maps.Clone(tt.answers)
			counts := Response{tt.survey, tt.answers}.Counts()
			if got := counts[IndexID]; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if !maps.Equal(tt.answers, before) {
				t.Errorf("the answers became %v", tt.answers)
			}
			for id, code := range before {
				if counts[id] != code {
					t.Errorf("%s: got %q, want %q", id, counts[id], code)
				}
			}
			if code := counts[IndexID]; code != "" {
				q, ok := tt.survey.Question(IndexID)
				if score, known := q.Scores()[code]; !ok || !known || fmt.Sprint(score) != code {
					t.Errorf("the index question has no option %s", code)
				}
			}
		})
	}
}

func TestQuestion(t *testing.T) {
	surveys := published(t)
	visit, digital := surveys[0], surveys[1]

	index, ok := visit.Question(IndexID)
	if !ok || index.Kind != Scale || len(index.Options) != 21 || index.Text.In("nn") != "Samla" {
		t.Errorf("index: got %+v, %v", index, ok)
	}
	if index.Options[0].Code != "0" || index.Options[1].Code != "5" || index.Options[20].Code != "100" {
		t.Errorf("codes of the index: %+v", index.Options)
	}
	if _, ok := digital.Question(IndexID); ok {
		t.Error("digital has an index")
	}
	if _, ok := visit.Question("used"); ok {
		t.Error("visit has a question of digital")
	}

	polite, _ := visit.Question("polite")
	if got := fmt.Sprint(polite.Scores()); got != "map[1:0 2:25 3:50 4:75 5:100]" {
		t.Errorf("scores: got %s", got)
	}
	labels := []struct{ code, lang, want string }{
		{"5", "nn", "I svært stor grad"}, {"5", "se", "I svært stor grad"}, {"1", "en", "Not at all"},
		{"na", "nb", "Møtte ikke lege"}, {"6", "nb", ""}, {"", "nb", ""},
	}
	for _, l := range labels {
		if got := polite.Label(l.code).In(l.lang); got != l.want {
			t.Errorf("label of %q in %s: got %q, want %q", l.code, l.lang, got, l.want)
		}
	}
	overall, _ := visit.Question("overall")
	if got := overall.Label(NotApplicable); got != nil {
		t.Errorf("overall has the answer %v", got)
	}
	used, _ := digital.Question("used")
	if used.Scores() != nil || len(digital.Scored()) != 6 || len(visit.Scored()) != 5 {
		t.Error("a choice is scored, or a scale is not")
	}
}

func FuzzParse(f *testing.F) {
	surveys := published(f)
	for _, seed := range []string{
		"", "visit.polite=5", "visit.polite=5&visit.polite=5", "visit.overall=na", "visit.index=100", "digital.used=na&visit.polite=na",
		"visit.polite=5&visit.waitroom=4&visit.waittime=3&visit.consult=2&visit.overall=1", ".=", "visit.=1", "&&;", "visit.polite=%00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		form, _ := url.ParseQuery(query) // what it could read is what a server would see
		responses, err := Parse(surveys, form)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid || responses != nil || !strings.HasPrefix(err.Error(), "form.") {
				t.Errorf("got %v, %v", responses, err)
			}
			return
		}
		answers := 0
		for _, r := range responses {
			if len(r.Answers) == 0 {
				t.Errorf("%s: a response without an answer", r.Survey.ID)
			}
			answers += len(r.Answers)
			for id, code := range r.Counts() {
				if q, ok := r.Survey.Question(id); !ok || q.Label(code) == nil {
					t.Errorf("%s: unknown answer %s=%q", r.Survey.ID, id, code)
				}
			}
		}
		if answers == 0 || answers != len(form) {
			t.Errorf("%d answers of %d fields", answers, len(form))
		}
	})
}

func BenchmarkParse(b *testing.B) {
	surveys := published(b)
	form := url.Values{
		"visit.polite": {"5"}, "visit.waitroom": {"4"}, "visit.waittime": {"na"}, "visit.consult": {"5"}, "visit.overall": {"4"},
		"digital.used": {"yes"}, "digital.easy": {"4"}, "digital.website": {"3"},
	}
	b.ReportAllocs()
	for b.Loop() {
		responses, err := Parse(surveys, form)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range responses {
			r.Counts()
		}
	}
}
