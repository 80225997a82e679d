package web

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// someday is when the clock of a detector starts.
var someday = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// sending is a detector with a clock, and how many it held of how many that were sent.
type sending struct {
	bursts
	at         time.Time
	sent, held int
}

func newSending() *sending {
	s := &sending{at: someday}
	s.now = func() time.Time { return s.at }
	return s
}

// send sends a form that took as long as given, at a moment after the start.
func (s *sending) send(at time.Duration, address string, screen bool, took time.Duration) bool {
	s.at = someday.Add(at)
	s.sent++
	held := s.hold("7F3K9QW2", address, screen, fmt.Sprint(s.sent), took)
	if held {
		s.held++
	}
	return held
}

// moments are n moments within a span, in order.
func moments(r *rand.Rand, n int, span time.Duration) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = time.Duration(r.Int64N(int64(span)))
	}
	slices.Sort(out)
	return out
}

const minuteOfReading = time.Minute

// TestAWaitingRoomIsNoBurst: forty people an hour on one network, in any order, for an hour and for a whole
// day, by poster and by screen; every twentieth has a browser that sends as soon as it has fetched.
func TestAWaitingRoomIsNoBurst(t *testing.T) {
	for _, c := range []struct {
		name   string
		people int
		span   time.Duration
		screen bool
		quick  int
		most   int // of 500 in which anything is held
	}{
		{"an hour", 40, time.Hour, false, 0, 0},
		{"an hour at a screen", 40, time.Hour, true, 20, 0},
		{"an hour, some browsers quick", 40, time.Hour, false, 20, 0},
		{"a day", 320, 8 * time.Hour, false, 0, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			hours, held := 0, 0
			for seed := range uint64(500) {
				r := rand.New(rand.NewPCG(seed, 4))
				s := newSending()
				for i, at := range moments(r, c.people, c.span) {
					took := minuteOfReading
					if c.quick > 0 && i%c.quick == c.quick-1 {
						took = time.Second
					}
					s.send(at, "192.0.2.7", c.screen, took)
				}
				held += s.held
				if s.held > 0 {
					hours++
				}
			}
			t.Logf("%d answers held, in %d of 500", held, hours)
			if hours > c.most {
				t.Errorf("answers were held in %d of 500 (%d answers)", hours, held)
			}
		})
	}
}

// TestBursts: what one person or one program sends is mostly held, and the others at the point are not.
func TestBursts(t *testing.T) {
	every := func(d time.Duration, n int) (out []time.Duration) {
		for i := range n {
			out = append(out, time.Duration(i)*d)
		}
		return out
	}
	for _, c := range []struct {
		name   string
		at     []time.Duration
		took   time.Duration
		screen bool
		from   func(i int) string
		most   int // that may pass
	}{
		{"one person sends fifty in ten minutes", every(12*time.Second, 50), 11 * time.Second, false, nil, 15},
		{"a program sends a thousand in an hour, from one address", every(3600*time.Millisecond, 1000), time.Second, false, nil, 5},
		{"in the addresses of one IPv6 network", every(3600*time.Millisecond, 1000), time.Second, false, func(i int) string { return fmt.Sprintf("2001:db8:1:2::%x", i+1) }, 5},
		{"from a thousand addresses", every(3600*time.Millisecond, 1000), time.Second, false, func(i int) string { return fmt.Sprintf("198.51.%d.%d", i/250, i%250) }, 10},
		{"that has read them a minute", every(3600*time.Millisecond, 1000), minuteOfReading, false, func(i int) string { return fmt.Sprintf("198.51.%d.%d", i/250, i%250) }, 25},
		{"children at a screen, an answer every ten seconds for a quarter of an hour", every(10*time.Second, 90), 9 * time.Second, true, nil, 35},
		{"one a minute, from eight till ten at night", every(time.Minute, 840), minuteOfReading, false, nil, 220},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSending()
			for i, at := range c.at {
				address := "192.0.2.7"
				if c.from != nil {
					address = c.from(i)
				}
				s.send(at, address, c.screen, c.took)
			}
			if passed := s.sent - s.held; passed > c.most || passed == 0 {
				t.Errorf("%d of %d passed, want at most %d", passed, s.sent, c.most)
			}
			t.Logf("%d of %d held", s.held, s.sent)
		})
	}
}

// TestABurstIsHeldForItsNetworkOnly: somebody floods a point from one network; people on another network,
// and at the same point's screen, are counted as ever; and a few quiet minutes later so is that network.
func TestABurstIsHeldForItsNetworkOnly(t *testing.T) {
	s := newSending()
	for i := range 600 {
		at := time.Duration(i) * time.Second
		s.send(at, "192.0.2.7", false, 10*time.Second)
		if i%90 == 0 && s.send(at, "198.51.100.3", false, minuteOfReading) {
			t.Errorf("after %s a visitor on another network is held", at)
		}
		if i%90 == 45 && s.send(at, "192.0.2.7", true, minuteOfReading) {
			t.Errorf("after %s a visitor at the screen is held", at)
		}
	}
	if s.held < 550 {
		t.Errorf("%d of 600 are held", s.held)
	}
	if s.send(17*time.Minute, "192.0.2.7", false, minuteOfReading) {
		t.Error("seven minutes after the burst the network is still held")
	}
}

func TestTheSameFormAgainIsTheSameAnswer(t *testing.T) {
	s := newSending()
	for i := range 100 {
		if s.hold("7F3K9QW2", "192.0.2.7", false, "one", minuteOfReading) {
			t.Fatalf("the same form is held the %dth time", i+1)
		}
	}
	if s.send(time.Minute, "192.0.2.7", false, minuteOfReading) {
		t.Error("a form sent a hundred times has used up what its network may send")
	}
}

// TestARestartAndANewDayForget: nothing is kept, and a network's hash is another one every day.
func TestARestartAndANewDayForget(t *testing.T) {
	flood := func(s *sending) {
		for range 100 {
			s.send(time.Hour, "192.0.2.7", false, time.Second)
		}
		if !s.send(time.Hour, "192.0.2.7", false, minuteOfReading) {
			t.Fatal("a flood is not held")
		}
	}
	s := newSending()
	flood(s)
	before := s.hash("7F3K9QW2", "192.0.2.7")
	if newSending().send(time.Hour, "192.0.2.7", false, minuteOfReading) {
		t.Error("a new detector holds something")
	}
	if s.send(17*time.Hour, "192.0.2.7", false, minuteOfReading) {
		t.Error("the next day something is held")
	}
	if s.hash("7F3K9QW2", "192.0.2.7") == before {
		t.Error("a network has the same hash the next day")
	}
}

// TestBurstsAreBounded: a million networks at as many points fill no memory.
func TestBurstsAreBounded(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s := newSending()
	for i := range 1_000_000 {
		s.hold(fmt.Sprint(i), fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), false, "r", minuteOfReading)
	}
	for name, m := range map[string]paces{"networks": s.networks, "points": s.points} {
		if n := len(m.young) + len(m.old); n > 2*maxPaces {
			t.Errorf("%d %s are remembered", n, name)
		}
	}
	if grown := int64(heap()) - int64(before); grown > 40<<20 {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	} else {
		t.Logf("%d MB", grown>>20)
	}
	runtime.KeepAlive(s)
}

func TestNetworkOf(t *testing.T) {
	for address, want := range map[string]string{"192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
		"::ffff:192.0.2.7": "::ffff:192.0.2.7", "": "", strings.Repeat("x", 200): strings.Repeat("x", 200)} {
		if got := networkOf(address); got != want {
			t.Errorf("networkOf(%q) = %q, want %q", address, got, want)
		}
	}
}

// BenchmarkHold measures what the detector adds to an answer; the goal is under two microseconds.
func BenchmarkHold(b *testing.B) {
	s := newSending()
	s.now = time.Now
	addresses := make([]string, 10_000)
	for i := range addresses {
		addresses[i] = fmt.Sprintf("2001:db8:%x:%x::1", i>>8, i&255)
	}
	receipts := []string{"a", "b"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.hold("7F3K9QW2", addresses[i%len(addresses)], false, receipts[i%2], minuteOfReading)
	}
}
