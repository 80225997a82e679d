package web

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// exportFormat is the version of everything in practice.json. Keys stay as they are.
const exportFormat = 1

// exported is all that a practice owns and that is no figure: practice.json. It holds nothing that gives access,
// nobody's number, and of what somebody believed only what is the reader's own.
type exported struct {
	Format       int                                  `json:"format"`
	Made         time.Time                            `json:"made"`
	Name         string                               `json:"name"`
	Slug         string                               `json:"slug"`
	Phone        string                               `json:"phone"`
	Survey       string                               `json:"survey"`
	Live         bool                                 `json:"live"`
	QR           bool                                 `json:"qr"`
	Digital      bool                                 `json:"digital"`
	Network      bool                                 `json:"network"`
	Setup        practice.Steps                       `json:"setup"`
	Notices      []exportedNotice                     `json:"notices"` // the approved ones, the latest first
	Page         map[practice.Section]exportedSection `json:"page"`    // those that were ever filled in
	Points       []exportedPoint                      `json:"points"`
	PointsFrom   calendar.Week                        `json:"points_counted_from,omitempty"` // empty: from the beginning
	People       []exportedPerson                     `json:"people"`
	Offers       []exportedOffer                      `json:"offers"`
	Asking       exportedAsking                       `json:"asking"`
	OptOuts      int                                  `json:"opt_outs"`
	ValidSlips   int                                  `json:"valid_slips"`
	Messages     []exportedMonth                      `json:"messages"`
	Coverage     []exportedCoverage                   `json:"coverage"`
	Keys         []exportedKey                        `json:"api_keys"`
	Networks     []exportedNetwork                    `json:"networks"`
	Improvements []exportedImprovement                `json:"improvements"` // what came of them is in improvements.json
	Assumptions  []exportedAssumption                 `json:"assumptions"`
	Bursts       []exportedBurst                      `json:"bursts"`
}

type exportedSection struct {
	Confirmed practice.Date   `json:"confirmed_on"`
	Value     json.RawMessage `json:"value"`
}

// exportedNotice is practice.Approval, field by field.
type exportedNotice struct {
	Version int             `json:"version"`
	Notice  practice.Notice `json:"notice"`
	By      string          `json:"approved_by"`
	At      time.Time       `json:"approved_at"`
}

type exportedPoint struct {
	Code      practice.Code `json:"code"`
	Label     string        `json:"label"`
	Retired   bool          `json:"retired"`
	Responses int           `json:"responses,omitempty"` // where there are enough to say
}

type exportedPerson struct {
	Name  string        `json:"name"`
	Email string        `json:"email"`
	Role  practice.Role `json:"role"`
}

type exportedOffer struct {
	Name    string        `json:"name"`
	Role    practice.Role `json:"role"`
	Expires time.Time     `json:"expires"`
}

// exportedAsking is practice.Asking, field by field.
type exportedAsking struct {
	PracticeID     string `json:"-"`
	SMS            bool   `json:"sms"`
	Sender         string `json:"sender"`
	TemplateNB     string `json:"template_nb"`
	TemplateNN     string `json:"template_nn"`
	TemplateEN     string `json:"template_en"`
	Language       string `json:"language"`
	Rule           string `json:"rule"`
	RuleN          int    `json:"rule_n"`
	QuarantineDays int    `json:"quarantine_days"`
	Reminder       bool   `json:"reminder"`
	SendingHours   string `json:"sending_hours"`
	CapOre         int    `json:"cap_ore"`
	VisitsWeek     int    `json:"visits_week"`
	Passed         int    `json:"passed"`
}

// exportedMonth is a month's messages, as far as the page of invitations tells of them.
type exportedMonth struct {
	Month     string         `json:"month"`
	Messages  map[string]int `json:"messages"` // by state
	Reminders int            `json:"reminders"`
	Ore       int            `json:"ore"`
}

// exportedCoverage is report.CoverageRow, field by field.
type exportedCoverage struct {
	Span     exportedSpan   `json:"weeks"`
	Visits   int            `json:"visits,omitempty"`
	Asked    int            `json:"asked"`
	Opened   int            `json:"opened,omitempty"`
	Answered int            `json:"answered,omitempty"`
	Total    int            `json:"total,omitempty"`
	Parts    map[string]int `json:"by_channel,omitempty"`
}

type exportedSpan struct {
	First calendar.Week `json:"first"`
	Last  calendar.Week `json:"last"`
}

type exportedKey struct {
	Label   string `json:"label"`
	Revoked bool   `json:"revoked"`
}

type exportedNetwork struct {
	Name        string         `json:"name"`
	State       practice.State `json:"state"`
	OpenConsent bool           `json:"open_consent"`
}

type exportedImprovement struct {
	Survey    string        `json:"survey"`
	Version   int           `json:"version"`
	Questions []string      `json:"questions"`
	Done      string        `json:"done"`
	Target    int           `json:"target,omitempty"`
	Start     calendar.Week `json:"start"`
	Closed    calendar.Week `json:"closed,omitempty"`
	Heard     string        `json:"heard,omitempty"`
	Told      string        `json:"told,omitempty"`
}

type exportedAssumption struct {
	Survey   string `json:"survey"`
	Version  int    `json:"version"`
	Period   string `json:"period"`
	Question string `json:"question"`
	Believed string `json:"believed,omitempty"`
	Own      string `json:"own,omitempty"`
}

// exportedBurst is store.Burst, field by field.
type exportedBurst struct {
	Survey    string        `json:"survey"`
	Version   int           `json:"version"`
	Week      calendar.Week `json:"week"`
	N         int           `json:"responses"`
	State     string        `json:"state"`
	DecidedOn string        `json:"decided_on,omitempty"`
	DecidedBy string        `json:"decided_by,omitempty"`
}

// export gathers practice.json. accountID is who asks for it; empty on the command line.
func (s *Server) export(ctx context.Context, p practice.Practice, accountID string) (x exported, err error) {
	x = exported{Format: exportFormat, Made: s.Now().UTC().Truncate(time.Second), Name: p.Name, Slug: p.Slug, Phone: p.Phone, Survey: p.Survey, Live: p.Live, QR: p.QR, Digital: p.Digital, Network: p.Network,
		Notices: []exportedNotice{}, Page: map[practice.Section]exportedSection{}, Points: []exportedPoint{}, People: []exportedPerson{}, Offers: []exportedOffer{}, Messages: []exportedMonth{},
		Coverage: []exportedCoverage{}, Keys: []exportedKey{}, Networks: []exportedNetwork{}, Improvements: []exportedImprovement{},
		Assumptions: []exportedAssumption{}, Bursts: []exportedBurst{}}
	for _, gather := range []func(context.Context, practice.Practice, *exported) error{s.exportPage, s.exportPoints, s.exportPeople, s.exportAsking, s.exportNetworks, s.exportWork} {
		if err := gather(ctx, p, &x); err != nil {
			return x, err
		}
	}
	if accountID == "" {
		return x, nil
	}
	own, err := s.Store.OwnAssumptions(ctx, p.ID, accountID)
	for _, a := range own {
		x.Assumptions = append(x.Assumptions, exportedAssumption{a.Survey, a.Version, a.Period, a.Question, a.Believed, a.Own})
	}
	return x, err
}

func (s *Server) exportPage(ctx context.Context, p practice.Practice, x *exported) (err error) {
	if x.Setup, err = s.Store.Steps(ctx, p.ID); err != nil {
		return err
	}
	approvals, err := s.Store.Approvals(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, a := range approvals {
		x.Notices = append(x.Notices, exportedNotice(a))
	}
	info, err := s.Store.Info(ctx, p.ID)
	if err != nil {
		return err
	}
	for section, on := range info.Confirmed {
		value, err := json.Marshal(info.Value(section))
		if err != nil {
			return err
		}
		x.Page[section] = exportedSection{on, value}
	}
	return nil
}

func (s *Server) exportPoints(ctx context.Context, p practice.Practice, x *exported) error {
	points, err := s.Store.Points(ctx, p.ID)
	if err != nil {
		return err
	}
	totals, err := s.Reports.PointTotals(ctx, p.ID)
	x.PointsFrom = totals.From
	for _, point := range points {
		x.Points = append(x.Points, exportedPoint{point.Code, point.Label, point.Retired, totals.Totals[string(point.Code)]})
	}
	return err
}

func (s *Server) exportPeople(ctx context.Context, p practice.Practice, x *exported) error {
	people, err := s.Store.People(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, one := range people {
		x.People = append(x.People, exportedPerson{one.Name, one.Email, one.Role})
	}
	offers, err := s.Store.Offers(ctx, p.ID, s.Now())
	if err != nil {
		return err
	}
	for _, o := range offers {
		x.Offers = append(x.Offers, exportedOffer{o.Name, o.Role, o.Expires.UTC()})
	}
	keys, err := s.Store.APIKeys(ctx, p.ID)
	for _, k := range keys {
		x.Keys = append(x.Keys, exportedKey{k.Label, k.Revoked})
	}
	return err
}

func (s *Server) exportAsking(ctx context.Context, p practice.Practice, x *exported) error {
	a, err := s.Store.Asking(ctx, p.ID)
	if err != nil {
		return err
	}
	x.Asking = exportedAsking(a)
	if x.OptOuts, err = s.Store.OptOuts(ctx, p.ID); err != nil {
		return err
	}
	if x.ValidSlips, err = s.Store.ValidSlips(ctx, p.ID, s.Now()); err != nil {
		return err
	}
	counts, err := s.Store.MessageCounts(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, m := range counts {
		if n := len(x.Messages); n == 0 || x.Messages[n-1].Month != m.Month {
			x.Messages = append(x.Messages, exportedMonth{Month: m.Month, Messages: map[string]int{}})
		}
		month := &x.Messages[len(x.Messages)-1]
		if m.Reminder { // what became of those would tell who has answered
			month.Reminders += m.N
		} else {
			month.Messages[m.State] += m.N
		}
		if m.Reminder || m.State != "cancelled" {
			month.Ore += m.Ore
		}
	}
	rows, err := s.Reports.Coverage(ctx, p, a.VisitsWeek, s.Now())
	for _, r := range rows {
		x.Coverage = append(x.Coverage, exportedCoverage{exportedSpan(r.Span), r.Visits, r.Asked, r.Opened, r.Answered, r.Total, r.Parts})
	}
	return err
}

func (s *Server) exportNetworks(ctx context.Context, p practice.Practice, x *exported) error {
	parts, err := s.Store.ParticipatesIn(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, part := range parts {
		n, err := s.Store.Network(ctx, part.NetworkID)
		if err != nil {
			return err
		}
		x.Networks = append(x.Networks, exportedNetwork{n.Name, part.State, part.OpenConsent})
	}
	return nil
}

func (s *Server) exportWork(ctx context.Context, p practice.Practice, x *exported) error {
	ims, err := s.Store.Improvements(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, im := range ims {
		x.Improvements = append(x.Improvements, exportedImprovement{im.Survey, im.Version, im.Questions, im.Done, im.Target, im.Start, im.Closed, im.Heard, im.Told})
	}
	bursts, err := s.Store.Bursts(ctx, p.ID)
	for _, b := range bursts {
		x.Bursts = append(x.Bursts, exportedBurst(b))
	}
	return err
}

// exportFile is a file in the export.
type exportFile struct {
	name    string // without what it ends with, where it is both JSON and CSV
	figures *results
}

// exportResults is what the pages' files say, each under the name it has in the export: every survey of the
// practice, its improvements, and each quarter of the networks it is in.
func (s *Server) exportResults(ctx context.Context, l i18n.Language, p practice.Practice) (files []exportFile, err error) {
	d, err := s.Reports.Dashboard(ctx, p, "", 0)
	if err != nil {
		return nil, err
	}
	for _, tab := range d.Tabs {
		if d, err = s.Reports.Dashboard(ctx, p, tab.Survey, tab.Version); err != nil {
			return nil, err
		}
		f := s.newResults(l)
		f.dashboard(d)
		files = append(files, exportFile{fmt.Sprintf("results/%s-%d", tab.Survey, tab.Version), f})
	}
	f := s.newResults(l)
	f.Practice = p.Name
	ims, err := s.Store.Improvements(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	for _, im := range ims {
		found, err := s.Reports.Improvement(ctx, p, im)
		if err != nil {
			return nil, err
		}
		f.improvement(found, false)
	}
	files = append(files, exportFile{"improvements", f})
	parts, err := s.Store.ParticipatesIn(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if part.State != practice.Joined { // its pages are closed then
			continue
		}
		compared, err := s.exportComparisons(ctx, l, p, part.NetworkID)
		if err != nil {
			return nil, err
		}
		files = append(files, compared...)
	}
	return files, nil
}

func (s *Server) exportComparisons(ctx context.Context, l i18n.Language, p practice.Practice, networkID string) (files []exportFile, err error) {
	n, err := s.Store.Network(ctx, networkID)
	if err != nil {
		return nil, err
	}
	any, err := s.Reports.Comparison(ctx, p, n, "", 0, "")
	if err != nil || any.Empty() {
		return nil, err
	}
	for _, tab := range any.Tabs {
		latest, err := s.Reports.Comparison(ctx, p, n, tab.Survey, tab.Version, "")
		if err != nil {
			return nil, err
		}
		for _, quarter := range latest.Quarters {
			cmp, err := s.Reports.Comparison(ctx, p, n, tab.Survey, tab.Version, quarter.String())
			if err != nil {
				return nil, err
			}
			f := s.newResults(l)
			f.Practice = p.Name
			f.comparison(cmp)
			// Two networks may have one name.
			files = append(files, exportFile{fmt.Sprintf("network/%s-%s/%s-%d-%s", practice.Slug(n.Name), strings.ToLower(n.ID[:6]), tab.Survey, tab.Version, quarter), f})
		}
	}
	return files, nil
}

//go:embed export_readme.txt
var exportReadme string

var exportReadmeTemplate = template.Must(template.New("readme").Parse(exportReadme))

// exportName is the file's name, with the day.
func (s *Server) exportName(p practice.Practice) string {
	return "venterom-" + p.Slug + "-" + calendar.Day(s.Now()).Format(time.DateOnly) + ".zip"
}

// Export writes all that a practice owns as a ZIP in Norwegian. What is a figure is what the pages' own files say,
// so that nothing is told here that is not told there. accountID is who it is for, whose own assumptions are in
// it; empty for nobody in particular.
func (s *Server) Export(ctx context.Context, p practice.Practice, accountID string, w io.Writer) error {
	l := s.Words.In("nb")
	x, err := s.export(ctx, p, accountID)
	if err != nil {
		return err
	}
	files, err := s.exportResults(ctx, l, p)
	if err != nil {
		return err
	}
	log, err := s.logTable(ctx, l, p)
	if err != nil {
		return err
	}
	var readme bytes.Buffer
	if err := exportReadmeTemplate.Execute(&readme, map[string]any{"Practice": p.Name, "Day": l.Day(s.Now()), "Floor": s.Reports.Floor()}); err != nil {
		return err
	}
	z := zip.NewWriter(w)
	add := func(name string, data []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: x.Made})
		if err == nil {
			_, err = f.Write(data)
		}
		return err
	}
	addJSON := func(name string, value any) error {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetIndent("", "  ")
		if err := e.Encode(value); err != nil {
			return err
		}
		return add(name, b.Bytes())
	}
	// Windows' own editor takes a text for what it is by its line ends and mark.
	if err := add("README.txt", []byte("\ufeff"+strings.ReplaceAll(readme.String(), "\n", "\r\n"))); err != nil {
		return err
	}
	if err := addJSON("practice.json", x); err != nil {
		return err
	}
	for _, f := range files {
		if err := addJSON(f.name+".json", f.figures); err != nil {
			return err
		}
		table, err := f.figures.table()
		if err != nil {
			return err
		}
		if err := add(f.name+".csv", table); err != nil {
			return err
		}
	}
	if err := add("log.csv", log); err != nil {
		return err
	}
	return z.Close()
}

// openAll notes that somebody sees all results there are: what they have not guessed at by now they never will.
func (s *Server) openAll(ctx context.Context, p practice.Practice, accountID string) error {
	d, err := s.Reports.Dashboard(ctx, p, "", 0)
	if err != nil {
		return err
	}
	for _, tab := range d.Tabs {
		if d, err = s.Reports.Dashboard(ctx, p, tab.Survey, tab.Version); err != nil {
			return err
		}
		if d.Empty() {
			continue
		}
		if err := s.Store.OpenResult(ctx, accountID, d.Key(), d.Period().String()); err != nil {
			return err
		}
	}
	return nil
}

// unopened reports whether there is a result that somebody has not opened.
func (s *Server) unopened(ctx context.Context, p practice.Practice, accountID string) (bool, error) {
	d, err := s.Reports.Dashboard(ctx, p, "", 0)
	if err != nil {
		return false, err
	}
	for _, tab := range d.Tabs {
		if d, err = s.Reports.Dashboard(ctx, p, tab.Survey, tab.Version); err != nil {
			return false, err
		}
		if d.Empty() {
			continue
		}
		if opened, err := s.Store.ResultOpened(ctx, accountID, d.Key(), d.Period().String()); err != nil || !opened {
			return !opened, err
		}
	}
	return false, nil
}
