package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/invite"
	"github.com/venterom/venterom/internal/visit"
)

// maxBody is the longest form we read: a full one is under two kilobytes.
const maxBody = 16 << 10

// maxUpload is more than a list may be: it is read to the end, so that whoever chose a film is told and not
// cut off.
const maxUpload = 64 << 20

// lists are the routes that take more than a form: lists of visits. They read them as they come, and have
// longer for it.
var lists = map[string]int64{
	"/practices/:id/invitations":      maxUpload,
	"/practices/:id/invitations/send": invite.SealedMost + maxBody,
	"/api/v1/invitations":             visit.MaxBytes,
}

// How long a list may take to arrive, and to arrive and be worked on: twenty seconds for a megabyte, and what
// listTimeout allows.
const (
	uploadTimeout = 3 * time.Minute
	answerTimeout = uploadTimeout + listTimeout + 30*time.Second
)

// limitBody refuses what is longer than a route takes. A form is read whole before anybody looks at it: to
// c.FormValue one that broke off, or is too long, is one with nothing in it.
func limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if most, ok := lists[c.Path()]; ok {
			r.Body = http.MaxBytesReader(c.Response(), r.Body, most)
			if r.ContentLength != 0 {
				control, now := http.NewResponseController(c.Response()), time.Now()
				// Errors are of tests alone, which have no connection.
				_ = control.SetReadDeadline(now.Add(uploadTimeout))
				_ = control.SetWriteDeadline(now.Add(answerTimeout))
			}
			return next(c)
		}
		if r.ContentLength == 0 {
			return next(c)
		}
		if r.ContentLength > maxBody {
			return fault.New(fault.TooLarge, "form.too_large")
		}
		body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxBody))
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return fault.New(fault.TooLarge, "form.too_large")
		}
		if err != nil { // it broke off, or took too long
			return fault.New(fault.Invalid, "error.bad_request")
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		return next(c)
	}
}
