package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/invite"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/visit"
)

// askingPage is how a practice asks, as it was typed. Each text has its proof: what it comes to on a phone.
type askingPage struct {
	page
	Form          url.Values
	Ready, Saved  bool
	Problems      []askingProblem
	SenderWarning string
	Warnings      []string // of all texts alike
	Texts         []askingText
	Speaks, Rules []formOption
	Least         int
	Price         string
	CapZero       bool
}

type askingProblem struct{ Field, Text string }

type askingText struct {
	Field, Label, Typed string
	Arrives, Says       string
	Problems, Warnings  []string
}

// Wrong is what is wrong at a field; empty if nothing.
func (ap askingPage) Wrong(field string) string {
	for _, p := range ap.Problems {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

// The fields of the form, and where a fault belongs.
const (
	askOn       = "on"
	askSender   = "sender"
	askText     = "text_" // and a language
	askLanguage = "language"
	askRule     = "rule"
	askN        = "n"
	askWait     = "wait"
	askReminder = "reminder"
	askFrom     = "from"
	askTo       = "to"
	askCap      = "cap"
	askVisits   = "visits"
)

// askingOrder is the fields that can be wrong as they stand on the page.
var askingOrder = []string{askOn, askSender, askText + "nb", askText + "nn", askText + "en", askN, askWait, askFrom, askCap, askVisits}

var askingFields = map[string]string{
	"asking.quarantine": askWait, "asking.cap": askCap, "asking.visits": askVisits, "asking.no_gateway": askOn,
	"visit.rule_wrong": askN, "sms.window": askFrom, "sms.sender_empty": askSender, "sms.sender_characters": askSender,
	"sms.sender_long": askSender, "sms.sender_digits": askSender, "sms.sender_generic": askSender,
}

func (s *Server) showAsking(c echo.Context) error {
	p := inPractice(c)
	a, err := s.Store.Asking(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}
	proofs, _ := s.Inviter.Check(p, a) // settings were checked when they were kept; what a gateway that is gone makes of them is said below
	return s.renderAsking(c, http.StatusOK, askingForm(a), proofs, nil)
}

// askingForm is the fields of what is kept.
func askingForm(a practice.Asking) url.Values {
	from, to, _ := strings.Cut(invite.Hours(a), "-")
	n := ""
	if a.RuleN > 0 {
		n = strconv.Itoa(a.RuleN)
	}
	f := url.Values{askSender: {a.Sender}, askLanguage: {a.Language}, askRule: {a.Rule}, askN: {n}, askWait: {strconv.Itoa(a.QuarantineDays)},
		askFrom: {from}, askTo: {to}, askCap: {strconv.Itoa(a.CapOre / 100)}, askVisits: {strconv.Itoa(a.VisitsWeek)}}
	for _, language := range i18n.Languages {
		f.Set(askText+language, a.Template(language))
	}
	if a.SMS {
		f.Set(askOn, "true")
	}
	if a.Reminder {
		f.Set(askReminder, "true")
	}
	return f
}

// readAsking is what was typed; a number that is none becomes one that is refused.
func readAsking(practiceID string, f url.Values) practice.Asking {
	number := func(field string) int {
		text := strings.Map(func(r rune) rune {
			if r == ' ' || r == '\u00a0' {
				return -1
			}
			return r
		}, f.Get(field))
		n, err := strconv.Atoi(text)
		switch {
		case text == "":
			return 0
		case err != nil || n < 0 || n > 10_000_000:
			return -1
		}
		return n
	}
	text := func(language string) string {
		typed := strings.TrimSpace(strings.ReplaceAll(f.Get(askText+language), "\r\n", "\n"))
		if typed == string(sms.Templates[language]) { // stays the built-in one, also when that is mended
			return ""
		}
		return typed
	}
	a := practice.Asking{PracticeID: practiceID, SMS: f.Get(askOn) == "true", Sender: strings.TrimSpace(f.Get(askSender)), Language: f.Get(askLanguage),
		TemplateNB: text("nb"), TemplateNN: text("nn"), TemplateEN: text("en"), Rule: f.Get(askRule), QuarantineDays: number(askWait),
		Reminder: f.Get(askReminder) == "true", SendingHours: f.Get(askFrom) + "-" + f.Get(askTo), CapOre: 100 * number(askCap), VisitsWeek: number(askVisits)}
	if a.Rule != string(visit.Everyone) {
		a.RuleN = number(askN)
	}
	return a
}

func (s *Server) saveAsking(c echo.Context) error {
	p := inPractice(c)
	form, err := readForm(c)
	if err != nil {
		return err
	}
	a := readAsking(p.ID, form)
	proofs, err := s.Inviter.Check(p, a)
	if err != nil {
		return s.renderAsking(c, http.StatusUnprocessableEntity, form, proofs, fault.All(err))
	}
	if err := s.Store.SaveAsking(c.Request().Context(), a); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/practices/"+p.ID+"/asking?done=saved")
}

func (s *Server) renderAsking(c echo.Context, status int, form url.Values, proofs map[string]sms.Proof, wrong []*fault.Error) error {
	l := s.language(c)
	ap := askingPage{page: s.askFrame(c, "asking.title", "/asking"), Form: form, Ready: s.Inviter.Ready(), Least: practice.QuarantineLeast,
		Saved: c.QueryParam("done") == "saved" && wrong == nil, Price: kroner(l, s.Inviter.PerPart)}
	ap.CapZero = form.Get(askOn) == "true" && wrong == nil && form.Get(askCap) == "0"
	for _, f := range wrong {
		if f.Key != "asking.text" { // said at each text
			ap.Problems = append(ap.Problems, askingProblem{askingFields[f.Key], l.T(f.Key, f.Args)})
		}
	}
	if sender, err := sms.ParseSender(form.Get(askSender)); err == nil {
		if w := sender.Warning(); w != nil {
			ap.SenderWarning = l.T(w.Key, w.Args)
		}
	}
	for _, language := range i18n.Languages {
		field, proof := askText+language, proofs[language]
		t := askingText{Field: field, Label: l.T("language." + language), Typed: form.Get(field), Arrives: proof.Text,
			Says: l.T("asking.proof_says", "Encoding", proof.Encoding.String(), "Units", proof.Units, "Count", proof.Parts, "Price", kroner(l, proof.Price))}
		if t.Typed == "" {
			t.Typed = string(sms.Templates[language])
		}
		for _, problem := range proof.Problems {
			text := l.T(problem.Key, problem.Args)
			switch {
			case problem.Warning && (problem.Key == "sms.parts" || problem.Key == "sms.encoding"):
				t.Warnings = append(t.Warnings, text)
				continue
			case problem.Warning:
				if !slices.Contains(ap.Warnings, text) { // of the address or the practice's name
					ap.Warnings = append(ap.Warnings, text)
				}
				continue
			}
			t.Problems = append(t.Problems, text)
			ap.Problems = append(ap.Problems, askingProblem{field, t.Label + ": " + text})
		}
		ap.Texts = append(ap.Texts, t)
		ap.Speaks = append(ap.Speaks, formOption{language, l.T("language." + language), form.Get(askLanguage) == language})
	}
	for _, rule := range []visit.Kind{visit.Everyone, visit.EveryNth, visit.Daily} {
		ap.Rules = append(ap.Rules, formOption{string(rule), l.T("asking.rule_" + string(rule)), form.Get(askRule) == string(rule)})
	}
	slices.SortStableFunc(ap.Problems, func(a, b askingProblem) int {
		return slices.Index(askingOrder, a.Field) - slices.Index(askingOrder, b.Field)
	})
	if len(ap.Problems) > 0 {
		ap.Title = l.T("error.prefix") + " " + ap.Title
	}
	return s.render(c, status, "asking", ap)
}
