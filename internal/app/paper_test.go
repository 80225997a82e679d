package app

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

// paper lists the pages that are made to be printed, with the demonstration's figures.
func (w *world) paper() []webPage {
	full := "/practices/" + w.full.PracticeID
	sheet := full + "/network/" + w.network + "/worksheet?survey="
	return []webPage{
		{"report", full + "/report?survey=visit", leadEmail, nil},
		{"report-digital", full + "/report?survey=digital", leadEmail, nil},
		{"worksheet", sheet + "visit", leadEmail, nil},
		{"worksheet-digital", sheet + "digital", leadEmail, nil},
	}
}

const (
	longSurvey    = "long"
	longQuestions = 18
)

// writeLongSurvey writes a local survey with many questions, each as long as anybody would ask.
func writeLongSurvey(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "id: %s\nversion: 1\ntitle: {nb: Alt vi kan spørre om, nn: Alt vi kan spørje om, en: All we can ask}\nindex: {nb: Samlet, nn: Samla, en: Overall}\nscales:\n  extent:\n", longSurvey)
	for i := range 5 {
		fmt.Fprintf(&b, "    - {code: \"%d\", score: %d, text: {nb: Svar %d, nn: Svar %d, en: Answer %d}}\n", i+1, 25*i, i+1, i+1, i+1)
	}
	b.WriteString("questions:\n")
	for i := range longQuestions {
		text := fmt.Sprintf("%d: Fikk du og dem du eventuelt hadde med deg, den informasjonen dere trengte om hva som skulle skje videre etter besøket hos legen?", i+1)
		fmt.Fprintf(&b, "  - id: q%02d\n    kind: scale\n    scale: extent\n    text: {nb: %q, nn: %q, en: %q}\n", i+1, text, text, text)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, longSurvey+"-1.yaml"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	writeShortSurvey(t, folder)
	return folder
}

// fillLong gives the practice with the longest name the long survey, two quarters of answers in which
// all got worse, improvements with as long a text as there may be, and a network of which it differs in
// everything. With alone it is alone in that network. It returns the network's id.
func (w *world) fillLong(t *testing.T, alone bool) string {
	t.Helper()
	ctx, s := context.Background(), w.app.Store
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	coordinator, err := s.AccountByEmail(ctx, "koordinator@demo.example")
	must(err)
	name := "Kvalitetsnettverket for fastlegekontorene i Indre og Ytre Bjørnefjorden"
	if alone {
		name = "Nettverk med ett kontor"
	}
	n, err := s.CreateNetwork(ctx, name, coordinator.ID)
	must(err)
	var practices []practice.Practice
	own, err := s.Practice(ctx, w.long.PracticeID)
	must(err)
	own.Survey, own.Digital = longSurvey, false
	must(s.SavePractice(ctx, own))
	practices = append(practices, own)
	for i := 0; !alone && i < 11; i++ {
		p, _, err := s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: fmt.Sprintf("Lang %c", 'A'+i), Phone: "55 00 98 00", Survey: longSurvey}, "Venterommet")
		must(err)
		practices = append(practices, p)
	}
	for i, p := range practices {
		must(s.InvitePractice(ctx, n.ID, p.ID))
		must(s.SetParticipation(ctx, practice.Participation{NetworkID: n.ID, PracticeID: p.ID, State: practice.Joined}))
		keys, err := s.Released(ctx, p.ID)
		must(err)
		for _, week := range []calendar.Week{"2026-W20", "2026-W33", "2026-W39"} {
			if len(keys) > 0 {
				break // filled before
			}
			counts := map[string]int{"1": 3, "3": 20, "4": 60, "5": 117 + i}
			if i == 0 && week > "2026-W26" {
				counts = map[string]int{"1": 60, "2": 60, "3": 20, "4": 30, "5": 30}
			}
			sums := store.Sums{Channels: store.Sum{First: week, Last: week, Counts: map[string]int{"qr": 60, "web": 50, "slip": 40, "kiosk": 30, "paper": 20}}, Questions: map[string]store.Sum{}}
			for q := range longQuestions {
				sums.Questions[fmt.Sprintf("q%02d", q+1)] = store.Sum{First: week, Last: week, Counts: counts}
			}
			sums.Questions["index"] = store.Sum{First: week, Last: week, Counts: map[string]int{"40": 100, "60": 100}}
			must(s.Import(ctx, longSurvey, 1, []store.Imported{{Practice: p.Name, Week: week, Sums: sums}}, aggregate.Divide(disclosure.Gate{})))
		}
	}
	now := w.app.cfg.Now()
	_, err = w.app.Freezer.Freeze(ctx, aggregate.Ended(now), now)
	must(err)
	lead, err := s.AccountByEmail(ctx, twoEmail)
	must(err)
	must(s.OpenResult(ctx, lead.ID, store.Key{PracticeID: own.ID, Survey: longSurvey, Version: 1}, aggregate.Ended(now).String()))
	for i := range 4 {
		_, err := s.CreateImprovement(ctx, practice.Improvement{PracticeID: own.ID, Survey: longSurvey, Version: 1, Questions: []string{"q01", "q02", "q03"},
			Done: fmt.Sprint(i) + strings.Repeat(" Vi gir alle beskjed om hva som skjer videre", 11), Start: "2026-W30"})
		must(err)
	}
	return n.ID
}

// printedReports prints the report and the worksheets in every language: the report is one sheet and the
// pack two or three, also with the most and longest there may be to say.
func printedReports(t *testing.T, w *world) {
	crowd := w.fillLong(t, false)
	alone := w.fillLong(t, true)
	long := "/practices/" + w.long.PracticeID
	cases := append(w.paper(),
		webPage{"report-long", long + "/report?survey=long", twoEmail, nil},
		webPage{"worksheet-long", long + "/network/" + crowd + "/worksheet?survey=long", twoEmail, nil},
		webPage{"worksheet-alone", long + "/network/" + alone + "/worksheet?survey=long", twoEmail, nil})
	folder := os.Getenv("VENTEROM_SCREENSHOTS")
	b := w.tab(t, wide, 800, options{})
	for _, p := range cases {
		for _, tag := range i18n.Languages {
			one := p
			one.path += "&lang=" + tag
			b.visit(one)
			if at := eval[string](b, "document.documentElement.lang + document.querySelector('main').className"); !strings.HasPrefix(at, tag+"sheet") {
				t.Fatalf("%s in %s: the page is %s at %s", p.name, tag, at, eval[string](b, "location.pathname"))
			}
			for _, found := range b.overfull() {
				t.Errorf("%s in %s: %s", p.name, tag, found)
			}
			least, most := 1, 1
			if strings.HasPrefix(p.name, "worksheet") {
				least, most = 2, 3
			}
			sheets := b.printPage()
			if n := len(sheets); n < least || n > most {
				t.Errorf("%s in %s fills %d sheets, want %d to %d", p.name, tag, n, least, most)
			}
			for i, sheet := range sheets {
				for _, found := range cutAtTheEdge(readPNG(t, sheet)) {
					t.Errorf("%s in %s, sheet %d: %s", p.name, tag, i+1, found)
				}
				if folder == "" {
					continue
				}
				data, err := os.ReadFile(sheet)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s-print-%d.png", p.name, tag, i+1)), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// overfull lists the parts that are as high as a sheet and whose content is higher.
func (b *tab) overfull() []string {
	b.t.Helper()
	b.resize(703, 1027) // a sheet less its margins, in CSS pixels
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	found := eval[[]string](b, `[...document.querySelectorAll(".report, .front")].filter(e => e.clientHeight > 900 && e.scrollHeight > e.clientHeight + 1).map(e =>
		e.className + " is " + e.scrollHeight + " px in " + e.clientHeight)`)
	if !eval[bool](b, `[...document.querySelectorAll(".report, .front")].some(e => e.clientHeight > 900)`) {
		found = append(found, "no part is as high as a sheet")
	}
	b.resize(wide, 800)
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	return found
}

// cutAtTheEdge looks for ink in the margins, where a printer may not reach.
func cutAtTheEdge(sheet image.Image) (found []string) {
	const margin = 59 // pixels, 10 mm
	r := sheet.Bounds()
	for name, edge := range map[string]image.Rectangle{
		"above": image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+margin), "below": image.Rect(r.Min.X, r.Max.Y-margin, r.Max.X, r.Max.Y),
		"left": image.Rect(r.Min.X, r.Min.Y, r.Min.X+margin, r.Max.Y), "right": image.Rect(r.Max.X-margin, r.Min.Y, r.Max.X, r.Max.Y),
	} {
		for y := edge.Min.Y; y < edge.Max.Y; y++ {
			for x := edge.Min.X; x < edge.Max.X; x++ {
				if color.GrayModel.Convert(sheet.At(x, y)).(color.Gray).Y < 200 {
					found = append(found, fmt.Sprintf("ink in the margin %s, at %d, %d", name, x, y))
					y = edge.Max.Y
					break
				}
			}
		}
	}
	return found
}
