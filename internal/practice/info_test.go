package practice

import (
	"reflect"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

func TestAbsenceIsOverByItself(t *testing.T) {
	d := Doctor{Name: "Kari", From: "2026-11-23", To: "2026-11-25"}
	for day, want := range map[Date]bool{"2026-11-22": false, "2026-11-23": true, "2026-11-25": true, "2026-11-26": false} {
		if d.Away(day) != want {
			t.Errorf("away on %s: %v", day, !want)
		}
	}
	if (Doctor{}).Away("2026-11-23") {
		t.Error("a doctor without absence is away")
	}
}

func TestStale(t *testing.T) {
	i := Info{Contact: Contact{Place: "Bergen"}, Confirmed: map[Section]Date{"contact": "2026-05-24", "hours": "2020-01-01"}}
	for today, want := range map[Date]bool{"2026-05-24": false, "2026-11-24": false, "2026-11-25": true} {
		if i.Stale("contact", today) != want {
			t.Errorf("stale on %s: %v", today, !want)
		}
	}
	if i.Stale("hours", "2026-11-25") {
		t.Error("an empty section is stale")
	}
}

func TestParseLink(t *testing.T) {
	for typed, want := range map[string]string{
		"https://www.helsenorge.no/timer": "https://www.helsenorge.no/timer", " helsenorge.no ": "https://helsenorge.no", "https://WWW.Eksempel.NO/A?b=c#d": "https://www.eksempel.no/A?b=c#d",
		"https://legehuset-å.no/": "https://legehuset-%C3%A5.no/", // which browsers read as it was
	} {
		if got, err := ParseLink(typed); err != nil || got != want {
			t.Errorf("ParseLink(%q) = %q, %v, want %q", typed, got, err, want)
		}
	}
	for _, typed := range []string{"", "http://eksempel.no", "javascript:alert(1)", "javascript://eksempel.no/%0aalert(1)", "data:text/html,x", "https://localhost/", "https://10.0.0.1/", "https://[::1]/",
		"https://bruker:ord@eksempel.no", "https://eksempel.no:8443/", "https://.no", "https://a..no", "https:///timer", "https://eksempel.no/31129956715", "https://eksempel.no/a b", "https://eksempel.no/" + strings.Repeat("a", maxLink)} {
		if got, err := ParseLink(typed); err == nil {
			t.Errorf("ParseLink(%q) = %q, want an error", typed, got)
		}
	}
}

func TestHelsenorgeComesFirst(t *testing.T) {
	i := Info{Services: map[string]string{"booking": "https://annet.no/", "payment": "https://helsenorge.no.eksempel.no/", "change": "https://tjenester.helsenorge.no/bytte"}}
	var got []string
	for _, s := range i.Links() {
		got = append(got, s.Kind)
	}
	if !reflect.DeepEqual(got, []string{"change", "booking", "payment"}) {
		t.Errorf("links in the order %v", got)
	}
}

func TestCheckSection(t *testing.T) {
	const person = "31129956715"
	for name, c := range map[string]struct {
		section Section
		info    Info
		want    string
	}{
		"phone":             {"contact", Info{Phone: "ring oss"}, "practice.phone_required"},
		"organisation":      {"contact", Info{Contact: Contact{Organisation: "974760674"}}, "info.organisation_wrong"},
		"postal code":       {"contact", Info{Contact: Contact{PostalCode: "503"}}, "info.postal_code_wrong"},
		"street":            {"contact", Info{Contact: Contact{Street: person}}, "text.person_number"},
		"place":             {"contact", Info{Contact: Contact{Place: person}}, "text.person_number"},
		"dates":             {"hours", Info{Hours: Hours{Exceptions: []Exception{{First: "2026-12-02", Last: "2026-12-01"}}}}, "info.dates_wrong"},
		"no date":           {"hours", Info{Hours: Hours{Exceptions: []Exception{{First: "2026-02-30", Last: "2026-03-01"}}}}, "info.dates_wrong"},
		"many":              {"hours", Info{Hours: Hours{Exceptions: make([]Exception, MaxExceptions+1)}}, "info.exceptions_many"},
		"directions":        {"finding", Info{Finding: Finding{Directions: person}}, "text.person_number"},
		"parking":           {"finding", Info{Finding: Finding{Parking: person}}, "text.person_number"},
		"transport":         {"finding", Info{Finding: Finding{Transport: person}}, "text.person_number"},
		"nameless":          {"doctors", Info{Doctors: []Doctor{{}}}, "text.required"},
		"doctor":            {"doctors", Info{Doctors: []Doctor{{Name: person}}}, "text.person_number"},
		"stand-in":          {"doctors", Info{Doctors: []Doctor{{Name: "Kari", From: "2026-01-01", To: "2026-01-02", StandIn: person}}}, "text.person_number"},
		"stand-in for ever": {"doctors", Info{Doctors: []Doctor{{Name: "Kari", StandIn: "Ola"}}}, "info.dates_wrong"},
		"language":          {"doctors", Info{Doctors: []Doctor{{Name: "Kari", Speaks: []string{"xx"}}}}, "error.bad_request"},
		"doctors":           {"doctors", Info{Doctors: make([]Doctor, MaxDoctors+1)}, "info.doctors_many"},
		"consultation":      {"visits", Info{Visits: Visits{Consultations: []string{"telepathy"}}}, "error.bad_request"},
		"payment":           {"visits", Info{Visits: Visits{Payment: person}}, "text.person_number"},
		"access":            {"access", Info{Access: map[string]Answer{"lift": "maybe"}}, "error.bad_request"},
		"access to nothing": {"access", Info{Access: map[string]Answer{"moat": Yes}}, "error.bad_request"},
		"link":              {"services", Info{Services: map[string]string{"booking": "http://eksempel.no"}}, "info.link_wrong"},
		"service":           {"services", Info{Services: map[string]string{"gambling": "https://eksempel.no"}}, "info.link_wrong"},
		"section":           {"secrets", Info{}, "error.not_found"},
	} {
		if f := fault.As(c.info.CheckSection(c.section)); f == nil || f.Key != c.want {
			t.Errorf("%s: %v, want %s", name, f, c.want)
		}
	}
	for _, section := range Sections {
		var empty Info
		if err := empty.CheckSection(section); err != nil || empty.Filled(section) || empty.Value(section) == nil {
			t.Errorf("empty %s: %v", section, err)
		}
	}
}
