package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
	"github.com/venterom/venterom/internal/survey"
	"github.com/venterom/venterom/surveys"
)

func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// wrkScript posts the forms of a file, a line "path body" each; every thread has its own share, made
// into requests before the clock starts.
const wrkScript = `
local threads = 0
function setup(thread) thread:set("id", threads); threads = threads + 1 end
function init(args)
  requests, n = {}, 0
  local i = 0
  for line in io.lines(args[1]) do
    if i % 2 == id then
      local path, body = line:match("^(%S+) (%S+)$")
      requests[#requests + 1] = wrk.format("POST", path, headers, body)
    end
    i = i + 1
  end
end
headers = { ["Content-Type"] = "application/x-www-form-urlencoded", ["Accept-Language"] = "nb" }
if os.getenv("ENCODING") then headers["Accept-Encoding"] = os.getenv("ENCODING") end
function request()
  n = n + 1
  if n > #requests then n = 1 end
  return requests[n]
end
`

// BenchmarkForms measures forms posted per second with wrk on 64 connections, in turns with an empty
// echo handler in the same process. Only the ratio x_echo means something elsewhere: the median of
// three turns. gzip is what browsers ask for.
func BenchmarkForms(b *testing.B) {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		b.Skip("skipped: wrk is not in PATH")
	}
	for _, e := range storetest.Engines {
		for _, encoding := range []string{"", "gzip"} {
			b.Run(strings.TrimSuffix(string(e)+"-"+encoding, "-"), func(b *testing.B) {
				const turns, turnTime, forms = 3, 2, 100_000
				f := newBenchServer(b, e)
				dir := b.TempDir()
				script := filepath.Join(dir, "post.lua")
				must(b, os.WriteFile(script, []byte(wrkScript), 0o600))
				ours := listen(b, f.Handler())
				empty := echo.New()
				empty.POST("/k/:code", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
				theirs := listen(b, empty)
				run := func(address, file string) (perSecond float64, requests int) {
					c := exec.Command(wrk, "-t2", "-c64", fmt.Sprintf("-d%ds", turnTime), "-s", script, address, "--", file)
					c.Env = os.Environ()
					if encoding != "" {
						c.Env = append(c.Env, "ENCODING="+encoding)
					}
					out, err := c.CombinedOutput()
					rate, total := ratePattern.FindSubmatch(out), totalPattern.FindSubmatch(out)
					if err != nil || rate == nil || total == nil || bytes.Contains(out, []byte("Non-2xx")) || bytes.Contains(out, []byte("Socket errors")) {
						b.Fatalf("wrk: %v\n%s", err, out)
					}
					perSecond, _ = strconv.ParseFloat(string(rate[1]), 64)
					requests, _ = strconv.Atoi(string(total[1]))
					return perSecond, requests
				}
				b.ResetTimer()
				var rates, empties, ratios []float64
				for turn := range turns {
					file := filepath.Join(dir, fmt.Sprint("forms", turn))
					f.writeForms(b, file, forms)
					nothing, _ := run(theirs, file)
					before := f.receipts(b)
					rate, requests := run(ours, file)
					// Every acknowledged form was another one, and is counted.
					if counted := f.receipts(b) - before; requests > forms || counted < requests || counted > requests+64 {
						b.Fatalf("%d forms counted of %d acknowledged", counted, requests)
					}
					rates, empties, ratios = append(rates, rate), append(empties, nothing), append(ratios, rate/nothing)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(middle(rates), "posts/s")
				b.ReportMetric(middle(empties), "echo/s")
				b.ReportMetric(middle(ratios), "x_echo")
			})
		}
	}
}

var (
	ratePattern  = regexp.MustCompile(`Requests/sec: +([0-9.]+)`)
	totalPattern = regexp.MustCompile(`(\d+) requests in`)
)

func middle(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return xs[len(xs)/2]
}

// benchServer is a server with twenty practices and a log that nobody reads.
type benchServer struct {
	*Server
	practices []practice.Practice
	points    []practice.Point
	week      calendar.Week // the latest that receipts closed
}

func newBenchServer(b *testing.B, e storetest.Engine) *benchServer {
	b.Helper()
	ctx := context.Background()
	catalog, err := survey.Load(surveys.FS)
	must(b, err)
	words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	must(b, err)
	s := storetest.Open(b, e)
	log := silent()
	intake := aggregate.NewIntake(s, aggregate.NewCloser(s, disclosure.Gate{}, log), time.Now, log)
	b.Cleanup(intake.Stop)
	f := &benchServer{week: "2030-W01"}
	f.Server, err = New(Config{Store: s, Surveys: catalog, Intake: intake, Reports: report.New(s, catalog, disclosure.Gate{}), Words: words,
		Secret: []byte(strings.Repeat("s", 32)), BaseURL: &url.URL{Scheme: "http", Host: "localhost"}, Now: time.Now, Log: log})
	must(b, err)
	for i := range 20 {
		p, point, err := s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: fmt.Sprint("Legekontor ", i), Phone: "55 19 00 00"}, "Venterommet")
		must(b, err)
		f.practices, f.points = append(f.practices, p), append(f.points, point)
	}
	return f
}

// writeForms writes forms that patients could have fetched and filled in.
func (f *benchServer) writeForms(b *testing.B, file string, n int) {
	b.Helper()
	var text bytes.Buffer
	for i := range n {
		k := rand.IntN(len(f.practices))
		fmt.Fprintf(&text, "/k/%s token=%s&lang=nb", f.points[k].Code, f.newToken(f.practices[k].ID))
		for _, q := range []string{"polite", "waitroom", "waittime", "consult", "overall"} {
			fmt.Fprintf(&text, "&visit.%s=%d", q, 1+(i+rand.IntN(3))%5)
		}
		text.WriteByte('\n')
	}
	must(b, os.WriteFile(file, text.Bytes(), 0o600))
}

// receipts is how many forms were ever counted: what is released and what a close would release now.
func (f *benchServer) receipts(b *testing.B) int {
	b.Helper()
	n := 0
	count := func(_ string, pending store.Sums) (store.Sums, store.Sums) {
		n += pending.Channels.Counts["qr"]
		return store.Sums{}, pending
	}
	// Weeks to come, in which nothing else is closed; each can be closed once.
	f.week = f.week.Add(1)
	held := func(held store.Sums) (int, bool) { n += held.Channels.Counts["qr"]; return 0, false } // a load like this is a burst
	if closed, err := f.Store.CloseWeek(context.Background(), f.week, store.Division{Divide: count, Settle: held}); err != nil || !closed {
		b.Fatal(closed, err)
	}
	return n
}

func listen(b *testing.B, h http.Handler) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() { _ = s.Serve(l) }()
	b.Cleanup(func() { _ = s.Close() })
	return "http://" + l.Addr().String()
}

// BenchmarkNetwork measures a quarter of a network of 1,400 practices: how long it takes to freeze
// (freeze_ms, once), and the page of one practice and of the coordinator from it.
func BenchmarkNetwork(b *testing.B) {
	for _, e := range storetest.Engines {
		b.Run(string(e), func(b *testing.B) {
			f := newFixtureOn(b, e)
			freeze := wholeCountry(b, f)
			f.openResults(b, kari)
			for name, page := range map[string][2]string{"practice": {kari, networkAddress(f.eidsvag.ID, f.network.ID)}, "coordinator": {kim, "/networks/" + f.network.ID}} {
				b.Run(name, func(b *testing.B) {
					f.timePage(b, page[0], page[1])
					b.ReportMetric(float64(freeze.Milliseconds()), "freeze_ms")
				})
			}
		})
	}
}

// wholeCountry puts 1,400 practices with a quarter of weekly releases in the network and freezes it.
func wholeCountry(b *testing.B, f *fixture) time.Duration {
	b.Helper()
	ctx := context.Background()
	r := rand.New(rand.NewPCG(3, 4))
	practices := []practice.Practice{f.eidsvag}
	for i := 1; i < 1400; i++ {
		p, _, err := f.Store.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: fmt.Sprint("Kontor ", i), Phone: "55 19 00 00"}, "Venterommet")
		must(b, err)
		must(b, f.Store.InvitePractice(ctx, f.network.ID, p.ID))
		must(b, f.Store.SetParticipation(ctx, practice.Participation{NetworkID: f.network.ID, PracticeID: p.ID, State: practice.Joined}))
		practices = append(practices, p)
	}
	visit, _ := f.Surveys.Latest("visit")
	for week := calendar.Week("2026-W27"); week <= "2026-W40"; week = week.Add(1) {
		var batch []store.Entry
		for _, p := range practices {
			for range 10 + r.IntN(6) {
				answers := map[string]string{}
				for _, q := range visit.Questions {
					answers[q.ID] = q.Options[r.IntN(len(q.Options))].Code
				}
				batch = append(batch, aggregate.Entry(p.ID, "", "qr", "", []survey.Response{{Survey: visit, Answers: answers}}))
			}
		}
		must(b, f.Store.Count(ctx, week.Start().Add(8*time.Hour), batch))
		_, err := f.Store.CloseWeek(ctx, week, aggregate.Divide(disclosure.Gate{}))
		must(b, err)
	}
	start := time.Now()
	made, err := aggregate.NewFreezer(f.Store, f.Surveys, disclosure.Gate{}, silent()).Freeze(ctx, calendar.Period{Unit: calendar.Quarterly, Year: 2026, N: 3}, f.clock)
	if err != nil || made == 0 {
		b.Fatal(made, err)
	}
	return time.Since(start)
}

// BenchmarkDashboard measures the page of a practice with five years of weekly releases.
func BenchmarkDashboard(b *testing.B) {
	for _, e := range storetest.Engines {
		b.Run(string(e), func(b *testing.B) {
			f := newFixtureOn(b, e)
			fiveYears(b, f)
			f.openResults(b, kari)
			f.timePage(b, kari, "/practices/"+f.eidsvag.ID)
		})
	}
}

// timePage measures a page as somebody gets it: signed in, in full, compressed.
func (f *fixture) timePage(b *testing.B, as, path string) {
	b.Helper()
	cookie := f.signIn(b, as)
	var times []float64
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, "https://svar.example.org"+path, nil)
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Accept-Encoding", "gzip")
		start := time.Now()
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r)
		times = append(times, float64(time.Since(start).Microseconds())/1000)
		if w.Code != http.StatusOK || w.Body.Len() < 2000 {
			b.Fatalf("status %d, %d bytes", w.Code, w.Body.Len())
		}
	}
	slices.Sort(times)
	b.ReportMetric(times[len(times)/2], "p50_ms")
	b.ReportMetric(times[len(times)*95/100], "p95_ms")
}

// fiveYears fills Eidsvåg with 260 weeks of about 26 answers and closes each.
func fiveYears(b *testing.B, f *fixture) {
	b.Helper()
	ctx := context.Background()
	r := rand.New(rand.NewPCG(1, 2))
	last := calendar.WeekOf(f.clock).Add(-1)
	for week := last.Add(-259); week <= last; week = week.Add(1) {
		var batch []store.Entry
		for range 20 + r.IntN(13) {
			var responses []survey.Response
			for _, id := range []string{"visit", "digital"} {
				sv, _ := f.Surveys.Latest(id)
				answers := map[string]string{}
				for _, q := range sv.Questions {
					answers[q.ID] = q.Options[r.IntN(len(q.Options))].Code
				}
				responses = append(responses, survey.Response{Survey: sv, Answers: answers})
			}
			batch = append(batch, aggregate.Entry(f.eidsvag.ID, string(f.point.Code), "qr", "", responses))
		}
		must(b, f.Store.Count(ctx, week.Start().Add(8*time.Hour), batch))
		if closed, err := f.Store.CloseWeek(ctx, week, aggregate.Divide(disclosure.Gate{})); err != nil || !closed {
			b.Fatal(closed, err)
		}
	}
}
