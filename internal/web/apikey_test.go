package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/practice"
)

// aKey is the id of one of Eidsvåg's keys, the same each time.
func (f *fixture) aKey(t testing.TB) string {
	t.Helper()
	if f.keyID == "" {
		key, err := f.Store.CreateAPIKey(context.Background(), f.eidsvag.ID, "Journalsystemet")
		must(t, err)
		k, err := f.Store.APIKey(context.Background(), key)
		must(t, err)
		f.keyID = k.ID
	}
	return f.keyID
}

var keyShown = regexp.MustCompile(`venterom_[A-Z2-7]{26}`)

func TestKeysArePracticesOwn(t *testing.T) {
	f := newFixture(t)
	own := "/practices/" + f.eidsvag.ID + "/keys"
	if r := f.get(t, kari, "/practices/"+f.eidsvag.ID+"/points"); !strings.Contains(r.body, `href="`+own+`"`) {
		t.Error("nothing leads to the keys")
	}
	if r := f.get(t, sara, "/practices/"+f.eidsvag.ID+"/points"); strings.Contains(r.body, own) {
		t.Error("staff are led to a page they may not see")
	}
	if r := f.get(t, kari, own); !strings.Contains(r.body, "Ingen nøkler ennå") {
		t.Error("without keys")
	}
	r := f.do(t, kari, http.MethodPost, own, url.Values{"label": {"Journalen <b>"}})
	key := keyShown.FindString(r.body)
	if r.StatusCode != http.StatusOK || !practice.IsAPIKey(key) || strings.Count(r.body, key) != 1 || r.Header.Get("Cache-Control") != "no-store" || !strings.Contains(r.body, "Journalen &lt;b&gt;") {
		t.Errorf("a new key: %d %s", r.StatusCode, r.body)
	}
	if keyShown.MatchString(f.get(t, kari, own).body) {
		t.Error("the key is shown a second time")
	}
	k, err := f.Store.APIKey(context.Background(), key)
	must(t, err)
	if k.PracticeID != f.eidsvag.ID {
		t.Error("the key is another practice's")
	}
	for _, attempt := range []struct {
		who, path string
		status    int
	}{
		{olav, "/practices/" + f.lillevik.ID + "/keys/" + k.ID + "/revoke", http.StatusNotFound}, // his practice, not his key
		{olav, own + "/" + k.ID + "/revoke", http.StatusNotFound},
		{sara, own + "/" + k.ID + "/revoke", http.StatusForbidden},
		{kari, own + "/" + k.ID + "/revoke", http.StatusSeeOther},
	} {
		if _, err := f.Store.APIKey(context.Background(), key); err != nil {
			t.Fatalf("before %s tries: %v", attempt.who, err)
		}
		if r := f.do(t, attempt.who, http.MethodPost, attempt.path, url.Values{}); r.StatusCode != attempt.status {
			t.Errorf("%s at %s: %d", attempt.who, attempt.path, r.StatusCode)
		}
	}
	if r := f.get(t, kari, own); !strings.Contains(r.body, "trukket tilbake") || strings.Contains(r.body, "/revoke") {
		t.Error("the list does not say that the key is revoked")
	}
	if strings.Contains(f.log.String(), key) {
		t.Error("the log has the key")
	}
}
