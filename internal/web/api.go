package web

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/visit"
)

// openAPI describes the interface for machines; a test holds it against what is answered.
//
//go:embed openapi.yaml
var openAPI []byte

func (s *Server) showOpenAPI(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", openAPI)
}

// problem is an error as a machine reads it (RFC 9457); its type is about:blank, so its title is the status.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`         // stays the same when the words do not
	ID     string `json:"id,omitempty"` // of an error on our side, to look for in the log
}

func (s *Server) showProblem(c echo.Context, status int, f *fault.Error, id string) {
	body, err := json.Marshal(problem{http.StatusText(status), status, s.Words.In("en").T(f.Key, f.Args), f.Key, id})
	if err != nil {
		s.Log.Error("error page", "error", err)
		_ = c.NoContent(http.StatusInternalServerError)
		return
	}
	h := c.Response().Header()
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	_ = c.Blob(status, "application/problem+json", body)
}

// listAnswer is what a machine is told about a list it handed in.
type listAnswer struct {
	Accepted     int        `json:"accepted"` // visits that the practice's rule chooses from
	Merged       int        `json:"merged"`   // rows left out because their number has another row
	Skipped      int        `json:"skipped"`  // entries of a bundle that are no visit
	Wrong        []wrongRow `json:"wrong"`
	AtLeast      *atLeast   `json:"at_least,omitempty"`
	FirstSending time.Time  `json:"first_sending"` // the earliest that a message of this list is sent
}

type wrongRow struct {
	Line   int    `json:"line"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// atLeast is as coarse as invite.Inviter.AtLeast makes it, and is not there for a short list.
type atLeast struct {
	Invited  int `json:"invited"`
	PriceOre int `json:"price_ore"`
}

// formats is how a list may be written, by Content-Type.
var formats = map[string]visit.Format{"application/json": visit.JSON, "text/csv": visit.CSV, "application/fhir+json": visit.FHIR}

// listTimeout is how long a list is worked on, whether or not who sent it still waits: what was begun is
// finished, and the answer is there when it is sent again. Ten thousand visits take seconds, a minute or two
// with a database far away. It is shorter than a request is left to whoever began it.
const listTimeout = 4 * time.Minute

// saveList takes a list of visits from a machine and asks on behalf of the practice whose key it shows.
func (s *Server) saveList(c echo.Context) error {
	r := c.Request()
	key, err := s.admitMachine(c)
	if err != nil {
		return err
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	format, known := formats[kind]
	if encoding := r.Header.Get("Content-Encoding"); err != nil || !known || encoding != "" && encoding != "identity" {
		return fault.New(fault.Unsupported, "api.content_type")
	}
	name := r.Header.Get("Idempotency-Key")
	const longest = 100
	if len(name) == 0 || len(name) > longest || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fault.New(fault.Invalid, "api.name_wrong").With("Max", longest)
	}
	body, err := io.ReadAll(r.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return fault.New(fault.TooLarge, "visit.file_large").With("Max", visit.MaxBytes>>20)
	} else if err != nil {
		return fault.New(fault.Invalid, "error.bad_request")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), listTimeout)
	defer cancel()
	request := store.Request{APIKeyID: key.ID, Name: name, Body: string(format) + "\n" + string(body)}
	answer, err := s.Store.BeginRequest(ctx, request, s.Now())
	if f := fault.As(err); f != nil && f.Key == "api.in_progress" {
		retryAfter(c, 5*time.Second)
	}
	if err != nil {
		return err
	}
	if answer == "" {
		if answer, err = s.askList(ctx, key, format, body); err != nil {
			if dropErr := s.Store.DropRequest(context.WithoutCancel(ctx), request); dropErr != nil {
				s.Log.Error("request of a machine", "error", dropErr) // it lapses
			}
			return err
		}
		if err := s.Store.KeepAnswer(context.WithoutCancel(ctx), request, answer, s.Now()); err != nil {
			s.Log.Error("answer to a machine", "error", err) // the list is asked all the same
		}
	}
	return c.JSONBlob(http.StatusOK, []byte(answer))
}

// askList asks who is on a list and says what a machine may know of it.
func (s *Server) askList(ctx context.Context, key practice.APIKey, format visit.Format, body []byte) (answer string, err error) {
	p, err := s.Store.Practice(ctx, key.PracticeID)
	if err != nil {
		return "", err
	}
	list, err := s.Inviter.ReadAs(format, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	result, err := s.Inviter.Invite(ctx, p, list.Visits, false)
	if err != nil {
		return "", err
	}
	a := listAnswer{Accepted: len(list.Visits), Merged: list.Merged, Skipped: list.Skipped, Wrong: []wrongRow{},
		FirstSending: result.At.In(calendar.Oslo).Truncate(time.Second)}
	english := s.Words.In("en")
	for _, bad := range list.Bad {
		a.Wrong = append(a.Wrong, wrongRow{bad.Line, bad.Reason.Key, english.T(bad.Reason.Key, bad.Reason.Args)})
	}
	if invited, ore, ok := s.Inviter.AtLeast(result); ok {
		a.AtLeast = &atLeast{invited, ore}
	}
	text, err := json.Marshal(a)
	return string(text), err
}

// admitMachine finds the key that a machine shows.
func (s *Server) admitMachine(c echo.Context) (practice.APIKey, error) {
	scheme, text, _ := strings.Cut(c.Request().Header.Get("Authorization"), " ")
	if err := s.keys.allow(c, text); err != nil {
		retryAfter(c, time.Minute)
		return practice.APIKey{}, err
	}
	key, err := practice.APIKey{}, error(fault.New(fault.Unauthorized, "api.key_wrong"))
	if strings.EqualFold(scheme, "Bearer") && practice.IsAPIKey(text) {
		key, err = s.Store.APIKey(c.Request().Context(), text)
	}
	if fault.KindOf(err) == fault.Unauthorized {
		s.keys.wrong(c, text)
	}
	if err != nil {
		return key, err
	}
	if wait := s.keys.take(text); wait > 0 {
		retryAfter(c, wait)
		return key, fault.New(fault.TooMany, "api.too_many")
	}
	return key, nil
}

func retryAfter(c echo.Context, wait time.Duration) {
	c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}
