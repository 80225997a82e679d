package stats

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

type jsonLimits struct{ L95, U95, L998, U998 float64 }

func nearLimits(t *testing.T, what string, got Limits, want jsonLimits, tolerance float64) {
	t.Helper()
	nearInterval(t, what+" 95", Interval{got.Low95, got.High95}, [2]float64{want.L95, want.U95}, tolerance)
	nearInterval(t, what+" 99.8", Interval{got.Low998, got.High998}, [2]float64{want.L998, want.U998}, tolerance)
}

func TestFunnel(t *testing.T) {
	file := oracle[struct {
		Tolerance float64
		Cases     []struct {
			P0    float64
			N     int
			Exact jsonLimits `json:"exact_interp"`
			R     [4]int
			Score jsonLimits
		}
	}](t, "funnel_limits")
	for _, c := range file.Cases {
		what := fmt.Sprintf("%v of %d", c.P0, c.N)
		nearLimits(t, what+" exact", FunnelExact(c.P0, c.N), c.Exact, file.Tolerance)
		nearLimits(t, what+" score", FunnelScore(c.P0, c.N), c.Score, file.Tolerance)
		for i, q := range []float64{0.025, 0.975, 0.001, 0.999} {
			if got := binomialQuantile(q, c.N, c.P0); got != c.R[i] {
				t.Errorf("%s: quantile %v: got %d, want %d", what, q, got, c.R[i])
			}
		}
		shown := c.Score
		if c.N < 100 {
			shown = c.Exact
		}
		for _, phi := range []float64{math.NaN(), 0.3, 1} {
			nearLimits(t, what+" shown", Funnel(c.P0, c.N, phi, 0.01), shown, file.Tolerance)
		}
	}
}

func TestFunnelAtTheEdges(t *testing.T) {
	nan := math.NaN()
	whole, none := jsonLimits{0, 1, 0, 1}, jsonLimits{nan, nan, nan, nan}
	for _, c := range []struct {
		name string
		p0   float64
		n    int
		want jsonLimits
	}{
		{"no answers", 0.9, 0, whole},
		{"negative size", 0.9, -1, none},
		{"target above one", 1.1, 10, none},
		{"target below zero", -0.1, 10, none},
		{"target not a number", nan, 10, none},
		{"target one", 1, 10, jsonLimits{1, 1, 1, 1}},
		{"target zero", 0, 10, jsonLimits{0, 0, 0, 0}},
	} {
		nearLimits(t, c.name+" exact", FunnelExact(c.p0, c.n), c.want, 0)
		nearLimits(t, c.name+" score", FunnelScore(c.p0, c.n), c.want, 0)
		nearLimits(t, c.name+" shown", Funnel(c.p0, c.n, nan, nan), c.want, 0)
	}
	nearLimits(t, "variance not a number", FunnelAdditive(0.9, 10, nan), none, 0)
	nearLimits(t, "negative variance", FunnelAdditive(0.9, 10, -0.1), none, 0)
	nearLimits(t, "no answers, overdispersed", Funnel(0.9, 0, 4, 0.001), whole, 0)
}

func TestFunnelNarrowsInOrder(t *testing.T) {
	for _, p0 := range []float64{0.03, 0.5, 0.8, 0.9, 0.99} {
		for n := 1; n <= 400; n++ {
			for name, l := range map[string]Limits{
				"exact": FunnelExact(p0, n), "score": FunnelScore(p0, n),
				"shown": Funnel(p0, n, math.NaN(), 0), "overdispersed": Funnel(p0, n, 2, 0.001),
			} {
				if !(0 <= l.Low998 && l.Low998 <= l.Low95 && l.Low95 <= l.High95 && l.High95 <= l.High998 && l.High998 <= 1) {
					t.Fatalf("%s %v of %d: %+v", name, p0, n, l)
				}
			}
			plain, added := Funnel(p0, n, math.NaN(), 0), Funnel(p0, n, 2, 0.001)
			if added.Low95 > plain.Low95 || added.High95 < plain.High95 || added.Low998 > plain.Low998 || added.High998 < plain.High998 {
				t.Fatalf("%v of %d: overdispersion narrows %+v to %+v", p0, n, plain, added)
			}
			double := FunnelScore(p0, 2*n)
			if s := FunnelScore(p0, n); double.Low95 < s.Low95 || double.High998 > s.High998 {
				t.Fatalf("%v of %d: more answers widen the funnel", p0, n)
			}
		}
	}
}

func TestOverdispersion(t *testing.T) {
	file := oracle[struct {
		Tolerance float64
		Cases     []struct {
			Name      string
			X, N      []int
			P0        float64
			Phi       float64   `json:"phi_winsorised"`
			Tau2      float64   `json:"tau2_additive"`
			ZAdditive []float64 `json:"z_additive"`
		}
	}](t, "overdispersion")
	for _, c := range file.Cases {
		phi, tau2 := Overdispersion(c.X, c.N, c.P0)
		near(t, c.Name+" phi", phi, c.Phi, file.Tolerance)
		near(t, c.Name+" tau2", tau2, c.Tau2, file.Tolerance)
		for i, want := range c.ZAdditive {
			// The published z is where the share lies between target and limit, times the limit's z.
			p, l := float64(c.X[i])/float64(c.N[i]), FunnelAdditive(c.P0, c.N[i], tau2)
			near(t, fmt.Sprintf("%s z %d", c.Name, i), (p-c.P0)/(c.P0-l.Low95)*normalTwoSided(0.95), want, file.Tolerance)
		}
	}
}

func TestOverdispersionAtTheEdges(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name      string
		x, n      []int
		p0        float64
		phi, tau2 float64
	}{
		{"nothing", nil, nil, 0.9, nan, nan},
		{"one unit", []int{9}, []int{10}, 0.9, nan, nan},
		{"one unit with answers", []int{9, 0}, []int{10, 0}, 0.9, nan, nan},
		{"unequal length", []int{9}, []int{10, 10}, 0.9, nan, nan},
		{"no share", []int{9, 11}, []int{10, 10}, 0.9, nan, nan},
		{"target one", []int{10, 10}, []int{10, 10}, 1, nan, nan},
		{"all on the target", []int{9, 18, 0}, []int{10, 20, 0}, 0.9, 0, 0},
		// z is ±2 and winsorised to ±1.6 (type 7 of two values): φ = 2.56; s² = 0.0025, w = 400,
		// τ² = (2·2.56 − 1)/(800 − 400).
		{"two apart", []int{60, 40}, []int{100, 100}, 0.5, 2.56, 4.12 / 400},
	} {
		phi, tau2 := Overdispersion(c.x, c.n, c.p0)
		near(t, c.name+" phi", phi, c.phi, 1e-12)
		near(t, c.name+" tau2", tau2, c.tau2, 1e-12)
	}
}

// TestSpreadOfRealPractices: the counts are eight practices' answers to the NHS Friends and Family Test;
// the numbers come from a program in another language that shares nothing with this one.
func TestSpreadOfRealPractices(t *testing.T) {
	positive := []int{114, 1193, 143, 537, 54, 103, 165, 469}
	answers := []int{132, 1258, 154, 655, 61, 104, 192, 524}
	phi, tau2 := Overdispersion(positive, answers, 2778.0/3080)
	near(t, "phi", phi, 5.455919297156138, 1e-9)
	near(t, "tau2", tau2, 0.001404437358538809, 1e-9)
	all := SpreadOf(positive, answers)
	near(t, "centre", all.Centre, 0.9039875367602339, 1e-9)
	near(t, "between", all.Between, 0.010167756133905761, 1e-9)
	near(t, "error", all.Error, 0.001449069834047873, 1e-9)
	for _, c := range []struct {
		leftOut int
		want    Limits
	}{
		{1, Limits{0.7034430478785941, 0.9929960565292133, 0.39232328618752876, 1}},
		{4, Limits{0.6443888961239782, 1, 0.23624328923625718, 1}},
	} {
		others := SpreadOf(slices.Delete(slices.Clone(positive), c.leftOut, c.leftOut+1), slices.Delete(slices.Clone(answers), c.leftOut, c.leftOut+1))
		got := others.Limits(answers[c.leftOut])
		near(t, "low 95", got.Low95, c.want.Low95, 1e-7)
		near(t, "high 95", got.High95, c.want.High95, 1e-7)
		near(t, "low 99.8", got.Low998, c.want.Low998, 1e-7)
		near(t, "high 99.8", got.High998, c.want.High998, 1e-7)
	}
}

func TestSpreadAtTheEdges(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name    string
		x, n    []int
		between float64
	}{
		{"nothing", nil, nil, nan},
		{"two units", []int{9, 9}, []int{10, 10}, nan},
		{"two units with answers", []int{9, 9, 0}, []int{10, 10, 0}, nan},
		{"no share", []int{9, 9, 11}, []int{10, 10, 10}, nan},
		{"unequal length", []int{9, 9, 9}, []int{10, 10}, nan},
		{"all alike", []int{9, 9, 9}, []int{10, 10, 10}, 0},
	} {
		near(t, c.name, SpreadOf(c.x, c.n).Between, c.between, 1e-12)
	}
	// All alike and few answers: the exact limits are the wider ones nowhere inside which it may be.
	s := SpreadOf([]int{18, 18, 18, 18, 18}, []int{20, 20, 20, 20, 20})
	got, exact := s.Limits(20), FunnelExact(s.Centre, 20)
	if got.Low95 > exact.Low95 || got.Low998 > exact.Low998 || got.High95 < exact.High95 || got.High998 < exact.High998 {
		t.Errorf("limits %v inside the exact %v", got, exact)
	}
	if got := s.Limits(0); got != (Limits{0, 1, 0, 1}) {
		t.Errorf("limits without answers: %v", got)
	}
	if got := (Spread{Centre: nan}).Limits(10); !math.IsNaN(got.Low95) {
		t.Errorf("limits of an unknown spread: %v", got)
	}
}
