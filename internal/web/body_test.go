package web

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
)

// endless is a body that does not end; it counts what is read of it.
type endless struct{ read int64 }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	e.read += int64(len(b))
	return len(b), nil
}

// TestBodies: on every route that takes anything, more than it takes is refused and not read, whether or not its
// length is said, whoever sends it.
func TestBodies(t *testing.T) {
	f := newFixture(t)
	n := 0
	for _, r := range f.routes() {
		if r.method != http.MethodPost {
			continue
		}
		n++
		path := strings.NewReplacer(":code", string(f.point.Code), ":id", f.eidsvag.ID).Replace(r.path)
		most := int64(maxBody)
		for pattern, own := range lists {
			if pattern == r.path {
				most = own
			}
		}
		for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			for _, declared := range []int64{-1, most + 1, 1 << 40} {
				for _, who := range []string{nobody, kari} {
					body := &endless{}
					request := httptest.NewRequest(http.MethodPost, "https://svar.example.org"+path, body)
					request.ContentLength = declared
					request.Header.Set("Content-Type", kind)
					if who != nobody {
						request.Header.Set("Cookie", f.signIn(t, who))
					}
					got := f.send(request)
					if most == maxBody && got.StatusCode != http.StatusRequestEntityTooLarge || got.StatusCode < 400 && got.Header.Get("Location") != "/login" {
						t.Errorf("%s as %q with %d declared: status %d", r.path, who, declared, got.StatusCode)
					}
					if slack := int64(512); body.read > 2*most+slack {
						t.Errorf("%s as %q with %d declared: %d were read, %d are taken", r.path, who, declared, body.read, most)
					}
				}
			}
		}
		// A form that breaks off is none, and not one with nothing in it.
		if most == maxBody {
			request := httptest.NewRequest(http.MethodPost, "https://svar.example.org"+path, io.MultiReader(strings.NewReader("x=y"), broken{}))
			request.ContentLength = 100
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Cookie", f.signIn(t, kari))
			if got := f.send(request); got.StatusCode != http.StatusBadRequest {
				t.Errorf("%s breaks off: status %d", r.path, got.StatusCode)
			}
		}
	}
	for pattern := range lists {
		found := false
		for _, r := range f.routes() {
			found = found || r.path == pattern && r.method == http.MethodPost
		}
		if !found {
			t.Errorf("%s is no route", pattern)
		}
	}
	if n < 40 {
		t.Errorf("only %d routes", n)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken off") }

// TestSlowBodies: a form that comes in slowly is given up, a list of visits has minutes, and both end.
func TestSlowBodies(t *testing.T) {
	for _, c := range []struct {
		path   string
		takes  time.Duration // to send
		status int
	}{
		{"/login", 10 * time.Second, 204}, {"/login", time.Minute, 400},
		{"/api/v1/invitations", 10 * time.Second, 204}, {"/api/v1/invitations", 2 * time.Minute, 204}, {"/api/v1/invitations", 10 * time.Minute, 400},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := echo.New()
			e.HTTPErrorHandler = func(_ error, c echo.Context) { _ = c.NoContent(http.StatusBadRequest) }
			e.Use(limitBody)
			for path := range lists {
				e.POST(path, drain)
			}
			e.POST("/login", drain)
			ours, theirs := net.Pipe()
			server := &http.Server{Handler: e, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second}
			go func() { _ = server.Serve(&oneConn{conn: theirs}) }()
			go func() {
				_, _ = io.WriteString(ours, "POST "+c.path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/csv\r\nContent-Length: 100\r\n\r\n")
				for range 100 {
					time.Sleep(c.takes / 100)
					if _, err := io.WriteString(ours, "x"); err != nil {
						return
					}
				}
			}()
			answer, err := io.ReadAll(ours)
			if got := string(answer); err != nil || !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", c.status)) {
				t.Errorf("%s in %s: %q, %v", c.path, c.takes, got, err)
			}
			_ = server.Close()
			_ = ours.Close()
			time.Sleep(20 * time.Minute)
		})
	}
}

func drain(c echo.Context) error {
	if _, err := io.Copy(io.Discard, c.Request().Body); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// oneConn is a listener with one connection.
type oneConn struct{ conn net.Conn }

func (l *oneConn) Accept() (net.Conn, error) {
	if l.conn == nil {
		return nil, net.ErrClosed
	}
	c := l.conn
	l.conn = nil
	return c, nil
}
func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }
