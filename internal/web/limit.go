package web

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/venterom/venterom/internal/fault"
)

// limiter bounds how often clients may be wrong: with a code, a token, a password. A client is a hash of
// its address with a salt that lives in memory and changes every day; neither is written anywhere.
type limiter struct {
	mu      sync.Mutex
	now     func() time.Time
	day     int
	salt    [16]byte
	clients map[[8]byte]*rate.Limiter
	all     *rate.Limiter

	perMinute, burst int
}

const maxClients = 100_000

// newLimiter lets a client be wrong burst times, and then perMinute times a minute; all clients together a
// hundred times that, so that many addresses do not get far either.
func newLimiter(now func() time.Time, perMinute, burst int) *limiter {
	return &limiter{now: now, perMinute: perMinute, burst: burst, clients: map[[8]byte]*rate.Limiter{},
		all: rate.NewLimiter(rate.Limit(100*perMinute)/60, 100*burst)}
}

func (l *limiter) client(c echo.Context) *rate.Limiter {
	if day := l.now().YearDay(); day != l.day || len(l.clients) > maxClients {
		l.day, l.clients = day, map[[8]byte]*rate.Limiter{}
		_, _ = rand.Read(l.salt[:])
	}
	sum := sha256.Sum256(append(l.salt[:], c.RealIP()...))
	key := [8]byte(sum[:8])
	if l.clients[key] == nil {
		l.clients[key] = rate.NewLimiter(rate.Limit(l.perMinute)/60, l.burst)
	}
	return l.clients[key]
}

// allow fails while a client has been wrong too often; nothing is looked up for it then, right or wrong.
func (l *limiter) allow(c echo.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); l.client(c).TokensAt(now) < 1 || l.all.TokensAt(now) < 1 {
		return fault.New(fault.TooMany, "error.too_many")
	}
	return nil
}

// wrong notes that a client was wrong.
func (l *limiter) wrong(c echo.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.client(c).AllowN(now, 1)
	l.all.AllowN(now, 1)
}

// keyLimiter bounds how often machines may come: without a right key as a limiter does, and with one
// keyPerMinute times a minute for each key. Whoever has come with a right key is let in without a look at
// the wrong ones: behind a proxy all machines have one address, and one with an old key must not lock the
// others out.
type keyLimiter struct {
	guesses *limiter
	now     func() time.Time
	mu      sync.Mutex
	right   map[[sha256.Size]byte]*rate.Limiter // by a hash of the key
}

const (
	keyPerMinute = 60
	keyBurst     = 30
)

func newKeyLimiter(now func() time.Time) *keyLimiter {
	return &keyLimiter{guesses: newLimiter(now, 10, 20), now: now, right: map[[sha256.Size]byte]*rate.Limiter{}}
}

// allow fails for a key that has not been right before, from an address with too many wrong ones.
func (l *keyLimiter) allow(c echo.Context, key string) error {
	l.mu.Lock()
	_, known := l.right[sha256.Sum256([]byte(key))]
	l.mu.Unlock()
	if known {
		return nil
	}
	return l.guesses.allow(c)
}

// wrong notes that a key is not right, perhaps not any more.
func (l *keyLimiter) wrong(c echo.Context, key string) {
	l.mu.Lock()
	delete(l.right, sha256.Sum256([]byte(key)))
	l.mu.Unlock()
	l.guesses.wrong(c)
}

// take counts one request with a right key; it returns how long to wait if that is one too many.
func (l *keyLimiter) take(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	hash, now := sha256.Sum256([]byte(key)), l.now()
	if l.right[hash] == nil {
		l.right[hash] = rate.NewLimiter(rate.Limit(keyPerMinute)/60, keyBurst)
	}
	r := l.right[hash].ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// take counts a client's try before it is looked at, and reports whether it may be.
func (l *limiter) take(c echo.Context) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	return l.client(c).AllowN(now, 1) && l.all.AllowN(now, 1)
}

// forgive takes back a try that was right, so that many people behind one address do not shut each other out.
func (l *limiter) forgive(c echo.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.client(c).AllowN(now, -1)
	l.all.AllowN(now, -1)
}
