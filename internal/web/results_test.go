package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// file fetches a file in a language and reads it in both forms, which must say the same.
func (f *fixture) file(t testing.TB, as, path, language string) results {
	t.Helper()
	address, query, _ := strings.Cut(path, "?")
	r := f.get(t, as, address+".json?lang="+language+"&"+query)
	if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") ||
		!strings.HasPrefix(r.Header.Get("Content-Disposition"), `attachment; filename="venterom-`) {
		t.Fatalf("%s.json as %q: status %d, headers %v", address, as, r.StatusCode, r.Header)
	}
	var f1 results
	d := json.NewDecoder(strings.NewReader(r.body))
	d.DisallowUnknownFields()
	must(t, d.Decode(&f1))
	c := f.get(t, as, address+".csv?lang="+language+"&"+query)
	if c.StatusCode != http.StatusOK || c.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("%s.csv as %q: status %d, headers %v", address, as, c.StatusCode, c.Header)
	}
	sameTable(t, f1, cells(t, c.body, language), language)
	return f1
}

// cells reads a table as a spreadsheet in the language does.
func cells(t testing.TB, body, language string) [][]string {
	t.Helper()
	body, marked := strings.CutPrefix(body, "\ufeff")
	if !marked {
		t.Error("no mark of UTF-8")
	}
	r := csv.NewReader(strings.NewReader(body))
	if language != "en" {
		r.Comma = ';'
	}
	rows, err := r.ReadAll()
	must(t, err)
	if len(rows) == 0 || len(rows[0]) != len(columns) {
		t.Fatalf("the head of the table: %q", rows)
	}
	return rows
}

// sameTable holds a table against the figures it is of, and looks for formulas and untranslated keys.
func sameTable(t testing.TB, f results, rows [][]string, language string) {
	t.Helper()
	if len(rows) != 1+len(f.Figures) {
		t.Fatalf("%d rows and a head, %d figures", len(rows)-1, len(f.Figures))
	}
	numbers := []string{"value", "low", "high", "level", "n", "n_before"}
	at := func(row []string, column string) string { return row[slices.Index(columns, column)] }
	key := regexp.MustCompile(`^(results|measure|define|unit)\.|<no value|%!`)
	for i, x := range f.Figures {
		row := rows[i+1]
		times := 1.0
		if strings.HasPrefix(x.Unit, "share") {
			times = 100
		}
		for column, want := range map[string]*float64{"value": x.Value, "low": x.Low, "high": x.High} {
			text := at(row, column)
			if language != "en" {
				text = strings.Replace(text, ",", ".", 1)
			}
			got, err := strconv.ParseFloat(text, 64)
			if want == nil && text != "" || want != nil && (err != nil || math.Abs(got-*want*times) > 6e-5) {
				t.Errorf("%s %s %s: the table has %s %q, want %v", x.Part, x.Question, x.Measure, column, at(row, column), want)
			}
		}
		if n := at(row, "n"); n != strconv.Itoa(x.N) && (n != "" || x.N != 0) {
			t.Errorf("%s %s: the table has n %q, want %d", x.Part, x.Measure, n, x.N)
		}
		if (x.Bound == "") != (at(row, "bound") == "") || at(row, "definition") == "" || at(row, "definition") != f.Definitions[x.Measure] || at(row, "method") != strconv.Itoa(x.Method) {
			t.Errorf("limit, definition or method: %q of %+v", row, x)
		}
		if x.Value == nil && x.Low == nil && x.Verdict == "" && x.Unit != "event" {
			t.Errorf("nothing is given and nothing says why: %+v", x)
		}
		for c, cell := range row {
			if key.MatchString(cell) {
				t.Errorf("not in words: %q", cell)
			}
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") && !slices.Contains(numbers, columns[c]) {
				t.Errorf("a spreadsheet may take %s %q for a formula", columns[c], cell)
			}
		}
	}
}

// of picks figures of one part and question.
func (f results) of(part, question string) []figure {
	return slices.DeleteFunc(slices.Clone(f.Figures), func(x figure) bool { return x.Part != part || x.Question != question })
}

// randomPractice releases random answers to Eidsvåg, some of them few, some all alike.
func (f *fixture) randomPractice(t testing.TB, r *rand.Rand) {
	t.Helper()
	week := calendar.Week("2025-W30")
	size := []int{12, 25, 40, 120}[r.IntN(4)]
	for range 6 + r.IntN(30) {
		week = week.Add(1 + r.IntN(3))
		if week > "2026-W47" {
			break
		}
		questions := map[string]map[string]int{}
		for _, id := range []string{"polite", "waitroom", "waittime", "consult", "overall"} {
			n := 10 + r.IntN(size)
			counts := map[string]int{}
			if r.IntN(6) == 0 {
				counts[strconv.Itoa(1+4*r.IntN(2))] = n
			} else {
				for range n {
					counts[strconv.Itoa(min(5, 1+r.IntN(7)))]++
				}
				counts["na"] = r.IntN(8)
			}
			if r.IntN(5) > 0 {
				questions[id] = counts
			}
		}
		index := map[string]int{}
		for range 10 + r.IntN(size) {
			index[strconv.Itoa(5*r.IntN(21))]++
		}
		questions["index"] = index
		f.release(t, f.eidsvag.Name, "visit", week, map[string]int{"qr": 20 + r.IntN(size), "slip": r.IntN(30)}, questions)
	}
}

// TestFilesHaveThePagesNumbers: on random practices every number of a question that the page writes is
// in the file, and every figure of the file is on the page as the page writes it.
func TestFilesHaveThePagesNumbers(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := newFixture(t)
			f.randomPractice(t, rand.New(rand.NewPCG(seed, 1)))
			f.count(t, 10+int(seed)*400)
			f.nextWeek(t)
			im := f.anImprovement(t)
			f.openResults(t, kari)
			language := i18n.Languages[seed%3]
			l := f.Words.In(language)
			file := f.file(t, kari, "/practices/"+f.eidsvag.ID+"/results", language)
			body := f.get(t, kari, "/practices/"+f.eidsvag.ID+"?lang="+language).body
			d, err := f.Reports.Dashboard(context.Background(), f.eidsvag, "", 0)
			must(t, err)
			percent := func(x float64) string { return l.Number(100*x, 0) }
			points := func(x float64) string { return l.Number(x, 0) }
			for _, q := range d.Questions {
				said := cardOf(t, body, "q-"+q.ID)
				for _, x := range file.of("now", q.ID) {
					var want []string
					switch {
					case x.Value == nil:
						want = []string{l.T("dashboard.few")}
					case x.Unit == "points":
						want = []string{points(*x.Value)}
						if x.Low != nil {
							want = append(want, l.T("dashboard.mean_between", "Low", points(*x.Low), "High", points(*x.High)))
						}
					case x.Measure == "positive":
						want = []string{l.T("dashboard.share_between", "Low", percent(*x.Low), "High", percent(*x.High))}
					case x.Measure == "answers", x.Measure == "aside":
						want = []string{points(*x.Value)}
					case x.Measure == "answers_share" && x.Bound == "" && *x.Value > 0.005 && *x.Value < 0.995:
						want = []string{x.Of + " " + l.Percent(*x.Value)}
					case x.Measure == "best":
						want = []string{percent(*x.Low) + "–" + percent(*x.High)}
					}
					if x.N > 0 {
						want = append(want, l.Number(float64(x.N), 0))
					}
					if x.Bound != "" {
						want = append(want, l.T("results."+x.Bound))
					}
					for _, text := range want {
						if !strings.Contains(said, plainSpace(text)) {
							t.Errorf("%s %s: the page of %s does not say %q:\n%s", x.Measure, x.Of, q.ID, text, said)
						}
					}
				}
				rows := regexp.MustCompile(`(?s)<tbody>(.*?)</tbody>`).FindAllStringSubmatch(rawCardOf(t, body, "q-"+q.ID), -1)
				var series [][]string // period, mean, n
				if q.Drawn() {
					for _, m := range regexp.MustCompile(`(?s)<th scope="row">([^<]*)</th>(.*?)</tr>`).FindAllStringSubmatch(rows[len(rows)-1][1], -1) {
						series = append(series, []string{m[1], words(m[2])})
					}
				}
				var means []figure
				for _, x := range file.of("series", q.ID) {
					if x.Measure == "mean" {
						means = append(means, x)
					}
				}
				if len(series) != len(means) {
					t.Fatalf("%s: the page has %d periods, the file %d", q.ID, len(series), len(means))
				}
				for i, x := range means {
					if x.Value == nil {
						if series[i][1] != " "+plainSpace(l.T("dashboard.too_few"))+" " {
							t.Errorf("%s %s: the file has nothing, the page %q", q.ID, x.Period, series[i][1])
						}
						continue
					}
					if !strings.Contains(series[i][1], points(*x.Value)) || !strings.HasSuffix(series[i][1], " "+plainSpace(l.Number(float64(x.N), 0))+" ") {
						t.Errorf("%s %s: the file has %v of %d, the page %q", q.ID, x.Period, *x.Value, x.N, series[i][1])
					}
				}
			}
			for _, q := range d.Questions {
				sameCourse(t, file.of("course", q.ID), q)
			}
			responses := cardOf(t, body, "responses")
			total := 0.0
			for _, x := range file.of("responses", "") {
				if x.Of == l.T("dashboard.col_total") {
					total += *x.Value
				}
				if !strings.Contains(responses, plainSpace(l.Number(*x.Value, 0))) {
					t.Errorf("%s of %s in %s is not on the page", l.Number(*x.Value, 0), x.Of, x.Period)
				}
			}
			if int(total) != d.Responses.Total {
				t.Errorf("%v responses, want %d", total, d.Responses.Total)
			}
			left := file.of("left_out", "")
			if len(left) != 1 || int(*left[0].Value) != d.Held.Waiting || d.Held.Waiting != 10+int(seed)*400 {
				t.Errorf("left out are %+v, want %+v", left, d.Held)
			}
			if want := plainSpace(l.T("dashboard.held", "N", l.Number(float64(d.Held.Waiting), 0))); !strings.Contains(words(body), want) {
				t.Errorf("the page does not say %q", want)
			}
			for i, s := range d.Summary.Shifts {
				for _, x := range file.of("change", s.Question) {
					if x.Measure == "mean_change" && (x.Verdict != string(s.Verdict) || (x.Value == nil) != (s.Mean == nil) || x.Value != nil && (*x.Value != s.Mean.Value || *x.Low != s.Mean.Interval.Low)) {
						t.Errorf("change %d: %+v, want %+v", i, x, s)
					}
				}
			}
			register := f.file(t, kari, "/practices/"+f.eidsvag.ID+"/improvements", language)
			page := f.said(t, kari, improvementPath(im), language)
			for _, x := range register.of("improvement", "waittime") {
				if x.Measure == "mean_change" && x.Value != nil && !strings.Contains(page, plainSpace(signed(l, *x.Value, 1))) {
					t.Errorf("%v is not on\n%s", *x.Value, page)
				}
			}
		})
	}
}

// sameCourse holds what the file says of a series as a whole against the report.
func sameCourse(t *testing.T, figures []figure, q report.Question) {
	t.Helper()
	if !q.Drawn() || q.Course == nil {
		if len(figures) > 0 {
			t.Errorf("%s has no series, and the file says %+v of it", q.ID, figures)
		}
		return
	}
	c := q.Course
	want := map[string]float64{"median": c.Median, "useful_points": float64(c.Useful), "crossings": float64(c.Crossings), "longest_run": float64(c.Longest)}
	if c.Limits != nil {
		want["control_limits"] = c.Limits.Centre
	}
	seen, marks := 0, 0
	for _, x := range figures {
		if value, ok := want[x.Measure]; ok {
			if seen++; *x.Value != value || x.N != c.Answers {
				t.Errorf("%s of %s: %v of %d, want %v of %d", x.Measure, q.ID, *x.Value, x.N, value, c.Answers)
			}
		}
		verdict := map[bool]string{true: "signal", false: "no_signal"}
		if !c.Enough {
			verdict = map[bool]string{true: "too_few_points", false: "too_few_points"}
		}
		switch x.Measure {
		case "longest_run":
			if x.Verdict != verdict[c.LongRun] {
				t.Errorf("the longest run of %s: %s, want %s", q.ID, x.Verdict, verdict[c.LongRun])
			}
		case "crossings":
			if x.Verdict != verdict[c.FewCrossings] {
				t.Errorf("the crossings of %s: %s, want %s", q.ID, x.Verdict, verdict[c.FewCrossings])
			}
		case "control_limits":
			if *x.Low != c.Limits.Low || *x.High != c.Limits.High {
				t.Errorf("the limits of %s: %v to %v, want %+v", q.ID, *x.Low, *x.High, c.Limits)
			}
		case "improvement_start":
			marks++
		}
	}
	if c.Longest == 0 {
		seen++
	}
	if seen != len(want) || marks != len(c.Improvements) {
		t.Errorf("%s: %d of %d findings, %d of %d improvements", q.ID, seen, len(want), marks, len(c.Improvements))
	}
}

func plainSpace(text string) string { return strings.ReplaceAll(text, "\u00a0", " ") }

func rawCardOf(t testing.TB, body, id string) string {
	t.Helper()
	_, card, ok := strings.Cut(body, `aria-labelledby="`+id+`"`)
	if !ok {
		t.Fatalf("no card %s", id)
	}
	card, _, _ = strings.Cut(card, "</article>")
	return card
}

func cardOf(t testing.TB, body, id string) string { return words(rawCardOf(t, body, id)) }

// TestFewAnswersGiveNoNumbers: nine responses and none give the same bytes, and no figure.
func TestFewAnswersGiveNoNumbers(t *testing.T) {
	f := newFixture(t)
	own := "/practices/" + f.lillevik.ID
	fetch := func() string {
		all := ""
		for _, path := range []string{"/results.csv", "/results.json", "/improvements.csv", "/improvements.json", "/report"} {
			r := f.get(t, olav, own+path, "Accept-Language", "nb")
			if r.StatusCode != http.StatusOK {
				t.Fatalf("%s: status %d", path, r.StatusCode)
			}
			all += r.body + r.Header.Get("Content-Disposition")
		}
		return all
	}
	f.clock = f.clock.AddDate(0, 0, 7)
	f.answer(t, f.point.Code, "visit.polite", "5")
	before := fetch()
	for range 9 {
		f.answer(t, f.elsewhere.Code, "visit.polite", "5")
	}
	_, err := f.Store.CloseWeek(context.Background(), calendar.WeekOf(f.clock), aggregate.Divide(disclosure.Gate{}))
	must(t, err)
	if after := fetch(); before != after {
		t.Errorf("with nine answers\n%s\nwith none\n%s", after, before)
	}
	if file := f.file(t, olav, own+"/results", "nb"); len(file.Figures) != 0 || file.Floor != 10 || file.Method != 1 {
		t.Errorf("%+v", file)
	}
}

// TestFewAnswersAreCoarseInFiles: under thirty answers no interval of the mean, three groups or a limit.
func TestFewAnswersAreCoarseInFiles(t *testing.T) {
	f := newFixture(t)
	f.release(t, f.eidsvag.Name, "visit", "2026-W46", map[string]int{"qr": 29}, map[string]map[string]int{
		"polite": {"5": 12}, "overall": {"1": 3, "2": 4, "3": 5, "4": 8, "5": 9}, "consult": {"1": 9}})
	f.openResults(t, kari)
	file := f.file(t, kari, "/practices/"+f.eidsvag.ID+"/results", "en")
	said := func(question string) string {
		var out []string
		for _, x := range file.of("now", question) {
			value := "none"
			if x.Value != nil {
				value = fmt.Sprintf("%.3f", *x.Value)
			}
			if x.Measure == "mean" && x.Low != nil {
				value += " with an interval"
			}
			out = append(out, strings.TrimSpace(x.Measure+" "+x.Of+" "+x.Bound+" "+value))
		}
		return strings.Join(out, "; ")
	}
	for question, want := range map[string]string{
		"polite": "mean  at_least 95.000; positive  at_least 0.833; answers_share All other answers at_most 0.167; answers_share Mostly, Completely at_least 0.833",
		"overall": "mean   63.793; positive   0.586; answers Not at all, A little  7.000; answers_share Not at all, A little  0.241; " +
			"answers Partly  5.000; answers_share Partly  0.172; answers Mostly, Completely  17.000; answers_share Mostly, Completely  0.586",
		"consult": "mean   none",
	} {
		if got := said(question); got != want {
			t.Errorf("%s:\n got %s\nwant %s", question, got, want)
		}
	}
}

// TestFilesAskFirst: whoever has not opened the results is asked what they believe, by every door.
func TestFilesAskFirst(t *testing.T) {
	f := newFixture(t)
	f.waits(t)
	im := f.anImprovement(t)
	for _, path := range []string{"/results.csv", "/results.json"} {
		r := f.get(t, kari, "/practices/"+f.eidsvag.ID+path)
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/practices/"+f.eidsvag.ID+"/assumption?survey=visit&version=1" || strings.Contains(r.body, "200") {
			t.Errorf("%s: status %d to %s", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
	register := f.file(t, kari, "/practices/"+f.eidsvag.ID+"/improvements", "nb")
	for _, x := range register.Figures {
		if x.Value != nil || x.N != 0 || x.Verdict != "unopened" && x.Unit != "event" {
			t.Errorf("unopened, and the file has %+v", x)
		}
	}
	f.openResults(t, kari)
	register = f.file(t, kari, "/practices/"+f.eidsvag.ID+"/improvements", "nb")
	var said []string
	for _, x := range register.Figures {
		value := "–"
		if x.Value != nil {
			value = fmt.Sprintf("%.1f", *x.Value)
		}
		said = append(said, fmt.Sprintf("%s %s %s n%d/%d %s", x.Measure, x.Period, value, x.Before, x.N, x.Verdict))
	}
	// The numbers are worked out by hand in the report's tests.
	if got, want := strings.Join(said, "; "), "improvement_start 2026-W45 – n0/0 ; mean 2026-W44 50.0 n0/100 ; positive 2026-W44 0.5 n0/100 ; mean 2026-W45 65.0 n0/100 ; "+
		"positive 2026-W45 0.8 n0/100 ; mean_change 2026-W45 15.0 n100/100 improved; positive_change 2026-W45 0.3 n100/100 ; target  60.0 n0/100 yes"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if register.Figures[0].Of != im.Done {
		t.Errorf("of %q", register.Figures[0].Of)
	}
	if r := f.get(t, sara, "/practices/"+f.eidsvag.ID+"/results.json"); r.StatusCode != http.StatusSeeOther {
		t.Errorf("opened by Kari, and Sara has status %d", r.StatusCode)
	}
}

// TestTypedTextIsNoFormula: what staff type is shown by a spreadsheet and not carried out.
func TestTypedTextIsNoFormula(t *testing.T) {
	f := newFixture(t)
	hostile := []string{`=HYPERLINK("https://evil.example";"Se her")`, "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1+1", "\r=1+1", "ordinær; med \"tegn\"\n=og linje"}
	for _, text := range hostile {
		_, err := f.Store.CreateImprovement(context.Background(), practice.Improvement{PracticeID: f.eidsvag.ID, Survey: "visit", Version: 1, Questions: []string{"polite"}, Done: text, Start: "2026-W45"})
		must(t, err)
	}
	file := f.file(t, kari, "/practices/"+f.eidsvag.ID+"/improvements", "nb") // sameTable looks for formulas
	seen := map[string]bool{}
	for _, x := range file.Figures {
		seen[x.Of] = true
	}
	for _, text := range hostile {
		if !seen[text] {
			t.Errorf("%q is not in the JSON as it was typed", text)
		}
	}
	if got := plain(""); got != "" {
		t.Errorf("nothing becomes %q", got)
	}
}

// TestMeasuresHaveWords: every measure and unit, in every language.
func TestMeasuresHaveWords(t *testing.T) {
	words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	must(t, err)
	for _, tag := range i18n.Languages {
		for measure, unit := range units {
			for _, key := range []string{"measure." + measure, "define." + measure, "unit." + unit} {
				if words.In(tag).T(key) == key {
					t.Errorf("%s has no %s", tag, key)
				}
			}
		}
		for _, key := range words.Keys(tag) {
			if measure, ok := strings.CutPrefix(key, "define."); ok && units[measure] == "" {
				t.Errorf("%s defines %s, which nothing measures", tag, measure)
			}
		}
	}
}

// TestDigitalFileHasItsReference: an unordered question waits for thirty answers, the national figures
// come with their number of practices, and nothing that somebody assumed is in the file.
func TestDigitalFileHasItsReference(t *testing.T) {
	f := newFixture(t)
	f.fillContacts(t)
	own := "/practices/" + f.eidsvag.ID
	guess := url.Values{"open": {"with"}, "believed.phone": {"4"}, "own.phone": {"1"}}
	if r := f.do(t, kari, http.MethodPost, own+"/assumption?survey=digital", guess); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", r.StatusCode)
	}
	file := f.file(t, kari, own+"/results?survey=digital", "nb")
	if page := f.said(t, kari, own+"?survey=digital&x=", "nb"); !strings.Contains(page, "Du trodde 100") {
		t.Error("nothing was assumed")
	}
	if body := f.get(t, kari, own+"/results.json?survey=digital").body; strings.Contains(body, "ssum") || strings.Contains(body, "trodde 100") {
		t.Errorf("what was assumed is in the file:\n%s", body)
	}
	said := map[string]string{}
	for _, x := range append(file.of("reference", "phone"), file.of("now", "used")...) {
		value := x.Verdict
		if x.Value != nil {
			value = fmt.Sprintf("%.2f of %d", *x.Value, x.N)
		}
		said[x.Measure] = value
	}
	for measure, want := range map[string]string{"reference_practical": "0.82 of 161", "reference_own": "0.84 of 161", "reference_believed": "0.89 of 161", "answers": "too_few"} {
		if said[measure] != want {
			t.Errorf("%s: %q, want %q", measure, said[measure], want)
		}
	}
}

// TestNetworkFilesSayWhatThePagesSay: the others' figures, the reasons where there are none, and names
// only where all agreed; of the coordinator's, no practice at all.
func TestNetworkFilesSayWhatThePagesSay(t *testing.T) {
	for name, c := range map[string]struct {
		sizes    []int
		consent  bool
		verdict  string // of the own share
		withheld string
		dots     int
	}{
		"four":            {[]int{60, 60, 60, 60}, false, "", "withheld_few", 0},
		"four, open":      {[]int{60, 60, 60, 8}, true, "", "withheld_few", 0},
		"five":            {[]int{60, 60, 60, 60, 60}, false, "alike", "", 0},
		"few own answers": {[]int{20, 60, 60, 60, 60}, false, "unsure", "", 0},
		"dominated":       {[]int{60, 600, 60, 60, 60}, false, "", "withheld_dominated", 0},
		"twelve":          {[]int{60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60}, false, "alike", "", 11},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.fill(t, c.consent, c.sizes...)
			address := networkAddress(f.eidsvag.ID, f.network.ID)
			file := f.file(t, kari, address+"/results", "nb")
			if named := practiceName.MatchString(f.get(t, kari, address+"/results.csv").body); named != c.consent {
				t.Errorf("named: %t", named)
			}
			card := ""
			if body := f.get(t, kari, address+"?lang=nb").body; strings.Contains(body, `"q-overall"`) {
				card = cardOf(t, body, "q-overall")
			}
			dots := 0
			l := f.Words.In("nb")
			for _, x := range append(file.of("own", "overall"), file.of("others", "overall")...) {
				var want string
				switch {
				case x.Measure == "positive" && x.Verdict != "uncertain" && x.Verdict != c.verdict:
					t.Errorf("the own share is %q, want %q", x.Verdict, c.verdict)
				case x.Measure == "network_mean" && x.Verdict != c.withheld:
					t.Errorf("withheld %q, want %q", x.Verdict, c.withheld)
				case x.Measure == "network_mean" && x.Value != nil:
					want = l.T("network.half", "Low", l.Number(*x.Low, 0), "High", l.Number(*x.High, 0))
				case x.Measure == "network_positive":
					want = l.T("network.middle_share", "Share", l.Percent(*x.Value))
				case x.Measure == "network_practices":
					want = l.T("network.others", "Count", int(*x.Value))
				case x.Measure == "network_limits_95", x.Measure == "network_limits_998":
					want = l.Number(100**x.Low, 0) + "–" + l.Number(100**x.High, 0)
				case x.Measure == "shrunk":
					want = l.T("network.shrunk", "Share", l.Percent(*x.Value), "Low", l.Number(100**x.Low, 0), "High", l.Number(100**x.High, 0))
				case x.Measure == "network_practice":
					dots++
				}
				if card != "" && !strings.Contains(card, plainSpace(want)) {
					t.Errorf("%s: the page does not say %q:\n%s", x.Measure, want, card)
				}
			}
			if dots != c.dots {
				t.Errorf("%d dots, want %d", dots, c.dots)
			}
			pooled := f.file(t, kim, "/networks/"+f.network.ID+"/results", "nb")
			if body := f.get(t, kim, "/networks/"+f.network.ID+"/results.json").body; practiceName.MatchString(body) || strings.Contains(body, "Eidsvåg") {
				t.Error("a practice is named to the coordinator")
			}
			for _, x := range pooled.of("network", "overall") {
				if x.N != 0 || x.Measure == "network_mean" && (x.Value == nil) != (c.withheld != "") {
					t.Errorf("the coordinator has %+v", x)
				}
			}
			for _, query := range []string{"?quarter=2019-Q1", "?survey=none"} {
				for _, path := range []string{"/results.csv", "/results.json", "/worksheet"} {
					if r := f.get(t, kari, address+path+query); r.StatusCode != http.StatusNotFound {
						t.Errorf("%s%s: status %d", path, query, r.StatusCode)
					}
				}
			}
		})
	}
}

// TestOnlyWhoHasJoinedGetsFiles: an invited practice is led to what it would share.
func TestOnlyWhoHasJoinedGetsFiles(t *testing.T) {
	f := newFixture(t)
	f.fill(t, false, 60, 60, 60, 60, 60)
	must(t, f.Store.InvitePractice(context.Background(), f.network.ID, f.lillevik.ID))
	own := networkAddress(f.lillevik.ID, f.network.ID)
	for _, path := range []string{"/results.csv", "/results.json", "/worksheet"} {
		if r := f.get(t, olav, own+path); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != own {
			t.Errorf("%s: status %d to %s", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

// TestGoldenFiles: the whole text of a small file in each form.
func TestGoldenFiles(t *testing.T) {
	f := newFixture(t)
	f.release(t, f.eidsvag.Name, "visit", "2026-W44", map[string]int{"qr": 40}, map[string]map[string]int{"waittime": {"1": 8, "2": 10, "3": 16, "4": 18, "5": 10, "na": 14}})
	f.release(t, f.eidsvag.Name, "visit", "2026-W46", map[string]int{"qr": 30, "slip": 12}, map[string]map[string]int{"waittime": {"1": 2, "3": 10, "5": 10}, "polite": {"5": 12}})
	f.openResults(t, kari)
	for name, language := range map[string]string{"results.csv": "nb", "results.json": "en"} {
		got := []byte(f.get(t, kari, "/practices/"+f.eidsvag.ID+"/"+name+"?lang="+language).body)
		golden := filepath.Join("testdata", name)
		if *update {
			must(t, os.MkdirAll("testdata", 0o755))
			must(t, os.WriteFile(golden, got, 0o644))
		}
		want, err := os.ReadFile(golden)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s (rewrite with -update):\n got %s\nwant %s", name, got, want)
		}
	}
}

// TestPagesLinkToTheirFiles: one click from the page, and the same survey, version and quarter.
func TestPagesLinkToTheirFiles(t *testing.T) {
	f := newFixture(t)
	f.fill(t, false, 60, 60, 60, 60, 60)
	f.anImprovement(t)
	own, network := "/practices/"+f.eidsvag.ID, networkAddress(f.eidsvag.ID, f.network.ID)
	for _, c := range []struct{ as, page, link string }{
		{kari, own, own + "/results.csv?survey=visit&version=1"}, {kari, own, own + "/results.json?survey=visit&version=1"},
		{kari, own, own + "/report?survey=visit&version=1"},
		{kari, own + "/improvements", own + "/improvements.csv"}, {kari, own + "/improvements", own + "/improvements.json"},
		{kari, network, network + "/results.csv?survey=visit&version=1&quarter=2026-Q3"}, {kari, network, network + "/results.json?survey=visit&version=1&quarter=2026-Q3"},
		{kari, network, network + "/worksheet?survey=visit&version=1&quarter=2026-Q3"},
		{kim, "/networks/" + f.network.ID, "/networks/" + f.network.ID + "/results.csv?survey=visit&version=1&quarter=2026-Q3"},
	} {
		if !strings.Contains(html.UnescapeString(f.get(t, c.as, c.page).body), `href="`+c.link+`"`) {
			t.Errorf("%s does not link to %s", c.page, c.link)
		}
		if r := f.get(t, c.as, c.link); r.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", c.link, r.StatusCode)
		}
	}
}
