package practice

import (
	"strings"
	"unicode/utf8"

	"github.com/venterom/venterom/internal/fault"
)

// Network is practices that compare themselves with each other (kvalitetsnettverk).
type Network struct {
	ID   string `db:"id"`
	Name string `db:"name"`
}

// Check refuses a network without a name.
func (n Network) Check() error {
	if strings.TrimSpace(n.Name) == "" || utf8.RuneCountInString(n.Name) > 80 {
		return fault.New(fault.Invalid, "network.name_required")
	}
	return nil
}

// State is where a practice stands with a network.
type State string

// A coordinator invites, a practice's lead joins, and leaves at any time, out of later quarters.
const (
	Invited State = "invited"
	Joined  State = "joined"
	Left    State = "left"
)

// Participation is a practice's place in a network.
type Participation struct {
	NetworkID   string `db:"network_id"`
	PracticeID  string `db:"practice_id"`
	State       State  `db:"state"`
	OpenConsent bool   `db:"open_consent"` // the lead agrees to a comparison in which practices are named
}

// Assumption is what somebody on the staff believed of one question before seeing a period's result.
type Assumption struct {
	Question string `db:"question"`
	Believed string `db:"believed"` // option code they believe is nearest the patients' mean; empty if not said
	Own      string `db:"own"`      // option code of how they themselves rate it; asked for digital channels only
}
