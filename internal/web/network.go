package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/chart"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
)

const networkKey = "network"

// admitCoordinator lets through who coordinates the network in the address. Somebody else's network
// looks like one that does not exist.
func (s *Server) admitCoordinator(c echo.Context, a practice.Account) error {
	networks, err := s.Store.Coordinates(c.Request().Context(), a.ID)
	if err != nil {
		return err
	}
	for _, n := range networks {
		if n.ID == c.Param("id") {
			c.Set(networkKey, n)
			return nil
		}
	}
	return fault.New(fault.NotFound, "error.not_found")
}

// participation is the practice's place in the network in the address. A network it was never invited
// to looks like one that does not exist.
func (s *Server) participation(c echo.Context) (practice.Network, practice.Participation, error) {
	ctx := c.Request().Context()
	all, err := s.Store.ParticipatesIn(ctx, inPractice(c).ID)
	if err != nil {
		return practice.Network{}, practice.Participation{}, err
	}
	for _, p := range all {
		if p.NetworkID == c.Param("network") {
			n, err := s.Store.Network(ctx, p.NetworkID)
			return n, p, err
		}
	}
	return practice.Network{}, practice.Participation{}, fault.New(fault.NotFound, "error.not_found")
}

type networksPage struct {
	page
	Practice string
	Networks []networkRow
}

type networkRow struct{ Address, Name, State string }

func networkAddress(practiceID, networkID string) string {
	return "/practices/" + practiceID + "/network/" + networkID
}

// showNetworks lists the practice's networks, or leads to the only one.
func (s *Server) showNetworks(c echo.Context) error {
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	all, err := s.Store.ParticipatesIn(ctx, p.ID)
	if err != nil {
		return err
	}
	if len(all) == 1 {
		return c.Redirect(http.StatusSeeOther, networkAddress(p.ID, all[0].NetworkID))
	}
	np := networksPage{page: s.page(c, l, l.T("network.list_title")+" – "+p.Name), Practice: p.Name}
	np.Here = "network"
	for _, part := range all {
		n, err := s.Store.Network(ctx, part.NetworkID)
		if err != nil {
			return err
		}
		np.Networks = append(np.Networks, networkRow{networkAddress(p.ID, n.ID), n.Name, l.T("network.state_" + string(part.State))})
	}
	return s.render(c, http.StatusOK, "networks", np)
}

// networkTermsPage is exactly what a practice shares in a network, and where it joins and leaves.
type networkTermsPage struct {
	page
	Practice, Network, Address             string
	Invited, Joined, Left, Agreed, CanJoin bool
}

func (s *Server) showNetworkTerms(c echo.Context) error {
	n, part, err := s.participation(c)
	if err != nil {
		return err
	}
	return s.renderNetworkTerms(c, n, part)
}

func (s *Server) renderNetworkTerms(c echo.Context, n practice.Network, part practice.Participation) error {
	l, p := s.language(c), inPractice(c)
	tp := networkTermsPage{page: s.page(c, l, l.T("network.terms_title")+" – "+n.Name), Practice: p.Name, Network: n.Name, Address: networkAddress(p.ID, n.ID),
		Invited: part.State == practice.Invited, Joined: part.State == practice.Joined, Left: part.State == practice.Left, Agreed: part.OpenConsent}
	tp.Here, tp.CanJoin = "network", tp.Role == practice.Lead
	return s.render(c, http.StatusOK, "network_terms", tp)
}

// saveParticipation lets the lead join, leave, and give or take back the consent to be named.
func (s *Server) saveParticipation(c echo.Context) error {
	n, part, err := s.participation(c)
	if err != nil {
		return err
	}
	p := inPractice(c)
	address := networkAddress(p.ID, n.ID)
	switch what := c.FormValue("do"); {
	case what == "join" && part.State == practice.Joined:
		return c.Redirect(http.StatusSeeOther, address)
	case what == "join":
		part.State, part.OpenConsent = practice.Joined, false
	case what == "leave":
		part.State = practice.Left
	case (what == "agree" || what == "withdraw") && part.State == practice.Joined:
		part.OpenConsent = what == "agree"
		address += "/terms"
	default:
		return fault.New(fault.Invalid, "error.bad_request")
	}
	if err := s.Store.SetParticipation(c.Request().Context(), part); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, address)
}

// frameLinks is which of a network's snapshots a page shows, and the way to the others.
type frameLinks struct {
	Survey, Quarter string
	Tabs, Quarters  []tabLink
	Older           bool
}

// frameQuery is the snapshot in an address.
func frameQuery(f report.Frame) string {
	return "?survey=" + url.QueryEscape(f.Survey) + "&version=" + strconv.Itoa(f.Version) + "&quarter=" + f.Quarter.String()
}

func newFrameLinks(l i18n.Language, address string, f report.Frame) frameLinks {
	links := frameLinks{Survey: f.Title.In(l.Tag), Quarter: l.Period(f.Quarter)}
	at := func(surveyID string, version int, older bool) string {
		to := address + "?survey=" + url.QueryEscape(surveyID)
		if older {
			to += "&version=" + strconv.Itoa(version)
		}
		return to
	}
	for _, t := range f.Tabs {
		here := t.Survey == f.Survey && t.Version == f.Version
		link := tabLink{at(t.Survey, t.Version, t.Older), t.Title.In(l.Tag), here}
		if t.Older {
			link.Text = l.T("dashboard.version", "Title", link.Text, "Version", t.Version)
		}
		links.Older = links.Older || here && t.Older
		links.Tabs = append(links.Tabs, link)
	}
	for _, q := range f.Quarters {
		links.Quarters = append(links.Quarters, tabLink{at(f.Survey, f.Version, links.Older) + "&quarter=" + q.String(), l.PeriodShort(q), q == f.Quarter})
	}
	if len(links.Tabs) == 1 {
		links.Tabs = nil
	}
	if len(links.Quarters) == 1 {
		links.Quarters = nil
	}
	return links
}

type networkPage struct {
	page
	Practice, Network, Address string
	Empty                      bool
	frameLinks
	Summary  []string
	Withheld string // why no question has a figure; empty if one has
	Cards    []comparedCard
	Open     bool // the practices are named
	Files    fileLinks
	Sheet    string // address of the worksheet
}

// comparedCard is a question as it is written.
type comparedCard struct {
	ID, Text                        string
	Derived                         bool
	Withheld                        string
	Verdict, Sign, Class            string
	Mean, Share, N                  string // the practice's own; empty with fewer than ten answers
	Median, Half, MiddleShare, Many string // the others'
	Shrunk, Limits                  string
	Chart                           string
	Marked, Dotted                  bool
	Sizes                           []sizeRow
	Dots                            []dotRow
	Named                           []namedRow
}

type sizeRow struct {
	N, Limits95, Limits998 string
	Own                    bool
}

type dotRow struct{ N, Shares string }

type namedRow struct {
	Name           string
	Own            bool
	Mean, Share, N string // empty N: fewer than ten answers
}

func asked(c echo.Context) (surveyID string, version int, quarter string) {
	version, err := strconv.Atoi(c.QueryParam("version"))
	if err != nil {
		version = 0 // the latest
	}
	return c.QueryParam("survey"), version, c.QueryParam("quarter")
}

// showNetwork is the practice beside the others; for a practice that has not joined, what it would share.
func (s *Server) showNetwork(c echo.Context) error {
	n, part, err := s.participation(c)
	if err != nil {
		return err
	}
	if part.State != practice.Joined {
		return s.renderNetworkTerms(c, n, part)
	}
	l, p := s.language(c), inPractice(c)
	surveyID, version, quarter := asked(c)
	cmp, err := s.Reports.Comparison(c.Request().Context(), p, n, surveyID, version, quarter)
	if err != nil {
		return err
	}
	np := networkPage{page: s.page(c, l, n.Name+" – "+p.Name), Practice: p.Name, Network: n.Name, Address: networkAddress(p.ID, n.ID), Empty: cmp.Empty()}
	np.Here = "network"
	if np.Empty {
		return s.render(c, http.StatusOK, "network", np)
	}
	if asked, err := s.askFirstIn(c, cmp.Survey, cmp.Version, cmp.Quarter); asked || err != nil {
		return err
	}
	np.frameLinks = newFrameLinks(l, np.Address, cmp.Frame)
	np.Files, np.Sheet = newFileLinks(np.Address+"/results", frameQuery(cmp.Frame)), np.Address+"/worksheet"+frameQuery(cmp.Frame)
	for _, q := range cmp.Questions {
		card, err := newComparedCard(l, q)
		if err != nil {
			return err
		}
		np.Open = np.Open || card.Named != nil
		np.Cards = append(np.Cards, card)
	}
	np.Withheld = withheldAll(l, cmp.Questions)
	np.Summary = comparisonSummary(l, cmp.Questions)
	return s.render(c, http.StatusOK, "network", np)
}

// withheldAll is the reason that no question has a figure; empty if one has. The question that came
// furthest stands for all: some may not have been asked.
func withheldAll(l i18n.Language, questions []report.Compared) string {
	furthest := disclosure.None
	for _, q := range questions {
		if q.Others != nil {
			return ""
		}
		furthest = max(furthest, q.Withheld)
	}
	return withheldText(l, furthest)
}

// withheldKey is the code of a reason.
func withheldKey(w disclosure.Withheld) string {
	return [...]string{"", "withheld_few", "withheld_dominated", "withheld_changed", "withheld_overlaps"}[w]
}

func withheldText(l i18n.Language, w disclosure.Withheld) string {
	if w == disclosure.None {
		return ""
	}
	return l.T("network." + withheldKey(w))
}

// comparisonSummary says how many questions differ, and names those that do.
func comparisonSummary(l i18n.Language, questions []report.Compared) []string {
	lines := comparisonCounts(l, questions)
	named := 0 // after the first line, if that says how many were compared
	for _, q := range questions {
		if q.Verdict > report.Alike {
			named++
			lines = slices.Insert(lines, named, l.T("network.summary_"+verdictKey(q), "Question", strings.TrimSuffix(q.Text.In(l.Tag), "?"),
				"Share", chart.ShareText(l, q.Own.Positive.Value, q.Own.Positive.Bound), "N", chart.Answers(l, q.Own.N), "Middle", l.Percent(q.Others.Share())))
		}
	}
	return lines
}

// comparisonCounts says how many questions can be compared and how many differ.
func comparisonCounts(l i18n.Language, questions []report.Compared) []string {
	var lines []string
	judged, alike, unsure := 0, 0, 0
	for _, q := range questions {
		switch q.Verdict {
		case report.Alike:
			alike++
		case report.TooUnsure:
			unsure++
		}
		if q.Verdict >= report.Alike {
			judged++
		}
	}
	if judged > 0 {
		lines = append(lines, l.T("network.summary", "Count", judged, "Alike", alike))
	}
	if unsure > 0 {
		lines = append(lines, l.T("network.summary_unsure", "Count", unsure))
	}
	return lines
}

// verdictKey is the code of a verdict, which its words are found by.
func verdictKey(q report.Compared) string {
	key := ""
	switch q.Verdict {
	case report.NoVerdict:
		return "no_own"
	case report.TooUnsure:
		return "unsure"
	case report.Alike:
		return "alike"
	case report.LooksOther:
		key = "looks"
	case report.StandsOut:
		key = "stands"
	}
	if q.Higher {
		return key + "_higher"
	}
	return key + "_lower"
}

// verdictSign is the sign of a verdict, and the class of one that differs.
func verdictSign(q report.Compared) (sign, class string) {
	switch {
	case q.Verdict == report.NoVerdict:
		return "", ""
	case q.Verdict <= report.Alike:
		return "≈", ""
	case q.Higher:
		return "▲", "other"
	}
	return "▼", "other"
}

func newComparedCard(l i18n.Language, q report.Compared) (comparedCard, error) {
	card := comparedCard{ID: q.ID, Text: q.Text.In(l.Tag), Derived: q.Derived, Withheld: withheldText(l, q.Withheld)}
	if q.Own != nil {
		card.N, card.Mean = chart.Answers(l, q.Own.N), chart.MeanText(l, q.Own.Mean)
		card.Share = chart.ShareText(l, q.Own.Positive.Value, q.Own.Positive.Bound)
	}
	for _, named := range q.Named {
		row := namedRow{Name: named.Name, Own: named.Own}
		if r := named.Result; r != nil {
			row.N, row.Mean = l.Number(float64(r.N), 0), chart.ScoreText(l, r.Mean)
			if ci := r.Mean.Interval; ci != nil {
				row.Mean += " (" + between(l, *ci, 1) + ")"
			}
			row.Share = chart.ShareText(l, r.Positive.Value, r.Positive.Bound) + " (" + between(l, r.Positive.Interval, 100) + ")"
		}
		card.Named = append(card.Named, row)
	}
	if q.Others == nil {
		return card, nil
	}
	median, low, high := q.Others.Middle()
	card.Median = l.T("dashboard.mean", "Value", l.Number(median, 0))
	card.Half = l.T("network.half", "Low", l.Number(low, 0), "High", l.Number(high, 0))
	card.Many = l.T("network.others", "Count", q.Others.Practices())
	if q.Derived {
		return card, nil
	}
	card.MiddleShare = l.T("network.middle_share", "Share", l.Percent(q.Others.Share()))
	card.Verdict = l.T("network." + verdictKey(q))
	card.Sign, card.Class = verdictSign(q)
	if q.Shrunk != nil {
		card.Shrunk = l.T("network.shrunk", "Share", l.Percent(q.Shrunk.Value), "Low", l.Number(100*q.Shrunk.Interval.Low, 0), "High", l.Number(100*q.Shrunk.Interval.High, 0))
	}
	if chart.Marked(q) {
		limits := q.Others.Limits(q.Own.N)
		card.Limits = l.T("network.limits", "N", chart.Answers(l, q.Own.N), "Low", l.Number(100*limits.Low95, 0), "High", l.Number(100*limits.High95, 0))
	}
	card.Marked, card.Dotted = chart.Marked(q), q.Others.Dots() != nil
	card.Sizes, card.Dots = sizeRows(l, q), dotRows(l, q.Others.Dots())
	var err error
	card.Chart, err = chart.Funnel(l, q)
	return card, err
}

// limitSizes is the numbers of answers that the funnel's limits are written for: a few, and the
// practice's own.
func limitSizes(q report.Compared) []int {
	drawn := chart.FunnelSizes(q)
	var sizes []int
	for _, n := range []int{10, 20, 40, 60, 100, 200, 400, 800, 1600, 3200} {
		if n <= drawn[len(drawn)-1] {
			sizes = append(sizes, n)
		}
	}
	if chart.Marked(q) && !slices.Contains(sizes, q.Own.N) {
		sizes = append(sizes, q.Own.N)
		slices.Sort(sizes)
	}
	return sizes
}

// sizeRows is the funnel's limits in a table.
func sizeRows(l i18n.Language, q report.Compared) []sizeRow {
	var rows []sizeRow
	for _, n := range limitSizes(q) {
		limits := q.Others.Limits(n)
		rows = append(rows, sizeRow{l.Number(float64(n), 0), l.Number(100*limits.Low95, 0) + "–" + l.Number(100*limits.High95, 0),
			l.Number(100*limits.Low998, 0) + "–" + l.Number(100*limits.High998, 0), chart.Marked(q) && n == q.Own.N})
	}
	return rows
}

// dotRows is the dots in a table: for each number of answers the shares, neighbours as a range.
func dotRows(l i18n.Language, dots []disclosure.Dot) []dotRow {
	var rows []dotRow
	for i := 0; i < len(dots); {
		n := dots[i].N
		var parts []string
		for i < len(dots) && dots[i].N == n {
			first := int(100*dots[i].Share + 0.5)
			last := first
			for i < len(dots) && dots[i].N == n && int(100*dots[i].Share+0.5) <= last+1 {
				last = int(100*dots[i].Share + 0.5)
				i++
			}
			text := strconv.Itoa(first)
			if last > first {
				text += "–" + strconv.Itoa(last)
			}
			parts = append(parts, text)
		}
		rows = append(rows, dotRow{l.T("network.about", "N", l.Number(float64(n), 0)), strings.Join(parts, ", ")})
	}
	return rows
}

type coordinatorPage struct {
	page
	Network   string
	Address   string
	Practices []participantRow
	Joined    int
	Typed     string // as typed, when Problem says what is wrong with it
	Problem   string
	Empty     bool
	Withheld  string
	Cards     []pooledCard
	Files     fileLinks
	frameLinks
}

type participantRow struct{ Name, State string }

// pooledCard is a question of the whole network as it is written.
type pooledCard struct {
	ID, Text, Withheld   string
	Median, Half, Behind string
	Bar                  []chart.Segment
}

// inNetwork is the network in the address, put there by admit.
func inNetwork(c echo.Context) practice.Network {
	n, _ := c.Get(networkKey).(practice.Network)
	return n
}

func (s *Server) showCoordinator(c echo.Context) error {
	return s.renderCoordinator(c, http.StatusOK, "", "")
}

func (s *Server) renderCoordinator(c echo.Context, status int, typed, problem string) error {
	ctx, l, n := c.Request().Context(), s.language(c), inNetwork(c)
	title := n.Name
	if problem != "" {
		title = l.T("error.prefix") + " " + title
	}
	cp := coordinatorPage{page: s.page(c, l, title), Network: n.Name, Address: "/networks/" + n.ID, Typed: typed, Problem: problem}
	parts, err := s.Store.Participations(ctx, n.ID)
	if err != nil {
		return err
	}
	all, err := s.Store.Practices(ctx)
	if err != nil {
		return err
	}
	names := make(map[string]string, len(all))
	for _, p := range all {
		names[p.ID] = p.Name
	}
	for _, part := range parts {
		if part.State == practice.Joined {
			cp.Joined++
		}
		cp.Practices = append(cp.Practices, participantRow{names[part.PracticeID], l.T("network.is_" + string(part.State))})
	}
	surveyID, version, quarter := asked(c)
	pooled, err := s.Reports.Pooled(ctx, n, surveyID, version, quarter)
	if err != nil {
		return err
	}
	if cp.Empty = pooled.Empty(); cp.Empty {
		return s.render(c, status, "network_coordinator", cp)
	}
	cp.frameLinks = newFrameLinks(l, cp.Address, pooled.Frame)
	cp.Files = newFileLinks(cp.Address+"/results", frameQuery(pooled.Frame))
	shown, furthest := false, disclosure.None
	for _, q := range pooled.Questions {
		furthest = max(furthest, q.Withheld)
		card := pooledCard{ID: q.ID, Text: q.Text.In(l.Tag), Withheld: withheldText(l, q.Withheld)}
		if q.Pool != nil {
			shown = true
			median, low, high := q.Pool.Middle()
			card.Median = l.T("dashboard.mean", "Value", l.Number(median, 0))
			card.Half = l.T("network.half", "Low", l.Number(low, 0), "High", l.Number(high, 0))
			card.Behind = l.T("network.behind", "Count", q.Pool.Practices(), "Least", l.Number(float64(q.Pool.Least()), 0))
			card.Bar = chart.PooledDistribution(l, q)
		}
		cp.Cards = append(cp.Cards, card)
	}
	if !shown {
		cp.Withheld = withheldText(l, furthest)
	}
	return s.render(c, status, "network_coordinator", cp)
}

// saveInvitation invites a practice by its name, or its name in addresses.
func (s *Server) saveInvitation(c echo.Context) error {
	ctx, l, n := c.Request().Context(), s.language(c), inNetwork(c)
	typed := strings.TrimSpace(c.FormValue("practice"))
	if len(typed) > 200 {
		typed = ""
	}
	p, err := s.Store.PracticeBySlug(ctx, practice.Slug(typed))
	if fault.KindOf(err) == fault.NotFound {
		return s.renderCoordinator(c, http.StatusUnprocessableEntity, typed, l.T("network.practice_unknown"))
	}
	if err != nil {
		return err
	}
	if err := s.Store.InvitePractice(ctx, n.ID, p.ID); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/networks/"+n.ID)
}
