package web

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// TestLogOfADay: what was done on the pages is in the log in words, by whom, and on no other practice's.
func TestLogOfADay(t *testing.T) {
	f := newFixture(t)
	own := "/practices/" + f.eidsvag.ID
	f.fillEidsvag(t)
	f.openResults(t, kari)
	f.do(t, nobody, http.MethodPost, "/login", url.Values{"email": {kari}, "password": {"feil feil feil"}})
	f.do(t, kari, http.MethodPost, own+"/points", url.Values{"label": {"Døra"}})
	f.do(t, sara, http.MethodPost, own+"/points", url.Values{"label": {"Ulovlig"}})
	f.do(t, kari, http.MethodPost, own+"/page/access", url.Values{"lift": {"yes"}})
	f.do(t, kari, http.MethodPost, own+"/page/confirm", url.Values{"section": {"access"}})
	f.get(t, kari, own+"/results.csv")
	f.get(t, kari, own+"/log.csv")
	f.do(t, kari, http.MethodPost, own+"/network/"+f.network.ID, url.Values{"do": {"agree"}})
	f.get(t, kim, "/networks/"+f.network.ID+"/results.json")
	f.answer(t, f.point.Code, "visit.polite", "5")
	f.sendBatch(t, kari, "send", "", slices.Repeat([]string{"04321"}, 12)...)
	f.do(t, sara, http.MethodPost, "/logout", url.Values{})
	said := words(f.get(t, kari, own+"/log", "Accept-Language", "nb").body)
	for _, want := range []string{
		kari + " Logget inn", kari + " Noen prøvde feil passord", kari + " La til svarpunktet «Døra»", kari + " Endret «Universell utforming» på kontorets side", kari + " Bekreftet «Universell utforming» på kontorets side", kari + " Lastet ned venterom-eidsvag-legekontor-visit-2026-W47.csv",
		kari + " Lastet ned venterom-eidsvag-legekontor-log.csv", kari + " Sa ja til åpen sammenligning i Fjordnettverket", sara + " Logget ut",
		"Venterom selv Hentet inn tall for skjemaet visit",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the log lacks %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "Ulovlig") || strings.Contains(said, "feil feil") || strings.Contains(said, kim) {
		t.Errorf("the log has what was not done here:\n%s", said)
	}
	if other := words(f.get(t, olav, "/practices/"+f.lillevik.ID+"/log", "Accept-Language", "nb").body); strings.Contains(other, kari) || strings.Contains(other, "Døra") {
		t.Errorf("Lillevik's log has\n%s", other)
	}
	whole, err := f.Store.Log(context.Background(), "", 0, 100)
	must(t, err)
	if !slices.ContainsFunc(whole, func(d practice.Deed) bool { return d.Name == kim && d.Action == practice.FileFetched }) {
		t.Errorf("the coordinator's file is in no log: %v", whole)
	}
}

// TestLogHoldsNoAnswer: answers, codes, tokens and passwords of a day are in no line, and an answer makes none.
func TestLogHoldsNoAnswer(t *testing.T) {
	f := newFixture(t)
	token := strings.TrimPrefix(f.join(t, practice.Staff), "/join/")
	before, err := f.Store.Log(context.Background(), f.eidsvag.ID, 0, 1000)
	must(t, err)
	f.answer(t, f.point.Code, "visit.polite", "5")
	f.sendBatch(t, kari, "send", "", slices.Repeat([]string{"04321"}, 12)...)
	f.invite(t, "nb", "90000001")
	link, form := f.aLink(t)
	f.do(t, nobody, http.MethodPost, "/s/"+link, form)
	after, err := f.Store.Log(context.Background(), f.eidsvag.ID, 0, 1000)
	must(t, err)
	for _, d := range after {
		line := fmt.Sprint(d)
		for _, secret := range []string{token, link, password, string(f.point.Code), "polite", "04321", "90000001"} {
			if strings.Contains(line, secret) {
				t.Errorf("%q is in %s", secret, line)
			}
		}
	}
	for _, d := range after {
		if !slices.Contains(before, d) && d.Action != practice.SMSOn && d.Action != practice.AskingChanged { // by f.invite
			t.Errorf("a patient's answer, or somebody who typed it in, left %v", d)
		}
	}
}

// TestLogFile: every line, with instants in UTC, and nothing that a spreadsheet takes for a formula.
func TestLogFile(t *testing.T) {
	f := newFixture(t)
	ctx := practice.As(context.Background(), practice.Actor{AccountID: "x", Name: "=cmd|' /C calc'!A0"})
	for range 2*logLines + 10 {
		must(t, f.Store.Record(ctx, f.eidsvag.ID, practice.FileFetched, "x"))
	}
	own := "/practices/" + f.eidsvag.ID + "/log"
	for _, lang := range i18n.Languages {
		r := f.get(t, kari, own+".csv?lang="+lang)
		body, marked := strings.CutPrefix(r.body, "\ufeff")
		reader := csv.NewReader(strings.NewReader(body))
		if lang != "en" {
			reader.Comma = ';'
		}
		rows, err := reader.ReadAll()
		must(t, err)
		if !marked || r.Header.Get("Content-Type") != "text/csv; charset=utf-8" || len(rows) < 2*logLines+10 || len(rows[0]) != 4 {
			t.Fatalf("%d rows, head %q", len(rows), rows[0])
		}
		for _, row := range rows[1:] {
			if at, err := time.Parse(time.RFC3339, row[0]); err != nil || at.Location() != time.UTC {
				t.Errorf("when %q, %v", row[0], err)
			}
			for _, cell := range row {
				if cell == "" || strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
					t.Errorf("a cell is %q", cell)
				}
			}
		}
	}
	for page, want := range map[string]string{"": `href="?page=2"`, "?page=2": `href="?page=1"`, "?page=3": `href="?page=2"`, "?page=0": `href="?page=2"`, "?page=x": `href="?page=2"`} {
		if body := f.get(t, kari, own+page).body; !strings.Contains(body, want) || strings.Contains(body, "?page=0") {
			t.Errorf("page %q lacks %s", page, want)
		}
	}
	if body := f.get(t, kari, own+"?page=999&lang=nb").body; !strings.Contains(body, "Loggen er tom her") {
		t.Error("past the end")
	}
}

// TestEveryActionHasWords: in every language, and no action is kept that the table in practice lacks.
func TestEveryActionHasWords(t *testing.T) {
	f := newFixture(t)
	source, err := os.ReadFile("../practice/deed.go")
	must(t, err)
	actions := regexp.MustCompile(`Action = "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(actions) < 30 {
		t.Fatalf("%d actions found", len(actions))
	}
	for _, lang := range i18n.Languages {
		for _, a := range actions {
			row := newDeedRow(f.Words.In(lang), practice.Deed{Action: practice.Action(a[1]), Object: "X"}, "")
			if row.What == "" || strings.HasPrefix(row.What, "log.") {
				t.Errorf("%s has no words for %s", lang, a[1])
			}
		}
		if row := newDeedRow(f.Words.In(lang), practice.Deed{Name: practice.CommandLine.Name, Action: practice.PersonAdded}, ""); !strings.Contains(row.Who, "(") || row.Who == practice.CommandLine.Name {
			t.Errorf("%s: the command line is %q", lang, row.Who)
		}
	}
}
