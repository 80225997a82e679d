package visit

import (
	"fmt"
	"strings"
	"testing"
)

// bundleOf makes a bundle of one Appointment, whose patient has the given elements, and further entries.
func bundleOf(patient string, more ...string) string {
	entries := append([]string{
		`{"fullUrl":"https://a.example/Appointment/1","resource":{"resourceType":"Appointment","id":"1","status":"fulfilled","start":"2026-11-23T09:00:00+01:00",` +
			`"participant":[{"actor":{"reference":"Patient/1"}}]}}`,
		`{"fullUrl":"https://a.example/Patient/1","resource":{"resourceType":"Patient","id":"1",` + patient + `}}`,
	}, more...)
	return `{"resourceType":"Bundle","entry":[` + strings.Join(entries, ",") + `]}`
}

func TestPatient(t *testing.T) {
	const mobile = `"telecom":[{"system":"phone","use":"mobile","value":"49000001"}]`
	speaks := func(communication string) string { return mobile + `,"communication":[` + communication + `]` }
	const seen, good = " 1 +4749000001 2026-11-23 ", " 1 +4749000001 2026-11-23 -"
	for _, c := range []struct{ name, patient, want string }{
		{"mobile", mobile, good},
		{"mobile before home", `"telecom":[{"system":"phone","use":"home","value":"49000002"},{"system":"phone","use":"mobile","value":"49000001"}]`, good},
		{"home before work", `"telecom":[{"system":"phone","use":"work","value":"49000002"},{"system":"phone","use":"home","value":"49000001"}]`, good},
		{"for messages", `"telecom":[{"system":"phone","value":"49000002"},{"system":"sms","value":"49000001"}]`, good},
		{"rank", `"telecom":[{"system":"phone","value":"49000003"},{"system":"phone","rank":2,"value":"49000002"},{"system":"phone","rank":1,"value":"49000001"}]`, good},
		{"the one a message can be sent to", `"telecom":[{"system":"phone","use":"mobile","value":"68050001"},{"system":"phone","value":"49000001"}]`, good},
		{"not the old one", `"telecom":[{"system":"phone","use":"old","value":"49000001"}]`, " 1 visit.number_missing"},
		{"not one of an earlier year", `"telecom":[{"system":"phone","value":"49000001","period":{"end":"2025"}}]`, " 1 visit.number_missing"},
		{"not one until yesterday", `"telecom":[{"system":"phone","value":"49000001","period":{"end":"2026-11-22T12:00:00+01:00"}}]`, " 1 visit.number_missing"},
		{"one until this month", `"telecom":[{"system":"phone","value":"49000001","period":{"end":"2026-11"}}]`, good},
		{"not e-mail or fax", `"telecom":[{"system":"email","value":"49000001"},{"system":"fax","value":"49000001"}]`, " 1 visit.number_missing"},
		{"no telecom", `"active":true`, " 1 visit.number_missing"},
		{"dead", mobile + `,"deceasedBoolean":true`, "skipped 1"},
		{"dead on a day", mobile + `,"deceasedDateTime":"2026"`, "skipped 1"},
		{"alive", mobile + `,"deceasedBoolean":false`, good},
		{"preferred language", speaks(`{"language":{"coding":[{"code":"en"}]}},{"language":{"coding":[{"code":"nn"}]},"preferred":true}`), seen + "nn"},
		{"first language", speaks(`{"language":{"coding":[{"code":"en"}]}},{"language":{"coding":[{"code":"nn"}]}}`), seen + "en"},
		{"one of several codes", speaks(`{"language":{"coding":[{"code":"no"},{"code":"nn-NO"}]}}`), seen + "nn"},
		{"language in words", speaks(`{"language":{"text":"Bokmål"}}`), seen + "nb"},
		{"another language preferred", speaks(`{"language":{"coding":[{"code":"pl"}]},"preferred":true},{"language":{"coding":[{"code":"nn"}]}}`), good},
		{"cannot be read", `"telecom":"49000001"`, " 1 visit.patient_missing"},
	} {
		l, err := reader.Read(strings.NewReader(bundleOf(c.patient)))
		if got := show(l); err != nil || !strings.HasPrefix(got, c.want+"\n") && !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: %s %v, want %s", c.name, got, err, c.want)
		}
	}
}

func TestStatus(t *testing.T) {
	for kind, statuses := range took {
		for status, seen := range statuses {
			file := `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"` + kind + `","status":"` + status + `"}}]}`
			l, err := reader.ReadFHIR(strings.NewReader(file))
			if want := map[bool]int{true: 0, false: 1}[seen]; err != nil || l.Skipped != want || len(l.Bad) != 1-want {
				t.Errorf("%s %s: %s %v", kind, status, show(l), err)
			}
		}
	}
	for _, c := range []struct {
		kind, status string
		want         bool
	}{{"Appointment", "fulfilled", true}, {"Appointment", "arrived", true}, {"Appointment", "noshow", false}, {"Encounter", "finished", true}, {"Encounter", "arrived", false}} {
		if took[c.kind][c.status] != c.want {
			t.Errorf("%s %s is taken wrongly", c.kind, c.status)
		}
	}
}

// TestReferences: a reference finds its patient by the rules of R4, and never another one.
func TestReferences(t *testing.T) {
	patient := func(url, id string, n int) string {
		return fmt.Sprintf(`{"fullUrl":%q,"resource":{"resourceType":"Patient","id":%q,"telecom":[{"system":"phone","value":"4900000%d"}]}}`, url, id, n)
	}
	for _, c := range []struct{ name, url, ref, patients, want string }{
		{"relative", "https://a.example/Encounter/e", "Patient/1", patient("https://a.example/Patient/1", "1", 1), "1"},
		{"of one server among two", "https://b.example/Encounter/e", "Patient/1", patient("https://a.example/Patient/1", "1", 1) + "," + patient("https://b.example/Patient/1", "1", 2), "2"},
		{"of an unknown server among two", "urn:uuid:e", "Patient/1", patient("https://a.example/Patient/1", "1", 1) + "," + patient("https://b.example/Patient/1", "1", 2), ""},
		{"absolute", "urn:uuid:e", "https://b.example/Patient/1", patient("https://a.example/Patient/1", "1", 1) + "," + patient("https://b.example/Patient/1", "1", 2), "2"},
		{"absolute to another server", "urn:uuid:e", "https://c.example/Patient/1", patient("https://a.example/Patient/1", "1", 1), ""},
		{"uuid", "urn:uuid:e", "urn:uuid:p", patient("urn:uuid:p", "", 3), "3"},
		{"a version", "https://a.example/Encounter/e", "https://a.example/Patient/1/_history/2", patient("https://a.example/Patient/1", "1", 1), "1"},
		{"the same address twice", "urn:uuid:e", "urn:uuid:p", patient("urn:uuid:p", "", 3) + "," + patient("urn:uuid:p", "", 4), ""},
		{"the same address three times", "urn:uuid:e", "urn:uuid:p", patient("urn:uuid:p", "", 3) + "," + patient("urn:uuid:p", "", 4) + "," + patient("urn:uuid:p", "", 5), ""},
		{"no address, by id", "", "Patient/1", patient("", "1", 1), "1"},
		{"contained", "urn:uuid:e", "#in", patient("urn:uuid:p", "#in", 3), "9"},
		{"not contained", "urn:uuid:e", "#out", patient("urn:uuid:p", "out", 3), ""},
		{"none", "urn:uuid:e", "", patient("", "", 3), ""},
		{"another kind", "urn:uuid:e", "Group/1", patient("urn:uuid:p", "1", 3), ""},
	} {
		file := fmt.Sprintf(`{"resourceType":"Bundle","entry":[%s,{"fullUrl":%q,"resource":{"resourceType":"Encounter","id":"e","status":"finished",`+
			`"period":{"start":"2026-11-23"},"subject":{"reference":%q},`+
			`"contained":[{"resourceType":"Patient","id":"in","telecom":[{"system":"phone","value":"49000009"}]}]}}]}`, c.patients, c.url, c.ref)
		l, err := reader.ReadFHIR(strings.NewReader(file))
		got := ""
		if len(l.Visits) == 1 {
			got = strings.TrimPrefix(l.Visits[0].Number(), "+474900000")
		} else if len(l.Bad) != 1 || l.Bad[0].Reason.Key != "visit.patient_missing" {
			t.Errorf("%s: %s", c.name, show(l))
		}
		if err != nil || got != c.want {
			t.Errorf("%s: patient %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

// TestSeveralPatients: a family that came together is asked one by one.
func TestSeveralPatients(t *testing.T) {
	const phone = `"telecom":[{"system":"phone","value":"4900000%d"}]`
	file := bundleOf(fmt.Sprintf(phone, 1),
		`{"resource":{"resourceType":"Patient","id":"2",`+fmt.Sprintf(phone, 2)+`}}`, `{"resource":{"resourceType":"Patient","id":"3"}}`)
	file = strings.Replace(file, `"participant":[`, `"participant":[{"actor":{"reference":"Patient/2"}},{"actor":{"reference":"Patient/3"}},{"actor":{"reference":"Patient/1"}},`, 1)
	l, err := reader.ReadFHIR(strings.NewReader(file))
	if got, want := show(l), ` 1 +4749000002 2026-11-23 -
 1 +4749000001 2026-11-23 -
 1 visit.number_missing
fhir merged 0 skipped 0`; err != nil || got != want {
		t.Errorf("%s %v", got, err)
	}
}
