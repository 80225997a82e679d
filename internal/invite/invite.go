// Package invite asks patients: it makes invitations and messages of a list of visits, and sends the
// messages. Whom it asks is decided by the practice's rule and by lot; what is kept of them is decided in
// package store.
package invite

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/visit"
)

// Config is what an Inviter is made of.
type Config struct {
	Store   *store.Store
	Gateway func(reportURL func(id string) string) (sms.Gateway, error) // nil: there is none, and nobody is asked by SMS
	Reports sms.ReportSettings
	Secret  []byte
	BaseURL *url.URL
	PerPart int           // price of a part of a message, in øre
	Rescue  time.Duration // after which a message left by a process that died is looked at again; 0: two minutes
	Now     func() time.Time
	Log     *slog.Logger
}

// Inviter asks patients.
type Inviter struct {
	Config
	gateway sms.Gateway
	key     []byte
	lists   cipher.AEAD
	opened  opened
}

// New makes an inviter. It fails if the gateway's settings are unfit.
func New(cfg Config) (*Inviter, error) {
	key, err := hkdf.Key(sha256.New, cfg.Secret, nil, "venterom gateway", sha256.Size)
	if err != nil {
		return nil, err
	}
	i := &Inviter{Config: cfg, key: key, opened: opened{n: map[store.Opened]int{}}}
	if i.lists, err = newSeal(cfg.Secret); err != nil {
		return nil, err
	}
	if cfg.Gateway != nil {
		if i.gateway, err = cfg.Gateway(i.reportURL); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// Ready reports whether messages can be sent.
func (i *Inviter) Ready() bool { return i.gateway != nil }

// Link is the address of an invitation.
func (i *Inviter) Link(token string) string { return i.BaseURL.String() + "/s/" + token }

// linkLike is a link as long as every link.
func (i *Inviter) linkLike() string { return i.Link(strings.Repeat("x", store.LinkLength)) }

// Text is the message a practice sends in a language.
func (i *Inviter) Text(p practice.Practice, a practice.Asking, language, link string) string {
	return template(a, language).Fill(p.Name, link)
}

func template(a practice.Asking, language string) sms.Template {
	if own := a.Template(language); own != "" {
		return sms.Template(own)
	}
	return sms.Templates[language]
}

// Check tells what each language's text comes to, and all that is wrong with how a practice wants to ask:
// the error joins a fault for each thing, and must not be kept if there is any.
func (i *Inviter) Check(p practice.Practice, a practice.Asking) (proofs map[string]sms.Proof, err error) {
	wrong := []error{a.Check(), visit.Rule{Kind: visit.Kind(a.Rule), N: a.RuleN}.Check()}
	if a.SendingHours != "" {
		_, err := sms.ParseWindow(a.SendingHours)
		wrong = append(wrong, err)
	}
	if a.SMS || a.Sender != "" {
		_, err := sms.ParseSender(a.Sender)
		wrong = append(wrong, err)
	}
	proofs = map[string]sms.Proof{}
	refused := false
	for language := range sms.Templates {
		proofs[language] = template(a, language).Lint(sms.Setting{Practice: p.Name, BaseURL: i.BaseURL.String(), PerPart: i.PerPart})
		refused = refused || proofs[language].Refused()
	}
	if refused {
		wrong = append(wrong, fault.New(fault.Invalid, "asking.text"))
	}
	if a.SMS && !i.Ready() {
		wrong = append(wrong, fault.New(fault.Conflict, "asking.no_gateway"))
	}
	return proofs, errors.Join(wrong...)
}

// Read reads a list of visits.
func (i *Inviter) Read(r io.Reader) (visit.List, error) { return i.reader().Read(r) }

// ReadAs reads a list of visits that is said to be written in a format.
func (i *Inviter) ReadAs(f visit.Format, r io.Reader) (visit.List, error) {
	return i.reader().ReadAs(f, r)
}

func (i *Inviter) reader() visit.Reader {
	return visit.Reader{Now: i.Now(), Number: func(raw string) (string, error) {
		n, err := sms.ParseNumber(raw)
		return n.E164(), err
	}}
}

// Result is what became of a list of visits.
type Result struct {
	Visits      int // good rows, one per number
	OptedOut    int // do not want to be asked
	Quarantined int // were asked lately
	PassedOver  int // by the practice's rule
	OverCap     int // would have cost more than the month has left
	Invited     int
	Ore         int       // what the messages cost
	At          time.Time // when the first of them is sent at the earliest
	Preview     []Preview // of a dry run: what would be sent, and to whom
}

// Preview is one message as it would be sent.
type Preview struct {
	To    string // masked
	Text  string
	Parts int
}

// AtLeast is what may be told of what became of a list to a machine, or in a file: how many are invited and
// what that costs, in whole tens of messages; ok is false for a list of fewer than ten. It is told so
// coarsely because a list can be made to ask about one number: alone, or beside nine that are known to be
// left out, an exact count would tell whether somebody has said no or was asked lately.
func (i *Inviter) AtLeast(r Result) (invited, ore int, ok bool) {
	const step = 10
	if r.Visits < step {
		return 0, 0, false
	}
	price := max(1, step*i.PerPart)
	return r.Invited / step * step, r.Ore / price * price, true
}

// batch is how many are invited in one transaction: answers are counted between two of them.
const batch = 100

// Invite asks who the practice's rule chooses of a list. A dry run keeps nothing and sends nothing. If it
// fails in the middle it can be called again with the same list: who was asked is not asked again.
func (i *Inviter) Invite(ctx context.Context, p practice.Practice, visits []visit.Visit, dry bool) (Result, error) {
	r := Result{Visits: len(visits)}
	a, err := i.Store.Asking(ctx, p.ID)
	if err != nil {
		return r, err
	}
	if !dry {
		switch {
		case !i.Ready():
			return r, fault.New(fault.Conflict, "asking.no_gateway")
		case !a.SMS:
			return r, fault.New(fault.Conflict, "asking.off")
		}
	}
	now := i.Now()
	chosen, passed, err := i.choose(ctx, p, a, visits, now, &r)
	if err != nil {
		return r, err
	}
	r.At = window(a).Next(now)
	spent, err := i.Store.Spent(ctx, p.ID, month(r.At))
	if err != nil {
		return r, err
	}
	var messages []store.NewMessage
	for _, v := range chosen {
		to, err := sms.ParseNumber(v.Number())
		if err != nil {
			return r, err
		}
		m := store.NewMessage{To: to, Day: string(v.Day), Language: v.Language}
		if m.Language == "" {
			m.Language = a.Language
		}
		text := i.Text(p, a, m.Language, i.linkLike())
		parts := sms.Count(text).Parts
		m.Ore = sms.Price(parts, i.PerPart)
		cost := m.Ore
		if a.Reminder {
			cost *= 2
		}
		if spent+r.Ore+cost > a.CapOre {
			r.OverCap++
			continue
		}
		r.Ore += cost
		if dry {
			r.Preview = append(r.Preview, Preview{to.Masked(), text, parts})
		}
		messages = append(messages, m)
	}
	if dry {
		r.Invited = len(messages)
		return r, nil
	}
	cost := 0
	for first := 0; first < len(messages) || first == 0; first += batch {
		last := min(first+batch, len(messages))
		keep := a.Passed
		if last == len(messages) {
			keep = passed
		}
		n, ore, err := i.Store.Invite(ctx, p.ID, messages[first:last], keep, r.At, now)
		r.Invited += n
		cost += ore
		if err != nil {
			return r, err
		}
	}
	// Whoever shares a mark with somebody of the same list, or was asked by another list a moment ago.
	r.Quarantined += len(messages) - r.Invited
	r.Ore = cost
	return r, nil
}

// Resend tries again a message of which nobody knows whether it went out, as soon as the practice's hours allow.
func (i *Inviter) Resend(ctx context.Context, practiceID, messageID string) error {
	a, err := i.Store.Asking(ctx, practiceID)
	if err != nil {
		return err
	}
	now := i.Now()
	return i.Store.ResendMessage(ctx, practiceID, messageID, window(a).Next(now), now)
}

// choose leaves out who may not be asked and lets the practice's rule choose among the rest.
func (i *Inviter) choose(ctx context.Context, p practice.Practice, a practice.Asking, visits []visit.Visit, now time.Time, r *Result) ([]visit.Visit, int, error) {
	numbers := make([]sms.Number, len(visits))
	var periods []string
	for k, v := range visits {
		var err error
		if numbers[k], err = sms.ParseNumber(v.Number()); err != nil {
			return nil, 0, err
		}
		periods = append(periods, string(v.Day))
	}
	standings, err := i.Store.Standings(ctx, p.ID, numbers, now)
	if err != nil {
		return nil, 0, err
	}
	var free []visit.Visit
	for k, standing := range standings {
		switch standing {
		case store.OptedOut:
			r.OptedOut++
		case store.Quarantined:
			r.Quarantined++
		default:
			free = append(free, visits[k])
		}
	}
	asked, err := i.Store.Asked(ctx, p.ID, periods)
	if err != nil {
		return nil, 0, err
	}
	earlier := visit.Earlier{Passed: a.Passed, Asked: make(map[visit.Day]int, len(asked))}
	for day, n := range asked {
		earlier.Asked[visit.Day(day)] = n
	}
	var seed [32]byte
	_, _ = rand.Read(seed[:])
	chosen, passed := visit.Rule{Kind: visit.Kind(a.Rule), N: a.RuleN}.Choose(free, earlier, seed)
	r.PassedOver = len(free) - len(chosen)
	return chosen, passed, nil
}

// Hours are the hours in which a practice's messages are sent, "09:00-19:00".
func Hours(a practice.Asking) string { return window(a).String() }

// window is the hours in which a practice's messages are sent.
func window(a practice.Asking) sms.Window {
	w, err := sms.ParseWindow(a.SendingHours)
	if err != nil { // none chosen
		return sms.Window{}
	}
	return w
}

// reportURL is where a gateway reports what became of a message. Its last part proves that the address
// came from here.
func (i *Inviter) reportURL(id string) string {
	return i.BaseURL.String() + "/api/v1/sms/report/" + id + "/" + i.proof("report "+id) + "?"
}

// InboundPath is where a gateway hands in messages that came back, for STOP; it is as secret as a key.
func (i *Inviter) InboundPath() string { return "/api/v1/sms/inbound/" + i.proof("inbound") }

func (i *Inviter) proof(of string) string {
	m := hmac.New(sha256.New, i.key)
	m.Write([]byte(of))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:18])
}

func (i *Inviter) proved(of, proof string) error {
	if !hmac.Equal([]byte(i.proof(of)), []byte(proof)) {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return nil
}

// Report takes a gateway's report on a message. A wrong proof is NotFound, a report that cannot be read
// Invalid.
func (i *Inviter) Report(ctx context.Context, id, proof string, query url.Values, contentType string, body []byte) error {
	if err := i.proved("report "+id, proof); err != nil {
		return err
	}
	state, err := i.Reports.Parse(query, contentType, body)
	if err != nil {
		return fault.New(fault.Invalid, "error.bad_request")
	}
	if !state.Final() {
		return nil
	}
	return i.Store.ReportMessage(ctx, id, string(state), i.Now())
}

// Inbound takes a message that somebody sent back. STOP means that no practice here is to ask the number
// again; nothing else is read or kept.
func (i *Inviter) Inbound(ctx context.Context, proof, from, text string) error {
	if err := i.proved("inbound", proof); err != nil {
		return err
	}
	n, err := sms.ParseNumber(from)
	if err != nil || !sms.IsStop(text) {
		return nil
	}
	return i.Store.OptOutNumber(ctx, "", n)
}
