package practice

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/venterom/venterom/internal/fault"
)

// NoticeEdition counts the texts a privacy notice is written in. It goes up by one when a text comes to say
// something else, so that every lead reads the new one; a test holds it against the words.
const NoticeEdition = 1

// Installation is what a privacy notice says of where the practice's answers are counted.
type Installation struct {
	Processor string         // who runs it, and how to reach them; empty: the practice itself
	Gateway   bool           // it can send text messages
	Floor     int            // fewest answers that anything is shown of
	Terms     map[string]int // how long what concerns patients is kept, each in its own unit
}

// NoticeFacts is what a privacy notice is made of. All of it is read from the settings in force.
type NoticeFacts struct {
	Edition      int            `json:"edition"`
	Name         string         `json:"name"`
	Organisation Organisation   `json:"organisation,omitempty"`
	Street       string         `json:"street,omitempty"`
	Place        string         `json:"place,omitempty"` // with postal code
	Phone        string         `json:"phone,omitempty"`
	Processor    string         `json:"processor,omitempty"`
	Floor        int            `json:"floor"`
	Points       bool           `json:"points"` // there is a QR code in use, and with it a typed code, a web button, a shared screen
	Slips        bool           `json:"slips"`  // something is stored of code slips
	SMS          SMSUse         `json:"sms,omitempty"`
	Wait         int            `json:"wait,omitempty"` // days between two messages to one number
	Reminder     bool           `json:"reminder,omitempty"`
	Networks     []string       `json:"networks,omitempty"` // names of those it shares benchmarks with
	Terms        map[string]int `json:"terms"`
}

// SMSUse is whether a practice asks by text message.
type SMSUse string

// A practice that never asked by message has nothing of numbers. One that stopped still keeps who said no,
// and for a while who was asked.
const (
	SMSNever  SMSUse = ""
	SMSNow    SMSUse = "on"
	SMSBefore SMSUse = "before"
)

// NoticeWords is what only the lead can tell. The texts are plain, and in Norwegian.
type NoticeWords struct {
	Officer  string `json:"officer,omitempty"`  // data protection officer or who else to ask; empty: the lead, by the practice's telephone
	Basis    string `json:"basis,omitempty"`    // of Bases
	Remark   string `json:"remark,omitempty"`   // more about the basis
	Transfer string `json:"transfer,omitempty"` // what leaves the EEA, where to and on what ground; empty: nothing does
}

// Bases are the grounds of GDPR article 6(1) that asking patients can rest on: a legal obligation, a task in the
// public interest, legitimate interests. Which one it is, is for the practice to say.
var Bases = []string{"obligation", "task", "interest"}

// Check refuses words that patients could not be shown.
func (w NoticeWords) Check() error {
	if !slices.Contains(Bases, w.Basis) {
		return fault.New(fault.Invalid, "notice.basis_required")
	}
	for _, text := range []string{w.Officer, w.Remark, w.Transfer} {
		if err := CheckPublic(text, MaxText, false); err != nil {
			return err
		}
	}
	return nil
}

// Notice is a privacy notice: facts, and what the lead adds.
type Notice struct {
	NoticeFacts
	Lead NoticeWords `json:"lead"`
}

// Seen names the facts as they are now, so that an approval is of what was read and not of what has come since.
func (f NoticeFacts) Seen() string {
	text, err := json.Marshal(f)
	if err != nil {
		return "" // it has nothing that cannot be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Approval is a version of the notice that the lead approved. The zero Approval is none.
type Approval struct {
	Version int
	Notice  Notice
	By      string // name of that day
	At      time.Time
}

// NoticeState is a practice's notice today, and the last one that its lead approved.
type NoticeState struct {
	Now      Notice // with the words of the last approval
	Approved Approval
}

// Current reports whether the lead has approved the notice as it is now.
func (s NoticeState) Current() bool {
	return s.Approved.Version > 0 && len(s.Changes()) == 0
}

// Outdated reports whether the lead approved a notice, and the facts have changed since.
func (s NoticeState) Outdated() bool {
	return s.Approved.Version > 0 && len(s.Changes()) > 0
}

// NoticeChange is a fact that has changed; its words are notice.changed_ and the code.
type NoticeChange struct{ Code, From, To string }

// Changes lists what has changed since the approved notice, nil if there is none.
func (s NoticeState) Changes() (changes []NoticeChange) {
	if s.Approved.Version == 0 {
		return nil
	}
	was, is := s.Approved.Notice.NoticeFacts, s.Now.NoticeFacts
	text := func(code, from, to string) {
		if from != to {
			changes = append(changes, NoticeChange{code, cmp.Or(from, "–"), cmp.Or(to, "–")})
		}
	}
	flag := func(code string, from, to bool) {
		switch {
		case to && !from:
			changes = append(changes, NoticeChange{Code: code + "_on"})
		case from && !to:
			changes = append(changes, NoticeChange{Code: code + "_off"})
		}
	}
	if was.SMS != is.SMS {
		code := map[SMSUse]string{SMSNow: "sms_on", SMSBefore: "sms_off", SMSNever: "sms_gone"}[is.SMS]
		changes = append(changes, NoticeChange{Code: code})
	} else {
		flag("reminder", was.Reminder, is.Reminder)
		if was.Wait != is.Wait {
			changes = append(changes, NoticeChange{Code: "wait"})
		}
	}
	flag("points", was.Points, is.Points)
	flag("slips", was.Slips, is.Slips)
	for _, n := range is.Networks {
		if !slices.Contains(was.Networks, n) {
			changes = append(changes, NoticeChange{Code: "network_on", To: n})
		}
	}
	for _, n := range was.Networks {
		if !slices.Contains(is.Networks, n) {
			changes = append(changes, NoticeChange{Code: "network_off", To: n})
		}
	}
	text("name", was.Name, is.Name)
	text("organisation", string(was.Organisation), string(is.Organisation))
	text("address", strings.TrimSpace(was.Street+" "+was.Place), strings.TrimSpace(is.Street+" "+is.Place))
	text("phone", was.Phone, is.Phone)
	text("processor", was.Processor, is.Processor)
	if was.Floor != is.Floor {
		changes = append(changes, NoticeChange{Code: "floor"})
	}
	if !maps.Equal(was.Terms, is.Terms) {
		changes = append(changes, NoticeChange{Code: "terms"})
	}
	if was.Edition != is.Edition {
		changes = append(changes, NoticeChange{Code: "edition"})
	}
	return changes
}
