package stats

import (
	"fmt"
	"math"
	"testing"
)

func TestBetaBinomial(t *testing.T) {
	file := oracle[struct {
		Tolerance      float64
		FixedTolerance float64 `json:"tolerance_fixed_prior"`
		Cases          []struct {
			Name      string
			X, N      []int
			ML        struct{ Mu, M, Loglik float64 }
			Mom       struct{ Mu, Rho, M float64 }
			Posterior struct {
				Mean, Weight     []float64
				Lower95, Upper95 []float64
			} `json:"posterior_ml"`
		}
		Fixed []struct {
			X, N                                int
			Alpha, Beta, Mean, Lower95, Upper95 float64
		} `json:"fixed_prior"`
	}](t, "beta_binomial_shrinkage")
	for _, c := range file.Cases {
		mu, m := BetaBinomial(c.X, c.N)
		near(t, c.Name+" mu", mu, c.ML.Mu, file.Tolerance)
		near(t, c.Name+" M", m, c.ML.M, file.Tolerance)
		total := 0.0
		for _, n := range c.N {
			total += float64(n)
		}
		near(t, c.Name+" Kleinman", kleinman(c.X, c.N, c.Mom.Mu, total), c.Mom.M, 1e-9)
		for i := range c.X {
			mean, ci := Shrink(c.X[i], c.N[i], mu, m)
			what := fmt.Sprintf("%s unit %d", c.Name, i)
			near(t, what, mean, c.Posterior.Mean[i], file.Tolerance)
			nearInterval(t, what, ci, [2]float64{c.Posterior.Lower95[i], c.Posterior.Upper95[i]}, file.Tolerance)
			near(t, what+" weight", float64(c.N[i])/(float64(c.N[i])+m), c.Posterior.Weight[i], file.Tolerance)
		}
	}
	for _, c := range file.Fixed {
		m := c.Alpha + c.Beta
		mean, ci := Shrink(c.X, c.N, c.Alpha/m, m)
		what := fmt.Sprintf("%d of %d", c.X, c.N)
		near(t, what, mean, c.Mean, file.FixedTolerance)
		nearInterval(t, what, ci, [2]float64{c.Lower95, c.Upper95}, file.FixedTolerance)
	}
}

func TestBetaBinomialAtTheEdges(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name  string
		x, n  []int
		mu, m float64
	}{
		{"nothing", nil, nil, nan, nan},
		{"no answers", []int{0, 0}, []int{0, 0}, nan, nan},
		{"unequal length", []int{1}, []int{2, 2}, nan, nan},
		{"no share", []int{3, 1}, []int{2, 2}, nan, nan},
		{"one unit", []int{9, 0}, []int{10, 0}, 0.9, nan},
		{"all positive", []int{10, 5}, []int{10, 5}, 15.5 / 16, 15},
		{"none positive", []int{0, 0}, []int{10, 5}, 0.5 / 16, 15},
		{"no more than chance", []int{9, 18, 27}, []int{10, 20, 30}, 0.9, 60},
		{"one answer each tells nothing", []int{1, 0, 1, 1}, []int{1, 1, 1, 1}, 0.75, 4},
		{"nothing but opposites", []int{30, 0}, []int{30, 30}, 0.5, 1},
	} {
		mu, m := BetaBinomial(c.x, c.n)
		near(t, c.name+" mu", mu, c.mu, 1e-9)
		near(t, c.name+" m", m, c.m, 1e-9)
	}
}

// No point of a fine net over mu and M may be more likely than a fit inside its borders; where the fit
// fell back on moments, the likeliest point of the net must lie on a border.
func TestBetaBinomialIsTheLikeliest(t *testing.T) {
	random, inside, outside := newRandom(), 0, 0
	for range 60 {
		x, n := randomShares(random, 1+random.IntN(25))
		mu, m := BetaBinomial(x, n)
		hits, total := 0.0, 0.0
		for i := range n {
			hits, total = hits+float64(x[i]), total+float64(n[i])
		}
		if !(0 < mu && mu < 1 && 1 <= m && m <= total) {
			t.Fatalf("%v of %v: got mu %v, M %v", x, n, mu, m)
		}
		const steps = 60
		best, at := math.Inf(-1), 0
		for i := 1; i < 100; i++ {
			for j := 0; j <= steps; j++ {
				p, size := float64(i)/100, math.Pow(total, float64(j)/steps)
				if here := likelihood(x, n, p*size, (1-p)*size); here > best {
					best, at = here, j
				}
			}
		}
		if moments := math.Min(total, kleinman(x, n, hits/total, total)); m == moments && mu == hits/total {
			outside++
			if at != steps {
				t.Fatalf("%v of %v: got the moments %v, %v, but the net is likeliest at %d", x, n, mu, m, at)
			}
			continue
		}
		inside++
		if fit := likelihood(x, n, mu*m, (1-mu)*m); best > fit+1e-9 {
			t.Fatalf("%v of %v: got %v at %v, %v, and %v on the net", x, n, fit, mu, m, best)
		}
	}
	if inside < 20 || outside < 5 {
		t.Errorf("got %d inside and %d outside", inside, outside)
	}
}

func TestShrinkLiesBetweenTheShareAndThePrior(t *testing.T) {
	const mu, m = 0.85, 38.0
	for n := 0; n <= 60; n++ {
		for x := 0; x <= n; x++ {
			mean, ci := Shrink(x, n, mu, m)
			if !(0 <= ci.Low && ci.Low < mean && mean < ci.High && ci.High <= 1) {
				t.Fatalf("%d of %d: %v does not hold %v", x, n, ci, mean)
			}
			if n == 0 {
				near(t, "no answers", mean, mu, 1e-15)
				continue
			}
			p := float64(x) / float64(n)
			if mean < math.Min(p, mu)-1e-12 || mean > math.Max(p, mu)+1e-12 {
				t.Fatalf("%d of %d: %v is not between %v and %v", x, n, mean, p, mu)
			}
			more, _ := Shrink(2*x, 2*n, mu, m)
			if math.Abs(more-p) > math.Abs(mean-p)+1e-12 {
				t.Fatalf("%d of %d: more answers do not draw %v to the share", x, n, mean)
			}
		}
	}
	// As many answers as the prior is worth pull halfway.
	mean, _ := Shrink(38, 38, mu, m)
	near(t, "halfway", mean, (1+mu)/2, 1e-12)
}

func TestShrinkAtTheEdges(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name  string
		x, n  int
		mu, m float64
		mean  float64
		want  [2]float64
	}{
		{"no share", 3, 2, 0.9, 10, nan, [2]float64{nan, nan}},
		{"prior mean above one", 1, 2, 1.1, 10, nan, [2]float64{nan, nan}},
		{"prior not a number", 1, 2, nan, 10, nan, [2]float64{nan, nan}},
		{"size not a number", 1, 2, 0.9, nan, nan, [2]float64{nan, nan}},
		{"negative size", 1, 2, 0.9, -1, nan, [2]float64{nan, nan}},
		{"neither answers nor prior", 0, 0, 0.9, 0, nan, [2]float64{nan, nan}},
		{"infinite prior", 1, 2, 0.9, inf, 0.9, [2]float64{0.9, 0.9}},
		{"no prior, all positive", 2, 2, 0.9, 0, 1, [2]float64{1, 1}},
		{"no prior, none positive", 0, 2, 0.9, 0, 0, [2]float64{0, 0}},
		{"sure prior, all positive", 2, 2, 1, 5, 1, [2]float64{1, 1}},
	} {
		mean, ci := Shrink(c.x, c.n, c.mu, c.m)
		near(t, c.name, mean, c.mean, 0)
		nearInterval(t, c.name, ci, c.want, 0)
	}
}
