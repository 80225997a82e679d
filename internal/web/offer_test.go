package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/practice"
)

// anOffer is one of Eidsvåg's offers of a role, made when it is first asked for.
func (f *fixture) anOffer(t testing.TB, n int) madeOffer {
	t.Helper()
	for len(f.offers) <= n {
		ctx := practice.As(context.Background(), practice.Actor{AccountID: f.account(t, kari).ID, Name: kari})
		o, token, err := f.Store.MakeOffer(ctx, practice.Offer{PracticeID: f.eidsvag.ID, Role: practice.Staff, Name: "Per"}, f.clock)
		must(t, err)
		f.offers = append(f.offers, madeOffer{o, token})
	}
	return f.offers[n]
}

var joinPattern = regexp.MustCompile(`https://svar\.example\.org/join/([A-Z2-7]{26})<`)

// join makes an offer as Kari does, on the page, and returns the link's path.
func (f *fixture) join(t testing.TB, role practice.Role) string {
	t.Helper()
	r := f.do(t, kari, http.MethodPost, "/practices/"+f.eidsvag.ID+"/people", url.Values{"name": {"Per Li"}, "role": {string(role)}}, "Accept-Language", "nb")
	m := joinPattern.FindStringSubmatch(r.body)
	if r.StatusCode != http.StatusOK || m == nil {
		t.Fatalf("no link: %d\n%s", r.StatusCode, r.body)
	}
	return "/join/" + m[1]
}

// TestJoin: a colleague who is new makes an account by the link, is signed in and sees the results; the link is
// good once, and only a hash of it is kept.
func TestJoin(t *testing.T) {
	f := newFixture(t)
	own := "/practices/" + f.eidsvag.ID
	path := f.join(t, practice.Staff)
	if token := strings.TrimPrefix(path, "/join/"); strings.Contains(f.dump(t)+f.log.String(), token) {
		t.Error("the token is in the database or the server's log")
	}
	if again := f.get(t, kari, own+"/people", "Accept-Language", "nb").body; strings.Contains(again, path) || !strings.Contains(words(again), "Gjelder til 30. november 2026") {
		t.Error("the offer is not listed, or its link is shown twice")
	}
	page := f.get(t, nobody, path, "Accept-Language", "nb")
	for _, want := range []string{"Bli med hos Eidsvåg legekontor", "invitert som medarbeider", `value="Per Li"`, "Har du konto fra før?"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	per := url.Values{"account": {""}, "name": {"Per Li"}, "email": {" Per@Example.org"}, "password": {password}}
	for field, wrong := range map[string]string{"name": "Per 99887766", "email": "per", "password": "kort"} {
		form := maps.Clone(per)
		form[field] = []string{wrong}
		r := f.do(t, nobody, http.MethodPost, path, form, "Accept-Language", "nb")
		if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="`+field+`-wrong"`) || strings.Contains(r.body, "kort") || len(r.Cookies()) > 0 {
			t.Errorf("%s %q: status %d", field, wrong, r.StatusCode)
		}
	}
	taken := maps.Clone(per)
	taken["email"] = []string{sara}
	if r := f.do(t, nobody, http.MethodPost, path, taken, "Accept-Language", "nb"); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, "har en konto") {
		t.Errorf("an address that has an account: %d", r.StatusCode)
	}
	r := f.do(t, nobody, http.MethodPost, path, per)
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != own {
		t.Fatalf("status %d to %q, cookies %v", r.StatusCode, r.Header.Get("Location"), r.Cookies())
	}
	cookie := sessionOf(withCookies("", r))
	if r := f.get(t, nobody, own, "Cookie", cookie); r.StatusCode != http.StatusOK {
		t.Errorf("the results: %d", r.StatusCode)
	}
	if r := f.get(t, nobody, own+"/log", "Cookie", cookie); r.StatusCode != http.StatusForbidden {
		t.Errorf("the log, as staff: %d", r.StatusCode)
	}
	if r := f.do(t, nobody, http.MethodPost, path, url.Values{"name": {"Ida"}, "email": {"ida@example.org"}, "password": {password}}); r.StatusCode != http.StatusNotFound {
		t.Errorf("the link a second time: %d", r.StatusCode)
	}
	f.cookies["per@example.org"] = cookie
	if r := f.do(t, "per@example.org", http.MethodPost, own+"/people/leave", url.Values{"confirm": {"per li"}}); r.StatusCode != http.StatusSeeOther {
		t.Errorf("leaving: %d", r.StatusCode)
	}
	if r := f.get(t, "per@example.org", "/practices"); r.Header.Get("Location") != "/login" {
		t.Errorf("still signed in after leaving: %d to %q", r.StatusCode, r.Header.Get("Location"))
	}
}

// TestJoinWithAnAccount: who is signed in takes the role with the account they have; a page fetched before
// somebody else signed in gives nothing away; an operator gets none.
func TestJoinWithAnAccount(t *testing.T) {
	f := newFixture(t)
	path := f.join(t, practice.Lead)
	for who, want := range map[string]int{olav: http.StatusConflict, dina: http.StatusConflict, sara: http.StatusConflict} {
		form := url.Values{"account": {f.account(t, who).ID}}
		if who == olav {
			form = url.Values{"account": {f.account(t, nils).ID}} // the page was for Nils
		}
		if r := f.do(t, who, http.MethodPost, path, form); r.StatusCode != want {
			t.Errorf("%s: status %d, want %d", who, r.StatusCode, want)
		}
	}
	for _, who := range []string{olav, dina, nils} {
		if r := f.get(t, who, "/practices/"+f.eidsvag.ID); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s got in: %d", who, r.StatusCode)
		}
	}
	if r := f.do(t, nils, http.MethodPost, path, url.Values{"account": {f.account(t, nils).ID}}); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("Nils: %d", r.StatusCode)
	}
	log := "/practices/" + f.eidsvag.ID + "/log"
	if r := f.get(t, nils, log); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/account/secure" {
		t.Errorf("Nils leads and is not asked for a second factor: %d", r.StatusCode)
	}
	f.cookies[nils] = sessionOf(f.enter(t, nils, ""))
	if r := f.get(t, nils, log); r.StatusCode != http.StatusOK {
		t.Errorf("Nils leads and sees no log: %d", r.StatusCode)
	}
}

// TestGuessingLinks: whoever guesses is stopped, even with a good link.
func TestGuessingLinks(t *testing.T) {
	f := newFixture(t)
	path := f.join(t, practice.Lead)
	for range 20 {
		f.get(t, nobody, "/join/"+practice.NewOfferToken())
	}
	if r := f.get(t, nobody, path); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("status %d", r.StatusCode)
	}
}
