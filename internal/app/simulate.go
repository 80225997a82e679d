package app

import (
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/stats"
)

// Simulated is how often something happened in a simulation, and the goal that it is held to.
type Simulated struct {
	What    string
	Rate    float64 // 0–1
	Error   float64 // standard error of Rate
	Goal    float64 // 0–1; 0 if there is none
	AtLeast bool    // the goal is a least rate and not a highest one
}

// Met reports whether the goal is met; true where there is none.
func (s Simulated) Met() bool {
	switch {
	case s.Goal == 0:
		return true
	case s.AtLeast:
		return s.Rate >= s.Goal
	}
	return s.Rate <= s.Goal
}

const (
	simulatedPractices = 10_000 // in a full simulation
	simulatedICC       = 0.055  // correlation within practices, as measured in general practice: .054 to .058
)

// Simulate plays made-up practices through the rules that decide what is said, or a tenth of them
// for a quick look. The same seed gives the same numbers.
func Simulate(seed uint64, full bool) []Simulated {
	practices := simulatedPractices
	if !full {
		practices /= 10
	}
	var out []Simulated
	out = append(out, simulateVerdicts(source(seed, 1), practices)...)
	out = append(out, simulateRunCharts(source(seed, 2), practices)...)
	out = append(out, simulateFunnels(source(seed, 3), practices)...)
	return out
}

// WriteSimulation prints a full simulation and reports whether every goal is met.
func WriteSimulation(out io.Writer, seed uint64) (met bool) {
	met = true
	for _, s := range Simulate(seed, true) {
		goal := ""
		if s.Goal > 0 {
			word, sign := "met", "at most"
			if s.AtLeast {
				sign = "at least"
			}
			if !s.Met() {
				word, met = "MISSED", false
			}
			goal = fmt.Sprintf("  goal %s %4.1f %%: %s", sign, 100*s.Goal, word)
		}
		fmt.Fprintf(out, "%5.1f %% ± %.1f  %s%s\n", 100*s.Rate, 100*s.Error, s.What, goal)
	}
	return met
}

func source(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) } // #nosec G404 -- a simulation that must give the same again

// visitShares is how the answers to a question on five steps usually fall, worst first: 85 % positive.
var visitShares = []float64{0.02, 0.04, 0.09, 0.35, 0.50}

var fiveSteps = []float64{0, 25, 50, 75, 100}

func answers(r *rand.Rand, shares []float64, n int) []int {
	counts := make([]int, len(shares))
	for range n {
		u, i := r.Float64(), 0
		for u -= shares[0]; u >= 0 && i < len(shares)-1; u -= shares[i] {
			i++
		}
		counts[i]++
	}
	return counts
}

// judged is the verdict of the rule in use, and found what the positive shares alone would have said.
func judged(before, after []int) report.Outcome {
	level := report.JudgeLevel(1)
	o, _ := report.Judge(stats.MeanScore(before, fiveSteps, level), stats.MeanScore(after, fiveSteps, level), level)
	return o
}

func found(before, after []int) report.Outcome {
	a, b := stats.MeanScore(after, fiveSteps, 0.95), stats.MeanScore(before, fiveSteps, 0.95)
	_, ci := stats.Newcombe(after[3]+after[4], a.N, before[3]+before[4], b.N, 0.95)
	switch {
	case min(a.N, b.N) < stats.ChangeMinimum:
		return report.TooFew
	case ci.Low > 0:
		return report.Improved
	case ci.High < 0:
		return report.Worse
	}
	return report.NoEvidence
}

func simulateVerdicts(r *rand.Rand, practices int) []Simulated {
	changed := func(o report.Outcome) bool { return o == report.Improved || o == report.Worse }
	var mean, share, looks counted
	for range practices {
		shares := likedBy(50 + 42*r.Float64())
		before, after := answers(r, shares, 30+r.IntN(271)), answers(r, shares, 30+r.IntN(271))
		mean.add(changed(judged(before, after)))
		share.add(changed(found(before, after)))
	}
	for range practices { // the same asked after every release for a year, ten answers in each
		before, after, ever := answers(r, visitShares, 220), make([]int, 5), false
		for range 52 {
			for i, n := range answers(r, visitShares, 10) {
				after[i] += n
			}
			ever = ever || changed(judged(before, after))
		}
		looks.add(ever)
	}
	out := []Simulated{
		mean.result("stable practices called improved or worse, 30 to 300 answers on each side", 0.05, false),
		share.result("the same by the positive share (Newcombe, 95 %), which is shown and does not decide", 0, false),
		looks.result("stable practices called improved or worse at least once, looked at after each of 52 weeks", 0, false),
	}
	for _, c := range []struct {
		how           string
		before, after []float64
		goal          float64
	}{
		{"everybody a little more pleased", likedBy(positiveLiking(0.8)), likedBy(positiveLiking(0.9)), 0.8},
		{"from the worst answer to the best", []float64{0.2, 0, 0, 0, 0.8}, []float64{0.1, 0, 0, 0, 0.9}, 0.8},
		{"only those who were not pleased, and to the common mix of 4 and 5", positiveShares(0.8), positiveShares(0.9), 0},
	} {
		var mean, share counted
		for range practices {
			before, after := answers(r, c.before, 220), answers(r, c.after, 220)
			mean.add(judged(before, after) == report.Improved)
			share.add(found(before, after) == report.Improved)
		}
		out = append(out,
			mean.result("80 to 90 % positive called improved, 220 answers on each side: "+c.how, c.goal, true),
			share.result("the same by the positive share alone", 0, true))
	}
	return out
}

// likedBy is how answers fall when what patients feel is normal around a liking on the scale 0–100 with
// a spread of 21, and each takes the nearest step.
func likedBy(liking float64) []float64 {
	out, below := make([]float64, 5), 0.0
	for i := range 4 {
		to := normal((12.5 + 25*float64(i) - liking) / 21)
		out[i], below = to-below, to
	}
	out[4] = 1 - below
	return out
}

// positiveLiking is the liking at which so many answers are over the middle step.
func positiveLiking(share float64) float64 {
	low, high := 0.0, 150.0
	for range 60 {
		if mid := (low + high) / 2; 1-normal((62.5-mid)/21) < share {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

func normal(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// positiveShares is visitShares with another share positive.
func positiveShares(p float64) []float64 {
	out := make([]float64, 5)
	for i, s := range visitShares {
		if i < 3 {
			out[i] = s / 0.15 * (1 - p)
		} else {
			out[i] = s / 0.85 * p
		}
	}
	return out
}

func simulateRunCharts(r *rand.Rand, practices int) []Simulated {
	var out []Simulated
	for _, c := range []struct {
		n    int
		goal float64
	}{{10, 0.10}, {20, 0.06}, {50, 0}} {
		var signals counted
		for range practices {
			points := make([]float64, 24)
			for i := range points {
				points[i] = float64(binomial(r, c.n, 0.9)) / float64(c.n)
			}
			signals.add(stats.RunChart(points).Signal)
		}
		out = append(out, signals.result(fmt.Sprintf("run charts of 24 points of a stable practice with a signal, %d answers in each point", c.n), c.goal, false))
	}
	return out
}

// simulateFunnels draws practices from one distribution and asks, through the gate, which of them fall
// outside the funnel of their network, each left out of its own.
func simulateFunnels(r *rand.Rand, practices int) []Simulated {
	scores := map[string]float64{"1": 100, "0": 0}
	var out []Simulated
	for _, size := range []int{12, 40, 200} {
		var warned, alerted, winsorised, winsorisedFar counted
		for range max(5, practices/size) {
			x, n := drawNetwork(r, size)
			members := map[string]disclosure.Sealed{}
			for i := range x {
				members[strconv.Itoa(i)] = disclosure.Seal(map[string]int{"1": x[i], "0": n[i] - x[i]})
			}
			cohort := disclosure.Gate{}.Cohort(members, scores, "")
			ledger := disclosure.Gate{}.Ledger(slices.Collect(maps.Keys(members)), map[string]disclosure.Cohort{"share": cohort}, disclosure.Beside{})
			for i := range x {
				b, why := ledger.Others("share", strconv.Itoa(i), cohort)
				if why != disclosure.None {
					continue
				}
				share := float64(x[i]) / float64(n[i])
				l := b.Limits(n[i])
				warned.add(share < l.Low95 || share > l.High95)
				alerted.add(share < l.Low998 || share > l.High998)
				l = winsorisedFunnel(x, n, i)
				winsorised.add(share < l.Low95 || share > l.High95)
				winsorisedFar.add(share < l.Low998 || share > l.High998)
			}
		}
		what := fmt.Sprintf("practices of one distribution, networks of %d, ", size)
		out = append(out,
			warned.result(what+"outside the 95 % limits shown", 0.07, false),
			alerted.result(what+"outside the 99.8 % limits shown", 0.01, false),
			winsorised.result(what+"outside the 95 % limits with winsorised τ² and z, which are not used", 0, false),
			winsorisedFar.result(what+"outside the 99.8 % limits with winsorised τ² and z", 0, false))
	}
	return out
}

// winsorisedFunnel is the funnel for practice i as Spiegelhalter's winsorised moments make it, to show why
// the gate does not: it calls too many practices different.
func winsorisedFunnel(x, n []int, i int) stats.Limits {
	var ox, on []int
	positive, total := 0, 0
	for k := range x {
		if k != i {
			ox, on = append(ox, x[k]), append(on, n[k])
			positive, total = positive+x[k], total+n[k]
		}
	}
	p0 := float64(positive) / float64(total)
	phi, tau2 := stats.Overdispersion(ox, on, p0)
	return stats.Funnel(p0, n[i], phi, tau2)
}

// drawNetwork draws a network's shares from Beta(μM, (1−μ)M) with μ = 0.85 and M = 1/ICC − 1, and its
// numbers of answers in a quarter from 40 to about 600, most of them small.
func drawNetwork(r *rand.Rand, size int) (x, n []int) {
	const mu, m = 0.85, 1/simulatedICC - 1
	for range size {
		k := 40 + int(120*r.ExpFloat64())
		k = min(k, 600)
		x, n = append(x, binomial(r, k, beta(r, mu*m, (1-mu)*m))), append(n, k)
	}
	return x, n
}

func binomial(r *rand.Rand, n int, p float64) int {
	x := 0
	for range n {
		if r.Float64() < p {
			x++
		}
	}
	return x
}

func beta(r *rand.Rand, a, b float64) float64 {
	x, y := gamma(r, a), gamma(r, b)
	return x / (x + y)
}

// gamma draws from the gamma distribution with shape a ≥ 1. Marsaglia and Tsang 2000.
func gamma(r *rand.Rand, a float64) float64 {
	d := a - 1.0/3
	for {
		z := r.NormFloat64()
		v := 1 + z/math.Sqrt(9*d)
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < z*z/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// counted is how many of how many.
type counted struct{ yes, all int }

func (c *counted) add(yes bool) {
	c.all++
	if yes {
		c.yes++
	}
}

func (c counted) result(what string, goal float64, atLeast bool) Simulated {
	p := float64(c.yes) / float64(c.all)
	return Simulated{what, p, math.Sqrt(p * (1 - p) / float64(c.all)), goal, atLeast}
}
