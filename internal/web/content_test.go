package web

import (
	"mime"
	"strings"
	"testing"
)

// TestEveryResponseSaysWhatItIs: a body has a type, and a text its encoding, or a browser would guess.
func TestEveryResponseSaysWhatItIs(t *testing.T) {
	f := newFixture(t)
	kinds := map[string]int{}
	for _, v := range visits(f, t) {
		if len(v.as) == 0 {
			continue
		}
		r := f.do(t, v.as[0], v.method, v.path, v.form)
		if r.body == "" {
			continue
		}
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil {
			t.Errorf("%s %s: type %q: %v", v.method, v.path, r.Header.Get("Content-Type"), err)
		}
		if kinds[kind]++; (strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "xml")) && !strings.EqualFold(params["charset"], "utf-8") {
			t.Errorf("%s %s: %q has no encoding", v.method, v.path, r.Header.Get("Content-Type"))
		}
	}
	for _, kind := range []string{"text/html", "text/csv", "text/plain", "image/svg+xml", "application/json"} {
		if kinds[kind] == 0 {
			t.Errorf("nothing is %s: the test shows too little", kind)
		}
	}
}
