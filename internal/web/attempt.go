package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// attempts slows down guessing: by key, so many tries are free, and each after that must wait twice as long as
// the one before. Keys are hashes with a salt that lives in memory, as a limiter's clients are.
type attempts struct {
	mu    sync.Mutex
	now   func() time.Time
	salt  [16]byte
	tries map[[8]byte]*tried
}

type tried struct {
	n    int
	last time.Time
}

const (
	longestWait  = 15 * time.Minute
	attemptsLast = time.Hour // after so long without a try, all is forgotten

	freePair    = 5  // tries of a client, or of a known device, to be let in as somebody
	freeAccount = 10 // tries of all unknown clients together to be let in as somebody
)

func newAttempts(now func() time.Time) *attempts {
	a := &attempts{now: now, tries: map[[8]byte]*tried{}}
	_, _ = rand.Read(a.salt[:])
	return a
}

func (a *attempts) at(key string) *tried {
	sum := sha256.Sum256(append(a.salt[:], key...))
	k := [8]byte(sum[:8])
	t := a.tries[k]
	if t == nil {
		if len(a.tries) >= maxClients {
			for old, t := range a.tries {
				if a.now().Sub(t.last) > attemptsLast {
					delete(a.tries, old)
				}
			}
			if len(a.tries) >= maxClients {
				clear(a.tries)
			}
		}
		t = &tried{}
		a.tries[k] = t
	}
	if a.now().Sub(t.last) > attemptsLast {
		t.n = 0
	}
	return t
}

// take counts a try before it is looked at, so that a hundred at once are a hundred. It reports whether the try
// may be looked at; one that may not is not counted.
func (a *attempts) take(key string, free int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, now := a.at(key), a.now()
	if t.n >= free {
		wait := longestWait
		if doublings := t.n - free; doublings < 10 {
			wait = min(wait, time.Second<<doublings)
		}
		if now.Before(t.last.Add(wait)) {
			return false
		}
	}
	t.n++
	t.last = now
	return true
}

// forgive takes back a try that was right.
func (a *attempts) forgive(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.at(key); t.n > 0 {
		t.n--
	}
}

// knock asks whether somebody may try to be let in by something that can be guessed. name is what they say they
// are, account what is known of that, if anything; the answer is the same whether there is such an account.
//
// A device that has signed in to the account before is counted by itself. All others are counted by client,
// by client and name, and by name: whoever keeps guessing shuts out themselves and other strangers, never
// the devices that the account's owner uses. What cannot be guessed (a passkey) is not counted at all.
func (s *Server) knock(c echo.Context, name string, account practice.Account) (right func(), err error) {
	slow := fault.New(fault.TooMany, "login.slow")
	if device := s.knownDevice(c, account); device != "" {
		key := "device " + device + " " + name
		if !s.attempts.take(key, freePair) {
			return nil, slow
		}
		return func() { s.attempts.forgive(key) }, nil
	}
	pair, all := "client "+c.RealIP()+" "+name, "name "+name
	// The pair comes first, so that a client that is refused does not slow down the others.
	if !s.clients.take(c) || !s.attempts.take(pair, freePair) || !s.attempts.take(all, freeAccount) {
		return nil, slow
	}
	return func() {
		s.clients.forgive(c)
		s.attempts.forgive(pair)
		s.attempts.forgive(all)
	}, nil
}

// A device that has signed in remembers it by a random number and a code that ties it to the account and its
// password: with a new password all devices are strangers again. It lets nobody in and names nobody; it only
// keeps others from shutting the door.
const (
	deviceBytes  = 16
	deviceLasts  = 180 * 24 * time.Hour
	mostDevices  = 5 // accounts that share a browser
	deviceCookie = "venterom-known"
)

func (s *Server) deviceMAC(nonce []byte, a practice.Account) []byte {
	m := hmac.New(sha256.New, s.deviceKey)
	m.Write(nonce)
	m.Write([]byte(a.ID + " " + a.Password))
	return m.Sum(nil)[:deviceBytes]
}

func (s *Server) deviceCookieName() string {
	return strings.TrimSuffix(s.sessions.Cookie.Name, "venterom") + deviceCookie
}

// devices are what a browser remembers, the latest last.
func (s *Server) devices(c echo.Context) []string {
	cookie, err := c.Cookie(s.deviceCookieName())
	if err != nil {
		return nil
	}
	entries := strings.Split(cookie.Value, ".")
	return entries[max(0, len(entries)-mostDevices):]
}

// knownDevice is what a device that has signed in to the account is known by; "" for a stranger.
func (s *Server) knownDevice(c echo.Context, a practice.Account) string {
	for _, entry := range s.devices(c) {
		b, err := base64.RawURLEncoding.DecodeString(entry)
		if err == nil && len(b) == 2*deviceBytes && hmac.Equal(b[deviceBytes:], s.deviceMAC(b[:deviceBytes], a)) && a.ID != "" {
			return entry
		}
	}
	return ""
}

// rememberDevice makes the device known to the account.
func (s *Server) rememberDevice(c echo.Context, a practice.Account) {
	entries := s.devices(c)
	if known := s.knownDevice(c, a); known != "" {
		entries = slices.DeleteFunc(entries, func(e string) bool { return e == known })
	}
	nonce := make([]byte, deviceBytes, 2*deviceBytes)
	_, _ = rand.Read(nonce)
	entries = append(entries, base64.RawURLEncoding.EncodeToString(append(nonce, s.deviceMAC(nonce, a)...)))
	c.SetCookie(&http.Cookie{Name: s.deviceCookieName(), Value: strings.Join(entries[max(0, len(entries)-mostDevices):], "."), // #nosec G124 -- Secure wherever the base URL is https
		Path: "/", MaxAge: int(deviceLasts / time.Second), HttpOnly: true, Secure: s.sessions.Cookie.Secure, SameSite: http.SameSiteLaxMode})
}
