package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestRemoval: whoever is removed loses everything at the next request and is signed out everywhere, while the
// rest stay; it takes the name typed out.
func TestRemoval(t *testing.T) {
	f := newFixture(t)
	own := "/practices/" + f.eidsvag.ID
	f.signIn(t, ragnhild) // who is removed herself
	person := own + "/people/" + f.account(t, sara).ID
	if r := f.get(t, sara, own); r.StatusCode != http.StatusOK {
		t.Fatalf("Sara before: %d", r.StatusCode)
	}
	if r := f.do(t, kari, http.MethodPost, person+"/remove", url.Values{"confirm": {"Sara"}}); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("another name typed: %d", r.StatusCode)
	}
	if r := f.get(t, sara, own); r.StatusCode != http.StatusOK {
		t.Errorf("Sara after another name: %d", r.StatusCode)
	}
	if r := f.do(t, kari, http.MethodPost, person+"/remove", url.Values{"confirm": {" SARA@example.org "}}); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != own+"/people" {
		t.Fatalf("removed: %d to %q", r.StatusCode, r.Header.Get("Location"))
	}
	if r := f.get(t, sara, own); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/login" {
		t.Errorf("Sara after: %d to %q, want to sign in", r.StatusCode, r.Header.Get("Location"))
	}
	if r := f.get(t, ragnhild, own); r.StatusCode != http.StatusNotFound {
		t.Errorf("Ragnhild, whose session is kept: %d", r.StatusCode)
	}
	if r := f.get(t, ragnhild, "/networks/"+f.other.ID); r.StatusCode != http.StatusOK {
		t.Errorf("Ragnhild in her network: %d", r.StatusCode)
	}
	if r := f.get(t, kari, own); r.StatusCode != http.StatusOK {
		t.Errorf("Kari: %d", r.StatusCode)
	}
}

// TestLastLead: the only lead is told on the page, and stays whatever is sent.
func TestLastLead(t *testing.T) {
	f := newFixture(t)
	f.signIn(t, ragnhild)
	own := "/practices/" + f.eidsvag.ID
	self := own + "/people/" + f.account(t, kari).ID
	if body := f.get(t, kari, self, "Accept-Language", "nb").body; !strings.Contains(body, "eneste praksislederen") {
		t.Error("the page does not say so")
	}
	for path, form := range map[string]url.Values{
		self: {"role": {"staff"}}, self + "/remove": {"confirm": {kari}}, own + "/people/leave": {"confirm": {kari}},
	} {
		r := f.do(t, kari, http.MethodPost, path, form, "Accept-Language", "nb")
		if r.StatusCode != http.StatusConflict || !strings.Contains(r.body, "minst én praksisleder") {
			t.Errorf("%s: status %d", path, r.StatusCode)
		}
	}
	if r := f.do(t, kari, http.MethodPost, own+"/people/"+f.account(t, sara).ID, url.Values{"role": {"lead"}}); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("Sara made lead: %d", r.StatusCode)
	}
	if r := f.do(t, kari, http.MethodPost, self, url.Values{"role": {"staff"}}); r.StatusCode != http.StatusSeeOther {
		t.Errorf("now Kari may step down: %d", r.StatusCode)
	}
	if r := f.get(t, kari, own+"/log"); r.StatusCode != http.StatusForbidden {
		t.Errorf("the change of role is not at once: %d", r.StatusCode)
	}
}

// TestColleaguesSeeNames: staff see who works there, and not their addresses, invitations or log.
func TestColleaguesSeeNames(t *testing.T) {
	f := newFixture(t)
	f.anOffer(t, 0)
	body := f.get(t, sara, "/practices/"+f.eidsvag.ID+"/people", "Accept-Language", "nb").body
	if !strings.Contains(body, "Praksisleder") || strings.Contains(body, "E-post") || strings.Contains(body, "/people/"+f.account(t, kari).ID) || regexp.MustCompile(`\bPer\b`).MatchString(body) || strings.Contains(body, `/log"`) {
		t.Errorf("staff see\n%s", words(body))
	}
}
