package app_test

import (
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/storetest"
)

// TestRestored: an operator makes a copy while the server runs, things change, the copy is put back, and every page is
// what it was; never while the server runs.
func TestRestored(t *testing.T) {
	file := build(t)
	p := install(t, file, storetest.SQLite)
	form := p.addPractice(t, "Eidsvåg legekontor")
	server := p.serve(t)
	token := regexp.MustCompile(`name="token" value="[^"]+"`)
	page := func(path string) string {
		t.Helper()
		r, err := http.Get("http://" + p.address + path)
		must(t, err)
		body, err := io.ReadAll(r.Body)
		must(t, err)
		must(t, r.Body.Close())
		return r.Status + token.ReplaceAllString(string(body), "")
	}
	pages := []string{form, "/p/eidsvag-legekontor", "/p/lillevik", "/"}
	before := map[string]string{}
	for _, path := range pages {
		before[path] = page(path)
	}
	backup := filepath.Join(t.TempDir(), "copy.db")
	p.run(t, "backup", backup)

	out, err := p.command("restore", backup, "--overwrite").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "stop the server first") {
		t.Errorf("put back while the server runs: %v %s", err, out)
	}
	p.addPractice(t, "Lillevik")
	removal := p.command("practice", "delete", "eidsvag-legekontor")
	removal.Stdin = strings.NewReader("Eidsvåg legekontor\n")
	if out, err := removal.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	for _, path := range pages[1:3] {
		if page(path) == before[path] {
			t.Errorf("%s is what it was", path)
		}
	}
	server.stop(t)

	if out, err := p.command("restore", backup).CombinedOutput(); err == nil || !strings.Contains(string(out), "--overwrite") {
		t.Errorf("put over another practice: %v %s", err, out)
	}
	p.run(t, "restore", backup, "--overwrite")
	server = p.serve(t)
	for _, path := range pages {
		if got := page(path); got != before[path] {
			t.Errorf("%s is not what it was:\n%s", path, got)
		}
	}
	server.stop(t)
}
