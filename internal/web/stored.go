package web

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
)

//go:embed stored.txt
var storedText string

// storedTable is a table of the database: whom it is about, and what its columns hold.
type storedTable struct {
	Name, About string
	Columns     []storedColumn
}

type storedColumn struct{ Name, Holds string }

// storedAbout is the order in which the tables are told of.
var storedAbout = []string{"patients", "practice", "staff", "network", "machine"}

// readStored reads the map of what is stored.
func readStored(text string) ([]storedTable, error) {
	var tables []storedTable
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 3 || !slices.Contains(storedAbout, fields[1]) {
			return nil, fmt.Errorf("stored.txt: cannot read %q", line)
		}
		t := storedTable{Name: fields[0], About: fields[1]}
		for _, f := range fields[2:] {
			name, holds, found := strings.Cut(f, ":")
			if !found {
				return nil, fmt.Errorf("stored.txt: what does %s.%s hold?", t.Name, f)
			}
			t.Columns = append(t.Columns, storedColumn{name, holds})
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// never is what is not stored, each with the test that tries to break it.
var never = []struct{ Code, Test string }{
	{"response", "TestDump"}, {"text", "TestOnlyClosedAnswers"}, {"who", "TestDump"}, {"when", "TestStored"},
	{"link", "TestDump"}, {"number", "TestNumbersAreNotInTheFiles"}, {"log", "TestNoSecretIsLogged"},
}

type storedPage struct {
	page
	Never  []neverRow
	Groups []storedGroup
	Terms  []labelled
	Test   string // that compares this page with the database
}

type neverRow struct{ Text, Test string }

type storedGroup struct {
	Code, Title string
	Tables      []storedRow
}

type storedRow struct {
	Name, Text string
	Columns    []labelled
}

// showStored is what is stored, table by table.
func (s *Server) showStored(c echo.Context) error {
	l := s.language(c)
	tables, err := readStored(storedText)
	if err != nil {
		return err
	}
	sp := storedPage{page: s.page(c, l, l.T("stored.title")), Test: "TestStored"}
	for _, n := range never {
		sp.Never = append(sp.Never, neverRow{l.T("stored.never_" + n.Code), n.Test})
	}
	for _, about := range storedAbout {
		g := storedGroup{Code: about, Title: l.T("stored.a_" + about)}
		for _, t := range tables {
			if t.About != about {
				continue
			}
			row := storedRow{Name: t.Name, Text: l.T("stored.t_" + t.Name)}
			for _, col := range t.Columns {
				row.Columns = append(row.Columns, labelled{col.Name, l.T("stored.k_" + col.Holds)})
			}
			g.Tables = append(g.Tables, row)
		}
		if about == "machine" {
			g.Tables = append(g.Tables, storedRow{Name: riverTables + "*", Text: l.T("stored.t_river")})
		}
		sp.Groups = append(sp.Groups, g)
	}
	for _, t := range terms {
		sp.Terms = append(sp.Terms, labelled{l.T("kept." + t.Code), t.howLong(l)})
	}
	return s.render(c, http.StatusOK, "stored", sp)
}

// riverTables begin the names of the queue's tables, which are a library's.
const riverTables = "river_"

// accessibilityReviewed is the day on which somebody last held the statement against the pages.
var accessibilityReviewed = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// What every page is tried at, in CSS pixels: the width of the narrowest phone, and the smallest target.
const narrowest, leastTarget = 320, 44

type accessibilityPage struct {
	page
	Known  []string
	Tested string
	Report string
	Date   string
}

// showAccessibility is the accessibility statement, with the practice to tell if the address names one.
func (s *Server) showAccessibility(c echo.Context) error {
	ctx, l := c.Request().Context(), s.language(c)
	ap := accessibilityPage{page: s.page(c, l, l.T("statement.title")), Report: l.T("statement.report_any"),
		Tested: l.T("statement.tested_text", "Narrow", narrowest, "Target", leastTarget), Date: l.T("statement.date", "Date", l.Day(accessibilityReviewed))}
	for _, code := range []string{"browser", "people", "nynorsk", "sami", "norwegian", "paper", "kiosk"} {
		ap.Known = append(ap.Known, l.T("statement.known_"+code))
	}
	if slug := c.QueryParam(queryPractice); slug != "" {
		p, err := s.Store.PracticeBySlug(ctx, slug)
		switch {
		case err == nil:
			ap.of(p)
			if p.Phone != "" {
				ap.Report = l.T("statement.report_phone", "Practice", p.Name, "Phone", phone(p.Phone))
			}
		case fault.KindOf(err) != fault.NotFound:
			return err
		}
	}
	return s.render(c, http.StatusOK, "accessibility", ap)
}
