package visit

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/venterom/venterom/internal/fault"
)

// What is read of FHIR R4 (https://hl7.org/fhir/R4/). A reader of docs/visits.md finds the same list there.
type (
	bundle struct {
		ResourceType string `json:"resourceType"`
		Entry        []struct {
			FullURL  string          `json:"fullUrl"`
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	resource struct {
		ResourceType string `json:"resourceType"`
		ID           string `json:"id"`
	}
	// encounter is an Appointment or an Encounter: their elements have different names.
	encounter struct {
		resource
		Status      string `json:"status"`
		Start       string `json:"start"` // Appointment
		Participant []struct {
			Actor reference `json:"actor"`
		} `json:"participant"` // Appointment
		Period    period            `json:"period"`  // Encounter
		Subject   reference         `json:"subject"` // Encounter
		Contained []json.RawMessage `json:"contained"`
	}
	reference struct {
		Reference string `json:"reference"`
	}
	period struct {
		Start string `json:"start"`
		End   string `json:"end"`
	}
	patient struct {
		resource
		DeceasedBoolean  bool   `json:"deceasedBoolean"`
		DeceasedDateTime string `json:"deceasedDateTime"`
		Telecom          []struct {
			System string `json:"system"`
			Value  string `json:"value"`
			Use    string `json:"use"`
			Rank   uint   `json:"rank"`
			Period period `json:"period"`
		} `json:"telecom"`
		Communication []struct {
			Language struct {
				Coding []struct {
					Code string `json:"code"`
				} `json:"coding"`
				Text string `json:"text"`
			} `json:"language"`
			Preferred bool `json:"preferred"`
		} `json:"communication"`
	}
)

// took says for each status whether the patient was seen. A status that is not here is not of R4.
var took = map[string]map[string]bool{
	"Appointment": {"fulfilled": true, "arrived": true, "proposed": false, "pending": false, "booked": false, "cancelled": false, "noshow": false,
		"entered-in-error": false, "checked-in": false, "waitlist": false},
	"Encounter": {"finished": true, "planned": false, "arrived": false, "triaged": false, "in-progress": false, "onleave": false, "cancelled": false,
		"entered-in-error": false, "unknown": false},
}

// people is the patients of a bundle by address, and by type and id. Two under one name are nobody:
// a message to the wrong one is worse than none.
type people map[string]*patient

func (p people) add(name string, who *patient) {
	if name == "" {
		return
	}
	if _, twice := p[name]; twice {
		who = nil
	}
	p[name] = who
}

// The errors of encoding/json can hold a value of the file, so none of them is passed on.
func (r Reader) fhir(s string) (List, error) {
	var b bundle
	if err := json.Unmarshal([]byte(s), &b); err != nil || b.ResourceType != "Bundle" {
		return List{}, fault.New(fault.Invalid, "visit.bundle_wrong")
	}
	known := people{}
	kinds := make([]string, len(b.Entry))
	for i, e := range b.Entry {
		var res resource
		if json.Unmarshal(e.Resource, &res) != nil {
			continue // no resource: what is left of a search or of a transaction
		}
		kinds[i] = res.ResourceType
		if res.ResourceType != "Patient" {
			continue
		}
		var who patient
		if json.Unmarshal(e.Resource, &who) != nil {
			continue
		}
		known.add(e.FullURL, &who)
		if who.ID != "" {
			known.add("Patient/"+who.ID, &who)
		}
	}
	l := List{Format: FHIR}
	for i, e := range b.Entry {
		if took[kinds[i]] == nil {
			continue
		}
		if err := r.entry(&l, i+1, e.FullURL, e.Resource, known); err != nil {
			return List{}, err
		}
	}
	l.merge()
	return l, nil
}

// entry reads one Appointment or Encounter.
func (r Reader) entry(l *List, line int, url string, raw json.RawMessage, known people) error {
	wrong := func(key string) error { return l.add(line, Visit{}, fault.New(fault.Invalid, key)) }
	var e encounter
	if json.Unmarshal(raw, &e) != nil {
		return wrong("visit.entry_wrong")
	}
	seen, ok := took[e.ResourceType][e.Status]
	if !ok {
		return wrong("visit.status_unknown")
	}
	if !seen {
		l.Skipped++
		return nil
	}
	patients := e.patients(url, known)
	if len(patients) == 0 {
		return wrong("visit.patient_missing")
	}
	for _, who := range patients {
		if who.DeceasedBoolean || who.DeceasedDateTime != "" {
			l.Skipped++
			continue
		}
		v, err := r.visit(who.numbers(DayOf(r.Now)), cmp.Or(e.Start, e.Period.Start), who.language())
		if err := l.add(line, v, err); err != nil {
			return err
		}
	}
	return nil
}

// patients are those who were there: one, or several where a family or a group came together.
func (e encounter) patients(url string, known people) []*patient {
	inside := people{}
	for _, raw := range e.Contained {
		var who patient
		if json.Unmarshal(raw, &who) == nil && who.ResourceType == "Patient" && who.ID != "" {
			inside.add("#"+who.ID, &who)
		}
	}
	base, served := strings.CutSuffix(url, e.ResourceType+"/"+e.ID)
	var found []*patient
	already := map[*patient]bool{nil: true}
	refer := func(r reference) {
		to, _, _ := strings.Cut(r.Reference, "/_history/")
		who := known[to]
		switch {
		case strings.HasPrefix(to, "#"):
			who = inside[to]
		case served && strings.HasPrefix(to, "Patient/"):
			// The patient of the same server, where the bundle says which server that is (R4, 2.36.4.1).
			if here, ok := known[base+to]; ok {
				who = here
			}
		}
		if !already[who] {
			already[who] = true
			found = append(found, who)
		}
	}
	for _, p := range e.Participant {
		refer(p.Actor)
	}
	refer(e.Subject)
	return found
}

// numbers are the patient's phone numbers of today, mobile first, the work's last.
func (p *patient) numbers(today Day) []string {
	type number struct {
		value string
		use   int
		rank  uint
	}
	var ns []number
	for _, t := range p.Telecom {
		end := t.Period.End[:min(len(t.Period.End), len(today))] // perhaps only a year, or a month
		if t.System != "phone" && t.System != "sms" || t.Use == "old" || end != "" && end < string(today[:len(end)]) {
			continue // an old number is somebody else's by now
		}
		n := number{t.Value, 1, t.Rank - 1} // rank 1 is the first; one without is after all that have one
		switch {
		case t.Use == "mobile" || t.System == "sms":
			n.use = 0
		case t.Use == "work":
			n.use = 2
		}
		ns = append(ns, n)
	}
	slices.SortStableFunc(ns, func(a, b number) int { return cmp.Or(cmp.Compare(a.use, b.use), cmp.Compare(a.rank, b.rank)) })
	values := make([]string, len(ns))
	for i, n := range ns {
		values[i] = n.value
	}
	return values
}

// language is the one the patient prefers, or else the first.
func (p *patient) language() string {
	if len(p.Communication) == 0 {
		return ""
	}
	c := p.Communication[0]
	for _, other := range p.Communication {
		if other.Preferred {
			c = other
			break
		}
	}
	for _, coding := range c.Language.Coding {
		if l := parseLanguage(coding.Code); l != "" {
			return l
		}
	}
	return parseLanguage(c.Language.Text)
}
