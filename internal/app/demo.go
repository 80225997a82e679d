package app

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

const (
	demoWeeks    = 78 // eighteen months
	demoPassword = "demonstrasjon"
	demoNetwork  = "Kvalitetsnettverk Fjordbyen"
)

// demoPractice is a made-up practice: how many answer in a week, and how well each thing is liked, as
// the mean 0–100 its patients tend to.
type demoPractice struct {
	name    string
	weekly  float64
	digital bool
	liking  map[string]float64
	change  string  // the question that changes half-way …
	by      float64 // … by so much
}

var demoPractices = []demoPractice{
	{"Bjørkelia legekontor", 26, true, map[string]float64{"polite": 88, "waitroom": 72, "waittime": 58, "consult": 84, "overall": 82}, "waittime", 14},
	{"Fjordgløtt legesenter", 55, true, map[string]float64{"polite": 84, "waitroom": 79, "waittime": 63, "consult": 80, "overall": 79}, "", 0},
	{"Havna legekontor", 18, false, map[string]float64{"polite": 91, "waitroom": 66, "waittime": 71, "consult": 88, "overall": 87}, "waitroom", 12},
	{"Kirkebakken legegruppe", 40, true, map[string]float64{"polite": 80, "waitroom": 74, "waittime": 52, "consult": 77, "overall": 73}, "waittime", -8},
	{"Lysløypa legekontor", 6, false, map[string]float64{"polite": 93, "waitroom": 81, "waittime": 76, "consult": 90, "overall": 90}, "", 0},
	{"Mølledammen legesenter", 32, true, map[string]float64{"polite": 86, "waitroom": 70, "waittime": 66, "consult": 82, "overall": 80}, "", 0},
	{"Nordstien legekontor", 12, false, map[string]float64{"polite": 89, "waitroom": 77, "waittime": 69, "consult": 86, "overall": 85}, "", 0},
	{"Rosenlund legekontor", 22, false, map[string]float64{"polite": 82, "waitroom": 60, "waittime": 61, "consult": 79, "overall": 76}, "waitroom", 18},
	{"Skogbrynet legesenter", 48, true, map[string]float64{"polite": 87, "waitroom": 83, "waittime": 70, "consult": 85, "overall": 84}, "", 0},
	{"Solsiden legekontor", 15, false, map[string]float64{"polite": 85, "waitroom": 75, "waittime": 48, "consult": 81, "overall": 75}, "", 0},
	{"Torget legekontor", 35, true, map[string]float64{"polite": 83, "waitroom": 68, "waittime": 64, "consult": 80, "overall": 78}, "", 0},
	{"Vesleøya legekontor", 2, false, map[string]float64{"polite": 95, "waitroom": 85, "waittime": 82, "consult": 92, "overall": 93}, "", 0},
}

// Demo runs a demonstration on a temporary database until ctx is done: twelve made-up practices with
// eighteen months of answers, made by the real counting code from a fixed seed.
func Demo(ctx context.Context, address string, out io.Writer) error {
	dir, err := os.MkdirTemp("", "venterom-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if host == "" {
		host = "localhost"
	}
	cfg := Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: filepath.Join(dir, "venterom.db"), Address: address, BaseURL: "http://" + net.JoinHostPort(host, port), SMS: "log", SMSPrice: 60, Log: "warn"}
	a, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer a.Close()
	points, leads, err := a.fillDemo(ctx, time.Now())
	if err != nil {
		return err
	}
	return a.Serve(ctx, true, func(net.Addr) {
		fmt.Fprintf(out, "Venterom demonstration\n\nFor patients, one address for each practice:\n")
		for i, p := range points {
			fmt.Fprintf(out, "  %s/k/%s  %s\n", cfg.BaseURL, p.Code, demoPractices[i].name)
		}
		fmt.Fprintf(out, "\nFor staff: %s/login, password %q\n", cfg.BaseURL, demoPassword)
		for i, lead := range leads {
			fmt.Fprintf(out, "  %-25s %s, %s\n", lead.Email, lead.Name, demoAccounts[i].says)
		}
		fmt.Fprintf(out, "\nPress Ctrl+C to end; everything is forgotten then.\n")
	})
}

// demoAccounts are who can sign in to the demonstration.
var demoAccounts = []struct {
	practice.Account
	role practice.Role
	in   int // of the practices
	says string
}{
	{practice.Account{Email: "leder@demo.example", Name: "Kari Nes"}, practice.Lead, 0, "lead of " + demoPractices[0].name},
	{practice.Account{Email: "medarbeider@demo.example", Name: "Sara Lund"}, practice.Staff, 0, "staff of " + demoPractices[0].name},
	{practice.Account{Email: "liten@demo.example", Name: "Olav Vik"}, practice.Lead, 11, "lead of " + demoPractices[11].name},
	{practice.Account{Email: "koordinator@demo.example", Name: "Kim Aas"}, "", 0, "coordinator of " + demoNetwork},
	{practice.Account{Email: "drifter@demo.example", Name: "Dina Holm", Operator: true}, "", 0, "operator, who sees no results"},
}

// fillDemo makes the practices, their answers up to last week, and the sign-ins.
func (a *App) fillDemo(ctx context.Context, now time.Time) ([]practice.Point, []practice.Account, error) {
	r := rand.New(rand.NewPCG(2018, 1382)) // #nosec G404 -- made-up answers
	practices := make([]practice.Practice, len(demoPractices))
	points := make([]practice.Point, len(demoPractices))
	doors := make([]practice.Point, len(demoPractices))
	for i, d := range demoPractices {
		var err error
		phone := fmt.Sprintf("55 00 %02d 00", i+1)
		if practices[i], points[i], err = a.Store.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: d.name, Phone: phone, Digital: d.digital}, "Venterommet"); err != nil {
			return nil, nil, err
		}
		for _, step := range []practice.Step{practice.StepSurvey, practice.StepTrial, practice.StepGuide} {
			if err := a.Store.TakeStep(ctx, practices[i].ID, step, practice.DateOf(now)); err != nil {
				return nil, nil, err
			}
		}
		if doors[i], err = a.Store.CreatePoint(ctx, practices[i].ID, "Døra"); err != nil {
			return nil, nil, err
		}
	}
	visit, _ := a.Surveys.Latest("visit")
	digital, _ := a.Surveys.Latest("digital")
	first := calendar.WeekOf(now).Add(-demoWeeks)
	for w := range demoWeeks {
		week := first.Add(w)
		noon := week.Start().Add(8 * time.Hour)
		var batch []store.Entry
		for i, d := range demoPractices {
			for range poisson(r, d.weekly) {
				responses := []survey.Response{{Survey: visit, Answers: demoAnswers(r, visit, d, w)}}
				if d.digital && r.Float64() < 0.7 {
					responses = append(responses, survey.Response{Survey: digital, Answers: demoAnswers(r, digital, d, w)})
				}
				point := points[i]
				if r.Float64() < 0.3 {
					point = doors[i]
				}
				entry := aggregate.Entry(practices[i].ID, string(point.Code), "qr", "", responses)
				if i == 0 && w >= demoWeeks-demoAsking && len(batch)%2 == 0 {
					entry = aggregate.Entry(practices[i].ID, "", "sms", "", responses)
				}
				batch = append(batch, entry)
			}
		}
		if err := a.Store.Count(ctx, noon, batch); err != nil {
			return nil, nil, err
		}
		if _, err := a.Store.CloseWeek(ctx, week, aggregate.Divide(disclosure.Gate{})); err != nil {
			return nil, nil, err
		}
	}
	hash, err := practice.HashPassword(demoPassword)
	if err != nil {
		return nil, nil, err
	}
	made := make([]practice.Account, len(demoAccounts))
	for i, acc := range demoAccounts {
		acc.Password = hash
		var members []practice.Member
		if acc.role != "" {
			members = append(members, practice.Member{PracticeID: practices[acc.in].ID, Role: acc.role})
		}
		if made[i], err = a.Store.CreateAccount(ctx, acc.Account, members...); err != nil {
			return nil, nil, err
		}
		if acc.role == "" {
			continue
		}
		if err := a.openDemo(ctx, made[i].ID, practices[acc.in], i == 0); err != nil {
			return nil, nil, err
		}
	}
	if err := a.fillDemoMessages(ctx, now, practices[0]); err != nil {
		return nil, nil, err
	}
	if err := a.fillDemoImprovements(ctx, now, practices); err != nil {
		return nil, nil, err
	}
	if err := a.fillDemoPages(ctx, now, practices); err != nil {
		return nil, nil, err
	}
	if err := a.fillDemoNetwork(ctx, now, practices, made); err != nil {
		return nil, nil, err
	}
	return points, made, a.approveDemo(ctx, now, practices)
}

// approveDemo approves all privacy notices as they are.
func (a *App) approveDemo(ctx context.Context, now time.Time, practices []practice.Practice) error {
	words, err := i18n.Load(a.cfg.Floor, a.cfg.Cohort)
	if err != nil {
		return err
	}
	pages, err := a.pages(nil, words, true)
	if err != nil {
		return err
	}
	in := pages.Installation()
	ctx = practice.As(ctx, practice.Actor{Name: demoAccounts[0].Name})
	for _, p := range practices {
		state, err := a.Store.Notice(ctx, p.ID, in)
		if err != nil {
			return err
		}
		if err := a.Store.ApproveNotice(ctx, p.ID, in, practice.NoticeWords{Basis: practice.Bases[0]}, state.Now.Seen(), now); err != nil {
			return err
		}
	}
	return nil
}

// The weeks in which the first practice asks by message, and how many it asks in each.
const (
	demoAsking = 5
	demoAsked  = 40
)

// fillDemoMessages asks made-up numbers in the last weeks and this one. What was asked is delivered, all but a
// few; what is asked now waits for the gateway, which is the log.
func (a *App) fillDemoMessages(ctx context.Context, now time.Time, p practice.Practice) error {
	asking := practice.DefaultAsking(p.ID)
	asking.SMS, asking.Sender, asking.Rule, asking.RuleN, asking.CapOre, asking.VisitsWeek = true, "Bjorkelia", "every_nth", 6, 50_000, 240
	if err := a.Store.SaveAsking(ctx, asking); err != nil {
		return err
	}
	this := calendar.WeekOf(now)
	for w := range demoAsking + 1 {
		week := this.Add(w - demoAsking)
		at, messages := week.Start().Add(8*time.Hour), make([]store.NewMessage, demoAsked)
		if at.After(now) {
			at = now
		}
		for i := range messages {
			to, err := sms.ParseNumber(fmt.Sprint(49_000_000 + w*demoAsked + i))
			if err != nil {
				return err
			}
			messages[i] = store.NewMessage{To: to, Day: calendar.Day(at).Format(time.DateOnly), Language: "nb", Ore: 60}
		}
		if week == this {
			messages = messages[:demoAsked/4]
		}
		if _, _, err := a.Store.Invite(ctx, p.ID, messages, 0, at, at); err != nil {
			return err
		}
		if week == this {
			break
		}
		if err := a.Store.AddOpened(ctx, map[store.Opened]int{{PracticeID: p.ID, Week: week}: demoAsked * (60 + 3*w) / 100}); err != nil {
			return err
		}
		ids, err := a.Store.MessagesIn(ctx, p.ID, "queued")
		if err != nil {
			return err
		}
		for i, id := range ids {
			if _, err := a.Store.ClaimMessage(ctx, id, at); err != nil {
				return err
			}
			switch {
			case i == 0:
				err = a.Store.ReportMessage(ctx, id, "failed", at)
			case i == 1 && w == demoAsking-1:
				err = a.Store.SettleMessage(ctx, id, "uncertain", now) // forgotten in two days
			default:
				err = a.Store.ReportMessage(ctx, id, "delivered", at)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// demoImprovements are what the practices that change did in the week they change, by practice; told is
// the public line of the one that is closed.
var demoImprovements = map[int]struct {
	done, heard, told string
	target            int
}{
	0: {"To pauser på ti minutter i hver økt, så legene kan ta igjen forsinkelser.", "waiting_time", "Legene har nå luft i timeplanen, så forsinkelser kan tas igjen.", 65},
	2: {"Nye stoler, større avstand og en skjerm som sier fra om forsinkelser.", "", "", 0},
	3: {"Flere timer hver dag, på ett kvarter i stedet for tjue minutter.", "", "", 0},
	7: {"Venterommet er malt, radioen er borte, og barna har fått et hjørne.", "", "", 70},
}

// fillDemoImprovements registers what the practices changed. The first has closed its improvement and
// told patients of it, and has a later one running that changed nothing.
func (a *App) fillDemoImprovements(ctx context.Context, now time.Time, practices []practice.Practice) error {
	visit, _ := a.Surveys.Latest("visit")
	this := calendar.WeekOf(now)
	for i, d := range demoPractices {
		text, ok := demoImprovements[i]
		if !ok {
			continue
		}
		im, err := a.Store.CreateImprovement(ctx, practice.Improvement{PracticeID: practices[i].ID, Survey: visit.ID, Version: visit.Version,
			Questions: []string{d.change}, Done: text.done, Target: text.target, Start: this.Add(-demoWeeks + demoWeeks/2 + 1)})
		if err != nil {
			return err
		}
		if text.told == "" {
			continue
		}
		found, err := a.Reports.Improvement(ctx, practices[i], im)
		if err != nil {
			return err
		}
		record, err := found.Found.Record(this)
		if err != nil {
			return err
		}
		if err := a.Store.CloseImprovement(ctx, practices[i].ID, im.ID, this, record); err != nil {
			return err
		}
		if err := a.Store.PublishImprovement(ctx, practices[i].ID, im.ID, text.heard, text.told); err != nil {
			return err
		}
		if _, err := a.Store.CreateImprovement(ctx, practice.Improvement{PracticeID: practices[i].ID, Survey: visit.ID, Version: visit.Version,
			Questions: []string{"waitroom", "polite"}, Done: "Skranken sier god dag og peker ut hvor det er ledig plass.", Start: this.Add(-20)}); err != nil {
			return err
		}
	}
	return nil
}

// fillDemoNetwork puts all practices in one network and freezes every quarter that has ended.
func (a *App) fillDemoNetwork(ctx context.Context, now time.Time, practices []practice.Practice, accounts []practice.Account) error {
	i := slices.IndexFunc(accounts, func(a practice.Account) bool { return a.Email == "koordinator@demo.example" })
	n, err := a.Store.CreateNetwork(ctx, demoNetwork, accounts[i].ID)
	if err != nil {
		return err
	}
	for _, p := range practices {
		if err := a.Store.InvitePractice(ctx, n.ID, p.ID); err != nil {
			return err
		}
		if err := a.Store.SetParticipation(ctx, practice.Participation{NetworkID: n.ID, PracticeID: p.ID, State: practice.Joined}); err != nil {
			return err
		}
	}
	last := aggregate.Ended(now)
	for q := calendar.WeekOf(now).Add(-demoWeeks - 1).In(calendar.Quarterly).Next(); ; q = q.Next() {
		if _, err := a.Freezer.Freeze(ctx, q, now); err != nil {
			return err
		}
		if q == last {
			return nil
		}
	}
}

// demoGuesses are the options that the lead of the first practice believed in, and how satisfied they
// are themselves with each way of reaching the practice.
var demoGuesses = map[string][]practice.Assumption{
	"visit": {{Question: "polite", Believed: "5"}, {Question: "waitroom", Believed: "4"}, {Question: "waittime", Believed: "3"},
		{Question: "consult", Believed: "5"}, {Question: "overall", Believed: "4"}},
	"digital": {{Question: "easy", Believed: "4"}, {Question: "attendance", Believed: "4", Own: "4"}, {Question: "phone", Believed: "2", Own: "3"},
		{Question: "secure", Believed: "3", Own: "2"}, {Question: "website", Believed: "2", Own: "2"}},
}

// openDemo opens the latest results for an account, so that the demonstration begins with them.
func (a *App) openDemo(ctx context.Context, accountID string, p practice.Practice, guesses bool) error {
	keys, err := a.Store.Released(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		d, err := a.Reports.Dashboard(ctx, p, k.Survey, k.Version)
		if err != nil {
			return err
		}
		if guesses {
			if err := a.Store.SaveAssumptions(ctx, accountID, k, d.Period().String(), demoGuesses[k.Survey]); err != nil {
				return err
			}
		}
		if err := a.Store.OpenResult(ctx, accountID, k, d.Period().String()); err != nil {
			return err
		}
	}
	return nil
}

// demoAnswers fills in one form. A patient has a mood of their own, so that their answers hang
// together as real ones do; some questions are skipped and some do not apply.
func demoAnswers(r *rand.Rand, sv *survey.Survey, d demoPractice, week int) map[string]string {
	answers := make(map[string]string, len(sv.Questions))
	mood := r.NormFloat64() * 14
	for _, q := range sv.Questions {
		switch x := r.Float64(); {
		case x < 0.03:
			continue
		case x < 0.10 && q.NotApplicable != nil:
			answers[q.ID] = survey.NotApplicable
			continue
		}
		if q.Kind == survey.Choice {
			answers[q.ID] = q.Options[min(len(q.Options)-1, int(r.ExpFloat64()*0.7))].Code
			continue
		}
		liking, ok := d.liking[q.ID]
		if !ok {
			liking = d.liking["overall"] - 10
		}
		if d.change == q.ID && week > demoWeeks/2 {
			liking += d.by
		}
		want := liking + mood + r.NormFloat64()*16
		best := q.Options[0]
		for _, o := range q.Options {
			if math.Abs(o.Score-want) < math.Abs(best.Score-want) {
				best = o
			}
		}
		answers[q.ID] = best.Code
	}
	return answers
}

// poisson draws a number with the given mean (Knuth 1969).
func poisson(r *rand.Rand, mean float64) int {
	n, p := 0, r.Float64()
	for limit := math.Exp(-mean); p > limit; n++ {
		p *= r.Float64()
	}
	return n
}
