package aggregate_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/storetest"
	"github.com/venterom/venterom/internal/survey"
)

// BenchmarkIntake measures acknowledged forms per second with 64 clients, in turns with pgbench, which
// commits one prepared row per transaction on the same machine; PostgreSQL with fsync, SQLite with
// synchronous(FULL). Only the ratio x_pgbench means something elsewhere: the median of three turns.
func BenchmarkIntake(b *testing.B) {
	const turns, turnTime = 3, 2 * time.Second
	for _, e := range storetest.Engines {
		b.Run(string(e), func(b *testing.B) {
			peer := newPeer(b)
			s := storetest.Open(b, e)
			in := newIntake(b, s, time.Now)
			var practices []practice.Practice
			for i := range 20 {
				practices = append(practices, newPractice(b, s, fmt.Sprint("Legekontor ", i)))
			}
			b.ResetTimer()
			var ours, theirs, ratios []float64
			var heap uint64
			for turn := range turns {
				rate, peak := load(b, in, practices, turn, turnTime)
				heap = max(heap, peak)
				tps := peer(b, turnTime)
				ours, theirs, ratios = append(ours, rate), append(theirs, tps), append(ratios, rate/tps)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(ours), "answers/s")
			b.ReportMetric(median(theirs), "pgbench_tps")
			b.ReportMetric(median(ratios), "x_pgbench")
			b.ReportMetric(float64(heap)/(1<<20), "heap_MB")
			b.ReportMetric(resident(), "rss_MB")
		})
	}
}

// load sends forms from 64 clients for a time; it returns how many were acknowledged in a second and
// the most heap in use meanwhile, in bytes.
func load(b *testing.B, in *aggregate.Intake, practices []practice.Practice, turn int, length time.Duration) (rate float64, heap uint64) {
	ctx := context.Background()
	visit, _ := catalog.Survey("visit", 1)
	codes := []string{"1", "2", "3", "4", "5"}
	var acknowledged atomic.Int64
	var clients sync.WaitGroup
	start := time.Now()
	for client := range 64 {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(uint64(client), uint64(turn)))
			for i := 0; time.Since(start) < length; i++ {
				answers := make(map[string]string, 6)
				for _, q := range visit.Questions {
					answers[q.ID] = codes[r.IntN(5)]
				}
				receipt := fmt.Sprintf("%016x%03d%d", r.Uint64(), client, turn)
				e := aggregate.Entry(practices[r.IntN(len(practices))].ID, "P", "qr", receipt, []survey.Response{{Survey: visit, Answers: answers}})
				if err := in.Count(ctx, e); err != nil {
					b.Error(err)
					return
				}
				acknowledged.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() { clients.Wait(); close(done) }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return float64(acknowledged.Load()) / time.Since(start).Seconds(), heap
		case <-tick.C:
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			heap = max(heap, m.HeapInuse)
		}
	}
}

var tpsPattern = regexp.MustCompile(`tps = ([0-9.]+)`)

// newPeer prepares a table for pgbench; the function runs it and returns its transactions per second.
func newPeer(b *testing.B) func(b *testing.B, length time.Duration) float64 {
	b.Helper()
	bench, err := exec.LookPath("pgbench")
	if err != nil {
		b.Skip("skipped: pgbench is not in PATH")
	}
	dsn := storetest.DSN(b, storetest.Postgres)
	db, err := sql.Open("postgres", dsn)
	must(b, err)
	defer db.Close()
	var fsync, wait string
	must(b, db.QueryRow("SELECT current_setting('fsync'), current_setting('synchronous_commit')").Scan(&fsync, &wait))
	if fsync != "on" || wait != "on" {
		b.Fatalf("fsync is %s, synchronous_commit is %s: a commit is no promise", fsync, wait)
	}
	_, err = db.Exec(`CREATE TABLE peer (id BIGSERIAL PRIMARY KEY, practice INTEGER NOT NULL, question INTEGER NOT NULL, answer INTEGER NOT NULL)`)
	must(b, err)
	script := filepath.Join(b.TempDir(), "insert.sql")
	must(b, os.WriteFile(script, []byte("\\set p random(1, 20)\n\\set a random(1, 5)\n"+
		"INSERT INTO peer (practice, question, answer) VALUES (:p, 1, :a);\n"), 0o600))
	u, err := url.Parse(dsn)
	must(b, err)
	q := u.Query()
	settings := map[string]string{"PGHOST": q.Get("host"), "PGUSER": q.Get("user"), "PGDATABASE": strings.TrimPrefix(u.Path, "/"),
		"PGOPTIONS": "-c search_path=" + q.Get("search_path")}
	if u.Host != "" {
		secret, _ := u.User.Password()
		settings["PGHOST"], settings["PGPORT"], settings["PGUSER"], settings["PGPASSWORD"] = u.Hostname(), u.Port(), u.User.Username(), secret
	}
	return func(b *testing.B, length time.Duration) float64 {
		b.Helper()
		c := exec.Command(bench, "-n", "-M", "prepared", "-c", "32", "-j", "2", "-T", strconv.Itoa(int(length.Seconds())), "-f", script)
		c.Env = os.Environ()
		for name, value := range settings {
			if value != "" {
				c.Env = append(c.Env, name+"="+value)
			}
		}
		out, err := c.CombinedOutput()
		m := tpsPattern.FindSubmatch(out)
		if err != nil || m == nil {
			b.Fatalf("pgbench: %v\n%s", err, out)
		}
		tps, _ := strconv.ParseFloat(string(m[1]), 64)
		return tps
	}
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return xs[len(xs)/2]
}

// resident is the memory of this process, the test binary with all it holds, in MB; 0 where the system
// does not tell.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kB float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kB); err == nil {
			return kB / 1024
		}
	}
	return 0
}
