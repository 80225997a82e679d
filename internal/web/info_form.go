package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// A form of the practice's page is url.Values from its section to the page and back: what was typed is
// shown again as it is, and each field has its own problem.

// sectionForm is how a section is shown as a form, filled in, and read back.
type sectionForm struct {
	fill func(info practice.Info, today practice.Date) url.Values
	show func(f *formFields)
	read func(values url.Values, info *practice.Info, found problems)
}

// problems are by the name of the field.
type problems map[string]*fault.Error

// check notes what is wrong with a field, if anything is.
func (p problems) check(field string, err error) {
	if f := fault.As(err); f != nil && p[field] == nil {
		p[field] = f
	}
}

type formProblem struct{ Field, Text string }

// fieldGroup is fields that belong together. Kind is how they stand: "" under each other, "row" beside
// each other, "days" under each other with their labels beside them.
type fieldGroup struct {
	Kind, Title, Note string
	Fields            []formField
}

// formField is a field of a form. Kind is "line", "text", "many" (check boxes) or "one" (radio buttons).
type formField struct {
	Kind, Name, Label, Note, Value, Wrong string
	Of                                    string // what the label is of, where several fields have the same
	Type, Mode, Auto                      string
	Max                                   int
	Options                               []formOption
}

// formFields makes the fields of a form from what is in it.
type formFields struct {
	l        i18n.Language
	values   url.Values
	problems problems
	groups   []fieldGroup
	found    []formProblem
}

func (f *formFields) group(kind, title, note string) {
	f.groups = append(f.groups, fieldGroup{Kind: kind, Title: title, Note: note})
}

func (f *formFields) add(field formField) *formField {
	field.Value = f.values.Get(field.Name)
	if p := f.problems[field.Name]; p != nil {
		field.Wrong = f.l.T(p.Key, p.Args)
		label := field.Label
		if field.Of != "" {
			label += ", " + field.Of
		}
		f.found = append(f.found, formProblem{field.Name, label + ": " + field.Wrong})
	}
	if len(f.groups) == 0 {
		f.group("", "", "")
	}
	g := &f.groups[len(f.groups)-1]
	g.Fields = append(g.Fields, field)
	return &g.Fields[len(g.Fields)-1]
}

// line is a field of one line. how is the type of the input, or for text the keyboard it wants.
func (f *formFields) line(name, label, note, how string) *formField {
	field := formField{Kind: "line", Name: name, Label: label, Note: note, Type: "text", Max: practice.MaxLine}
	switch how {
	case "date", "tel", "url":
		field.Type = how
		if how == "url" {
			field.Max, field.Type, field.Mode = 300, "text", "url" // browsers would insist on the https:// that we add
		}
	case "numeric":
		field.Mode = how
	}
	return f.add(field)
}

func (f *formFields) text(name, label, note string) {
	f.add(formField{Kind: "text", Name: name, Label: label, Note: note, Max: practice.MaxText})
}

func (f *formFields) choice(kind, name, label, note string, options ...formOption) {
	for i := range options {
		options[i].Checked = slices.Contains(f.values[name], options[i].Code)
	}
	f.add(formField{Kind: kind, Name: name, Label: label, Note: note, Options: options})
}

// options are the codes of a closed list with their words.
func (f *formFields) options(name func(i18n.Language, string) string, codes []string) []formOption {
	options := make([]formOption, len(codes))
	for i, code := range codes {
		options[i] = formOption{Code: code, Label: name(f.l, code)}
	}
	return options
}

// threeValued asks for yes, no or nothing yet.
func (f *formFields) threeValued(name, label, note string) {
	f.choice("one", name, label, note, formOption{Code: "yes", Label: f.l.T("answer.yes")}, formOption{Code: "no", Label: f.l.T("answer.no")},
		formOption{Code: "", Label: f.l.T("answer.unknown")})
}

// entered is a field's text without the blanks around it, in lines that end as we end them.
func entered(values url.Values, name string) string {
	return strings.TrimSpace(strings.ReplaceAll(values.Get(name), "\r\n", "\n"))
}

// chosen are the codes of a closed list that are ticked, in its order; whatever else was sent is not.
func chosen[T ~string](values url.Values, name string, list []T) (codes []T) {
	for _, code := range list {
		if slices.Contains(values[name], string(code)) {
			codes = append(codes, code)
		}
	}
	return codes
}

func answered(values url.Values, name string) practice.Answer {
	if a := practice.Answer(values.Get(name)); a == practice.Yes || a == practice.No {
		return a
	}
	return ""
}

func texts[T ~string](codes []T) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = string(c)
	}
	return out
}

var sectionForms = map[practice.Section]sectionForm{
	"contact":  {fillContact, showContactFields, readContact},
	"hours":    {fillHours, showHoursFields, readHours},
	"finding":  {fillFinding, showFindingFields, readFinding},
	"visits":   {fillVisits, showVisitsFields, readVisits},
	"access":   {fillAccess, showAccessFields, readAccess},
	"services": {fillServices, showServicesFields, readServices},
}

func fillContact(info practice.Info, _ practice.Date) url.Values {
	return url.Values{"phone": {info.Phone}, "street": {info.Contact.Street}, "postal-code": {info.Contact.PostalCode},
		"place": {info.Contact.Place}, "organisation": {info.Contact.Organisation.String()}}
}

func showContactFields(f *formFields) {
	l := f.l
	f.line("phone", l.T("info.phone"), l.T("info.phone_note"), "tel").Auto = "tel"
	f.line("street", l.T("info.street"), "", "").Auto = "street-address"
	code := f.line("postal-code", l.T("info.postal_code"), "", "numeric")
	code.Auto, code.Max = "postal-code", 4
	f.line("place", l.T("info.place"), "", "").Auto = "address-level2"
	f.line("organisation", l.T("info.organisation"), l.T("info.organisation_note"), "numeric").Max = 20
}

func readContact(values url.Values, info *practice.Info, found problems) {
	info.Phone = entered(values, "phone")
	found.check("phone", practice.Practice{Name: "–", Phone: info.Phone}.Check())
	c := practice.Contact{Street: entered(values, "street"), PostalCode: entered(values, "postal-code"), Place: entered(values, "place")}
	found.check("street", practice.CheckPublic(c.Street, practice.MaxLine, false))
	found.check("place", practice.CheckPublic(c.Place, practice.MaxLine, false))
	found.check("postal-code", practice.CheckPostalCode(c.PostalCode))
	if number := entered(values, "organisation"); number != "" {
		var err error
		c.Organisation, err = practice.ParseOrganisation(number)
		found.check("organisation", err)
	}
	info.Contact = c
}

const (
	maxHours       = 80 // characters
	moreExceptions = 3  // empty rows for other hours than the ordinary ones
)

func fillHours(info practice.Info, today practice.Date) url.Values {
	values := url.Values{}
	for _, day := range practice.Weekdays {
		values.Set("open-"+string(day), info.Hours.Open[day].String())
		values.Set("phone-"+string(day), info.Hours.Phone[day].String())
	}
	row := 0
	for _, e := range info.Hours.Exceptions {
		if e.Last < today {
			continue // over; it goes when the form is saved
		}
		n := strconv.Itoa(row)
		values.Set("first-"+n, string(e.First))
		values.Set("last-"+n, string(e.Last))
		values.Set("hours-"+n, e.Open.String())
		row++
	}
	return values
}

func showHoursFields(f *formFields) {
	l := f.l
	for _, table := range []string{"open", "phone"} {
		title := l.T("info.hours_" + table)
		f.group("days", title, l.T("info.hours_note"))
		for _, day := range practice.Weekdays {
			f.add(formField{Kind: "line", Name: table + "-" + string(day), Label: capital(l.T("weekday." + string(day))), Of: title, Type: "text", Max: maxHours})
		}
	}
	rows := 0
	for n := range practice.MaxExceptions {
		if filledException(f.values, n) {
			rows = n + 1
		}
	}
	for n := range min(practice.MaxExceptions, rows+moreExceptions) {
		i := strconv.Itoa(n)
		title, note := "", ""
		if n == 0 {
			title, note = l.T("info.exceptions"), l.T("info.exceptions_note")
		}
		f.group("row", title, note)
		f.line("first-"+i, l.T("info.exception_first", "N", n+1), "", "date")
		f.line("last-"+i, l.T("info.exception_last", "N", n+1), "", "date")
		f.line("hours-"+i, l.T("info.exception_hours", "N", n+1), "", "").Max = maxHours
	}
}

func filledException(values url.Values, n int) bool {
	i := strconv.Itoa(n)
	return entered(values, "first-"+i)+entered(values, "last-"+i)+entered(values, "hours-"+i) != ""
}

func readHours(values url.Values, info *practice.Info, found problems) {
	table := func(name string) practice.Timetable {
		t := practice.Timetable{}
		for _, day := range practice.Weekdays {
			field := name + "-" + string(day)
			spans, err := practice.ParseSpans(values.Get(field))
			if found.check(field, err); len(spans) > 0 {
				t[day] = spans
			}
		}
		return t
	}
	h := practice.Hours{Open: table("open"), Phone: table("phone")}
	for n := range practice.MaxExceptions {
		if !filledException(values, n) {
			continue
		}
		i := strconv.Itoa(n)
		e := practice.Exception{First: practice.Date(entered(values, "first-"+i)), Last: practice.Date(entered(values, "last-"+i))}
		if e.Last == "" {
			e.Last = e.First // a single day
		}
		var err error
		e.Open, err = practice.ParseSpans(values.Get("hours-" + i))
		found.check("hours-"+i, err)
		found.check("first-"+i, practice.CheckDates(e.First, e.Last))
		h.Exceptions = append(h.Exceptions, e)
	}
	info.Hours = h
}

var findingFields = []string{"directions", "transport", "parking"}

func fillFinding(info practice.Info, _ practice.Date) url.Values {
	return url.Values{"directions": {info.Finding.Directions}, "transport": {info.Finding.Transport}, "parking": {info.Finding.Parking}}
}

func showFindingFields(f *formFields) {
	for _, name := range findingFields {
		f.text(name, f.l.T("public."+name), f.l.T("info.note_"+name))
	}
}

func readFinding(values url.Values, info *practice.Info, found problems) {
	for _, name := range findingFields {
		found.check(name, practice.CheckPublic(entered(values, name), practice.MaxText, false))
	}
	info.Finding = practice.Finding{Directions: entered(values, "directions"), Transport: entered(values, "transport"), Parking: entered(values, "parking")}
}

func fillVisits(info practice.Info, _ practice.Date) url.Values {
	v := info.Visits
	return url.Values{"consultations": v.Consultations, "speaks": v.Speaks, "payments": v.Payments, "payment": {v.Payment}}
}

func showVisitsFields(f *formFields) {
	l := f.l
	f.choice("many", "consultations", l.T("item.consultations"), l.T("info.consultations_note"), f.options(consultationName, practice.Consultations)...)
	f.choice("many", "payments", l.T("item.payment"), "", f.options(paymentName, practice.Payments)...)
	f.text("payment", l.T("info.payment"), l.T("info.payment_note"))
	f.choice("many", "speaks", l.T("info.speaks"), "", f.options(languageName, practice.Speakable)...)
}

func readVisits(values url.Values, info *practice.Info, found problems) {
	v := practice.Visits{Consultations: chosen(values, "consultations", practice.Consultations), Speaks: chosen(values, "speaks", practice.Speakable),
		Payments: chosen(values, "payments", practice.Payments), Payment: entered(values, "payment")}
	found.check("payment", practice.CheckPublic(v.Payment, practice.MaxText, false))
	info.Visits = v
}

func fillAccess(info practice.Info, _ practice.Date) url.Values {
	values := url.Values{}
	for _, code := range practice.Accesses {
		values.Set(code, string(info.Access[code]))
	}
	return values
}

func showAccessFields(f *formFields) {
	for _, code := range practice.Accesses {
		f.threeValued(code, f.l.T("access."+code), "")
	}
}

func readAccess(values url.Values, info *practice.Info, _ problems) {
	info.Access = map[string]practice.Answer{}
	for _, code := range practice.Accesses {
		if a := answered(values, code); a != "" {
			info.Access[code] = a
		}
	}
}

func fillServices(info practice.Info, _ practice.Date) url.Values {
	values := url.Values{}
	for _, kind := range practice.ServiceKinds {
		values.Set(kind, info.Services[kind])
	}
	return values
}

func showServicesFields(f *formFields) {
	for _, kind := range practice.ServiceKinds {
		f.line(kind, f.l.T("service."+kind), "", "url")
	}
}

func readServices(values url.Values, info *practice.Info, found problems) {
	info.Services = map[string]string{}
	for _, kind := range practice.ServiceKinds {
		if text := entered(values, kind); text != "" {
			link, err := practice.ParseLink(text)
			found.check(kind, err)
			info.Services[kind] = link
		}
	}
}

func fillDoctor(d practice.Doctor, today practice.Date) url.Values {
	values := url.Values{"name": {d.Name}, "days": texts(d.Days), "speaks": d.Speaks, "takes": {string(d.Takes)}}
	if d.To >= today { // an absence that is over is forgotten
		values.Set("from", string(d.From))
		values.Set("to", string(d.To))
		values.Set("stand-in", d.StandIn)
	}
	return values
}

func showDoctorFields(f *formFields) {
	l := f.l
	f.line("name", l.T("doctor.name"), "", "")
	days := make([]formOption, len(practice.Weekdays))
	for i, day := range practice.Weekdays {
		days[i] = formOption{Code: string(day), Label: capital(l.T("weekday." + string(day)))}
	}
	f.choice("many", "days", l.T("doctor.days"), "", days...)
	f.threeValued("takes", l.T("doctor.takes"), "")
	f.choice("many", "speaks", l.T("doctor.speaks"), "", f.options(languageName, practice.Speakable)...)
	f.group("row", l.T("doctor.away"), l.T("doctor.away_note"))
	f.line("from", l.T("doctor.from"), "", "date")
	f.line("to", l.T("doctor.to"), "", "date")
	f.group("", "", "")
	f.text("stand-in", l.T("doctor.stand_in"), l.T("doctor.stand_in_note"))
}

func readDoctor(values url.Values) (practice.Doctor, problems) {
	found := problems{}
	d := practice.Doctor{Name: entered(values, "name"), Days: chosen(values, "days", practice.Weekdays), Speaks: chosen(values, "speaks", practice.Speakable),
		Takes: answered(values, "takes"), From: practice.Date(entered(values, "from")), To: practice.Date(entered(values, "to")), StandIn: entered(values, "stand-in")}
	found.check("name", practice.CheckPublic(d.Name, practice.MaxLine, true))
	found.check("stand-in", practice.CheckPublic(d.StandIn, practice.MaxText, false))
	if d.From != "" || d.To != "" || d.StandIn != "" {
		found.check("from", practice.CheckDates(d.From, d.To))
	}
	return d, found
}
