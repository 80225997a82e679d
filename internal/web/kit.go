package web

import (
	"html"
	"html/template"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// askPage is a sheet that asks patients to answer, with the code of one collection point.
type askPage struct {
	page
	Practice practice.Practice
	Point    practice.Point
	Host     string
	Code     practice.Code
	QR       template.HTML
	Copies   []struct{} // how many are on the sheet
}

// ask prepares what every sheet that asks has.
func (s *Server) ask(c echo.Context, title string, copies int) (askPage, error) {
	point, err := s.ownPoint(c)
	if err != nil {
		return askPage{}, err
	}
	svg, err := qrSVG(s.pointURL(point.Code))
	if err != nil {
		return askPage{}, err
	}
	l, p := s.language(c), inPractice(c)
	ap := askPage{page: s.page(c, l, l.T(title, "Practice", p.Name)), Practice: p, Point: point, Host: s.BaseURL.Host,
		Code: point.Code, QR: template.HTML(svg), Copies: make([]struct{}, copies)} // #nosec G203 -- drawn here
	ap.of(p)
	return ap, nil
}

func (s *Server) showPoster(c echo.Context) error { return s.showSheet(c, "poster", "poster.title", 1) }
func (s *Server) showCards(c echo.Context) error  { return s.showSheet(c, "card", "card.title", 4) }
func (s *Server) showLetter(c echo.Context) error { return s.showSheet(c, "letter", "letter.title", 5) }

func (s *Server) showSheet(c echo.Context, name, title string, copies int) error {
	ap, err := s.ask(c, title, copies)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, name, ap)
}

type kitPage struct {
	askPage
	Address string // of the collection point's directory of pages
	Spoken  string // what to read to the telephone's answering machine
	Link    string // HTML for the practice's own page
	Picture string // the same with the button as a picture
}

func (s *Server) showKit(c echo.Context) error {
	ap, err := s.ask(c, "kit.title", 0)
	if err != nil {
		return err
	}
	ap.Here = "points"
	address := s.webURL(ap.Code)
	label := html.EscapeString(ap.L.T("kit.button"))
	return s.render(c, http.StatusOK, "kit", kitPage{askPage: ap, Address: "/practices/" + ap.Practice.ID + "/points/" + string(ap.Code),
		Spoken:  ap.L.T("kit.spoken", "Host", spokenHost(ap.L, ap.Host), "Code", spokenCode(ap.Code)),
		Link:    `<a href="` + address + `" rel="noreferrer" style="` + buttonStyle + `">` + label + `</a>`,
		Picture: `<a href="` + address + `" rel="noreferrer"><img src="` + buttonFile(ap.L) + `" width="300" height="60" alt="` + label + `"></a>`})
}

// buttonStyle makes a link look like a button where the practice's page lets it; elsewhere it is a link.
const buttonStyle = "display:inline-block;padding:14px 22px;border-radius:8px;background:#0a5a66;color:#fff;font-weight:600;text-decoration:none"

// webURL is where the button on a practice's own page leads.
func (s *Server) webURL(code practice.Code) string {
	return s.BaseURL.Scheme + "://" + s.BaseURL.Host + "/w/" + string(code)
}

// enterByWeb is the way in by the button on a practice's own page.
func (s *Server) enterByWeb(c echo.Context) (entrance, error) {
	e, err := s.enterByCode(c)
	e.channel = "web"
	return e, err
}

func (s *Server) showWebForm(c echo.Context) error { return s.openForm(c, s.enterByWeb) }
func (s *Server) saveWebForm(c echo.Context) error { return s.takeForm(c, s.enterByWeb) }

// spokenHost is the address as one says it on the telephone: "svar punktum legekontor punktum no".
func spokenHost(l i18n.Language, host string) string {
	return strings.NewReplacer(".", " "+l.T("kit.dot")+" ", "-", " "+l.T("kit.hyphen")+" ", ":", " "+l.T("kit.colon")+" ").Replace(host)
}

// spokenCode is the code two signs at a time, which is what a listener can keep while writing: "7 F, 3 K, 9 Q, W 2".
func spokenCode(code practice.Code) string {
	var pairs []string
	for i := 0; i+1 < len(code); i += 2 {
		pairs = append(pairs, string(code[i])+" "+string(code[i+1]))
	}
	return strings.Join(pairs, ", ")
}

func buttonFile(l i18n.Language) string { return "venterom-" + l.Tag + ".svg" }

// showButton is the button as a picture. The practice puts it among its own pictures: were it fetched
// from here, everybody who reads the practice's page would be seen here.
func (s *Server) showButton(c echo.Context) error {
	if _, err := s.ownPoint(c); err != nil {
		return err
	}
	l := s.language(c)
	label := html.EscapeString(l.T("kit.button"))
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+buttonFile(l)+`"`)
	return c.Blob(http.StatusOK, "image/svg+xml; charset=utf-8", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 60" width="300" height="60" role="img" aria-label="`+label+`">`+
		`<rect width="300" height="60" rx="8" fill="#0a5a66"/><text x="150" y="37" fill="#fff" font-family="system-ui, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif" font-size="20" font-weight="600" text-anchor="middle">`+label+`</text></svg>`))
}
