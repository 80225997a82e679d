package app

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// leaving goes the way of a lead whose practice ends: to the page that offers everything as a file, on to deleting, a
// name mistyped, the name, and what is left of it all.
func leaving(t *testing.T, w *world) {
	point := w.newPractice(t, "Utmark legekontor")
	b := w.tab(t, narrow, 640, options{})
	email := w.newLead(t, point.PracticeID)
	b.signIn(email)
	own := "/practices/" + point.PracticeID
	says := func() string { return eval[string](b, "document.body.innerText") }
	press := func(selector string) int64 { return b.follow(chromedp.Click(chromedp.CSS(selector))) }

	b.open(own + "/people")
	press(`a[href$="/export"]`)
	if b.at() != own+"/export" {
		t.Fatalf("at %s", b.at())
	}
	file := b.posted(w, own+"/export")
	if !strings.HasPrefix(file, "PK") || !strings.Contains(file, "practice.json") {
		t.Errorf("the file is %.40q", file)
	}
	press(`main a[href$="/delete"]`)
	if b.at() != own+"/delete" {
		t.Fatalf("at %s", b.at())
	}
	b.do(chromedp.SendKeys(chromedp.ID("confirm"), "Utmark"))
	if status := press(".final"); status != http.StatusUnprocessableEntity || !strings.Contains(says(), "Ingenting er slettet") {
		t.Errorf("status %d: %s", status, says())
	}
	b.do(chromedp.SendKeys(chromedp.ID("confirm"), "utmark legekontor"))
	if status := press(".final"); status != http.StatusOK || b.heading() != "Kontoret er slettet" {
		t.Fatalf("status %d: %s", status, says())
	}
	b.look("deleted")
	if status := b.open("/k/" + string(point.Code)); status != http.StatusNotFound || !strings.Contains(says(), "Spør i skranken") {
		t.Errorf("the poster leads to status %d: %s", status, says())
	}
	b.open(own)
	if b.at() != "/login" {
		t.Errorf("signed in still, at %s", b.at())
	}
}

// posted sends an empty form to a path with the tab's cookies, and returns what comes back.
func (b *tab) posted(w *world, path string) string {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, w.address+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range call(b, network.GetCookies, network.GetCookiesParams{}).Cookies {
		request.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	data, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}
