package app

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/venterom/venterom/internal/store"
)

// metrics is what an operator may watch. A counter that is read every quarter of a minute, with an appointment
// book beside it, is a name: so nothing of patients' requests is counted, no figure of the database that an
// answer changes is shown, and what the process uses is shown in steps that one request does not make.
type metrics struct {
	requests *prometheus.HistogramVec
	failures prometheus.Counter
	ours     *prometheus.Registry
	process  *prometheus.Registry
}

// steps are the only figures of the process and of Go that are shown, and how coarsely; 0 is exactly.
// Others count requests in all but name: bytes sent, objects allocated, connections open.
var steps = map[string]float64{
	"go_info":                       0,
	"go_goroutines":                 100,
	"process_cpu_seconds_total":     60,
	"process_max_fds":               0,
	"process_open_fds":              100,
	"process_resident_memory_bytes": 16 << 20,
	"process_start_time_seconds":    0,
}

func newMetrics(s *store.Store, log *slog.Logger) *metrics {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "venterom_request_seconds",
			Help:    "Requests of staff and of machines, by route and class of status. Patients' are not counted.",
			Buckets: []float64{0.01, 0.05, 0.25, 1, 5, 30}}, []string{"method", "route", "status"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "venterom_work_failures_total",
			Help: "Errors of the work that nobody waits for: closing, freezing, sending, tidying. The log says which."}),
		ours: prometheus.NewRegistry(), process: prometheus.NewRegistry(),
	}
	m.ours.MustRegister(m.requests, m.failures, figures{s, log})
	m.process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe counts a request; web leaves patients' out.
func (m *metrics) observe(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}

// handler serves /metrics and nothing else.
func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(prometheus.Gatherers{m.ours, coarse{m.process}}, promhttp.HandlerOpts{}))
	return mux
}

// coarse shows of what is gathered what steps names, in steps.
type coarse struct{ prometheus.Gatherer }

func (c coarse) Gather() ([]*dto.MetricFamily, error) {
	all, err := c.Gatherer.Gather()
	var shown []*dto.MetricFamily
	for _, family := range all {
		step, ok := steps[family.GetName()]
		if !ok {
			continue
		}
		if step > 0 {
			for _, one := range family.Metric {
				if g := one.GetGauge(); g != nil {
					*g.Value = math.Floor(*g.Value/step) * step
				}
				if n := one.GetCounter(); n != nil {
					*n.Value = math.Floor(*n.Value/step) * step
				}
			}
			*family.Help += " In steps of " + strconv.FormatFloat(step, 'f', -1, 64) + "."
		}
		shown = append(shown, family)
	}
	return shown, err
}

// figures are read from the database when they are asked for.
type figures struct {
	store *store.Store
	log   *slog.Logger
}

var (
	databaseUp = prometheus.NewDesc("venterom_database_up", "Whether the database answers.", nil, nil)
	closedWeek = prometheus.NewDesc("venterom_last_close_week_end_seconds", "When the latest week that is closed ended. More than eight days ago: it was not closed on Monday.", nil, nil)
	messages   = prometheus.NewDesc("venterom_messages", "Text messages by state, without reminders and what was cancelled.", []string{"state"}, nil)
)

func (figures) Describe(out chan<- *prometheus.Desc) {
	out <- databaseUp
	out <- closedWeek
	out <- messages
}

func (f figures) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	week, err := f.store.LastClosed(ctx)
	var states map[string]int
	if err == nil {
		states, err = f.store.MessageStates(ctx)
	}
	if err != nil {
		f.log.Error("metrics", "error", err)
		out <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, 0)
		return
	}
	out <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, 1)
	if week != "" {
		out <- prometheus.MustNewConstMetric(closedWeek, prometheus.GaugeValue, float64(week.Add(1).Start().Unix()))
	}
	for state, n := range states {
		out <- prometheus.MustNewConstMetric(messages, prometheus.GaugeValue, float64(n), state)
	}
}

// counting is a log that counts errors as they are written.
type counting struct {
	slog.Handler
	n prometheus.Counter
}

func (c counting) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		c.n.Inc()
	}
	return c.Handler.Handle(ctx, r)
}

func (c counting) WithAttrs(attrs []slog.Attr) slog.Handler {
	return counting{c.Handler.WithAttrs(attrs), c.n}
}

func (c counting) WithGroup(name string) slog.Handler {
	return counting{c.Handler.WithGroup(name), c.n}
}
