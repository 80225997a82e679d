package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/static"
)

//go:embed templates
var templates embed.FS

// layouts says which frame each page is set in: patient (no session, nothing to sign in to), kiosk (the
// same on a shared screen), staff, or print (a sheet of paper with nothing around it).
var layouts = map[string]string{
	"form":          "patient",
	"thanks":        "patient",
	"start":         "patient",
	"stop":          "patient",
	"error":         "patient",
	"public":        "patient",
	"notice":        "patient",
	"stored":        "patient",
	"accessibility": "patient",
	"login":         "staff",
	"login_code":    "staff",
	"account":       "staff",
	"secure":        "staff",
	"totp":          "staff",
	"recovery":      "staff",
	"password":      "staff",
	"leave":         "staff",
	"identities":    "staff",
	"practices":     "staff",
	"dashboard":     "staff",
	"points":        "staff",
	"assumption":    "staff",
	"admin":         "staff",
	"poster":        "print",
	"report":        "print",
	"worksheet":     "print",

	"kiosk_start":  "kiosk",
	"kiosk_form":   "kiosk",
	"kiosk_thanks": "kiosk",
	"kiosk_error":  "patient",
	"kit":          "staff",
	"card":         "print",
	"letter":       "print",

	"keys": "staff",

	"paper":         "print",
	"batch":         "staff",
	"batch_review":  "staff",
	"batch_counted": "staff",

	"invitations":      "staff",
	"invitations_dry":  "staff",
	"invitations_sent": "staff",
	"asking":           "staff",
	"slips":            "staff",
	"slip":             "print",
	"setup":            "staff",
	"setup_survey":     "staff",
	"setup_guide":      "staff",
	"people":           "staff",
	"person":           "staff",
	"join":             "staff",
	"log":              "staff",
	"export":           "staff",
	"delete":           "staff",
	"deleted":          "staff",

	"improvements":    "staff",
	"improvement":     "staff",
	"improvement_new": "staff",

	"info":         "staff",
	"notice_staff": "staff",
	"info_form":    "staff",
	"doctors":      "staff",

	"networks":            "staff",
	"network":             "staff",
	"network_terms":       "staff",
	"network_coordinator": "staff",
}

// page is what every page has.
type page struct {
	L        i18n.Language
	Title    string
	Demo     bool
	Account  *practice.Account  // nil unless somebody is signed in
	In       *practice.Practice // the practice whose pages these are, for the staff menu
	Phone    phone              // what a patient can call; empty where no practice is known
	Here     string             // which entry of the staff menu this is
	Role     practice.Role      // in that practice
	Outdated string             // where to approve the privacy notice again; empty if it needs none
	Connect  bool               // there are identity providers to connect an account to
	host     string             // of this installation, for addresses that are read and not followed
	slug     string             // of the practice that a patient's page is about, empty if none is known
	query    url.Values         // of the address, for links back to the same page
	back     string             // where those lead, if a form was sent to an address that is no page; empty: here
}

// Switched is this page's address in another language: the same survey, version, quarter, mark or
// problem.
func (p page) Switched(lang string) string {
	q := url.Values{"lang": {lang}}
	for _, name := range []string{"survey", "version", "quarter", "page", queryPractice, fieldMark, queryProblem, queryWith} {
		if v := p.query.Get(name); v != "" {
			q.Set(name, v)
		}
	}
	return p.back + "?" + q.Encode()
}

// of says which practice a patient's page is about: whom to call, and whose privacy notice it links to.
func (p *page) of(in practice.Practice) { p.slug, p.Phone = in.Slug, phone(in.Phone) }

// Privacy is where it is said what is stored: the practice's notice, or what holds for all.
func (p page) Privacy() string {
	if p.slug == "" {
		return "/privacy?lang=" + p.L.Tag
	}
	return "/p/" + p.slug + "/privacy?lang=" + p.L.Tag
}

// Written is Privacy as it is read aloud or from paper, where nothing can be followed.
func (p page) Written() string {
	if p.slug == "" {
		return p.host + "/privacy"
	}
	return p.host + "/p/" + p.slug + "/privacy"
}

// Accessibility is the address of the accessibility statement, with whom to tell.
func (p page) Accessibility() string {
	q := url.Values{"lang": {p.L.Tag}}
	if p.slug != "" {
		q.Set(queryPractice, p.slug)
	}
	return "/accessibility?" + q.Encode()
}

// phone is a number as the practice writes it, held together on one line.
type phone string

func (p phone) String() string { return strings.ReplaceAll(string(p), " ", "\u00a0") }

// Dial is the number without spaces, for a link.
func (p phone) Dial() string { return strings.ReplaceAll(string(p), " ", "") }

// Languages are the languages a page can be switched to, each named in itself.
func (p page) Languages() []string { return i18n.Languages }

func (s *Server) loadPages() (map[string]*template.Template, error) {
	funcs := template.FuncMap{"static": s.assetPath, "words": s.Words.In}
	pages := make(map[string]*template.Template, len(layouts))
	for name, layout := range layouts {
		t, err := template.New(name).Funcs(funcs).Option("missingkey=error").
			ParseFS(templates, "templates/layout_"+layout+".html", "templates/parts.html", "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		pages[name] = t
	}
	return pages, nil
}

// asset is a static file as it is sent: compressed once, at start.
type asset struct {
	plain, zipped []byte
	hash          string
	mime          string
}

var mimes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml; charset=utf-8"}

func loadAssets() (map[string]asset, error) {
	assets := map[string]asset{}
	err := fs.WalkDir(static.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || mimes[path.Ext(name)] == "" {
			return err
		}
		a := asset{mime: mimes[path.Ext(name)]}
		if a.plain, err = static.FS.ReadFile(name); err != nil {
			return err
		}
		sum := sha256.Sum256(a.plain)
		a.hash = hex.EncodeToString(sum[:6])
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(a.plain); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		a.zipped = b.Bytes()
		assets[name] = a
		return nil
	})
	return assets, err
}

// assetPath is an asset's address; it changes with the content, so that it can be cached for ever.
func (s *Server) assetPath(name string) string {
	return "/static/" + name + "?v=" + s.assets[name].hash
}

func (s *Server) showAsset(c echo.Context) error {
	a, ok := s.assets[c.Param("*")]
	if !ok {
		return fault.New(fault.NotFound, "error.not_found")
	}
	h := c.Response().Header()
	if c.QueryParam("v") == a.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(c.Request().Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		return c.Blob(http.StatusOK, a.mime, a.zipped)
	}
	return c.Blob(http.StatusOK, a.mime, a.plain)
}
