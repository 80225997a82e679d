package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// batchToken is the token of an empty batch of Eidsvåg's.
func (f *fixture) batchToken(t testing.TB) string {
	t.Helper()
	return token(t, f.get(t, kari, "/practices/"+f.eidsvag.ID+"/paper/entry"))
}

// token is the token in a page.
func token(t testing.TB, r response) string {
	t.Helper()
	m := tokenPattern.FindStringSubmatch(r.body)
	if m == nil {
		t.Fatalf("no token in\n%.600s", r.body)
	}
	return m[1]
}

// sendBatch presses a button of a batch of sheets of the visit survey; without a token, of a fresh one.
func (f *fixture) sendBatch(t testing.TB, as, do, token string, sheets ...string) response {
	t.Helper()
	if token == "" {
		token = f.batchToken(t)
	}
	return f.do(t, as, http.MethodPost, "/practices/"+f.eidsvag.ID+"/paper/entry",
		url.Values{"token": {token}, "mark": {"visit-1"}, "do": {do}, "sheet": sheets}, "Accept-Language", "nb")
}

var sheetPattern = regexp.MustCompile(`name="sheet" value="([^"]+)"`)

// typed is what the rows of a page hold, empty ones left out.
func typed(r response) (sheets []string) {
	for _, m := range sheetPattern.FindAllStringSubmatch(r.body, -1) {
		sheets = append(sheets, m[1])
	}
	return sheets
}

// pending writes what waits of Eidsvåg's visit survey, "paper:12 | 4:12", by channel and for one
// question; reading it takes it away.
func (f *fixture) pending(t testing.TB, question string) string {
	t.Helper()
	out := ""
	last, err := f.Store.LastClosed(context.Background())
	must(t, err)
	farOff := max(last, calendar.Week("2998-W40")).Add(1) // a close that the clock knows nothing of
	_, err = f.Store.CloseWeek(context.Background(), farOff, store.Division{Divide: func(survey string, p store.Sums) (store.Sums, store.Sums) {
		if survey == "visit" {
			out = strings.Trim(fmt.Sprintf("%v | %v | %v", p.Channels.Counts, p.Points.Counts, p.Questions[question].Counts), " ")
		}
		return store.Sums{}, store.Sums{}
	}})
	must(t, err)
	return strings.ReplaceAll(out, "map", "")
}

func TestABatchIsKeptNowhereUntilItIsSent(t *testing.T) {
	f := newFixture(t)
	sheets := append(slices.Repeat([]string{"54321"}, 11), "-----", "")
	tk := f.batchToken(t)
	review := f.sendBatch(t, sara, "review", tk, sheets...)
	if review.StatusCode != http.StatusOK || !slices.Equal(typed(review), sheets[:12]) || !strings.Contains(review.body, "ark 12.") {
		t.Fatalf("status %d, rows %q", review.StatusCode, typed(review))
	}
	for _, do := range []string{"mend", "more"} {
		if r := f.sendBatch(t, sara, do, tk, sheets...); r.StatusCode != http.StatusOK || !slices.Equal(typed(r), sheets[:12]) {
			t.Errorf("%s: status %d, rows %q", do, r.StatusCode, typed(r))
		}
	}
	if got := f.pending(t, "polite"); got != "" {
		t.Errorf("before it is sent %s is pending", got)
	}
	r := f.sendBatch(t, sara, "send", tk, sheets...)
	if r.StatusCode != http.StatusOK || !strings.Contains(r.body, "11 ark er talt") || !strings.Contains(r.body, "Ett ark var uten svar") {
		t.Errorf("status %d:\n%.900s", r.StatusCode, r.body)
	}
	if got, want := f.pending(t, "polite"), "[paper:11] | [] | [5:11]"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
}

// TestABatchIsCountedOnce presses the button twenty times at once, on both engines, and then once more
// with something changed.
func TestABatchIsCountedOnce(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			f := newFixtureOn(t, e)
			tk, sheets := f.batchToken(t), slices.Repeat([]string{"5---1"}, 10)
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if r := f.sendBatch(t, kari, "send", tk, sheets...); r.StatusCode != http.StatusOK || !strings.Contains(r.body, "talt") {
						t.Errorf("status %d", r.StatusCode)
					}
				})
			}
			wg.Wait()
			changed := append(slices.Clone(sheets), "44444")
			for _, do := range []string{"review", "send", "mend"} {
				r := f.sendBatch(t, kari, do, tk, changed...)
				if r.StatusCode != http.StatusOK || !strings.Contains(r.body, "Bunken er alt talt") || strings.Contains(r.body, "11 ark") {
					t.Errorf("%s of a batch that was sent: status %d", do, r.StatusCode)
				}
			}
			if got, want := f.pending(t, "overall"), "[paper:10] | [] | [1:10]"; got != want {
				t.Errorf("counted %s, want %s", got, want)
			}
		})
	}
}

func TestARefusedBatchLosesNothing(t *testing.T) {
	f := newFixture(t)
	ten := slices.Repeat([]string{"54321"}, 10)
	with := func(more ...string) []string { return append(slices.Clone(ten), more...) }
	for _, c := range []struct {
		name   string
		sheets []string
		want   string
	}{
		{"nine", ten[:9], "Det må være minst 10"},
		{"none", nil, "Det må være minst 10"},
		{"nine and one without an answer", append(slices.Clone(ten[:9]), "-----"), "Bunken har 9 ark med svar"},
		{"a wrong digit", with("54361"), "Ark 11: D kan være 1–5, 0, –."},
		{"too short", with("5432"), "Ark 11: 4 tegn er tastet, og det er 5 spørsmål."},
		{"too long", with("543211"), "Ark 11: 6 tegn er tastet"},
		{"words", with("fin lege"), "Ark 11: A kan være"},
		{"201", slices.Repeat([]string{"54321"}, 201), "mer enn 200 ark"},
		{"two wrong ones", append([]string{"9----"}, with("----9")...), "Ark 12: E kan være 1–5, –."},
	} {
		for _, do := range []string{"review", "send"} {
			r := f.sendBatch(t, kari, do, "", c.sheets...)
			if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, c.want) {
				t.Errorf("%s, %s: status %d, want %q", c.name, do, r.StatusCode, c.want)
			}
			if got := typed(r); !slices.Equal(got, c.sheets) {
				t.Errorf("%s, %s: %d rows are left of %d: %q", c.name, do, len(got), len(c.sheets), got)
			}
		}
	}
	if got := f.pending(t, "polite"); got != "" {
		t.Errorf("%s was counted", got)
	}
	if r := f.sendBatch(t, kari, "send", "", slices.Repeat([]string{"54321"}, 200)...); r.StatusCode != http.StatusOK {
		t.Errorf("200 sheets: status %d", r.StatusCode)
	}
	if got, want := f.pending(t, "polite"), "[paper:200] | [] | [5:200]"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
}

// TestABatchHasAtLeastTheFloor: where nothing is shown of fewer than twelve, eleven sheets are too few.
func TestABatchHasAtLeastTheFloor(t *testing.T) {
	f := newFixture(t)
	gate, err := disclosure.NewGate(12, disclosure.CohortFloor)
	must(t, err)
	f.Reports = report.New(f.Store, f.Surveys, gate)
	for sheets, status := range map[int]int{11: http.StatusUnprocessableEntity, 12: http.StatusOK} {
		if r := f.sendBatch(t, kari, "review", "", slices.Repeat([]string{"54321"}, sheets)...); r.StatusCode != status {
			t.Errorf("%d sheets: status %d, want %d", sheets, r.StatusCode, status)
		}
	}
}

func TestABatchThatCannotBeCountedCanBeSentAgain(t *testing.T) {
	f := newFixture(t)
	sheets := slices.Repeat([]string{"54321"}, 10)
	tk := f.batchToken(t)
	f.Intake.Stop()
	r := f.sendBatch(t, kari, "send", tk, sheets...)
	if r.StatusCode != http.StatusServiceUnavailable || !slices.Equal(typed(r), sheets) || token(t, r) != tk || !strings.Contains(r.body, "Bunken ble ikke talt") {
		t.Errorf("status %d, rows %q", r.StatusCode, typed(r))
	}
}

func TestABatchOfYesterday(t *testing.T) {
	f := newFixture(t)
	sheets := slices.Repeat([]string{"54321"}, 10)
	tk := f.batchToken(t)
	f.clock = f.clock.Add(25 * time.Hour)
	delete(f.cookies, kari)
	r := f.sendBatch(t, kari, "send", tk, sheets...)
	if r.StatusCode != http.StatusUnprocessableEntity || !slices.Equal(typed(r), sheets) || !strings.Contains(r.body, "mer enn ett døgn gammel") {
		t.Errorf("status %d, rows %q", r.StatusCode, typed(r))
	}
	if r := f.sendBatch(t, kari, "send", token(t, r), sheets...); r.StatusCode != http.StatusOK {
		t.Errorf("with the token of that page: status %d", r.StatusCode)
	}
	if got, want := f.pending(t, "polite"), "[paper:10] | [] | [5:10]"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
}

func TestTokensOfFormsAndBatchesDoNotMix(t *testing.T) {
	f := newFixture(t)
	sheets := slices.Repeat([]string{"54321"}, 10)
	if r := f.sendBatch(t, kari, "send", f.token(t, f.point.Code), sheets...); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a batch with a form's token: status %d", r.StatusCode)
	}
	form := url.Values{"token": {f.batchToken(t)}, "visit.polite": {"5"}}
	if r := f.do(t, nobody, http.MethodPost, "/k/"+string(f.point.Code), form); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a form with a batch's token: status %d", r.StatusCode)
	}
	// Nor those of two practices.
	theirs := token(t, f.get(t, olav, "/practices/"+f.lillevik.ID+"/paper/entry"))
	if r := f.sendBatch(t, kari, "send", theirs, sheets...); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a batch with another practice's token: status %d", r.StatusCode)
	}
	if got := f.pending(t, "polite"); got != "" {
		t.Errorf("%s was counted", got)
	}
}

// TestAMarkSaysWhatTheDigitsMean: sheets printed before the practice asked about digital services are
// read as what they are.
func TestAMarkSaysWhatTheDigitsMean(t *testing.T) {
	f := newFixture(t)
	var marks []string
	for _, s := range f.sheets(f.eidsvag) {
		marks = append(marks, s.Mark())
	}
	if want := []string{"visit-1.digital-1", "visit-1"}; !slices.Equal(marks, want) {
		t.Errorf("sheets %q, want %q", marks, want)
	}
	send := func(mark, signs string) response {
		return f.do(t, kari, http.MethodPost, "/practices/"+f.eidsvag.ID+"/paper/entry", url.Values{"token": {f.batchToken(t)},
			"mark": {mark}, "do": {"send"}, "sheet": slices.Repeat([]string{signs}, 10)})
	}
	for _, c := range []struct {
		mark, signs string
		status      int
	}{
		{"visit-1.digital-1", "543211123400", 200}, {"visit-1", "54321", 200}, {"visit-1", "543211123400", 422},
		{"", "543211123400", 200}, {"visit-2", "54321", 404}, {"fft-1", "5", 404}, {"digital-1", "1123400", 404},
	} {
		if r := send(c.mark, c.signs); r.StatusCode != c.status {
			t.Errorf("%q with %s: status %d, want %d", c.mark, c.signs, r.StatusCode, c.status)
		}
	}
}

// TestPaperSaysWhatTheScreenSays: the same questions and options in the same words and order, in every
// language, and nowhere to write.
func TestPaperSaysWhatTheScreenSays(t *testing.T) {
	f := newFixture(t)
	words := regexp.MustCompile(`<legend>([^<]*)</legend>|<span>([^<]*)</span></label>`)
	for _, lang := range []string{"nb", "nn", "en"} {
		screen := f.get(t, nobody, "/k/"+string(f.point.Code)+"?lang="+lang).body
		paper := f.get(t, kari, "/practices/"+f.eidsvag.ID+"/paper?lang="+lang).body
		at, n := 0, 0
		for _, m := range words.FindAllStringSubmatch(screen, -1) {
			text := m[1] + m[2]
			i := strings.Index(paper[at:], text)
			if i < 0 {
				t.Fatalf("%s: %q is not on paper, or not in its place", lang, text)
			}
			at, n = at+i, n+1
		}
		if n < 12+60 {
			t.Errorf("%s: only %d words compared", lang, n)
		}
		if strings.Contains(paper, "<input") || strings.Contains(paper, "<textarea") {
			t.Errorf("%s: there is a field", lang)
		}
	}
}

// FuzzBatch posts whatever there is. The server never fails, and nothing under ten sheets is counted.
func FuzzBatch(f *testing.F) {
	fx := newFixture(f)
	fx.signIn(f, kari)
	for _, s := range []string{"54321\n54321", "9", "-----", strings.Repeat("54321\n", 9), "\x00\xff", "٥٤٣٢١"} {
		f.Add(s, "review")
		f.Add(s, "send")
	}
	f.Fuzz(func(t *testing.T, sheets, do string) {
		rows := strings.SplitN(sheets, "\n", disclosure.Floor-1)
		r := fx.sendBatch(t, kari, do, "", rows...)
		if r.StatusCode >= 500 {
			t.Fatalf("status %d", r.StatusCode)
		}
		if strings.Contains(r.body, " talt</h1>") {
			t.Errorf("%d sheets were counted: %q", len(rows), rows)
		}
	})
}
