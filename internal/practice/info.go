package practice

import (
	"crypto/rand"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/venterom/venterom/internal/fault"
)

// Info is what a practice tells patients about itself, in sections that are kept and confirmed one by
// one. Every code in it is one of a closed list, so that it can be said in every language; what staff
// wrote themselves is plain text.
type Info struct {
	Phone     string // as in Practice, which keeps it
	Contact   Contact
	Hours     Hours
	Finding   Finding
	Doctors   []Doctor
	Visits    Visits
	Access    map[string]Answer // by Accesses; what is missing is not known
	Services  map[string]string // links by ServiceKinds
	Confirmed map[Section]Date  // when staff last said that a section is right; empty sections have none
}

// Section is a part of Info.
type Section string

// Sections in the order in which a lead fills them in.
var Sections = []Section{"contact", "hours", "finding", "doctors", "visits", "access", "services"}

// Value is where a section is in Info, for reading and writing it by itself; nil for no section.
func (i *Info) Value(s Section) any {
	switch s {
	case "contact":
		return &i.Contact
	case "hours":
		return &i.Hours
	case "finding":
		return &i.Finding
	case "doctors":
		return &i.Doctors
	case "visits":
		return &i.Visits
	case "access":
		return &i.Access
	case "services":
		return &i.Services
	}
	return nil
}

// CheckSection refuses a section that patients could not be shown.
func (i Info) CheckSection(s Section) error {
	switch s {
	case "contact":
		if err := (Practice{Name: "–", Phone: i.Phone}).Check(); err != nil {
			return err
		}
		return i.Contact.check()
	case "hours":
		return i.Hours.check()
	case "finding":
		return i.Finding.check()
	case "doctors":
		if len(i.Doctors) > MaxDoctors {
			return fault.New(fault.Invalid, "info.doctors_many").With("Max", MaxDoctors)
		}
		for _, d := range i.Doctors {
			if err := d.Check(); err != nil {
				return err
			}
		}
		return nil
	case "visits":
		return i.Visits.check()
	case "access":
		for code, answer := range i.Access {
			if !slices.Contains(Accesses, code) || answer != Yes && answer != No {
				return fault.New(fault.Invalid, "error.bad_request")
			}
		}
		return nil
	case "services":
		for kind, link := range i.Services {
			if _, err := ParseLink(link); err != nil || !slices.Contains(ServiceKinds, kind) {
				return fault.New(fault.Invalid, "info.link_wrong")
			}
		}
		return nil
	}
	return fault.New(fault.NotFound, "error.not_found")
}

// Filled reports whether there is anything in a section.
func (i Info) Filled(s Section) bool {
	switch s {
	case "contact":
		return i.Phone != "" || i.Contact != Contact{}
	case "hours":
		return len(i.Hours.Open)+len(i.Hours.Phone)+len(i.Hours.Exceptions) > 0
	case "finding":
		return i.Finding != Finding{}
	case "doctors":
		return len(i.Doctors) > 0
	case "visits":
		return len(i.Visits.Consultations)+len(i.Visits.Speaks)+len(i.Visits.Payments) > 0 || i.Visits.Payment != ""
	case "access":
		return len(i.Access) > 0
	case "services":
		return len(i.Services) > 0
	}
	return false
}

// staleMonths is how long a section stands before staff are asked whether it is still right.
const staleMonths = 6

// Stale reports whether what is in a section was last confirmed more than six months ago.
func (i Info) Stale(s Section, today Date) bool {
	on := i.Confirmed[s]
	return i.Filled(s) && on.valid() && on.Day().AddDate(0, staleMonths, 0).Before(today.Day())
}

// Answer is one of three: yes, no, or, being empty, not known.
type Answer string

// The answers that are known.
const (
	Yes Answer = "yes"
	No  Answer = "no"
)

func (a Answer) valid() bool { return a == "" || a == Yes || a == No }

// The most characters of what staff write themselves.
const (
	MaxLine = 80
	MaxText = 300
)

// Contact is who and where a practice is.
type Contact struct {
	Organisation Organisation `json:"organisation,omitempty"`
	Street       string       `json:"street,omitempty"`
	PostalCode   string       `json:"postal_code,omitempty"`
	Place        string       `json:"place,omitempty"`
}

var postalCode = regexp.MustCompile(`^\d{4}$`)

func (c Contact) check() error {
	if c.Organisation != "" {
		if _, err := ParseOrganisation(string(c.Organisation)); err != nil {
			return err
		}
	}
	if err := CheckPostalCode(c.PostalCode); err != nil {
		return err
	}
	if err := CheckPublic(c.Street, MaxLine, false); err != nil {
		return err
	}
	return CheckPublic(c.Place, MaxLine, false)
}

// CheckPostalCode refuses what is neither empty nor four digits.
func CheckPostalCode(s string) error {
	if s != "" && !postalCode.MatchString(s) {
		return fault.New(fault.Invalid, "info.postal_code_wrong")
	}
	return nil
}

func (c Contact) complete() bool { return c.Street != "" && c.PostalCode != "" && c.Place != "" }

// Finding is how to get there.
type Finding struct {
	Directions string `json:"directions,omitempty"`
	Parking    string `json:"parking,omitempty"`
	Transport  string `json:"transport,omitempty"`
}

func (f Finding) check() error {
	for _, text := range []string{f.Directions, f.Parking, f.Transport} {
		if err := CheckPublic(text, MaxText, false); err != nil {
			return err
		}
	}
	return nil
}

// MaxDoctors is how many doctors a page has room for.
const MaxDoctors = 30

// Doctor is a doctor as patients may know them. The name is public; nothing else of the person is here.
type Doctor struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Days    []Weekday `json:"days,omitempty"`
	Speaks  []string  `json:"speaks,omitempty"` // of Speakable
	Takes   Answer    `json:"takes,omitempty"`  // new patients
	From    Date      `json:"from,omitempty"`   // first and …
	To      Date      `json:"to,omitempty"`     // … last day of an absence
	StandIn string    `json:"stand_in,omitempty"`
}

// Check refuses a doctor who could not be shown.
func (d Doctor) Check() error {
	if err := CheckPublic(d.Name, MaxLine, true); err != nil {
		return err
	}
	if err := CheckPublic(d.StandIn, MaxText, false); err != nil {
		return err
	}
	if d.From != "" || d.To != "" || d.StandIn != "" {
		if err := CheckDates(d.From, d.To); err != nil {
			return err
		}
	}
	if !among(d.Days, Weekdays) || !among(d.Speaks, Speakable) || !d.Takes.valid() {
		return fault.New(fault.Invalid, "error.bad_request")
	}
	return nil
}

// NewDoctorID makes an id for a doctor.
func NewDoctorID() string { return rand.Text() }

// RemoveDoctor takes a doctor off the page.
func (i *Info) RemoveDoctor(id string) {
	i.Doctors = slices.DeleteFunc(i.Doctors, func(d Doctor) bool { return d.ID == id })
}

// Away reports whether the doctor is absent on a day. An absence is over by itself.
func (d Doctor) Away(day Date) bool { return d.From != "" && d.From <= day && day <= d.To }

// Visits are the ways to see a doctor, the languages spoken and the ways to pay.
type Visits struct {
	Consultations []string `json:"consultations,omitempty"` // of Consultations
	Speaks        []string `json:"speaks,omitempty"`        // of Speakable, by whoever is at the desk
	Payments      []string `json:"payments,omitempty"`      // of Payments
	Payment       string   `json:"payment,omitempty"`       // more about it
}

func (v Visits) check() error {
	if !among(v.Consultations, Consultations) || !among(v.Speaks, Speakable) || !among(v.Payments, Payments) {
		return fault.New(fault.Invalid, "error.bad_request")
	}
	return CheckPublic(v.Payment, MaxText, false)
}

func among[T comparable](chosen, list []T) bool {
	return !slices.ContainsFunc(chosen, func(c T) bool { return !slices.Contains(list, c) })
}

// The closed lists.
var (
	Consultations = []string{"practice", "phone", "video", "econsultation", "home"}
	Payments      = []string{"card", "mobile", "invoice", "cash"}
	Accesses      = []string{"entrance", "door", "lift", "parking", "toilet", "bench", "loop", "interpreter"}
	Speakable     = []string{"no", "en", "se", "ar", "da", "de", "es", "fa", "fr", "ku", "lt", "pl", "ru", "so", "sv", "ti", "tr", "uk", "ur", "vi", "sign"}
	ServiceKinds  = []string{"booking", "message", "prescription", "econsultation", "video", "payment", "website", "change"}
)

const maxLink = 300

// ParseLink reads the address of a service as people paste it. Only https is taken, to a host with a name
// of its own; whoever is signed in by the address, and numbers of persons in it, are refused.
func ParseLink(s string) (string, error) {
	wrong := fault.New(fault.Invalid, "info.link_wrong")
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || utf8.RuneCountInString(s) > maxLink || strings.ContainsFunc(s, unicode.IsSpace) {
		return "", wrong
	}
	host := strings.ToLower(u.Hostname())
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == host || strings.Trim(last, "0123456789") == "" || strings.HasPrefix(host, ".") || strings.Contains(host, "..") || strings.ContainsAny(host, ":<>\"'") {
		return "", wrong
	}
	if err := CheckPublic(s, maxLink, true); err != nil {
		return "", err
	}
	u.Host = host
	return u.String(), nil
}

// Service is a link to something that patients can do elsewhere.
type Service struct{ Kind, Link, Host string }

// National reports whether the service is the state's own, Helsenorge.
func (s Service) National() bool {
	return s.Host == "helsenorge.no" || strings.HasSuffix(s.Host, ".helsenorge.no")
}

// Links lists the services: Helsenorge first, then in the order of ServiceKinds.
func (i Info) Links() (links []Service) {
	for _, kind := range ServiceKinds {
		if u, err := url.Parse(i.Services[kind]); err == nil && u.Host != "" {
			links = append(links, Service{kind, u.String(), u.Host})
		}
	}
	slices.SortStableFunc(links, func(a, b Service) int {
		switch {
		case a.National() == b.National():
			return 0
		case a.National():
			return -1
		}
		return 1
	})
	return links
}
