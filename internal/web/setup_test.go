package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// newcomer is a practice that was just added, led by Nils.
func (f *fixture) newcomer(t testing.TB) (practice.Practice, practice.Point) {
	t.Helper()
	ctx := context.Background()
	p, point, err := f.Store.CreatePractice(ctx, practice.Practice{Name: "Nystad legekontor", Phone: "55 19 00 09"}, "Venterommet")
	must(t, err)
	_, token, err := f.Store.MakeOffer(ctx, practice.Offer{PracticeID: p.ID, Role: practice.Lead, Name: "Nils"}, f.clock)
	must(t, err)
	_, err = f.Store.TakeOffer(ctx, token, f.account(t, nils), f.clock)
	must(t, err)
	delete(f.cookies, nils)
	return p, point
}

// approveNotice approves a practice's privacy notice as it is.
func (f *fixture) approveNotice(t testing.TB, as string, p practice.Practice) {
	t.Helper()
	path := "/practices/" + p.ID + "/privacy"
	seen := regexp.MustCompile(`name="seen" value="([^"]+)"`).FindStringSubmatch(f.get(t, as, path).body)
	if seen == nil {
		t.Fatal("the notice cannot be approved")
	}
	if r := f.do(t, as, http.MethodPost, path, url.Values{"seen": {seen[1]}, "basis": {practice.Bases[0]}}); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("approving the notice: %d %s", r.StatusCode, words(r.body))
	}
}

func (f *fixture) trial(t testing.TB, path string) response {
	t.Helper()
	form := f.get(t, nobody, path, "Accept-Language", "nb")
	if !strings.Contains(form.body, "Svaret ditt telles ikke") {
		t.Errorf("the form at %s is not marked as a trial", path)
	}
	token := tokenPattern.FindStringSubmatch(form.body)
	if token == nil {
		t.Fatalf("no form at %s: %d", path, form.StatusCode)
	}
	r := f.do(t, nobody, http.MethodPost, path, url.Values{"token": {token[1]}, "lang": {"nb"}, "visit.polite": {"5"}})
	if r.StatusCode != http.StatusOK || !strings.Contains(r.body, "Dette var en prøve") || strings.Contains(r.body, "+1") {
		t.Errorf("the thanks at %s: %d", path, r.StatusCode)
	}
	return r
}

// TestGoingLive: each of what must be there keeps a practice from going live while it is missing; trials never
// count; and then answers do.
func TestGoingLive(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	p, point := f.newcomer(t)
	own, code := "/practices/"+p.ID, string(point.Code)
	if r := f.get(t, nils, "/practices"); r.Header.Get("Location") != own+"/setup" {
		t.Errorf("signing in leads to %q", r.Header.Get("Location"))
	}
	live := func(want int, when string) {
		t.Helper()
		if r := f.do(t, nils, http.MethodPost, own+"/setup/live", url.Values{}, "Accept-Language", "nb"); r.StatusCode != want {
			t.Errorf("%s: going live answers %d, want %d", when, r.StatusCode, want)
		}
		if now, err := f.Store.Practice(ctx, p.ID); err != nil || now.Live != (want == http.StatusSeeOther) || now.QR != now.Live {
			t.Errorf("%s: live %t, QR %t, %v", when, now.Live, now.QR, err)
		}
	}
	post := func(path string, form url.Values) {
		t.Helper()
		if r := f.do(t, nils, http.MethodPost, own+path, form); r.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%.600s", path, r.StatusCode, words(r.body))
		}
	}
	live(http.StatusConflict, "at first")
	post("/page/contact", url.Values{"phone": {"55 19 00 09"}, "organisation": {"974760673"}, "street": {"Storgata 1"}, "postal-code": {"5105"}, "place": {"Eidsvåg"}})
	hours := url.Values{}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri"} {
		hours.Set("open-"+day, "8–15.30")
		hours.Set("phone-"+day, "8–11.30")
	}
	post("/page/hours", hours)
	post("/setup/guide", url.Values{})

	f.trial(t, "/k/"+code)
	f.trial(t, "/w/"+code)
	live(http.StatusConflict, "after trials that were not opened by a QR code")
	f.trial(t, "/K/"+code)
	live(http.StatusConflict, "before the notice is approved")
	f.approveNotice(t, nils, p)
	if n := f.counted(t, p, "polite", "5"); n != 0 {
		t.Fatalf("%d trials were counted", n)
	}
	if said := words(f.get(t, nils, own+"/setup", "Accept-Language", "nb").body); !strings.Contains(said, "5 av 5 nødvendige steg er gjort") || !strings.Contains(said, "Gå i gang nå") {
		t.Errorf("with all that must be there the page says\n%s", said)
	}
	if r := f.do(t, nobody, http.MethodPost, own+"/setup/live", url.Values{}); !turnedAway(r, nobody) {
		t.Error("nobody may go live for others")
	}
	early := f.tokenAt(t, "/k/"+code)
	live(http.StatusSeeOther, "with everything there")
	if r := f.do(t, nobody, http.MethodPost, "/k/"+code, url.Values{"token": {early}, "lang": {"nb"}, "visit.polite": {"1"}}); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a form that was opened as a trial: %d", r.StatusCode)
	}
	if n := f.counted(t, p, "polite", "1"); n != 0 {
		t.Error("a form that was opened as a trial was counted")
	}

	f.answer(t, point.Code, "visit.polite", "5")
	if n := f.counted(t, p, "polite", "5"); n != 1 {
		t.Errorf("%d responses are counted after the first answer", n)
	}
	log := words(f.get(t, nils, own+"/log", "Accept-Language", "nb").body)
	for _, want := range []string{"Gjorde «Prøvesvar» i oppsettet", "Gjorde «Rett og feil bruk» i oppsettet", "Gikk i gang", "Slo på svar med QR-kode"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// TestEachPartOfTheGate: whichever one is missing keeps it shut.
func TestEachPartOfTheGate(t *testing.T) {
	all := practice.Ready{Basic: true, Notice: true, Trial: true, Guide: true}
	if !all.All() {
		t.Fatal("all is not all")
	}
	for _, r := range []practice.Ready{{Notice: true, Trial: true, Guide: true}, {Basic: true, Trial: true, Guide: true}, {Basic: true, Notice: true, Guide: true}, {Basic: true, Notice: true, Trial: true}} {
		if r.All() {
			t.Errorf("%+v goes live", r)
		}
	}
}

// TestNothingIsOnBeforeGoingLive: not by any way in, and not by the addresses behind the pages.
func TestNothingIsOnBeforeGoingLive(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	p, _ := f.newcomer(t)
	own := "/practices/" + p.ID
	if p.QR || p.Digital || p.Network || p.Live {
		t.Errorf("a new practice has on %+v", p)
	}
	must(t, f.Store.InvitePractice(ctx, f.network.ID, p.ID))
	tried := map[string]url.Values{
		"/features": {"feature": {"digital"}, "on": {"true"}}, "/slips": {"sheets": {"1"}}, "/network/" + f.network.ID: {"do": {"join"}},
		"/paper/entry": {"token": {f.newToken(batchOf(p))}, "do": {"send"}, "mark": {"visit-1"}, "sheet": {"54321", "54321", "54321", "54321", "54321", "54321", "54321", "54321", "54321", "54321"}},
	}
	for path, form := range tried {
		if r := f.do(t, nils, http.MethodPost, own+path, form, "Accept-Language", "nb"); r.StatusCode != http.StatusConflict {
			t.Errorf("%s: %d\n%.300s", path, r.StatusCode, words(r.body))
		}
	}
	asking := practice.DefaultAsking(p.ID)
	asking.SMS, asking.Sender = true, "Nystad"
	if err := f.Store.SaveAsking(ctx, asking); fault.KindOf(err) != fault.Conflict {
		t.Errorf("text messages: %v", err)
	}
	if n := f.counted(t, p, "polite", "5"); n != 0 {
		t.Errorf("%d were counted", n)
	}
}

// TestFeatures: each is switched on and off by itself, and off means off.
func TestFeatures(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	own := "/practices/" + f.eidsvag.ID
	set := func(feature, on string, want int) {
		t.Helper()
		if r := f.do(t, kari, http.MethodPost, own+"/features", url.Values{"feature": {feature}, "on": {on}}); r.StatusCode != want {
			t.Fatalf("%s %s: %d", feature, on, r.StatusCode)
		}
	}
	set("qr", "false", 303)
	for _, path := range []string{"/k/", "/K/", "/w/", "/kiosk/"} {
		r := f.get(t, nobody, path+string(f.point.Code), "Accept-Language", "nb")
		if r.StatusCode != http.StatusGone || !strings.Contains(r.body, "tar ikke imot svar her nå") {
			t.Errorf("%s with QR off: %d", path, r.StatusCode)
		}
	}
	set("qr", "true", 303)
	if r := f.get(t, nobody, "/k/"+string(f.point.Code)); r.StatusCode != http.StatusOK {
		t.Errorf("with QR on again: %d", r.StatusCode)
	}
	set("digital", "false", 303)
	if r := f.get(t, nobody, "/k/"+string(f.point.Code)); strings.Contains(r.body, `name="digital.`) {
		t.Error("the digital module is asked although it is off")
	}
	set("network", "false", 409) // it is in one
	must(t, f.Store.SetParticipation(ctx, practice.Participation{NetworkID: f.network.ID, PracticeID: f.eidsvag.ID, State: practice.Left}))
	set("network", "false", 303)
	must(t, f.Store.InvitePractice(ctx, f.network.ID, f.eidsvag.ID))
	if r := f.do(t, kari, http.MethodPost, own+"/network/"+f.network.ID, url.Values{"do": {"join"}}); r.StatusCode != http.StatusConflict {
		t.Errorf("joined with networks off: %d", r.StatusCode)
	}
	f.invite(t, "nb", "90000001") // switches text messages on
	set("sms", "false", 303)
	if a, err := f.Store.Asking(ctx, f.eidsvag.ID); err != nil || a.SMS {
		t.Errorf("text messages are on: %v", err)
	}
	if r := f.do(t, kari, http.MethodPost, own+"/features", url.Values{"feature": {"sms"}, "on": {"true"}}); r.Header.Get("Location") != own+"/asking" {
		t.Errorf("switching messages on leads to %q", r.Header.Get("Location"))
	}
	log := words(f.get(t, kari, own+"/log", "Accept-Language", "nb").body)
	for _, want := range []string{"Slo av svar med QR-kode", "Slo på svar med QR-kode", "Slo av spørsmålene om digitale tjenester", "Slo av nettverk", "Slo av SMS"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}
