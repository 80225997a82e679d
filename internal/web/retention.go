package web

import (
	"time"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/invite"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
)

// term is how long something is kept. The words are kept. and the code, kept. and the unit.
type term struct {
	Code  string
	N     int
	Unit  string
	Notes bool   // privacy notices say it
	Where string // tables, or where else it is
}

// terms is every time limit there is, taken from what enforces it. The pages and docs/trust read it.
var terms = []term{
	{"form", int(tokenValid / time.Hour), "hours", true, "–"},
	{"receipt", store.ReceiptDays, "days", true, "receipt"},
	{"burst", store.HeldWeeks, "weeks", true, "held, burst"},
	{"slip", store.SlipDays, "days", true, "invitation"},
	{"link", store.LinkDays, "days", true, "invitation"},
	{"forgotten", store.SlipDays, "days", true, "invitation"},
	{"number", store.NumberHours, "hours", true, "message"},
	{"queued", store.QueuedDays, "days", true, "message"},
	{"reminder", store.ReminderDays, "days", true, "message"},
	{"quarantine_least", practice.QuarantineLeast, "days", true, "quarantine"},
	{"message", store.MessageDays, "days", true, "message"},
	{"list", int(invite.ListValid / time.Hour), "hours", false, "i nettleseren"},
	{"asked", store.AskedDays, "days", false, "asked"},
	{"answered", store.AnsweredDays, "days", false, "answered"},
	{"report", invite.ReportDays, "days", false, "i mappen for lister"},
	{"log", store.LogDays / 365, "years", false, "audit"},
	{"idle", int(sessionIdle / time.Minute), "minutes", false, "session"},
	{"session", int(sessionLasts / time.Hour), "hours", false, "session"},
	{"device", int(deviceLasts / (24 * time.Hour)), "days", false, "i nettleseren"},
	{"offer", practice.OfferDays, "days", false, "offer"},
}

// noticeTerms are those that privacy notices say, by code.
func noticeTerms() map[string]int {
	of := map[string]int{}
	for _, t := range terms {
		if t.Notes {
			of[t.Code] = t.N
		}
	}
	return of
}

// howLong says a term: "3 dager".
func (t term) howLong(l i18n.Language) string { return l.T("kept."+t.Unit, "Count", t.N) }
