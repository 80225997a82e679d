package sms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

func TestParseNumber(t *testing.T) {
	for _, c := range []struct{ text, want string }{ // E.164, or the key of the fault
		{"91234567", "+4791234567"},
		{"41234567", "+4741234567"},
		{"47012345", "+4747012345"}, // eight digits that begin with 47
		{"4747012345", "+4747012345"},
		{"+4747012345", "+4747012345"},
		{"004747012345", "+4747012345"},
		{"  912 34 567\n", "+4791234567"},
		{"912.34.567", "+4791234567"},
		{"912-34-567", "+4791234567"},
		{"(+47) 912 34 567", "+4791234567"},
		{"+47\u00a0912\u00a034\u00a0567", "+4791234567"},
		{"0047 (912) 34-567", "+4791234567"},
		{"42234567", "+4742234567"}, // in the plan; a warning says the rest

		{"", "number.empty"}, {" \u00a0-", "number.empty"},
		{"+", "number.characters"}, {"++4791234567", "number.characters"}, {"91234567a", "number.characters"},
		{"91234567;41234567", "number.characters"}, {"91234567/8", "number.characters"}, {"९१२३४५६७", "number.characters"},
		{"９１２３４５６７", "number.characters"}, {"9123456７", "number.characters"}, {"91234567\u200b", "number.characters"},
		{"9.1234567E7", "number.characters"}, // a spreadsheet's doing
		{"9123456", "number.length"}, {"912345678", "number.length"}, {"+47012345", "number.length"}, {"4712345", "number.length"},
		{"01013412345", "number.length"}, {"113", "number.length"}, {"+4747", "number.length"},
		{"55190000", "number.landline"}, {"+4755190000", "number.landline"}, {"81549300", "number.landline"}, {"21234567", "number.landline"},
		{"59123456", "number.machine"}, {"+4759123456", "number.machine"}, {"580012345678", "number.machine"}, {"+47580012345678", "number.machine"},
		{"+46701234567", "number.foreign"}, {"0046701234567", "number.foreign"}, {"+4512345678", "number.foreign"}, {"+1", "number.foreign"},
	} {
		n, err := ParseNumber(c.text)
		got := n.E164()
		if err != nil {
			got = err.Error()
			if fault.KindOf(err) != fault.Invalid || n != (Number{}) {
				t.Errorf("ParseNumber(%q) = %v, a fault of kind %v", c.text, n, fault.KindOf(err))
			}
		}
		if got != c.want {
			t.Errorf("ParseNumber(%q) = %s, want %s", c.text, got, c.want)
		}
	}
}

func TestNumbersThatAreEqualCompareEqual(t *testing.T) {
	a, b, c := number(t, "91234567"), number(t, "+47 912 34 567"), number(t, "91234568")
	if a != b || a == c || a == (Number{}) {
		t.Errorf("%v, %v and %v", a == b, a == c, a == Number{})
	}
	if s := (Number{}).E164() + (Number{}).Masked(); s != "–" {
		t.Errorf("no number is %q", s)
	}
}

func TestWarningOfANumber(t *testing.T) {
	for text, want := range map[string]bool{"40000000": false, "41000000": false, "42000000": true, "43000000": true, "44000000": true,
		"45000000": false, "46000000": false, "47000000": false, "48000000": false, "49000000": true, "90000000": false, "99999999": false} {
		if got := number(t, text).Warning(); (got != nil) != want || got != nil && (!got.Warning || got.Key != "number.unallocated") {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if w := (Number{}).Warning(); w != nil {
		t.Errorf("no number: %v", w)
	}
}

// TestANumberIsNeverPrinted tries every way a number might get into a log, a page or a queue.
func TestANumberIsNeverPrinted(t *testing.T) {
	const digits = "91234567"
	n := number(t, digits)
	if got := n.Masked(); got != "+47 9•• •• •67" {
		t.Errorf("masked as %q", got)
	}
	type hidden struct{ to Number } // fmt cannot call the methods of an unexported field
	m := Message{ID: "1", To: n, From: "Legekontor", Text: "Hei"}
	var out bytes.Buffer
	for _, v := range []any{n, &n, []Number{n}, map[string]Number{"a": n}, map[Number]int{n: 1}, struct{ To Number }{n}, hidden{n}, &hidden{n}, []hidden{{n}}, m, &m, []Message{m},
		fault.New(fault.Invalid, "number.length").With("Number", n), fmt.Errorf("to %v: %w", n, fault.New(fault.Invalid, "number.length"))} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%08b", "%t"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("x", "v", v)
			slog.New(h).Info("x", slog.Group("g", slog.Any("v", v)))
		}
		b, _ := json.Marshal(v)
		out.Write(b)
		if err := template.Must(template.New("").Parse(`<p title="{{.}}">{{.}}<script>{{printf "%v" .}}</script>`)).Execute(&out, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, secret := range []string{digits, "12345", fmt.Sprintf("%x", digits), fmt.Sprintf("%X", digits), fmt.Sprintf("%x", "+47"+digits)} {
		if i := strings.Index(out.String(), secret); i >= 0 {
			t.Errorf("printed: …%s…", out.String()[max(0, i-60):i+20])
		}
	}
	if b, err := json.Marshal(n); err == nil {
		t.Errorf("as JSON: %s", b)
	}
	if b, err := json.Marshal(map[Number]int{n: 1}); err == nil {
		t.Errorf("as a key of JSON: %s", b)
	}
	if b, err := json.Marshal(m); err == nil {
		t.Errorf("a message as JSON: %s", b)
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, seed := range []string{"91234567", "+47 912-34-567", "004741234567", "4747012345", "", "+", "5", "９"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseNumber(text)
		if err != nil {
			if key := err.Error(); fault.As(err) == nil || len(key) > 20 {
				t.Errorf("ParseNumber(%q): %v", text, err)
			}
			return
		}
		e := n.E164()
		if len(e) != 11 || e[:3] != "+47" || e[3] != '4' && e[3] != '9' || strings.Trim(e[1:], "0123456789") != "" {
			t.Errorf("ParseNumber(%q) = %q", text, e)
		}
		for _, again := range []string{e, e[3:], e[1:], "00" + e[1:], e[:6] + " " + e[6:]} {
			if m, err := ParseNumber(again); err != nil || m != n {
				t.Errorf("ParseNumber(%q) = %q, %v", again, m.E164(), err)
			}
		}
	})
}

func number(t *testing.T, text string) Number {
	t.Helper()
	n, err := ParseNumber(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
