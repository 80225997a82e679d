package web

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"
)

// saveReport takes an SMS gateway's report on a message. Gateways report by GET as well as by POST.
func (s *Server) saveReport(c echo.Context) error {
	r := c.Request()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := s.Inviter.Report(r.Context(), c.Param("id"), c.Param("proof"), r.URL.Query(), r.Header.Get("Content-Type"), body); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// saveInbound takes a message that somebody sent back to a gateway: from whom, and what. Only STOP means
// anything here.
func (s *Server) saveInbound(c echo.Context) error {
	if err := s.Inviter.Inbound(c.Request().Context(), c.Param("proof"), c.FormValue("from"), c.FormValue("text")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
