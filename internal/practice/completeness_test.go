package practice

import (
	"reflect"
	"testing"
)

// fill fills in one item.
var fill = map[Item]func(*Info){
	"phone":         func(i *Info) { i.Phone = "55 19 00 00" },
	"address":       func(i *Info) { i.Contact = Contact{Street: "Gata 1", PostalCode: "5003", Place: "Bergen"} },
	"opening":       func(i *Info) { i.Hours.Open = Timetable{"mon": {{480, 900}}} },
	"telephone":     func(i *Info) { i.Hours.Phone = Timetable{"mon": {{480, 900}}} },
	"doctors":       func(i *Info) { i.Doctors[0].Days = []Weekday{"mon"} },
	"languages":     func(i *Info) { i.Doctors[0].Speaks = []string{"no"} },
	"consultations": func(i *Info) { i.Visits.Consultations = []string{"practice"} },
	"payment":       func(i *Info) { i.Visits.Payments = []string{"card"} },
	"services":      func(i *Info) { i.Services = map[string]string{"booking": "https://helsenorge.no"} },
	"directions":    func(i *Info) { i.Finding.Directions = "Ved torget" },
	"access": func(i *Info) {
		i.Access = map[string]Answer{}
		for _, code := range Accesses {
			i.Access[code] = No // an honest no counts as much as a yes
		}
	},
}

// TestCompletenessLeadsToAFullPage fills in what is worth most, again and again: basics first, then by the
// gaps of figure 3.4, always upwards, to 100 and not before.
func TestCompletenessLeadsToAFullPage(t *testing.T) {
	i := Info{Doctors: []Doctor{{Name: "Kari"}}}
	var order []Item
	for percent := 0; ; {
		c := i.Completeness()
		if c.Percent < percent || len(order) == 0 && c.Percent != 0 {
			t.Errorf("%d %% after %v, %d before", c.Percent, order, percent)
		}
		if c.Basic != (len(order) >= basics) {
			t.Errorf("after %v the basics are there: %v", order, c.Basic)
		}
		if len(c.Missing) == 0 {
			if c.Percent != 100 {
				t.Errorf("%d %% of a full page", c.Percent)
			}
			break
		}
		if c.Percent == 100 {
			t.Errorf("100 %% although %v is missing", c.Missing)
		}
		percent = c.Percent
		next := c.Missing[0]
		fill[next.Item](&i)
		if !i.Filled(next.Section) {
			t.Errorf("%s fills nothing in %s", next.Item, next.Section)
		}
		if order = append(order, next.Item); len(order) > len(items) {
			t.Fatalf("in circles: %v", order)
		}
	}
	want := []Item{"phone", "address", "opening", "telephone", "access", "doctors", "languages", "consultations", "payment", "services", "directions"}
	if !reflect.DeepEqual(order, want) {
		t.Errorf("filled in the order %v, want %v", order, want)
	}
}

func TestCompletenessCountsParts(t *testing.T) {
	i := Info{Doctors: []Doctor{{Name: "Kari", Days: []Weekday{"mon"}}, {Name: "Ola"}}, Access: map[string]Answer{"lift": Yes}}
	// (86/8 + 50/2) of 391
	if c := i.Completeness(); c.Percent != 9 {
		t.Errorf("%d %%, want 9", c.Percent)
	}
	partly := map[Item]bool{}
	for _, m := range i.Completeness().Missing {
		if m.Partly {
			partly[m.Item] = true
		}
	}
	if !reflect.DeepEqual(partly, map[Item]bool{"doctors": true, "access": true}) {
		t.Errorf("partly there: %v", partly)
	}
}
