package sms

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/sms/kanneltest"
)

// minimal is the least that settings can be.
const minimal = `{"url": "URL", "json": {"to": "{to}", "text": "{text}", "key": "{secret.key}"}, "headers": {"Authorization": "Bearer {secret.key}"}}`

var secrets = map[string]string{"key": "s3cr3t-k3y"}

// nasty would break out of every place it is not escaped for.
const nasty = "æ \"&to=1\"\\ \r\n%d + ?#/../{to}{secret.key} </script> 😀 \u2028"

func gateway(t *testing.T, settings, to string) *HTTP {
	t.Helper()
	s, err := ParseHTTPSettings([]byte(strings.ReplaceAll(settings, "URL", to)))
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewHTTP(s, secrets, func(id string) string { return "https://svar.example.no/sms/report?id=" + id })
	if err != nil {
		t.Fatal(err)
	}
	g.timeout = 5 * time.Second
	return g
}

func message(t *testing.T) Message {
	t.Helper()
	return Message{ID: "ID1", To: number(t, "91234567"), From: "Legekontor", Text: "Hei https://svar.example.no/s/T0K3N"}
}

func TestRequest(t *testing.T) {
	var r *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
		r = got
		body, _ = io.ReadAll(got.Body)
	}))
	defer server.Close()
	m := message(t)
	m.Text = nasty
	send := func(settings string) {
		t.Helper()
		if result := gateway(t, settings, server.URL).Send(t.Context(), m); result.Outcome != Accepted {
			t.Fatalf("%+v", result)
		}
	}
	equal := func(what string, got, want any) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}

	send(`{"url": "URL/v1", "json": {"n": 1e21, "b": [true, null], "m": [{"to": "{to}", "all": "<{from}|{text}|{to_digits}|{to_national}|{coding}|{id}>"}], "r": "{report_url}"},
		"headers": {"X-Key": "{secret.key}", "Idempotency-Key": "{id}"}, "basic_auth": {"username": "u:{id}", "password": "{secret.key}"}}`)
	var got map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&got); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	equal("json", got, map[string]any{"n": "1e21", "b": []any{true, nil}, "r": "https://svar.example.no/sms/report?id=ID1",
		"m": []any{map[string]any{"to": "+4791234567", "all": "<Legekontor|" + nasty + "|4791234567|91234567|2|ID1>"}}})
	equal("method", r.Method+" "+r.URL.Path, "POST /v1")
	equal("headers", []string{r.Header.Get("Content-Type"), r.Header.Get("X-Key"), r.Header.Get("Idempotency-Key"), r.Header.Get("User-Agent")},
		[]string{"application/json", "s3cr3t-k3y", "ID1", "Venterom"})

	send(`{"url": "URL/a", "form": {"to": "{to}", "x y": "={text}&"}}`)
	form, err := url.ParseQuery(string(body))
	equal("form", form, url.Values{"to": {"+4791234567"}, "x y": {"=" + nasty + "&"}})
	equal("form", []any{err, r.Header.Get("Content-Type")}, []any{nil, "application/x-www-form-urlencoded"})

	send(`{"url": "URL/cgi-bin/send", "method": "GET", "query": {"to": "{to}", "text": "{text}", "dlr": "{report_url}&status=%d", "c": "{coding}"}}`)
	equal("query", r.URL.Query(), url.Values{"to": {"+4791234567"}, "text": {nasty}, "dlr": {"https://svar.example.no/sms/report?id=ID1&status=%d"}, "c": {"2"}})
	equal("body of a GET", []any{len(body), r.Method, r.Header.Get("Content-Type")}, []any{0, "GET", ""})

	send(`{"url": "URL/{to}/x y/{text}/end", "method": "PUT", "query": {"from": "{from}"}}`)
	equal("path", r.URL.Path, "/+4791234567/x y/"+nasty+"/end")
	equal("segments", len(strings.Split(r.URL.EscapedPath(), "/")), 5)
	equal("query", r.URL.Query(), url.Values{"from": {"Legekontor"}})
}

// TestOutcomes: what each answer means for whether the message may be tried again.
func TestOutcomes(t *testing.T) {
	const rules = `"body": {"accepted": "\"ok\"", "retry": "busy", "rejected": "invalid", "reference": "id=([a-z0-9]+)"}, `
	for _, c := range []struct {
		status  int
		body    string
		extra   string
		outcome Outcome
	}{
		{200, "", "", Accepted}, {201, "", "", Accepted}, {202, "0: Accepted", "", Accepted}, {204, "", "", Accepted},
		{301, "", "", Unknown}, {302, "", "", Unknown}, {303, "", "", Unknown}, {307, "", "", Deferred}, {308, "", "", Deferred},
		{400, "", "", Rejected}, {413, "", "", Rejected}, {422, "", "", Rejected},
		{401, "", "", Deferred}, {402, "", "", Deferred}, {403, "", "", Deferred}, {404, "", "", Deferred}, {405, "", "", Deferred}, {429, "", "", Deferred},
		{408, "", "", Unknown}, {409, "", "", Unknown}, {418, "", "", Unknown},
		{500, "", "", Unknown}, {502, "", "", Unknown}, {503, "", "", Unknown}, {504, "", "", Unknown}, {599, "", "", Unknown},
		{503, "", `"retry_status": [503], `, Deferred}, {500, "", `"reject_status": [500], `, Rejected}, {404, "", `"reject_status": [404], `, Rejected}, {400, "", `"retry_status": [400], `, Deferred},
		{200, `{"ok"} id=a7`, rules, Accepted}, {200, "busy", rules, Deferred}, {200, `invalid "ok"`, rules, Rejected}, {200, "", rules, Unknown}, {200, "whatever", rules, Unknown},
		{400, `"ok"`, rules, Rejected}, {500, `"ok"`, rules, Unknown},
		{200, strings.Repeat(" ", maxAnswer) + `"ok"`, rules, Unknown}, // further than we read
		{200, "fine", `"body": {"rejected": "invalid"}, `, Accepted},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				t.Errorf("a redirect was followed to %s", r.URL.Path)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			if c.status != http.StatusNoContent {
				_, _ = io.WriteString(w, c.body)
			}
		}))
		got := gateway(t, strings.Replace(minimal, "{", "{"+c.extra, 1), server.URL+"/").Send(t.Context(), message(t))
		server.Close()
		if got.Outcome != c.outcome || !strings.HasPrefix(got.Reason, fmt.Sprintf("status %d", c.status)) {
			t.Errorf("%d %.20q with {%s}: %+v, want %v", c.status, c.body, c.extra, got, c.outcome)
		}
		if want := "a7"; strings.Contains(c.body, "id=") && got.Reference != want {
			t.Errorf("reference %q, want %q", got.Reference, want)
		}
	}
}

// TestLostConnections: "not sent" is said only while nothing can have been read.
func TestLostConnections(t *testing.T) {
	read := func(c net.Conn) { // all of one request
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
	}
	hold := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) } // until the other end gives up
	for _, c := range []struct {
		name    string
		scheme  string
		serve   func(c net.Conn)
		want    Outcome
		reason  string
		timeout time.Duration
	}{
		{"nobody listens", "http", nil, Deferred, "no connection: dial failed", 0},
		{"closed at once", "http", func(net.Conn) {}, Unknown, "no answer: ", 0},
		{"closed after the request", "http", read, Unknown, "no answer: closed", 0},
		{"no answer", "http", hold, Unknown, "no answer: timeout", 100 * time.Millisecond},
		{"half an answer", "http", func(c net.Conn) { read(c); _, _ = io.WriteString(c, "HTTP/1.1 20") }, Unknown, "no answer: ", 0},
		{"an answer of another protocol", "http", func(c net.Conn) { read(c); _, _ = io.WriteString(c, "220 ready\r\n\r\n") }, Unknown, "no answer: not understood", 0},
		{"a header without an end", "http", func(c net.Conn) {
			read(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 2*maxAnswer))
			hold(c)
		}, Unknown, "no answer: not understood", 0},
		{"a body that breaks off", "http", func(c net.Conn) { read(c); _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok") }, Accepted, "status 200", 0},
		{"no TLS at the other end", "https", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); hold(c) }, Deferred, "no connection: ", 0},
		{"no end to the handshake", "https", hold, Deferred, "no connection: timeout", 100 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var connections atomic.Int32
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					connections.Add(1)
					go func() {
						defer conn.Close()
						c.serve(conn)
					}()
				}
			}()
			defer l.Close()
			if c.serve == nil {
				_ = l.Close()
			}
			// GET, which net/http would send again on a kept connection.
			g := gateway(t, `{"url": "URL/", "method": "GET", "query": {"to": "{to}", "text": "{text}", "key": "{secret.key}"}}`, c.scheme+"://"+l.Addr().String())
			if c.timeout > 0 {
				g.timeout = c.timeout
			}
			for n := int32(1); n <= 2; n++ {
				got := g.Send(t.Context(), message(t))
				if got.Outcome != c.want || !strings.HasPrefix(got.Reason, c.reason) {
					t.Errorf("%+v, want %v, %s", got, c.want, c.reason)
				}
				quiet(t, got)
				if sent := connections.Load(); c.serve != nil && sent != n {
					t.Errorf("%d connections for %d messages", sent, n)
				}
			}
		})
	}
	t.Run("a body with the verdict breaks off", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "ok")
		}))
		defer server.Close()
		g := gateway(t, strings.Replace(minimal, "{", `{"body": {"accepted": "ok"}, `, 1), server.URL)
		if got := g.Send(t.Context(), message(t)); got.Outcome != Unknown {
			t.Errorf("%+v", got)
		}
	})
	t.Run("stopped before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got := gateway(t, minimal, "http://127.0.0.1:9/").Send(ctx, message(t)); got.Outcome != Deferred {
			t.Errorf("%+v", got)
		}
	})
	t.Run("an incomplete message", func(t *testing.T) {
		for _, m := range []Message{{}, {ID: "1", From: "A", Text: "x"}, {ID: "1", To: number(t, "91234567"), Text: "x"}} {
			if got := gateway(t, minimal, "http://127.0.0.1:9/").Send(t.Context(), m); got.Outcome != Rejected {
				t.Errorf("%+v", got)
			}
		}
	})
}

func TestCertificates(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	g := gateway(t, minimal, server.URL)
	if got := g.Send(t.Context(), message(t)); got.Outcome != Deferred || got.Reason != "no connection: the certificate is not valid" || requests.Load() != 0 {
		t.Errorf("an unknown authority: %+v", got)
	}
	g = trusting(gateway(t, minimal, "https://another.example/"), server)
	if got := g.Send(t.Context(), message(t)); got.Outcome != Deferred || got.Reason != "no connection: the certificate is not valid" || requests.Load() != 0 {
		t.Errorf("another's certificate: %+v", got)
	}
	g = trusting(gateway(t, minimal, "https://example.com/"), server) // in httptest's certificate
	if got := g.Send(t.Context(), message(t)); got.Outcome != Accepted || requests.Load() != 1 {
		t.Errorf("a good certificate: %+v", got)
	}
}

// trusting leads every connection to the server, and trusts its authority.
func trusting(g *HTTP, server *httptest.Server) *HTTP {
	authority := x509.NewCertPool()
	authority.AddCert(server.Certificate())
	g.transport.TLSClientConfig.RootCAs = authority
	g.transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	return g
}

func TestTroubleHasNoAddress(t *testing.T) {
	secret := "https://api.example.no/s3cr3t-k3y"
	for _, err := range []error{
		&net.DNSError{Err: "no such host", Name: secret}, &net.OpError{Op: "dial", Err: fmt.Errorf("%s", secret)}, &url.Error{Op: "Get", URL: secret, Err: io.EOF},
		x509.HostnameError{Host: secret, Certificate: &x509.Certificate{}}, &tls.CertificateVerificationError{Err: fmt.Errorf("%s", secret)}, fmt.Errorf("%s", secret),
		context.DeadlineExceeded, fmt.Errorf("%s: %w", secret, context.Canceled),
	} {
		if got := trouble(err); got == "" || strings.Contains(got, "example") || strings.Contains(got, "s3cr3t") {
			t.Errorf("%T: %q", err, got)
		}
	}
}

// quiet fails if a result tells anything of the message, the secrets or the address.
func quiet(t *testing.T, r Result) {
	t.Helper()
	for _, secret := range []string{"91234567", "1234", "T0K3N", "Hei", "s3cr3t", "127.0.0.1", "http:", "https:"} {
		if text := fmt.Sprintf("%+v", r); strings.Contains(text, secret) {
			t.Errorf("%s in %s", secret, text)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"URL"`, `"https://api.example.no/v1"`, ""}, {`"URL"`, `"http://localhost:13013/"`, ""}, {`"URL"`, `"http://[::1]:1/"`, ""}, {`"URL"`, `"https://api.example.no/{id}/{secret.key}"`, ""},
		{`"URL"`, `""`, "url must be"}, {`"URL"`, `"api.example.no"`, "url must be"}, {`"URL"`, `"mailto:x"`, "url must be"}, {`"URL"`, `"https:///x"`, "url must be"},
		{`"URL"`, `"http://api.example.no/"`, "must be https"}, {`"URL"`, `"http://127.0.0.1.example.no/"`, "must be https"}, {`"URL"`, `"ftp://127.0.0.1/"`, "must be https"},
		{`"URL"`, `"https://api.example.no/?a=b"`, "no query"}, {`"URL"`, `"https://u:p@api.example.no/"`, "no query"}, {`"URL"`, `"https://api.example.no/#a"`, "no query"},
		{`"URL"`, `"https://{to}.example.no/"`, "url must be"}, {`"URL"`, `"https://a.no/%2e"`, "without %"}, {`"URL"`, `"https://a.no/%2F"`, "without %"},
		{`"URL"`, `"https://a.no/", "method": "DELETE"`, "method must be"}, {`"URL"`, `"https://a.no/", "method": "GET"`, "with GET none"}, {`"URL"`, `"https://a.no/", "form": {"a": "b"}`, "one body"},
		{`"URL"`, `"https://a.no/", "timeout_seconds": 301`, "timeout_seconds"}, {`"URL"`, `"https://a.no/", "timeout_seconds": -1`, "timeout_seconds"},
		{`"URL"`, `"https://a.no/", "retry_status": [200]`, "not a refusal"}, {`"URL"`, `"https://a.no/", "reject_status": [99]`, "not a refusal"},
		{`"URL"`, `"https://a.no/", "body": {"accepted": "("}`, "body.accepted"}, {`"URL"`, `"https://a.no/", "body": {"reference": "x"}`, "a group"},
		{`"URL"`, `"https://a.no/", "reports": {"states": {"gone": ["x"]}}`, `no state "gone"`},
		{`{text}`, `{txt}`, "unknown placeholder {txt}"}, {`{text}`, `hei`, "must have {text}"}, {`{to}`, `1`, "must have {text} and one of"},
		{`"{secret.key}"`, `"{secret.other}"`, `no secret "other"`}, {`Bearer {secret.key}`, `{to}`, "headers.Authorization must not have {to}"},
		{`"Authorization"`, `"host"`, "headers.host cannot be set"},
		{`"URL"`, `"https://a.no/", "basic_auth": {"username": "{text}", "password": ""}`, "basic_auth.username must not"},
	} {
		text := strings.Replace(minimal, c.old, c.new, 1)
		s, err := ParseHTTPSettings([]byte(strings.Replace(text, "URL", "https://a.no/", 1)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = NewHTTP(s, secrets, func(string) string { return "" })
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s for %s: %v, want %q", c.new, c.old, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), secrets["key"]) {
			t.Errorf("a secret in %v", err)
		}
	}
	for _, text := range []string{"", "[]", "{", `{"url": 1}`, `{"urll": "x"}`, `{} {}`} {
		if s, err := ParseHTTPSettings([]byte(text)); err == nil {
			t.Errorf("%s: %+v", text, s)
		}
	}
	if _, err := ParseSecrets([]byte(`{"a": "s3cr3t", "b": s3cr3t}`)); err == nil || strings.Contains(err.Error(), "3") {
		t.Errorf("got %v", err)
	}
	if got, err := ParseSecrets([]byte(`{"a": "b"}`)); err != nil || got["a"] != "b" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAGatewayDoesNotPrintItsSecrets(t *testing.T) {
	g := gateway(t, minimal, "https://api.example.no/x")
	if got := fmt.Sprintf("%v %+v %#v %s", g, g, g, g); strings.Contains(got, "s3cr3t") || !strings.Contains(got, "api.example.no") {
		t.Error(got)
	}
}

// TestTheAggregatorOfTheDocument runs the JSON example of docs/sms.md.
func TestTheAggregatorOfTheDocument(t *testing.T) {
	var path, body, auth, key string
	answer := `{"messages": [{"status": "accepted", "messageId": "ab-12"}]}`
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		path, body, auth, key = r.Host+r.URL.Path, string(b), r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key")
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	s, err := ParseHTTPSettings([]byte(kanneltest.Doc(t, "json gateway")))
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := ParseSecrets([]byte(kanneltest.Doc(t, "json secrets")))
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewHTTP(s, secrets, func(id string) string { return "https://svar.example.no/sms/report?id=" + id })
	if err != nil {
		t.Fatal(err)
	}
	trusting(g, server).transport.TLSClientConfig.ServerName = "example.com"
	m := message(t)
	m.Text = "Blåbær – \"hei\""
	if got := g.Send(t.Context(), m); got.Outcome != Accepted || got.Reference != "ab-12" {
		t.Errorf("%+v", got)
	}
	if path != "api.aggregator.example/v2/accounts/12345/messages" || auth != "Bearer change-me" || key != "ID1" {
		t.Error(path, auth, key)
	}
	if want := `{"messages":[{"destination":"+4791234567","reference":"ID1","reportUrl":"https://svar.example.no/sms/report?id=ID1","source":"Legekontor","text":"Blåbær – \"hei\""}]}`; body != want {
		t.Errorf("got %s\nwant %s", body, want)
	}
	answer = `{"messages": [{"status": "invalid_number"}]}`
	if got := g.Send(t.Context(), m); got.Outcome != Rejected {
		t.Errorf("%+v", got)
	}
	for status, want := range map[string]State{"DELIVERED": Delivered, "EXPIRED": Failed, "ON_ITS_WAY": Buffered} {
		if got, err := s.Reports.Parse(url.Values{"id": {"ID1"}}, "application/json; charset=utf-8", []byte(`{"status": "`+status+`"}`)); got != want || err != nil {
			t.Errorf("%s: %s, %v", status, got, err)
		}
	}
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	g := Log{slog.New(slog.NewTextHandler(&out, nil))}
	m := message(t)
	if got := g.Send(t.Context(), m); got.Outcome != Accepted {
		t.Errorf("%+v", got)
	}
	for _, want := range []string{"message.id=ID1", "message.from=Legekontor", `message.to="+47 9•• •• •67"`, "message.length=35", "message.encoding=GSM-7", "message.parts=1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
	for _, secret := range []string{"1234", "T0K3N", "svar.example", "Hei"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s in %s", secret, out.String())
		}
	}
}

var _ = []Gateway{Log{}, (*HTTP)(nil)}
