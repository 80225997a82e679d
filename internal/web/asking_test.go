package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/invite"
	"github.com/venterom/venterom/internal/practice"
)

// askingForm is the settings as a lead may send them.
func (f *fixture) askingForm() url.Values {
	return url.Values{"on": {"true"}, "sender": {"Legekontor"}, "language": {"nn"}, "rule": {"daily"}, "n": {"20"}, "wait": {"120"}, "reminder": {"true"},
		"from": {"10:00"}, "to": {"18:30"}, "cap": {"1 500"}, "visits": {"240"},
		"text_nb": {"Hvordan var det hos {practice}?\r\nSvar anonymt: {link}"}, "text_nn": {""}, "text_en": {" How was your visit to {practice}? Answer anonymously in 1 minute: {link} You can opt out there too. "}}
}

func TestAskingIsKept(t *testing.T) {
	f := newFixture(t)
	ctx, path := context.Background(), "/practices/"+f.eidsvag.ID+"/asking"
	if r := f.do(t, kari, http.MethodPost, path, f.askingForm()); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d: %s", r.StatusCode, r.body)
	}
	a, err := f.Store.Asking(ctx, f.eidsvag.ID)
	must(t, err)
	want := practice.Asking{PracticeID: f.eidsvag.ID, SMS: true, Sender: "Legekontor", TemplateNB: "Hvordan var det hos {practice}?\nSvar anonymt: {link}", Language: "nn",
		Rule: "daily", RuleN: 20, QuarantineDays: 120, Reminder: true, SendingHours: "10:00-18:30", CapOre: 150_000, VisitsWeek: 240}
	if a != want {
		t.Errorf("kept %+v, want %+v", a, want)
	}
	r := f.get(t, kari, path+"?done=saved", "Accept-Language", "nb")
	for _, want := range []string{"Lagret.", "GSM-7, ", " 1 del, 0,60\u00a0kr", "Hvordan var det hos Eidsvåg legekontor?\nSvar anonymt: https://svar.example.org/s/", `value="18:30"`, `value="1500"`, `value="120"`,
		"Obs: Lenken går til svar.example.org", "Korleis var besøket hos {practice}?"} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the page lacks %q:\n%s", want, r.body)
		}
	}
	// What the page shows can be sent back as it is.
	if form := askingForm(a); readAsking(a.PracticeID, form) != a {
		t.Errorf("%+v comes back as %+v", a, readAsking(a.PracticeID, form))
	}
	fresh := practice.DefaultAsking(f.eidsvag.ID)
	fresh.SendingHours = "09:00-19:00"
	if back := readAsking(fresh.PracticeID, askingForm(practice.DefaultAsking(f.eidsvag.ID))); back != fresh {
		t.Errorf("what nobody has chosen comes back as %+v", back)
	}
}

// TestAskingLosesNothing: whatever is wrong is said at its field, all of it at once, and what was typed stays.
func TestAskingLosesNothing(t *testing.T) {
	f := newFixture(t)
	form := url.Values{"on": {"true"}, "sender": {"Legevakta i Fjordbyen"}, "language": {"nb"}, "rule": {"every_nth"}, "n": {"mange"}, "wait": {"30"},
		"from": {"06:00"}, "to": {"22:00"}, "cap": {"-5"}, "visits": {"vet ikke"},
		"text_nb": {"Hvordan går det med blodtrykket? {practice} {link}"}, "text_nn": {"Hei <b>«du»</b> {practice} {link}"}, "text_en": {"{practice} asks"}}
	r := f.do(t, kari, http.MethodPost, "/practices/"+f.eidsvag.ID+"/asking", form, "Accept-Language", "nb")
	if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, "<title>Feil:") {
		t.Errorf("status %d", r.StatusCode)
	}
	for _, want := range []string{`value="Legevakta i Fjordbyen"`, `value="mange"`, `value="30"`, `value="06:00"`, `value="22:00"`, `value="-5"`, `value="vet ikke"`,
		"Hvordan går det med blodtrykket? {practice} {link}</textarea>", "Hei &lt;b&gt;«du»&lt;/b&gt; {practice} {link}</textarea>", "{practice} asks</textarea>",
		`href="#sender">Avsendernavnet kan ha høyst 11 tegn`, `href="#n">`, `href="#wait">`, `href="#from">`, `href="#cap">`, `href="#visits">`,
		`href="#text_nb">Bokmål: Ta bort ord om helse: blodtrykket`, `href="#text_en">English: Skriv {link}`, "UCS-2", `value="every_nth" checked`, `name="on" value="true" checked`} {
		if !strings.Contains(r.body, want) {
			t.Errorf("lacks %q:\n%s", want, r.body)
		}
	}
	if strings.Contains(r.body, `href="#text_nn"`) {
		t.Error("what may be used all the same is called wrong")
	}
	if a, err := f.Store.Asking(context.Background(), f.eidsvag.ID); err != nil || a != practice.DefaultAsking(f.eidsvag.ID) {
		t.Errorf("kept %+v, %v", a, err)
	}
}

// TestWithoutGateway: where messages cannot be sent the pages say so, and SMS cannot be switched on.
func TestWithoutGateway(t *testing.T) {
	f := newFixture(t)
	cfg := f.Inviter.Config
	cfg.Gateway = nil
	none, err := invite.New(cfg)
	must(t, err)
	f.Inviter = none
	path := "/practices/" + f.eidsvag.ID
	for _, page := range []string{"/invitations", "/asking"} {
		if r := f.get(t, kari, path+page, "Accept-Language", "nb"); r.StatusCode != http.StatusOK || !strings.Contains(r.body, "kan ikke sende SMS") || strings.Contains(r.body, "Sett opp SMS") {
			t.Errorf("%s: %d\n%s", page, r.StatusCode, r.body)
		}
	}
	if r := f.do(t, kari, http.MethodPost, path+"/asking", f.askingForm(), "Accept-Language", "nb"); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#on">Denne installasjonen`) {
		t.Errorf("switching on: %d", r.StatusCode)
	}
	f.asks(t, nil) // and was on before the gateway was taken away
	if r := f.upload(t, kari, visitsOf("49000001")); r.StatusCode != http.StatusConflict {
		t.Errorf("uploading: %d", r.StatusCode)
	}
	if r := f.get(t, kari, path+"/invitations"); strings.Contains(r.body, `type="file"`) {
		t.Error("there is a place to upload")
	}
}
