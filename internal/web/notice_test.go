package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
)

// escaped is a text as a template writes it.
func escaped(text string) string { return strings.ReplaceAll(html.EscapeString(text), "+", "&#43;") }

// noticePoints is where each point of GDPR article 13(1) and (2) stands in a notice.
var noticePoints = map[string]string{
	"13(1)(a) controller": "who", "13(1)(b) data protection officer": "contact", "13(1)(c) purposes": "why", "13(1)(c), (d) basis, interests": "basis",
	"13(1)(e) recipients": "recipients", "13(1)(f) transfers": "transfer", "13(2)(a) period": "kept", "13(2)(b) rights": "rights",
	"13(2)(c) consent": "consent", "13(2)(d) complaint": "complaint", "13(2)(e) voluntary": "voluntary", "13(2)(f) automated decisions": "automated",
}

// section is a section of a notice by its code; empty if there is none.
func section(body, code string) string {
	_, rest, found := strings.Cut(body, `<section id="`+code+`"`)
	text, _, _ := strings.Cut(rest, "</section>")
	if !found {
		return ""
	}
	return text
}

// approve approves a practice's notice as it is.
func (f *fixture) approve(t testing.TB, w practice.NoticeWords) {
	t.Helper()
	ctx := practice.As(context.Background(), practice.Actor{Name: "Kari Lege"})
	state, err := f.Store.Notice(ctx, f.eidsvag.ID, f.Installation())
	must(t, err)
	must(t, f.Store.ApproveNotice(ctx, f.eidsvag.ID, f.Installation(), w, state.Now.Seen(), f.clock))
}

// askBySMS switches messages on or off.
func (f *fixture) askBySMS(t testing.TB, on, reminder bool) {
	t.Helper()
	a := practice.DefaultAsking(f.eidsvag.ID)
	a.SMS, a.Reminder, a.QuarantineDays = on, reminder, 120
	must(t, f.Store.SaveAsking(context.Background(), a))
}

// TestNoticeHasEveryPoint: every point of article 13 has its section with words in it, in every language and under
// every setting.
func TestNoticeHasEveryPoint(t *testing.T) {
	f := newFixture(t)
	path := "/p/" + f.eidsvag.Slug + "/privacy?lang="
	check := func(when string) {
		t.Helper()
		for _, lang := range i18n.Languages {
			r := f.get(t, nobody, path+lang)
			if r.StatusCode != http.StatusOK || len(r.Cookies()) > 0 || strings.Contains(r.body, "<no value>") || r.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("%s, %s: %d %v", when, lang, r.StatusCode, r.Header)
			}
			for point, code := range noticePoints {
				text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(section(r.body, code), " ")
				if _, text, _ = strings.Cut(text, ">"); len(strings.Fields(text)) < 8 {
					t.Errorf("%s, %s: nothing on %s: %q", when, lang, point, text)
				}
			}
			if !strings.Contains(section(r.body, "rights"), "artikkel 11") && !strings.Contains(section(r.body, "rights"), "article 11") {
				t.Errorf("%s, %s: not that nobody can be found among counts", when, lang)
			}
			if !strings.Contains(section(r.body, "complaint"), "Datatilsynet") {
				t.Errorf("%s, %s: no Datatilsynet", when, lang)
			}
		}
	}
	check("as it begins")
	for _, basis := range practice.Bases {
		f.approve(t, practice.NoticeWords{Basis: basis, Officer: "Ombudet", Remark: "Etter avtale", Transfer: "Sverige"})
		check("approved by " + basis)
	}
	f.askBySMS(t, true, true)
	check("with messages")
	p := f.eidsvag
	p.Phone = ""
	must(t, f.Store.SavePractice(context.Background(), p))
	f.Processor = "Nettverk Vest, post@nettverk.example"
	check("with a processor and no phone")
}

// numberWords are the words that give away that phone numbers are spoken of, by language.
var numberWords = map[string]*regexp.Regexp{
	"nb": regexp.MustCompile(`(?i)\bSMS|telefonnumm|\bmelding`), "nn": regexp.MustCompile(`(?i)\bSMS|telefonnumm|\bmelding`),
	"en": regexp.MustCompile(`(?i)text message|phone number|\bmessage`),
}

// TestNoticeFollowsTheSettings: what is off is not spoken of, and what is on is, with its own numbers.
func TestNoticeFollowsTheSettings(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	read := func(lang string) string { return f.get(t, nobody, "/p/"+f.eidsvag.Slug+"/privacy?lang="+lang).body }
	main := func(lang string) string {
		_, rest, _ := strings.Cut(read(lang), `<main id="main">`)
		return rest
	}
	for lang, word := range numberWords {
		if found := word.FindString(main(lang)); found != "" {
			t.Errorf("%s: messages are off, and the notice says %q", lang, found)
		}
		if section(main(lang), "source") != "" {
			t.Errorf("%s: messages are off, and there is a source of numbers", lang)
		}
	}
	body := read("nb")
	for _, want := range []string{"Fjordnettverket", "QR-kode", "3 dager", "24 timer", "Kontoret driver løsningen selv", "ikke oppgitt ennå", "fra minst ti svar", "Kontoret har ikke svart på dette ennå"} {
		if !strings.Contains(body, want) {
			t.Errorf("lacks %q", want)
		}
	}
	for _, not := range []string{"Kodelapp", "90 dager"} {
		if strings.Contains(body, not) {
			t.Errorf("says %q", not)
		}
	}

	f.askBySMS(t, true, false)
	for lang := range numberWords {
		for _, code := range []string{"source", "stored", "why", "recipients", "kept", "rights", "consent", "automated"} {
			if !numberWords[lang].MatchString(section(main(lang), code)) && code != "source" && code != "kept" {
				t.Errorf("%s: messages are on, and %s says nothing of them", lang, code)
			}
		}
	}
	body = read("nb")
	for _, want := range []string{"journalsystem", "72 timer", "28 dager", "14 dager", "400 dager", "120 dager", "får telefonnummeret ditt"} {
		if !strings.Contains(body, want) {
			t.Errorf("with messages: lacks %q", want)
		}
	}
	if strings.Contains(body, "påminnelse") {
		t.Error("reminders are off")
	}
	f.askBySMS(t, true, true)
	if body := read("nb"); !strings.Contains(body, "påminnelse") {
		t.Error("reminders are on")
	}
	f.askBySMS(t, false, true)
	n, err := sms.ParseNumber("41234567")
	must(t, err)
	must(t, f.Store.OptOutNumber(ctx, f.eidsvag.ID, n))
	if body := read("nb"); !strings.Contains(body, "Kontoret spør ikke på SMS nå") || strings.Contains(body, "journalsystem") {
		t.Error("who said no before is not spoken of")
	}

	must(t, f.Store.SetParticipation(ctx, practice.Participation{NetworkID: f.network.ID, PracticeID: f.eidsvag.ID, State: practice.Left}))
	if strings.Contains(read("nb"), "Fjordnettverket") {
		t.Error("the network is left")
	}
	if _, err := f.Store.CreateSlips(ctx, f.eidsvag.ID, 1, f.clock); err != nil {
		t.Fatal(err)
	}
	if body := read("nb"); !strings.Contains(body, "Kodelapp") || !strings.Contains(body, "90 dager") {
		t.Error("slips are not spoken of")
	}
	must(t, f.Store.SetPointRetired(ctx, f.eidsvag.ID, f.point.Code, true))
	if strings.Contains(read("nb"), "QR-kode, kode") {
		t.Error("no QR code is in use")
	}
	f.Processor = "Nettverk <Vest>, post@nettverk.example"
	if body := read("nb"); !strings.Contains(body, "Nettverk &lt;Vest&gt;") || strings.Contains(body, "driver løsningen selv") {
		t.Error("the processor is not named")
	}
	must(t, f.Store.ChangeInfo(ctx, f.eidsvag.ID, "contact", practice.DateOf(f.clock), func(i *practice.Info) error {
		i.Contact = practice.Contact{Organisation: "974760673", Street: "Jernbanegata 1", PostalCode: "5105", Place: "Eidsvåg"}
		return nil
	}))
	if who := section(read("nb"), "who"); !strings.Contains(who, "974\u00a0760\u00a0673") && !strings.Contains(who, "974 760 673") || !strings.Contains(who, "Jernbanegata 1, 5105 Eidsvåg") {
		t.Errorf("who: %s", who)
	}
}

// TestNoticeIsApproved: the lead reads, fills in and approves; the public page says so, and says so truly when a
// setting has changed since; a form that was read before the change is refused.
func TestNoticeIsApproved(t *testing.T) {
	f := newFixture(t)
	own, public := "/practices/"+f.eidsvag.ID+"/privacy", "/p/"+f.eidsvag.Slug+"/privacy?lang=nb"
	day := f.Words.In("nb").Day(f.clock)
	bar := f.Words.In("nb").T("notice.outdated_bar")
	seen := regexp.MustCompile(`name="seen" value="([^"]+)"`)
	form := func(body string) url.Values {
		m := seen.FindStringSubmatch(body)
		if m == nil {
			t.Fatal("there is no form")
		}
		return url.Values{"seen": {m[1]}, "basis": {"interest"}, "officer": {"Ombudet,\r\n<b>55 00 00 00</b>"}, "remark": {""}, "transfer": {""}}
	}
	if body := f.get(t, sara, own).body; seen.MatchString(body) || !strings.Contains(body, "Praksislederen godkjenner") {
		t.Error("staff who do not lead are shown the form")
	}
	sent := form(f.get(t, kari, own).body)
	if r := f.do(t, kari, http.MethodPost, own, sent); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != own {
		t.Fatalf("status %d\n%.2000s", r.StatusCode, r.body)
	}
	body := f.get(t, nobody, public).body
	for _, want := range []string{"Versjon 1, godkjent av praksislederen " + day + ".", "&lt;b&gt;55 00 00 00", "bokstav f", "Nei. Kontoret har bekreftet"} {
		if !strings.Contains(body, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if strings.Contains(body, kari) {
		t.Error("patients are told who approved it")
	}
	for _, page := range []string{own, "/practices/" + f.eidsvag.ID + "/page"} {
		if body := f.get(t, sara, page).body; !strings.Contains(body, "✓") || strings.Contains(body, bar) {
			t.Errorf("%s does not say that it is approved", page)
		}
	}

	f.askBySMS(t, true, false)
	if body := f.get(t, nobody, public).body; !strings.Contains(body, "Noe er endret siden praksislederen godkjente versjon 1 "+day) || !strings.Contains(body, "72 timer") {
		t.Error("the public page does not say that it is newer")
	}
	for _, page := range []string{own, "/practices/" + f.eidsvag.ID + "/page"} {
		if body := f.get(t, sara, page).body; !strings.Contains(body, "Må godkjennes på nytt") {
			t.Errorf("%s does not say that it must be approved again", page)
		}
	}
	if !strings.Contains(f.get(t, sara, own).body, "SMS er slått på") || !strings.Contains(f.get(t, sara, "/practices/"+f.eidsvag.ID+"/people").body, bar) {
		t.Error("staff are not told what has changed")
	}
	if strings.Contains(f.get(t, olav, "/practices/"+f.lillevik.ID+"/people").body, bar) {
		t.Error("another practice is told")
	}
	if r := f.do(t, kari, http.MethodPost, own, sent); r.StatusCode != http.StatusConflict || !strings.Contains(r.body, "ble endret mens du leste") {
		t.Errorf("what was read before the change is approved: %d", r.StatusCode)
	}
	if r := f.do(t, kari, http.MethodPost, own, form(f.get(t, kari, own).body)); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", r.StatusCode)
	}
	body = f.get(t, kari, own).body
	for _, want := range []string{"Versjon 2: " + escaped(kari), "Versjon 1: " + escaped(kari), "Godkjenn som versjon 3"} {
		if !strings.Contains(body, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if log := f.get(t, kari, "/practices/"+f.eidsvag.ID+"/log").body; !strings.Contains(log, "Godkjente personvernerklæringen, versjon 2") {
		t.Error("it is not in the log")
	}

	wrong := form(body)
	wrong.Set("basis", "")
	wrong.Set("officer", "31129956715")
	wrong.Set("remark", strings.Repeat("x", practice.MaxText+1))
	if r := f.do(t, kari, http.MethodPost, own, wrong); r.StatusCode != http.StatusUnprocessableEntity || strings.Count(r.body, `aria-invalid="true"`) != 2 || !strings.Contains(r.body, "Velg ett av grunnlagene") || !strings.Contains(r.body, "<title>Feil") {
		t.Errorf("wrong fields: %d", r.StatusCode)
	}
}

// TestEveryChangeHasWords: whatever makes a notice out of date is said in words.
func TestEveryChangeHasWords(t *testing.T) {
	f := newFixture(t)
	all := practice.NoticeFacts{Edition: 2, Name: "a", Organisation: "974760673", Street: "b", Phone: "c", Processor: "d", Floor: 1, Points: true, Slips: true,
		Reminder: true, Wait: 1, Networks: []string{"e"}, Terms: map[string]int{"f": 1}}
	none := practice.NoticeFacts{Networks: []string{"g"}}
	codes := map[string]bool{}
	add := func(from, to practice.NoticeFacts) {
		state := practice.NoticeState{Now: practice.Notice{NoticeFacts: to}, Approved: practice.Approval{Version: 1, Notice: practice.Notice{NoticeFacts: from}}}
		for _, c := range state.Changes() {
			codes[c.Code] = true
		}
	}
	add(all, none)
	add(none, all)
	for _, use := range []practice.SMSUse{practice.SMSNow, practice.SMSBefore} {
		with := none
		with.SMS = use
		add(none, with)
		add(with, none)
	}
	for _, key := range f.Words.Keys("nb") {
		if code, found := strings.CutPrefix(key, "notice.changed_"); found && code != "meanwhile" && !codes[code] {
			t.Errorf("nothing makes the change %s", code)
		}
	}
	for code := range codes {
		for _, lang := range i18n.Languages {
			if key := "notice.changed_" + code; f.Words.In(lang).T(key) == key {
				t.Errorf("%s has no words for %s", lang, code)
			}
		}
	}
	if len(codes) < 20 {
		t.Errorf("only %d changes", len(codes))
	}
}

// noticeWords is the sum of what notices say. Whoever changes the words so that they say something else raises
// practice.NoticeEdition, so that leads approve it anew; whoever mends a comma changes this sum alone.
const noticeWords = "ce587ef33faba6c0"

func TestNoticeEdition(t *testing.T) {
	words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	must(t, err)
	h := sha256.New()
	for _, lang := range i18n.Languages {
		for _, key := range words.Keys(lang) {
			noun, code, _ := strings.Cut(key, ".")
			staff := slices.ContainsFunc([]string{"staff_", "is_", "outdated_", "open_", "form_", "choose_", "changed_", "versions", "approve", "officer", "remark", "plain", "lead_", "text_title"},
				func(p string) bool { return strings.HasPrefix(code, p) }) || strings.HasSuffix(code, "_note") || strings.HasSuffix(code, "_label") || strings.HasSuffix(code, "_required")
			if noun == "notice" && !staff {
				fmt.Fprintln(h, lang, key, words.In(lang).T(key))
			}
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)[:8]); got != noticeWords {
		t.Errorf("the words of the notice are %s, want %s of edition %d: do they say something else?", got, noticeWords, practice.NoticeEdition)
	}
}

// TestEveryPatientPageLinksToPrivacy walks the patients' pages in the table of pages, and the form on paper. On a shared
// screen and on paper the address is written, since there nothing can or should be followed. A slip of paper
// and a card have no room for it; the form that they lead to links to it.
func TestEveryPatientPageLinksToPrivacy(t *testing.T) {
	f := newFixture(t)
	whose := "/p/" + f.eidsvag.Slug + "/privacy"
	n := map[string]int{}
	for _, v := range visits(f, t) {
		layout := layouts[v.template]
		paper := v.template == "paper" || v.template == "poster"
		if layout != "patient" && layout != "kiosk" && !paper {
			continue
		}
		r := f.do(t, v.as[0], v.method, v.path, v.form, "Accept-Language", "nb")
		general := slices.Contains([]string{"start", "error", "kiosk_error", "stored", "accessibility"}, v.template) && !strings.Contains(v.path, "practice="+f.eidsvag.Slug)
		want := `href="` + whose + `?lang=nb"`
		switch {
		case v.template == "kiosk_error":
			want = "svar.example.org/privacy<"
		case layout == "kiosk" || paper:
			want = "svar.example.org" + whose + "<"
		case general:
			want = `href="/privacy?lang=nb"`
		case strings.Contains(r.body, `lang="nn"`) && !strings.Contains(r.body, want):
			want = `href="` + whose
		}
		if !strings.Contains(r.body, want) {
			t.Errorf("%s %s (%s) does not link to %s", v.method, v.path, v.template, want)
		}
		if layout == "patient" && v.template != "kiosk_error" && !strings.Contains(r.body, `href="/accessibility?lang=`) {
			t.Errorf("%s %s (%s) does not link to the accessibility statement", v.method, v.path, v.template)
		}
		n[v.template]++
	}
	for name, layout := range layouts {
		if (layout == "patient" || layout == "kiosk") && n[name] == 0 {
			t.Errorf("%s was not looked at", name)
		}
	}
	if n["paper"] == 0 || n["poster"] == 0 {
		t.Error("paper was not looked at")
	}
	if staff := f.get(t, kari, "/practices/"+f.eidsvag.ID+"/people").body; !strings.Contains(staff, `href="/privacy?lang=`) || !strings.Contains(staff, `href="/accessibility?lang=`) {
		t.Error("staff pages do not link to privacy and accessibility")
	}
}
