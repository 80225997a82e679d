package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/chart"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/stats"
)

// mostGaps is how many questions a worksheet goes through: with as many it fills three sheets.
const mostGaps = 4

// worksheetPage is the pack that a practice takes to its peer group.
type worksheetPage struct {
	page
	Practice, Network, Back string
	Empty                   bool // there is nothing to compare yet
	frameLinks
	Withheld string // why no question has a figure of the others
	Summary  []string
	Rows     []worksheetRow
	MoreRows int // questions left out
	Dense    bool
	Gaps     []worksheetRow
	Differ   bool   // the gaps are what differs; else the lowest of the practice's own
	More     int    // that differ and have no room
	Next     string // day of the next meeting
	Method   int
}

// worksheetRow is a question beside the others. Low, Width, Median and Own place it on a scale, in per
// cent; empty where there is nothing to place.
type worksheetRow struct {
	Text                        string
	Derived                     bool
	Mean, Share, N              string // the practice's own; empty with fewer than ten answers
	OtherMean, Half, OtherShare string
	Withheld                    string
	Verdict, Sign, Class        string
	Low, Width, Median, Own     string
	Sentence                    string // own and others in one
}

// weeksToNext is about four months, and a whole number of weeks: the day of the week stays.
const weeksToNext = 17

func (s *Server) showWorksheet(c echo.Context) error {
	n, part, err := s.participation(c)
	if err != nil {
		return err
	}
	l, p := s.language(c), inPractice(c)
	address := networkAddress(p.ID, n.ID)
	surveyID, version, quarter := asked(c)
	if part.State != practice.Joined {
		return c.Redirect(http.StatusSeeOther, address)
	}
	cmp, err := s.Reports.Comparison(c.Request().Context(), p, n, surveyID, version, quarter)
	if err != nil {
		return err
	}
	wp := worksheetPage{page: s.page(c, l, l.T("worksheet.title")+" – "+p.Name), Practice: p.Name, Network: n.Name, Back: address, Empty: cmp.Empty()}
	if wp.Empty {
		return s.render(c, http.StatusOK, "worksheet", wp)
	}
	if asked, err := s.askFirstIn(c, cmp.Survey, cmp.Version, cmp.Quarter); asked || err != nil {
		return err
	}
	wp.Back, wp.frameLinks = address+frameQuery(cmp.Frame), newFrameLinks(l, address+"/worksheet", cmp.Frame)
	wp.Withheld, wp.Summary = withheldAll(l, cmp.Questions), comparisonCounts(l, cmp.Questions)
	wp.Method, wp.Next = stats.Method, l.Date(s.Now().In(calendar.Oslo).AddDate(0, 0, 7*weeksToNext))
	rows, dense := fitting(mostLines, cmp.Questions, func(q report.Compared) string { return q.Text.In(l.Tag) },
		func(q report.Compared) bool { return q.Derived || q.Verdict == report.StandsOut },
		func(q report.Compared) bool { return q.Verdict == report.LooksOther })
	longest := longestQuestion
	if wp.Dense = dense; dense {
		longest = denseQuestion
	}
	wp.MoreRows = len(cmp.Questions) - len(rows)
	for _, q := range rows {
		wp.Rows = append(wp.Rows, newWorksheetRow(l, q, longest))
	}
	var gaps []report.Compared
	gaps, wp.Differ = gapsOf(cmp.Questions)
	if wp.More = len(gaps) - mostGaps; wp.More > 0 {
		gaps = gaps[:mostGaps]
	}
	for _, q := range gaps {
		wp.Gaps = append(wp.Gaps, newWorksheetRow(l, q, longestQuestion))
	}
	return s.render(c, http.StatusOK, "worksheet", wp)
}

// gapsOf is what a group should talk about: the questions that differ, those that stand out clearly
// first; where none does, the two that the practice's own patients rate lowest.
func gapsOf(questions []report.Compared) (gaps []report.Compared, differ bool) {
	for _, verdict := range []report.Verdict{report.StandsOut, report.LooksOther} {
		for _, q := range questions {
			if q.Verdict == verdict {
				gaps = append(gaps, q)
			}
		}
	}
	if len(gaps) > 0 {
		return gaps, true
	}
	for _, q := range questions {
		if q.Own != nil && !q.Derived {
			gaps = append(gaps, q)
		}
	}
	slices.SortStableFunc(gaps, func(a, b report.Compared) int {
		switch x, y := a.Own.Mean.Value, b.Own.Mean.Value; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return gaps[:min(2, len(gaps))], false
}

func newWorksheetRow(l i18n.Language, q report.Compared, longest int) worksheetRow {
	row := worksheetRow{Text: shorten(q.Text.In(l.Tag), longest), Derived: q.Derived, Sentence: l.T("worksheet.own_few")}
	if r := q.Own; r != nil {
		row.N, row.Mean, row.Own = chart.Answers(l, r.N), chart.MeanText(l, r.Mean), place(r.Mean.Value)
		row.Sentence = l.T("worksheet.own_mean", "Mean", row.Mean, "N", row.N)
		if !q.Derived {
			row.Share = chart.ShareText(l, r.Positive.Value, r.Positive.Bound)
			row.Sentence = l.T("worksheet.own", "Mean", row.Mean, "Share", row.Share, "N", row.N)
		}
	}
	if q.Others == nil {
		row.Withheld = l.T("worksheet." + withheldKey(q.Withheld))
		return row
	}
	median, low, high := q.Others.Middle()
	row.OtherMean, row.Half = l.T("dashboard.mean", "Value", l.Number(median, 0)), l.Number(low, 0)+"–"+l.Number(high, 0)
	row.Low, row.Width, row.Median = place(low), place(high-low), place(median)
	row.Sentence += " " + l.T("worksheet.others", "Count", q.Others.Practices(), "Mean", row.OtherMean, "Half", row.Half)
	if !q.Derived {
		row.OtherShare = l.Percent(q.Others.Share())
		row.Verdict = l.T("network." + verdictKey(q))
		row.Sign, row.Class = verdictSign(q)
	}
	return row
}

// place is a score as a place on a line, in per cent of it.
func place(score float64) string { return strconv.FormatFloat(score, 'f', 1, 64) + "%" }
