package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// sent posts a form of the page of Eidsvåg as its lead.
func (f *fixture) sent(t testing.TB, path string, form url.Values) response {
	t.Helper()
	return f.do(t, kari, http.MethodPost, "/practices/"+f.eidsvag.ID+"/page/"+path, form, "Accept-Language", "nb")
}

// mustSend posts a form that has nothing wrong.
func (f *fixture) mustSend(t testing.TB, path string, form url.Values) {
	t.Helper()
	if r := f.sent(t, path, form); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s: status %d\n%s", path, r.StatusCode, words(r.body))
	}
}

// fullPage fills in every section of the page of Eidsvåg through its forms.
func (f *fixture) fullPage(t testing.TB) {
	t.Helper()
	f.mustSend(t, "contact", url.Values{"phone": {"55 19 00 01"}, "street": {"Jernbanegata 1 <b>"}, "postal-code": {"5105"}, "place": {"Eidsvåg"}, "organisation": {"974 760 673"}})
	hours := url.Values{"first-0": {"2026-12-24"}, "last-0": {""}, "hours-0": {"9-12"}, "first-2": {"2026-12-28"}, "last-2": {"2027-01-03"}}
	for _, day := range practice.Weekdays[:5] {
		hours.Set("open-"+string(day), "8-15.30")
		hours.Set("phone-"+string(day), "8–11.30 og 12–14")
	}
	f.mustSend(t, "hours", hours)
	f.mustSend(t, "finding", url.Values{"directions": {"Rett fram\r\nfra torget"}, "transport": {"Buss 3"}, "parking": {"Bak bygget"}})
	f.mustSend(t, "visits", url.Values{"consultations": {"practice", "econsultation", "telepathy"}, "speaks": {"se", "no"}, "payments": {"card"}, "payment": {"Gebyr når du ikke møter"}})
	access := url.Values{}
	for _, code := range practice.Accesses {
		access.Set(code, "yes")
	}
	access.Set("loop", "no")
	f.mustSend(t, "access", access)
	f.mustSend(t, "services", url.Values{"booking": {"https://eksempel.no/time"}, "prescription": {"www.helsenorge.no/medisiner"}})
	f.mustSend(t, "doctors/new", url.Values{"name": {"Anne Lege"}, "days": {"mon", "tue", "wed", "thu", "fri"}, "speaks": {"no", "pl"}, "takes": {"yes"}})
	f.mustSend(t, "doctors/new", url.Values{"name": {"Odd Lege"}, "days": {"fri"}, "speaks": {"no"}, "takes": {"no"}, "from": {"2026-11-23"}, "to": {"2026-11-24"}, "stand-in": {"Vikar er Liv Lege"}})
}

func TestFullPage(t *testing.T) {
	f := newFixture(t)
	f.fullPage(t)
	public := "/p/" + f.eidsvag.Slug
	for language, want := range map[string][]string{
		"nb": {"Ring 55 19 00 01", "Telefonen er åpen nå, til kl. 14:00", "Kontoret er åpent nå, til kl. 15:30", "Åpningstider", "Torsdag 24. desember", "E-konsultasjon i tekst", "nordsamisk",
			"Mandag til fredag", "Snakker norsk, polsk", "Tar imot nye pasienter", "Tar ikke imot nye pasienter", "Borte til og med 24. november 2026", "Det har vi ikke Teleslynge", "Forny resept www.helsenorge.no Bestill time eksempel.no", "Bekreftet 23. november 2026"},
		"nn": {"Telefonen er open no, til kl. 14:00", "Opningstider", "Torsdag 24. desember", "Måndag til fredag", "Borte til og med 24. november 2026", "Det har vi ikkje Teleslynge"},
		"en": {"Call 55 19 00 01", "The phone is answered now, until 14:00", "Thursday 24 December", "E-consultation in writing", "Northern Sámi", "Away until 24 November 2026 inclusive", "We do not have this Hearing loop"},
	} {
		r := f.get(t, nobody, public+"?lang="+language)
		said := strings.Join(strings.Fields(strings.ReplaceAll(words(r.body), "\u00a0", " ")), " ")
		for _, text := range append(want, "Jernbanegata 1 <b>", "5105 Eidsvåg", "Rett fram fra torget", "Buss 3", "Bak bygget", "Gebyr når du ikke møter", "Vikar er Liv Lege", "116 117", "113", "09:00–12:00", "08:00–11:30 12:00–14:00") {
			if !strings.Contains(strings.ToLower(said), strings.ToLower(text)) {
				t.Errorf("%s: %q is not on the page:\n%s", language, text, said)
			}
		}
		if m := regexp.MustCompile(`(public|access|item|section|service|speaks|payment|consultation|weekday|period)\.[a-z_]+|<no value`).FindString(said); m != "" {
			t.Errorf("%s: %s stands for its words", language, m)
		}
		for _, hidden := range []string{"974", "telepathy", `"noindex"`, "<b>", "onclick", " style="} {
			if strings.Contains(regexp.MustCompile(`(?s)<script type="application/ld\+json">.*?</script>`).ReplaceAllString(r.body, ""), hidden) {
				t.Errorf("%s: the page has %q", language, hidden)
			}
		}
		if len(r.Cookies()) > 0 || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", language, r.Header)
		}
	}
	// The one number is the form's too.
	if r := f.answer(t, f.point.Code, "visit.polite", "5"); !strings.Contains(r.body, "55&nbsp;19") && !strings.Contains(r.body, "55\u00a019\u00a000\u00a001") {
		t.Error("the form's thanks have another telephone number")
	}
	if said := f.said(t, kari, "/practices/"+f.eidsvag.ID+"/page", "nb"); !strings.Contains(said, "100 % av det") || !strings.Contains(said, "Ingenting mangler") {
		t.Errorf("a full page is not said to be full:\n%s", said)
	}
}

func TestPageForMachines(t *testing.T) {
	f := newFixture(t)
	f.fullPage(t)
	block := regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`)
	m := block.FindStringSubmatch(f.get(t, nobody, "/p/"+f.eidsvag.Slug+"?lang=nb").body)
	if m == nil {
		t.Fatal("no data block")
	}
	var got clinic
	must(t, json.Unmarshal([]byte(m[1]), &got))
	yes := true
	if got.Type != "MedicalClinic" || got.URL != "https://svar.example.org/p/eidsvag-legekontor" || got.Telephone != "55 19 00 01" || got.Number.Value != "974760673" || !reflect.DeepEqual(got.Takes, &yes) ||
		*got.Address != (postal{"PostalAddress", "Jernbanegata 1 <b>", "5105", "Eidsvåg", "NO"}) || len(got.Hours) != 5 || len(got.Employees) != 2 || len(got.Features) != len(practice.Accesses) {
		t.Errorf("says %+v", got)
	}
	if want := []opening{{"OpeningHoursSpecification", "", "09:00", "12:00", "2026-12-24", "2026-12-24"}, {"OpeningHoursSpecification", "", "00:00", "00:00", "2026-12-28", "2027-01-03"}}; len(got.Special) < 2 || got.Special[0] != want[0] || got.Special[len(got.Special)-1] != want[1] {
		t.Errorf("special hours %+v", got.Special)
	}
	empty := block.FindStringSubmatch(f.get(t, nobody, "/p/"+f.lillevik.Slug).body)
	for _, silent := range []string{"address", "isAcceptingNewPatients", "amenityFeature", "employee", "identifier", "openingHours"} {
		if strings.Contains(empty[1], silent) {
			t.Errorf("an empty page says something of %s: %s", silent, empty[1])
		}
	}
}

// TestWhatNobodyConfirmedIsSaidToBeUnknown: an empty page says nothing about how the practice is built, and
// leads to Helsenorge, the out-of-hours doctor and 113 all the same.
func TestWhatNobodyConfirmedIsSaidToBeUnknown(t *testing.T) {
	f := newFixture(t)
	for language, want := range map[string]string{"nb": "Ikke bekreftet ennå", "nn": "Ikkje stadfesta enno", "en": "Not confirmed yet"} {
		said := f.said(t, nobody, "/p/"+f.lillevik.Slug, language)
		l := f.Words.In(language)
		for _, text := range []string{want, l.T("access.loop"), "www.helsenorge.no", "116 117", "113"} {
			if !strings.Contains(said, text) {
				t.Errorf("%s: %q is not on an empty page:\n%s", language, text, said)
			}
		}
		if strings.Contains(said, l.T("access.is_yes")+" ") || strings.Contains(said, l.T("public.hours")) {
			t.Errorf("%s: an empty page claims something:\n%s", language, said)
		}
	}
}

// TestPageGoesWithTheClock: absences, other hours and confirmations change by themselves.
func TestPageGoesWithTheClock(t *testing.T) {
	f := newFixture(t)
	f.fullPage(t)
	public := "/p/" + f.eidsvag.Slug
	for _, c := range []struct {
		at            string
		says, silence string
	}{
		{"2026-11-24T22:59:00Z", "Borte til og med 24. november", "åpent nå"},                               // 23:59 in Oslo
		{"2026-11-24T23:01:00Z", "Kontoret åpner i dag kl. 08:00", "Borte til og med"},                      // the day after
		{"2026-11-28T12:00:00Z", "Det åpner mandag 30. november kl. 08:00", "åpent nå"},                     // a Saturday
		{"2026-12-24T09:00:00Z", "I dag gjelder andre tider", "Kontoret er stengt"},                         // other hours
		{"2026-12-25T09:00:00Z", "I dag er det helligdag", "24. desember"},                                  // the day before is over
		{"2027-01-04T09:00:00Z", "Kontoret er åpent nå", "Andre tider"},                                     // all is over
		{"2027-03-26T09:00:00Z", "Kontoret er stengt nå. Det åpner tirsdag 30. mars kl. 08:00", "åpent nå"}, // Good Friday to Easter Monday, summer time in between
		{"2027-05-16T21:59:00Z", "Det åpner tirsdag 18. mai kl. 08:00", "åpent nå"},                         // one minute before 17 May, a Monday
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		must(t, err)
		f.clock = at
		said := f.said(t, nobody, public, "nb")
		if !strings.Contains(said, c.says) || strings.Contains(said, c.silence) {
			t.Errorf("%s: want %q and not %q in\n%s", c.at, c.says, c.silence, said)
		}
	}

	own := "/practices/" + f.eidsvag.ID + "/page"
	f.clock = time.Date(2027, 5, 23, 9, 0, 0, 0, time.UTC)
	if said := f.said(t, kari, own, "nb"); strings.Contains(said, "mer enn et halvt år") {
		t.Error("a reminder after exactly six months")
	}
	f.clock = f.clock.AddDate(0, 0, 1)
	if said := f.said(t, kari, own, "nb"); strings.Count(said, "mer enn et halvt år") != len(practice.Sections) {
		t.Errorf("reminders:\n%s", said)
	}
	f.mustSend(t, "confirm", url.Values{"section": {"hours"}})
	if said := f.said(t, kari, own, "nb"); strings.Count(said, "mer enn et halvt år") != len(practice.Sections)-1 || !strings.Contains(said, "Bekreftet 24. mai 2027") {
		t.Errorf("after one is confirmed:\n%s", said)
	}
	if r := f.get(t, kari, own+"/hours"); strings.Contains(r.body, "2026-12-24") {
		t.Error("other hours that are over are in the form")
	}
}

// TestWrongFieldsKeepWhatWasTyped: every problem is told at its field and on top, and nothing is lost.
func TestWrongFieldsKeepWhatWasTyped(t *testing.T) {
	f := newFixture(t)
	f.fullPage(t)
	before, err := f.Store.Info(context.Background(), f.eidsvag.ID)
	must(t, err)
	for path, c := range map[string]struct {
		form  url.Values
		wrong []string
	}{
		"contact":     {url.Values{"phone": {"ring <oss>"}, "street": {"31129956715"}, "postal-code": {"51"}, "place": {"Eids\u202evåg"}, "organisation": {"974760674"}}, []string{"phone", "street", "postal-code", "place", "organisation"}},
		"hours":       {url.Values{"open-mon": {"15-8"}, "phone-fri": {"når som helst"}, "open-tue": {"9–12"}, "first-0": {"2026-12-02"}, "last-0": {"2026-12-01"}, "hours-5": {"alltid"}}, []string{"open-mon", "phone-fri", "first-0", "hours-5", "first-5"}},
		"finding":     {url.Values{"directions": {"31.12.99 56715"}, "parking": {strings.Repeat("x", 301)}, "transport": {"Buss <3>"}}, []string{"directions", "parking"}},
		"visits":      {url.Values{"payment": {"311299 56715"}, "consultations": {"video"}}, []string{"payment"}},
		"services":    {url.Values{"booking": {"http://eksempel.no"}, "video": {"javascript:alert(1)"}, "website": {"eksempel.no"}}, []string{"booking", "video"}},
		"doctors/new": {url.Values{"name": {"13527248013"}, "days": {"fri"}, "from": {"2026-12-02"}, "stand-in": {"Vikar <b>Liv</b>"}}, []string{"name", "from"}},
	} {
		r := f.sent(t, path, c.form)
		if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, "<title>Feil: ") {
			t.Errorf("%s: status %d", path, r.StatusCode)
		}
		for _, field := range c.wrong {
			if !strings.Contains(r.body, `href="#`+field+`"`) || !strings.Contains(r.body, `id="`+field+`-wrong"`) || !regexp.MustCompile(`id="`+field+`"[^>]*aria-invalid="true"`).MatchString(r.body) {
				t.Errorf("%s: nothing is said at %s", path, field)
			}
		}
		if got := strings.Count(r.body, `aria-invalid="true"`); got != len(c.wrong) {
			t.Errorf("%s: %d fields are wrong, want %d", path, got, len(c.wrong))
		}
		for field, values := range c.form {
			for _, value := range values {
				typed := strings.NewReplacer("&#34;", `"`, "&lt;", "<", "&gt;", ">").Replace(r.body)
				if !strings.Contains(typed, `value="`+value+`"`) && !strings.Contains(typed, ">"+value+"</textarea>") {
					t.Errorf("%s: what was typed in %s is lost", path, field)
				}
			}
		}
		if strings.Contains(r.body, "<oss>") || strings.Contains(r.body, "<b>Liv") {
			t.Errorf("%s: what was typed is taken for HTML", path)
		}
	}
	if after, err := f.Store.Info(context.Background(), f.eidsvag.ID); err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("something wrong was kept: %+v", after)
	}
}

// TestFormsReadBack: what a form shows is what it was saved as, in every language.
func TestFormsReadBack(t *testing.T) {
	f := newFixture(t)
	f.fullPage(t)
	before, err := f.Store.Info(context.Background(), f.eidsvag.ID)
	must(t, err)
	for _, section := range practice.Sections {
		form, ok := sectionForms[section]
		if !ok {
			continue
		}
		f.mustSend(t, string(section), form.fill(before, practice.DateOf(f.clock)))
		for _, language := range i18n.Languages {
			said := f.said(t, kari, "/practices/"+f.eidsvag.ID+"/page/"+string(section), language)
			if m := regexp.MustCompile(`(info|public|access|item|section|service|speaks|payment|consultation|weekday|answer)\.[a-z_]+|<no value`).FindString(said); m != "" {
				t.Errorf("%s in %s: %s stands for its words", section, language, m)
			}
		}
	}
	for _, d := range before.Doctors {
		f.mustSend(t, "doctors/"+d.ID, fillDoctor(d, practice.DateOf(f.clock)))
	}
	if after, err := f.Store.Info(context.Background(), f.eidsvag.ID); err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("after saving every form as it was:\n got %+v\nwant %+v", after, before)
	}
}

func TestDoctorsComeAndGo(t *testing.T) {
	f := newFixture(t)
	f.fullPage(t)
	info, err := f.Store.Info(context.Background(), f.eidsvag.ID)
	must(t, err)
	odd := info.Doctors[1]
	own := "/practices/" + f.eidsvag.ID + "/page/doctors"
	if said := f.said(t, kari, own, "nb"); !strings.Contains(said, "Borte 23. november 2026") {
		t.Errorf("the list does not say who is away:\n%s", said)
	}
	f.mustSend(t, "doctors/"+odd.ID, url.Values{"name": {"Odd A. Lege"}})
	if said := f.said(t, kari, own, "nb"); !strings.Contains(said, "Odd A. Lege") || !strings.Contains(said, "Mangler arbeidsdager") {
		t.Errorf("after a change:\n%s", said)
	}
	// Through another practice's address there is no such doctor.
	path := "/practices/" + f.lillevik.ID + "/page/doctors/" + odd.ID
	for _, r := range []response{f.get(t, olav, path), f.do(t, olav, http.MethodPost, path, url.Values{"name": {"Ond"}}), f.do(t, olav, http.MethodPost, path+"/remove", url.Values{})} {
		if r.StatusCode != http.StatusNotFound {
			t.Errorf("another practice's lead: status %d", r.StatusCode)
		}
	}
	f.mustSend(t, "doctors/"+odd.ID+"/remove", url.Values{})
	if said := f.said(t, nobody, "/p/"+f.eidsvag.Slug, "nb"); strings.Contains(said, "Odd") || !strings.Contains(said, "Anne Lege") {
		t.Errorf("after Odd is taken off:\n%s", said)
	}
	for n := len(info.Doctors) - 1; n < practice.MaxDoctors; n++ {
		f.mustSend(t, "doctors/new", url.Values{"name": {"Lege"}})
	}
	if r := f.get(t, kari, own); strings.Contains(r.body, "doctors/new") {
		t.Error("a full page offers room for one more")
	}
	if r := f.sent(t, "doctors/new", url.Values{"name": {"Lege"}}); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.body, "plass til høyst 30") {
		t.Errorf("one too many: status %d", r.StatusCode)
	}
}
