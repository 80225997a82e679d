package web

import (
	"bytes"
	"html/template"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/survey"
)

type thanksPage struct {
	page
	Practice    practice.Practice
	Channel     string
	Point       bool
	Trial       bool          // nothing was counted, and there are no lines
	CountedMark template.HTML // where the lines of the counters go
}

// counted is a counter that went up by one.
type counted struct{ Question, Answer string }

// thanksCache keeps what the template made of a page of thanks: the page of a practice in a language,
// in two halves, and the line of each counter between them. Running the template for every answer
// would cost more than checking and counting it.
type thanksCache struct {
	mu    sync.RWMutex
	pages map[thanksKey][2][]byte
	lines map[lineKey][]byte
}

type thanksKey struct {
	practice practice.Practice // whole, so that a new phone number makes a new page
	channel  string
	point    bool // a collection point was counted
	language string
}

type lineKey struct {
	survey             *survey.Survey
	question, language string
	code               string
}

const maxThanks = 5_000 // pages in memory, about 2 kB each

// cached returns what is in a cache under a key, making it first if need be.
func cached[K comparable, V any](mu *sync.RWMutex, cache *map[K]V, key K, make func() (V, error)) (V, error) {
	mu.RLock()
	v, ok := (*cache)[key]
	mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := make()
	if err != nil {
		return v, err
	}
	mu.Lock()
	defer mu.Unlock()
	if *cache == nil || len(*cache) >= maxThanks {
		*cache = map[K]V{}
	}
	(*cache)[key] = v
	return v, nil
}

// countedMark stands where the lines of the counters go.
const countedMark = "<!--counted-->"

func (s *Server) thanksFrame(c echo.Context, l i18n.Language, e entrance) page {
	p := s.page(c, l, l.T("thanks.title"))
	p.of(e.practice)
	return p
}

// sayThanks says exactly which counters went up by one.
func (s *Server) sayThanks(c echo.Context, l i18n.Language, e entrance, responses []survey.Response) error {
	halves, err := cached(&s.thanks.mu, &s.thanks.pages, thanksKey{e.practice, e.channel, e.point != "", l.Tag}, func() (halves [2][]byte, err error) {
		var b bytes.Buffer
		tp := thanksPage{page: s.thanksFrame(c, l, e), Practice: e.practice, Channel: l.T("channel." + e.channel),
			Point: e.point != "", CountedMark: countedMark}
		err = s.pages[e.page("thanks")].ExecuteTemplate(&b, "layout", tp)
		halves[0], halves[1], _ = bytes.Cut(b.Bytes(), []byte(countedMark))
		return halves, err
	})
	if err != nil {
		return err
	}
	body := bytes.NewBuffer(make([]byte, 0, 8<<10))
	body.Write(halves[0])
	for _, r := range responses {
		codes := r.Counts()
		line := func(question, code string, say func() counted) error {
			b, err := cached(&s.thanks.mu, &s.thanks.lines, lineKey{r.Survey, question, l.Tag, code}, func() ([]byte, error) {
				var b bytes.Buffer
				err := s.pages["thanks"].ExecuteTemplate(&b, "counted", say())
				return b.Bytes(), err
			})
			body.Write(b)
			return err
		}
		for _, q := range r.Survey.Questions {
			if code, ok := codes[q.ID]; ok {
				if err := line(q.ID, code, func() counted { return counted{q.Text.In(l.Tag), q.Label(code).In(l.Tag)} }); err != nil {
					return err
				}
			}
		}
		if code, ok := codes[survey.IndexID]; ok {
			if err := line(survey.IndexID, code, func() counted {
				return counted{l.T("thanks.index"), l.T("thanks.of_100", "Value", code)}
			}); err != nil {
				return err
			}
		}
	}
	body.Write(halves[1])
	return c.HTMLBlob(http.StatusOK, body.Bytes())
}
