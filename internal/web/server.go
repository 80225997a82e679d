// Package web is the pages: routes, forms, templates and sessions. It asks, shows and redirects; what
// is counted, what may be shown and what it means is decided below it. Nothing else imports echo.
package web

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/invite"
	"github.com/venterom/venterom/internal/oidc"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// Config is what a Server is made of. All fields but Providers, TrustedProxies, Processor, Demo and Observe are required.
type Config struct {
	Store   *store.Store
	Surveys *survey.Catalog
	Intake  *aggregate.Intake
	Reports *report.Reader
	Inviter *invite.Inviter
	Words   *i18n.Words
	// Providers are the identity providers that staff may sign in through; there may be none.
	Providers []*oidc.Client
	// Processor is who runs the installation and how to reach them, for privacy notices; empty: each practice itself.
	Processor string
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	Secret         []byte // at least 32 bytes; keys for form tokens are derived from it
	BaseURL        *url.URL
	Demo           bool // a banner on every page says that it is a demonstration
	// Observe, if not nil, is told of each request of staff and of machines, and of none of patients.
	Observe func(method, route string, status int, took time.Duration)
	Now     func() time.Time
	Log     *slog.Logger
}

// Server answers requests.
type Server struct {
	Config
	observed map[string]bool // routes
	pages    map[string]*template.Template
	assets   map[string]asset
	sessions *scs.SessionManager
	tokenKey []byte
	points   pointCache
	thanks   thanksCache
	guesses  *limiter // of tokens, slips and passwords
	leaving  *limiter // for identity providers
	keys     *keyLimiter
	bursts   bursts

	clients   *limiter  // that try to sign in
	attempts  *attempts // to sign in as somebody
	deviceKey []byte
	totpKey   []byte
	passkeys  *webauthn.WebAuthn // nil where the base URL has no name that passkeys could belong to
}

// New makes a server. It fails if a template or the secret is unfit.
func New(cfg Config) (*Server, error) {
	key, err := hkdf.Key(sha256.New, cfg.Secret, nil, "venterom form token", sha256.Size)
	if err != nil {
		return nil, err
	}
	s := &Server{Config: cfg, tokenKey: key, guesses: newLimiter(cfg.Now, 10, 20), leaving: newLimiter(cfg.Now, 30, 60), bursts: bursts{now: cfg.Now}, keys: newKeyLimiter(cfg.Now), points: pointCache{byCode: map[practice.Code]cachedPoint{}},
		clients: newLimiter(cfg.Now, 10, 20), attempts: newAttempts(cfg.Now)}
	if s.deviceKey, err = hkdf.Key(sha256.New, cfg.Secret, nil, "venterom device", sha256.Size); err != nil {
		return nil, err
	}
	if s.totpKey, err = hkdf.Key(sha256.New, cfg.Secret, nil, "venterom totp", sha256.Size); err != nil {
		return nil, err
	}
	if s.passkeys, err = newPasskeys(cfg.BaseURL); err != nil {
		return nil, err
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.pages, err = s.loadPages(); err != nil {
		return nil, err
	}
	kept := cfg.Store.Sessions() // hashes tokens itself, because it is asked for sessions by token, too
	// Not by scs.New, which starts a store in memory whose goroutine never ends.
	s.sessions = &scs.SessionManager{
		Store: kept, Codec: kept, IdleTimeout: sessionIdle, Lifetime: sessionLasts,
		Cookie: scs.SessionCookie{Name: "venterom", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode},
	}
	if cfg.BaseURL.Scheme == "https" {
		s.sessions.Cookie.Name = "__Host-venterom"
		s.sessions.Cookie.Secure = true
	}
	s.observed = s.observedRoutes()
	s.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		cfg.Log.Error("session", "error", err)
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
	}
	return s, nil
}

// How long somebody stays signed in: without doing anything, and in all.
const (
	sessionIdle  = 30 * time.Minute
	sessionLasts = 12 * time.Hour
)

// pointCache remembers collection points for a few seconds: during a wave of answers, looking one up
// would cost more than counting. Unknown codes are not remembered, so that guessing fills nothing.
type pointCache struct {
	mu     sync.RWMutex
	byCode map[practice.Code]cachedPoint
}

type cachedPoint struct {
	point    practice.Point
	practice practice.Practice
	until    time.Time
}

const (
	pointTTL  = 5 * time.Second // how long a retired code or a new phone number may take to show
	maxPoints = 10_000
)

// point finds the collection point behind a code as it was typed, with its practice. An unknown code
// is NotFound, a retired one Gone.
func (s *Server) point(ctx context.Context, typed string) (practice.Point, practice.Practice, error) {
	code, err := practice.ParseCode(typed)
	if err != nil {
		return practice.Point{}, practice.Practice{}, err
	}
	s.points.mu.RLock()
	hit, ok := s.points.byCode[code]
	s.points.mu.RUnlock()
	now := time.Now()
	if !ok || now.After(hit.until) {
		if hit.point, err = s.Store.Point(ctx, code); err != nil {
			if fault.KindOf(err) == fault.NotFound {
				err = fault.New(fault.NotFound, "code.unknown")
			}
			return hit.point, hit.practice, err
		}
		if hit.practice, err = s.Store.Practice(ctx, hit.point.PracticeID); err != nil {
			return hit.point, hit.practice, err
		}
		hit.until = now.Add(pointTTL)
		s.points.mu.Lock()
		if len(s.points.byCode) >= maxPoints {
			clear(s.points.byCode)
		}
		s.points.byCode[code] = hit
		s.points.mu.Unlock()
	}
	if hit.point.Retired {
		return hit.point, hit.practice, fault.New(fault.Gone, "code.retired")
	}
	return hit.point, hit.practice, nil
}

// forgetPoints empties the cache after a change made here.
func (s *Server) forgetPoints() {
	s.points.mu.Lock()
	defer s.points.mu.Unlock()
	clear(s.points.byCode)
}

// render writes a page. It is made in full before the first byte is sent, so that a failing template
// gives an error page and not half a page.
func (s *Server) render(c echo.Context, status int, name string, data any) error {
	var b bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&b, "layout", data); err != nil {
		return err
	}
	return c.HTMLBlob(status, b.Bytes())
}
