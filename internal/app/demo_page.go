package app

import (
	"context"
	"time"

	"github.com/venterom/venterom/internal/practice"
)

// fillDemoPages gives the first practice a page with everything, the last one half a page that nobody has
// looked after for a while, and the others none.
func (a *App) fillDemoPages(ctx context.Context, now time.Time, practices []practice.Practice) error {
	first, last := practices[0], practices[len(practices)-1]
	for _, section := range practice.Sections {
		if err := a.Store.ChangeInfo(ctx, first.ID, section, practice.DateOf(now.AddDate(0, 0, -12)), func(i *practice.Info) error {
			phone := i.Phone
			*i = demoInfo(now)
			i.Phone = phone
			return nil
		}); err != nil {
			return err
		}
	}
	for _, section := range []practice.Section{"contact", "hours", "access"} {
		if err := a.Store.ChangeInfo(ctx, last.ID, section, practice.DateOf(now.AddDate(0, -8, 0)), func(i *practice.Info) error {
			i.Contact = practice.Contact{Street: "Kaiveien 2", PostalCode: "5999", Place: "Vesleøya"}
			i.Hours = practice.Hours{Open: demoWeek("09:00–14:00")}
			i.Access = map[string]practice.Answer{"entrance": practice.No, "parking": practice.Yes}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// demoWeek is the same hours from Monday to Friday.
func demoWeek(hours string) practice.Timetable {
	spans, _ := practice.ParseSpans(hours)
	t := practice.Timetable{}
	for _, day := range practice.Weekdays[:5] {
		t[day] = spans
	}
	return t
}

func demoInfo(now time.Time) practice.Info {
	open := demoWeek("08:00–15:30")
	open["thu"], _ = practice.ParseSpans("08:00–11:30, 12:30–18:00")
	shorter, _ := practice.ParseSpans("10:00–14:00")
	in := func(days int) practice.Date { return practice.DateOf(now.AddDate(0, 0, days)) }
	return practice.Info{
		Contact: practice.Contact{Organisation: "912660680", Street: "Bjørkelia 14", PostalCode: "5003", Place: "Fjordbyen"},
		Hours: practice.Hours{Open: open, Phone: demoWeek("08:00–11:30, 12:30–15:00"),
			Exceptions: []practice.Exception{{First: in(16), Last: in(17)}, {First: in(29), Last: in(33), Open: shorter}}},
		Finding: practice.Finding{
			Directions: "Den gule murbygningen midt i Bjørkelia, inngang fra torget. Vi er i annen etasje; heisen er rett innenfor døra.",
			Transport:  "Buss 3 og 12 stopper på Bjørkelia torg, 100 meter fra inngangen.",
			Parking:    "Gratis i to timer bak bygget. To plasser for bevegelseshemmede ved døra."},
		Doctors: []practice.Doctor{
			{ID: practice.NewDoctorID(), Name: "Anne Bjørkelund", Days: []practice.Weekday{"mon", "tue", "thu", "fri"}, Speaks: []string{"no", "en", "de"}, Takes: practice.No},
			{ID: practice.NewDoctorID(), Name: "Jonas Eikrem", Days: practice.Weekdays[:5], Speaks: []string{"no", "en"}, Takes: practice.Yes},
			{ID: practice.NewDoctorID(), Name: "Samira Hassan", Days: []practice.Weekday{"mon", "wed", "thu"}, Speaks: []string{"no", "en", "so", "ar"}, Takes: practice.No,
				From: in(-20), To: in(25), StandIn: "Vikar er Liv Sandvik, samme dager. Hun har timene og telefonen til Samira Hassan."}},
		Visits: practice.Visits{Consultations: []string{"practice", "phone", "video", "econsultation", "home"}, Speaks: []string{"no", "en"},
			Payments: []string{"card", "mobile", "invoice"}, Payment: "Timen koster det samme om du ikke møter. Avbestill senest 24 timer før."},
		Access: map[string]practice.Answer{"entrance": practice.Yes, "door": practice.Yes, "lift": practice.Yes, "parking": practice.Yes,
			"toilet": practice.Yes, "bench": practice.No, "interpreter": practice.Yes, "loop": practice.No},
		Services: map[string]string{"booking": "https://www.helsenorge.no/timer/", "prescription": "https://www.helsenorge.no/medisiner/",
			"econsultation": "https://www.helsenorge.no/kontakt-fastlege/", "payment": "https://betaling.legekontor.example/bjorkelia",
			"change": "https://tjenester.helsenorge.no/bytte-fastlege"},
	}
}
