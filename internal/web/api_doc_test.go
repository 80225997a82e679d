package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/visit"
)

// TestAPIDocument: docs/api.md, which journal systems are connected by, says what the code does.
func TestAPIDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	must(t, err)
	block := func(kind string) string {
		_, rest, _ := strings.Cut(string(text), "```"+kind+"\n")
		body, _, whole := strings.Cut(rest, "```")
		if !whole {
			t.Fatalf("the page has no %s", kind)
		}
		return body
	}
	f := newFixture(t)
	r := f.handIn(f.machine(t, f.eidsvag, nil), asJSON, "a", block("json list"))
	var want bytes.Buffer
	must(t, json.Compact(&want, []byte(block("json answer"))))
	if r.StatusCode != http.StatusOK || r.body != want.String() {
		t.Errorf("the example is answered with %d %s", r.StatusCode, r.body)
	}
	for kind := range formats {
		if !strings.Contains(string(text), "| `"+kind+"` |") {
			t.Errorf("the page lacks %s", kind)
		}
	}
	const limits = "8 MB and 10,000 rows a list, not compressed. 60 requests a minute for each key, after the first 30."
	if !strings.Contains(string(text), limits) || visit.MaxBytes != 8<<20 || visit.MaxRows != 10_000 || keyPerMinute != 60 || keyBurst != 30 {
		t.Error("the page has other limits than the code")
	}
}
