package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

const shrinkLevel = 0.95

// BetaBinomial fits the spread of the units' true shares as Beta(μM, (1−μ)M) to the counts x[i] of
// n[i]: mu is their mean, 0–1, and m is how many answers the prior is worth, so that the correlation
// within units is 1/(M+1). Both by maximum likelihood, started from Kleinman's moments. When the
// likelihood has no maximum with M between 1 and Σn the moments stand, with M held to those bounds:
// a prior is not worth more answers than it is made of, and M is Σn when the units differ no more
// than chance. When all answers are positive, or none are, mu is (Σx+½)/(Σn+1) and m is Σn. Units
// with n = 0 are passed over; with one unit left m is NaN, and with none, a unit that is no share, or
// slices of unequal length, both are. Kleinman 1973; Griffiths 1973.
func BetaBinomial(x, n []int) (mu, m float64) {
	x, n, ok := units(x, n)
	if !ok || len(x) == 0 {
		return math.NaN(), math.NaN()
	}
	hits, total := 0.0, 0.0
	for i := range x {
		hits, total = hits+float64(x[i]), total+float64(n[i])
	}
	mu = hits / total
	if hits == 0 || hits == total {
		mu, m = (hits+0.5)/(total+1), total
	} else {
		m = math.Max(1, math.Min(total, kleinman(x, n, mu, total)))
		if a, b, found := likeliest(x, n, mu, m, total); found && a+b >= 1 && a+b <= total {
			mu, m = a/(a+b), a+b
		}
	}
	if len(x) == 1 {
		m = math.NaN()
	}
	return mu, m
}

// kleinman is M = 1/ρ − 1 from the moments, with units weighted by their answers and 0 < mu < 1 their
// pooled share. It is +Inf when the units differ no more than chance or too few answers tell.
func kleinman(x, n []int, mu, total float64) float64 {
	var spread, chance, room float64
	for i := range x {
		size := float64(n[i])
		d := float64(x[i])/size - mu
		spread += size * d * d
		chance += 1 - size/total
		room += (size - 1) * (1 - size/total)
	}
	excess, whole := spread-mu*(1-mu)*chance, mu*(1-mu)*room
	if !(excess > 0 && whole > 0) {
		return math.Inf(1)
	}
	return whole/excess - 1
}

// likeliest climbs the beta-binomial likelihood from mu and m by Newton steps in the logarithms of
// Beta's parameters a and b, damped until each step goes up. It gives up where the likelihood keeps
// rising towards no spread at all, or towards nothing but 0 and 1.
func likeliest(x, n []int, mu, m, total float64) (a, b float64, found bool) {
	a, b = mu*m, (1-mu)*m
	best := likelihood(x, n, a, b)
	damping := 1e-3
	for range 200 {
		if a+b > 100*total || a+b < 0.01 {
			break
		}
		g, h := slope(x, n, a, b)
		for {
			if damping > 1e15 {
				return 0, 0, false
			}
			haa, hbb := h.aa-damping, h.bb-damping
			det := haa*hbb - h.ab*h.ab
			da, db := (h.ab*g.b-hbb*g.a)/det, (h.ab*g.a-haa*g.b)/det
			uphill := haa < 0 && det > 0
			if uphill && math.Abs(da) < 1e-9 && math.Abs(db) < 1e-9 {
				return a, b, true
			}
			if uphill && math.Abs(da) < 2 && math.Abs(db) < 2 {
				nexta, nextb := a*math.Exp(da), b*math.Exp(db)
				if next := likelihood(x, n, nexta, nextb); next > best {
					a, b, best = nexta, nextb, next
					damping /= 10
					break
				}
			}
			damping *= 10
		}
	}
	return 0, 0, false
}

func likelihood(x, n []int, a, b float64) float64 {
	sum := 0.0
	for i := range x {
		sum += mathext.Lbeta(float64(x[i])+a, float64(n[i]-x[i])+b) - mathext.Lbeta(a, b)
	}
	return sum
}

type gradient struct{ a, b float64 }

type hessian struct{ aa, ab, bb float64 }

// slope is the first and second derivatives of the likelihood in log a and log b.
func slope(x, n []int, a, b float64) (gradient, hessian) {
	var g gradient
	var h hessian
	for i := range x {
		hit, miss, all := float64(x[i])+a, float64(n[i]-x[i])+b, float64(n[i])+a+b
		both := mathext.Digamma(a+b) - mathext.Digamma(all)
		g.a += mathext.Digamma(hit) - mathext.Digamma(a) + both
		g.b += mathext.Digamma(miss) - mathext.Digamma(b) + both
		cross := trigamma(a+b) - trigamma(all)
		h.aa += trigamma(hit) - trigamma(a) + cross
		h.bb += trigamma(miss) - trigamma(b) + cross
		h.ab += cross
	}
	g = gradient{a * g.a, b * g.b}
	return g, hessian{a*a*h.aa + g.a, a * b * h.ab, b*b*h.bb + g.b}
}

// trigamma is the derivative of the digamma function, for x > 0.
func trigamma(x float64) float64 { return mathext.Zeta(2, x) }

// Shrink is the share of a unit with x of n answers, drawn towards the prior of BetaBinomial: the
// posterior mean (x + μM)/(n + M) and the equal-tailed 95 % credible interval of
// Beta(x + μM, n − x + (1−μ)M). The unit's own answers weigh n/(n+M); with n = 0 it is the prior
// itself. An infinite m gives mu and an interval of no width; m = 0 does not shrink. With a negative
// x or n, x > n, mu outside 0–1, a negative or NaN m, or n and m both 0, all are NaN.
// Kleinman 1973; Robinson 1991.
func Shrink(x, n int, mu, m float64) (mean float64, ci Interval) {
	if !countable(x, n) || !(0 <= mu && mu <= 1) || !(m >= 0) || float64(n)+m == 0 {
		return math.NaN(), unknown()
	}
	if math.IsInf(m, 1) {
		return mu, Interval{mu, mu}
	}
	a, b := float64(x)+mu*m, float64(n-x)+(1-mu)*m
	return a / (float64(n) + m), Interval{
		Low:  betaQuantile((1-shrinkLevel)/2, a, b),
		High: betaQuantile((1+shrinkLevel)/2, a, b),
	}
}
