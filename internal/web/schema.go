package web

import (
	"slices"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// clinic is a practice's page for machines, in the words of schema.org. It stands in the page as a data
// block, which no browser runs and the content security policy has nothing against.
type clinic struct {
	Context   string      `json:"@context"`
	Type      string      `json:"@type"`
	ID        string      `json:"@id"`
	URL       string      `json:"url"`
	Name      string      `json:"name"`
	Telephone string      `json:"telephone,omitempty"`
	Number    *identifier `json:"identifier,omitempty"`
	Address   *postal     `json:"address,omitempty"`
	Hours     []opening   `json:"openingHoursSpecification,omitempty"`
	Special   []opening   `json:"specialOpeningHoursSpecification,omitempty"`
	Takes     *bool       `json:"isAcceptingNewPatients,omitempty"`
	Payment   []string    `json:"paymentAccepted,omitempty"`
	Languages []string    `json:"knowsLanguage,omitempty"`
	Features  []feature   `json:"amenityFeature,omitempty"`
	Employees []person    `json:"employee,omitempty"`
}

type identifier struct {
	Type  string `json:"@type"`
	ID    string `json:"propertyID"`
	Value string `json:"value"`
}

type postal struct {
	Type    string `json:"@type"`
	Street  string `json:"streetAddress,omitempty"`
	Code    string `json:"postalCode,omitempty"`
	Place   string `json:"addressLocality,omitempty"`
	Country string `json:"addressCountry"`
}

type opening struct {
	Type    string `json:"@type"`
	Day     string `json:"dayOfWeek,omitempty"`
	Opens   string `json:"opens"`
	Closes  string `json:"closes"`
	From    string `json:"validFrom,omitempty"`
	Through string `json:"validThrough,omitempty"`
}

type feature struct {
	Type  string `json:"@type"`
	Name  string `json:"name"`
	Value bool   `json:"value"`
}

type person struct {
	Type      string   `json:"@type"`
	Name      string   `json:"name"`
	JobTitle  string   `json:"jobTitle"`
	Languages []string `json:"knowsLanguage,omitempty"`
}

var schemaDays = map[practice.Weekday]string{"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday",
	"fri": "Friday", "sat": "Saturday", "sun": "Sunday"}

// newClinic says only what the practice has said: what is not known is left out.
func newClinic(l i18n.Language, p practice.Practice, info practice.Info, today practice.Date, address string) clinic {
	c := clinic{Context: "https://schema.org", Type: "MedicalClinic", ID: address, URL: address, Name: p.Name, Telephone: p.Phone,
		Payment: named(l, paymentName, info.Visits.Payments), Languages: languageCodes(info.Visits.Speaks)}
	if o := info.Contact.Organisation; o != "" {
		c.Number = &identifier{"PropertyValue", "organisasjonsnummer", string(o)}
	}
	if a := info.Contact; a.Street != "" || a.Place != "" {
		c.Address = &postal{"PostalAddress", a.Street, a.PostalCode, a.Place, "NO"}
	}
	const kind = "OpeningHoursSpecification"
	for _, day := range practice.Weekdays {
		for _, s := range info.Hours.Open[day] {
			c.Hours = append(c.Hours, opening{Type: kind, Day: schemaDays[day], Opens: s.From.String(), Closes: closes(s)})
		}
	}
	for _, d := range info.Hours.Ahead(today, aheadDays) {
		for _, s := range d.Open {
			c.Special = append(c.Special, opening{kind, "", s.From.String(), closes(s), string(d.First), string(d.Last)})
		}
		if len(d.Open) == 0 { // closed all day, as schema.org writes it
			c.Special = append(c.Special, opening{kind, "", "00:00", "00:00", string(d.First), string(d.Last)})
		}
	}
	takes := func(a practice.Answer) bool {
		return slices.ContainsFunc(info.Doctors, func(d practice.Doctor) bool { return d.Takes == a })
	}
	if yes, no, unknown := takes(practice.Yes), takes(practice.No), takes(""); yes || no && !unknown {
		c.Takes = &yes
	}
	for _, code := range practice.Accesses {
		if answer := info.Access[code]; answer != "" {
			c.Features = append(c.Features, feature{"LocationFeatureSpecification", l.T("access." + code), answer == practice.Yes})
		}
	}
	for _, d := range info.Doctors {
		c.Employees = append(c.Employees, person{"Person", d.Name, l.T("public.doctor"), languageCodes(d.Speaks)})
	}
	return c
}

// closes is when a span ends; a day's last minute stands for midnight, which would begin it.
func closes(s practice.Span) string {
	if s.To == 24*60 {
		return "23:59"
	}
	return s.To.String()
}

// languageCodes are the codes of BCP 47.
func languageCodes(speaks []string) (codes []string) {
	for _, code := range speaks {
		if code == "sign" {
			code = "nsl" // Norwegian sign language
		}
		codes = append(codes, code)
	}
	return codes
}
