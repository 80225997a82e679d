package stats

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// with is the index of every point that breaks the rule.
func with(c Chart, rule Rules) []int {
	found := []int{}
	for i, p := range c.Points {
		if p.Rules.Has(rule) {
			found = append(found, i)
		}
	}
	return found
}

func sameInts(t *testing.T, what string, got, want []int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestXmR(t *testing.T) {
	file := oracle[struct {
		Tolerance float64
		Cases     []struct {
			Name       string
			Y          []float64
			Baseline   int  `json:"baseline_n"`
			Screen     bool `json:"screen_outliers"`
			Mean       float64
			MRBar      float64 `json:"mr_bar"`
			LPL, UPL   float64
			NearLower  float64 `json:"near_lower"`
			NearUpper  float64 `json:"near_upper"`
			Outside    []int
			Trend      []int
			TwoInThree []int `json:"two_in_three"`
			Shift, Any []int
		}
	}](t, "xmr_mdc")
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			got := XmR(c.Y, c.Baseline)
			if c.Screen {
				got = XmRScreened(c.Y, c.Baseline)
			}
			near(t, "centre", got.Centre, c.Mean, file.Tolerance)
			near(t, "mean range", got.MeanRange, c.MRBar, file.Tolerance)
			near(t, "sigma z", got.SigmaZ, math.NaN(), 0)
			for i, p := range got.Points {
				near(t, "value", p.Value, c.Y[i], 0)
				nearInterval(t, "limits", Interval{p.Low, p.High}, [2]float64{c.LPL, c.UPL}, file.Tolerance)
				nearInterval(t, "near limits", Interval{p.NearLow, p.NearHigh}, [2]float64{c.NearLower, c.NearUpper}, file.Tolerance)
			}
			sameInts(t, "outside", with(got, Outside), c.Outside)
			sameInts(t, "trend", with(got, Trend), c.Trend)
			sameInts(t, "two in three", with(got, TwoInThree), c.TwoInThree)
			sameInts(t, "shift", with(got, Shift), c.Shift)
			sameInts(t, "any", got.Signals(), c.Any)
			if got.Used != c.Baseline || got.Trial != (c.Baseline < 13) {
				t.Errorf("got %d used, trial %v, want %d", got.Used, got.Trial, c.Baseline)
			}
			if c.Baseline == len(c.Y) {
				if all := XmR(c.Y, 0); !slices.Equal(all.Points, got.Points) {
					t.Errorf("baseline 0 is not all points")
				}
			}
		})
	}
}

func TestXmRRulesAtTheirBorders(t *testing.T) {
	gap := math.NaN()
	// The baseline of fourteen has mean 50, mean range 4, limits 50 ± 10.64 and near limits 50 ± 7.0933.
	baseline := []float64{52, 48, 52, 48, 52, 48, 52, 48, 52, 48, 52, 48, 52, 48}
	for _, c := range []struct {
		name  string
		after []float64
		rule  Rules
		want  []int
	}{
		{"on the limit is inside", []float64{60.64, 39.36}, Outside, nil},
		{"past the limit", []float64{60.65, 39.35}, Outside, []int{0, 1}},
		{"six on one side", []float64{51, 53, 51, 53, 51, 53, 49}, Shift, nil},
		{"seven on one side", []float64{51, 53, 51, 53, 51, 53, 51}, Shift, []int{0, 1, 2, 3, 4, 5, 6}},
		{"a point on the mean breaks the row", []float64{51, 53, 51, 50, 53, 51, 53, 51}, Shift, nil},
		{"a gap does not break the row", []float64{51, 53, 51, gap, 53, 51, 53, 51}, Shift, []int{0, 1, 2, 4, 5, 6, 7}},
		// The last of the baseline, 48, is the start of the climb.
		{"five steps up", []float64{49, 50, 51, 52, 53, 49}, Trend, nil},
		{"six steps up", []float64{49, 50, 51, 52, 53, 54, 49}, Trend, []int{-1, 0, 1, 2, 3, 4, 5}},
		{"six steps up with a tie", []float64{49, 50, 51, 51, 52, 53, 54, 49}, Trend, nil},
		{"two in three", []float64{58, 51, 58, 49}, TwoInThree, []int{0, 2}},
		{"two in three across the mean", []float64{58, 49, 58, 49}, TwoInThree, nil},
		{"one of them past the outer limit", []float64{58, 51, 61, 49}, TwoInThree, nil},
		{"on the near limit", []float64{50 + 10.64*2/3, 51, 50 + 10.64*2/3, 49}, TwoInThree, nil},
	} {
		got := XmR(append(slices.Clone(baseline), c.after...), len(baseline))
		near(t, "centre", got.Centre, 50, 1e-12)
		near(t, "upper limit", got.Points[0].High, 60.64, 1e-12)
		want := []int{}
		for _, i := range c.want {
			want = append(want, i+len(baseline))
		}
		sameInts(t, c.name, with(got, c.rule), want)
	}
}

func TestXmRScreensALeapOnce(t *testing.T) {
	// Ranges are nine of 1 and two of 30 (mean 69/11 = 6.27): 30 is past 3.267 of it, 1 is not.
	values := []float64{50, 51, 50, 51, 50, 80, 50, 51, 50, 51, 50, 51}
	plain, screened := XmR(values, 0), XmRScreened(values, 0)
	near(t, "plain", plain.MeanRange, 69.0/11, 1e-12)
	near(t, "screened", screened.MeanRange, 1, 1e-12)
	near(t, "same centre", screened.Centre, plain.Centre, 0)
	near(t, "constant", XmRScreened([]float64{5, 5, 5}, 0).MeanRange, 0, 0)
}

func TestXmRAtTheEdges(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name      string
		values    []float64
		baseline  int
		centre    float64
		meanRange float64
	}{
		{"nothing", nil, 0, nan, nan},
		{"one value", []float64{7}, 0, 7, nan},
		{"only gaps", []float64{nan, nan}, 0, nan, nan},
		{"a baseline of one", []float64{7, 9, 9, 9, 9, 9, 9, 9, 9}, 1, 7, nan},
		{"a baseline of gaps", []float64{nan, nan, 9}, 2, nan, nan},
		{"a baseline past the end", []float64{7, 9}, 5, 8, 2},
		{"a negative baseline", []float64{7, 9}, -5, 8, 2},
		{"a gap within", []float64{7, nan, 9}, 0, 8, 2},
		// Their mean is one bit from 0.9, which must not put every point on one side of it.
		{"tenths that never vary", []float64{.9, .9, .9, .9, .9, .9, .9, .9, .9}, 0, .9, 0},
	} {
		got := XmR(c.values, c.baseline)
		near(t, c.name+" centre", got.Centre, c.centre, 1e-12)
		near(t, c.name+" mean range", got.MeanRange, c.meanRange, 1e-12)
		if len(got.Points) != len(c.values) || len(got.Signals()) > 0 || !got.Trial {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
}

func TestPChart(t *testing.T) {
	file := oracle[struct {
		Tolerance float64
		Cases     []struct {
			Name         string
			X, N         []int
			P            []float64
			Centre       float64
			Low          []float64 `json:"lcl3"`
			High         []float64 `json:"ucl3"`
			SigmaZ       float64   `json:"sigma_z"`
			LaneyLow     []float64 `json:"laney_lcl3"`
			LaneyHigh    []float64 `json:"laney_ucl3"`
			Outside      []int     `json:"outside_p"`
			OutsideLaney []int     `json:"outside_laney"`
		} `json:"p_cases"`
	}](t, "p_u_charts")
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			plain, laney := PChart(c.X, c.N, 0), Laney(c.X, c.N, 0)
			near(t, "centre", plain.Centre, c.Centre, file.Tolerance)
			near(t, "sigma z", plain.SigmaZ, c.SigmaZ, file.Tolerance)
			for i := range c.X {
				p, l, what := plain.Points[i], laney.Points[i], fmt.Sprintf("point %d", i)
				near(t, what, p.Value, c.P[i], file.Tolerance)
				nearInterval(t, what, Interval{p.Low, p.High}, [2]float64{c.Low[i], c.High[i]}, file.Tolerance)
				nearInterval(t, what+" by Laney", Interval{l.Low, l.High}, [2]float64{c.LaneyLow[i], c.LaneyHigh[i]}, file.Tolerance)
			}
			sameInts(t, "outside", plain.Signals(), c.Outside)
			sameInts(t, "outside by Laney", laney.Signals(), c.OutsideLaney)
			if plain.Used != len(c.X) || plain.Trial != (len(c.X) < 13) {
				t.Errorf("got %d used, trial %v", plain.Used, plain.Trial)
			}
		})
	}

	// Montgomery prints 0.2313 and 0.0524 to 0.4102 and finds samples 15 and 23 out of control.
	montgomery := file.Cases[2]
	got := PChart(montgomery.X, montgomery.N, 0)
	near(t, "Montgomery centre", got.Centre, 0.2313, 0.00005)
	nearInterval(t, "Montgomery", Interval{got.Points[0].Low, got.Points[0].High}, [2]float64{0.0524, 0.4102}, 0.00005)
	sameInts(t, "Montgomery", got.Signals(), []int{14, 22})
}

func TestPChartBaselineIsFrozen(t *testing.T) {
	x, n := []int{45, 44, 46, 45, 30}, []int{50, 50, 50, 50, 50}
	got := PChart(x, n, 4)
	near(t, "centre", got.Centre, 0.9, 1e-12)
	near(t, "low", got.Points[4].Low, 0.9-3*math.Sqrt(0.9*0.1/50), 1e-12)
	sameInts(t, "signals", got.Signals(), []int{4})
	if got.Used != 4 || !got.Trial || got.Points[4].Rules != Outside {
		t.Errorf("got %+v", got)
	}
	near(t, "sigma z is of the baseline", got.SigmaZ, PChart(x[:4], n[:4], 0).SigmaZ, 0)
}

func TestPChartAtTheEdges(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name     string
		x, n     []int
		baseline int
		centre   float64
		limits   [][2]float64
	}{
		{"nothing", nil, nil, 0, nan, nil},
		{"unequal length", []int{1}, nil, 0, nan, nil},
		{"no answers", []int{0}, []int{0}, 0, nan, [][2]float64{{nan, nan}}},
		{"a month without answers", []int{5, 0, 5}, []int{10, 0, 10}, 0, 0.5, [][2]float64{
			{0.5 - 3*math.Sqrt(0.025), 0.5 + 3*math.Sqrt(0.025)}, {nan, nan},
			{0.5 - 3*math.Sqrt(0.025), 0.5 + 3*math.Sqrt(0.025)}}},
		{"no share", []int{5, 11, -1}, []int{10, 10, 10}, 0, 0.5, [][2]float64{
			{0.5 - 3*math.Sqrt(0.025), 0.5 + 3*math.Sqrt(0.025)}, {nan, nan}, {nan, nan}}},
		{"all positive until now", []int{9, 9, 7}, []int{9, 9, 9}, 2, 1, [][2]float64{{0, 1}, {0, 1}, {0, 1}}},
		{"none positive", []int{0, 0}, []int{9, 9}, 0, 0, [][2]float64{{0, 1}, {0, 1}}},
	} {
		for name, got := range map[string]Chart{"p": PChart(c.x, c.n, c.baseline), "Laney": Laney(c.x, c.n, c.baseline)} {
			near(t, c.name+" centre", got.Centre, c.centre, 1e-12)
			if len(got.Points) != len(c.limits) || len(got.Signals()) > 0 || !got.Trial {
				t.Errorf("%s: got %+v", c.name, got)
				continue
			}
			for i, p := range got.Points {
				nearInterval(t, c.name+" "+name, Interval{p.Low, p.High}, c.limits[i], 1e-12)
			}
		}
	}
}

func TestPChartLimitsAreOnTheScaleAndNarrowWithMoreAnswers(t *testing.T) {
	random := newRandom()
	for range 200 {
		x, n := randomShares(random, 20)
		got := PChart(x, n, 0)
		for i, p := range got.Points {
			if n[i] == 0 {
				continue
			}
			if !(0 <= p.Low && p.Low <= got.Centre && got.Centre <= p.High && p.High <= 1) {
				t.Fatalf("limits %v–%v around %v", p.Low, p.High, got.Centre)
			}
			if (p.Rules != 0) != (p.Value < p.Low || p.Value > p.High) && math.Abs(p.Value-p.Low) > 1e-8 && math.Abs(p.Value-p.High) > 1e-8 {
				t.Fatalf("%v with limits %v–%v is marked %q", p.Value, p.Low, p.High, p.Rules)
			}
			for j, q := range got.Points {
				if n[j] > n[i] && q.High-q.Low > p.High-p.Low+1e-12 {
					t.Fatalf("limits at %d answers are wider than at %d", n[j], n[i])
				}
			}
		}
	}
}

func TestRules(t *testing.T) {
	both := Shift | TwoInThree | Outside
	if got := both.First(); got != Outside {
		t.Errorf("got %v, want %v", got, Outside)
	}
	if got := (Shift | Trend).First(); got != Trend {
		t.Errorf("got %v, want %v", got, Trend)
	}
	if got, want := both.String(), "outside, two-in-three, shift"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if none := Rules(0); none.First() != 0 || none.String() != "" {
		t.Errorf("got %v and %q", none.First(), none)
	}
}
