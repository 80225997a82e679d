package app_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/venterom/venterom/internal/app"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/storetest"
)

// gppsQuestions are the questions of testdata/surveys/gpps-1.yaml with their number of options, the
// first of which is the best.
var gppsQuestions = []struct {
	id      string
	options int
}{{"phone_ease", 4}, {"appt_times", 5}, {"making_appt", 5}, {"overall", 5}, {"website", 5}}

// filledIn is one form: a practice, and a code for each of gppsQuestions, empty where it was skipped.
type filledIn struct {
	practice string
	codes    [5]string
}

// score is what is known of one question of one practice from elsewhere.
type score struct {
	Counts   []int      `json:"counts"` // best first
	TopBox   float64    `json:"top_box"`
	Positive float64    `json:"positive_top2"`
	Wilson   [2]float64 `json:"positive_wilson95"`
	Mean     float64    `json:"mean_0_100"`
}

// drawn makes answers as eight practices could have, some questions skipped, always the same.
func drawn() []filledIn {
	r := rand.New(rand.NewPCG(91, 494))
	var forms []filledIn
	for i, n := range []int{91, 200, 148, 250, 58, 82, 165, 31} {
		for range n {
			f := filledIn{practice: fmt.Sprintf("P%02d", i+1)}
			for k, q := range gppsQuestions {
				if n > 50 && r.IntN(20) == 0 {
					continue
				}
				f.codes[k] = strconv.Itoa(1 + min(q.options-1, int(r.ExpFloat64()*(0.5+0.2*float64(i)))))
			}
			f.codes[3] = "1" // never an empty form
			if r.IntN(3) == 0 {
				f.codes[3] = "2"
			}
			forms = append(forms, f)
		}
	}
	return forms
}

// scoresOf works the scores out again from the forms, by the formulas and without our packages.
func scoresOf(forms []filledIn) map[string]map[string]score {
	out := map[string]map[string]score{}
	for _, f := range forms {
		if out[f.practice] == nil {
			out[f.practice] = map[string]score{}
		}
		for k, q := range gppsQuestions {
			s := out[f.practice][q.id]
			if s.Counts == nil {
				s.Counts = make([]int, q.options)
			}
			if code, err := strconv.Atoi(f.codes[k]); err == nil {
				s.Counts[code-1]++
			}
			out[f.practice][q.id] = s
		}
	}
	for _, questions := range out {
		for id, s := range questions {
			n, sum := 0.0, 0.0
			for i, c := range s.Counts {
				n += float64(c)
				sum += float64(c) * 100 * float64(len(s.Counts)-1-i) / float64(len(s.Counts)-1)
			}
			p := float64(s.Counts[0]+s.Counts[1]) / n
			const z = 1.959963984540054 // the 97.5 % point of the normal distribution
			half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
			s.TopBox, s.Positive, s.Mean = float64(s.Counts[0])/n, p, sum/n
			s.Wilson = [2]float64{(p + z*z/(2*n) - half) / (1 + z*z/n), (p + z*z/(2*n) + half) / (1 + z*z/n)}
			questions[id] = s
		}
	}
	return out
}

// real reads answers and scores from the files that VENTEROM_REAL_RESPONSES and VENTEROM_REAL_SCORES
// name; ok is false if they name none. The answers' file has a column for each question, named as the
// score is, with a suffix such as _1to5.
func real(t testing.TB) (forms []filledIn, scores map[string]map[string]score, index map[string]float64, ok bool) {
	t.Helper()
	answers, oracle := os.Getenv("VENTEROM_REAL_RESPONSES"), os.Getenv("VENTEROM_REAL_SCORES")
	if answers == "" || oracle == "" {
		return nil, nil, nil, false
	}
	file, err := os.Open(answers)
	must(t, err)
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	must(t, err)
	name := map[string]string{} // of the column, by question
	column := map[string]int{}
	for i, head := range records[0] {
		column[head] = i
		for _, q := range gppsQuestions {
			if strings.HasPrefix(head, q.id+"_1to") {
				name[q.id] = head
			}
		}
	}
	for _, r := range records[1:] {
		f := filledIn{practice: r[column["practice"]]}
		for k, q := range gppsQuestions {
			f.codes[k] = r[column[name[q.id]]]
		}
		forms = append(forms, f)
	}
	text, err := os.ReadFile(oracle)
	must(t, err)
	var read struct {
		ByPractice map[string]map[string]json.RawMessage `json:"by_practice"`
	}
	must(t, json.Unmarshal(text, &read))
	scores, index = map[string]map[string]score{}, map[string]float64{}
	for p, values := range read.ByPractice {
		scores[p] = map[string]score{}
		for _, q := range gppsQuestions {
			var s score
			must(t, json.Unmarshal(values[name[q.id]], &s))
			scores[p][q.id] = s
		}
		var mean float64
		must(t, json.Unmarshal(values["person_index_mean"], &mean))
		index[p] = mean
	}
	return forms, scores, index, true
}

// TestWhatIsPostedComesOutExactly posts forms of a local survey over HTTP to a running server, closes
// the week, and holds what the report says of each practice against scores computed elsewhere: counts
// exactly, mean, share of the best answer, share positive and its Wilson limits to 1e-9. The answers
// are drawn from a fixed seed, or real ones where the environment names them (see real).
func TestWhatIsPostedComesOutExactly(t *testing.T) {
	forms, want, index, isReal := real(t)
	if !isReal {
		forms = drawn()
		want = scoresOf(forms)
	}
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			ctx := context.Background()
			dir := t.TempDir()
			a, err := app.Open(ctx, app.Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: storetest.DSN(t, e), Address: "127.0.0.1:0", BaseURL: "http://localhost",
				SecretFile: filepath.Join(dir, "secret"), Surveys: "testdata/surveys", Log: "warn"})
			must(t, err)
			defer a.Close()
			paths, practices := map[string]string{}, map[string]practice.Practice{}
			for _, name := range slices.Sorted(maps.Keys(want)) {
				p, point, err := a.Store.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: name, Survey: "gpps"}, "Venterommet")
				must(t, err)
				practices[name], paths[name] = p, "/k/"+string(point.Code)
			}

			serving, stop := context.WithCancel(ctx)
			listening, ended := make(chan net.Addr, 1), make(chan error, 1)
			go func() { ended <- a.Serve(serving, false, func(l net.Addr) { listening <- l }) }()
			var address string
			select {
			case l := <-listening:
				address = l.String()
			case err := <-ended:
				t.Fatal(err)
			}
			queue := make(chan filledIn)
			var clients sync.WaitGroup
			for range 16 {
				clients.Go(func() {
					c := newPatient(address, true)
					for f := range queue {
						token, err := c.token(paths[f.practice])
						if err != nil {
							t.Error(err)
							continue
						}
						form := visitForm(token, nil)
						for k, q := range gppsQuestions {
							if f.codes[k] != "" {
								form.Set("gpps."+q.id, f.codes[k])
							}
						}
						if ok, err := c.send(paths[f.practice], form); !ok || err != nil {
							t.Errorf("not acknowledged: %v", err)
						}
					}
				})
			}
			for _, f := range forms {
				queue <- f
			}
			close(queue)
			clients.Wait()
			stop()
			must(t, <-ended)
			releaseAll(t, a.Store)

			compared, furthest := 0, 0.0
			near := func(what string, got, want float64) {
				t.Helper()
				compared++
				furthest = max(furthest, math.Abs(got-want))
				if !(math.Abs(got-want) <= 1e-9) {
					t.Errorf("%s: got %.12f, want %.12f", what, got, want)
				}
			}
			reader := report.New(a.Store, a.Surveys, disclosure.Gate{})
			responses := 0
			for name, questions := range want {
				d, err := reader.Dashboard(ctx, practices[name], "gpps", 1)
				must(t, err)
				responses += d.Responses.Total
				for _, q := range d.Questions {
					if q.Derived {
						if q.Now == nil {
							t.Errorf("%s: no index", name)
						} else if isReal { // counted in steps of five, so that each can be off by half a step
							if math.Abs(q.Now.Mean.Value-index[name]) > 2.5 {
								t.Errorf("%s: index %.2f, want about %.2f", name, q.Now.Mean.Value, index[name])
							}
							t.Logf("%s: index %.2f, in finer steps %.2f", name, q.Now.Mean.Value, index[name])
						}
						continue
					}
					s, ok := questions[q.ID]
					if !ok || q.Now == nil || q.Now.Answers == nil {
						t.Errorf("%s %s: nothing is said of %v", name, q.ID, s.Counts)
						continue
					}
					got := slices.Clone(q.Now.Answers)
					slices.Reverse(got) // the report begins with the lowest score
					if !slices.Equal(got, s.Counts) {
						t.Errorf("%s %s: counts %v, want %v", name, q.ID, got, s.Counts)
					}
					if q.Now.Positive.Bound != disclosure.Exact || q.Now.Mean.Bound != disclosure.Exact {
						t.Errorf("%s %s: given as limits", name, q.ID)
					}
					what := name + " " + q.ID
					near(what+" mean", q.Now.Mean.Value, s.Mean)
					near(what+" best answer", float64(got[0])/float64(q.Now.N), s.TopBox)
					near(what+" positive", q.Now.Positive.Value, s.Positive)
					near(what+" lower limit", q.Now.Positive.Interval.Low, s.Wilson[0])
					near(what+" upper limit", q.Now.Positive.Interval.High, s.Wilson[1])
				}
			}
			if responses != len(forms) {
				t.Errorf("%d responses, want %d", responses, len(forms))
			}
			t.Logf("%d forms, %d practices, %d numbers compared, the furthest off by %.1e; real answers: %t",
				len(forms), len(want), compared, furthest, isReal)
		})
	}
}
