package web

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"
	"strings"

	"github.com/venterom/venterom/internal/i18n"
)

// columns of the table, by the ends of the keys of their names.
var columns = []string{"owner", "survey", "part", "question", "period", "measure", "of", "bound", "value", "unit",
	"low", "high", "level", "n", "n_before", "says", "definition", "method"}

// table is the figures as a spreadsheet set to the file's language opens them: one row for each, with
// its definition; a mark that says UTF-8 first, which Excel needs; semicolons and decimal commas but in
// English. Shares are in per cent.
func (f *results) table() ([]byte, error) {
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = f.l.T("results.col_" + c)
	}
	rows := [][]string{head}
	for _, x := range f.Figures {
		rows = append(rows, f.row(x))
	}
	return spreadsheet(f.l, rows)
}

// spreadsheet writes rows as one set to a language opens them.
func spreadsheet(l i18n.Language, rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if l.Tag != "en" {
		w.Comma = ';'
	}
	err := w.WriteAll(rows)
	return b.Bytes(), err
}

// row is in the order of columns.
func (f *results) row(x figure) []string {
	times := 1.0
	if x.Unit == "share" || x.Unit == "share_difference" {
		times = 100
	}
	limit := ""
	if x.Bound != "" {
		limit = f.l.T("results." + x.Bound)
	}
	owner := f.Practice
	if owner == "" {
		owner = f.Network
	}
	return []string{plain(owner), plain(f.Title), f.l.T("results.part_" + x.Part), plain(x.Text), x.Period, f.l.T("measure." + x.Measure), plain(x.Of), limit,
		f.decimal(x.Value, times), f.l.T("unit." + x.Unit), f.decimal(x.Low, times), f.decimal(x.High, times), f.level(x.Level),
		count(x.N), count(x.Before), plain(x.Says), f.Definitions[x.Measure], strconv.Itoa(x.Method)}
}

// decimal writes a number that a spreadsheet can add up: no separator of thousands, an ordinary minus,
// and at most four decimals.
func (f *results) decimal(x *float64, times float64) string {
	if x == nil {
		return ""
	}
	text := strconv.FormatFloat(math.Round(*x*times*1e4)/1e4, 'f', -1, 64)
	if f.l.Tag == "en" {
		return text
	}
	return strings.Replace(text, ".", ",", 1)
}

func (f *results) level(level float64) string {
	if level == 0 {
		return ""
	}
	return f.decimal(&level, 100)
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// plain is a text as a cell that no spreadsheet takes for a formula: what people typed could begin one.
func plain(text string) string {
	if strings.ContainsAny(text[:min(1, len(text))], "=+-@\t\r\n") {
		return "'" + text
	}
	return text
}
