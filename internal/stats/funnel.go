package stats

import "math"

// exactBelow is the number of answers from which the normal approximation of a funnel will do.
const exactBelow = 100

const (
	tail95  = 0.025
	tail998 = 0.001
	winsor  = 0.1
)

// Limits are the control limits of a funnel plot at one size, as shares 0–1: outside 95 % warns,
// outside 99.8 % alerts.
type Limits struct{ Low95, High95, Low998, High998 float64 }

// limitsBy builds limits from the quantile of a share at each tail probability, clipped to 0–1.
func limitsBy(quantile func(q float64) float64) Limits {
	at := func(q float64) float64 { return math.Max(0, math.Min(1, quantile(q))) }
	return Limits{at(tail95), at(1 - tail95), at(tail998), at(1 - tail998)}
}

// blank holds for the sizes without limits; ok is false then. Without answers any share is within.
func blank(p0 float64, n int) (limits Limits, ok bool) {
	nan := math.NaN()
	switch {
	case !(0 <= p0 && p0 <= 1) || n < 0:
		return Limits{nan, nan, nan, nan}, false
	case n == 0:
		return Limits{0, 1, 0, 1}, false
	}
	return Limits{}, true
}

// FunnelExact is the funnel around the target share p0 for n answers from the binomial
// distribution, interpolated between its steps: for the probabilities 0.025, 0.975, 0.001 and
// 0.999, with r the smallest count where F(r) ≥ q, the limit is (r − (F(r) − q)/f(r))/n, clipped to
// 0–1. A target of 0 or 1 gives limits on it. With n = 0 they are 0 and 1; with n < 0 or p0 outside
// 0–1 they are NaN. Spiegelhalter 2005, Statistics in Medicine 24:1185, appendix A.1.1.
func FunnelExact(p0 float64, n int) Limits {
	if limits, ok := blank(p0, n); !ok {
		return limits
	}
	if p0 == 0 || p0 == 1 {
		return Limits{p0, p0, p0, p0}
	}
	return limitsBy(func(q float64) float64 {
		r := binomialQuantile(q, n, p0)
		step := (binomialCDF(r, n, p0) - q) / binomialPMF(r, n, p0)
		return (float64(r) - step) / float64(n)
	})
}

// FunnelScore is the funnel p0 ± z√(p0(1−p0)/n) for n answers, with z = 1.96 and 3.09, clipped to
// 0–1. It is close to FunnelExact from about a hundred answers. With n = 0 the limits are 0 and 1;
// with n < 0 or p0 outside 0–1 they are NaN. Spiegelhalter 2005; the funnel of the Office for Health
// Improvement and Disparities.
func FunnelScore(p0 float64, n int) Limits { return FunnelAdditive(p0, n, 0) }

// FunnelAdditive is FunnelScore with the variance tau2 between units (share squared, from
// Overdispersion) added: p0 ± z√(p0(1−p0)/n + τ²), clipped to 0–1. A negative or NaN tau2 gives NaN.
// Spiegelhalter 2005, Quality and Safety in Health Care 14:347.
func FunnelAdditive(p0 float64, n int, tau2 float64) Limits {
	if limits, ok := blank(p0, n); !ok {
		return limits
	}
	if !(tau2 >= 0) {
		tau2 = math.NaN()
	}
	s := math.Sqrt(p0*(1-p0)/float64(n) + tau2)
	return limitsBy(func(q float64) float64 { return p0 + normalTwoSided(2*q-1)*s })
}

// Funnel chooses the limits to show around p0 for n answers, given what Overdispersion found: the
// exact ones below 100 answers and the score ones from there; and when phi > 1 those with tau2 added,
// though below 100 answers never inside the exact ones. A NaN phi, where dispersion is not known,
// counts as no overdispersion. With n = 0 the limits are 0 and 1; with n < 0 or p0 outside 0–1 NaN.
func Funnel(p0 float64, n int, phi, tau2 float64) Limits {
	limits := FunnelScore(p0, n)
	if phi > 1 {
		limits = FunnelAdditive(p0, n, tau2)
	}
	if n >= exactBelow {
		return limits
	}
	exact := FunnelExact(p0, n)
	if !(phi > 1) {
		return exact
	}
	return outermost(limits, exact)
}

// Spread is how the shares of some units vary beyond chance, on the scale y = arcsin √share, where
// chance has the variance 1/(4n+2) whatever the share. It is what a further unit, not one of them, is
// held against.
type Spread struct {
	Centre  float64 // mean share, 0–1
	Between float64 // τ², the variance between units in y
	Error   float64 // variance of the centre in y
	Units   int
}

// SpreadOf measures the spread of the shares x[i]/n[i] with y = arcsin √((x+⅜)/(n+¾)) and the
// moments of DerSimonian and Laird, not winsorised: that is there to keep a unit from hiding behind its
// own weight, and here the unit that is judged is not among them. Winsorised moments find only two
// thirds of the variance of practices that are drawn from one distribution. Units with n = 0 are passed
// over; with fewer than three left, a unit that is no share, or slices of unequal length, all is NaN.
// Anscombe 1948; DerSimonian and Laird 1986; the arcsine funnel of FunnelPlotR.
func SpreadOf(x, n []int) Spread {
	nan := math.NaN()
	x, n, ok := units(x, n)
	if !ok || len(x) < 3 {
		return Spread{nan, nan, nan, len(x)}
	}
	y, v := make([]float64, len(x)), make([]float64, len(x))
	var w, ww float64
	for i := range x {
		y[i], v[i] = arcsine(float64(x[i])+3.0/8, float64(n[i])+3.0/4), arcsineChance(n[i])
		w += 1 / v[i]
		ww += 1 / (v[i] * v[i])
	}
	weighted := func(between float64) (centre, squares, err float64) {
		var total float64
		for i := range y {
			centre += y[i] / (v[i] + between)
			total += 1 / (v[i] + between)
		}
		centre /= total
		for i := range y {
			squares += (y[i] - centre) * (y[i] - centre) / (v[i] + between)
		}
		return centre, squares, 1 / total
	}
	_, q, _ := weighted(0)
	between := math.Max(0, (q-float64(len(y)-1))/(w-ww/w))
	centre, _, err := weighted(between)
	return Spread{fromArcsine(centre), between, err, len(y)}
}

// Limits are where a further unit of the same kind with n answers falls in 95 % and 99.8 % of cases:
// y ± t·√(1/(4n+2) + τ² + error), with t of units − 2 degrees of freedom because the variance itself is
// an estimate from few units; below 100 answers never inside FunnelExact. With n = 0 they are 0 and 1;
// with n < 0 or an unknown spread NaN. Higgins, Thompson and Spiegelhalter 2009, Journal of the Royal
// Statistical Society A 172:137, section 3.4.
func (s Spread) Limits(n int) Limits {
	if limits, ok := blank(s.Centre, n); !ok {
		return limits
	}
	if s.Units < 3 || !(s.Between >= 0) || !(s.Error >= 0) {
		nan := math.NaN()
		return Limits{nan, nan, nan, nan}
	}
	y, sd := arcsine(s.Centre, 1), math.Sqrt(arcsineChance(n)+s.Between+s.Error)
	limits := limitsBy(func(q float64) float64 { return fromArcsine(y + studentTwoSided(2*q-1, float64(s.Units-2))*sd) })
	if n >= exactBelow {
		return limits
	}
	return outermost(limits, FunnelExact(s.Centre, n))
}

func arcsine(x, n float64) float64 { return math.Asin(math.Sqrt(math.Max(0, math.Min(1, x/n)))) }

func fromArcsine(y float64) float64 {
	sin := math.Sin(math.Max(0, math.Min(math.Pi/2, y)))
	return sin * sin
}

func arcsineChance(n int) float64 { return 1 / (4*float64(n) + 2) }

func outermost(a, b Limits) Limits {
	return Limits{
		Low95: math.Min(a.Low95, b.Low95), High95: math.Max(a.High95, b.High95),
		Low998: math.Min(a.Low998, b.Low998), High998: math.Max(a.High998, b.High998),
	}
}

// Overdispersion tells how much more the shares x[i]/n[i] vary around the target p0 than chance
// does. With s = √(p0(1−p0)/n) and z = (p − p0)/s, winsorised at the 10 % and 90 % quantiles (type 7),
// phi is the mean of z² over the I units: about 1 by chance alone. tau2, in shares squared, is the
// variance between units: (Iφ − (I−1)) / (Σw − Σw²/Σw) with w = 1/s², and 0 where that is negative.
// Units with n = 0 are passed over. With fewer than two units left, a unit that is no share, p0 not
// strictly between 0 and 1, or slices of unequal length, both are NaN.
// Spiegelhalter 2005, Quality and Safety in Health Care 14:347; DerSimonian and Laird 1986.
func Overdispersion(x, n []int, p0 float64) (phi, tau2 float64) {
	x, n, ok := units(x, n)
	if !ok || len(x) < 2 || !proper(p0) {
		return math.NaN(), math.NaN()
	}
	z := make([]float64, len(x))
	var w, ww float64
	for i := range x {
		precision := float64(n[i]) / (p0 * (1 - p0))
		z[i] = (float64(x[i])/float64(n[i]) - p0) * math.Sqrt(precision)
		w += precision
		ww += precision * precision
	}
	low, high := Quantile(z, winsor), Quantile(z, 1-winsor)
	for _, v := range z {
		v = math.Max(low, math.Min(high, v))
		phi += v * v
	}
	count := float64(len(z))
	tau2 = (phi - (count - 1)) / (w - ww/w)
	return phi / count, math.Max(0, tau2)
}

// units copies the pairs with answers; ok is false when the slices differ in length or a pair is no
// share.
func units(x, n []int) (hits, sizes []int, ok bool) {
	if len(x) != len(n) {
		return nil, nil, false
	}
	for i := range x {
		if !countable(x[i], n[i]) {
			return nil, nil, false
		}
		if n[i] > 0 {
			hits, sizes = append(hits, x[i]), append(sizes, n[i])
		}
	}
	return hits, sizes, true
}
