package visit

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/venterom/venterom/internal/fault"
)

// What a list may hold. A practice of ten doctors has some four thousand visits a month.
const (
	MaxBytes = 8 << 20
	MaxRows  = 10_000 // good and bad
)

// Format is how a list is written; it says what its lines count.
type Format string

// The formats that are read.
const (
	CSV  Format = "csv"
	FHIR Format = "fhir"
	JSON Format = "json" // of a machine that calls; no file is taken for it
)

// List is what was read of a file: the good rows, and what became of the others.
type List struct {
	Format  Format
	Visits  []Visit  // one per number, in the order of the file
	Bad     []BadRow // in the order of the file
	Merged  int      // rows left out because their number has another row
	Skipped int      // entries of a bundle that are no visit: cancelled, not come, not finished, patient dead
}

// BadRow is a row that could not be used. It does not say what was in it.
type BadRow struct {
	Line   int          // line of the file, or number of the entry in a bundle or list
	Reason *fault.Error // without a cause
}

// add puts a row where it belongs.
func (l *List) add(line int, v Visit, err error) error {
	if len(l.Visits)+len(l.Bad) >= MaxRows {
		return fault.New(fault.TooLarge, "visit.rows_many").With("Max", MaxRows)
	}
	if err != nil {
		l.Bad = append(l.Bad, BadRow{line, fault.As(err)})
		return nil
	}
	v.Line = line
	l.Visits = append(l.Visits, v)
	return nil
}

// merge is the last step of reading.
func (l *List) merge() { l.Visits, l.Merged = Merge(l.Visits) }

// Merge makes one visit of several with the same number: the latest, in the language of the latest that
// has one. It counts those left out.
func Merge(visits []Visit) (kept []Visit, merged int) {
	at := map[string]int{}
	for _, v := range visits {
		i, twice := at[v.Number()]
		if !twice {
			at[v.Number()] = len(kept)
			kept = append(kept, v)
			continue
		}
		merged++
		earlier, later := kept[i], v
		if v.Day < kept[i].Day {
			earlier, later = v, kept[i]
		}
		if later.Language == "" {
			later.Language = earlier.Language
		}
		kept[i] = later
	}
	return kept, merged
}

// Read reads a list in whichever format it is written. A list that cannot be read at all is a fault;
// a row that cannot is in List.Bad.
func (r Reader) Read(src io.Reader) (List, error) {
	s, err := text(src)
	if err != nil {
		return List{}, err
	}
	switch start := strings.TrimLeftFunc(s, unicode.IsSpace); {
	case strings.HasPrefix(start, "{"), strings.HasPrefix(start, "["):
		return r.fhir(s)
	case strings.HasPrefix(start, "<"):
		return List{}, fault.New(fault.Invalid, "visit.file_kind")
	}
	return r.csv(s)
}

// ReadAs reads a list that is said to be written in a format.
func (r Reader) ReadAs(f Format, src io.Reader) (List, error) {
	switch f {
	case FHIR:
		return r.ReadFHIR(src)
	case JSON:
		return r.ReadJSON(src)
	}
	return r.ReadCSV(src)
}

// ReadCSV reads a table with a row of headings.
func (r Reader) ReadCSV(src io.Reader) (List, error) {
	s, err := text(src)
	if err != nil {
		return List{}, err
	}
	return r.csv(s)
}

// ReadFHIR reads a Bundle of Appointments and Encounters, FHIR R4 as JSON.
func (r Reader) ReadFHIR(src io.Reader) (List, error) {
	s, err := text(src)
	if err != nil {
		return List{}, err
	}
	return r.fhir(s)
}

// text reads all of a file, in the encodings that Windows programs write: UTF-8 and UTF-16 with their
// byte order marks, UTF-8 without, and Windows-1252.
func text(src io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(src, MaxBytes+1))
	if err != nil {
		return "", fmt.Errorf("read list of visits: %w", err)
	}
	if len(data) > MaxBytes {
		return "", fault.New(fault.TooLarge, "visit.file_large").With("Max", MaxBytes>>20)
	}
	var s string
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		s = strings.ToValidUTF8(string(data[3:]), "\ufffd")
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		s = fromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		s = fromUTF16(data[2:], binary.BigEndian)
	case utf8.Valid(data):
		s = string(data)
	default:
		// The 27 signs that Windows-1252 has where ISO-8859-1 has control codes are in nothing that is read.
		runes := make([]rune, len(data))
		for i, b := range data {
			runes[i] = rune(b)
		}
		s = string(runes)
	}
	// Workbooks and documents are archives, or hold zero bytes.
	if strings.HasPrefix(s, "PK\x03\x04") || strings.HasPrefix(s, "%PDF-") || strings.ContainsRune(s, 0) {
		return "", fault.New(fault.Invalid, "visit.file_kind")
	}
	return s, nil
}

func fromUTF16(data []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units))
}

// clean takes off what programs put around a value: spaces, invisible signs, quotes, and the =" " and
// the apostrophe that keep spreadsheets from making numbers of phone numbers.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(s, "=")
	s = strings.TrimPrefix(s, "'")
	return strings.TrimSpace(strings.Trim(s, `"`))
}
