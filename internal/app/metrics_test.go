package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
)

// free is an address of this machine that nobody listens on.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	mustDo(t, err)
	mustDo(t, l.Close())
	return l.Addr().String()
}

// served runs a server for the length of a test.
func served(t *testing.T, cfg Config) (*App, string) {
	t.Helper()
	a, err := Open(t.Context(), cfg)
	mustDo(t, err)
	ctx, stop := context.WithCancel(context.Background())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- a.Serve(ctx, false, func(addr net.Addr) { listening <- addr }) }()
	t.Cleanup(func() {
		stop()
		mustDo(t, <-ended)
		mustDo(t, a.Close())
	})
	select {
	case addr := <-listening:
		return a, "http://" + addr.String()
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	return nil, ""
}

func request(t testing.TB, method, address string, form url.Values) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	mustDo(t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := http.DefaultClient.Do(r)
	mustDo(t, err)
	text, err := io.ReadAll(answer.Body)
	mustDo(t, err)
	_ = answer.Body.Close()
	return answer.StatusCode, string(text)
}

var formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

// TestMetricsTellNothingOfAnswers: whoever reads the metrics before and after patients come by every way there is
// reads the same. What the process uses may differ, and is in steps that one visit does not make.
func TestMetricsTellNothingOfAnswers(t *testing.T) {
	metrics := free(t)
	cfg := Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: filepath.Join(t.TempDir(), "venterom.db"), Address: "127.0.0.1:0",
		BaseURL: "http://localhost:8080", Log: "error", SMS: "log", Metrics: metrics}
	a, pages := served(t, cfg)
	ctx := context.Background()
	p, point, err := a.Store.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Name: "Eidsvåg", Phone: "55 19 00 00"}, "Venterommet")
	mustDo(t, err)
	slips, err := a.Store.CreateSlips(ctx, p.ID, 8, time.Now())
	mustDo(t, err)
	read := func() map[string]string {
		status, text := request(t, http.MethodGet, "http://"+metrics+"/metrics", nil)
		if status != http.StatusOK {
			t.Fatalf("status %d: %s", status, text)
		}
		lines := map[string]string{}
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "#") {
				i := strings.LastIndex(line, " ")
				lines[line[:i]] = strings.TrimSpace(line[i:])
			}
		}
		return lines
	}
	// What differs, and may.
	uses := []string{"go_goroutines", "process_cpu_seconds_total", "process_open_fds", "process_resident_memory_bytes"}
	differing := func(before, after map[string]string) (names []string) {
		for name, value := range after {
			if before[name] != value && !slices.Contains(uses, name) {
				names = append(names, name+" "+value)
			}
		}
		for name := range before {
			if _, ok := after[name]; !ok {
				names = append(names, name)
			}
		}
		return names
	}
	answer := func(path string) {
		t.Helper()
		form := url.Values{"lang": {"nb"}}
		status, body := request(t, http.MethodGet, pages+path, nil)
		if strings.HasPrefix(path, "/kiosk/") {
			status, body = request(t, http.MethodPost, pages+path, url.Values{"open": {"nb"}})
		}
		m := formToken.FindStringSubmatch(body)
		if m == nil {
			t.Fatalf("%s: %d", path, status)
		}
		form.Set("token", m[1])
		form.Set("visit.polite", "5")
		if status, body = request(t, http.MethodPost, pages+path, form); status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, status, body)
		}
	}
	request(t, http.MethodGet, pages+"/login", nil)
	before := read()
	for i := range 8 {
		for _, path := range []string{"/k/", "/K/", "/kiosk/", "/w/"} {
			answer(path + string(point.Code))
		}
		answer([]string{"/s/", "/S/"}[i%2] + string(slips[i]))
	}
	for _, path := range []string{"/", "/k", "/kiosk", "/k/XXXX", "/p/" + p.Slug, "/p/none", "/s/nothing", "/static/app.css", "/static/none", "/none", "/api/v1/sms/inbound/x?from=49000001&text=STOP"} {
		request(t, http.MethodGet, pages+path, nil)
	}
	request(t, http.MethodPost, pages+"/k/"+string(point.Code), url.Values{"token": {"x"}})
	request(t, http.MethodPost, pages+"/api/v1/sms/inbound/x", url.Values{"from": {"49000001"}})
	request(t, http.MethodPut, pages+"/k/"+string(point.Code), nil)
	after := read()
	if names := differing(before, after); len(names) > 0 {
		t.Errorf("answers change %q", names)
	}
	for _, name := range uses {
		v, err := strconv.ParseFloat(after[name], 64)
		if err != nil || steps[name] == 0 || math.Mod(v, steps[name]) != 0 {
			t.Errorf("%s is %s, %v: not in steps of %v", name, after[name], err, steps[name])
		}
	}
	for name := range after {
		if strings.ContainsAny(name, "{") && (strings.Contains(name, `route="/k`) || strings.Contains(name, `route="/s`) || strings.Contains(name, `route="/w`) || strings.Contains(name, `route=""`)) {
			t.Errorf("there is %s", name)
		}
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			if _, ok := steps[strings.SplitN(name, "{", 2)[0]]; !ok {
				t.Errorf("there is %s", name)
			}
		}
	}
	// And it is on: staff are counted.
	request(t, http.MethodPost, pages+"/login", url.Values{"email": {"x"}, "password": {"y"}})
	if got := read()[`venterom_request_seconds_count{method="POST",route="/login",status="4xx"}`]; got != "1" {
		t.Errorf("the request of somebody at the door is counted %q times", got)
	}
	if got := after["venterom_database_up"] + " " + after[`venterom_messages{state="queued"}`]; got != "1 0" {
		t.Errorf("database and queue are %s", got)
	}
	if got, err := strconv.ParseFloat(after["venterom_last_close_week_end_seconds"], 64); err != nil || time.Since(time.Unix(int64(got), 0)) > 7*24*time.Hour {
		t.Errorf("the latest week that is closed ended at %v, %v", got, err)
	}
	for address, want := range map[string]int{pages + "/metrics": 404, "http://" + metrics + "/": 404, "http://" + metrics + "/login": 404} {
		if status, _ := request(t, http.MethodGet, address, nil); status != want {
			t.Errorf("%s: %d", address, status)
		}
	}
}

// TestMetricsWithoutDatabase: they say so, and of what is wrong nothing but that.
func TestMetricsWithoutDatabase(t *testing.T) {
	a, err := Open(t.Context(), Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: filepath.Join(t.TempDir(), "venterom.db"), BaseURL: "http://localhost:8080", Log: "error"})
	mustDo(t, err)
	mustDo(t, a.Close())
	w := httptest.NewRecorder()
	a.metrics.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "\nventerom_database_up 0\n") || strings.Contains(body, "venterom_messages") {
		t.Errorf("%d %s", w.Code, body)
	}
}

// TestFailuresOfWorkAreCounted by the log that says them.
func TestFailuresOfWorkAreCounted(t *testing.T) {
	m := newMetrics(nil, nil)
	log := slog.New(counting{slog.NewTextHandler(io.Discard, nil), m.failures}).With("a", 1).WithGroup("b")
	log.Error("one")
	log.Warn("none")
	log.Error("two")
	w := httptest.NewRecorder()
	m.ours.Unregister(figures{})
	m.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if want := fmt.Sprintf("venterom_work_failures_total %d\n", 2); !strings.Contains(w.Body.String(), want) {
		t.Errorf("%s", w.Body)
	}
}
