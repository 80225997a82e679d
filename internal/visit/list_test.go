package visit

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
)

// Made-up mobile numbers begin with 49: the numbering plan has them for mobile, and libphonenumber knows
// of no operator that was given any. Made-up fixed lines begin with 68 05, put aside for film and television.

var noise = regexp.MustCompile(`[ \x{00a0}().-]`)

// number is the rule of the Norwegian mobile plan, as the sender of messages has it.
func number(raw string) (string, error) {
	s := noise.ReplaceAllString(raw, "")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "+47"), "0047")
	if len(s) == 10 {
		s = strings.TrimPrefix(s, "47")
	}
	if !regexp.MustCompile(`^[49][0-9]{7}$`).MatchString(s) {
		return "", fmt.Errorf("%s is not a mobile number", raw) // must not come through
	}
	return "+47" + s, nil
}

var reader = Reader{Now: time.Date(2026, 11, 23, 15, 0, 0, 0, calendar.Oslo), Number: number}

// show writes a list as a table.
func show(l List) string {
	var b strings.Builder
	for _, v := range l.Visits {
		fmt.Fprintf(&b, "%2d %s %s %s\n", v.Line, v.Number(), v.Day, cmp.Or(v.Language, "-"))
	}
	for _, bad := range l.Bad {
		fmt.Fprintf(&b, "%2d %s\n", bad.Line, bad.Reason.Key)
	}
	fmt.Fprintf(&b, "%s merged %d skipped %d", l.Format, l.Merged, l.Skipped)
	return b.String()
}

func TestFiles(t *testing.T) {
	for file, want := range map[string]string{
		"excel.csv": `
 2 +4749000001 2026-11-23 nb
 3 +4749000002 2026-11-23 nn
 6 +4749000003 2026-11-20 -
 7 visit.number_wrong
 9 visit.date_future
csv merged 1 skipped 0`,
		"export.csv": `
 2 +4749000001 2026-11-23 nb
 3 +4749000002 2026-11-23 en
 4 +4749000003 2026-11-23 -
 5 visit.date_old
 6 visit.number_missing
 7 visit.date_wrong
 8 visit.row_columns
csv merged 0 skipped 0`,
		"unicode.csv": `
 3 +4749000001 2026-11-23 nn
 4 +4749000002 2026-11-23 nb
 6 +4749000003 2026-11-23 en
 5 visit.number_wrong
csv merged 1 skipped 0`,
		"appointments.json": `
 1 +4749000001 2026-11-23 nn
 2 +4749000002 2026-11-23 en
 5 +4749000003 2026-11-23 -
10 +4749000005 2026-11-23 -
 6 visit.patient_missing
 8 visit.status_unknown
fhir merged 1 skipped 3`,
		"encounters.json": `
 3 +4749000001 2026-11-23 nn
 4 visit.number_wrong
 6 visit.date_future
 7 visit.patient_missing
 8 visit.date_wrong
 9 visit.entry_wrong
fhir merged 0 skipped 1`,
	} {
		data, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		l, err := reader.Read(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if got := "\n" + show(l); got != want {
			t.Errorf("%s:%s\nwant%s", file, got, want)
		}
	}
}

func TestUnreadable(t *testing.T) {
	rows := strings.Repeat("49000001;2026-11-23\n", MaxRows+1)
	entries := strings.Repeat(`{"resource":{"resourceType":"Encounter","status":"new"}},`, MaxRows+1)
	for _, c := range []struct{ name, file, want string }{
		{"nothing", "", "visit.file_empty"},
		{"empty lines", "\r\n\r\n;;\r\n", "visit.file_empty"},
		{"workbook", "PK\x03\x04\x14\x00", "visit.file_kind"},
		{"old workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", "visit.file_kind"},
		{"print", "%PDF-1.7\n", "visit.file_kind"},
		{"FHIR as XML", `<?xml version="1.0"?><Bundle/>`, "visit.file_kind"},
		{"no number", "navn;dato\nÅse;2026-11-23\n", "visit.number_column"},
		{"next of kin only", "Mobil pårørende;dato\n49000001;2026-11-23\n", "visit.number_column"},
		{"no headings", "49000001;2026-11-23\n", "visit.number_column"},
		{"no date", "mobil;fødselsdato\n49000001;1950-02-01\n", "visit.date_column"},
		{"rows", "mobil;dato\n" + rows, "visit.rows_many"},
		{"entries", `{"resourceType":"Bundle","entry":[` + strings.TrimSuffix(entries, ",") + `]}`, "visit.rows_many"},
		{"bytes", "mobil;dato\n" + strings.Repeat(" ", MaxBytes), "visit.file_large"},
		{"a resource alone", `{"resourceType":"Appointment"}`, "visit.bundle_wrong"},
		{"a list of resources", `[{"resourceType":"Appointment"}]`, "visit.bundle_wrong"},
		{"half a bundle", `{"resourceType":"Bundle","entry":[`, "visit.bundle_wrong"},
		{"entries that are none", `{"resourceType":"Bundle","entry":[49000001]}`, "visit.bundle_wrong"},
	} {
		l, err := reader.Read(strings.NewReader(c.file))
		f := fault.As(err)
		if f == nil || f.Key != c.want {
			t.Errorf("%s: %s, %v, want %s", c.name, show(l), err, c.want)
		}
		if len(l.Visits)+len(l.Bad) > 0 {
			t.Errorf("%s: something was read", c.name)
		}
	}
	broken := errors.New("connection reset")
	if _, err := reader.Read(failing{broken}); !errors.Is(err, broken) || fault.As(err) != nil {
		t.Errorf("a broken connection gives %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestEncodings: the same file in each encoding that Windows programs write is the same list.
func TestEncodings(t *testing.T) {
	const file = "Språk;Besøksdato;Telefon\nbokmål;23.11.2026;49000001\n"
	latin := make([]byte, 0, len(file))
	for _, r := range file {
		latin = append(latin, byte(r))
	}
	utf16le, utf16be := []byte("\xff\xfe"), []byte("\xfe\xff")
	for _, u := range utf16.Encode([]rune(file)) {
		utf16le = binary.LittleEndian.AppendUint16(utf16le, u)
		utf16be = binary.BigEndian.AppendUint16(utf16be, u)
	}
	for name, data := range map[string][]byte{
		"UTF-8": []byte(file), "UTF-8 with mark": []byte("\ufeff" + file), "Windows-1252": latin, "UTF-16LE": utf16le, "UTF-16BE": utf16be,
		"decomposed": []byte(strings.ReplaceAll(file, "å", "a\u030a")), "old Mac": []byte(strings.ReplaceAll(file, "\n", "\r")),
		"no last line end": []byte(strings.TrimSpace(file)),
	} {
		l, err := reader.ReadCSV(bytes.NewReader(data))
		if got, want := show(l), " 2 +4749000001 2026-11-23 nb\ncsv merged 0 skipped 0"; err != nil || got != want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	l, err := reader.ReadFHIR(strings.NewReader("\ufeff{\"resourceType\": \"Bundle\"}"))
	if err != nil || show(l) != "fhir merged 0 skipped 0" {
		t.Errorf("bundle with mark: %s, %v", show(l), err)
	}
}

func TestMerge(t *testing.T) {
	visit := func(n, day, lang string) Visit { return Visit{number: &n, Day: Day(day), Language: lang} }
	got, merged := Merge([]Visit{
		visit("a", "2026-11-20", "nn"), visit("b", "2026-11-21", ""), visit("a", "2026-11-22", ""), visit("a", "2026-11-21", "en"), visit("b", "2026-11-21", "nb"),
	})
	if s := show(List{Visits: got, Merged: merged}); s != ` 0 a 2026-11-22 nn
 0 b 2026-11-21 nb
 merged 3 skipped 0` {
		t.Errorf("got %s", s)
	}
}

func TestVisit(t *testing.T) {
	for _, c := range []struct{ number, day, language, want string }{
		{"49000001", "2026-11-23", "nb", "2026-11-23 nb"},
		{" 49 00 00 01 ", "23.11.2026", "NB-no", "2026-11-23 nb"},
		{"49000001", "23.11.26", "nob", "2026-11-23 nb"},
		{"49000001", "3.11.2026", "nn_NO", "2026-11-03 nn"},
		{"49000001", "03/11/2026", "Norsk (nynorsk)", "2026-11-03 nn"},
		{"49000001", "03-11-2026", "English", "2026-11-03 en"},
		{"49000001", "2026-11-23 08:15", "no", "2026-11-23 "},
		{"49000001", "2026-11-23T08:15:00.123", "pl", "2026-11-23 "},
		{"49000001", "23.11.2026 kl. 08.15", "", "2026-11-23 "},
		{"49000001", "2026-11-22T23:00:00Z", "", "2026-11-23 "}, // midnight in Oslo
		{"49000001", "2026-11-22T22:59:59Z", "", "2026-11-22 "},
		{"49000001", "2026-10-24", "", "2026-10-24 "}, // thirty days ago
		{"49000001", "2026-10-23", "", "visit.date_old"},
		{"49000001", "2026-11-24", "", "visit.date_future"},
		{"49000001", "2026-11-23T23:00:00Z", "", "visit.date_future"}, // tomorrow in Oslo
		{"49000001", "11/23/2026", "", "visit.date_wrong"},
		{"49000001", "31.11.2026", "", "visit.date_wrong"},
		{"49000001", "0.11.2026", "", "visit.date_wrong"},
		{"49000001", "23.11", "", "visit.date_wrong"},
		{"49000001", "46349", "", "visit.date_wrong"},
		{"49000001", "2026-11-23 i går", "", "visit.date_wrong"},
		{"49000001", "2026-11-23T08:15:00." + strings.Repeat("0", maxField), "", "visit.date_wrong"},
		{"49000001", " ", "", "visit.date_missing"},
		{"", "2026-11-23", "", "visit.number_missing"},
		{`=""`, "2026-11-23", "", "visit.number_missing"},
		{"68050001", "2026-11-23", "", "visit.number_wrong"},
		{"4900\ufffd0001", "2026-11-23", "", "visit.number_wrong"},
		{"49000001" + strings.Repeat(" .", maxField) + ".", "2026-11-23", "", "visit.number_wrong"},
		{"\u202a+47 49000001\u202c", "2026-11-23", "", "2026-11-23 "}, // as copied from a list of contacts
	} {
		v, err := reader.Visit(c.number, c.day, c.language)
		got := string(v.Day) + " " + v.Language
		if f := fault.As(err); f != nil {
			got = f.Key
		} else if v.Number() != "+4749000001" {
			t.Errorf("%q: number %q", c.number, v.Number())
		}
		if got != c.want {
			t.Errorf("%q %q %q: got %q, want %q", c.number, c.day, c.language, got, c.want)
		}
	}
	if got := (Visit{}).Number(); got != "" {
		t.Errorf("no visit has the number %q", got)
	}
}

// TestNumberIsNotWritten: nothing that formats, logs or encodes what it is given writes the number.
func TestNumberIsNotWritten(t *testing.T) {
	v, err := reader.Visit("49000001", "2026-11-23", "nb")
	if err != nil {
		t.Fatal(err)
	}
	list := List{Visits: []Visit{v}}
	hidden := struct {
		v Visit
		p *Visit
		l List
	}{v, &v, list}
	var out bytes.Buffer
	for _, x := range []any{v, &v, list, &list, hidden, &hidden, map[string]any{"v": v}, []any{hidden}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", x)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "x", x)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "x", x)
		if j, err := json.Marshal(x); err == nil {
			out.Write(j)
		}
	}
	for _, x := range []any{v, list} {
		if err := gob.NewEncoder(&out).Encode(x); err != nil {
			t.Error(err)
		}
		if err := xml.NewEncoder(&out).Encode(x); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(out.String(), "visit on 2026-11-23") || !strings.Contains(out.String(), `"Day":"2026-11-23"`) {
		t.Error("nothing was written at all")
	}
	for _, form := range []string{"49000001", "3439303030303031", fmt.Sprintf("%v", []byte("49000001"))} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the number is written as %s", form)
		}
	}
}
