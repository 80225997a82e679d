package web

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// The form's own fields beside its answers.
const (
	fieldToken    = "token"
	fieldLanguage = "lang"
	fieldSwitch   = "switch" // the button that asks for another language and sends nothing
)

type formPage struct {
	page
	Practice practice.Practice
	Action   string
	Token    string
	Trial    bool   // nothing is counted
	Problem  string // what to mend before the form can be sent; empty the first time
	Surveys  []formSurvey
	CanStop  bool
}

type formSurvey struct {
	Title     string // empty for the first survey, which the page's own heading introduces
	Questions []formQuestion
}

type formQuestion struct {
	ID      string // of the fieldset; the first option's is the same with "-0"
	Name    string
	Text    string
	Note    string
	Options []formOption
	Aside   *formOption // "does not apply"
}

type formOption struct {
	Code, Label string
	Checked     bool
}

// form lays out what a practice asks, in one language, with what was chosen so far.
func (s *Server) form(c echo.Context, l i18n.Language, e entrance, token string, chosen url.Values) formPage {
	p := e.practice
	fp := formPage{page: s.page(c, l, l.T("form.title", "Practice", p.Name)), Practice: p, Action: e.action, Token: token, CanStop: e.canStop, Trial: !p.Live}
	fp.of(p)
	for i, sv := range s.asked(p) {
		fs := formSurvey{Questions: make([]formQuestion, 0, len(sv.Questions))}
		if i > 0 {
			fs.Title = sv.Title.In(l.Tag)
		}
		for _, q := range sv.Questions {
			name := sv.ID + "." + q.ID
			fq := formQuestion{ID: sv.ID + "-" + q.ID, Name: name, Text: q.Text.In(l.Tag), Note: q.Note.In(l.Tag)}
			for _, o := range q.Options {
				fq.Options = append(fq.Options, formOption{o.Code, o.Text.In(l.Tag), chosen.Get(name) == o.Code})
			}
			if q.NotApplicable != nil {
				fq.Aside = &formOption{survey.NotApplicable, q.NotApplicable.In(l.Tag), chosen.Get(name) == survey.NotApplicable}
			}
			fs.Questions = append(fs.Questions, fq)
		}
		fp.Surveys = append(fp.Surveys, fs)
	}
	return fp
}

// digitalSurvey is asked after the practice's own where it is switched on.
const digitalSurvey = "digital"

// asked lists the surveys in a practice's form.
func (s *Server) asked(p practice.Practice) []*survey.Survey {
	ids := []string{p.Survey}
	if p.Digital {
		ids = append(ids, digitalSurvey)
	}
	surveys := make([]*survey.Survey, 0, len(ids))
	for _, id := range ids {
		if sv, ok := s.Surveys.Latest(id); ok {
			surveys = append(surveys, sv)
		}
	}
	return surveys
}

func (s *Server) showStart(c echo.Context) error {
	l := s.language(c)
	return s.render(c, http.StatusOK, "start", s.page(c, l, l.T("start.title")))
}

// findPoint leads from a typed code, of a collection point or a slip, to its form, on a phone or on a
// shared screen.
func (s *Server) findPoint(c echo.Context) error {
	if slip, err := practice.ParseSlip(c.QueryParam("code")); err == nil && !isKiosk(c) {
		return c.Redirect(http.StatusSeeOther, "/s/"+string(slip))
	}
	code, err := practice.ParseCode(c.QueryParam("code"))
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, c.Path()+"/"+string(code))
}

// entrance is a way in to a practice's form: where the form is sent, and what is counted beside its answers.
type entrance struct {
	practice practice.Practice
	action   string
	channel  string        // one of report.Channels
	point    practice.Code // the collection point; empty if none

	invitation string // hash of the single-use token; empty if none
	language   string // that the form is shown in at first; empty: the reader's
	canStop    bool   // it came by a message, and there is a way to say no to more
	printed    bool   // the address is as a QR code has it, not as it is typed
}

// entry is what is counted of a form that came this way.
func (e entrance) entry(receipt string, responses []survey.Response) store.Entry {
	entry := aggregate.Entry(e.practice.ID, string(e.point), e.channel, receipt, responses)
	entry.Invitation = e.invitation
	return entry
}

// page is the template of a step of the form: on a shared screen it leads nowhere else.
func (e entrance) page(step string) string {
	if e.channel == kioskChannel {
		return "kiosk_" + step
	}
	return step
}

// enterByCode is the way in by a collection point's code.
func (s *Server) enterByCode(c echo.Context) (entrance, error) {
	point, p, err := s.point(c.Request().Context(), c.Param("code"))
	if err == nil && p.Live && !p.QR {
		err = fault.New(fault.Gone, "code.closed")
	}
	return entrance{practice: p, action: c.Request().URL.Path, channel: "qr", point: point.Code, printed: strings.HasPrefix(c.Path(), "/K/")}, err
}

// formOf is what the token of a practice's form is tied to. A trial's is another: a form that was opened as one and
// sent after the practice went live must not count.
func formOf(p practice.Practice) string {
	if p.Live {
		return p.ID
	}
	return p.ID + " trial"
}

func (s *Server) showForm(c echo.Context) error { return s.openForm(c, s.enterByCode) }
func (s *Server) saveForm(c echo.Context) error { return s.takeForm(c, s.enterByCode) }

func (s *Server) openForm(c echo.Context, enter func(echo.Context) (entrance, error)) error {
	e, err := enter(c)
	if err != nil {
		return err
	}
	s.speak(c, e)
	return s.render(c, http.StatusOK, e.page("form"), s.form(c, s.language(c), e, s.newToken(formOf(e.practice)), nil))
}

// takeForm counts a form and says thanks. The thanks are the answer to the POST and not a redirect: an
// address would have to carry the answers, and histories and proxies' logs keep addresses.
func (s *Server) takeForm(c echo.Context, enter func(echo.Context) (entrance, error)) error {
	values, err := readForm(c)
	if err != nil {
		return err
	}
	if tag := values.Get(fieldLanguage); s.Words.In(tag).Tag == tag {
		c.Set(languageKey, tag)
	}
	e, err := enter(c)
	if err != nil {
		return err
	}
	token, switchTo := values.Get(fieldToken), values.Get(fieldSwitch)
	receipt, age, err := s.receipt(token, formOf(e.practice))
	if err != nil {
		return err
	}
	for _, own := range []string{fieldToken, fieldLanguage, fieldSwitch} {
		if len(values[own]) > 1 {
			return fault.New(fault.Invalid, "form.unknown_field")
		}
		delete(values, own)
	}
	surveys := s.asked(e.practice)
	responses, err := survey.Parse(surveys, values)
	var f *fault.Error
	if err != nil {
		if f = fault.As(err); f == nil || f.Key != "form.empty" {
			return err
		}
	}
	l := s.language(c)
	if switchTo != "" {
		return s.render(c, http.StatusOK, e.page("form"), s.form(c, s.Words.In(switchTo), e, token, values))
	}
	if f == nil && !e.practice.Live {
		if e.printed && e.channel == "qr" {
			if err := s.Store.TakeStep(c.Request().Context(), e.practice.ID, practice.StepTrial, practice.DateOf(s.Now())); err != nil {
				return err
			}
		}
		return s.render(c, http.StatusOK, e.page("thanks"), thanksPage{page: s.thanksFrame(c, l, e), Practice: e.practice, Trial: true})
	}
	if f == nil {
		entry := e.entry(receipt, responses)
		// Whoever has a link that is good once is known to have been asked.
		entry.Held = e.invitation == "" && s.bursts.hold(string(e.point), c.RealIP(), e.channel == kioskChannel, receipt, age)
		err = s.Intake.Count(c.Request().Context(), entry)
		if err == nil {
			return s.sayThanks(c, l, e, responses)
		}
		if fault.KindOf(err) == fault.Gone {
			return err
		}
		s.Log.Error("answer not counted", "error", err)
		f = fault.New(fault.Unavailable, "form.not_saved")
	}
	fp := s.form(c, l, e, token, values)
	fp.Problem = l.T(f.Key, f.Args)
	fp.Title = l.T("error.prefix") + " " + fp.Title
	status := statuses[f.Kind]
	if f.Kind == fault.Invalid {
		status = http.StatusUnprocessableEntity
	}
	return s.render(c, status, e.page("form"), fp)
}

// readForm reads the body of a form, and refuses anything else and anything long.
func readForm(c echo.Context) (url.Values, error) {
	r := c.Request()
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fault.New(fault.Invalid, "error.bad_request")
	}
	if err := r.ParseForm(); err != nil {
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			return nil, fault.New(fault.TooLarge, "form.too_large")
		}
		return nil, fault.New(fault.Invalid, "error.bad_request")
	}
	return r.PostForm, nil
}
