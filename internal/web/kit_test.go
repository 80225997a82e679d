package web

import (
	"encoding/xml"
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

func TestAnAnswerByTheWebButtonIsCountedAsSuch(t *testing.T) {
	f := newFixture(t)
	form := f.get(t, nobody, "/w/"+strings.ToLower(f.point.Code.String()))
	m := regexp.MustCompile(`<form method="post" action="([^"]+)"`).FindStringSubmatch(form.body)
	if m == nil {
		t.Fatalf("status %d and no form", form.StatusCode)
	}
	r := f.do(t, nobody, http.MethodPost, m[1], url.Values{"token": {token(t, form)}, "visit.polite": {"5"}})
	if r.StatusCode != http.StatusOK || !strings.Contains(r.body, "Nettside") {
		t.Errorf("status %d", r.StatusCode)
	}
	f.answer(t, f.point.Code, "visit.polite", "5")
	if got, want := f.pending(t, "polite"), "[qr:1 web:1] | ["+string(f.point.Code)+":2] | [5:2]"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
	for code, status := range map[practice.Code]int{f.retired.Code: http.StatusGone, "7F3K9QW2": http.StatusNotFound} {
		if r := f.get(t, nobody, "/w/"+string(code)); r.StatusCode != status {
			t.Errorf("/w/%s: status %d, want %d", code, r.StatusCode, status)
		}
	}
}

// TestTheButtonIsOnlyALink: what a practice puts on its own page runs nothing and asks us for nothing.
func TestTheButtonIsOnlyALink(t *testing.T) {
	f := newFixture(t)
	for _, lang := range i18n.Languages {
		body := f.get(t, kari, "/practices/"+f.eidsvag.ID+"/points/"+string(f.point.Code)+"/kit?lang="+lang).body
		found := regexp.MustCompile(`<code id="[a-z-]+">([^<]*)</code>`).FindAllStringSubmatch(body, -1)
		if len(found) != 2 {
			t.Fatalf("%s: %d pieces of HTML, want 2", lang, len(found))
		}
		for _, m := range found {
			snippet := html.UnescapeString(m[1])
			if !strings.HasPrefix(snippet, `<a href="https://svar.example.org/w/`+string(f.point.Code)+`" rel="noreferrer"`) || !strings.HasSuffix(snippet, "</a>") {
				t.Errorf("%s: %s", lang, snippet)
			}
			if strings.Count(snippet, "://") != 1 || strings.Contains(snippet, "script") || regexp.MustCompile(` on[a-z]+=`).MatchString(snippet) {
				t.Errorf("%s: it does more than link: %s", lang, snippet)
			}
		}
		picture := f.get(t, kari, "/practices/"+f.eidsvag.ID+"/points/"+string(f.point.Code)+"/button.svg?lang="+lang)
		for d := xml.NewDecoder(strings.NewReader(picture.body)); ; {
			element, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
			if e, ok := element.(xml.StartElement); ok && !strings.Contains(" svg rect text ", " "+e.Name.Local+" ") {
				t.Errorf("%s: the picture has a %s", lang, e.Name.Local)
			}
		}
	}
}

// TestSpokenTextTakesFifteenSeconds: read at two and a half words a second, each sign of the code a word.
func TestSpokenTextTakesFifteenSeconds(t *testing.T) {
	f := newFixture(t)
	for _, lang := range i18n.Languages {
		body := f.get(t, kari, "/practices/"+f.eidsvag.ID+"/points/"+string(f.point.Code)+"/kit?lang="+lang).body
		m := regexp.MustCompile(`<blockquote id="spoken">([^<]*)</blockquote>`).FindStringSubmatch(body)
		if m == nil {
			t.Fatalf("%s: no text to read", lang)
		}
		if n := len(strings.Fields(m[1])); n < 30 || n > 42 {
			t.Errorf("%s: %d words take %.0f seconds: %s", lang, n, float64(n)/2.5, m[1])
		}
		if !strings.Contains(m[1], spokenCode(f.point.Code)) || strings.Contains(m[1], "example.org") {
			t.Errorf("%s: not as it is spoken: %s", lang, m[1])
		}
	}
	l := f.Words.In("nb")
	if got, want := spokenHost(l, "min-svar.no:8080"), "min bindestrek svar punktum no kolon 8080"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := spokenCode("7F3K9QW2"), "7 F, 3 K, 9 Q, W 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
