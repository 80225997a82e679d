package practice

import (
	"crypto/rand"
	"time"

	"github.com/venterom/venterom/internal/fault"
)

// Offer is a role offered to a colleague by a link that is good once. Its token is known to whoever has
// the link; here there is only a hash.
type Offer struct {
	ID         string    `db:"id"`
	PracticeID string    `db:"practice_id"`
	Role       Role      `db:"role"`
	Name       string    `db:"name"` // who it is for, as the lead wrote it
	Expires    time.Time `db:"expires_at"`
}

// OfferDays is how long an offer stands.
const OfferDays = 7

// NewOfferToken draws a token of 130 bits.
func NewOfferToken() string { return rand.Text() }

// Check refuses an offer of no role, or for nobody in particular.
func (o Offer) Check() error {
	if o.Role != Lead && o.Role != Staff {
		return fault.New(fault.Invalid, "people.role_required")
	}
	return CheckName(o.Name)
}
