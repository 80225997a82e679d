package practice

import (
	"context"
	"time"
)

// Actor is who does something. The zero Actor is the installation itself.
type Actor struct{ AccountID, Name string }

// CommandLine is who runs a command on the machine itself.
var CommandLine = Actor{Name: "operator (command line)"}

type actorKey struct{}

// As says who does what is done with the context. It is said in two places, where somebody is let in and
// where a command begins, so that nothing between them and the log has to carry it or can be told another.
func As(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorIn is who As said.
func ActorIn(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// Action is what was done, as it is kept; its words are log. and the action.
type Action string

// What a practice's log tells of. None of it is about answers: a line has a time, and a time with an
// appointment book beside it is a name. So typing in forms on paper is not here, nor is any message.
const (
	SignedIn          Action = "signed_in"
	SignedOut         Action = "signed_out"
	SignInFailed      Action = "sign_in_failed"  // at most once an hour for each account
	SignInChanged     Action = "sign_in_changed" // password, passkey, app or recovery codes
	PersonAdded       Action = "person_added"
	PersonRemoved     Action = "person_removed"
	PersonLeft        Action = "person_left"
	MadeLead          Action = "made_lead"
	MadeStaff         Action = "made_staff"
	OfferMade         Action = "offer_made"
	OfferWithdrawn    Action = "offer_withdrawn"
	OfferTaken        Action = "offer_taken"
	PracticeAdded     Action = "practice_added"
	PracticeChanged   Action = "practice_changed"
	PageChanged       Action = "page_changed" // a section of what the practice says of itself
	PageConfirmed     Action = "page_confirmed"
	NoticeApproved    Action = "notice_approved" // the privacy notice; the object is its version
	StepTaken         Action = "step_taken"      // of setting up
	WentLive          Action = "went_live"
	QROn              Action = "qr_on"
	QROff             Action = "qr_off"
	NetworkOn         Action = "network_on"
	NetworkOff        Action = "network_off"
	DigitalOn         Action = "digital_on"
	DigitalOff        Action = "digital_off"
	PointMade         Action = "point_made"
	PointRetired      Action = "point_retired"
	PointRestored     Action = "point_restored"
	SMSOn             Action = "sms_on"
	SMSOff            Action = "sms_off"
	AskingChanged     Action = "asking_changed"
	KeyMade           Action = "key_made"
	KeyRevoked        Action = "key_revoked"
	NetworkInvited    Action = "network_invited"
	NetworkJoined     Action = "network_joined"
	NetworkLeft       Action = "network_left"
	ConsentGiven      Action = "consent_given"
	ConsentTaken      Action = "consent_taken"
	ImprovementMade   Action = "improvement_made"
	ImprovementClosed Action = "improvement_closed"
	Published         Action = "published"
	Unpublished       Action = "unpublished"
	FileFetched       Action = "file_fetched"
	Exported          Action = "exported" // everything
	Imported          Action = "imported"

	// Of the whole installation, in no practice's log.
	AccountAdded       Action = "account_added"
	NetworkAdded       Action = "network_added"
	CoordinatorAdded   Action = "coordinator_added"
	CoordinatorRemoved Action = "coordinator_removed"
	WeekClosed         Action = "week_closed"
	QuarterFrozen      Action = "quarter_frozen"
	BackupMade         Action = "backup_made"
	BackupRestored     Action = "backup_restored"
	PracticeDeleted    Action = "practice_deleted" // not whose: it is gone
)

// Deed is one line of the log (handling): who did what, and when. It never holds an answer, a figure, a
// person's number or a token.
type Deed struct {
	PracticeID string    `db:"practice_id"` // empty for what concerns the whole installation
	AccountID  string    `db:"account_id"`
	Name       string    `db:"name"` // of who did it, as it was then
	Action     Action    `db:"action"`
	Object     string    `db:"object"` // the name of what it was done to, as it was then
	At         time.Time `db:"at"`     // UTC, to the second
}
