package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
)

// TestAGatewaysTroubleIsLoggedWithoutSecrets: a server in a process of its own, that says all it can, sends by a
// gateway that fails in every way and repeats in each what it was sent. Of that nothing is in what the process and
// its libraries print: no number, link, text, key or address of the gateway's.
func TestAGatewaysTroubleIsLoggedWithoutSecrets(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var links []string
	n := 0
	link := regexp.MustCompile(`/s/([0-9A-Za-z]+)`)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent := r.URL.String() + " " + r.Header.Get("Authorization") + " " + string(body)
		mu.Lock()
		n++
		way := n % 7
		if m := link.FindStringSubmatch(sent); m != nil {
			links = append(links, m[1])
		} else if text, err := url.QueryUnescape(string(body)); err == nil {
			if m := link.FindStringSubmatch(text); m != nil {
				links = append(links, m[1])
			}
		}
		mu.Unlock()
		switch way {
		case 0:
			http.Error(w, "taken: "+sent, http.StatusAccepted)
		case 1:
			http.Error(w, sent, http.StatusBadRequest)
		case 2:
			http.Error(w, sent, http.StatusInternalServerError)
		case 3:
			w.Header().Set("Location", "http://127.0.0.1:1/"+url.PathEscape(sent))
			http.Error(w, sent, http.StatusFound)
		case 4: // breaks off
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, sent)
		case 5: // no HTTP at all
			if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_, _ = io.WriteString(c, sent+"\r\n\r\n")
				_ = c.Close()
			}
		case 6:
			http.Error(w, sent, http.StatusTooManyRequests)
		}
	}))
	defer gateway.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		mustDo(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	cfg := Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: filepath.Join(dir, "venterom.db"), Address: free(t), SMSPrice: 60, Log: "debug",
		SMS: write("gateway.json", `{"url": "`+gateway.URL+`/marked-path/{secret.path}", "headers": {"Authorization": "Bearer {secret.key}"},
			"form": {"to": "{to}", "text": "{text}", "password": "{secret.password}"}}`),
		SMSSecrets: write("secrets.json", `{"path": "marked-secret-path", "key": "marked-secret-key", "password": "marked-secret-password"}`)}
	cfg.BaseURL = "http://" + cfg.Address
	own := cfg
	own.Now, own.Log = func() time.Time { return noon }, "error"
	a, err := Open(t.Context(), own)
	mustDo(t, err)
	defer a.Close()
	ctx := context.Background()
	p, point, err := a.Store.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Name: "Eidsvåg legekontor", Phone: "55 19 00 00"}, "Venterommet")
	mustDo(t, err)
	asking := practice.DefaultAsking(p.ID)
	asking.SMS, asking.Sender, asking.CapOre = true, "Eidsvaag", 1_000_000
	mustDo(t, a.Store.SaveAsking(ctx, asking))
	const messages = 21
	var list strings.Builder
	list.WriteString("telefon;dato\n")
	for i := range messages {
		fmt.Fprintf(&list, "490012%02d;24.11.2025\n", i)
	}
	visits, err := a.Inviter.Read(strings.NewReader(list.String()))
	mustDo(t, err)
	if r, err := a.Inviter.Invite(ctx, p, visits.Visits, false); err != nil || r.Invited != messages {
		t.Fatalf("%+v, %v", r, err)
	}

	settings, err := json.Marshal(cfg)
	mustDo(t, err)
	var printed bytes.Buffer
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), serveAtNoon+"="+string(settings))
	server.Stdout, server.Stderr = &printed, &printed
	mustDo(t, server.Start())
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	stop := sync.OnceFunc(func() { _, _ = server.Process.Signal(syscall.SIGTERM), <-ended })
	defer stop()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		mu.Lock()
		got := n
		mu.Unlock()
		if got >= messages {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d messages were handed over:\n%s", got, messages, &printed)
		}
	}
	pages := cfg.BaseURL
	_, form := request(t, http.MethodGet, pages+"/k/"+string(point.Code), nil)
	token := formToken.FindStringSubmatch(form)[1]
	request(t, http.MethodPost, pages+"/k/"+string(point.Code), url.Values{"token": {token}, "lang": {"nb"}, "visit.polite": {"5"}})
	request(t, http.MethodPost, pages+"/login", url.Values{"email": {"marked@example.org"}, "password": {"marked password"}})
	mu.Lock()
	for _, l := range links {
		request(t, http.MethodGet, pages+"/s/"+l, nil)
	}
	mu.Unlock()
	stop()

	secret, err := os.ReadFile(filepath.Join(dir, "venterom.secret"))
	mustDo(t, err)
	text := printed.String()
	secrets := append(links, "490012", "4900 12", "marked", gateway.URL, "/s/", token, string(point.Code), "polite", "Bearer", "taken:", strings.TrimSpace(string(secret)))
	if len(links) < messages {
		t.Errorf("only %d links were seen", len(links))
	}
	for _, s := range secrets {
		if i := strings.Index(text, s); i >= 0 {
			t.Errorf("the log has %q: …%s…", s, text[max(0, i-200):min(len(text), i+100)])
		}
	}
	for _, want := range []string{"message rejected", "nobody knows whether a message went out", "level=DEBUG", "route=/login"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}
