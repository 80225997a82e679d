package aggregate

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// fftColumns are the count columns of an NHS Friends and Family Test file, and the option each counts
// for. The names are those of the question as it was until 2020; today's has the same six answers.
var fftColumns = map[string]string{
	"extremely_likely": "5", "likely": "4", "neither": "3", "unlikely": "2", "extremely_unlikely": "1",
	"dont_know": survey.NotApplicable,
}

const (
	fftSurvey   = "fft"
	fftQuestion = "experience"
)

// ImportedPeriod is what became of one row of an imported file.
type ImportedPeriod struct {
	Practice, Period string // as in the file
	// Released is false for a row under the floor, which is counted with the practice's next, or, if it is the
	// last, not stored.
	Released    bool
	First, Last calendar.Week // of the release
	N           int           // valid answers in the release
	Published   float64       // share positive of all answers, "don't know" in, as the NHS publishes it
	Ours        float64       // share positive of the valid answers
}

// ImportFFT reads counts per practice and ISO week or month and makes releases of them, all or
// nothing: a wrong row is an error that names its line, and then nothing of the file is stored. The
// week that has ended by now is closed first, since no figures may come after the last closed week.
func ImportFFT(ctx context.Context, s *store.Store, closer *Closer, now time.Time, surveys *survey.Catalog, file io.Reader) ([]ImportedPeriod, error) {
	sv, ok := surveys.Latest(fftSurvey)
	if !ok {
		return nil, errors.New("there is no survey fft")
	}
	question, ok := sv.Question(fftQuestion)
	if !ok {
		return nil, errors.New("survey fft has no question " + fftQuestion)
	}
	rows, periods, err := readFFT(file)
	if err != nil {
		return nil, err
	}
	if err := closer.CloseEnded(ctx, now); err != nil {
		return nil, err
	}
	scores := question.Scores()
	i := 0
	by := Divide(closer.gate)
	by.Divide = func(_ string, pending store.Sums) (store.Sums, store.Sums) {
		release, rest := divide(closer.gate, pending)
		p := &periods[i]
		i++
		if q, ok := release.Questions[fftQuestion]; ok {
			// The published share has every "don't know" in it, those too that wait for ten.
			positive, aside := 0, pending.Questions[fftQuestion].Counts[survey.NotApplicable]
			for code, n := range q.Counts {
				if code != survey.NotApplicable {
					p.N += n
				}
				if scores[code] > 50 {
					positive += n
				}
			}
			p.Released, p.First, p.Last = true, q.First, q.Last
			p.Published = float64(positive) / float64(p.N+aside)
			p.Ours = float64(positive) / float64(p.N)
		}
		return release, rest
	}
	if err := s.Import(ctx, sv.ID, sv.Version, rows, by); err != nil {
		return nil, err
	}
	return periods, nil
}

func readFFT(file io.Reader) ([]store.Imported, []ImportedPeriod, error) {
	buffered := bufio.NewReader(file)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3) // spreadsheets begin a UTF-8 file so
	}
	r := csv.NewReader(buffered)
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("line 1: %w", err)
	}
	column := map[string]int{}
	for i, name := range header {
		known := fftColumns[name] != "" || slices.Contains([]string{"practice", "isoweek", "month", "total", "pct_positive_nhs", "pct_negative_nhs"}, name)
		if _, twice := column[name]; !known || twice {
			return nil, nil, fmt.Errorf("line 1: column %q is not known or there twice", name)
		}
		column[name] = i
	}
	_, weekly := column["isoweek"]
	_, monthly := column["month"]
	if _, ok := column["practice"]; !ok || weekly == monthly {
		return nil, nil, errors.New("line 1: the file needs a column practice and either isoweek or month")
	}
	for name := range fftColumns {
		if _, ok := column[name]; !ok {
			return nil, nil, fmt.Errorf("line 1: the file needs a column %s", name)
		}
	}
	type line struct {
		store.Imported
		ImportedPeriod
	}
	var lines []line
	seen := map[[2]string]int{}
	spelled := map[string]string{} // by name in addresses
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err // a *csv.ParseError, which names the line
		}
		number, _ := r.FieldPos(0)
		in, period, err := readFFTRow(column, record)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", number, err)
		}
		slug := practice.Slug(in.Practice)
		if before := spelled[slug]; before != "" && before != in.Practice {
			return nil, nil, fmt.Errorf("line %d: %q and %q are one practice: spell its name in one way", number, in.Practice, before)
		}
		spelled[slug] = in.Practice
		key := [2]string{in.Practice, period.Period}
		if before := seen[key]; before > 0 {
			return nil, nil, fmt.Errorf("line %d: %s has %s already on line %d", number, in.Practice, period.Period, before)
		}
		seen[key] = number
		lines = append(lines, line{in, period})
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.Imported.Practice, b.Imported.Practice), cmp.Compare(a.Week, b.Week))
	})
	rows, periods := make([]store.Imported, len(lines)), make([]ImportedPeriod, len(lines))
	for i, l := range lines {
		rows[i], periods[i] = l.Imported, l.ImportedPeriod
	}
	return rows, periods, nil
}

func readFFTRow(column map[string]int, record []string) (store.Imported, ImportedPeriod, error) {
	in := store.Imported{Practice: record[column["practice"]]}
	period := ImportedPeriod{Practice: in.Practice}
	if err := (practice.Practice{Name: in.Practice}).Check(); err != nil || practice.Slug(in.Practice) == "" {
		return in, period, fmt.Errorf("%q cannot be the name of a practice", in.Practice)
	}
	first := calendar.Week("")
	var err error
	if i, ok := column["isoweek"]; ok {
		period.Period = record[i]
		in.Week, err = calendar.ParseWeek(record[i])
		first = in.Week
	} else {
		period.Period = record[column["month"]]
		first, in.Week, err = calendar.WeeksOfMonth(period.Period)
	}
	if err != nil {
		return in, period, err
	}
	counts, total := map[string]int{}, 0
	for name, option := range fftColumns {
		n, err := strconv.Atoi(record[column[name]])
		if err != nil || n < 0 || n > 1_000_000 {
			return in, period, fmt.Errorf("%s is %q, not a number of answers", name, record[column[name]])
		}
		if n > 0 {
			counts[option] = n
		}
		total += n
	}
	if i, ok := column["total"]; ok && record[i] != strconv.Itoa(total) {
		return in, period, fmt.Errorf("total is %q, the answers add up to %d", record[i], total)
	}
	if total == 0 {
		return in, period, nil
	}
	sum := func(counts map[string]int) store.Sum { return store.Sum{First: first, Last: in.Week, Counts: counts} }
	in.Sums = store.Sums{
		Channels:  sum(map[string]int{"import": total}),
		Questions: map[string]store.Sum{fftQuestion: sum(counts)},
	}
	return in, period, nil
}
