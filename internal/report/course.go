package report

import (
	"math"
	"slices"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/stats"
)

// limitPoints is how many points of at least goodPoint answers it takes before control limits are drawn
// without a frozen baseline (rule M2). Where the run chart has a signal there are none: the points are
// of more than one process, and limits around all of them would belong to neither.
const limitPoints = 12

// Course is what a question's series says as a whole: a run chart, and control limits where they can be
// borne. Only exact means count; a mean that is given as a limit is not a point. A frozen baseline is
// the points before the latest improvement of the question, if there are stats.RunMinimum of them: the
// median and the limits are theirs, and the later points are held against them.
type Course struct {
	Points  int // exact means
	Answers int // behind them
	Limited int // periods left out because their mean is given as a limit
	Median  float64

	// The rules of Anhøj. MostRun and LeastCrossings are what chance explains.
	Useful, Longest, Crossings int
	MostRun, LeastCrossings    int
	Enough                     bool // stats.RunMinimum useful points; without it there is no signal
	LongRun, FewCrossings      bool
	From, To                   calendar.Period // the longest run
	Above                      bool            // where the longest run lies

	Baseline     int     // index of the first period after the frozen baseline; 0 if none is frozen
	Limits       *Limits // nil where they cannot be borne
	Improvements []Mark  // of the question, in order of start
}

// Limits are the control limits of a series of means, points of 100, cut to the scale.
type Limits struct {
	Centre, Low, High float64
	Points            int   // behind them
	Trial             bool  // fewer than stats.TrialPoints
	Outside           []int // indexes of the periods beyond them
}

// Mark is the start of an improvement in a series.
type Mark struct {
	Name  string
	Start calendar.Week
	Index int // of the period it started in
}

// Signal reports whether there is more than chance in the series.
func (c *Course) Signal() bool { return c.LongRun || c.FewCrossings }

// course reads a series. It is nil without an exact mean.
func course(q Question, marks []Mark) *Course {
	c := &Course{Improvements: marks}
	values, solid := make([]float64, len(q.Trend)), make([]float64, len(q.Trend))
	for i, p := range q.Trend {
		values[i], solid[i] = math.NaN(), math.NaN()
		switch r := p.Result; {
		case r == nil:
		case r.Mean.Bound != disclosure.Exact:
			c.Limited++
		default:
			c.Points, c.Answers = c.Points+1, c.Answers+r.N
			values[i] = r.Mean.Value
			if r.N >= goodPoint {
				solid[i] = r.Mean.Value
			}
		}
	}
	if c.Points == 0 {
		return nil
	}
	base := len(values)
	if len(marks) > 0 {
		if at := marks[len(marks)-1].Index; present(values[:at]) >= stats.RunMinimum {
			c.Baseline, base = at, at
		}
	}
	c.Median = stats.Quantile(values[:base], 0.5)
	c.runs(q, values)
	if c.Baseline > 0 && present(solid[:base]) >= stats.RunMinimum || c.Baseline == 0 && !c.Signal() && present(solid) >= limitPoints {
		c.limit(solid)
	}
	return c
}

// runs applies the rules of stats.RunChart around Median, which is that of the baseline where one is
// frozen, and keeps where the longest run is.
func (c *Course) runs(q Question, values []float64) {
	last, length, from, rows := 0, 0, 0, 0
	for i, v := range values {
		side := 0
		switch {
		case v > c.Median+1e-9:
			side = 1
		case v < c.Median-1e-9:
			side = -1
		}
		if side == 0 { // on the median, or no value: passed over
			continue
		}
		c.Useful++
		if side != last {
			last, length, from = side, 0, i
			rows++
		}
		if length++; length > c.Longest {
			c.Longest, c.From, c.To, c.Above = length, q.Trend[from].Period, q.Trend[i].Period, side > 0
		}
	}
	c.Crossings = max(0, rows-1)
	c.MostRun, c.LeastCrossings = stats.RunLimits(c.Useful)
	if c.Enough = c.Useful >= stats.RunMinimum; c.Enough {
		c.LongRun, c.FewCrossings = c.Longest > c.MostRun, c.Crossings < c.LeastCrossings
	}
}

// limit adds the limits of an XmR chart of the means. XmR and not a p chart: the series is of means, the
// index has no share of its own, and practices vary more from month to month than chance between
// answers explains (φ over 1), which XmR takes from the data and a p chart's limits leave out. Of its
// rules only a point outside is used: the run chart looks for shifts, with far fewer false alarms.
func (c *Course) limit(solid []float64) {
	chart := stats.XmR(solid, c.Baseline)
	if !(chart.MeanRange > 0) { // never varies: limits of no width
		return
	}
	c.Limits = &Limits{Centre: chart.Centre, Low: 0, High: 100, Points: chart.Used, Trial: chart.Trial}
	for i, p := range chart.Points {
		c.Limits.Low, c.Limits.High = max(0, p.Low), min(100, p.High)
		if p.Rules.Has(stats.Outside) {
			c.Limits.Outside = append(c.Limits.Outside, i)
		}
	}
}

func present(values []float64) int {
	n := 0
	for _, v := range values {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// marksOf is the improvements of a question that began within a series, in order of start.
func marksOf(ims []practice.Improvement, d *Dashboard, q Question) []Mark {
	var marks []Mark
	for _, im := range ims {
		if im.Survey != d.Survey || im.Version != d.Version || !slices.Contains(im.Questions, q.ID) {
			continue
		}
		at := im.Start.In(d.Unit)
		if i := slices.IndexFunc(q.Trend, func(p Point) bool { return p.Period == at }); i >= 0 {
			marks = append(marks, Mark{im.Done, im.Start, i})
		}
	}
	slices.SortStableFunc(marks, func(a, b Mark) int { return a.Index - b.Index })
	return marks
}
