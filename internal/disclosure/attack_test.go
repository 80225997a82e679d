package disclosure_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

var gate disclosure.Gate

// vectors reads one of the sdc_*.json files: attacks worked out by another program than ours.
func vectors[T any](t *testing.T, name string) T {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestTablesWithTotals holds what we show of a table with a total (responses by channel) against the
// published tables: a part that must be hidden is never a part of its own with us, what is gathered is
// nothing or at least ten, and somebody who knows our rule cannot work a hidden part out. The
// two-dimensional vectors have no counterpart: nothing is ever crossed.
func TestTablesWithTotals(t *testing.T) {
	file := vectors[struct {
		OneDimensional []struct {
			Name       string `json:"name"`
			Values     []int  `json:"values"`
			Suppressed []int  `json:"suppressed_final"`
		} `json:"one_dimensional"`
	}](t, "sdc_suppression")
	if len(file.OneDimensional) == 0 {
		t.Fatal("no vectors")
	}
	for _, c := range file.OneDimensional {
		shown := mergedText(c.Values)
		for _, i := range c.Suppressed {
			if strings.Contains(" "+shown, fmt.Sprintf(" c%d=", i)) {
				t.Errorf("%s: part %d is shown: %s", c.Name, i, shown)
			}
		}
		// The parts that stay are known; every division of the gathered ones that is shown the same is
		// possible.
		var gathered []int
		sum := 0
		for i, n := range c.Values {
			if !strings.Contains(" "+shown, fmt.Sprintf(" c%d=", i)) {
				gathered, sum = append(gathered, i), sum+n
			}
		}
		if len(gathered) == 0 {
			continue
		}
		if sum < disclosure.Floor {
			t.Errorf("%s: %d are gathered", c.Name, sum)
		}
		least, most := slices.Clone(c.Values), make([]int, len(c.Values))
		divide(sum, len(gathered), func(parts []int) {
			world := slices.Clone(c.Values)
			for k, i := range gathered {
				world[i] = parts[k]
			}
			if mergedText(world) == shown {
				for _, i := range gathered {
					least[i], most[i] = min(least[i], world[i]), max(most[i], world[i])
				}
			}
		})
		for _, i := range gathered {
			if least[i] == most[i] {
				t.Errorf("%s: part %d can be worked out: %d", c.Name, i, least[i])
			}
		}
	}
}

func mergedText(values []int) string {
	counts := map[string]int{}
	for i, n := range values {
		counts[fmt.Sprintf("c%d", i)] = n
	}
	return text(gate.Merge(counts))
}

func text(counts map[string]int) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s=%d", k, counts[k]))
	}
	return strings.Join(out, " ")
}

// divide calls f with every division of sum in parts.
func divide(sum, parts int, f func([]int)) {
	var rec func(left int, made []int)
	rec = func(left int, made []int) {
		if len(made) == parts-1 {
			f(append(made, left))
			return
		}
		for n := range left + 1 {
			rec(left-n, append(made, n))
		}
	}
	rec(sum, nil)
}

type group struct {
	N, Positive, Negative int
}

// TestDifferencing plays the published subtractions against the close and the gate.
func TestDifferencing(t *testing.T) {
	file := vectors[struct {
		Temporal []struct {
			Difference group  `json:"difference"`
			Decision   string `json:"decision"`
		} `json:"temporal"`
		Filter []struct {
			Subset, Complement group
			Decision           string
		} `json:"filter"`
		Networks []struct {
			Practices map[string][2]int `json:"practices"`
			Viewer    string            `json:"viewer"`
			Decision  string            `json:"decision"`
		} `json:"network_subtraction"`
		Membership []struct {
			Before, After []string
			Decision      string
		} `json:"membership_change"`
	}](t, "sdc_differencing")
	if len(file.Temporal)*len(file.Filter)*len(file.Networks)*len(file.Membership) == 0 {
		t.Fatal("no vectors")
	}
	for i, c := range file.Temporal {
		n := c.Difference
		got := gate.Ready(map[string]int{"1": n.Negative, "5": n.N - n.Negative}, survey.NotApplicable)
		if want := strings.HasPrefix(c.Decision, "release"); got != want {
			t.Errorf("temporal %d: %d new answers are released: %t, want %t", i, n.N, got, want)
		}
	}
	for i, c := range file.Filter {
		counts := map[string]int{"subset": c.Subset.N}
		if c.Complement.N > 0 {
			counts["complement"] = c.Complement.N
		}
		_, got := gate.Merge(counts)["subset"]
		if want := strings.HasPrefix(c.Decision, "release"); got != want {
			t.Errorf("filter %d: a part of %d beside %d is shown: %t, want %t", i, c.Subset.N, c.Complement.N, got, want)
		}
	}
	for i, c := range file.Networks {
		members := map[string]disclosure.Sealed{}
		for name, of := range c.Practices {
			members[name] = disclosure.Seal(map[string]int{"5": of[0], "1": of[1] - of[0]})
		}
		want := disclosure.None
		switch {
		case strings.Contains(c.Decision, "fewer than 5"):
			want = disclosure.TooFew
		case strings.Contains(c.Decision, "50 %"):
			want = disclosure.Dominated
		}
		if _, got := benchmark(c.Viewer, members, disclosure.Beside{}); got != want {
			t.Errorf("network %d: withheld for reason %d, want %d", i, got, want)
		}
	}
	for i, c := range file.Membership {
		members := func(ids []string) map[string]disclosure.Sealed {
			of := map[string]disclosure.Sealed{}
			for _, id := range append([]string{"a", "b", "c", "d", "e"}, ids...) { // enough for a figure before and after
				of[id] = disclosure.Seal(map[string]int{"5": 30, "1": 10})
			}
			return of
		}
		before, why := benchmark("a", members(c.Before), disclosure.Beside{})
		if why != disclosure.None {
			t.Fatalf("membership %d: withheld before for reason %d", i, why)
		}
		if _, why := benchmark("a", members(c.After), disclosure.Beside{Earlier: []disclosure.Ledger{before}}); why != disclosure.Changed {
			t.Errorf("membership %d: shown although one practice joined: %s", i, c.Decision)
		}
	}
}

// benchmark makes the ledger of one question, and tells why a practice sees nothing of it.
func benchmark(viewer string, members map[string]disclosure.Sealed, beside disclosure.Beside) (disclosure.Ledger, disclosure.Withheld) {
	c := gate.Cohort(members, map[string]float64{"1": 0, "5": 100}, survey.NotApplicable)
	l := gate.Ledger(slices.Collect(maps.Keys(members)), map[string]disclosure.Cohort{"q": c}, beside)
	_, why := l.Others("q", viewer, c)
	return l, why
}

// TestPercentagesAreNoProtection repeats the published arithmetic: a whole percentage of a known n up to
// 100 gives the count back. So nothing here leans on rounding; with nine answers nothing is said at all.
func TestPercentagesAreNoProtection(t *testing.T) {
	file := vectors[struct {
		Table []struct {
			N        int  `json:"n"`
			Distinct int  `json:"distinct_percentages"`
			Most     int  `json:"max_counts_per_percentage"`
			Unique   bool `json:"all_unique"`
		} `json:"inversion_table"`
		Examples []struct {
			N       int   `json:"n"`
			Percent int   `json:"published_percent"`
			Counts  []int `json:"counts"`
		} `json:"examples"`
	}](t, "sdc_percent_inversion")
	counts := func(n int) map[int][]int {
		by := map[int][]int{}
		for x := range n + 1 {
			p := (200*x + n) / (2 * n) // round half up
			by[p] = append(by[p], x)
		}
		return by
	}
	if len(file.Table) == 0 {
		t.Fatal("no vectors")
	}
	for _, c := range file.Table {
		most := 0
		for _, xs := range counts(c.N) {
			most = max(most, len(xs))
		}
		if got := counts(c.N); len(got) != c.Distinct || most != c.Most || (most == 1) != c.Unique {
			t.Errorf("n=%d: %d percentages, up to %d counts each", c.N, len(got), most)
		}
	}
	for _, c := range file.Examples {
		if got := counts(c.N)[c.Percent]; !slices.Equal(got, c.Counts) {
			t.Errorf("%d %% of %d: %v, want %v", c.Percent, c.N, got, c.Counts)
		}
		x := c.Counts[0]
		_, shown := gate.Question(disclosure.Seal(map[string]int{"5": x, "1": c.N - x}), map[string]float64{"5": 100, "1": 0}, survey.NotApplicable)
		if shown != (c.N >= disclosure.Floor) {
			t.Errorf("%d of %d is shown: %t", x, c.N, shown)
		}
	}
}

// A cell is what nobody may find out if it is under ten: the responses of one week by one channel at
// one collection point, or the valid answers of one week to one question.
type cell struct {
	week  int
	of    string // channel and point, or question
	count int
}

// view is one number that was shown: the sum of the cells it is made of.
type view map[int]bool // by index of cell

// watched is a practice played week by week through the close, and all that its pages ever showed.
type watched struct {
	cells    []cell
	views    []view
	seen     map[string]bool // views, by their cells: the same again tells nothing new
	waiting  store.Sums
	from     map[string][]int // cells in each part of waiting
	done     []released
	silent   bool    // nearly all who were asked by message have answered: S8 keeps their number back
	hidden   [][]int // the cells of such numbers
	careless bool    // totals by collection point are shown whatever else is
	totals   int     // by collection point that were shown

	held   part   // of the running week
	bursts []part // that wait for a decision
	letIn  part   // that wait to join
}

// part is sums and the cells in each part of them.
type part struct {
	sums store.Sums
	from map[string][]int
}

func (p *part) take(o part) {
	if p.from == nil {
		p.from = map[string][]int{}
	}
	p.sums = p.sums.Plus(o.sums)
	for name, cells := range o.from {
		p.from[name] = append(p.from[name], cells...)
	}
}

type released struct {
	week     calendar.Week
	sums     store.Sums
	channels map[string][]int // cells by channel as released
	points   map[string][]int
	question map[string][]int
	let      disclosure.Let
}

// play closes one week: the responses by channel and point ("qr A"), and the valid answers by question.
func (w *watched) play(i int, week calendar.Week, responses, valid map[string]int) {
	if w.from == nil {
		w.from = map[string][]int{}
	}
	arrived := w.arrive(i, week, "", w.from, responses, valid)
	release, rest := aggregate.Divide(gate).Divide("", w.waiting.Plus(arrived))
	out := released{week: week, channels: map[string][]int{}, points: map[string][]int{}, question: map[string][]int{}}
	w.let(out, release, rest, valid)
	out.sums, w.waiting = w.join(out, release, rest)
	w.done = append(w.done, out)
	w.look(week)
	if n, ok := aggregate.Divide(gate).Settle(w.held.sums); ok {
		var all []int
		for of, cells := range w.held.from {
			if strings.HasPrefix(of, "c ") {
				all = append(all, cells...)
			}
		}
		w.show(all, n)
		w.bursts, w.held = append(w.bursts, w.held), part{}
	}
}

// hold is answers of a week that look like a burst.
func (w *watched) hold(i int, week calendar.Week, responses, valid map[string]int) {
	p := part{from: map[string][]int{}}
	p.sums = w.arrive(i, week, "held ", p.from, responses, valid)
	w.held.take(p)
}

// decide lets in or drops all bursts.
func (w *watched) decide(letIn bool) {
	for _, b := range w.bursts {
		if letIn {
			w.letIn.take(b)
		}
	}
	w.bursts = nil
}

// join adds what was let in to a release as the close does, cell by cell.
func (w *watched) join(out released, release, rest store.Sums) (fuller, waits store.Sums) {
	fuller, waits, left := aggregate.Divide(gate).Join(release, rest, w.letIn.sums)
	if len(left.Channels.Counts) == 0 {
		w.joinParts(out.channels, "c ", w.letIn.sums.Channels)
	}
	if len(left.Points.Counts) == 0 {
		w.joinParts(out.points, "p ", w.letIn.sums.Points)
	}
	for q := range w.letIn.sums.Questions {
		if _, still := left.Questions[q]; !still {
			out.question[q] = append(out.question[q], w.letIn.from["q "+q]...)
			delete(w.letIn.from, "q "+q)
		}
	}
	w.letIn.sums = left
	return fuller, waits
}

func (w *watched) joinParts(to map[string][]int, prefix string, s store.Sum) {
	merged := gate.Merge(s.Counts)
	for of, cells := range w.letIn.from {
		name, ok := strings.CutPrefix(of, prefix)
		if !ok {
			continue
		}
		if _, own := merged[name]; !own {
			name = disclosure.Mixed
		}
		to[name] = append(to[name], cells...)
		delete(w.letIn.from, of)
	}
}

// arrive makes cells of what came in a week, and the sums of them; from gets the cells of each part.
func (w *watched) arrive(i int, week calendar.Week, how string, from map[string][]int, responses, valid map[string]int) store.Sums {
	arrived := store.Sums{Questions: map[string]store.Sum{}}
	count := func(to *store.Sum, key string, n int) {
		if to.Counts == nil {
			*to = store.Sum{First: week, Last: week, Counts: map[string]int{}}
		}
		to.Counts[key] += n
	}
	put := func(of string, n int, parts ...string) {
		w.cells = append(w.cells, cell{i, how + of, n})
		for _, p := range parts {
			from[p] = append(from[p], len(w.cells)-1)
		}
	}
	for _, of := range slices.Sorted(maps.Keys(responses)) {
		channel, point, _ := strings.Cut(of, " ")
		n := responses[of]
		parts := []string{"c " + channel, "q all"} // everybody answers it: its cells are the responses
		if n > 0 {
			count(&arrived.Channels, channel, n)
			if point != "" {
				count(&arrived.Points, point, n)
			}
		}
		if point != "" {
			parts = append(parts, "p "+point)
		}
		put(of, n, parts...)
	}
	for _, q := range slices.Sorted(maps.Keys(valid)) {
		if valid[q] > 0 {
			var s store.Sum
			count(&s, "5", valid[q])
			arrived.Questions[q] = s
		}
		if q != "all" {
			put(q, valid[q], "q "+q)
		}
	}
	return arrived
}

// let moves the cells of what a close lets out.
func (w *watched) let(out released, release, rest store.Sums, valid map[string]int) {
	if len(release.Channels.Counts) > 0 {
		for part, cells := range w.from {
			channel, ok := strings.CutPrefix(part, "c ")
			if !ok {
				continue
			}
			if _, own := release.Channels.Counts[channel]; !own {
				channel = disclosure.Mixed
			}
			out.channels[channel] = append(out.channels[channel], cells...)
			delete(w.from, part)
		}
	}
	if len(release.Points.Counts) > 0 {
		for part, cells := range w.from {
			point, ok := strings.CutPrefix(part, "p ")
			if !ok {
				continue
			}
			if _, waits := rest.Points.Counts[point]; waits {
				continue
			}
			if _, own := release.Points.Counts[point]; !own {
				point = disclosure.Mixed
			}
			out.points[point] = append(out.points[point], cells...)
			delete(w.from, part)
		}
	}
	for q := range release.Questions {
		out.question[q] = w.from["q "+q]
		delete(w.from, "q "+q)
	}
	if _, asked := valid["all"]; !asked {
		delete(w.from, "q all")
	}
}

func (w *watched) show(cells []int, n int) {
	slices.Sort(cells)
	if key := fmt.Sprint(cells); w.seen[key] {
		return
	} else if w.seen == nil {
		w.seen = map[string]bool{key: true}
	} else {
		w.seen[key] = true
	}
	v, sum := view{}, 0
	for _, c := range cells {
		v[c] = true
		sum += w.cells[c].count
	}
	if sum != n {
		panic(fmt.Sprintf("a view of %d is made of %d", n, sum))
	}
	w.views = append(w.views, v)
}

// look writes down what the practice's pages show this week: each question's points of weeks, months
// and quarters and its number over 52 weeks, the responses by channel of each release, and those by
// point as far back as they may be counted. It is what package report does, cell by cell.
func (w *watched) look(now calendar.Week) {
	questions := map[string]bool{}
	for _, r := range w.done {
		for q := range r.question {
			questions[q] = true
		}
	}
	sum := func(q string, in func(calendar.Week) bool) {
		var counts disclosure.Sealed
		var cells []int
		for _, r := range w.done {
			if in(r.week) {
				counts = counts.Plus(disclosure.Seal(r.sums.Questions[q].Counts))
				cells = append(cells, r.question[q]...)
			}
		}
		if shown, ok := gate.Question(counts, map[string]float64{"5": 100}, survey.NotApplicable); ok {
			w.show(cells, shown.N())
		}
	}
	for q := range questions {
		sum(q, func(week calendar.Week) bool { return week > now.Add(-52) })
		for u := calendar.Weekly; u <= calendar.Quarterly; u++ {
			// The period is running: the same point is seen again each week, with more in it.
			sum(q, func(week calendar.Week) bool { return week.In(u) == now.In(u) })
		}
	}
	latest := &w.done[len(w.done)-1]
	latest.let.Week = string(latest.week)
	for _, part := range latest.points {
		for _, c := range part {
			if first := string(calendar.Week(begin).Add(w.cells[c].week)); latest.let.First == "" || first < latest.let.First {
				latest.let.First = first
			}
		}
	}
	if split, ok := gate.Split(disclosure.Seal(latest.sums.Channels.Counts)); ok {
		if n := split.Parts()["sms"]; w.silent && n > 0 {
			if n < split.Total() { // alone it is what the total is, but nobody is told that it is alone
				w.hidden = append(w.hidden, latest.channels["sms"])
			}
			split = split.Gathered()
		}
		latest.let.Ways = split.Parts()
		gathered := map[string][]int{}
		var all []int
		for channel, cells := range latest.channels {
			if split.Parts()[channel] == 0 {
				channel = disclosure.Mixed
			}
			gathered[channel] = append(gathered[channel], cells...)
			all = append(all, cells...)
		}
		for channel, n := range split.Parts() {
			w.show(gathered[channel], n)
		}
		w.show(all, split.Total())
	}
	var lets []disclosure.Let
	for _, r := range w.done {
		lets = append(lets, r.let)
	}
	after := calendar.Week(disclosure.PointsAfter(lets))
	if w.careless {
		after = ""
	}
	var counts disclosure.Sealed
	cells := map[string][]int{}
	for _, r := range w.done {
		if r.week > after {
			counts = counts.Plus(disclosure.Seal(r.sums.Points.Counts))
			for p, c := range r.points {
				cells[p] = append(cells[p], c...)
			}
		}
	}
	split, _ := gate.Split(counts)
	for p, n := range split.Parts() {
		w.show(cells[p], n)
	}
	w.totals += len(split.Parts())
}

// begin is the week that every play begins with.
const begin = "2025-W20"

// computable looks for a group of one to nine that the views give away: a sum of cells that is a linear
// combination of views. Cells that are in the same views cannot be told apart, so only sums of such
// blocks can be; those under ten are tried in all combinations of up to three.
func (w *watched) computable() string {
	blocks := map[string][]int{}
	for c := range w.cells {
		var in []byte
		for v := range w.views {
			if w.views[v][c] {
				in = append(in, byte(v>>16), byte(v>>8), byte(v))
			}
		}
		if len(in) > 0 { // a cell in no view is in no combination of views
			blocks[string(in)] = append(blocks[string(in)], c)
		}
	}
	names := slices.Sorted(maps.Keys(blocks))
	size := make([]int, len(names))
	var matrix [][]uint64
	rows := make([][]uint64, len(w.views))
	for v := range rows {
		rows[v] = make([]uint64, len(names))
	}
	var small []int
	for b, name := range names {
		for _, c := range blocks[name] {
			size[b] += w.cells[c].count
		}
		for v := range rows {
			if w.views[v][blocks[name][0]] {
				rows[v][b] = 1
			}
		}
		if size[b] < disclosure.Floor {
			small = append(small, b)
		}
	}
	for _, r := range rows {
		matrix = reduce(matrix, r)
	}
	for _, hidden := range w.hidden {
		row, apart := make([]uint64, len(names)), true
		for b, name := range names {
			theirs, others := 0, 0
			for _, c := range blocks[name] {
				if slices.Contains(hidden, c) {
					theirs += w.cells[c].count
				} else {
					others += w.cells[c].count
				}
			}
			if theirs > 0 {
				row[b] = 1
				apart = apart && others == 0
			}
		}
		if apart && slices.Max(remainder(matrix, row)) == 0 {
			return fmt.Sprintf("the number who answered by message in week %d", w.cells[hidden[0]].week)
		}
	}
	try := func(group ...int) string {
		n, r := 0, make([]uint64, len(names))
		for _, b := range group {
			n, r[b] = n+size[b], 1
		}
		if n == 0 || n >= disclosure.Floor || slices.Max(remainder(matrix, r)) != 0 {
			return ""
		}
		var of []string
		for _, b := range group {
			for _, c := range blocks[names[b]] {
				of = append(of, fmt.Sprintf("week %d %s: %d", w.cells[c].week, w.cells[c].of, w.cells[c].count))
			}
		}
		return fmt.Sprintf("%d = %v", n, of)
	}
	for i, a := range small {
		if found := try(a); found != "" {
			return found
		}
		for j, b := range small[:i] {
			if found := try(a, b); found != "" {
				return found
			}
			for _, c := range small[:j] {
				if found := try(a, b, c); found != "" {
					return found
				}
			}
		}
	}
	return ""
}

// Arithmetic is in whole numbers modulo a prime, so that rank is exact: a combination of views with
// fractions as factors is found too.
const prime = 2_147_483_647

// remainder takes the reduced rows away from a row; what is left is 0 if it is a combination of them.
func remainder(matrix [][]uint64, row []uint64) []uint64 {
	row = slices.Clone(row)
	for _, m := range matrix {
		lead := slices.IndexFunc(m, func(x uint64) bool { return x != 0 })
		if f := row[lead]; f != 0 {
			for i := lead; i < len(row); i++ {
				row[i] = (row[i] + (prime-f)*m[i]) % prime
			}
		}
	}
	return row
}

// reduce adds a row to a matrix whose rows begin with 1, each in another column.
func reduce(matrix [][]uint64, row []uint64) [][]uint64 {
	row = remainder(matrix, row)
	lead := slices.IndexFunc(row, func(x uint64) bool { return x != 0 })
	if lead < 0 {
		return matrix
	}
	inverse, base := uint64(1), row[lead]
	for e := prime - 2; e > 0; e /= 2 {
		if e%2 == 1 {
			inverse = inverse * base % prime
		}
		base = base * base % prime
	}
	for i := range row {
		row[i] = row[i] * inverse % prime
	}
	return append(matrix, row)
}

// TestNoSmallGroupIsComputable plays random practices for up to eighteen months and gives the attacker
// everything that their pages showed in all weeks, on top of each other.
func TestNoSmallGroupIsComputable(t *testing.T) {
	histories := 15
	if os.Getenv("CI") == "true" {
		histories = 100
	}
	r := rand.New(rand.NewPCG(29, 8))
	views, blocks := 0, 0
	for h := range histories {
		var w watched
		weekly := 1 + r.IntN(25)
		for i := range 4 + r.IntN(74) {
			responses, valid := map[string]int{}, map[string]int{}
			total := 0
			for _, point := range []string{"A", "B", "C"} {
				n := r.IntN(1 + weekly*2/3)
				responses["qr "+point], total = n, total+n
			}
			valid["all"] = total // a question that everybody answers
			valid["most"] = total - r.IntN(1+total/4)
			valid["few"] = r.IntN(1 + total/3)
			w.play(i, calendar.Week("2025-W20").Add(i), responses, valid)
		}
		if found := w.computable(); found != "" {
			t.Fatalf("history %d: a group can be computed from %d views: %s", h, len(w.views), found)
		}
		views, blocks = views+len(w.views), blocks+len(w.cells)
	}
	t.Logf("%d practices, %d views, %d cells", histories, views, blocks)
}

// TestNoSmallGroupIsComputableFromPointsAndChannels plays practices with a screen, or a button on a web page, at
// one of two collection points, for some of the time, and messages that now and then nearly all answer.
func TestNoSmallGroupIsComputableFromPointsAndChannels(t *testing.T) {
	histories := 100
	if os.Getenv("CI") == "true" {
		histories = 1000
	}
	for _, careless := range []bool{false, true} {
		r := rand.New(rand.NewPCG(47, 8))
		found, totals, hidden := 0, 0, 0
		for h := range histories {
			w := watched{careless: careless}
			most := map[string]int{"qr A": 1 + r.IntN(40), "qr B": 1 + r.IntN(40), "sms": r.IntN(2) * r.IntN(60)}
			other := []string{"kiosk A", "web A", "web B"}[r.IntN(3)]
			for i := range 3 + r.IntN(20) {
				if r.IntN(4) == 0 { // it is put up, or taken away
					most[other] = r.IntN(2) * r.IntN(50)
				}
				responses := map[string]int{}
				for _, of := range []string{"qr A", "qr B", "sms", other} {
					responses[of] = r.IntN(1 + most[of])
				}
				if r.IntN(6) == 0 {
					w.hold(i, calendar.Week(begin).Add(i), map[string]int{"qr A": r.IntN(15), other: r.IntN(15)}, nil)
				}
				w.silent = r.IntN(5) == 0
				w.play(i, calendar.Week(begin).Add(i), responses, nil)
				if len(w.bursts) > 0 && r.IntN(3) == 0 {
					w.decide(r.IntN(3) > 0)
				}
			}
			totals, hidden = totals+w.totals, hidden+len(w.hidden)
			if what := w.computable(); what != "" {
				if found++; !careless {
					t.Fatalf("history %d: computed from %d views: %s", h, len(w.views), what)
				}
			}
		}
		if totals == 0 || hidden == 0 || careless && found == 0 {
			t.Errorf("careless %t: %d totals by point, %d numbers by message kept back, found out %d times: the test shows too little", careless, totals, hidden, found)
		}
		t.Logf("careless %t: %d practices, %d totals by point, %d numbers by message kept back, found out %d times", careless, histories, totals, hidden, found)
	}
}

// TestNoSmallGroupIsComputableFromBursts plays the same with bursts, among whose answers some are real, that a
// lead lets in or drops as it pleases them, after looking at everything.
func TestNoSmallGroupIsComputableFromBursts(t *testing.T) {
	histories := 15
	if os.Getenv("CI") == "true" {
		histories = 100
	}
	r := rand.New(rand.NewPCG(12, 5))
	joined, dropped := 0, 0
	for h := range histories {
		var w watched
		weekly, bursting := 1+r.IntN(25), 1+r.IntN(4)
		for i := range 4 + r.IntN(50) {
			draw := func(most int) (responses, valid map[string]int) {
				responses, valid = map[string]int{}, map[string]int{}
				total := 0
				for _, from := range []string{"qr A", "qr B", "qr C"} {
					n := r.IntN(1 + most)
					responses[from], total = n, total+n
				}
				valid["all"], valid["most"], valid["few"] = total, total-r.IntN(1+total/4), r.IntN(1+total/3)
				return responses, valid
			}
			week := calendar.Week("2025-W20").Add(i)
			if r.IntN(bursting) == 0 {
				responses, valid := draw(r.IntN(20))
				w.hold(i, week, responses, valid)
			}
			responses, valid := draw(weekly)
			if r.IntN(4) == 0 { // a week in which hardly anybody else answers
				responses, valid = draw(2)
			}
			w.play(i, week, responses, valid)
			if n := len(w.bursts); n > 0 && r.IntN(3) == 0 {
				letIn := r.IntN(3) > 0
				if w.decide(letIn); letIn {
					joined += n
				} else {
					dropped += n
				}
			}
		}
		if found := w.computable(); found != "" {
			t.Fatalf("history %d: a group can be computed from %d views: %s", h, len(w.views), found)
		}
	}
	if joined == 0 || dropped == 0 {
		t.Errorf("%d bursts were let in and %d dropped: the test shows too little", joined, dropped)
	}
	t.Logf("%d practices, %d bursts let in, %d dropped", histories, joined, dropped)
}

// TestTheAttackFindsBurstsThatJoinByThemselves: had a close let a burst out with fewer than ten others,
// their number would be the release less the burst.
func TestTheAttackFindsBurstsThatJoinByThemselves(t *testing.T) {
	var w watched
	w.hold(0, "2025-W20", map[string]int{"qr A": 12}, nil)
	w.play(0, "2025-W20", map[string]int{"qr A": 15}, nil)
	w.decide(true)
	w.play(1, "2025-W21", map[string]int{"qr A": 4}, nil)
	if found := w.computable(); found != "" {
		t.Fatal(found)
	}
	w.views = append(w.views, view{0: true, 2: true}) // cells 0 and 2 are the burst and the four
	if found := w.computable(); !strings.Contains(found, "week 1 qr A: 4") {
		t.Errorf("the burst was not taken away: %q", found)
	}
}

// TestTheAttackFindsWhatIsThere: an attacker who could see one view too many is found out.
func TestTheAttackFindsWhatIsThere(t *testing.T) {
	var w watched
	for i, n := range []int{12, 4, 11} {
		w.play(i, calendar.Week("2025-W20").Add(i), map[string]int{"qr A": n}, nil)
	}
	if found := w.computable(); found != "" {
		t.Fatal(found)
	}
	w.views = append(w.views, view{0: true, 1: true}) // a live counter
	if found := w.computable(); !strings.Contains(found, "week 1 qr A: 4") {
		t.Errorf("the live counter was not used: %q", found)
	}
}

// TestEveryWorldHasATwin is the stronger attacker, in small practices: one who knows our rules, that
// nothing is under 0, and every number ever shown, and who goes through all that could have happened.
// No group of one to nine, in any union of cells, is the same in all worlds that look alike.
func TestEveryWorldHasATwin(t *testing.T) {
	for _, c := range []struct {
		name  string
		weeks []map[string]int // the cells of each week, at most so many in each
		most  int              // worlds in which more than this was shown are not judged: not all of their twins are played
		valid bool
	}{
		{"a question in four weeks", []map[string]int{{"q": 13}, {"q": 13}, {"q": 13}, {"q": 13}}, 13, true},
		{"two points in two weeks", []map[string]int{{"qr A": 15, "qr B": 15}, {"qr A": 15, "qr B": 15}}, 15, false},
		{"three channels in a week", []map[string]int{{"qr": 26, "sms": 26, "web": 26}}, 26, false},
		{"a screen at one of two points", []map[string]int{{"qr A": 20, "qr B": 20, "kiosk A": 20}}, 20, false},
		{"a screen for one of two weeks", []map[string]int{{"qr A": 13, "kiosk A": 13}, {"qr A": 13, "qr B": 13}}, 13, false},
		{"two channels in two weeks", []map[string]int{{"qr": 15, "sms": 15}, {"qr": 15, "sms": 15}}, 15, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			type range2 struct{ least, most int }
			seen := map[string][]range2{} // by what is shown: each union of cells
			judged := map[string]bool{}
			var order []string
			var weekOf, limit []int
			for i, cells := range c.weeks {
				for _, of := range slices.Sorted(maps.Keys(cells)) {
					order, weekOf, limit = append(order, of), append(weekOf, i), append(limit, cells[of])
				}
			}
			world := make([]int, len(order))
			worlds := 0
			for {
				shown, total := look(c.weeks, order, weekOf, world, c.valid)
				worlds++
				if total <= c.most {
					judged[shown] = true
				}
				groups := seen[shown]
				if groups == nil {
					groups = make([]range2, 1<<len(order))
					for g := range groups {
						groups[g].least = 1 << 30
					}
					seen[shown] = groups
				}
				for g := range groups {
					n := 0
					for b, k := range world {
						if g>>b&1 == 1 {
							n += k
						}
					}
					groups[g].least, groups[g].most = min(groups[g].least, n), max(groups[g].most, n)
				}
				at := 0
				for at < len(world) && world[at] == limit[at] {
					world[at], at = 0, at+1
				}
				if at == len(world) {
					break
				}
				world[at]++
			}
			none := 0
			for shown := range judged {
				for g, r := range seen[shown] {
					if g > 0 && r.least == r.most && r.least < disclosure.Floor {
						if r.least == 0 {
							none++
							continue
						}
						t.Fatalf("from %q: group %b of %v in weeks %v is %d", shown, g, order, weekOf, r.least)
					}
				}
			}
			t.Logf("%d worlds, %d looks; a group is known to be none %d times", worlds, len(judged), none)
		})
	}
}

// look is everything shown of a small practice, as text, and the number of responses or answers in it.
func look(weeks []map[string]int, order []string, weekOf, world []int, valid bool) (shown string, total int) {
	var waiting store.Sums
	var out strings.Builder
	var lets []disclosure.Let
	var byPoint []map[string]int
	for i := range weeks {
		week := calendar.Week("2025-W20").Add(i)
		arrived := store.Sums{Questions: map[string]store.Sum{}}
		one := func(to *store.Sum, key string, n int) {
			if to.Counts == nil {
				*to = store.Sum{First: week, Last: week, Counts: map[string]int{}}
			}
			to.Counts[key] += n
		}
		for c, of := range order {
			if weekOf[c] != i || world[c] == 0 {
				continue
			}
			channel, point, _ := strings.Cut(of, " ")
			if valid {
				arrived.Questions[of] = store.Sum{First: week, Last: week, Counts: map[string]int{"5": world[c]}}
				continue
			}
			one(&arrived.Channels, channel, world[c])
			if point != "" {
				one(&arrived.Points, point, world[c])
			}
		}
		release, rest := aggregate.Divide(gate).Divide("", waiting.Plus(arrived))
		waiting = rest
		for q, s := range release.Questions {
			if v, ok := gate.Question(disclosure.Seal(s.Counts), map[string]float64{"5": 100}, survey.NotApplicable); ok {
				fmt.Fprintf(&out, "week %d %s=%d; ", i, q, v.N())
				total += v.N()
			}
		}
		if v, ok := gate.Split(disclosure.Seal(release.Channels.Counts)); ok {
			fmt.Fprintf(&out, "week %d %d %s; ", i, v.Total(), text(v.Parts()))
			total += v.Total()
		}
		byPoint = append(byPoint, release.Points.Counts)
		let := disclosure.Let{Week: string(week), Ways: release.Channels.Counts}
		if len(release.Points.Counts) > 0 {
			let.First = string(release.Points.First)
		}
		lets = append(lets, let)
		after, points := disclosure.PointsAfter(lets), map[string]int{}
		for j, counts := range byPoint {
			if lets[j].Week > after {
				for p, n := range counts {
					points[p] += n
				}
			}
		}
		v, _ := gate.Split(disclosure.Seal(points))
		fmt.Fprintf(&out, "points after %s: %s; ", after, text(v.Parts()))
	}
	return out.String(), total
}
