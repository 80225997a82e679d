package visit

import (
	"os"
	"strings"
	"testing"
)

// TestDocument: docs/visits.md, which journal systems are made after, says what the code does.
func TestDocument(t *testing.T) {
	data, err := os.ReadFile("../../docs/visits.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, kind := range names {
		if list := "| " + strings.Join(kind, ", ") + " |"; !strings.Contains(page, list) {
			t.Errorf("the page lacks the headings %s", list)
		}
	}
	const limits = "8 MB, 10,000 rows"
	if !strings.Contains(page, limits) || MaxBytes != 8<<20 || MaxRows != 10_000 || !strings.Contains(page, "more than 30 days ago") || maxAge != 30 {
		t.Error("the page has other limits than the code")
	}
	var got []string
	for i, block := range strings.Split(page, "```") {
		if i%2 == 0 {
			continue
		}
		l, err := reader.Read(strings.NewReader(strings.TrimPrefix(block, "json")))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, show(l))
	}
	if want := ` 3 +4749000001 2026-11-23 nn
 4 +4749000002 2026-11-23 -
csv merged 0 skipped 0
 1 +4749000001 2026-11-23 nn
fhir merged 0 skipped 0`; strings.Join(got, "\n") != want {
		t.Errorf("the examples are read as\n%s", strings.Join(got, "\n"))
	}
}
