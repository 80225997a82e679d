package web

import (
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/invite"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/visit"
)

// A list of visits comes as a file, which is read as it arrives and let go: it is in no temporary file and in
// no log. What was read goes back to the browser, sealed, in the page that shows what would be sent; sending
// is that page's form. So nobody has to choose the same file twice, or chooses another by mistake, and
// between the two nothing of it is here.
const (
	fieldFile   = "list"
	fieldSealed = "sealed"
	fieldNumber = "number"

	someTexts = 3  // messages that are shown in full before sending
	someBad   = 50 // wrong rows that are listed
)

type invitationsPage struct {
	page
	Ready, On, CanChange bool
	Days                 int
	Price                string // of a part
	Done                 string // what was just done; empty if nothing
	Problem, ProblemAt   string // what is wrong, and the field it is wrong at
	Number               string // as typed, when it is wrong
	Max                  int    // megabytes of a file
	CapZero              bool
	Coverage             coverageView
	Months               []monthRow
	CapSays              string
	Uncertain            []string // ids
}

// Nth counts as people do.
func (invitationsPage) Nth(i int) int { return i + 1 }

func (s *Server) showInvitations(c echo.Context) error {
	return s.renderInvitations(c, http.StatusOK, "", nil)
}

// renderInvitations shows the page with what is wrong at a field, if anything.
func (s *Server) renderInvitations(c echo.Context, status int, field string, problem *fault.Error) error {
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	a, err := s.Store.Asking(ctx, p.ID)
	if err != nil {
		return err
	}
	ip := invitationsPage{page: s.askFrame(c, "invitations.title", "/invitations"), Ready: s.Inviter.Ready(), On: a.SMS, Days: a.QuarantineDays,
		Price: kroner(l, s.Inviter.PerPart), Max: visit.MaxBytes >> 20, CapZero: a.CapOre == 0}
	ip.CanChange = ip.Role == practice.Lead
	switch done := c.QueryParam("done"); done {
	case "stopped", "again":
		ip.Done = l.T("invitations.done_" + done)
	}
	if problem != nil {
		ip.Problem, ip.ProblemAt = l.T(problem.Key, problem.Args), field
		ip.Title = l.T("error.prefix") + " " + ip.Title
		if field == fieldNumber {
			ip.Number = c.FormValue(fieldNumber)
		}
	}
	rows, err := s.Reports.Coverage(ctx, p, a.VisitsWeek, s.Now())
	if err != nil {
		return err
	}
	ip.Coverage = newCoverageView(l, rows)
	if err := s.fillMessages(c, &ip, a); err != nil {
		return err
	}
	return s.render(c, status, "invitations", ip)
}

// askFrame is the frame of the pages about asking by message.
func (s *Server) askFrame(c echo.Context, title, path string) page {
	l, in := s.language(c), inPractice(c)
	p := s.page(c, l, l.T(title)+" – "+in.Name)
	p.Here, p.back = "ask", "/practices/"+in.ID+path
	return p
}

// kroner writes an amount in øre.
func kroner(l i18n.Language, ore int) string {
	return strings.ReplaceAll(l.T("invitations.kroner", "Amount", l.Number(float64(ore)/100, 2)), " ", "\u00a0")
}

type coverageView struct {
	Says          []string // sentences
	Rows          []coverageLine
	Visits        bool // there is an estimate of them
	Any           bool // somebody was asked, or has answered
	Asked, Silent int  // the floors of rule S8
}

// coverageLine is a row in words; what is not known or not to be told is a dash.
type coverageLine struct{ Weeks, Visits, Asked, Opened, Answered, Total string }

func newCoverageView(l i18n.Language, rows []report.CoverageRow) coverageView {
	v := coverageView{Asked: disclosure.LeastAsked, Silent: disclosure.LeastSilent}
	number := func(n int) string {
		if n == 0 {
			return "–"
		}
		return l.Number(float64(n), 0)
	}
	for _, r := range rows {
		if r.Visits > 0 && r.Total > 0 && v.Says == nil {
			v.Says = coverageSays(l, r)
		}
		v.Visits, v.Any = v.Visits || r.Visits > 0, v.Any || r.Asked > 0 || r.Total > 0
		v.Rows = append(v.Rows, coverageLine{l.Weeks(r.Span.First, r.Span.Last), number(r.Visits), number(r.Asked), number(r.Opened), number(r.Answered), number(r.Total)})
	}
	return v
}

// coverageSays is what the latest weeks with answers come to, and what would bring more.
func coverageSays(l i18n.Language, r report.CoverageRow) []string {
	says := []string{l.T("invitations.coverage_says", "Weeks", l.Weeks(r.Span.First, r.Span.Last), "Answered", l.Number(float64(r.Total), 0), "Visits", l.Number(float64(r.Visits), 0))}
	switch {
	case 10*r.Total < r.Visits:
		says = append(says, l.T("invitations.advice_low"))
	case 5*r.Total < 2*r.Visits:
		says = append(says, l.T("invitations.advice_middle"))
	default:
		says = append(says, l.T("invitations.advice_high"))
	}
	var parts []string
	for _, channel := range report.Channels {
		if n := r.Parts[channel]; n > 0 {
			parts = append(parts, l.T("channel."+channel)+" "+l.Number(float64(n), 0))
		}
	}
	if parts != nil {
		says = append(says, l.T("invitations.coverage_mix", "Parts", strings.Join(parts, ", ")))
	}
	return says
}

// visitsPage is what a list comes to: before sending, or after.
type visitsPage struct {
	page
	invite.Result
	Count    string // how many are asked, in words
	Price    string // of the parts
	When     string
	Hours    string
	Reminder bool
	Lots     bool
	Left     []leftLine
	Bad      []string
	More     string // how many wrong rows are not listed
	Texts    []invite.Preview
	Sealed   string
	Send     string // on the button
	Again    bool   // all were asked lately: the list was perhaps sent before
	Problem  string
}

type leftLine struct {
	Why string
	N   int
}

// tryList reads a list and shows what would be sent.
func (s *Server) tryList(c echo.Context) error {
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	a, err := s.mayAsk(c)
	if err != nil {
		return err
	}
	list, err := s.readList(c)
	if f := fault.As(err); f != nil && f.Key != "error.bad_request" {
		status := http.StatusUnprocessableEntity
		if f.Kind == fault.TooLarge {
			status = http.StatusRequestEntityTooLarge
		}
		return s.renderInvitations(c, status, fieldFile, f)
	}
	if err != nil {
		return err
	}
	r, err := s.Inviter.Invite(ctx, p, list.Visits, true)
	if err != nil {
		return err
	}
	vp := s.newVisitsPage(c, "invitations.dry_count", a, r)
	vp.Sealed, vp.Lots = s.Inviter.Seal(p, list.Visits), a.Rule != string(visit.Everyone)
	vp.Texts = r.Preview[:min(len(r.Preview), someTexts)]
	parts := 0
	for _, m := range r.Preview {
		parts += m.Parts
	}
	if a.Reminder {
		parts *= 2
	}
	vp.Price = l.T("invitations.dry_price", "Count", parts, "Price", kroner(l, r.Ore))
	vp.leave(l, "merged", list.Merged)
	vp.leave(l, "skipped", list.Skipped)
	vp.leave(l, "bad", len(list.Bad))
	for _, bad := range list.Bad[:min(len(list.Bad), someBad)] {
		vp.Bad = append(vp.Bad, l.T("invitations.bad_"+string(list.Format), "Line", bad.Line, "Reason", l.T(bad.Reason.Key, bad.Reason.Args)))
	}
	if more := len(list.Bad) - someBad; more > 0 {
		vp.More = l.T("invitations.bad_more", "Count", more)
	}
	return s.render(c, http.StatusOK, "invitations_dry", vp)
}

// mayAsk is how the practice asks, or why it cannot.
func (s *Server) mayAsk(c echo.Context) (practice.Asking, error) {
	a, err := s.Store.Asking(c.Request().Context(), inPractice(c).ID)
	switch {
	case err != nil:
	case !s.Inviter.Ready():
		err = fault.New(fault.Conflict, "asking.no_gateway")
	case !a.SMS:
		err = fault.New(fault.Conflict, "asking.off")
	}
	return a, err
}

// readList reads the file of an upload as it comes in. echo's and the standard library's own ways write what
// is large to a temporary file.
func (s *Server) readList(c echo.Context) (list visit.List, err error) {
	r := c.Request()
	defer func() {
		if err != nil { // a browser that is still sending would not see the answer
			_, _ = io.Copy(io.Discard, r.Body)
		}
	}()
	parts, err := r.MultipartReader()
	if err != nil {
		return list, fault.New(fault.Invalid, "error.bad_request")
	}
	for {
		var part *multipart.Part
		if part, err = parts.NextPart(); err != nil {
			return list, fault.New(fault.Invalid, "error.bad_request")
		}
		if part.FormName() != fieldFile {
			continue
		}
		if part.FileName() == "" {
			return list, fault.New(fault.Invalid, "invitations.no_file")
		}
		list, err = s.Inviter.Read(part)
		if err != nil && fault.As(err) == nil { // the connection broke off, or what came is no form
			err = fault.New(fault.Invalid, "error.bad_request")
		}
		return list, err
	}
}

func (s *Server) newVisitsPage(c echo.Context, title string, a practice.Asking, r invite.Result) visitsPage {
	l := s.language(c)
	vp := visitsPage{page: s.askFrame(c, "invitations.title", "/invitations"), Result: r, Reminder: a.Reminder, Hours: hours(a), Send: l.T("invitations.send", "Count", r.Invited)}
	vp.Count = l.T(title, "Count", r.Invited)
	vp.When = l.T("invitations.at_once")
	if r.At.After(s.Now().Add(time.Minute)) {
		vp.When = l.T("invitations.at_later", "Day", l.Day(r.At), "Clock", l.Clock(r.At))
	}
	vp.leave(l, "opted", r.OptedOut)
	vp.leave(l, "lately", r.Quarantined)
	vp.leave(l, "passed", r.PassedOver)
	vp.leave(l, "cap", r.OverCap)
	return vp
}

// hours are the sending hours as one reads them: "09:00–19:00".
func hours(a practice.Asking) string { return strings.ReplaceAll(invite.Hours(a), "-", "–") }

func (vp *visitsPage) leave(l i18n.Language, why string, n int) {
	if n > 0 {
		vp.Left = append(vp.Left, leftLine{l.T("invitations.left_" + why), n})
	}
}

// sendList asks whoever the rule chooses of a sealed list. Sent twice it asks nobody twice: whoever was
// asked is in quarantine.
func (s *Server) sendList(c echo.Context) error {
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	a, err := s.mayAsk(c)
	if err != nil {
		return err
	}
	values, err := readForm(c)
	if err != nil {
		return err
	}
	sealed := values.Get(fieldSealed)
	visits, err := s.Inviter.Unseal(p, sealed)
	if f := fault.As(err); f != nil && f.Kind == fault.Gone {
		return s.renderInvitations(c, http.StatusUnprocessableEntity, fieldFile, f)
	}
	if err != nil {
		return err
	}
	r, err := s.Inviter.Invite(ctx, p, visits, false)
	if err != nil && fault.As(err) != nil {
		return err
	}
	vp := s.newVisitsPage(c, "invitations.sent_count", a, r)
	vp.Again = r.Invited == 0 && r.Quarantined > 0
	status := http.StatusOK
	if err != nil {
		s.Log.Error("list of visits not sent", "error", err)
		status, vp.Sealed, vp.Problem = http.StatusServiceUnavailable, sealed, l.T("invitations.not_sent")
		vp.Send = l.T("invitations.again")
		vp.Title = l.T("error.prefix") + " " + vp.Title
	}
	return s.render(c, status, "invitations_sent", vp)
}
