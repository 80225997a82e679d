package practice

import (
	"cmp"
	"slices"
)

// Item is a piece of practical information that a page can have.
type Item string

// The items, and for each the section it is filled in in and its weight: how many of a hundred practices
// did not have it easily available digitally, so that a page is worth most where others are silent.
// Source: Rambøll for Forbrukerrådet 2018, figure 3.4: opening hours, telephone and location over 90 %,
// directions 74 %, doctors, languages, consultation forms and payment under half, universal design 14 %.
// Telephone hours are not in the figure and weigh as opening hours do. Services are not in it either: 39 %
// of citizens found it hard to get an overview of them (figure 5.1).
var items = []struct {
	item    Item
	section Section
	weight  float64
	share   func(Info) float64 // how much of it there is, 0–1
}{
	{"phone", "contact", 10, func(i Info) float64 { return all(i.Phone != "") }},
	{"address", "contact", 10, func(i Info) float64 { return all(i.Contact.complete()) }},
	{"opening", "hours", 10, func(i Info) float64 { return all(len(i.Hours.Open) > 0) }},
	{"telephone", "hours", 10, func(i Info) float64 { return all(len(i.Hours.Phone) > 0) }},
	{"access", "access", 86, func(i Info) float64 { return float64(len(i.Access)) / float64(len(Accesses)) }},
	{"doctors", "doctors", 50, func(i Info) float64 { return ofDoctors(i, func(d Doctor) bool { return len(d.Days) > 0 }) }},
	{"languages", "doctors", 50, func(i Info) float64 { return ofDoctors(i, func(d Doctor) bool { return len(d.Speaks) > 0 }) }},
	{"consultations", "visits", 50, func(i Info) float64 { return all(len(i.Visits.Consultations) > 0) }},
	{"payment", "visits", 50, func(i Info) float64 { return all(len(i.Visits.Payments) > 0) }},
	{"services", "services", 39, func(i Info) float64 { return all(len(i.Services) > 0) }},
	{"directions", "finding", 26, func(i Info) float64 { return all(i.Finding.Directions != "") }},
}

// basics is how many of the first items patients cannot do without: a page lacks these before all else.
const (
	basics = 4
	beyond = 1000 // more than any item weighs
)

func all(there bool) float64 {
	if there {
		return 1
	}
	return 0
}

func ofDoctors(i Info, has func(Doctor) bool) float64 {
	n := 0
	for _, d := range i.Doctors {
		if has(d) {
			n++
		}
	}
	return float64(n) / float64(max(1, len(i.Doctors)))
}

// Completeness is how much of what patients look for a page has.
type Completeness struct {
	Percent int       // of the weight of all items; 100 only when nothing is missing
	Basic   bool      // phone, address, opening and telephone hours are there
	Missing []Missing // what is worth most to fill in first
}

// Missing is an item that is not there, or not in full.
type Missing struct {
	Item    Item
	Section Section
	Partly  bool // some of it is there
	worth   float64
}

// Completeness weighs what is there. What patients cannot do without is worth most, then what weighs most.
func (i Info) Completeness() Completeness {
	c := Completeness{Basic: true}
	var there, total float64
	for n, it := range items {
		share := it.share(i)
		there, total = there+share*it.weight, total+it.weight
		if share == 1 {
			continue
		}
		m := Missing{it.item, it.section, share > 0, (1 - share) * it.weight}
		if n < basics {
			c.Basic = false
			m.worth += beyond
		}
		c.Missing = append(c.Missing, m)
	}
	slices.SortStableFunc(c.Missing, func(a, b Missing) int { return cmp.Compare(b.worth, a.worth) })
	c.Percent = int(100 * there / total)
	return c
}
