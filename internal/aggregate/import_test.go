package aggregate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

const (
	weekly  = "practice,isoweek,extremely_likely,likely,neither,unlikely,extremely_unlikely,dont_know,total\n"
	monthly = "practice,month,extremely_likely,likely,neither,unlikely,extremely_unlikely,dont_know\n"
)

// importDay is when the files are brought in: a Monday, when week 2026-W47 has ended.
var importDay = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func importFFT(s *store.Store, file string) ([]aggregate.ImportedPeriod, error) {
	closer := aggregate.NewCloser(s, disclosure.Gate{}, slog.New(slog.DiscardHandler))
	return aggregate.ImportFFT(context.Background(), s, closer, importDay, catalog, strings.NewReader(file))
}

// fftLines writes a practice's imported releases, as lines does.
func fftLines(t testing.TB, s *store.Store, slug string) string {
	t.Helper()
	p, err := s.PracticeBySlug(context.Background(), slug)
	must(t, err)
	return lines(t, s, store.Key{PracticeID: p.ID, Survey: "fft", Version: 1}, "experience", "1", "2", "3", "4", "5", "na")
}

// slugs lists the practices there are.
func slugs(t testing.TB, s *store.Store) string {
	t.Helper()
	ps, err := s.Practices(context.Background())
	must(t, err)
	var out []string
	for _, p := range ps {
		out = append(out, p.Slug)
	}
	return strings.Join(out, " ")
}

// TestImportFFTAgreesWithThePublishedShares holds real months of eight practices against shares that
// another program computed, and against what the NHS would publish.
func TestImportFFTAgreesWithThePublishedShares(t *testing.T) {
	var oracle struct {
		Tolerance float64
		Months    []struct {
			Practice, Month string
			Counts          []int
			Total           int
			InclDontKnow    float64 `json:"pct_positive_nhs_incl_dk"`
			ExclDontKnow    float64 `json:"pct_positive_excl_dk"`
			Published       any     `json:"nhs_published"` // a whole percentage, or "*" for a month of one to four
			Shown           bool    `json:"our_gate_n10"`
		} `json:"fft_monthly"`
	}
	data, err := os.ReadFile("testdata/fft_monthly.json")
	must(t, err)
	must(t, json.Unmarshal(data, &oracle))
	file, err := os.ReadFile("testdata/fft_monthly_counts.csv")
	must(t, err)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		periods, err := importFFT(s, string(file))
		must(t, err)
		if len(periods) != len(oracle.Months) || len(periods) != 31 {
			t.Fatalf("%d periods, the oracle has %d", len(periods), len(oracle.Months))
		}
		compared, held := 0, map[string]int{} // valid answers held back, by practice
		for i, p := range periods {
			want := oracle.Months[i]
			if p.Practice != want.Practice || p.Period != want.Month {
				t.Fatalf("period %d is %s %s, want %s %s", i, p.Practice, p.Period, want.Practice, want.Month)
			}
			valid := want.Total - want.Counts[5]
			if p.Released != (valid+held[p.Practice] >= disclosure.Floor) {
				t.Errorf("%s %s: released is %t with %d valid answers and %d held back", p.Practice, p.Period, p.Released, valid, held[p.Practice])
			}
			if !p.Released {
				held[p.Practice] += valid
				continue
			}
			merged := held[p.Practice] > 0
			if p.N != valid+held[p.Practice] {
				t.Errorf("%s %s: n is %d, want %d and %d held back", p.Practice, p.Period, p.N, valid, held[p.Practice])
			}
			held[p.Practice] = 0
			if merged || !want.Shown {
				continue
			}
			compared++
			if math.Abs(p.Published-want.InclDontKnow) > oracle.Tolerance || math.Abs(p.Ours-want.ExclDontKnow) > oracle.Tolerance {
				t.Errorf("%s %s: %.12f and %.12f, want %.12f and %.12f", p.Practice, p.Period, p.Published, p.Ours, want.InclDontKnow, want.ExclDontKnow)
			}
			if got := math.Round(100 * p.Published); got != want.Published {
				t.Errorf("%s %s: published as %v %%, want %v %%", p.Practice, p.Period, got, want.Published)
			}
		}
		if compared < 20 {
			t.Errorf("only %d months could be compared", compared)
		}
		// February's five answers of P01 wait for March; April's one waits still.
		if got, want := fftLines(t, s, "p01"), "2024-W13: 2024-W05–2024-W13 1:3 2:6 3:9 4:37 5:76 na:0"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestImportFFTWeekly: every answer of the file is in a release or waits, none twice.
func TestImportFFTWeekly(t *testing.T) {
	file, err := os.ReadFile("testdata/fft_weekly_counts.csv")
	must(t, err)
	// The same sums by the plainest means: split at commas, add up until ten are valid.
	released, waiting := map[string][6]int{}, map[string][6]int{}
	rows := strings.Split(strings.TrimSpace(string(file)), "\n")[1:]
	for _, row := range rows {
		var name, week string
		var c [6]int
		fields := strings.SplitN(row, ",", 3)
		name, week = fields[0], fields[1]
		if _, err := fmt.Sscanf(fields[2], "%d,%d,%d,%d,%d,%d", &c[0], &c[1], &c[2], &c[3], &c[4], &c[5]); err != nil {
			t.Fatal(week, err)
		}
		sum, valid := waiting[name], 0
		for i := range c {
			if sum[i] += c[i]; i < 5 {
				valid += sum[i]
			}
		}
		waiting[name] = sum
		if valid >= 10 {
			out := released[name]
			for i := range out {
				out[i] += sum[i]
			}
			released[name], waiting[name] = out, [6]int{}
		}
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		periods, err := importFFT(s, string(file))
		must(t, err)
		if len(periods) != len(rows) {
			t.Errorf("%d periods of %d rows", len(periods), len(rows))
		}
		for name, want := range released {
			p, err := s.PracticeBySlug(ctx, strings.ToLower(name))
			must(t, err)
			releases, err := s.Releases(ctx, store.Key{PracticeID: p.ID, Survey: "fft", Version: 1})
			must(t, err)
			// Lifted over the gate's floors and let down again: a sum may be small.
			sum := disclosure.Seal(map[string]int{"5": 30, "4": 30, "3": 30, "2": 30, "1": 30, "na": 30})
			for _, r := range releases {
				sum = sum.Plus(r.Questions["experience"].Counts)
			}
			shown, ok := disclosure.Gate{}.Question(sum, nil, "na")
			if !ok {
				t.Fatal("the gate is closed")
			}
			var got [6]int
			for i, code := range []string{"5", "4", "3", "2", "1"} {
				got[i] = shown.Counts()[code] - 30
			}
			got[5] = shown.Aside() - 30
			if waits := want[5] - got[5]; waits >= 0 && waits < disclosure.Floor { // "don't know" waits until it is ten
				got[5] = want[5]
			}
			if got != want {
				t.Errorf("%s: released %v, want %v", name, got, want)
			}
		}
	})
}

func TestImportFFTRefusesABadRowAndStoresNothing(t *testing.T) {
	const good = "Eidsvåg,2024-W08,30,2,0,0,0,0,32\n"
	bad := map[string]struct{ file, want string }{
		"empty file":                    {"", "line 1: EOF"},
		"unknown column":                {"practice,isoweek,comment\n", `line 1: column "comment"`},
		"column twice":                  {"practice,practice\n", `line 1: column "practice"`},
		"no practice":                   {strings.TrimPrefix(weekly, "practice,"), "line 1: the file needs a column practice"},
		"neither week nor month":        {strings.Replace(weekly, "isoweek,", "", 1), "line 1: the file needs a column practice and either"},
		"week and month":                {strings.Replace(weekly, "isoweek,", "isoweek,month,", 1), "line 1: the file needs a column practice and either"},
		"an option missing":             {strings.Replace(weekly, ",dont_know", "", 1), "line 1: the file needs a column dont_know"},
		"a field too few":               {weekly + good + "Lillevik,2024-W08,30,2,0,0,0,0\n", "line 3"},
		"an open quote":                 {weekly + good + "\"Lillevik,2024-W08,30,2,0,0,0,0,32\n", "line 3"},
		"a week the year does not have": {weekly + good + "Lillevik,2024-W53,30,2,0,0,0,0,32\n", "line 3: 2024 has no week 53"},
		"a week written otherwise":      {weekly + good + "Lillevik,2024-8,30,2,0,0,0,0,32\n", `line 3: "2024-8" is not a week`},
		"a month the year does not have": {monthly + "Eidsvåg,2024-02,30,2,0,0,0,0\n" + "Lillevik,2024-13,30,2,0,0,0,0\n",
			`line 3: "2024-13" is not a month`},
		"a negative number":          {weekly + good + "Lillevik,2024-W08,30,-2,0,0,0,0,28\n", `line 3: likely is "-2"`},
		"a broken number":            {weekly + good + "Lillevik,2024-W08,30,2.5,0,0,0,0,32\n", `line 3: likely is "2.5"`},
		"no number":                  {weekly + good + "Lillevik,2024-W08,30,,0,0,0,0,30\n", `line 3: likely is ""`},
		"a number beyond belief":     {weekly + good + "Lillevik,2024-W08,30,1000001,0,0,0,0,1000031\n", `line 3: likely is "1000001"`},
		"a number beyond counting":   {weekly + good + "Lillevik,2024-W08,30,99999999999999999999,0,0,0,0,1\n", "line 3: likely is"},
		"a total that is another":    {weekly + good + "Lillevik,2024-W08,30,2,0,0,0,0,33\n", `line 3: total is "33", the answers add up to 32`},
		"a row twice":                {weekly + good + "Lillevik,2024-W08,30,2,0,0,0,0,32\n" + good, "line 4: Eidsvåg has 2024-W08 already on line 2"},
		"no name":                    {weekly + good + ",2024-W08,30,2,0,0,0,0,32\n", `line 3: "" cannot be the name`},
		"a name without letters":     {weekly + good + "–,2024-W08,30,2,0,0,0,0,32\n", "line 3: \"–\" cannot be the name"},
		"a name longer than a sign":  {weekly + good + strings.Repeat("x", 81) + ",2024-W08,30,2,0,0,0,0,32\n", "line 3"},
		"an error behind many lines": {weekly + good + "\n\nLillevik,2024-W08,x,2,0,0,0,0,32\n", "line 5: extremely_likely"},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, name := range slices.Sorted(maps.Keys(bad)) {
			periods, err := importFFT(s, bad[name].file)
			if err == nil || !strings.Contains(err.Error(), bad[name].want) || periods != nil {
				t.Errorf("%s: %v, %v, want %q", name, periods, err, bad[name].want)
			}
		}
		if got := slugs(t, s); got != "" {
			t.Errorf("practices made: %s", got)
		}
		periods, err := importFFT(s, weekly+good)
		if err != nil || len(periods) != 1 || !periods[0].Released {
			t.Errorf("the good row alone: %+v, %v", periods, err)
		}
	})
}

func TestImportFFTTwiceIsAConflictAndChangesNothing(t *testing.T) {
	const file = weekly +
		"Lillevik,2024-W09,4,0,0,0,0,0,4\n" + // in any order
		"Eidsvåg,2024-W08,30,2,0,0,0,1,33\n" +
		"Lillevik,2024-W08,3,1,1,1,1,2,9\n" +
		"Eidsvåg,2024-W09,3,0,0,0,0,0,3\n"
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, err := importFFT(s, file)
		must(t, err)
		check := func(when string) {
			t.Helper()
			if got, want := fftLines(t, s, "eidsvag"), "2024-W08: 2024-W08–2024-W08 1:0 2:0 3:0 4:2 5:30 na:0"; got != want {
				t.Errorf("%s: got %s, want %s", when, got, want)
			}
			if got, want := fftLines(t, s, "lillevik"), "2024-W09: 2024-W08–2024-W09 1:1 2:1 3:1 4:1 5:7 na:0"; got != want {
				t.Errorf("%s: got %s, want %s", when, got, want)
			}
		}
		check("at first")
		// A conflict in the second practice undoes the first, and a new practice with it.
		for name, again := range map[string]string{
			"the same file":       file,
			"with a new practice": file + "Aaby,2024-W08,30,0,0,0,0,0,30\n",
			"an older week":       weekly + "Aaby,2024-W08,30,0,0,0,0,0,30\nLillevik,2024-W07,30,0,0,0,0,0,30\n",
		} {
			if _, err := importFFT(s, again); fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v, want a conflict", name, err)
			}
			check(name)
			if got, want := slugs(t, s), "eidsvag lillevik"; got != want {
				t.Errorf("%s: practices %s, want %s", name, got, want)
			}
		}
		// What was left over at the end of the file is not stored: the next file does not find it.
		_, err = importFFT(s, weekly+"Eidsvåg,2024-W10,0,7,0,0,0,0,7\n")
		must(t, err)
		check("after the next file")
	})
}

func fftEntry(p practice.Practice, receipt, option string) store.Entry {
	return store.Entry{Receipt: receipt, PracticeID: p.ID, Channel: "qr",
		Answers: []store.Answers{{Survey: "fft", Version: 1, Options: map[string]string{"experience": option}}}}
}

// TestAnImportNeverStopsTheWeeklyClose brings in weeks that are closed by the import itself, running, or
// to come, into a practice that has answers of its own to the same survey.
func TestAnImportNeverStopsTheWeeklyClose(t *testing.T) {
	for _, week := range []string{"2026-W46", "2026-W47", "2026-W48", "2029-W01"} {
		t.Run(week, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				ctx := context.Background()
				live, other := newPractice(t, s, "Live"), newPractice(t, s, "Other")
				var batch []store.Entry
				for i := range 12 {
					batch = append(batch, fftEntry(live, fmt.Sprint("a", i), "1"), entry(other, fmt.Sprint("b", i), "5"))
				}
				must(t, s.Count(ctx, importDay.AddDate(0, 0, -1), batch))
				_, err := importFFT(s, weekly+"Live,"+week+",30,2,0,0,0,0,32\n")
				if fault.KindOf(err) != fault.Conflict {
					t.Errorf("bringing in %s: %v, want a conflict", week, err)
				}
				closer := aggregate.NewCloser(s, disclosure.Gate{}, quiet)
				for _, at := range []int{0, 7} {
					if err := closer.CloseEnded(ctx, importDay.AddDate(0, 0, at)); err != nil {
						t.Errorf("the close fails: %v", err)
					}
				}
				if got := lines(t, s, polite(other), "polite", "5"); !strings.HasPrefix(got, "2026-W47: 2026-W47–2026-W47 5:12") {
					t.Errorf("another practice's answers: %q", got)
				}
			})
		})
	}
}

func TestAnImportLetsNoWaitingAnswersOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := newPractice(t, s, "Live")
		must(t, s.Count(context.Background(), importDay, []store.Entry{fftEntry(p, "a", "1")}))
		_, err := importFFT(s, weekly+"Live,2024-W08,30,2,0,0,0,0,32\n")
		must(t, err)
		if got, want := fftLines(t, s, "live"), "2024-W08: 2024-W08–2024-W08 1:0 2:0 3:0 4:2 5:30 na:0"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestImportFFTRefusesNames(t *testing.T) {
	for name, file := range map[string]struct{ rows, want string }{
		"not UTF-8":     {"Eidsv\xe5g,2024-W08,30,2,0,0,0,0,32\n", "line 2"},
		"two spellings": {"Østby,2024-W08,30,2,0,0,0,0,32\nOstby,2024-W09,30,2,0,0,0,0,32\n", "line 3"},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				_, err := importFFT(s, weekly+file.rows)
				if err == nil || !strings.Contains(err.Error(), file.want) {
					t.Errorf("got %v, want an error that names %s", err, file.want)
				}
				if got := slugs(t, s); got != "" {
					t.Errorf("practices made: %s", got)
				}
			})
		})
	}
}
