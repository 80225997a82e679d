package app_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
	"github.com/venterom/venterom/internal/survey"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// program is the real command with its settings, as an operator would run it.
type program struct {
	file, dir, address, database string
	env                          []string
}

// build compiles the command once for a test and its subtests.
func build(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "venterom")
	if out, err := exec.Command("go", "build", "-o", file, "../../cmd/venterom").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return file
}

// install sets the command up on an empty database; settings are more of VENTEROM_*.
func install(t testing.TB, file string, e storetest.Engine, settings ...string) program {
	t.Helper()
	p := program{file: file, dir: t.TempDir(), address: freeAddress(t)}
	p.database = storetest.DSN(t, e)
	if e == storetest.SQLite {
		p.database = filepath.Join(p.dir, "data", "venterom.db")
	}
	p.env = append([]string{"PATH=" + os.Getenv("PATH"), "VENTEROM_DATABASE=" + p.database, "VENTEROM_ADDRESS=" + p.address,
		"VENTEROM_BASE_URL=http://" + p.address, "VENTEROM_SECRET_FILE=" + filepath.Join(p.dir, "data", "secret")}, settings...)
	return p
}

// freeAddress finds a port below those that outgoing connections are given: while the server is down
// one of its own clients could take such a port.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+rand.IntN(10000)))
		if l, err := net.Listen("tcp", address); err == nil {
			must(t, l.Close())
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

func (p program) command(args ...string) *exec.Cmd {
	c := exec.Command(p.file, args...)
	c.Dir, c.Env = p.dir, p.env
	return c
}

// run runs a command to its end and returns what it printed.
func (p program) run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := p.command(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("venterom %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

var pathPattern = regexp.MustCompile(`/k/[0-9A-Z-]+`)

// addPractice adds a practice that is live and returns the address of its form, without the host.
func (p program) addPractice(t testing.TB, name string, args ...string) string {
	t.Helper()
	out := p.run(t, append([]string{"practice", "add", name, "--phone", "55 19 00 00"}, args...)...)
	path := pathPattern.FindString(out)
	if path == "" {
		t.Fatalf("no address in %q", out)
	}
	s := p.open(t)
	practices, err := s.Practices(context.Background())
	must(t, err)
	for _, added := range practices {
		must(t, s.GoLive(context.Background(), added.ID))
	}
	must(t, s.Close())
	return path
}

// process is a running server.
type process struct {
	*exec.Cmd
	stderr *output
	ended  chan error
}

// output is written by the process and read by the test.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// serve starts the server and waits until it is ready.
func (p program) serve(t testing.TB) *process {
	t.Helper()
	s := &process{p.command("serve"), &output{}, make(chan error, 1)}
	s.Stdout, s.Stderr = s.stderr, s.stderr
	must(t, s.Start())
	go func() { s.ended <- s.Wait() }()
	t.Cleanup(func() { _ = s.Process.Kill() })
	for range 3000 {
		select {
		case err := <-s.ended:
			t.Fatalf("the server ended: %v\n%s", err, s.stderr)
		default:
		}
		if r, err := http.Get("http://" + p.address + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return s
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("the server is not ready:\n%s", s.stderr)
	return nil
}

// kill ends the server as a power cut would end the process.
func (s *process) kill(t testing.TB) {
	t.Helper()
	must(t, s.Process.Kill())
	if err := <-s.ended; err == nil {
		t.Error("the server ended by itself")
	}
}

// stop ends the server as an operator does; it must end well and have nothing to complain of.
func (s *process) stop(t testing.TB) {
	t.Helper()
	must(t, s.Process.Signal(syscall.SIGTERM))
	if err := <-s.ended; err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, s.stderr)
	}
	if strings.Contains(s.stderr.String(), "level=ERROR") {
		t.Errorf("the server complains:\n%s", s.stderr)
	}
}

var tokenPattern = regexp.MustCompile(`name="token" value="([^"]+)"`)

// patient is a browser as far as the server can tell.
type patient struct {
	*http.Client
	address string
}

func newPatient(address string, keepAlive bool) patient {
	return patient{&http.Client{Timeout: 30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 1, DisableKeepAlives: !keepAlive}}, address}
}

// token fetches a form. An error means that nobody answered.
func (p patient) token(path string) (string, error) {
	r, err := p.Get("http://" + p.address + path)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil {
		return "", err
	}
	m := tokenPattern.FindSubmatch(body)
	if m == nil {
		return "", fmt.Errorf("status %d and no token: %.300s", r.StatusCode, body)
	}
	return string(m[1]), nil
}

// send posts a form. It is acknowledged when the thanks have come in full; an error is an answer that
// the server must never give.
func (p patient) send(path string, form url.Values) (acknowledged bool, err error) {
	r, err := p.PostForm("http://"+p.address+path, form)
	if err != nil {
		return false, nil
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	switch {
	case err != nil, r.StatusCode == http.StatusServiceUnavailable:
		return false, nil
	case r.StatusCode == http.StatusOK && bytes.Contains(body, []byte(`class="counted"`)) && bytes.Contains(body, []byte("</html>")):
		return true, nil
	}
	return false, fmt.Errorf("status %d: %.300s", r.StatusCode, body)
}

var visitQuestions = []string{"polite", "waitroom", "waittime", "consult", "overall"}

// drawVisit draws answers to all five questions.
func drawVisit(r *rand.Rand) map[string]string {
	answers := map[string]string{}
	for _, q := range visitQuestions {
		answers[q] = strconv.Itoa(1 + r.IntN(5))
	}
	return answers
}

func visitForm(token string, answers map[string]string) url.Values {
	form := url.Values{"token": {token}, "lang": {"nb"}}
	for q, a := range answers {
		form.Set("visit."+q, a)
	}
	return form
}

// tally is counts by question and option, those of the index included.
type tally struct {
	mu     sync.Mutex
	forms  int
	counts map[string]map[string]int
}

func (y *tally) add(answers map[string]string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.forms++
	if y.counts == nil {
		y.counts = map[string]map[string]int{}
	}
	one := func(question, option string) {
		if y.counts[question] == nil {
			y.counts[question] = map[string]int{}
		}
		y.counts[question][option]++
	}
	sum := 0
	for q, a := range answers {
		one(q, a)
		n, _ := strconv.Atoi(a)
		sum += (n - 1) * 25
	}
	one(survey.IndexID, strconv.Itoa(sum/len(visitQuestions))) // five answers: a multiple of five
}

// text writes one question a line: "polite 1:20 2:18 …".
func (y *tally) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d forms\n", y.forms)
	for _, q := range slices.Sorted(maps.Keys(y.counts)) {
		b.WriteString(q)
		for _, option := range slices.Sorted(maps.Keys(y.counts[q])) {
			if n := y.counts[q][option]; n > 0 {
				fmt.Fprintf(&b, " %s:%d", option, n)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// closeWeek closes the running week with the command.
func (p program) closeWeek(t testing.TB) {
	t.Helper()
	p.run(t, "close", string(calendar.WeekOf(time.Now())))
}

// releaseAll lets out all that is counted, what is held too: so many forms in so short a time are a burst. It
// takes two closes. It returns how many responses had been held.
func releaseAll(t testing.TB, s *store.Store) (held int) {
	t.Helper()
	ctx := context.Background()
	sum := func(counts map[string]int) (n int) {
		for _, k := range counts {
			n += k
		}
		return n
	}
	week := calendar.WeekOf(time.Now())
	_, err := s.CloseWeek(ctx, week, store.Division{
		Divide: func(_ string, pending store.Sums) (release, rest store.Sums) { return store.Sums{}, pending },
		Settle: func(sums store.Sums) (int, bool) { return sum(sums.Channels.Counts), true }})
	must(t, err)
	practices, err := s.Practices(ctx)
	must(t, err)
	for _, p := range practices {
		bursts, err := s.Bursts(ctx, p.ID)
		must(t, err)
		n := 0
		for _, b := range bursts {
			n += b.N
		}
		if n > 0 {
			must(t, s.DecideBursts(ctx, p.ID, "", store.BurstReleased, n, time.Now().Format(time.DateOnly)))
		}
		held += n
	}
	_, err = s.CloseWeek(ctx, week.Add(1), store.Division{
		Divide: func(_ string, pending store.Sums) (release, rest store.Sums) { return pending, store.Sums{} },
		Join: func(release, rest, letIn store.Sums) (fuller, waits, left store.Sums) {
			return release.Plus(letIn), rest, store.Sums{}
		}})
	must(t, err)
	return held
}

// open opens the program's database.
func (p program) open(t testing.TB) *store.Store {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "data", "secret"))
	must(t, err)
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	must(t, err)
	s, err := store.Open(context.Background(), p.database, secret)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// manyPoints gives a practice twenty collection points and returns the addresses of their forms. Of the
// forms that a test sends to one point most would be held; of those to many, some are and some are not.
func manyPoints(t testing.TB, s *store.Store, name string) []string {
	t.Helper()
	ctx := context.Background()
	practices, err := s.Practices(ctx)
	must(t, err)
	i := slices.IndexFunc(practices, func(q practice.Practice) bool { return q.Name == name })
	var paths []string
	for range 20 {
		point, err := s.CreatePoint(ctx, practices[i].ID, "Plakat")
		must(t, err)
		paths = append(paths, "/k/"+string(point.Code))
	}
	return paths
}

// released reads what was let out of a practice's visit survey.
func released(t testing.TB, s *store.Store, name string) *tally {
	t.Helper()
	ctx := context.Background()
	practices, err := s.Practices(ctx)
	must(t, err)
	i := slices.IndexFunc(practices, func(q practice.Practice) bool { return q.Name == name })
	releases, err := s.Releases(ctx, store.Key{PracticeID: practices[i].ID, Survey: "visit", Version: 1})
	must(t, err)
	questions := map[string]disclosure.Sealed{}
	var channels disclosure.Sealed
	for _, r := range releases { // more than one if the week turned meanwhile
		for id, q := range r.Questions {
			questions[id] = questions[id].Plus(q.Counts)
		}
		if r.Channels != nil {
			channels = channels.Plus(r.Channels.Counts)
		}
	}
	got := &tally{counts: map[string]map[string]int{}}
	if split, ok := (disclosure.Gate{}).Split(channels); ok {
		got.forms = split.Parts()["qr"]
	}
	for id, sealed := range questions {
		shown, ok := disclosure.Gate{}.Question(sealed, nil, survey.NotApplicable)
		if !ok {
			t.Fatalf("%s has too few answers to compare", id)
		}
		got.counts[id] = shown.Counts()
	}
	return got
}

// TestKilled: patients send answers from 32 clients while the server is killed at random moments and
// started again: four times, or twenty where CI=true, so that a plain run stays quick. In the end
// every acknowledged answer is counted exactly once.
//
// Of the clients 28 repeat what was not acknowledged until it is, and now and then press "send" again
// on what was, even in a later life of the server. Four give up instead: what they sent and never saw
// acknowledged may be counted once or not at all.
func TestKilled(t *testing.T) {
	kills := 4
	if os.Getenv("CI") == "true" {
		kills = 20
	}
	file := build(t)
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			p := install(t, file, e, "VENTEROM_LOG=warn")
			p.addPractice(t, "Eidsvåg")
			p.addPractice(t, "Lillevik")
			db := p.open(t)
			patiently, once := manyPoints(t, db, "Eidsvåg"), manyPoints(t, db, "Lillevik")
			server := p.serve(t)

			var want, wantOnce tally
			var unacknowledged, abandoned, acknowledged atomic.Int64
			var done atomic.Bool
			var clients sync.WaitGroup
			for i := range 32 {
				clients.Go(func() {
					r := rand.New(rand.NewPCG(2018, uint64(i)))
					c := newPatient(p.address, true)
					paths, tally, givesUp := patiently, &want, i >= 28
					if givesUp {
						paths, tally = once, &wantOnce
					}
					var sent []url.Values
					var sentTo []string
					for !done.Load() {
						path := paths[r.IntN(len(paths))]
						token, err := c.token(path)
						if err != nil {
							time.Sleep(5 * time.Millisecond) // the server is down
							continue
						}
						answers := drawVisit(r)
						form := visitForm(token, answers)
						for try := 0; ; try++ {
							ok, err := c.send(path, form)
							if err != nil {
								t.Error(err)
								return
							}
							if ok {
								tally.add(answers)
								acknowledged.Add(1)
								sent, sentTo = append(sent, form), append(sentTo, path)
								break
							}
							if try == 0 {
								unacknowledged.Add(1)
							}
							if givesUp {
								abandoned.Add(1)
								break
							}
							time.Sleep(5 * time.Millisecond) // the server is down
						}
						if len(sent) > 0 && r.IntN(10) == 0 {
							again := r.IntN(len(sent))
							if _, err := c.send(sentTo[again], sent[again]); err != nil {
								t.Error(err)
								return
							}
						}
					}
				})
			}
			r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
			for range kills {
				before := acknowledged.Load()
				for acknowledged.Load() < before+50 && !t.Failed() {
					time.Sleep(time.Millisecond)
				}
				<-time.After(time.Duration(r.IntN(150_000)) * time.Microsecond)
				server.kill(t)
				server = p.serve(t)
			}
			done.Store(true)
			clients.Wait()
			server.stop(t)
			if t.Failed() {
				return
			}
			held := releaseAll(t, db)
			if got := released(t, db, "Eidsvåg"); got.text() != want.text() {
				t.Errorf("counted\n%sacknowledged\n%s", got.text(), want.text())
			}
			got := released(t, db, "Lillevik")
			if all := want.forms + got.forms; held == 0 || held == all {
				t.Errorf("%d of %d were held: the test shows one way only", held, all)
			}
			if got.forms < wantOnce.forms || got.forms > wantOnce.forms+int(abandoned.Load()) {
				t.Errorf("of those who give up %d are counted, want %d and at most %d more", got.forms, wantOnce.forms, abandoned.Load())
			}
			if unacknowledged.Load() == 0 {
				t.Error("every post was acknowledged: the test shows nothing")
			}
			t.Logf("%d kills: %d answers acknowledged and counted (of all counted, %d were held), %d of them not at the first try; of %d given up %d were counted",
				kills, want.forms+wantOnce.forms, held, unacknowledged.Load()-abandoned.Load(), abandoned.Load(), got.forms-wantOnce.forms)
		})
	}
}

// TestStoppedUnderLoad: 32 clients send when the server is told to stop. It answers all it has taken
// in, so that exactly what was acknowledged is counted although nobody sends anything again, and
// ends with status 0.
func TestStoppedUnderLoad(t *testing.T) {
	file := build(t)
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			p := install(t, file, e, "VENTEROM_LOG=warn")
			path := p.addPractice(t, "Eidsvåg")
			server := p.serve(t)
			var want tally
			var acknowledged, cut atomic.Int64
			var clients sync.WaitGroup
			for i := range 32 {
				clients.Go(func() {
					r := rand.New(rand.NewPCG(2018, uint64(i)))
					// Each request on a connection of its own: a kept one may be closed by the server
					// in the moment in which the client uses it again, and HTTP cannot tell that apart.
					c := newPatient(p.address, false)
					for {
						token, err := c.token(path)
						if err != nil {
							return
						}
						answers := drawVisit(r)
						ok, err := c.send(path, visitForm(token, answers))
						if err != nil {
							t.Error(err)
						}
						if !ok {
							cut.Add(1)
							return
						}
						want.add(answers)
						acknowledged.Add(1)
					}
				})
			}
			for acknowledged.Load() < 300 && !t.Failed() {
				time.Sleep(time.Millisecond)
			}
			server.stop(t)
			clients.Wait()
			db := p.open(t)
			releaseAll(t, db)
			if got := released(t, db, "Eidsvåg"); got.text() != want.text() {
				t.Errorf("counted\n%sacknowledged\n%s", got.text(), want.text())
			}
			t.Logf("%d answers acknowledged and counted; %d posts found the door closed", want.forms, cut.Load())
		})
	}
}
