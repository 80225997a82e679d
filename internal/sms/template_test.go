package sms

import (
	"fmt"
	"strings"
	"testing"
)

var setting = Setting{Practice: "Eidsvåg legekontor", BaseURL: "https://svar.example.no", PerPart: 45}

func TestTemplatesFitOnePart(t *testing.T) {
	if len(Templates) != 3 {
		t.Errorf("%d templates", len(Templates))
	}
	for lang, template := range Templates {
		for _, practice := range []string{setting.Practice, "Nordstrand legesenter", "Legekontor"} { // 18, 21 and a neutral one
			s := setting
			s.Practice = practice
			p := template.Lint(s)
			if p.Problems != nil || p.Refused() || p.Encoding != GSM7 || p.Parts != 1 || p.Price != 45 {
				t.Errorf("%s: %+v", lang, p)
			}
			if !strings.Contains(p.Text, practice) || !strings.Contains(p.Text, " https://svar.example.no/s/ABCDEFGHJKMNPQRSTVWXYZ23456 ") {
				t.Errorf("%s: %s", lang, p.Text)
			}
		}
	}
}

func TestFill(t *testing.T) {
	got := Template("{practice} {link} {practice}").Fill("{link}", "{practice}")
	if want := "{link} {practice} {link}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// good are texts that say nothing they must not, though each has a word that might seem to.
var good = []string{
	"Hei! Hvordan var besøket hos {practice}? Svar anonymt på 4-5 spørsmål: {link}",
	"Hei fra {practice}. Hva synes du om legekontoret? Svar her: {link}",
	"Hilsen {practice}. Undersøkelsen er anonym og tar 1-2 minutter: {link}",
	"{practice} vil bli bedre. Bekreft gjerne at du er fornøyd, eller ikke: {link}",
	"{practice}: Svar innen 14 dager. {link}\nTakk!",
	"Hvordan kom du i kontakt med fastlegekontoret {practice}? {link}",
	"Hjelp oss å gi et bedre tilbud. {practice}: {link}",
	"Vi håper du har tid til å svare {practice}, f.eks. på bussen: {link}",
	"Kort nok? Prøv selv. {practice}: {link}",
	"Du kan kontrollere avsenderen på oppslaget vårt. {practice}: {link}",
	"Hjertelig takk for sist! Hilsen oss hos {practice}: {link}",
	"Tid til å svare? Det går fort. {practice}: {link}",
	"Beklager at vi spør: {practice} {link}",
	"Sykle gjerne hit neste gang også. {practice}: {link}",
	"Korleis var besøket ved {practice}? Svara er anonyme. {link} Der kan du òg seie nei til fleire.",
	"Helsing {practice}. Undersøkinga tek eitt minutt: {link}",
	"Kva tykte du om legekontoret? {practice}: {link}",
	"Hvordan var møtet hos Bergen Legesenter? {practice}: {link}",
	"How was your recent visit to {practice}? Feel free to say what you think: {link}",
	"{practice}: You may opt out at any time. {link}",
	"Tell us about the doctor's office {practice}, anonymously: {link}",
	"{practice} would like to know how we can do better. It takes no time: {link}",
	"Your visit to our GP practice {practice}: {link}",
	"Hello from {practice}, the medical centre. 5 questions, 1 minute: {link}",
}

func TestGoodTexts(t *testing.T) {
	for _, text := range good {
		for _, p := range Template(text).Lint(setting).Problems {
			t.Errorf("%s: %s %v", text, p.Key, p.Args)
		}
	}
}

func TestBadTexts(t *testing.T) {
	const rest = " {practice} {link}"
	for key, texts := range map[string][]string{
		"sms.health": {"Håper prøvesvarene var fine!", "Hvordan går det med diabetesen?", "Er du frisk av LUNGEBETENNELSEN?", "Fikk du resept?", "e-resept klar",
			"Er smertene borte?", "Hvordan var behandlingen?", "Takk for at du tok vaksinen", "Du er sykmeldt", "Blodprøven er tatt", "om den psykiske helsen", "medisinene dine",
			"Er du sjuk?", "Blodtrykket er målt", "om svangerskapet", "Fekk du tilvising?", "prøvane dine", "Sjukdomen din", "Har medisinane verka?", "Fekk du vondt?",
			"How is your diabetes?", "your blood-test is done", "Did the treatment help?", "about your prescription", "your pain", "Your X-ray", "in your medical record", "mental health", "Kreftscreening"},
		"sms.doctor": {"Hvordan var legen?", "besøket hos dr. Hansen", "Var fastlegen din hyggelig?", "besøket hos Kari Nordmann", "Sykepleieren vår spør", "timen med Ola-Jan Moe",
			"Doktoren lurer på", "Psykologen spør", "Korleis var legen?", "Legane våre", "møtet med Åse Øvrebø", "Sjukepleiaren spør", "jordmora",
			"How was your doctor?", "your GP", "Dr Smith", "your visit with Mary Jones", "our nurses", "the physician", "DOCTOR"},
		"sms.reason": {"Timen gjaldt årskontroll", "på grunn av plager", "Du ble undersøkt", "etter kontrollen", "angående oppfølging", "årsaken til besøket", "legeerklæringen er klar", "Helseattesten din",
			"oppfølgjinga di", "angåande timen", "your check-up", "regarding your visit", "the reason for your visit", "because you came", "your follow-up", "after the examination"},
		"sms.time": {"besøket i dag", "Takk for besøket i går kl. 10.30", "besøket 23.11.", "besøket 3. november", "2026-11-23", "på mandag", "den 23/11", "timen 08:15", "forrige uke", "I DAG", "mandagens time", "kl ti",
			"besøket måndag", "tysdag", "førre veke", "i morgon", "laurdag", "visit today", "on Monday", "yesterday at 3 pm", "this morning", "on May 3", "3 May", "23rd", "at 10.15", "in November 2026", "last week"},
		"sms.promotion": {"Få 20 % rabatt", "Vinn et gavekort", "Delta i trekningen", "Bestill time nå", "Følg oss på Facebook", "Gratis vintersko", "spesialtilbud", "Last ned appen", "Kun 99 kr",
			"Vinn eit gåvekort", "Følgj oss", "Tilrå oss", "Win a prize", "Free coffee", "Special offers", "Follow us", "Book now", "Discount!", "Download our app"},
		"sms.link_other":  {"https://evil.example.com/x", "Se www.example.com", "bit.ly/abc", "svar.example.no", "HTTP://A.NO", "post@legen.no", "kontoret.Svar her", "10.0.0.1", "evil。com", "ftp:/x", "legesenter.no.", "xn--a.no", "{practice}.Svar"},
		"sms.placeholder": {"{name}", "{Link}", "{", "}", "{link}}"},
		"sms.invisible":   {"Hei\u200b", "\u202ehei", "a\tb", "a\rb", "\u2060", "\x00"},
	} {
		for _, text := range texts {
			template := Template(text + rest)
			if strings.Contains(text, "{link}") {
				template = Template(text + " {practice}")
			}
			p := template.Lint(setting)
			if !has(p, key, false) || !p.Refused() {
				t.Errorf("%q lacks %s: %v", text, key, p.Problems)
			}
		}
	}
	for text, key := range map[string]string{
		"{practice}": "sms.link_missing", "{practice} {link} {link}": "sms.link_twice", "Hei {link}": "sms.practice_missing", "": "sms.link_missing",
		"{practice}: {link}.": "sms.link_joined", "{practice}:{link}": "sms.link_joined", "{practice} {link}{practice}": "sms.link_joined", "{practice} {link}?x": "sms.link_joined",
	} {
		if p := Template(text).Lint(setting); !has(p, key, false) {
			t.Errorf("%q lacks %s: %v", text, key, p.Problems)
		}
	}
}

func TestWhatASettingDoesToATemplate(t *testing.T) {
	for _, c := range []struct {
		name    string
		setting Setting
		key     string
		warning bool
	}{
		{"another domain", Setting{"A", "https://svar.example.com", 45}, "sms.link_foreign", true},
		{"a host that ends like one", Setting{"A", "https://svar.example.xno", 45}, "sms.link_foreign", true},
		{"no TLS", Setting{"A", "http://svar.example.no", 45}, "sms.link_insecure", true},
		{"no address", Setting{"A", "svar.example.no", 45}, "sms.link_base", false},
		{"an address in the name", Setting{"legen.no", "https://svar.example.no", 45}, "sms.link_other", false},
		{"something unseen in the name", Setting{"Lege\u200bkontor", "https://svar.example.no", 45}, "sms.invisible", false},
		{"a name that tells", Setting{"Dr. Hansens kontor", "https://svar.example.no", 45}, "sms.practice_telling", true},
		{"a name that tells more", Setting{"Psykiatrisk klinikk", "https://svar.example.no", 45}, "sms.practice_telling", true},
		{"a letter outside the alphabet", Setting{"Čáhppes", "https://svar.example.no", 45}, "sms.encoding", true},
		{"a long name", Setting{strings.Repeat("Legesenter ", 4), "https://svar.example.no", 45}, "sms.parts", true},
	} {
		p := Templates["nb"].Lint(c.setting)
		if !has(p, c.key, c.warning) || p.Refused() == c.warning {
			t.Errorf("%s: %v", c.name, p.Problems)
		}
	}
	p := Templates["nb"].Lint(Setting{"Čáhppes – lege\u00a0kontor", "https://svar.example.no/", 45})
	for _, problem := range p.Problems {
		if found := problem.Args["Found"]; problem.Key == "sms.encoding" && found != "Č á – U+00A0" {
			t.Errorf("the characters are %v", found)
		}
	}
	if p.Parts != 3 || p.Price != 135 || p.Encoding != UCS2 || !strings.Contains(p.Text, "no/s/") {
		t.Errorf("%+v", p)
	}
}

func FuzzLint(f *testing.F) {
	for _, text := range good {
		f.Add(text, "Eidsvåg legekontor", "https://svar.example.no")
	}
	f.Add("{link}{practice}{", "\xff", ":")
	f.Fuzz(func(t *testing.T, text, practice, base string) {
		p := Template(text).Lint(Setting{practice, base, 45})
		if p.Price != 45*p.Parts || p.Parts < 1 {
			t.Errorf("%+v", p)
		}
		for _, problem := range p.Problems {
			if _, args := problem.Args["Found"]; args && fmt.Sprint(problem.Args["Found"]) == "" {
				t.Errorf("%s without what was found", problem.Key)
			}
		}
		if strings.Count(text, placeLink) == 0 && !p.Refused() {
			t.Errorf("%q without a link is good", text)
		}
	})
}

func has(p Proof, key string, warning bool) bool {
	for _, problem := range p.Problems {
		if problem.Key == key && problem.Warning == warning {
			return true
		}
	}
	return false
}
