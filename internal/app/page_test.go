package app

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// pageWithoutScript fills in a practice's page on a phone without script, and reads it there.
func pageWithoutScript(t *testing.T, w *world) {
	point := w.newPractice(t, "Lia legekontor")
	b := w.tab(t, narrow, 640, options{noScript: true})
	b.signIn(w.newLead(t, point.PracticeID))
	own := "/practices/" + point.PracticeID + "/page"
	says := func(text string) {
		t.Helper()
		if said := strings.ReplaceAll(eval[string](b, "document.body.innerText"), "\u00a0", " "); !strings.Contains(said, text) {
			t.Errorf("%s does not say %q:\n%s", eval[string](b, "location.pathname"), text, said)
		}
		b.fits()
	}
	set := func(id, value string) { b.do(chromedp.SetValue(chromedp.ID(id), value)) }
	save := func() { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }

	b.open(own)
	says("Begynn her: Adresse.")
	save() // what is worth most to fill in leads to its form
	set("street", "Lia 3")
	set("postal-code", "50 03")
	set("place", "Fjordbyen")
	save()
	says("Postnummer: Skriv fire tall.")
	if got := eval[string](b, "document.querySelector('#street').value"); got != "Lia 3" {
		t.Errorf("after a mistake elsewhere the street is %q", got)
	}
	set("postal-code", "5003")
	save()
	says("Begynn her: Åpningstider.")
	b.open(own + "/hours")
	set("open-wed", "8-15.30")
	set("phone-wed", "8–10, 13–15")
	save()
	b.open(own + "/access")
	b.do(chromedp.Click(chromedp.CSS("#toilet input[value=yes] + span")))
	save()
	b.open(own + "/doctors")
	save()
	set("name", "Kari Lege")
	b.do(chromedp.Click(chromedp.CSS("input[name=days][value=wed] + span")))
	set("from", "2026-11-25")
	set("to", "2026-11-26")
	set("stand-in", "Vikar er Liv Lege.")
	save()
	says("Borte 25. november 2026")

	if status := b.open("/p/lia-legekontor"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	// Wednesday, 11:00 in Oslo.
	for _, text := range []string{"Ring 55 00 99 00", "Telefonen åpner i dag kl. 13:00", "Kontoret er åpent nå, til kl. 15:30", "5003 Fjordbyen", "Toalett for rullestolbrukere",
		"Borte til og med 26. november 2026", "Vikar er Liv Lege.", "116 117", "Helsenorge"} {
		says(text)
	}
	if got := eval[string](b, "document.querySelector('.call').href"); got != "tel:55009900" {
		t.Errorf("the button calls %s", got)
	}
	if got := eval[string](b, "JSON.parse(document.querySelector('script[type=\"application/ld+json\"]').text).address.addressLocality"); got != "Fjordbyen" {
		t.Errorf("machines read that it is in %q", got)
	}
	b.follow(chromedp.SendKeys(chromedp.ID("code"), point.Code.String()), chromedp.Click(chromedp.CSS(".code button")))
	if at := eval[string](b, "location.pathname"); !strings.HasPrefix(at, "/k/") {
		t.Errorf("the code leads to %s", at)
	}
}

// printedPage: the page fits one sheet, full, half and empty, in every language.
func printedPage(t *testing.T, w *world) {
	t.Parallel()
	b := w.tab(t, wide, 800, options{})
	for _, slug := range []string{w.slug, "vesleoya-legekontor", w.emptySlug} {
		for _, tag := range []string{"nb", "nn", "en"} {
			b.open("/p/" + slug + "?lang=" + tag)
			if n := len(b.printPage()); n != 1 {
				t.Errorf("%s in %s is printed on %d sheets, want 1", slug, tag, n)
			}
		}
	}
}
