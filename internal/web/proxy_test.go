package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// trusting makes a fixture's server believe proxies.
func (f *fixture) trusting(proxies ...string) {
	for _, p := range proxies {
		f.TrustedProxies = append(f.TrustedProxies, netip.MustParsePrefix(p))
	}
	f.handler = f.Handler()
}

// TestForwarded: whose request it is, by who sent it and what its header says.
func TestForwarded(t *testing.T) {
	const client, other, proxy, outer = "203.0.113.7", "198.51.100.9", "10.0.0.4", "10.0.1.5"
	for _, c := range []struct {
		name, trusted, peer string
		headers             []string
		want                string
	}{
		{"nobody is trusted", "", proxy, []string{client}, proxy},
		{"nor is the machine itself", "", "127.0.0.1", []string{client}, "127.0.0.1"},
		{"private networks are not trusted for being private", "10.0.0.4/32", "192.168.0.9", []string{client}, "192.168.0.9"},
		{"nor loopback", "10.0.0.4/32", "127.0.0.1", []string{client}, "127.0.0.1"},
		{"nor link-local", "10.0.0.4/32", "169.254.1.1", []string{client}, "169.254.1.1"},
		{"forged by a stranger", "10.0.0.4/32", other, []string{client}, other},
		{"through the proxy", "10.0.0.4/32", proxy, []string{client}, client},
		{"the proxy without a header", "10.0.0.4/32", proxy, nil, proxy},
		{"a forged left part", "10.0.0.4/32", proxy, []string{"192.0.2.66, " + client}, client},
		{"a forged left part that names the proxy", "10.0.0.4/32", proxy, []string{proxy + ", " + client}, client},
		{"a forged header beside the proxy's", "10.0.0.4/32", proxy, []string{"192.0.2.66", client}, client},
		{"two proxies", "10.0.0.0/23", proxy, []string{client + ", " + outer}, client},
		{"two proxies and a forged left part", "10.0.0.0/23", proxy, []string{"192.0.2.66, " + client + ", " + outer}, client},
		{"the outer one is not trusted", "10.0.0.4/32", proxy, []string{client + ", " + outer}, outer},
		{"garbage to the left", "10.0.0.4/32", proxy, []string{"<b>, " + client}, client},
		{"garbage from the proxy", "10.0.0.4/32", proxy, []string{client + ", unknown"}, proxy},
		{"an empty header", "10.0.0.4/32", proxy, []string{""}, proxy},
		{"IPv6", "fd00::/8", "fd00::4", []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv4 written as IPv6", "10.0.0.4/32", "::ffff:10.0.0.4", []string{client}, client},
	} {
		var trusted []netip.Prefix
		if c.trusted != "" {
			trusted = append(trusted, netip.MustParsePrefix(c.trusted))
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(c.peer), 1234).String()
		r.Header["X-Forwarded-For"] = c.headers
		r.Header.Set("X-Real-Ip", "192.0.2.99")
		r.Header.Set("Forwarded", "for=192.0.2.98")
		if got := clientAddress(trusted)(r); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// guessAs tries a wrong password from an address and says how that was answered.
func (f *fixture) guessAs(peer, forwarded string) int {
	r := httptest.NewRequest(http.MethodPost, "https://svar.example.org/login", strings.NewReader(url.Values{"email": {"nobody@example.org"}, "password": {"feil"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", forwarded)
	r.RemoteAddr = peer + ":1"
	return f.send(r).StatusCode
}

// TestGuessingBehindAProxy: limits are for the client and not for the proxy, and a forged header makes no new
// client.
func TestGuessingBehindAProxy(t *testing.T) {
	const proxy, stranger, bad, good = "10.0.0.4", "198.51.100.9", "203.0.113.7", "203.0.113.8"
	t.Run("two clients are two", func(t *testing.T) {
		f := newFixture(t)
		f.trusting(proxy + "/32")
		for range freePair {
			f.guessAs(proxy, "192.0.2.1, "+bad) // what the client wrote itself changes nothing
		}
		if got := f.guessAs(proxy, "192.0.2.2, "+bad); got != http.StatusTooManyRequests {
			t.Errorf("who guesses gets %d", got)
		}
		if got := f.guessAs(proxy, good); got != http.StatusUnprocessableEntity {
			t.Errorf("another client gets %d", got)
		}
	})
	t.Run("a forged header changes nothing", func(t *testing.T) {
		f := newFixture(t)
		f.trusting(proxy + "/32")
		for i := range freePair {
			f.guessAs(stranger, "203.0.113."+string(rune('1'+i)))
		}
		if got := f.guessAs(stranger, "203.0.113.99"); got != http.StatusTooManyRequests {
			t.Errorf("a stranger who names himself anew each time gets %d", got)
		}
	})
}

// TestBurstsBehindAProxy: behind a trusted proxy two networks have an allowance each.
func TestBurstsBehindAProxy(t *testing.T) {
	f := newFixture(t)
	f.trusting("10.0.0.0/24")
	send := func(client string) {
		form := url.Values{"token": {f.token(t, f.point.Code)}, "lang": {"nb"}, "visit.polite": {"5"}}
		f.clock = f.clock.Add(6e9) // read for six seconds: a form costs one
		r := httptest.NewRequest(http.MethodPost, "https://svar.example.org/k/"+string(f.point.Code), strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", "192.0.2.50, "+client)
		r.RemoteAddr = "10.0.0.4:1"
		if got := f.send(r); got.StatusCode != http.StatusOK {
			t.Fatalf("status %d", got.StatusCode)
		}
	}
	for range 9 {
		send("203.0.113.7")
		send("203.0.113.8")
	}
	if got := f.counted(t, f.eidsvag, "polite", "5"); got != 18 {
		t.Errorf("%d of 18 are counted: two networks are taken for one", got)
	}
}
