package visit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

// seed gives a fuzzer the examples.
func seed(f *testing.F, pattern string) {
	files, err := filepath.Glob("testdata/" + pattern)
	if err != nil || len(files) == 0 {
		f.Fatal(err, "no examples")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

var digits = regexp.MustCompile(`[0-9]{5,}`)

// checkList holds what is true of every list, whatever was read.
func checkList(t *testing.T, l List, err error) {
	// All that can be shown or logged: no number, no piece of one.
	said := fmt.Sprintf("%v %+v", err, l)
	for _, bad := range l.Bad {
		said += fmt.Sprintf(" %v %v", bad.Reason, bad.Reason.Args)
		if bad.Line < 1 || bad.Reason.Kind != fault.Invalid || bad.Reason.Cause != nil {
			t.Errorf("bad row %+v", bad)
		}
	}
	if found := digits.FindString(said); found != "" {
		t.Errorf("%s is said", found)
	}
	if err != nil && (fault.As(err) == nil || len(l.Visits)+len(l.Bad) > 0) {
		t.Errorf("neither a list nor a fault: %v", err)
	}
	seen := map[string]bool{}
	for _, v := range l.Visits {
		if seen[v.Number()] {
			t.Error("a number has two visits")
		}
		seen[v.Number()] = true
		if again, err := number(v.Number()); err != nil || again != v.Number() {
			t.Errorf("a number was not put in its one form")
		}
		if v.Line < 1 || v.Day > "2026-11-23" || v.Day < "2026-10-24" || v.Language != "" && languages[v.Language] != v.Language {
			t.Errorf("visit %s in %q", v, v.Language)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	seed(f, "*.csv")
	f.Add([]byte("tlf,dato\n\"49000001,2026-11-23\n\"\",\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := reader.ReadCSV(bytes.NewReader(data))
		checkList(t, l, err)
	})
}

func FuzzReadFHIR(f *testing.F) {
	seed(f, "*.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := reader.ReadFHIR(bytes.NewReader(data))
		checkList(t, l, err)
	})
}

func FuzzReadJSON(f *testing.F) {
	for _, body := range []string{
		`{"visits":[{"phone":"49000001","date":"2026-11-23","language":"nn"},{"phone":"+47 49 00 00 02","date":"23.11.2026"}]}`,
		`{"visits":[]}`, `{"visits":null}`, `{}`, `[]`, `{"visits":[{"phone":49000001}]}`, `{"visits":[{"phone":"49000001","name":"Ola"}]}`,
		`{"visits":[null,1,"49000001",[]]}`, `{"visits":[]}{"visits":[]}`, "\xff\xfe{", `{"visits":[{"phone":"49000001","phone":"49000002","date":"2026-11-23"}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := reader.ReadJSON(bytes.NewReader(data))
		checkList(t, l, err)
	})
}
