package practice

// Step is a part of setting up that is done when the practice says so, or has shown it.
type Step string

// The steps.
const (
	StepAlone  Step = "alone"  // nobody else is to have a role for now
	StepSurvey Step = "survey" // the questions were read
	StepTrial  Step = "trial"  // a form was answered that was opened by a printed QR code
	StepGuide  Step = "guide"  // what the results are for, and what not
)

// Steps are what was done, and when.
type Steps map[Step]Date

// Ready is what must be there before a practice goes live: what patients need to know is filled in, the lead
// has approved the privacy notice, the way from poster to thanks was tried, and the guide to right and wrong use
// was read.
type Ready struct{ Basic, Notice, Trial, Guide bool }

// All reports whether nothing is missing.
func (r Ready) All() bool { return r.Basic && r.Notice && r.Trial && r.Guide }
