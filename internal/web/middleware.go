package web

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/venterom/venterom/internal/fault"
)

// setHeaders puts the strict headers on every response, errors included. Nothing inline, nothing from elsewhere,
// nothing kept in a cache but what showAsset says may be.
func (s *Server) setHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	secure := s.BaseURL.Scheme == "https"
	return func(c echo.Context) error {
		h := c.Response().Header()
		h["Cache-Control"] = uncached
		if secure {
			h["Strict-Transport-Security"] = onlyTLS
		}
		h["Content-Security-Policy"] = contentSecurityPolicy
		if slices.Contains(fetching, c.Path()) {
			h["Content-Security-Policy"] = fetchingSecurityPolicy
		}
		h["Referrer-Policy"] = noReferrer
		h["X-Content-Type-Options"] = noSniff
		h["X-Frame-Options"] = deny
		h["Permissions-Policy"] = permissions
		h["Cross-Origin-Opener-Policy"] = sameOrigin
		h["Cross-Origin-Resource-Policy"] = sameOrigin
		return next(c)
	}
}

var (
	contentSecurityPolicy = []string{"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	// The routes whose script fetches or sends something itself; no other page may.
	fetching               = []string{kioskRoute, batchRoute, "/login", "/login/code", "/login/passkey", "/account", "/account/secure", "/account/passkeys"}
	fetchingSecurityPolicy = []string{contentSecurityPolicy[0] + "; connect-src 'self'"}
	uncached               = []string{"no-store"}
	onlyTLS                = []string{"max-age=63072000; includeSubDomains"} // two years
	noReferrer             = []string{"no-referrer"}
	noSniff                = []string{"nosniff"}
	deny                   = []string{"DENY"}
	sameOrigin             = []string{"same-origin"}
	permissions            = []string{"camera=(), geolocation=(), microphone=(), browsing-topics=()"}
)

// compress compresses pages; static files are compressed once at start instead.
func compress() echo.MiddlewareFunc {
	return middleware.GzipWithConfig(middleware.GzipConfig{
		Level:     5,
		MinLength: 1024,
		Skipper:   func(c echo.Context) bool { return c.Path() == "/static/*" },
	})
}

// logRequests writes one line for each request of staff: the route's pattern, because a path can hold a
// code, and no address, browser or query. Of patients it writes none: a line has a time, and a time
// with an appointment book beside it is a name.
func (s *Server) logRequests(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		if isPatientRoute(c.Path()) {
			return nil
		}
		if s.Observe != nil && s.observed[c.Path()] {
			s.Observe(c.Request().Method, c.Path(), c.Response().Status, time.Since(start))
		}
		s.Log.Debug("request", "method", c.Request().Method, "route", c.Path(),
			"status", c.Response().Status, "ms", float64(time.Since(start).Microseconds())/1000)
		return nil
	}
}

// observedRoutes are those whose requests may be counted: not patients', nor those of what their pages are made
// of; not the typing in of answers on paper; nor where a patient's STOP comes in.
func (s *Server) observedRoutes() map[string]bool {
	observed := map[string]bool{"/healthz": true, "/readyz": true, "/api/v1/openapi.yaml": true, "/api/v1/invitations": true, "/api/v1/sms/report/:id/:proof": true}
	for _, r := range s.routes() {
		if r.who != open && r.path != batchRoute {
			observed[r.path] = true
		}
	}
	return observed
}

func isPatientRoute(pattern string) bool {
	return strings.HasPrefix(pattern, "/k") || strings.HasPrefix(pattern, "/K") || strings.HasPrefix(pattern, "/s/") || strings.HasPrefix(pattern, "/S/") || strings.HasPrefix(pattern, "/w/") || strings.HasPrefix(pattern, "/p/") ||
		pattern == "/privacy" || pattern == "/accessibility"
}

func (s *Server) recoverPanics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				if r == http.ErrAbortHandler {
					panic(r)
				}
				err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		return next(c)
	}
}

var statuses = map[fault.Kind]int{
	fault.Invalid:      http.StatusBadRequest,
	fault.Unauthorized: http.StatusUnauthorized,
	fault.Forbidden:    http.StatusForbidden,
	fault.NotFound:     http.StatusNotFound,
	fault.Gone:         http.StatusGone,
	fault.Conflict:     http.StatusConflict,
	fault.TooLarge:     http.StatusRequestEntityTooLarge,
	fault.Unavailable:  http.StatusServiceUnavailable,
	fault.TooMany:      http.StatusTooManyRequests,
	fault.Unsupported:  http.StatusUnsupportedMediaType,
	fault.Internal:     http.StatusInternalServerError,
}

// toFault makes every error a fault: echo's own by status, unknown ones internal.
func toFault(err error) *fault.Error {
	if f := fault.As(err); f != nil {
		return f
	}
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch {
		case h.Code == http.StatusNotFound:
			return fault.New(fault.NotFound, "error.not_found")
		case h.Code == http.StatusRequestEntityTooLarge:
			return fault.New(fault.TooLarge, "form.too_large")
		case h.Code < 500:
			return fault.New(fault.Invalid, "error.bad_request")
		}
	}
	return fault.New(fault.Internal, "error.internal").Because(err)
}

type errorPage struct {
	page
	Text    string
	AskCode bool // offer to type the code again
	ID      string
}

// showError is the one place that decides the status and the words of an error.
func (s *Server) showError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	f := toFault(err)
	status := statuses[f.Kind]
	h, isHTTP := errors.AsType[*echo.HTTPError](err)
	if isHTTP && h.Code == http.StatusMethodNotAllowed {
		status = h.Code
	}
	if strings.HasPrefix(c.Request().URL.Path, "/api/") {
		s.showProblem(c, status, f, s.logFailure(c, f, err))
		return
	}
	if f.Kind == fault.Unauthorized && c.Request().Method == http.MethodGet {
		_ = c.Redirect(http.StatusSeeOther, "/login")
		return
	}
	l := s.language(c)
	p := errorPage{page: s.page(c, l, l.T("error.title")), Text: l.T(f.Key, f.Args),
		AskCode: slices.Contains([]string{"code.unknown", "code.retired", "invitation.unknown", "invitation.over"}, f.Key)}
	p.ID = s.logFailure(c, f, err)
	name := "error"
	if isKiosk(c) {
		name = "kiosk_error"
		if strings.HasPrefix(f.Key, "form.") { // those words speak of a code to scan
			p.Text = l.T("kiosk.form_stale")
		}
	}
	if err := s.render(c, status, name, p); err != nil {
		s.Log.Error("error page", "error", err)
		_ = c.NoContent(http.StatusInternalServerError)
	}
}

// logFailure writes to the log what went wrong on our side, and returns what to find it by; of what a user
// can act on it writes nothing.
func (s *Server) logFailure(c echo.Context, f *fault.Error, err error) (id string) {
	if f.Kind != fault.Internal && f.Kind != fault.Unavailable {
		return ""
	}
	id = newErrorID()
	s.Log.Error("request failed", "id", id, "method", c.Request().Method, "route", c.Path(), "error", err)
	return id
}
