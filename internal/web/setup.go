package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// setupPage leads a new practice from nothing to its first answer, and is afterwards where things are switched on
// and off.
type setupPage struct {
	page
	Practice  string
	Steps     []setupStep
	Done      int // steps that must be done and are
	Must      int // steps that must be done
	CanChange bool
	CanLive   bool
	Problem   string
	Features  []featureRow
}

// setupStep is a line of the list. Next is the first that must be done and is not.
type setupStep struct {
	Key, Title, Text, Address string
	Done, Optional, Next      bool
}

type featureRow struct {
	Key, Title, Text string
	On               bool
	Address          string // where it is set up before it can be switched on; empty: here
	Name             string // of the button
}

func setupPath(p practice.Practice) string { return "/practices/" + p.ID + "/setup" }

// ready is what a practice has of what it needs to go live.
func (s *Server) ready(ctx context.Context, p practice.Practice) (practice.Ready, practice.Info, practice.Steps, error) {
	info, err := s.Store.Info(ctx, p.ID)
	if err != nil {
		return practice.Ready{}, info, nil, err
	}
	steps, err := s.Store.Steps(ctx, p.ID)
	if err != nil {
		return practice.Ready{}, info, nil, err
	}
	notice, err := s.noticeApproved(ctx, p)
	return practice.Ready{Basic: info.Completeness().Basic && info.Contact.Organisation != "", Notice: notice,
		Trial: steps[practice.StepTrial] != "", Guide: steps[practice.StepGuide] != ""}, info, steps, err
}

func (s *Server) showSetup(c echo.Context) error { return s.renderSetup(c, http.StatusOK, nil) }

func (s *Server) renderSetup(c echo.Context, status int, problem *fault.Error) error {
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	ready, info, taken, err := s.ready(ctx, p)
	if err != nil {
		return err
	}
	people, err := s.Store.People(ctx, p.ID)
	if err != nil {
		return err
	}
	offers, err := s.Store.Offers(ctx, p.ID, s.Now())
	if err != nil {
		return err
	}
	points, err := s.Store.Points(ctx, p.ID)
	if err != nil {
		return err
	}
	poster := "/practices/" + p.ID + "/points"
	if len(points) > 0 && !points[0].Retired {
		poster += "/" + string(points[0].Code) + "/poster?lang=" + l.Tag
	}
	own := "/practices/" + p.ID
	sp := setupPage{page: s.page(c, l, l.T("setup.title")+" – "+p.Name), Practice: p.Name}
	sp.Here, sp.CanChange = "start", sp.Role == practice.Lead
	lacks := info.Completeness().Missing
	missing := func(section practice.Section) bool {
		for _, m := range lacks {
			if m.Section == section {
				return true
			}
		}
		return false
	}
	for _, step := range []setupStep{
		{Key: "practice", Address: own + "/page/contact", Done: info.Contact.Organisation != "" && !missing("contact")},
		{Key: "people", Address: own + "/people", Done: len(people)+len(offers) > 1 || taken[practice.StepAlone] != "", Optional: true},
		{Key: "info", Address: own + "/page/hours", Done: !missing("hours")},
		{Key: "privacy", Address: own + "/privacy", Done: ready.Notice},
		{Key: "survey", Address: own + "/setup/survey", Done: taken[practice.StepSurvey] != "", Optional: true},
		{Key: "poster", Address: poster, Done: ready.Trial},
		{Key: "guide", Address: own + "/setup/guide", Done: ready.Guide},
	} {
		step.Title, step.Text = l.T("setup."+step.Key), l.T("setup."+step.Key+"_text")
		if !step.Optional {
			sp.Must++
			if step.Done {
				sp.Done++
			} else if sp.Done == sp.Must-1 && !p.Live {
				step.Next = true
			}
		}
		sp.Steps = append(sp.Steps, step)
	}
	sp.CanLive = ready.All()
	if p.Live {
		if sp.Features, err = s.features(c, l, p); err != nil {
			return err
		}
	}
	if problem != nil {
		sp.Problem, sp.Title = l.T(problem.Key, problem.Args), l.T("error.prefix")+" "+sp.Title
	}
	return s.render(c, status, "setup", sp)
}

// The features that are switched on one at a time, as the form names them.
const (
	featureQR      = "qr"
	featureDigital = "digital"
	featureSMS     = "sms"
	featureNetwork = "network"
)

func (s *Server) features(c echo.Context, l i18n.Language, p practice.Practice) ([]featureRow, error) {
	asking, err := s.Store.Asking(c.Request().Context(), p.ID)
	if err != nil {
		return nil, err
	}
	rows := []featureRow{
		{Key: featureQR, On: p.QR},
		{Key: featureDigital, On: p.Digital},
		{Key: featureSMS, On: asking.SMS},
		{Key: featureNetwork, On: p.Network},
	}
	if !asking.SMS {
		rows[2].Address = "/practices/" + p.ID + "/asking" // a sender must be chosen first
	}
	for i := range rows {
		row := &rows[i]
		row.Title, row.Text = l.T("feature."+row.Key), l.T("feature."+row.Key+"_text")
		row.Name = l.T("feature.on")
		if row.On {
			row.Name = l.T("feature.off")
		}
	}
	return rows, nil
}

// saveFeature switches one thing on or off.
func (s *Server) saveFeature(c echo.Context) error {
	ctx, p := c.Request().Context(), inPractice(c)
	on := c.FormValue("on") == "true"
	err := error(fault.New(fault.Invalid, "error.bad_request"))
	switch c.FormValue("feature") {
	case featureQR:
		p.QR = on
		err = s.Store.SavePractice(ctx, p)
	case featureDigital:
		p.Digital = on
		err = s.Store.SavePractice(ctx, p)
	case featureNetwork:
		p.Network = on
		err = s.Store.SavePractice(ctx, p)
	case featureSMS:
		asking, readErr := s.Store.Asking(ctx, p.ID)
		if readErr != nil {
			return readErr
		}
		if on { // by its own page, which asks for a sender and shows what the messages look like
			return c.Redirect(http.StatusSeeOther, "/practices/"+p.ID+"/asking")
		}
		asking.SMS = false
		err = s.Store.SaveAsking(ctx, asking)
	}
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		return s.renderSetup(c, http.StatusConflict, f)
	}
	if err != nil {
		return err
	}
	s.forgetPoints()
	return c.Redirect(http.StatusSeeOther, setupPath(p))
}

// setupTextPage is a step that is read: the questions, or the guide to right and wrong use.
type setupTextPage struct {
	page
	Practice, Address string
	Done              bool
	Surveys           []formSurvey
	Trial             string // where the form can be tried on this screen; empty without a collection point
	Right, Wrong      []string
}

func (s *Server) showSetupStep(c echo.Context) error {
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	step := practice.Step(c.Param("step"))
	if step != practice.StepSurvey && step != practice.StepGuide {
		return fault.New(fault.NotFound, "error.not_found")
	}
	taken, err := s.Store.Steps(ctx, p.ID)
	if err != nil {
		return err
	}
	tp := setupTextPage{page: s.page(c, l, l.T("setup."+string(step))+" – "+p.Name), Practice: p.Name, Address: setupPath(p), Done: taken[step] != ""}
	tp.Here = "start"
	if step == practice.StepGuide {
		for _, key := range []string{"look", "talk", "small", "ask_all", "tell"} {
			tp.Right = append(tp.Right, l.T("guide.right_"+key))
		}
		for _, key := range []string{"person", "choose", "press", "reward", "recognise", "message"} {
			tp.Wrong = append(tp.Wrong, l.T("guide.wrong_"+key))
		}
		return s.render(c, http.StatusOK, "setup_guide", tp)
	}
	tp.Surveys = s.form(c, l, entrance{practice: p}, "", nil).Surveys
	points, err := s.Store.Points(ctx, p.ID)
	if err != nil {
		return err
	}
	if len(points) > 0 && !points[0].Retired {
		tp.Trial = "/k/" + string(points[0].Code)
	}
	return s.render(c, http.StatusOK, "setup_survey", tp)
}

// saveSetupStep notes that a step is done; the last is going live.
func (s *Server) saveSetupStep(c echo.Context) error {
	ctx, p := c.Request().Context(), inPractice(c)
	switch step := c.Param("step"); step {
	case string(practice.StepAlone), string(practice.StepSurvey), string(practice.StepGuide):
		if err := s.Store.TakeStep(ctx, p.ID, practice.Step(step), practice.DateOf(s.Now())); err != nil {
			return err
		}
	case "live":
		ready, _, _, err := s.ready(ctx, p)
		if err != nil {
			return err
		}
		if !ready.All() {
			return s.renderSetup(c, http.StatusConflict, fault.New(fault.Conflict, "setup.not_ready"))
		}
		if err := s.Store.GoLive(ctx, p.ID); err != nil {
			return err
		}
		s.forgetPoints()
	default:
		return fault.New(fault.NotFound, "error.not_found")
	}
	return c.Redirect(http.StatusSeeOther, setupPath(p))
}

// noticeApproved reports whether the lead has approved the privacy notice as it is now.
func (s *Server) noticeApproved(ctx context.Context, p practice.Practice) (bool, error) {
	return s.Store.NoticeApproved(ctx, p.ID, s.Installation())
}
