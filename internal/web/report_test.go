package web

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/survey"
)

var unworded = regexp.MustCompile(`\b(report|worksheet|dashboard|improvement|network|period|channel)\.[a-z_]+|<no value|NaN|%!`)

// twoQuarters releases answers to Eidsvåg in the second and third quarter of 2026: the waiting time goes
// from a mean of 25 to 75, politeness has twelve answers that are all alike, and overall stays.
func (f *fixture) twoQuarters(t testing.TB) {
	t.Helper()
	_, err := f.Store.CloseWeek(context.Background(), "2027-W02", aggregate.Divide(disclosure.Gate{}))
	must(t, err)
	f.release(t, f.eidsvag.Name, "visit", "2026-W20", map[string]int{"qr": 120}, map[string]map[string]int{
		"waittime": {"1": 50, "3": 50}, "overall": {"4": 50, "5": 60}, "index": {"50": 60, "60": 60}})
	f.release(t, f.eidsvag.Name, "visit", "2026-W30", map[string]int{"qr": 90, "slip": 30}, map[string]map[string]int{
		"waittime": {"3": 50, "5": 50}, "overall": {"4": 52, "5": 61}, "polite": {"5": 12}, "index": {"50": 60, "65": 60}})
	f.release(t, f.eidsvag.Name, "visit", "2026-W39", map[string]int{"qr": 25}, map[string]map[string]int{"overall": {"4": 10, "5": 15}})
}

// TestReportSaysTheQuarter: the headlines, a row for each question, the channels and the improvements, in
// every language, each with its number of answers.
func TestReportSaysTheQuarter(t *testing.T) {
	f := newFixture(t)
	f.twoQuarters(t)
	f.anImprovement(t)
	f.openResults(t, kari)
	path := "/practices/" + f.eidsvag.ID + "/report"
	for language, wants := range map[string][]string{
		"nb": {"Kvartalsrapport, 3. kvartal 2026", "uke 30–39 2026 · 145 besvarelser: QR-kode 115, Kodelapp 30",
			"▲ Bedre: «Var ventetiden på legekontoret grei for deg?» gikk fra 25 til 75 av 100 (2. kvartal 2026 til 3. kvartal 2026, 100 og 100 svar).",
			"138 svar på «Alt i alt", "Var ventetiden på legekontoret grei for deg? 75 70–80 50 % 40–60 100", "▲ Bedre +50 (+41 til +59), fra 25 (100 svar)",
			"Var legen høflig mot deg? minst 95 minst 83 % 55–100 12 usikkert", "For få svar før: færre enn ti svar",
			"Var venterommet et greit sted å vente? færre enn ti svar", "Ti minutter mer til hver time Fra uke 45 2026", "… For få svar. Var ventetiden på legekontoret grei for deg? 200 svar før og færre enn ti svar etter",
			"Dette ble vi enige om", "Metode v1."},
		"nn": {"Kvartalsrapport, 3. kvartal 2026", "145 svarskjema: QR-kode 115, Kodelapp 30", "▲ Betre", "frå 25 (100 svar)", "færre enn ti svar", "Dette vart vi einige om", "Metode v1."},
		"en": {"Quarterly report, quarter 3 2026", "145 responses: QR code 115, Code slip 30", "▲ Better", "from 25 (n = 100)", "fewer than ten answers", "What we agreed", "Method v1."},
	} {
		said := f.said(t, kari, path, language)
		for _, want := range wants {
			if !strings.Contains(said, want) {
				t.Errorf("%s: the report lacks %q:\n%s", language, want, said)
			}
		}
		if m := unworded.FindString(said); m != "" {
			t.Errorf("%s has no words for %s", language, m)
		}
	}
	earlier := words(f.get(t, kari, path+"?quarter=2026-Q2&lang=nb").body)
	if !strings.Contains(earlier, "Kvartalsrapport, 2. kvartal 2026") || strings.Contains(earlier, "QR-kode 115") || !strings.Contains(earlier, "120 besvarelser: QR-kode 120") {
		t.Errorf("the quarter before says:\n%s", earlier)
	}
	for _, quarter := range []string{"2026-Q4", "2019-Q1", "x"} {
		if r := f.get(t, kari, path+"?quarter="+quarter); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", quarter, r.StatusCode)
		}
	}
}

// TestReportOfAQuarterWithoutReleases: it is over, and says that there are too few answers.
func TestReportOfAQuarterWithoutReleases(t *testing.T) {
	f := newFixture(t)
	f.release(t, f.eidsvag.Name, "visit", "2026-W10", map[string]int{"qr": 40}, map[string]map[string]int{"overall": {"4": 20, "5": 20}})
	f.release(t, f.eidsvag.Name, "visit", "2026-W41", map[string]int{"qr": 40}, map[string]map[string]int{"overall": {"4": 20, "5": 20}})
	said := words(f.get(t, kari, "/practices/"+f.eidsvag.ID+"/report?quarter=2026-Q2&lang=nb").body)
	for _, want := range []string{"Kvartalsrapport, 2. kvartal 2026", "Alt i alt: Var du fornøyd med besøket? færre enn ti svar For få svar før: 40 svar", "For usikkert til å si om noe er endret"} {
		if !strings.Contains(said, want) {
			t.Errorf("the report lacks %q:\n%s", want, said)
		}
	}
}

// TestReportAsksFirst: while the latest quarter is the one that is guessed at, its report waits for it;
// the verdicts of improvements wait as they do in the register.
func TestReportAsksFirst(t *testing.T) {
	f := newFixture(t)
	f.twoQuarters(t)
	f.anImprovement(t)
	path := "/practices/" + f.eidsvag.ID + "/report"
	if r := f.get(t, kari, path); r.StatusCode != http.StatusSeeOther || !strings.Contains(r.Header.Get("Location"), "/assumption") {
		t.Errorf("status %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	said := words(f.get(t, kari, path+"?quarter=2026-Q2&lang=nb").body) // nobody is to guess at it any more
	if strings.Contains(said, "For få svar.") || strings.Contains(said, "200 svar før") {
		t.Errorf("an unopened verdict is told:\n%s", said)
	}
	f.openResults(t, kari)
	if r := f.get(t, kari, path); r.StatusCode != http.StatusOK {
		t.Errorf("opened: status %d", r.StatusCode)
	}
}

// TestReportKeepsWhatMatters: of more questions than there is room for, those that changed or stand out.
func TestReportKeepsWhatMatters(t *testing.T) {
	words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	must(t, err)
	text := survey.Text{"nb": strings.Repeat("langt ", 30)}
	q := &report.Quarter{}
	for i := range 40 {
		id := fmt.Sprintf("q%d", i)
		q.Questions = append(q.Questions, report.Question{ID: id, Scored: true, Derived: i == 7, Text: text})
		q.Summary.Shifts = append(q.Summary.Shifts, report.Shift{Question: id, Verdict: map[bool]report.Outcome{true: report.Worse, false: report.NoEvidence}[i == 31]})
	}
	q.Summary.Weak = []report.Standing{{Question: "q35"}}
	some, dense := foremost(words.In("nb"), q)
	var ids []string
	for _, x := range some {
		ids = append(ids, x.ID)
	}
	got := strings.Join(ids, " ")
	if !dense || len(ids) != mostLines/3 || !strings.Contains(got, "q7 ") || !strings.HasSuffix(got, "q31 q35") || ids[0] != "q0" {
		t.Errorf("dense %t: %s", dense, got)
	}
	q.Held.Dropped = 12 // takes a line above
	if some, dense := foremost(words.In("nb"), q); !dense || len(some) != mostLines/3-1 {
		t.Errorf("with a line above %d, dense %t", len(some), dense)
	}
	q.Questions = q.Questions[:5]
	if some, dense := foremost(words.In("nb"), q); dense || len(some) != 5 {
		t.Errorf("of five questions %d, dense %t", len(some), dense)
	}
}

func TestShorten(t *testing.T) {
	for text, want := range map[string]string{"kort": "kort", "åtte ord": "åtte ord", "for langt, ja": "for lan…", "kort ord, så": "kort or…", "et ord, og flere": "et ord…"} {
		if got := shorten(text, 8); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// TestWorksheetSaysWhatItMay: the others' figures or the reason that there are none, what to talk about,
// and a day some four months on.
func TestWorksheetSaysWhatItMay(t *testing.T) {
	for name, c := range map[string]struct {
		sizes []int
		want  []string
		not   []string
	}{
		"five": {[]int{60, 60, 60, 60, 60}, []string{"≈ Ikke forskjellig fra nettverket", "Dere: 62 av 100, 75 % positive (60 svar). Midten blant 4 andre kontorer: 63 av 100, den midterste halvdelen 62–64.",
			"Ingen spørsmål skiller seg sikkert fra de andre", "Naturlig.", "Kvalitet.", "Teknisk.", "Hva tror vi det kommer av?", "Dette gjør vi", "rundt 22. mars 2027", "Metode v1."}, []string{"Ingen tall fra de andre"}},
		"four":            {[]int{60, 60, 60, 60}, []string{"Ingen tall fra de andre dette kvartalet.", "Færre enn fem kontorer", "Arkene kan likevel brukes", "Dere: 62 av 100, 75 % positive (60 svar).", "Neste møte"}, []string{"Midten blant", "Ikke forskjellig", "skiller seg sikkert"}},
		"dominated":       {[]int{60, 600, 60, 60, 60}, []string{"over halvparten av svarene", "Dere: 62 av 100"}, []string{"Midten blant"}},
		"few own answers": {[]int{8, 60, 60, 60, 60}, []string{"færre enn ti svar", "Neste møte"}, []string{"Dere: 6"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.fill(t, false, c.sizes...)
			path := networkAddress(f.eidsvag.ID, f.network.ID) + "/worksheet"
			said := f.said(t, kari, path, "nb")
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("the sheet lacks %q:\n%s", want, said)
				}
			}
			for _, not := range c.not {
				if strings.Contains(said, not) {
					t.Errorf("the sheet says %q:\n%s", not, said)
				}
			}
			if practiceName.MatchString(said) {
				t.Error("somebody is named")
			}
			for _, language := range i18n.Languages {
				if m := unworded.FindString(f.said(t, sara, path, language)); m != "" {
					t.Errorf("%s has no words for %s", language, m)
				}
			}
		})
	}
}

// TestWorksheetAsksFirst: it has the practice's own figures, and so waits for the guess like any page.
func TestWorksheetAsksFirst(t *testing.T) {
	f := newFixture(t)
	f.fill(t, false, 60, 60, 60, 60, 60)
	f.release(t, f.eidsvag.Name, "visit", "2026-W41", map[string]int{"qr": 20}, map[string]map[string]int{"overall": {"4": 20}})
	later := f.get(t, kari, networkAddress(f.eidsvag.ID, f.network.ID)+"/worksheet")
	if later.StatusCode != http.StatusOK {
		t.Errorf("a quarter nobody is to guess at: status %d", later.StatusCode)
	}
	g := newFixture(t)
	g.fill(t, false, 60, 60, 60, 60, 60)
	lead, err := g.Store.CreateAccount(context.Background(), practice.Account{Email: "nina@example.org", Name: "Nina", Password: passwordHash},
		practice.Member{PracticeID: g.eidsvag.ID, Role: practice.Staff})
	must(t, err)
	for _, path := range []string{"/worksheet", "/results.csv", "/results.json"} {
		r := g.get(t, lead.Email, networkAddress(g.eidsvag.ID, g.network.ID)+path)
		if r.StatusCode != http.StatusSeeOther || !strings.Contains(r.Header.Get("Location"), "/assumption") {
			t.Errorf("%s: status %d to %s", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

// TestGapsAreWhatDiffers: first what stands out clearly, then what looks different; else the lowest two.
func TestGapsAreWhatDiffers(t *testing.T) {
	of := func(id string, verdict report.Verdict, mean float64) report.Compared {
		return report.Compared{Question: report.Question{ID: id, Derived: id == "index"}, Verdict: verdict, Own: &report.Result{N: 50, Mean: report.Mean{Value: mean}}}
	}
	ids := func(gaps []report.Compared) string {
		var out []string
		for _, q := range gaps {
			out = append(out, q.ID)
		}
		return strings.Join(out, " ")
	}
	some := []report.Compared{of("index", report.NoVerdict, 1), of("a", report.Alike, 90), of("b", report.LooksOther, 80), of("c", report.StandsOut, 85), of("d", report.TooUnsure, 10)}
	if gaps, differ := gapsOf(some); ids(gaps) != "c b" || !differ {
		t.Errorf("%s, differ %t", ids(gaps), differ)
	}
	none := append(some[:2:2], of("d", report.TooUnsure, 70), of("e", report.Alike, 60), report.Compared{Question: report.Question{ID: "f"}})
	if gaps, differ := gapsOf(none); ids(gaps) != "e d" || differ {
		t.Errorf("%s, differ %t", ids(gaps), differ)
	}
	if gaps, _ := gapsOf(nil); len(gaps) != 0 {
		t.Errorf("of nothing: %s", ids(gaps))
	}
}
