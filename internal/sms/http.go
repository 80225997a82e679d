package sms

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// HTTPSettings describe the request that a gateway takes. Placeholders may stand in every value: {to}
// (+4791234567), {to_digits} (4791234567), {to_national} (91234567), {from}, {text}, {id}, {coding} (0 for
// GSM-7, 2 for UCS-2), {report_url}, and {secret.NAME} from the file of secrets. Each position does its
// own escaping.
type HTTPSettings struct {
	URL     string            `json:"url"`    // without a query; placeholders in the path only
	Method  string            `json:"method"` // POST if empty
	Headers map[string]string `json:"headers"`
	Basic   *struct {
		Username string `json:"username"`
		Password string `json:"password"`
	} `json:"basic_auth"`
	Query map[string]string `json:"query"`
	Form  map[string]string `json:"form"`
	JSON  any               `json:"json"`

	TimeoutSeconds int `json:"timeout_seconds"` // 30 if 0

	// What an answer means. Beyond these: 2xx is accepted, the statuses of a request that was refused are
	// deferred or rejected, and everything else is unknown.
	Retry  []int    `json:"retry_status"`  // statuses that mean: not sent, try again
	Reject []int    `json:"reject_status"` // statuses that mean: not sent, and never will be
	Body   BodyRule `json:"body"`

	Reports ReportSettings `json:"reports"`
}

// BodyRule is for gateways that say in the answer's body what became of the message. The patterns are
// regular expressions on an answer of 2xx. One that fits none is unknown if Accepted is given, and
// accepted if it is not.
type BodyRule struct {
	Accepted  string `json:"accepted"`
	Retry     string `json:"retry"`
	Rejected  string `json:"rejected"`
	Reference string `json:"reference"` // its first group is the gateway's own name for the message
}

// ParseHTTPSettings reads settings written in JSON. An unknown key is an error.
func ParseHTTPSettings(data []byte) (HTTPSettings, error) {
	var s HTTPSettings
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	d.UseNumber() // or 1e21 would be written another way than it was read
	if err := d.Decode(&s); err != nil {
		return HTTPSettings{}, fmt.Errorf("read the SMS gateway's settings: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return HTTPSettings{}, errors.New("read the SMS gateway's settings: there is something after the end")
	}
	return s, nil
}

// ParseSecrets reads the file of secrets: a JSON object of names and strings.
func ParseSecrets(data []byte) (map[string]string, error) {
	var secrets map[string]string
	if err := json.Unmarshal(data, &secrets); err != nil {
		return nil, errors.New("read the SMS gateway's secrets: want a JSON object of names and strings") // err may quote one
	}
	return secrets, nil
}

// HTTP is a gateway that takes a request for each message.
type HTTP struct {
	settings  HTTPSettings
	secrets   map[string]string
	reportURL func(id string) string
	scheme    string
	host      string
	path      string
	timeout   time.Duration
	accepted  *regexp.Regexp
	retry     *regexp.Regexp
	rejected  *regexp.Regexp
	reference *regexp.Regexp
	transport *http.Transport
}

const (
	defaultTimeout = 30 * time.Second
	dialTimeout    = 10 * time.Second
	maxAnswer      = 64 << 10
	maxReference   = 100
)

// NewHTTP checks the settings, all of them, so that a mistake shows at start and not at the first
// message. reportURL makes the address that reports of a message are to be sent to; it must end in a
// query, so that settings can add to it.
func NewHTTP(s HTTPSettings, secrets map[string]string, reportURL func(id string) string) (*HTTP, error) {
	g := &HTTP{settings: s, secrets: secrets, reportURL: reportURL, timeout: time.Duration(s.TimeoutSeconds) * time.Second}
	if g.timeout == 0 {
		g.timeout = defaultTimeout
	}
	if g.settings.Method == "" {
		g.settings.Method = http.MethodPost
	}
	if err := errors.Join(g.checkURL(), g.checkRequest(), g.checkAnswer(), s.Reports.check()); err != nil {
		return nil, fmt.Errorf("the SMS gateway's settings: %w", err)
	}
	g.transport = &http.Transport{
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxAnswer,
		// A connection is used once: net/http sends a request again by itself when a kept one turns out to
		// be closed, and a message must not be sent twice.
		DisableKeepAlives: true,
		Protocols:         new(http.Protocols),
	}
	g.transport.Protocols.SetHTTP1(true) // HTTP/2 has retries of its own
	return g, nil
}

// Format names the gateway; its fields hold secrets.
func (g *HTTP) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "SMS gateway at %s", g.host) }

func (g *HTTP) checkURL() error {
	u, err := url.Parse(g.settings.URL)
	switch {
	case strings.Contains(g.settings.URL, "%"): // or it would be escaped twice
		return errors.New("url must be written without %")
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("url must be an address such as https://api.example.no/messages")
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return errors.New("url must have no query, fragment or user: use query and basic_auth")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return errors.New("url must be https, or http to this machine")
	}
	g.scheme, g.host, g.path = u.Scheme, u.Host, u.Path
	return nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func (g *HTTP) checkRequest() error {
	var errs []error
	s := g.settings
	if s.Method != http.MethodGet && s.Method != http.MethodPost && s.Method != http.MethodPut {
		errs = append(errs, errors.New("method must be GET, POST or PUT"))
	}
	if s.Form != nil && s.JSON != nil || s.Method == http.MethodGet && (s.Form != nil || s.JSON != nil) {
		errs = append(errs, errors.New("a request has one body at most, form or json, and with GET none"))
	}
	if s.TimeoutSeconds < 0 || s.TimeoutSeconds > 300 {
		errs = append(errs, errors.New("timeout_seconds must be from 1 to 300"))
	}
	used := map[string]bool{}
	check := func(where, text string, only ...string) {
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			name := m[1]
			used[name] = true
			secret, isSecret := strings.CutPrefix(name, "secret.")
			switch {
			case isSecret && g.secrets[secret] == "":
				errs = append(errs, fmt.Errorf("%s: there is no secret %q", where, secret))
			case !isSecret && !slices.Contains(placeholders, name):
				errs = append(errs, fmt.Errorf("%s: unknown placeholder {%s}", where, name))
			case !isSecret && only != nil && !slices.Contains(only, name):
				errs = append(errs, fmt.Errorf("%s must not have {%s}", where, name))
			}
		}
	}
	check("url", g.path)
	for name, value := range s.Headers {
		check("headers."+name, value, "id") // a header holds neither a number nor a text with æ
		if slices.Contains([]string{"Host", "Content-Length", "Transfer-Encoding", "Connection"}, http.CanonicalHeaderKey(name)) {
			errs = append(errs, fmt.Errorf("headers.%s cannot be set", name))
		}
	}
	if s.Basic != nil {
		check("basic_auth.username", s.Basic.Username, "id")
		check("basic_auth.password", s.Basic.Password, "id")
	}
	for name, value := range s.Query {
		check("query."+name, value)
	}
	for name, value := range s.Form {
		check("form."+name, value)
	}
	each(s.JSON, func(value string) string { check("json", value); return value })
	if !used["text"] || !used["to"] && !used["to_digits"] && !used["to_national"] {
		errs = append(errs, errors.New("the request must have {text} and one of {to}, {to_digits} and {to_national}"))
	}
	return errors.Join(errs...)
}

func (g *HTTP) checkAnswer() error {
	var errs []error
	b := g.settings.Body
	for _, p := range []struct {
		name, text string
		into       **regexp.Regexp
	}{{"accepted", b.Accepted, &g.accepted}, {"retry", b.Retry, &g.retry}, {"rejected", b.Rejected, &g.rejected},
		{"reference", b.Reference, &g.reference}} {
		if p.text == "" {
			continue
		}
		r, err := regexp.Compile(p.text)
		if err != nil {
			errs = append(errs, fmt.Errorf("body.%s: %w", p.name, err))
		}
		*p.into = r
	}
	if g.reference != nil && g.reference.NumSubexp() < 1 {
		errs = append(errs, errors.New("body.reference must have a group in parentheses"))
	}
	for _, status := range slices.Concat(g.settings.Retry, g.settings.Reject) {
		if status < 300 || status > 599 {
			errs = append(errs, fmt.Errorf("%d in retry_status or reject_status is not a refusal", status))
		}
	}
	return errors.Join(errs...)
}

var (
	placeholder  = regexp.MustCompile(`\{([a-z_]+(?:\.[A-Za-z0-9_-]+)?)\}`)
	placeholders = []string{"to", "to_digits", "to_national", "from", "text", "id", "coding", "report_url"}
)

// fill replaces the placeholders of one value. What is put in is not searched again, and is escaped by where it goes.
func (g *HTTP) fill(value string, m Message) string {
	return placeholder.ReplaceAllStringFunc(value, func(p string) string {
		name := p[1 : len(p)-1]
		if secret, ok := strings.CutPrefix(name, "secret."); ok {
			return g.secrets[secret]
		}
		switch name {
		case "to":
			return m.To.E164()
		case "to_digits":
			return strings.TrimPrefix(m.To.E164(), "+")
		case "to_national":
			return strings.TrimPrefix(m.To.E164(), "+47")
		case "from":
			return string(m.From)
		case "text":
			return m.Text
		case "id":
			return m.ID
		case "coding":
			if Count(m.Text).Encoding == UCS2 {
				return "2"
			}
			return "0"
		}
		return g.reportURL(m.ID)
	})
}

// each returns a JSON value with f applied to every string in it that is not a key.
func each(value any, f func(string) string) any {
	switch v := value.(type) {
	case string:
		return f(v)
	case []any:
		c := make([]any, len(v))
		for i := range v {
			c[i] = each(v[i], f)
		}
		return c
	case map[string]any:
		c := make(map[string]any, len(v))
		for k := range v {
			c[k] = each(v[k], f)
		}
		return c
	}
	return value
}

// request makes the request of one message.
func (g *HTTP) request(ctx context.Context, m Message) (*http.Request, error) {
	filled := func(values map[string]string) string {
		q := url.Values{}
		for k, v := range values {
			q.Set(k, g.fill(v, m))
		}
		return q.Encode()
	}
	u := &url.URL{Scheme: g.scheme, Host: g.host, RawQuery: filled(g.settings.Query)}
	segments, escaped := strings.Split(g.path, "/"), []string{}
	for i := range segments {
		segments[i] = g.fill(segments[i], m)
		escaped = append(escaped, url.PathEscape(segments[i]))
	}
	u.Path, u.RawPath = strings.Join(segments, "/"), strings.Join(escaped, "/")

	var body []byte
	contentType := ""
	switch {
	case g.settings.Form != nil:
		body, contentType = []byte(filled(g.settings.Form)), "application/x-www-form-urlencoded"
	case g.settings.JSON != nil:
		contentType = "application/json"
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(each(g.settings.JSON, func(v string) string { return g.fill(v, m) })); err != nil {
			return nil, err
		}
		body = bytes.TrimSpace(b.Bytes())
	}
	r, err := http.NewRequestWithContext(ctx, g.settings.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("User-Agent", "Venterom")
	for name, value := range g.settings.Headers {
		r.Header.Set(name, g.fill(value, m))
	}
	if b := g.settings.Basic; b != nil {
		r.SetBasicAuth(g.fill(b.Username, m), g.fill(b.Password, m))
	}
	return r, nil
}

// Send hands the message over in one request.
func (g *HTTP) Send(ctx context.Context, m Message) Result {
	if m.To == (Number{}) || m.Text == "" || m.From == "" || m.ID == "" {
		return Result{Outcome: Rejected, Reason: "the message is not complete"}
	}
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	// From the moment there is a connection to write to, a lost one leaves it open whether the gateway has
	// read the request. Before it, nothing can have been read.
	var connected atomic.Bool
	r, err := g.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}), m)
	if err != nil {
		return Result{Outcome: Rejected, Reason: "the request cannot be made"}
	}
	answer, err := g.transport.RoundTrip(r) // and not a Client's Do: no redirects, no cookies
	if err != nil {
		if connected.Load() {
			return Result{Outcome: Unknown, Reason: "no answer: " + trouble(err)}
		}
		return Result{Outcome: Deferred, Reason: "no connection: " + trouble(err)}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return g.judge(answer.StatusCode, body, err == nil)
}

// trouble names an error of the network without its text, which may hold an address.
func trouble(err error) string {
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return "timeout"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "the name is not known"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the certificate is not valid"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate is another's"
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Op + " failed"
	}
	if errors.Is(err, context.Canceled) {
		return "stopped"
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "closed"
	}
	return "not understood"
}

// judge says what an answer means; whole is false if its body broke off.
func (g *HTTP) judge(status int, body []byte, whole bool) Result {
	r := Result{Outcome: byStatus(status), Reason: "status " + strconv.Itoa(status)}
	switch {
	case slices.Contains(g.settings.Retry, status):
		r.Outcome = Deferred
	case slices.Contains(g.settings.Reject, status):
		r.Outcome = Rejected
	}
	if r.Outcome == Accepted && (g.accepted != nil || g.retry != nil || g.rejected != nil) {
		switch {
		case !whole:
			r.Outcome, r.Reason = Unknown, r.Reason+", the answer broke off"
		case g.rejected != nil && g.rejected.Match(body):
			r.Outcome, r.Reason = Rejected, r.Reason+", rejected in the answer"
		case g.retry != nil && g.retry.Match(body):
			r.Outcome, r.Reason = Deferred, r.Reason+", deferred in the answer"
		case g.accepted != nil && !g.accepted.Match(body):
			r.Outcome, r.Reason = Unknown, r.Reason+", the answer is not known"
		}
	}
	if r.Outcome == Accepted && g.reference != nil {
		if m := g.reference.FindSubmatch(body); m != nil && len(m[1]) <= maxReference {
			r.Reference = string(m[1])
		}
	}
	return r
}

// byStatus is what a status means by RFC 9110, where it leaves no doubt. Those of a wrong address or
// wrong credentials are deferred: they are mended at our end, and the message is not to blame.
func byStatus(status int) Outcome {
	switch {
	case status >= 200 && status <= 299:
		return Accepted
	case slices.Contains([]int{307, 308, 401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 417, 421, 425, 426, 428, 429, 431}, status):
		return Deferred
	case slices.Contains([]int{400, 413, 414, 416, 422, 451}, status):
		return Rejected
	}
	return Unknown
}
