package app

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/venterom/venterom/internal/disclosure"
)

// TestWrongSettingsStopTheStart: before there is a database, and in words that say what to write instead.
func TestWrongSettingsStopTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*Config)
		want string
	}{
		"a word":               {func(c *Config) { c.TrustedProxies = "10.0.0.4, nginx" }, `"nginx" is neither an address such as 10.0.0.4 nor a network`},
		"a wrong address":      {func(c *Config) { c.TrustedProxies = "10.0.0.400" }, `"10.0.0.400"`},
		"a wrong length":       {func(c *Config) { c.TrustedProxies = "10.0.0.0/33" }, `"10.0.0.0/33"`},
		"an address with port": {func(c *Config) { c.TrustedProxies = "10.0.0.4:80" }, `"10.0.0.4:80"`},
		"everybody":            {func(c *Config) { c.TrustedProxies = "0.0.0.0/0" }, "could then say to be anybody"},
		"everybody of IPv6":    {func(c *Config) { c.TrustedProxies = "::/0" }, "could then say to be anybody"},
		"ACME by http":         {func(c *Config) { c.ACME = "it@example.no" }, "base URL with https"},
		"ACME for nobody":      {func(c *Config) { c.ACME, c.BaseURL = "true", "https://svar.example.no" }, "e-mail address"},
		"ACME for a number":    {func(c *Config) { c.ACME, c.BaseURL = "it@example.no", "https://10.0.0.4" }, "look up"},
		"ACME for localhost":   {func(c *Config) { c.ACME, c.BaseURL = "it@example.no", "https://localhost" }, "look up"},
	} {
		cfg := Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: filepath.Join(t.TempDir(), "venterom.db"), BaseURL: "http://localhost:8080", Log: "error"}
		c.set(&cfg)
		a, err := Open(t.Context(), cfg)
		if err == nil {
			_ = a.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if _, err := os.Stat(cfg.Database); !os.IsNotExist(err) {
			t.Errorf("%s: a database was made", name)
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	got, err := Config{TrustedProxies: " 10.0.0.4,10.1.2.3/16 ,fd00::1, 2001:db8::/32,"}.trustedProxies()
	if want := "[10.0.0.4/32 10.1.0.0/16 fd00::1/128 2001:db8::/32]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v, want %s", got, err, want)
	}
}

// pipes is a listener whose connections are in memory, so that a test can have its own time.
type pipes struct{ conns chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error { close(p.conns); return nil }
func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

// TestSlowClients: who sends slowly, reads slowly or says nothing is left, and when.
func TestSlowClients(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
	for _, c := range []struct {
		name   string
		client func(net.Conn)
		within time.Duration
		status string // of the answer, if there is one
	}{
		{"says nothing", func(net.Conn) {}, 5 * time.Second, ""},
		{"slow headers", func(c net.Conn) { drip(c, head+strings.Repeat("X-Slow: x\r\n", 100)) }, 5 * time.Second, ""},
		{"slow body", func(c net.Conn) { _, _ = io.WriteString(c, head+"\r\n"); drip(c, strings.Repeat("x", 1000)) }, 15 * time.Second, "400"},
		{"idle", func(c net.Conn) { _, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") }, 60 * time.Second, "200"},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err != nil {
					http.Error(w, "", http.StatusBadRequest)
				}
			}))
			l := pipes{make(chan net.Conn)}
			go func() { _ = server.Serve(l) }()
			ours, theirs := net.Pipe()
			l.conns <- theirs
			begun := time.Now()
			go c.client(ours)
			answer, err := io.ReadAll(ours) // until the server closes
			if took := time.Since(begun); err != nil || took > c.within+time.Second {
				t.Errorf("%s: closed after %v, %v, want %v", c.name, took, err, c.within)
			}
			if got := string(answer); c.status == "" && strings.Contains(got, "200 OK") || c.status != "" && !strings.HasPrefix(got, "HTTP/1.1 "+c.status) {
				t.Errorf("%s: %.60q", c.name, got)
			}
			_, _ = ours.Close(), server.Close()
			time.Sleep(time.Hour) // for all that is slow to end
		})
	}
	t.Run("slow to read", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			failed := make(chan time.Duration, 1)
			server := newServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				begun := time.Now()
				for {
					if _, err := w.Write(make([]byte, 64<<10)); err != nil {
						failed <- time.Since(begun)
						return
					}
				}
			}))
			l := pipes{make(chan net.Conn)}
			go func() { _ = server.Serve(l) }()
			ours, theirs := net.Pipe()
			l.conns <- theirs
			_, _ = io.WriteString(ours, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			if took := <-failed; took > 31*time.Second {
				t.Errorf("after %v", took)
			}
			_, _ = ours.Close(), server.Close()
			time.Sleep(time.Hour) // for all that is slow to end
		})
	})
}

// drip sends a byte every second.
func drip(c net.Conn, text string) {
	for i := range len(text) {
		time.Sleep(time.Second)
		if _, err := io.WriteString(c, text[i:i+1]); err != nil {
			return
		}
	}
}

func TestLargeHeaders(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config = newServer(http.NotFoundHandler())
	server.Start()
	defer server.Close()
	for size, want := range map[int]int{8 << 10: 404, 32 << 10: 431} {
		r, err := http.NewRequest(http.MethodGet, server.URL, nil)
		mustDo(t, err)
		r.Header.Set("X-Large", strings.Repeat("x", size))
		answer, err := http.DefaultClient.Do(r)
		mustDo(t, err)
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%d bytes: %d, want %d", size, answer.StatusCode, want)
		}
	}
}

// TestRedirect: plain http leads to the base URL, and to nowhere else.
func TestRedirect(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "svar.example.no"}
	for request, want := range map[string]string{
		"GET /k/ABCD?lang=nn HTTP/1.1":       "https://svar.example.no/k/ABCD?lang=nn",
		"GET / HTTP/1.1":                     "https://svar.example.no/",
		"GET //evil.example/ HTTP/1.1":       "https://svar.example.no//evil.example/",
		"GET http://evil.example/x HTTP/1.1": "https://svar.example.no/x",
		"GET x:.evil.example HTTP/1.1":       "https://svar.example.no",
		"GET /%0d%0aX:%20y HTTP/1.1":         "https://svar.example.no/%0d%0aX:%20y",
		"POST /k/ABCD HTTP/1.1":              "",
	} {
		server := httptest.NewServer(redirectTo(base))
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		mustDo(t, err)
		_, err = io.WriteString(c, request+"\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
		mustDo(t, err)
		answer, err := io.ReadAll(c)
		mustDo(t, err)
		got := ""
		for line := range strings.Lines(string(answer)) {
			if value, ok := strings.CutPrefix(line, "Location: "); ok {
				got = strings.TrimSpace(value)
			}
		}
		if got != want {
			t.Errorf("%s leads to %q, want %q", request, got, want)
		}
		server.Close()
	}
}

// TestPing: a health check by the server's own settings, wherever it listens; and it fails for a server that is
// not there.
func TestPing(t *testing.T) {
	cfg := Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: filepath.Join(t.TempDir(), "venterom.db"), BaseURL: "http://localhost:8080", Log: "error"}
	_, port, err := net.SplitHostPort(free(t))
	mustDo(t, err)
	cfg.Address = ":" + port
	if err := Ping(t.Context(), cfg, io.Discard); err == nil {
		t.Error("nobody is ready")
	}
	served(t, cfg)
	for _, host := range []string{"", "0.0.0.0", "[::]", "127.0.0.1", "localhost"} {
		cfg.Address = host + ":" + port
		if err := Ping(t.Context(), cfg, io.Discard); err != nil {
			t.Errorf("%s: %v", cfg.Address, err)
		}
	}
}
