// Package kanneltest starts a real Kannel with its fake SMSC for tests, from the kannel.conf in
// docs/sms.md. Without Kannel its tests are skipped by name, or fail if CI=true.
package kanneltest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"
)

// Kannel is a running bearerbox and smsbox, and the phones' side of it.
type Kannel struct {
	SendURL string // takes sendsms requests

	config string // the file it runs from
	dir    string
	ports  map[string]int
	smpp   bool
	boxes  []*process // bearerbox, smsbox, fakesmsc
	t      testing.TB
	mu     sync.Mutex
	phones bytes.Buffer // what fakesmsc has logged
}

// Message is what a phone was sent, its parts put together.
type Message struct {
	From, To, Text string
	UCS2           bool
	Parts          int
}

// Doc returns the fenced block of docs/sms.md with a label, such as "conf kannel".
func Doc(t testing.TB, label string) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	page, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../../docs/sms.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "\n```"+label+"\n")
	block, _, end := strings.Cut(rest, "\n```\n")
	if !ok || !end {
		t.Fatalf("docs/sms.md has no block %q", label)
	}
	return block + "\n"
}

// programs finds what is needed; the test is skipped if something is missing.
func programs(t testing.TB) map[string]string {
	t.Helper()
	found := map[string]string{}
	for name, fallback := range map[string]string{"bearerbox": "/usr/sbin/bearerbox", "smsbox": "/usr/sbin/smsbox", "fakesmsc": "/usr/lib/kannel/test/fakesmsc"} {
		path, err := exec.LookPath(name)
		if err != nil {
			path, err = exec.LookPath(fallback)
		}
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("no %s: install kannel and kannel-extras", name)
			}
			t.Skipf("skipped: no %s (Debian's kannel and kannel-extras)", name)
		}
		found[name] = path
	}
	return found
}

// Start runs Kannel with the fake SMSC until the test ends. Every port is a free one on loopback.
func Start(t testing.TB) *Kannel {
	t.Helper()
	return start(t, 0)
}

// StartSMPP runs Kannel without the fake SMSC, bound to an SMPP server on a port of loopback.
func StartSMPP(t testing.TB, port int) *Kannel {
	t.Helper()
	return start(t, port)
}

func start(t testing.TB, smpp int) *Kannel {
	t.Helper()
	programs(t)
	dir := t.TempDir()
	k := &Kannel{t: t, dir: dir, config: filepath.Join(dir, "kannel.conf"), smpp: smpp != 0, ports: ports(t, "admin", "smsbox", "sendsms", "smsc")}
	config := Doc(t, "conf kannel")
	for _, change := range []struct{ group, key, value string }{
		{"core", "admin-port", fmt.Sprint(k.ports["admin"])},
		{"core", "smsbox-port", fmt.Sprint(k.ports["smsbox"])},
		{"core", "store-location", filepath.Join(dir, "store")},
		{"core", "dlr-spool", filepath.Join(dir, "reports")},
		{"core", "log-file", filepath.Join(dir, "bearerbox.log")},
		{"smsbox", "bearerbox-port", fmt.Sprint(k.ports["smsbox"])},
		{"smsbox", "sendsms-port", fmt.Sprint(k.ports["sendsms"])},
		{"smsbox", "log-file", filepath.Join(dir, "smsbox.log")},
	} {
		config = set(t, config, change.group, change.key, change.value)
	}
	if smpp != 0 {
		config = set(t, config, "smsc", "host", "127.0.0.1")
		config = set(t, config, "smsc", "port", fmt.Sprint(smpp))
	} else {
		config = strings.Replace(config, group(t, config, "smsc"), fmt.Sprintf(
			"group = smsc\nsmsc = fake\nsmsc-id = operator\nour-host = \"127.0.0.1\"\nport = %d\nconnect-allow-ip = \"127.0.0.1\"\n", k.ports["smsc"]), 1)
	}
	for _, folder := range []string{"store", "reports"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(k.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	k.SendURL = (&url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", k.ports["sendsms"]), Path: "/cgi-bin/sendsms"}).String()
	t.Cleanup(k.Kill)
	k.start()
	return k
}

// group returns the block of a group in a configuration, the last line's end included.
func group(t testing.TB, config, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^group = ` + name + `\n(?:.+\n)*`).FindString(config)
	if m == "" {
		t.Fatalf("kannel.conf has no group %s", name)
	}
	return m
}

func line(t testing.TB, config, name, key string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + key + ` = .*\n`).FindString(group(t, config, name))
	if m == "" {
		t.Fatalf("group %s of kannel.conf has no %s", name, key)
	}
	return m
}

// value is what the running configuration has.
func (k *Kannel) value(name, key string) string {
	k.t.Helper()
	config, err := os.ReadFile(k.config)
	if err != nil {
		k.t.Fatal(err)
	}
	_, v, _ := strings.Cut(strings.TrimSpace(line(k.t, string(config), name, key)), " = ")
	return strings.Trim(v, `"`)
}

// set changes one value that a group of a configuration has.
func set(t testing.TB, config, name, key, value string) string {
	t.Helper()
	old := group(t, config, name)
	return strings.Replace(config, old, strings.Replace(old, line(t, config, name, key), key+" = \""+value+"\"\n", 1), 1)
}

// ports finds free ports on loopback.
func ports(t testing.TB, names ...string) map[string]int {
	t.Helper()
	free := map[string]int{}
	for _, name := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // together, so that they differ
		free[name] = l.Addr().(*net.TCPAddr).Port
	}
	return free
}

// patience is how long Kannel may take to start on a busy machine.
const patience = 20 * time.Second

// start runs the three programs, each when the one before it listens.
func (k *Kannel) start() {
	k.t.Helper()
	path := programs(k.t)
	k.run(path["bearerbox"], io.Discard, k.config)
	k.listens("admin")
	k.listens("smsbox")
	k.run(path["smsbox"], io.Discard, k.config)
	k.listens("sendsms")
	if !k.smpp {
		k.run(path["fakesmsc"], k, "-H", "127.0.0.1", "-r", fmt.Sprint(k.ports["smsc"]), "-m", "0")
	}
	k.await("the SMSC and smsbox to be connected", patience, func() bool {
		status := k.status()
		return strings.Contains(status, "(online") && strings.Contains(status, "smsbox")
	})
}

// listens waits for a port.
func (k *Kannel) listens(name string) {
	k.t.Helper()
	k.await("Kannel to listen on its "+name+" port", patience, func() bool {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", k.ports[name]), time.Second)
		if err != nil {
			return false
		}
		_ = c.Close()
		return true
	})
}

// await asks until the answer is yes.
func (k *Kannel) await(what string, within time.Duration, done func() bool) {
	k.t.Helper()
	for deadline := time.Now().Add(within); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(k.dir, "bearerbox.log"))
			k.t.Fatalf("waited in vain for %s\n%s", what, log)
		}
	}
}

// status is what Kannel says of itself.
func (k *Kannel) status() string {
	u := fmt.Sprintf("http://127.0.0.1:%d/status.txt?password=%s", k.ports["admin"], k.value("core", "admin-password"))
	answer, err := http.Get(u)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return string(text)
}

// Write takes what fakesmsc logs.
func (k *Kannel) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.phones.Write(p)
}

var (
	gotMessage = regexp.MustCompile(`(?s)Got message \d+: <(\S+) (\S+) (.*)>$`)
	logLine    = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[\d+\] \[\d+\] `)
)

// Messages returns what has reached the phones since Start, in the order in which each was complete.
func (k *Kannel) Messages() []Message {
	k.t.Helper()
	k.mu.Lock()
	text := k.phones.String()
	k.mu.Unlock()
	text = text[:strings.LastIndex(text, "\n")+1] // the rest of a line is on its way
	var messages []Message
	type concatenation struct {
		from, to, reference string
	}
	parts := map[concatenation]map[byte]string{}
	for _, entry := range logLine.Split(text, -1) { // a text may have more than one line
		m := gotMessage.FindStringSubmatch(strings.TrimRight(entry, "\n"))
		if m == nil {
			continue
		}
		from, to := m[1], m[2]
		kind, rest, _ := strings.Cut(m[3], " ")
		var header string
		if kind == "udh" {
			header, rest, _ = strings.Cut(rest, " ")
			kind, rest, _ = strings.Cut(rest, " ")
		}
		whole := Message{From: from, To: to, Text: rest, UCS2: kind == "ucs-2", Parts: 1}
		if kind != "text" {
			whole.Text = k.unescape(rest)
		}
		if header == "" {
			messages = append(messages, whole.decoded())
			continue
		}
		h := k.unescape(header)
		if len(h) != 6 || h[:3] != "\x05\x00\x03" {
			k.t.Fatalf("fakesmsc has an unknown header %q", header)
		}
		c := concatenation{from, to, h[3:4]}
		if parts[c] == nil {
			parts[c] = map[byte]string{}
		}
		parts[c][h[5]] = whole.Text
		if whole.Parts = int(h[4]); len(parts[c]) == whole.Parts {
			whole.Text = ""
			for i := range whole.Parts {
				whole.Text += parts[c][byte(i+1)]
			}
			// fakesmsc does not say how a part is encoded, but UTF-8 has no zero octet, and two octets of
			// nearly every text in UCS-2 have.
			whole.UCS2 = strings.Contains(whole.Text, "\x00")
			messages = append(messages, whole.decoded())
			delete(parts, c)
		}
	}
	return messages
}

// decoded reads the UTF-16 of a message that has it.
func (m Message) decoded() Message {
	if m.UCS2 {
		units := make([]uint16, len(m.Text)/2)
		for i := range units {
			units[i] = uint16(m.Text[2*i])<<8 | uint16(m.Text[2*i+1])
		}
		m.Text = string(utf16.Decode(units))
	}
	return m
}

func (k *Kannel) unescape(text string) string {
	k.t.Helper()
	s, err := url.QueryUnescape(text)
	if err != nil {
		k.t.Fatalf("fakesmsc wrote %q", text)
	}
	return s
}

// Await waits until the phones have n messages, and returns them.
func (k *Kannel) Await(n int, within time.Duration) []Message {
	k.t.Helper()
	k.await(fmt.Sprintf("%d messages", n), within, func() bool { return len(k.Messages()) >= n })
	return k.Messages()
}

// Settings are those of docs/sms.md for Kannel, with this one's address.
func (k *Kannel) Settings() []byte {
	k.t.Helper()
	const address = "http://127.0.0.1:13013/cgi-bin/sendsms"
	doc := Doc(k.t, "json kannel-gateway")
	if !strings.Contains(doc, address) {
		k.t.Fatalf("the settings in docs/sms.md lack %s", address)
	}
	return []byte(strings.Replace(doc, address, k.SendURL, 1))
}

// Secrets is the file of secrets that goes with the settings.
func (k *Kannel) Secrets() []byte {
	k.t.Helper()
	return []byte(`{"password": "` + k.value("sendsms-user", "password") + `"}`)
}
