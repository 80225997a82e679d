package app

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/venterom/venterom/"

// imports is the map of the house: what each package may import of ours, and which third-party modules.
// Test files may also import storetest and what is under testOnly.
var imports = map[string]struct{ ours, theirs []string }{
	"cmd/venterom": {ours: []string{"internal/app", "internal/aggregate", "internal/survey", "internal/practice", "internal/calendar", "internal/fault", "surveys"},
		theirs: []string{"github.com/alecthomas/kong", "golang.org/x/term"}},
	"internal/app": {ours: []string{"internal/web", "internal/aggregate", "internal/report", "internal/store", "internal/survey", "internal/practice",
		"internal/invite", "internal/oidc", "internal/sms", "internal/i18n", "internal/calendar", "internal/disclosure", "internal/stats", "internal/fault", "surveys"},
		theirs: []string{"golang.org/x/crypto/acme", "golang.org/x/time/rate", "github.com/prometheus/client_golang", "github.com/prometheus/client_model"}},
	"internal/web": {ours: []string{"internal/aggregate", "internal/report", "internal/chart", "internal/store", "internal/survey", "internal/practice",
		"internal/invite", "internal/oidc", "internal/sms", "internal/visit", "internal/i18n", "internal/calendar", "internal/disclosure", "internal/stats", "internal/fault", "static"},
		theirs: []string{"github.com/labstack/echo/v4", "github.com/alexedwards/scs/v2", "github.com/go-webauthn/webauthn", "golang.org/x/time/rate", "rsc.io/qr"}},
	"internal/invite": {ours: []string{"internal/store", "internal/sms", "internal/visit", "internal/practice", "internal/i18n", "internal/calendar", "internal/fault"},
		theirs: []string{"github.com/riverqueue/river"}},
	"internal/aggregate": {ours: []string{"internal/store", "internal/survey", "internal/practice", "internal/calendar", "internal/disclosure", "internal/stats", "internal/fault"}},
	"internal/report":    {ours: []string{"internal/store", "internal/survey", "internal/practice", "internal/calendar", "internal/disclosure", "internal/stats", "internal/fault"}},
	"internal/chart": {ours: []string{"internal/report", "internal/survey", "internal/calendar", "internal/disclosure", "internal/stats", "internal/i18n"},
		theirs: []string{"github.com/go-echarts/go-echarts/v2"}},
	"internal/sms/kanneltest": {},
	"internal/storetest":      {ours: []string{"internal/store"}, theirs: []string{"github.com/jmoiron/sqlx"}},
	"internal/store": {ours: []string{"internal/practice", "internal/sms", "internal/calendar", "internal/disclosure", "internal/fault", "migrations"},
		theirs: []string{"github.com/riverqueue/river", "github.com/jmoiron/sqlx", "github.com/lib/pq", "modernc.org/sqlite", "github.com/pressly/goose/v3"}},
	"internal/survey":     {ours: []string{"internal/fault"}, theirs: []string{"github.com/goccy/go-yaml"}},
	"internal/practice":   {ours: []string{"internal/fault", "internal/calendar"}, theirs: []string{"golang.org/x/crypto"}},
	"internal/visit":      {ours: []string{"internal/fault", "internal/calendar"}},
	"internal/i18n":       {ours: []string{"internal/calendar"}, theirs: []string{"github.com/nicksnyder/go-i18n/v2", "golang.org/x/text"}},
	"internal/stats":      {theirs: []string{"gonum.org/v1/gonum"}},
	"internal/disclosure": {ours: []string{"internal/stats"}},
	"internal/sms":        {ours: []string{"internal/calendar", "internal/fault"}},
	"internal/oidc": {ours: []string{"internal/fault"},
		theirs: []string{"github.com/coreos/go-oidc/v3", "golang.org/x/oauth2", "github.com/go-jose/go-jose/v4"}},
	"internal/oidc/oidctest": {ours: []string{"internal/oidc"}, theirs: []string{"github.com/go-jose/go-jose/v4"}},
	"internal/calendar":      {},
	"internal/fault":         {},
	"surveys":                {},
	"static":                 {},
	"migrations":             {},
}

// testOnly is what any test file may import besides.
var testOnly = []string{"github.com/chromedp/chromedp", "github.com/chromedp/cdproto", "github.com/go-json-experiment/json", "github.com/riverqueue/river",
	"github.com/goccy/go-yaml", "github.com/pquerna/otp", "github.com/go-jose/go-jose/v4"}

// TestImports holds every package to the map: imports point to a lower floor, and each third-party
// module is behind one door.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "../../...").Output()
	if err != nil {
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v\n%s", err, e.Stderr)
		}
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath                         string
			Imports, TestImports, XTestImports []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		seen[name] = true
		rule, ok := imports[name]
		if !ok {
			t.Errorf("package %s is not in the map: give it a line, and a reason in docs/design.md", name)
			continue
		}
		for _, i := range p.Imports {
			if !allowed(i, rule.ours, rule.theirs) {
				t.Errorf("%s must not import %s", name, i)
			}
		}
		for _, i := range append(p.TestImports, p.XTestImports...) {
			ours := strings.HasPrefix(i, module) // tests may look at anything of ours
			if !ours && !allowed(i, nil, append(rule.theirs, testOnly...)) {
				t.Errorf("the tests of %s must not import %s", name, i)
			}
		}
	}
	for name := range imports {
		if !seen[name] {
			t.Errorf("the map has %s, the house has not", name)
		}
	}
}

func allowed(path string, ours, theirs []string) bool {
	if rest, ok := strings.CutPrefix(path, module); ok {
		return slices.Contains(ours, rest)
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(theirs, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") })
}
