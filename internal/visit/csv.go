package visit

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/venterom/venterom/internal/fault"
)

// What is read of a table, as places in names.
const (
	numberColumn = iota
	dayColumn
	languageColumn
	kinds
)

// names are the headings a column is known by, as fold writes them apart. Where a row has several, the
// earlier in the list comes first. A heading that is not here is a column that is not read: next of kin
// have numbers too.
var names = [kinds][]string{
	numberColumn: {"mobil", "mobilnummer", "mobilnr", "mobiltelefon", "mobiltelefonnummer", "mobiltlf", "mobile", "mobile phone", "mobile number", "msisdn",
		"telefon", "telefonnummer", "telefonnr", "tlf", "tlfnr", "phone", "phone number", "telephone"},
	dayColumn: {"besøksdato", "dato for besøk", "konsultasjonsdato", "kontaktdato", "timedato", "avtaledato", "visit date", "date of visit", "appointment date",
		"dato", "date"},
	languageColumn: {"språk", "språkkode", "målform", "foretrukket språk", "language", "preferred language", "lang"},
}

// column is a place in names.
type column struct{ kind, rank int }

// columnOf finds a folded heading.
var columnOf = func() map[string]column {
	m := map[string]column{}
	for kind, list := range names {
		for rank, name := range list {
			m[fold(name)] = column{kind, rank}
		}
	}
	return m
}()

// table is where the columns are that are read.
type table struct {
	separator string
	width     int
	columns   [kinds][]int // in order of preference
}

// headings finds the columns in the first line. Commas, semicolons and tabs are tried, and what makes
// the most of the line is taken.
func headings(line string) (table, error) {
	var best table
	most := -1
	for _, separator := range []string{";", ",", "\t"} {
		fields, _, whole := record(line, separator)
		if !whole {
			fields = strings.Split(line, separator)
		}
		t := table{separator: separator, width: len(fields)}
		n := 0
		for i, heading := range fields {
			if c, ok := columnOf[fold(heading)]; ok {
				t.columns[c.kind] = append(t.columns[c.kind], i)
				n++
			}
		}
		for _, at := range t.columns {
			slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(columnOf[fold(fields[a])].rank, columnOf[fold(fields[b])].rank) })
		}
		if n > most {
			best, most = t, n
		}
	}
	switch {
	case len(best.columns[numberColumn]) == 0:
		return best, fault.New(fault.Invalid, "visit.number_column").With("Names", strings.Join(names[numberColumn], ", "))
	case len(best.columns[dayColumn]) == 0:
		return best, fault.New(fault.Invalid, "visit.date_column").With("Names", strings.Join(names[dayColumn], ", "))
	}
	return best, nil
}

func (r Reader) csv(s string) (List, error) {
	l := List{Format: CSV}
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	var t table
	for line := 1; s != ""; {
		first, after, _ := strings.Cut(s, "\n")
		if strings.Trim(first, " \t;,\"\u00a0") == "" || t.width == 0 && strings.HasPrefix(strings.ToLower(first), "sep=") {
			s, line = after, line+1 // an empty line, or Excel's own line that names the separator
			continue
		}
		if t.width == 0 {
			var err error
			if t, err = headings(first); err != nil {
				return List{}, err
			}
			s, line = after, line+1
			continue
		}
		fields, rest := t.row(s, first, after)
		v, err := Visit{}, error(fault.New(fault.Invalid, "visit.row_columns"))
		if len(fields) <= t.width {
			v, err = r.visit(t.values(numberColumn, fields), t.values(dayColumn, fields)[0], t.values(languageColumn, fields)[0])
		}
		if err := l.add(line, v, err); err != nil {
			return List{}, err
		}
		line += strings.Count(s[:len(s)-len(rest)], "\n")
		s = rest
	}
	if t.width == 0 {
		return List{}, fault.New(fault.Invalid, "visit.file_empty")
	}
	l.merge()
	return l, nil
}

// row takes one row off s. Systems that write CSV by putting separators between values leave quotes in
// names as they are. A row whose quotes do not fit, or that swallows the next one and then has too few
// columns, is therefore read as one line in which a quote is a sign like any other.
func (t table) row(s, first, after string) (fields []string, rest string) {
	fields, n, whole := record(s, t.separator)
	severalLines := n > len(first)+1
	if whole && !(severalLines && len(trim(fields, t.width)) != t.width) {
		return trim(fields, t.width), s[n:]
	}
	return trim(strings.Split(first, t.separator), t.width), after
}

// trim takes off empty fields past the last column.
func trim(fields []string, width int) []string {
	for len(fields) > width && strings.TrimFunc(fields[len(fields)-1], unicode.IsSpace) == "" {
		fields = fields[:len(fields)-1]
	}
	return fields
}

// values of the columns of a kind, in order of preference; at least one.
func (t table) values(kind int, fields []string) []string {
	var vs []string
	for _, i := range t.columns[kind] {
		if i < len(fields) { // some systems leave out empty columns at the end
			vs = append(vs, fields[i])
		}
	}
	return append(vs, "")
}

// maxRecord is where the end of a record is given up, so that quotes that never fit cannot cost the
// square of a file. A cell of a spreadsheet has at most 32,767 characters.
const maxRecord = 32 << 10

// record splits the first record of s by the rules of RFC 4180 and says how many bytes it takes; whole
// is false if its quotes do not fit. It is not encoding/csv because that cannot go on after a stray
// quote without losing the rows it has read past.
func record(s, separator string) (fields []string, n int, whole bool) {
	end := min(len(s), maxRecord)
	for i := 0; ; i++ {
		start := i
		if i < end && s[i] == '"' {
			for i++; ; i += 2 { // two quotes are one
				next := strings.IndexByte(s[i:end], '"')
				if next < 0 {
					return nil, 0, false
				}
				i += next
				if i+1 >= end || s[i+1] != '"' {
					break
				}
			}
			fields = append(fields, strings.ReplaceAll(s[start+1:i], `""`, `"`))
			i++
		} else {
			next := strings.IndexAny(s[i:end], separator+"\n")
			if next < 0 {
				next = end - i
			}
			i += next
			fields = append(fields, s[start:i])
		}
		switch {
		case i >= len(s):
			return fields, len(s), true
		case i >= end:
			return nil, 0, false
		case s[i] == '\n':
			return fields, i + 1, true
		case s[i] != separator[0]:
			return nil, 0, false
		}
	}
}
