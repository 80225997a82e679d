package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// noticePage is a practice's privacy notice for everybody.
type noticePage struct {
	page
	Practice practice.Practice
	Notice   noticeText
	Version  string
	Newer    bool // than what the lead approved
}

// noticeText is a notice in a language.
type noticeText struct {
	Short    []string
	Sections []noticeSection
}

// noticeSection is a heading of a notice and what is under it. Own is the lead's, in Norwegian.
type noticeSection struct {
	Code, Title string
	Text        []string
	Rows        []labelled
	List        []string
	Own         string
	Link        *linkRow
}

const datatilsynet = "https://www.datatilsynet.no"

// Installation is what notices say of this server.
func (s *Server) Installation() practice.Installation {
	return practice.Installation{Processor: s.Processor, Gateway: s.Inviter.Ready(), Floor: s.Reports.Floor(), Terms: noticeTerms()}
}

// showNotice is a practice's privacy notice, made of the settings as they are.
func (s *Server) showNotice(c echo.Context) error {
	ctx, l := c.Request().Context(), s.language(c)
	p, err := s.Store.PracticeBySlug(ctx, c.Param("slug"))
	if err != nil {
		return err
	}
	state, err := s.Store.Notice(ctx, p.ID, s.Installation())
	if err != nil {
		return err
	}
	np := noticePage{page: s.page(c, l, l.T("notice.title", "Practice", p.Name)), Practice: p, Notice: newNoticeText(l, state), Newer: !state.Current()}
	np.of(p)
	switch a := state.Approved; {
	case a.Version == 0:
		np.Version = l.T("notice.unapproved")
	case state.Outdated():
		np.Version = l.T("notice.newer", "Version", a.Version, "Date", l.Day(a.At))
	default:
		np.Version = l.T("notice.version", "Version", a.Version, "Date", l.Day(a.At))
	}
	c.Response().Header().Set("Cache-Control", "no-store") // it is to say what holds now
	return s.render(c, http.StatusOK, "notice", np)
}

// newNoticeText writes a notice. What the lead is to tell is said to be missing until the lead has told it.
func newNoticeText(l i18n.Language, state practice.NoticeState) noticeText {
	n, approved := state.Now, state.Approved.Version > 0
	say := func(code string, args ...any) string { return l.T("notice."+code, args...) }
	sms, numbers := n.SMS == practice.SMSNow, n.SMS != practice.SMSNever
	text := noticeText{Short: []string{say("short_counted"), say("short_nobody"), say("short_voluntary")}}
	switch {
	case n.Reminder:
		text.Short = append(text.Short, say("short_sms_reminder"))
	case sms:
		text.Short = append(text.Short, say("short_sms"))
	}
	text.Short = append(text.Short, say("short_cookies"))
	add := func(code string, texts ...string) *noticeSection {
		text.Sections = append(text.Sections, noticeSection{Code: code, Title: say(code), Text: texts})
		return &text.Sections[len(text.Sections)-1]
	}

	who := add("who", say("who_text", "Practice", n.Name))
	for _, row := range []labelled{{say("organisation"), n.Organisation.String()}, {say("address"), address(n)}, {say("phone"), phone(n.Phone).String()}} {
		if row.Text == "" {
			row.Text = say("missing")
		}
		who.Rows = append(who.Rows, row)
	}

	switch {
	case n.Lead.Officer != "":
		add("contact", say("contact_own")).Own = n.Lead.Officer
	case n.Phone != "":
		add("contact", say("contact_phone", "Phone", phone(n.Phone)))
	default:
		add("contact", say("contact_desk"))
	}

	if n.Processor != "" {
		add("processor", say("processor_text", "Processor", n.Processor))
	} else {
		add("processor", say("processor_itself"))
	}

	stored := add("stored")
	stored.List = []string{say("stored_answers"), say("stored_receipt")}
	if n.Points {
		stored.List = append(stored.List, say("stored_points"))
	}
	stored.List = append(stored.List, say("stored_paper"))
	if n.Slips {
		stored.List = append(stored.List, say("stored_slips"))
	}
	switch n.SMS {
	case practice.SMSNow:
		stored.List = append(stored.List, say("stored_sms"))
		if n.Reminder {
			stored.List = append(stored.List, say("stored_reminder"))
		}
		stored.List = append(stored.List, say("stored_quarantine"), say("stored_optout"))
	case practice.SMSBefore:
		stored.List = append(stored.List, say("stored_before"))
	}
	stored.List = append(stored.List, say("stored_memory"), say("stored_not"))
	stored.Link = &linkRow{Name: say("stored_more"), Link: "/privacy?lang=" + l.Tag}

	if sms {
		add("source", say("source_text"))
	}

	why := add("why", say("why_quality"))
	if sms {
		why.Text = append(why.Text, say("why_sms"))
	}
	if len(n.Networks) > 0 {
		why.Text = append(why.Text, say("why_network"))
	}

	basis := add("basis", say("basis_duty"))
	if n.Lead.Basis != "" {
		basis.Text = append(basis.Text, say("basis_"+n.Lead.Basis))
	} else {
		basis.Text = append(basis.Text, say("basis_unknown"))
	}
	basis.Text = append(basis.Text, say("basis_what"))
	if numbers {
		basis.Text = append(basis.Text, say("basis_what_sms"))
	}
	basis.Own = n.Lead.Remark

	recipients := add("recipients")
	recipients.List = []string{say("recipients_staff")}
	if n.Processor != "" {
		recipients.List = append(recipients.List, say("recipients_processor", "Processor", n.Processor))
	}
	if sms {
		recipients.List = append(recipients.List, say("recipients_sms"))
	}
	if len(n.Networks) > 0 {
		recipients.List = append(recipients.List, say("recipients_network", "Networks", strings.Join(n.Networks, ", ")))
	}
	recipients.List = append(recipients.List, say("recipients_nobody"))

	switch {
	case n.Lead.Transfer != "":
		add("transfer", say("transfer_own")).Own = n.Lead.Transfer
	case approved:
		add("transfer", say("transfer_none"))
	default:
		add("transfer", say("transfer_unknown"))
	}

	kept := add("kept")
	kept.Rows = append(kept.Rows, labelled{say("kept_counts"), say("kept_until")})
	for _, t := range terms {
		if t.told(n.NoticeFacts) {
			if t.Code == "quarantine_least" { // the practice's own is known here
				t.Code, t.N = "quarantine", n.Wait
			}
			kept.Rows = append(kept.Rows, labelled{l.T("kept." + t.Code), t.howLong(l)})
		}
	}
	if numbers {
		kept.Rows = append(kept.Rows, labelled{say("kept_optout"), say("kept_no")})
	}

	rights := add("rights", say("rights_list"), say("rights_counts"))
	if numbers {
		rights.Text = append(rights.Text, say("rights_sms"))
	}
	consent := add("consent", say("consent_text"))
	if sms {
		consent.Text = append(consent.Text, say("consent_sms"))
	}
	add("voluntary", say("voluntary_text"))
	automated := add("automated", say("automated_text"))
	if sms {
		automated.Text = append(automated.Text, say("automated_sms"))
	}
	add("complaint", say("complaint_text")).Link = &linkRow{Name: "datatilsynet.no", Link: datatilsynet}
	return text
}

// told reports whether a notice with these facts says the term.
func (t term) told(f practice.NoticeFacts) bool {
	if !t.Notes {
		return false
	}
	switch t.Code {
	case "slip":
		return f.Slips
	case "forgotten":
		return f.Slips || f.SMS != practice.SMSNever
	case "reminder":
		return f.Reminder
	case "link", "number", "queued":
		return f.SMS == practice.SMSNow
	case "quarantine_least", "message":
		return f.SMS != practice.SMSNever
	}
	return true
}

func address(n practice.Notice) string {
	return strings.Trim(n.Street+", "+n.Place, ", ")
}

// queryPractice names the practice that a page for all is read for.
const queryPractice = "practice"

// Fields of the form in which a lead approves.
const (
	fieldOfficer  = "officer"
	fieldBasis    = "basis"
	fieldRemark   = "remark"
	fieldTransfer = "transfer"
)

// noticeStaffPage is where a lead reads, completes and approves the notice.
type noticeStaffPage struct {
	page
	Practice     string
	Public       string // address of the public notice
	State, Says  string // "none", "current" or "outdated", and that in words
	Changes      []string
	Notice       noticeText
	Versions     []string
	CanApprove   bool
	Groups       []fieldGroup
	Problems     []formProblem
	Action, Seen string
	Approve      string
	Meantime     bool // the settings changed while it was read
}

// stateOf names where a notice stands.
func stateOf(state practice.NoticeState) string {
	switch {
	case state.Approved.Version == 0:
		return "none"
	case state.Current():
		return "current"
	}
	return "outdated"
}

func noticePath(p practice.Practice) string { return "/practices/" + p.ID + "/privacy" }

func (s *Server) showNoticeToStaff(c echo.Context) error {
	return s.renderNotice(c, http.StatusOK, nil, nil, false)
}

// renderNotice shows a notice to staff, with the form as it was filled in, or as it was approved last.
func (s *Server) renderNotice(c echo.Context, status int, values url.Values, found problems, meantime bool) error {
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	state, err := s.Store.Notice(ctx, p.ID, s.Installation())
	if err != nil {
		return err
	}
	approvals, err := s.Store.Approvals(ctx, p.ID)
	if err != nil {
		return err
	}
	np := noticeStaffPage{page: s.page(c, l, l.T("notice.staff_title")+" – "+p.Name), Practice: p.Name, Public: "/p/" + p.Slug + "/privacy",
		Notice: newNoticeText(l, state), Action: noticePath(p), Seen: state.Now.Seen(), Meantime: meantime}
	np.Here, np.CanApprove, np.Outdated = "setup", np.Role == practice.Lead, ""
	a := state.Approved
	np.State = stateOf(state)
	np.Says = l.T("notice.is_"+np.State+"_text", "Version", a.Version, "Name", a.By, "Date", l.Day(a.At))
	for _, change := range state.Changes() {
		if change.Code == "phone" {
			change.From, change.To = phone(change.From).String(), phone(change.To).String()
		}
		np.Changes = append(np.Changes, l.T("notice.changed_"+change.Code, "From", change.From, "To", change.To))
	}
	for _, a := range approvals {
		np.Versions = append(np.Versions, l.T("notice.versions_row", "Version", a.Version, "Name", a.By, "Date", l.Day(a.At)))
	}
	if values == nil {
		w := state.Now.Lead
		values = url.Values{fieldOfficer: {w.Officer}, fieldBasis: {w.Basis}, fieldRemark: {w.Remark}, fieldTransfer: {w.Transfer}}
	}
	f := &formFields{l: l, values: values, problems: found}
	f.group("", "", "")
	f.text(fieldOfficer, l.T("notice.officer"), l.T("notice.officer_note"))
	f.choice("one", fieldBasis, l.T("notice.basis_label"), l.T("notice.basis_note"), f.options(func(l i18n.Language, code string) string { return l.T("notice.choose_" + code) }, practice.Bases)...)
	f.text(fieldRemark, l.T("notice.remark"), l.T("notice.remark_note"))
	f.text(fieldTransfer, l.T("notice.transfer_label"), l.T("notice.transfer_note", "SMS", state.Now.SMS == practice.SMSNow))
	np.Groups, np.Problems = f.groups, f.found
	np.Approve = l.T("notice.approve", "Version", a.Version+1)
	if len(np.Problems) > 0 || meantime {
		np.Title = l.T("error.prefix") + " " + np.Title
	}
	return s.render(c, status, "notice_staff", np)
}

// approveNotice keeps what the lead read and filled in as a new version.
func (s *Server) approveNotice(c echo.Context) error {
	values, err := readForm(c)
	if err != nil {
		return err
	}
	p := inPractice(c)
	w := practice.NoticeWords{Officer: entered(values, fieldOfficer), Basis: values.Get(fieldBasis), Remark: entered(values, fieldRemark), Transfer: entered(values, fieldTransfer)}
	found := problems{}
	for field, text := range map[string]string{fieldOfficer: w.Officer, fieldRemark: w.Remark, fieldTransfer: w.Transfer} {
		found.check(field, practice.CheckPublic(text, practice.MaxText, false))
	}
	found.check(fieldBasis, practice.NoticeWords{Basis: w.Basis}.Check())
	if len(found) > 0 {
		return s.renderNotice(c, http.StatusUnprocessableEntity, values, found, false)
	}
	err = s.Store.ApproveNotice(c.Request().Context(), p.ID, s.Installation(), w, values.Get(fieldSeen), s.Now())
	if fault.KindOf(err) == fault.Conflict {
		return s.renderNotice(c, http.StatusConflict, values, nil, true)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, noticePath(p))
}

// noticeOutdated is where a practice's lead reads what has changed since the notice was approved; empty if
// nothing has, or nothing was.
func (s *Server) noticeOutdated(ctx context.Context, p practice.Practice) string {
	a, err := s.Store.LastApproval(ctx, p.ID)
	if err != nil || a.Version == 0 {
		return "" // a page must not fail for it
	}
	state, err := s.Store.Notice(ctx, p.ID, s.Installation())
	if err != nil || !state.Outdated() {
		return ""
	}
	return noticePath(p)
}
