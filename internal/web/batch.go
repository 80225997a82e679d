package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/survey"
)

// A batch is what staff type of a stack of paper forms. Nothing of it is kept, here or in the browser,
// until it is sent as a whole: each page of the way carries what was typed in its own fields. It has never
// fewer sheets than answers must be to be shown, so that the order of typing tells nothing of anybody.
const batchRoute = "/practices/:id/paper/entry"

const (
	mostSheets = 200
	firstRows  = 20 // empty rows to begin with
	moreRows   = 10 // how many the button adds
)

// The fields of a batch, and what its buttons do.
const (
	fieldSheet = "sheet" // one for each row, in their order
	fieldMark  = "mark"
	fieldDo    = "do"
	doReview   = "review"
	doMore     = "more"
	doMend     = "mend"
	doSend     = "send"
)

// batch is a batch on its way: what was typed, and what it says.
type batch struct {
	sheet survey.Sheet
	token string
	typed []string // a row each, up to the last that is not empty
	rows  int      // how many to show at least

	responses []survey.Response
	counts    []map[string]int // by question of the sheet and digit
	sheets    int              // with an answer
	blank     []int            // rows of sheets on which nothing is ticked
	problems  []batchProblem
}

// batchProblem is what is wrong with a row, or, if Row is 0, with all of it.
type batchProblem struct {
	Row  int
	Text string
}

type batchPage struct {
	page
	Token, Mark string
	Others      []string // marks of other sheets the practice may have
	Items       []batchItem
	Ends        string // after how many signs a sheet may end
	Rows        []batchRow
	Problems    []batchProblem
	First       int // the row to begin with
	Least, Most int
	CanAdd      bool
}

type batchItem struct {
	paperQuestion
	Allowed, Signs string
	Starts         bool // a survey
}

type batchRow struct {
	N       int
	Typed   string
	Problem string
}

func (s *Server) showBatch(c echo.Context) error {
	p := inPractice(c)
	sheet, err := s.sheetMarked(p, c.QueryParam(fieldMark))
	if err != nil {
		return err
	}
	return s.renderBatch(c, http.StatusOK, batch{sheet: sheet, token: s.newToken(batchOf(p))})
}

// sheetMarked finds the sheet with a mark, the one that is printed now if the mark is empty.
func (s *Server) sheetMarked(p practice.Practice, mark string) (survey.Sheet, error) {
	sheets := s.sheets(p)
	if mark == "" {
		return sheets[0], nil
	}
	i := slices.IndexFunc(sheets, func(sh survey.Sheet) bool { return sh.Mark() == mark })
	if i < 0 {
		return survey.Sheet{}, fault.New(fault.NotFound, "batch.mark_unknown")
	}
	return sheets[i], nil
}

// batchOf is what the token of a batch is tied to: no patient's form has such a token.
func batchOf(p practice.Practice) string { return p.ID + " paper" }

func (s *Server) saveBatch(c echo.Context) error {
	values, err := readForm(c)
	if err != nil {
		return err
	}
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	if !p.Live {
		return fault.New(fault.Conflict, "setup.first")
	}
	b := batch{token: values.Get(fieldToken), typed: values[fieldSheet]}
	for len(b.typed) > 0 && b.typed[len(b.typed)-1] == "" {
		b.typed = b.typed[:len(b.typed)-1]
	}
	if b.sheet, err = s.sheetMarked(p, values.Get(fieldMark)); err != nil {
		return err
	}
	receipt, _, err := s.receipt(b.token, batchOf(p))
	if fault.KindOf(err) == fault.Gone { // what was typed is not
		b.token = s.newToken(batchOf(p))
		b.problems = []batchProblem{{Text: l.T("batch.old")}}
		return s.renderBatch(c, http.StatusUnprocessableEntity, b)
	}
	if err != nil {
		return err
	}
	// Whoever goes back and mends what was sent would be told a lie if we called the repeat counted.
	counted, err := s.Store.Counted(ctx, receipt)
	if counted {
		return s.render(c, http.StatusOK, "batch_counted", countedPage{page: s.batchFrame(c, "batch.again_title")})
	}
	do := values.Get(fieldDo)
	switch do {
	case doMore:
		b.rows = len(values[fieldSheet]) + moreRows
		return s.renderBatch(c, http.StatusOK, b)
	case doMend:
		return s.renderBatch(c, http.StatusOK, b)
	case doReview, doSend:
	default:
		return fault.New(fault.Invalid, "error.bad_request")
	}
	if b.read(l.T, s.Reports.Floor()); len(b.problems) > 0 {
		return s.renderBatch(c, http.StatusUnprocessableEntity, b)
	}
	if do == doReview {
		return s.renderReview(c, http.StatusOK, b, "")
	}
	if err == nil {
		err = s.Intake.Count(ctx, aggregate.Entry(p.ID, "", "paper", receipt, b.responses))
	}
	if err != nil {
		s.Log.Error("batch not counted", "error", err)
		return s.renderReview(c, http.StatusServiceUnavailable, b, l.T("batch.not_saved"))
	}
	return s.render(c, http.StatusOK, "batch_counted", countedPage{s.batchFrame(c, "batch.counted_title"), b.sheets, len(b.blank)})
}

// read finds out what was typed, and what is wrong with it or with fewer than least sheets.
func (b *batch) read(say func(string, ...any) string, least int) {
	b.counts = make([]map[string]int, len(b.sheet.Items))
	for i := range b.counts {
		b.counts[i] = map[string]int{}
	}
	for i, typed := range b.typed {
		if typed == "" {
			continue
		}
		responses, err := b.sheet.Parse(typed)
		if f := fault.As(err); f != nil {
			b.problems = append(b.problems, batchProblem{i + 1, say(f.Key, f.Args)})
			continue
		}
		if len(responses) == 0 {
			b.blank = append(b.blank, i+1)
			continue
		}
		b.sheets++
		b.responses = append(b.responses, responses...)
		for j, sign := range typed { // Parse lets ASCII through and nothing else
			b.counts[j][string(sign)]++
		}
	}
	switch {
	case len(b.problems) > 0:
	case b.sheets < least:
		b.problems = []batchProblem{{Text: say("batch.few", "Count", b.sheets, "Least", least)}}
	case b.sheets+len(b.blank) > mostSheets:
		b.problems = []batchProblem{{Text: say("batch.many", "Most", mostSheets)}}
	}
}

// batchFrame is the frame of a batch's pages.
func (s *Server) batchFrame(c echo.Context, title string) page {
	l := s.language(c)
	p := s.page(c, l, l.T(title))
	p.Here = "points"
	return p
}

func (s *Server) renderBatch(c echo.Context, status int, b batch) error {
	l := s.language(c)
	bp := batchPage{page: s.batchFrame(c, "batch.title"), Token: b.token, Mark: b.sheet.Mark(), Problems: b.problems,
		Least: s.Reports.Floor(), Most: mostSheets, Items: batchItems(b.sheet, l.Tag)}
	for _, sheet := range s.sheets(inPractice(c)) {
		if sheet.Mark() != bp.Mark {
			bp.Others = append(bp.Others, sheet.Mark())
		}
	}
	var ends []string
	for _, end := range b.sheet.Ends {
		ends = append(ends, strconv.Itoa(end))
	}
	bp.Ends = strings.Join(ends, " ")
	rows := max(firstRows, len(b.typed), min(b.rows, mostSheets))
	for i := range rows {
		row := batchRow{N: i + 1}
		if i < len(b.typed) {
			row.Typed = b.typed[i]
		}
		if bp.First == 0 && row.Typed == "" {
			bp.First = row.N
		}
		for _, problem := range b.problems {
			if problem.Row == row.N {
				row.Problem = problem.Text
			}
		}
		bp.Rows = append(bp.Rows, row)
	}
	bp.First = max(1, bp.First)
	bp.CanAdd = rows < mostSheets
	if len(b.problems) > 0 {
		bp.Title = l.T("error.prefix") + " " + bp.Title
	}
	return s.render(c, status, "batch", bp)
}

func batchItems(sheet survey.Sheet, tag string) []batchItem {
	questions := paperQuestions(sheet, tag)
	items := make([]batchItem, len(questions))
	for i, q := range questions {
		items[i] = batchItem{q, sheet.Items[i].Allowed(), sheet.Items[i].Signs(), i > 0 && slices.Contains(sheet.Ends, i)}
	}
	return items
}

type reviewPage struct {
	page
	Token, Mark string
	Typed       []string
	Sheets      int
	Blank       string // the numbers of the rows on which nothing is ticked
	Digits      []string
	Items       []reviewItem
	Problem     string
}

// reviewItem is how many ticked each box of a question, in the order of reviewPage.Digits.
type reviewItem struct {
	Letter, Text string
	Counts       []reviewCount
}

// reviewCount has no Digit where the question has no such box.
type reviewCount struct {
	Digit, Text string
	N           int
}

func (s *Server) renderReview(c echo.Context, status int, b batch, problem string) error {
	l := s.language(c)
	rp := reviewPage{page: s.batchFrame(c, "batch.review_title"), Token: b.token, Mark: b.sheet.Mark(), Sheets: b.sheets, Typed: b.typed, Problem: problem}
	if problem != "" {
		rp.Title = l.T("error.prefix") + " " + rp.Title
	}
	var blank []string
	for _, row := range b.blank {
		blank = append(blank, strconv.Itoa(row))
	}
	rp.Blank = strings.Join(blank, ", ")
	most, hasAside := 0, false
	for _, item := range b.sheet.Items {
		most, hasAside = max(most, len(item.Options)), hasAside || item.NotApplicable != nil
	}
	for n := range most {
		rp.Digits = append(rp.Digits, strconv.Itoa(n+1))
	}
	if hasAside {
		rp.Digits = append(rp.Digits, "0")
	}
	for i, q := range paperQuestions(b.sheet, l.Tag) {
		item, answered := reviewItem{Letter: q.Letter, Text: q.Text}, 0
		for _, digit := range rp.Digits {
			count := reviewCount{}
			for _, t := range q.Ticks {
				if t.Digit == digit {
					count = reviewCount{digit, t.Text, b.counts[i][digit]}
					answered += count.N
				}
			}
			item.Counts = append(item.Counts, count)
		}
		// A sheet that ended before this question has no tick at it either.
		item.Counts = append(item.Counts, reviewCount{"–", l.T("batch.no_tick"), b.sheets - answered})
		rp.Items = append(rp.Items, item)
	}
	return s.render(c, status, "batch_review", rp)
}

// countedPage says that a batch was counted, or, without Sheets, that it had been before.
type countedPage struct {
	page
	Sheets, Blank int
}
