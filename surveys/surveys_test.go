package surveys_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/survey"
	"github.com/venterom/venterom/surveys"
)

var update = flag.Bool("update", false, "publish the versions that published.sum does not list yet")

func load(t *testing.T) *survey.Catalog {
	t.Helper()
	c, err := survey.Load(surveys.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPublished holds each survey to its checksum. -update appends the line of a new version and
// never touches a line that is there: Load has already refused a published version that changed.
func TestPublished(t *testing.T) {
	c := load(t)
	pins, err := survey.ReadPins(surveys.FS)
	if err != nil {
		t.Fatal(err)
	}
	var added string
	for _, s := range c.All() {
		if pins[fmt.Sprintf("%s %d", s.ID, s.Version)] == "" {
			added += fmt.Sprintf("%s %d %s\n", s.ID, s.Version, s.Checksum())
		}
	}
	switch {
	case added == "":
	case *update:
		f, err := os.OpenFile(survey.PinsFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(added); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("not published; run go test ./surveys -update to add\n%s", added)
	}
	for pin := range pins {
		id, version, _ := strings.Cut(pin, " ")
		n, err := strconv.Atoi(version)
		if _, ok := c.Survey(id, n); err != nil || !ok {
			t.Errorf("%s is published, but its file is gone: old results could not be read", pin)
		}
	}
}

// TestEverySurvey repeats without the checker what it is there to ensure.
func TestEverySurvey(t *testing.T) {
	for _, s := range load(t).All() {
		t.Run(fmt.Sprintf("%s-%d", s.ID, s.Version), func(t *testing.T) {
			if _, err := surveys.FS.Open(fmt.Sprintf("%s-%d.yaml", s.ID, s.Version)); err != nil {
				t.Errorf("the file has another name: %v", err)
			}
			texts := map[string]survey.Text{"title": s.Title}
			if s.Index != nil {
				texts["index"] = s.Index
			}
			for _, q := range s.Questions {
				if q.Kind != survey.Scale && q.Kind != survey.Choice {
					t.Errorf("%s is of kind %q", q.ID, q.Kind)
				}
				texts[q.ID] = q.Text
				if q.Note != nil {
					texts[q.ID+" note"] = q.Note
				}
				if q.NotApplicable != nil {
					texts[q.ID+" na"] = q.NotApplicable
				}
				for _, o := range q.Options {
					texts[q.ID+" "+o.Code] = o.Text
				}
			}
			for what, text := range texts {
				for _, lang := range survey.Languages {
					if text[lang] == "" {
						t.Errorf("%s does not exist in %s", what, lang)
					}
				}
			}
		})
	}
}

// TestWording holds the surveys to the words the instrument was designed with.
func TestWording(t *testing.T) {
	tests := []struct{ id, want string }{
		{"visit", `
			polite | Var legen høflig mot deg? | Var legen høfleg mot deg? | Was the doctor polite to you?
			polite na | Møtte ikke lege | Møtte ikkje lege | I did not see a doctor
			waitroom | Var venterommet et greit sted å vente? | Var venterommet ein grei stad å vente? | Was the waiting room an OK place to wait?
			waitroom na | Brukte ikke venterommet | Brukte ikkje venterommet | I did not use it
			waittime | Var ventetiden på legekontoret grei for deg? | Var ventetida på legekontoret grei for deg? | Was the waiting time at the surgery OK for you?
			waittime note | fra timen skulle starte til du kom inn | frå timen skulle starte til du kom inn | from your appointment time until you were called in
			waittime na | Hadde ikke time | Hadde ikkje time | I had no appointment
			consult | Fikk du god hjelp av legen? | Fekk du god hjelp av legen? | Did the doctor help you well?
			consult na | Vet ikke ennå | Veit ikkje enno | Too early to say
			overall | Alt i alt: Var du fornøyd med besøket? | Alt i alt: Var du fornøgd med besøket? | All in all: Were you happy with the visit?
			overall 1 = 0 | Ikke i det hele tatt | Ikkje i det heile | Not at all
			overall 2 = 25 | I liten grad | I liten grad | A little
			overall 3 = 50 | I noen grad | I nokon grad | Partly
			overall 4 = 75 | I stor grad | I stor grad | Mostly
			overall 5 = 100 | I svært stor grad | I svært stor grad | Completely`},
		{"digital", `
			used | Har du brukt legekontorets digitale tjenester det siste året? | Har du brukt dei digitale tenestene til legekontoret det siste året? | Have you used the surgery's digital services in the past year?
			used na | Vet ikke | Veit ikkje | Don't know
			easy | Var de lette å bruke? | Var dei lette å bruke? | Were they easy to use?
			fast | Fikk du svar raskt nok? | Fekk du svar raskt nok? | Did you get an answer fast enough?
			website 4 = 100 | I høy grad | I høg grad | To a great extent
			website 3 = 66.66666666666667 | I noen grad | I nokon grad | To some extent
			website 2 = 33.333333333333336 | I mindre grad | I mindre grad | To a lesser extent
			website 1 = 0 | Ikke i det hele tatt | Ikkje i det heile | Not at all
			website na | Vet ikke – ikke relevant | Veit ikkje – ikkje relevant | Don't know – not relevant`},
		{"fft", `
			experience | Alt i alt, hvordan var opplevelsen din hos oss? | Alt i alt, korleis var opplevinga di hos oss? | Overall, how was your experience of our service?
			experience 5 = 100 | Svært god | Svært god | Very good
			experience 3 = 50 | Verken god eller dårlig | Verken god eller dårleg | Neither good nor poor
			experience 1 = 0 | Svært dårlig | Svært dårleg | Very poor
			experience na | Vet ikke | Veit ikkje | Don't know`},
	}
	c := load(t)
	for _, tt := range tests {
		t.Run(tt.id, func(t *testing.T) {
			s, ok := c.Survey(tt.id, 1)
			if !ok {
				t.Fatal("not found")
			}
			said := make(map[string]bool)
			say := func(what string, text survey.Text) {
				said[fmt.Sprintf("%s | %s | %s | %s", what, text["nb"], text["nn"], text["en"])] = true
			}
			for _, q := range s.Questions {
				say(q.ID, q.Text)
				say(q.ID+" note", q.Note)
				say(q.ID+" na", q.NotApplicable)
				for _, o := range q.Options {
					say(fmt.Sprintf("%s %s = %v", q.ID, o.Code, o.Score), o.Text)
				}
			}
			for line := range strings.Lines(strings.TrimSpace(tt.want)) {
				if line = strings.TrimSpace(line); !said[line] {
					t.Errorf("not said: %s", line)
				}
			}
		})
	}
}

// TestOrder: the order of questions and options is part of the measurement.
func TestOrder(t *testing.T) {
	tests := []struct{ id, want string }{
		{"visit", "polite 12345, waitroom 12345, waittime 12345, consult 12345, overall 12345"},
		{"digital", "used yesno, easy 12345, fast 12345, attendance 4321, phone 4321, secure 4321, website 4321"},
		{"fft", "experience 54321"},
	}
	c := load(t)
	for _, tt := range tests {
		s, ok := c.Survey(tt.id, 1)
		if !ok {
			t.Fatalf("no version 1 of %s", tt.id)
		}
		var questions []string
		for _, q := range s.Questions {
			line := q.ID + " "
			for _, o := range q.Options {
				line += o.Code
			}
			questions = append(questions, line)
		}
		if got := strings.Join(questions, ", "); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.id, got, tt.want)
		}
		if (s.Index != nil) != (tt.id == "visit") {
			t.Errorf("%s: index %v", tt.id, s.Index)
		}
	}
}
