package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

const (
	smallEmail       = "liten@demo.example"
	coordinatorEmail = "koordinator@demo.example"
	changedEmail     = "endret@demo.example" // leads practices that changed something, and one that asked differently before
)

// shortSurvey is a local survey of which there are two versions.
const shortSurvey = "short"

// writeShortSurvey writes both versions beside the long survey.
func writeShortSurvey(t *testing.T, folder string) {
	t.Helper()
	for version := 1; version <= 2; version++ {
		text := fmt.Sprintf(`id: %s
version: %d
title: {nb: Kort om besøket, nn: Kort om besøket, en: The visit in short}
scales:
  extent:
    - {code: "1", score: 0, text: {nb: Dårlig, nn: Dårleg, en: Poor}}
    - {code: "2", score: 50, text: {nb: Verken eller, nn: Verken eller, en: Neither}}
    - {code: "3", score: 100, text: {nb: Bra, nn: Bra, en: Good}}
questions:
  - {id: help, kind: scale, scale: extent, text: {nb: Hvordan var hjelpen du fikk?, nn: Korleis var hjelpa du fekk?, en: How was the help you got?}}
`, shortSurvey, version)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d.yaml", shortSurvey, version)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// staffPages lists what staff see beyond the day's round: improvements with each verdict, networks with
// each reason to show nothing, and older versions. It makes them the first time.
func (w *world) staffPages() []webPage {
	full, empty, fresh := "/practices/"+w.full.PracticeID, "/practices/"+w.empty.PracticeID, "/practices/"+w.fresh.PracticeID
	network := func(name string) string { return full + "/network/" + w.networks[name] }
	press := func(selector string) func(*tab) {
		return func(b *tab) { b.follow(chromedp.Click(chromedp.CSS(selector))) }
	}
	return []webPage{
		{"dashboard-few", "/practices/" + w.demo[11].PracticeID, smallEmail, nil},
		{"dashboard-older", "/practices/" + w.older + "?survey=" + shortSurvey + "&version=1", changedEmail, nil},
		{"dashboard-changed", "/practices/" + w.demo[3].PracticeID, changedEmail, nil},

		{"improvements", full + "/improvements", leadEmail, nil},
		{"improvements-staff", full + "/improvements", staffEmail, nil},
		{"improvements-empty", empty + "/improvements", emptyEmail, nil},
		{"improvement-new", full + "/improvements/new", leadEmail, nil},
		{"improvement-new-wrong", full + "/improvements/new", leadEmail, press("main .primary")},
		{"improvement-published", full + "/improvements/" + w.improvements["published"], leadEmail, nil},
		{"improvement-running", full + "/improvements/" + w.improvements["running"], leadEmail, func(b *tab) {
			b.do(chromedp.Click(chromedp.CSS("summary")))
		}},
		{"improvement-told-nothing", full + "/improvements/" + w.improvements["running"], leadEmail, func(b *tab) {
			b.do(chromedp.Click(chromedp.CSS("#public summary")))
			b.follow(chromedp.Click(chromedp.CSS("#public .primary")))
		}},
		{"improvement-improved", "/practices/" + w.demo[7].PracticeID + "/improvements/" + w.improvements["improved"], changedEmail, nil},
		{"improvement-worse", "/practices/" + w.demo[3].PracticeID + "/improvements/" + w.improvements["worse"], changedEmail, nil},
		{"improvement-too-few", "/practices/" + w.demo[2].PracticeID + "/improvements/" + w.improvements["too few"], changedEmail, nil},

		{"networks", full + "/networks", leadEmail, nil},
		{"networks-empty", empty + "/networks", emptyEmail, nil},
		{"network", full + "/network/" + w.network + "?survey=visit", leadEmail, nil},
		{"network-five", network("five"), leadEmail, nil},
		{"network-open", network("open"), leadEmail, nil},
		{"network-few", network("few"), leadEmail, nil},
		{"network-dominated", network("dominated"), leadEmail, nil},
		{"network-changed", network("changed"), leadEmail, nil},
		{"network-overlaps", network("overlaps"), leadEmail, nil},
		{"network-new", network("new"), leadEmail, nil},
		{"terms", full + "/network/" + w.network + "/terms", leadEmail, nil},
		{"terms-staff", full + "/network/" + w.network + "/terms", staffEmail, nil},
		{"terms-invited", network("invited") + "/terms", leadEmail, nil},
		{"terms-left", network("left") + "/terms", leadEmail, nil},
		{"worksheet-few", network("few") + "/worksheet", leadEmail, nil},
		{"worksheet-new", network("new") + "/worksheet", leadEmail, nil},
		{"coordinator", "/networks/" + w.network, coordinatorEmail, nil},
		{"coordinator-new", "/networks/" + w.networks["new"], coordinatorEmail, nil},
		{"coordinator-few", "/networks/" + w.networks["few"], coordinatorEmail, nil},
		{"coordinator-wrong", "/networks/" + w.networks["new"], coordinatorEmail, func(b *tab) {
			b.do(chromedp.SendKeys(chromedp.ID("practice"), "Finnes ikke legekontor"))
			b.follow(chromedp.Click(chromedp.CSS("main .primary")))
		}},
		{"practices-coordinator", "/practices", coordinatorEmail, nil},
		{"forbidden", full, emptyEmail, nil},
		{"points-empty", empty + "/points", emptyEmail, nil},

		{"setup", fresh + "/setup", newEmail, nil},
		{"setup-live", full + "/setup", leadEmail, nil},
		{"setup-staff", full + "/setup", staffEmail, nil},
		{"setup-refused", full + "/setup", leadEmail, press("form:has([value=network]) button")},
		{"setup-survey", fresh + "/setup/survey", newEmail, nil},
		{"setup-guide", fresh + "/setup/guide", newEmail, nil},
		{"setup-elsewhere", fresh + "/points", newEmail, nil},
		{"trial", "/K/" + string(w.fresh.Code), "", nil},
		{"trial-thanks", "/K/" + string(w.fresh.Code), "", func(b *tab) { b.choose("visit.polite", "5"); b.follow(chromedp.Click(chromedp.CSS(".primary"))) }},
		{"trial-kiosk", "/kiosk/" + string(w.fresh.Code), "", func(b *tab) { b.language("nb") }},
		{"closed", "/k/" + string(w.shut.Code), "", nil},

		{"info", full + "/page", leadEmail, nil},
		{"info-half", "/practices/" + w.demo[11].PracticeID + "/page", smallEmail, nil},
		{"info-staff", full + "/page", staffEmail, nil},
		{"info-contact", full + "/page/contact", leadEmail, nil},
		{"info-hours", full + "/page/hours", leadEmail, nil},
		{"info-hours-wrong", full + "/page/hours", leadEmail, func(b *tab) {
			b.do(chromedp.SetValue(chromedp.ID("open-tue"), "8 til ti over"), chromedp.SetValue(chromedp.ID("last-0"), "2026-01-01"))
			b.follow(chromedp.Click(chromedp.CSS("main .primary")))
		}},
		{"info-visits", full + "/page/visits", leadEmail, nil},
		{"info-access", full + "/page/access", leadEmail, nil},
		{"info-services", full + "/page/services", leadEmail, nil},
		{"doctors", full + "/page/doctors", leadEmail, nil},
		{"doctor-wrong", full + "/page/doctors/new", leadEmail, press("main .primary")},

		{"notice", "/p/" + w.slug + "/privacy", "", nil},
		{"notice-en", "/p/" + w.emptySlug + "/privacy?lang=en", "", nil},
		{"stored", "/privacy", "", func(b *tab) { b.do(chromedp.Click(chromedp.CSS("#patients summary"))) }},
		{"accessibility", "/accessibility?practice=" + w.slug, "", nil},
		{"notice-staff", full + "/privacy", leadEmail, func(b *tab) { b.do(chromedp.Click(chromedp.CSS("summary"))) }},
		{"notice-none", empty + "/privacy", emptyEmail, nil},
		{"notice-wrong", empty + "/privacy", emptyEmail, press("main .primary")},
		{"notice-approved", empty + "/privacy", emptyEmail, func(b *tab) {
			b.do(chromedp.Click(chromedp.CSS("input[value=task]")))
			b.follow(chromedp.Click(chromedp.CSS("main .primary")))
		}},
		{"notice-outdated", "/practices/" + w.demo[10].PracticeID + "/privacy", twoEmail, func(b *tab) { w.outdate(b) }},
		{"notice-reader", full + "/privacy", staffEmail, nil},

		{"public", "/p/" + w.slug, "", nil},
		{"public-en", "/p/" + w.slug + "?lang=en", "", nil},
		{"public-half", "/p/vesleoya-legekontor", "", nil},
		{"public-empty", "/p/" + w.emptySlug, "", nil},
		{"invited", "/s/" + w.links[0], "", nil},
		{"stop", "/s/" + w.links[0] + "/stop", "", nil},
		{"stopped", "/s/" + w.links[1] + "/stop", "", func(b *tab) { b.follow(chromedp.Click(chromedp.CSS("main .primary"))) }},
	}
}

// translated lists pages in the other languages. They come last, because a session keeps its language.
func (w *world) translated() (pages []webPage) {
	full := "/practices/" + w.full.PracticeID
	for _, tag := range []string{"nn", "en"} {
		for name, path := range map[string]string{
			"dashboard": "?survey=visit", "dashboard-digital": "?survey=digital", "improvements": "/improvements?", "network": "/network/" + w.network + "?survey=visit",
			"terms": "/network/" + w.network + "/terms?", "points": "/points?", "page": "/page?", "page-hours": "/page/hours?", "doctor": "/page/doctors/new?", "kit": "/points/" + string(w.full.Code) + "/kit?", "batch": "/paper/entry?", "export": "/export?", "delete": "/delete?",
		} {
			pages = append(pages, webPage{name + "-" + tag, full + path + "&lang=" + tag, leadEmail, nil})
		}
	}
	return pages
}

// openStaff makes what staffPages shows and the demonstration lacks.
func (w *world) openStaff(t *testing.T) {
	t.Helper()
	ctx, s := context.Background(), w.app.Store
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	full, err := s.Practice(ctx, w.full.PracticeID)
	must(err)
	empty, err := s.Practice(ctx, w.empty.PracticeID)
	must(err)
	w.slug, w.emptySlug = full.Slug, empty.Slug

	// A practice that asks by the second version and has answers to the first.
	older, _, err := s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Gamlehaugen legekontor", Phone: "55 00 97 00", Survey: shortSurvey}, "Venterommet")
	must(err)
	w.older = older.ID
	for version, week := range map[int]calendar.Week{1: "2026-W10", 2: "2026-W40"} {
		counts := store.Sum{First: week, Last: week, Counts: map[string]int{"1": 12, "2": 25, "3": 63}}
		must(s.Import(ctx, shortSurvey, version, []store.Imported{{Practice: older.Name, Week: week, Sums: store.Sums{
			Channels: store.Sum{First: week, Last: week, Counts: map[string]int{"qr": 100}}, Questions: map[string]store.Sum{"help": counts}}}}, aggregate.Divide(disclosure.Gate{})))
	}

	changed := []string{older.ID, w.demo[2].PracticeID, w.demo[3].PracticeID, w.demo[7].PracticeID}
	hash, err := practice.HashPassword(demoPassword)
	must(err)
	var members []practice.Member
	for _, id := range changed {
		members = append(members, practice.Member{PracticeID: id, Role: practice.Lead})
	}
	account, err := s.CreateAccount(ctx, practice.Account{Email: changedEmail, Name: changedEmail, Password: hash}, members...)
	must(err)
	w.improvements = map[string]string{}
	this := calendar.WeekOf(w.now)
	fresh, err := s.CreateImprovement(ctx, practice.Improvement{PracticeID: w.demo[2].PracticeID, Survey: "visit", Version: 1, Questions: []string{"waittime"},
		Done: "Første time på dagen er satt av til dem som ringer samme morgen.", Start: this.Add(-1)})
	must(err)
	w.improvements["too few"] = fresh.ID
	for i, name := range map[int]string{3: "worse", 7: "improved"} {
		ims, err := s.Improvements(ctx, w.demo[i].PracticeID)
		must(err)
		w.improvements[name] = ims[0].ID
	}
	ims, err := s.Improvements(ctx, full.ID)
	must(err)
	for _, im := range ims {
		if im.Heard != "" {
			w.improvements["published"] = im.ID
		} else {
			w.improvements["running"] = im.ID
		}
	}
	for _, id := range changed {
		p, err := s.Practice(ctx, id)
		must(err)
		must(w.app.openDemo(ctx, account.ID, p, false))
	}

	// Networks of the demonstration's practices, by their numbers, each with another reason to show
	// less than the whole. The one that has changed was frozen a quarter earlier without its last.
	coordinator, err := s.AccountByEmail(ctx, coordinatorEmail)
	must(err)
	w.networks = map[string]string{}
	join := func(network string, i int, open bool) {
		t.Helper()
		must(s.InvitePractice(ctx, network, w.demo[i].PracticeID))
		must(s.SetParticipation(ctx, practice.Participation{NetworkID: network, PracticeID: w.demo[i].PracticeID, State: practice.Joined, OpenConsent: open}))
	}
	found := func(name, title string, open bool, practices ...int) string {
		t.Helper()
		n, err := s.CreateNetwork(ctx, title, coordinator.ID)
		must(err)
		w.networks[name] = n.ID
		for _, i := range practices {
			join(n.ID, i, open)
		}
		return n.ID
	}
	last := aggregate.Ended(w.now)
	freeze := func(q calendar.Period) {
		t.Helper()
		_, err := w.app.Freezer.Freeze(ctx, q, w.now)
		must(err)
	}
	grown := found("changed", "Nettverk som vokste", false, 0, 1, 2, 3, 5, 6, 8)
	freeze(calendar.Period{Unit: calendar.Quarterly, Year: last.Year, N: last.N - 1})
	join(grown, 9, false)
	found("few", "Nettverk for to", false, 0, 5)
	found("five", "Nettverk for seks", false, 0, 2, 5, 7, 9, 10)
	found("open", "Nettverk i åpent lende", true, 0, 3, 5, 8, 10, 9)
	found("dominated", "Nettverk med ett stort kontor", false, 0, 1, 4, 6, 9, 2)
	found("overlaps", "Nettverk uten Vesleøya", false, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	freeze(last)
	found("new", "Nytt nettverk", false, 0)
	for name, state := range map[string]practice.State{"invited": practice.Invited, "left": practice.Left} {
		id := found(name, "Nettverk "+name, false)
		must(s.InvitePractice(ctx, id, full.ID))
		if state == practice.Left {
			join(id, 0, false)
			must(s.SetParticipation(ctx, practice.Participation{NetworkID: id, PracticeID: full.ID, State: state}))
		}
	}

	// Two people have been sent a link.
	for _, number := range []string{"49900001", "49900002"} {
		w.links = append(w.links, strings.TrimPrefix(w.link(t, full.ID, number, "nb"), "/s/"))
	}
}

// staffByKeyboard goes through the pages with most on them by the tab key alone: every link, button and
// scrolling table has its turn, in the order of the page, in sight and with a ring around it.
func staffByKeyboard(t *testing.T, w *world) {
	full := "/practices/" + w.full.PracticeID
	for _, width := range []int64{narrow, wide} {
		b := w.tab(t, width, 640, options{})
		for _, p := range []webPage{
			{"dashboard", full, leadEmail, nil},
			{"network", full + "/network/" + w.network + "?survey=visit", leadEmail, nil},
		} {
			b.visit(p)
			eval[int](b, `(() => { for (const d of document.querySelectorAll("details")) d.open = true; return 0; })()`)
			const reachable = `[...document.querySelectorAll("a[href], button, summary, [tabindex='0']")].filter(e => e.checkVisibility())`
			many := eval[int](b, reachable+".length")
			if many < 15 {
				t.Fatalf("%s has %d things to reach", p.name, many)
			}
			for i := range many {
				at := b.press(kb.Tab)
				if turn := eval[int](b, reachable+".indexOf(document.activeElement)"); turn != i {
					t.Errorf("%s at %d px: stop %d is at %q, which is number %d on the page", p.name, width, i, at, turn)
					break
				}
				if i == 0 {
					b.until("Math.round(document.activeElement.getBoundingClientRect().top) === 8") // the way past the menu has come into sight
				}
			}
		}
		b.open(full)
		b.press(kb.Tab)
		b.do(key(kb.Enter))
		b.until("location.hash === '#main'")
		if at := b.press(kb.Tab); !eval[bool](b, "document.querySelector('main').contains(document.activeElement)") {
			t.Errorf("at %d px the way past the menu leads to %q", width, at)
		}
	}
}
