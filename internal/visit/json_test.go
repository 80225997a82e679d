package visit

import (
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

func TestReadJSON(t *testing.T) {
	l, err := reader.ReadAs(JSON, strings.NewReader(`{"visits": [
		{"phone": "49000001", "date": "2026-11-20", "language": "nn"},
		{"phone": "+47 49 00 00 01", "date": "23.11.2026"},
		{"phone": "", "date": "2026-11-20"},
		{"phone": "49000002", "date": "2026-11-20", "name": "Ola"},
		{"phone": 49000002, "date": "2026-11-20"},
		{"phone": "49000002", "date": "2026-11-20", "language": null},
		"49000002", null]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(l), ` 2 +4749000001 2026-11-23 nn
 6 +4749000002 2026-11-20 -
 3 visit.number_missing
 4 visit.row_wrong
 5 visit.row_wrong
 7 visit.row_wrong
 8 visit.number_missing
json merged 1 skipped 0`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadJSONRefusesAWholeList(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "another value": "[]", "no list": "{}", "null": `{"visits": null}`, "an object": `{"visits": {}}`, "two values": `{"visits": []} {}`,
		"a name too many": `{"visits": [], "practice": "eidsvag"}`, "half": `{"visits": [{"phone": "49000001"`, "a bundle": `{"resourceType": "Bundle"}`,
	} {
		if l, err := reader.ReadJSON(strings.NewReader(body)); fault.KindOf(err) != fault.Invalid || len(l.Visits)+len(l.Bad) > 0 {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
	if l, err := reader.ReadJSON(strings.NewReader(`{"visits": []}`)); err != nil || len(l.Visits) > 0 {
		t.Errorf("an empty list: %v, %v", l, err)
	}
	if _, err := reader.ReadJSON(strings.NewReader(`{"visits": [` + strings.Repeat(`{},`, MaxRows) + `{}]}`)); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("too many: %v", err)
	}
}
