package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

const logLines = 50 // on a page

type logPage struct {
	page
	Practice, Address string
	Days              []dayOfDeeds
	Newer, Older      int // pages; 0 for none
}

// dayOfDeeds is what was done in a day.
type dayOfDeeds struct {
	Date  string
	Deeds []deedRow
}

type deedRow struct{ When, Who, What string }

// newDeedRow is a line of the log in words; when is written by the caller, since a page and a file differ.
func newDeedRow(l i18n.Language, d practice.Deed, when string) deedRow {
	object := d.Object
	switch d.Action {
	case practice.PageChanged, practice.PageConfirmed:
		object = l.T("section." + object)
	case practice.StepTaken:
		object = l.T("step." + object)
	}
	row := deedRow{when, d.Name, l.T("log."+string(d.Action), "Object", object)}
	switch (practice.Actor{AccountID: d.AccountID, Name: d.Name}) {
	case practice.CommandLine:
		row.Who = l.T("log.command_line")
	case practice.Actor{}:
		row.Who = l.T("log.itself")
	}
	return row
}

// showLog is who did what in the practice, the latest first.
func (s *Server) showLog(c echo.Context) error {
	l, p := s.language(c), inPractice(c)
	n, err := strconv.Atoi(c.QueryParam("page"))
	if err != nil || n < 1 || n > 1_000_000 {
		n = 1
	}
	deeds, err := s.Store.Log(c.Request().Context(), p.ID, (n-1)*logLines, logLines+1)
	if err != nil {
		return err
	}
	lp := logPage{page: s.page(c, l, l.T("log.title")+" – "+p.Name), Practice: p.Name, Address: "/practices/" + p.ID + "/log", Newer: n - 1}
	lp.Here = "setup"
	if len(deeds) > logLines {
		deeds, lp.Older = deeds[:logLines], n+1
	}
	for _, d := range deeds {
		date := l.Day(d.At)
		if len(lp.Days) == 0 || lp.Days[len(lp.Days)-1].Date != date {
			lp.Days = append(lp.Days, dayOfDeeds{Date: date})
		}
		day := &lp.Days[len(lp.Days)-1]
		day.Deeds = append(day.Deeds, newDeedRow(l, d, l.Clock(d.At)))
	}
	return s.render(c, http.StatusOK, "log", lp)
}

// showLogFile is the whole log as a table, with instants in UTC and the bare action beside its words.
func (s *Server) showLogFile(c echo.Context) error {
	l, p := s.language(c), inPractice(c)
	table, err := s.logTable(c.Request().Context(), l, p)
	if err != nil {
		return err
	}
	return s.sendCSV(c, "venterom-"+p.Slug+"-log", table)
}

func (s *Server) logTable(ctx context.Context, l i18n.Language, p practice.Practice) ([]byte, error) {
	const all = 10_000_000
	deeds, err := s.Store.Log(ctx, p.ID, 0, all)
	if err != nil {
		return nil, err
	}
	rows := [][]string{{l.T("log.col_utc"), l.T("log.col_who"), l.T("log.col_what"), l.T("log.col_action")}}
	for _, d := range deeds {
		row := newDeedRow(l, d, d.At.UTC().Format(time.RFC3339))
		rows = append(rows, []string{row.When, plain(row.Who), plain(row.What), string(d.Action)})
	}
	return spreadsheet(l, rows)
}
