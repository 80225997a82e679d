package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms/kanneltest"
	"github.com/venterom/venterom/internal/storetest"
)

// TestThousandMessages sends a thousand invitations through a real Kannel. In the middle a server is killed
// and started again, and then Kannel. Our guarantee is at most once: nobody is sent two by us, and of what
// was being handed over when a server died we say that we do not know. Kannel's own is at least once: what
// it held when it died may come twice, and is counted here.
func TestThousandMessages(t *testing.T) {
	if os.Getenv("CI") != "true" {
		t.Skip("skipped: takes a minute or two; CI=true runs it")
	}
	for _, c := range []struct {
		engine  storetest.Engine
		servers int
	}{{storetest.SQLite, 1}, {storetest.Postgres, 2}} {
		t.Run(string(c.engine), func(t *testing.T) {
			t.Parallel()
			newPostOffice(t, c.engine, c.servers).run(1000)
		})
	}
}

// postOffice is servers on one database, Kannel, and a practice that asks.
type postOffice struct {
	t       *testing.T
	kannel  *kanneltest.Kannel
	configs []Config
	servers []*exec.Cmd
	app     *App // the test's own door to the database; it does not serve
	p       practice.Practice
}

func newPostOffice(t *testing.T, e storetest.Engine, servers int) *postOffice {
	t.Helper()
	o := &postOffice{t: t, kannel: kanneltest.Start(t)}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"gateway.json": o.kannel.Settings(), "secrets.json": o.kannel.Secrets()} {
		o.must(os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	cfg := Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: storetest.DSN(t, e), SecretFile: filepath.Join(dir, "secret"),
		SMS: filepath.Join(dir, "gateway.json"), SMSSecrets: filepath.Join(dir, "secrets.json"), SMSPrice: 60, Log: "warn", Rescue: 5 * time.Second}
	for range servers {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		o.must(err)
		c := cfg
		c.Address = l.Addr().String()
		c.BaseURL = "http://" + c.Address
		if len(o.configs) > 0 { // reports of all go to the first; any could take them
			c.BaseURL = o.configs[0].BaseURL
		}
		o.must(l.Close())
		o.configs, o.servers = append(o.configs, c), append(o.servers, nil)
	}
	ctx := context.Background()
	own := o.configs[0]
	own.Now = func() time.Time { return noon }
	var err error
	o.app, err = Open(ctx, own)
	o.must(err)
	t.Cleanup(func() { o.must(o.app.Close()) })
	o.p, _, err = o.app.Store.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Eidsvåg legekontor", Phone: "55 19 00 00"}, "Venterommet")
	o.must(err)
	a := practice.DefaultAsking(o.p.ID)
	a.SMS, a.Sender, a.CapOre = true, "Eidsvaag", 1_000_000
	o.must(o.app.Store.SaveAsking(ctx, a))
	for i := range o.servers {
		o.start(i)
	}
	return o
}

func (o *postOffice) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// start starts a server in a process of its own and waits until it answers.
func (o *postOffice) start(i int) {
	o.t.Helper()
	settings, err := json.Marshal(o.configs[i])
	o.must(err)
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), serveAtNoon+"="+string(settings))
	c.Stderr = os.Stderr
	o.must(c.Start())
	o.servers[i] = c
	o.t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	o.await("a server that answers", 30*time.Second, func() bool {
		r, err := http.Get("http://" + o.configs[i].Address + "/readyz")
		if err != nil {
			return false
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
}

func (o *postOffice) kill(i int) {
	o.t.Helper()
	o.must(o.servers[i].Process.Kill())
	_ = o.servers[i].Wait()
}

func (o *postOffice) await(what string, within time.Duration, done func() bool) {
	o.t.Helper()
	for end := time.Now().Add(within); !done(); {
		if time.Now().After(end) {
			o.t.Fatalf("no %s within %s: %v", what, within, o.states())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// ask invites n numbers that were not invited before, and tells how many were: one in two thousand or so is
// taken for another that was.
func (o *postOffice) ask(first, n int) int {
	o.t.Helper()
	var list strings.Builder
	list.WriteString("telefon;dato\n")
	for i := range n {
		fmt.Fprintf(&list, "49%06d;24.11.2025\n", first+i)
	}
	l, err := o.app.Inviter.Read(strings.NewReader(list.String()))
	o.must(err)
	r, err := o.app.Inviter.Invite(context.Background(), o.p, l.Visits, false)
	o.must(err)
	if r.Invited+r.Quarantined != n || r.Quarantined > 5 {
		o.t.Fatalf("of %d: %+v", n, r)
	}
	return r.Invited
}

func (o *postOffice) states() map[string]int {
	counts, err := o.app.Store.MessageCounts(context.Background(), o.p.ID)
	o.must(err)
	states := map[string]int{}
	for _, c := range counts {
		states[c.State] += c.N
	}
	return states
}

// arrived is how many messages each phone has got.
func (o *postOffice) arrived() map[string]int {
	phones := map[string]int{}
	for _, m := range o.kannel.Messages() {
		phones[strings.TrimPrefix(m.To, "+")]++
	}
	return phones
}

func (o *postOffice) run(n int) {
	half := o.ask(0, n/2)
	// The first half: servers die, Kannel lives.
	deaths := 0
	for _, part := range []int{4, 2} {
		o.await("part of the first half", 2*time.Minute, func() bool { return len(o.arrived()) >= half/part })
		victim := deaths % len(o.servers)
		o.kill(victim)
		deaths++
		o.start(victim)
	}
	settled := func(total int) func() bool {
		return func() bool {
			s := o.states()
			return s["queued"]+s["sending"] == 0 && s["delivered"]+s["uncertain"] == total
		}
	}
	o.await("first half that is settled", 3*time.Minute, settled(half))
	states, phones := o.states(), o.arrived()
	for number, times := range phones {
		if times > 1 {
			o.t.Errorf("%d messages reached a number ending in %s", times, number[len(number)-3:])
		}
	}
	if lost := half - len(phones); lost > states["uncertain"] {
		o.t.Errorf("%d of %d reached nobody, of %d we do not know", lost, half, states["uncertain"])
	}
	if states["failed"] != 0 || states["uncertain"] > 4*deaths {
		o.t.Errorf("%v after %d deaths", states, deaths)
	}
	o.t.Logf("servers killed %d times: %d of %d arrived once each, states %v", deaths, len(phones), half, states)

	// The second half: Kannel dies and comes back.
	n = half + o.ask(n/2, n-n/2)
	o.await("part of the second half", 2*time.Minute, func() bool { return len(o.arrived()) >= half+(n-half)/3 })
	o.kannel.Kill()
	time.Sleep(2 * time.Second) // messages come to a closed door meanwhile, and are tried again a minute later
	o.kannel.Restart()
	o.await("second half that arrived", 4*time.Minute, func() bool {
		s := o.states()
		return len(o.arrived())+s["uncertain"] >= n && s["queued"]+s["sending"] == 0
	})
	twice := 0
	for _, times := range o.arrived() {
		twice += times - 1
	}
	states = o.states()
	if lost := n - len(o.arrived()); lost > states["uncertain"] {
		o.t.Errorf("%d of %d reached nobody, of %d we do not know", lost, n, states["uncertain"])
	}
	if twice > 10 {
		o.t.Errorf("%d came twice", twice)
	}
	if states["failed"] != 0 || states["cancelled"] != 0 {
		o.t.Errorf("states %v", states)
	}
	o.t.Logf("Kannel killed once: %d of %d arrived, %d twice by Kannel's own guarantee, states %v", len(o.arrived()), n, twice, states)
}
