package web

import (
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// bursts tells which answers look like part of a burst at one collection point: more from one network, or
// in all, than a waiting room gives. Nothing is refused: such an answer is counted apart and thanked for
// alike. It all is in memory, under hashes with a salt that changes every day, and written nowhere;
// instances do not share it.
//
// A waiting room is one network. So a network may send as many forms as the busiest room has visitors, and
// who they are is not asked: a browser's marks would tell people apart who only want to be one of many.
type bursts struct {
	mu       sync.Mutex
	now      func() time.Time
	day      int
	salt     [16]byte
	networks paces // by collection point and network
	points   paces // by collection point, and apart from that its shared screen
}

// allowance is so many forms at once, and one more every so often.
type allowance struct {
	size  int
	every time.Duration
}

// The first bounds minutes, the second a day. Forty people an hour, answering in any order, are the busiest
// waiting room we know of; eight such hours pass. A screen has no network of its own to go by, because
// its people come one after the other by the same; it goes by the point's allowance, in an account of
// its own.
var (
	networkAllows = [2]allowance{{12, time.Minute}, {100, 2 * time.Minute}}
	pointAllows   = [2]allowance{{20, 40 * time.Second}, {200, 80 * time.Second}}
)

const (
	// What is held takes from the allowance that held it too, so that a burst that goes on is held to its
	// end; but never more than a few quiet minutes make up for.
	mostOwed = 5 * time.Minute
	// Nobody reads a question and sends the form in less. A browser that fetches a page again and fills in
	// what was chosen before can, now and then.
	readingTime = 5 * time.Second
	quickCosts  = 4
)

// pace is how fast forms have come of late: the moments at which both allowances are whole again, in
// nanoseconds; and what was said of the latest form, which may be sent again.
type pace struct {
	whole  [2]int64
	latest string
	held   bool
}

// take takes n forms from the allowances and tells whether they had them. What the first has not got is not
// taken from the second: ten minutes of a burst are not to use up a day.
func (p *pace) take(now int64, n int, allows [2]allowance) bool {
	for i, a := range allows {
		all := now + int64(a.size)*a.every.Nanoseconds()
		whole := max(p.whole[i], now) + int64(n)*a.every.Nanoseconds()
		p.whole[i] = min(whole, all+mostOwed.Nanoseconds())
		if whole > all {
			return false
		}
	}
	return true
}

// paces remembers the latest paces: when as many as may be are there, those that were not used since the
// last time are forgotten.
type paces struct{ young, old map[[8]byte]*pace }

const maxPaces = 50_000 // of each age, about 100 bytes each

func (m *paces) of(key [8]byte) *pace {
	p := m.young[key]
	if p != nil {
		return p
	}
	if p = m.old[key]; p == nil {
		p = &pace{}
	}
	if m.young == nil || len(m.young) >= maxPaces {
		m.old, m.young = m.young, map[[8]byte]*pace{}
	}
	m.young[key] = p
	return p
}

// hold decides whether a form is counted apart: one that was sent from an address at a collection point, or
// at its shared screen, so long after it was fetched. The same form again is the same answer.
func (b *bursts) hold(point, address string, screen bool, receipt string, after time.Duration) bool {
	n := 1
	if after >= 0 && after < readingTime { // another instance's clock may be ahead
		n = quickCosts
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if day := now.YearDay(); day != b.day {
		b.day, b.networks, b.points = day, paces{}, paces{}
		_, _ = rand.Read(b.salt[:])
	}
	var place, from *pace
	if screen {
		place = b.points.of(b.hash(point, kioskChannel))
		from = place
	} else {
		place = b.points.of(b.hash(point, ""))
		from = b.networks.of(b.hash(point, networkOf(address)))
	}
	if receipt != from.latest {
		// A form that is held for its network takes nothing from the others at the same point.
		held := !screen && !from.take(now.UnixNano(), n, networkAllows)
		held = held || !place.take(now.UnixNano(), n, pointAllows)
		from.latest, from.held = receipt, held
	}
	return from.held
}

func (b *bursts) hash(point, of string) [8]byte {
	var text [96]byte
	sum := sha256.Sum256(append(append(append(append(text[:0], b.salt[:]...), point...), ' '), of...))
	return [8]byte(sum[:8])
}

// networkOf is the part of an address that one household or office has to itself.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || !a.Is6() || a.Is4In6() {
		return address
	}
	p, _ := a.WithZone("").Prefix(64)
	return p.String()
}
