package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
)

// Frame is which of a network's snapshots something is about, and which others there are.
type Frame struct {
	Network  practice.Network
	Tabs     []Tab
	Survey   string
	Version  int
	Title    survey.Text
	Quarters []calendar.Period // the latest first
	Quarter  calendar.Period
}

// Empty reports whether there is no snapshot yet.
func (f *Frame) Empty() bool { return len(f.Quarters) == 0 }

// Comparison is a practice beside the others in a network, in one quarter.
type Comparison struct {
	Frame
	Questions []Compared
}

// Compared is one question of a comparison. Others is nil where Withheld says why. Own is nil with
// fewer than ten answers.
type Compared struct {
	Question
	Withheld disclosure.Withheld
	Others   *disclosure.Benchmark
	Own      *Result
	Verdict  Verdict
	Higher   bool    // which way, where the verdict is a difference
	Shrunk   *Shrunk // nil without Others, or where the own share is given as a limit only
	Named    []Named // the open comparison, by name; nil unless every practice in the snapshot agreed to it
}

// Shrunk is the practice's share drawn towards the others', 0–1, with its 95 % interval (rule M5).
type Shrunk struct {
	Value    float64
	Interval stats.Interval
}

// Named is one practice in an open comparison; Own tells the reader's. Result is nil with fewer than ten.
type Named struct {
	Name   string
	Own    bool
	Result *Result
}

// Verdict says whether a practice's positive share differs from its network's (rules M4 and M6).
type Verdict int

// The verdicts. NoVerdict is where there is nothing to compare with or no share to compare.
const (
	NoVerdict  Verdict = iota
	TooUnsure          // fewer than 40 own answers
	Alike              // within the 95 % limits
	LooksOther         // outside the 95 % limits
	StandsOut          // outside the 99.8 % limits
)

// Pooled is what a network's coordinator may see of it in one quarter: never one practice's figures.
type Pooled struct {
	Frame
	Questions []PooledQuestion
}

// PooledQuestion is one question of all practices together. Pool is nil where Withheld says why. Shares
// are in the order of Options, in whole per cent of 1.
type PooledQuestion struct {
	Question
	Withheld disclosure.Withheld
	Pool     *disclosure.Pool
	Shares   []float64
}

// frozen is a snapshot as it is read: the same until a practice in it is deleted.
type frozen struct {
	key     store.SnapshotKey
	quarter calendar.Period
	ledger  disclosure.Ledger
	members map[string]store.SnapshotMember
	cohorts map[string]disclosure.Cohort // by question
	open    bool                         // every practice in it agreed to be named
}

// frozenCache keeps snapshots that were read lately: of a large network one is a megabyte to read.
type frozenCache struct {
	mu   sync.Mutex
	held map[string]*frozen
}

const maxFrozen = 48

func (r *Reader) snapshot(ctx context.Context, networkID string, k store.SnapshotKey, sv *survey.Survey) (*frozen, error) {
	name := fmt.Sprintf("%s %s %d %s %d", networkID, k.Survey, k.Version, k.Quarter, k.Gone)
	r.frozen.mu.Lock()
	f := r.frozen.held[name]
	r.frozen.mu.Unlock()
	if f != nil {
		return f, nil
	}
	quarter, err := calendar.ParseQuarter(k.Quarter)
	if err != nil {
		return nil, err
	}
	snapshot, err := r.store.Snapshot(ctx, networkID, k)
	if err != nil {
		return nil, err
	}
	f = &frozen{key: k, quarter: quarter, ledger: snapshot.Ledger, members: make(map[string]store.SnapshotMember, len(snapshot.Members)),
		cohorts: map[string]disclosure.Cohort{}, open: len(snapshot.Members) > 1}
	for _, m := range snapshot.Members {
		f.members[m.PracticeID] = m
		f.open = f.open && m.OpenConsent
	}
	g := snapshot.Ledger.Gate()
	for _, q := range sv.ScoredAndIndex() {
		f.cohorts[q.ID] = g.Cohort(store.AnswersTo(q.ID, snapshot.Members), q.Scores(), survey.NotApplicable)
	}
	r.frozen.mu.Lock()
	defer r.frozen.mu.Unlock()
	if r.frozen.held == nil || len(r.frozen.held) >= maxFrozen {
		r.frozen.held = map[string]*frozen{}
	}
	r.frozen.held[name] = f
	return f, nil
}

// answered reports whether any practice had a release in the snapshot.
func (f *frozen) answered() bool {
	for _, m := range f.members {
		if len(m.Questions) > 0 {
			return true
		}
	}
	return false
}

// frame finds the snapshot of one version of a survey for the quarter asked for, among those that seen
// accepts. An empty surveyID means the first there is, version 0 the latest,
// an empty quarter the latest; what does not exist is NotFound. Without any snapshot all is empty.
func (r *Reader) frame(ctx context.Context, n practice.Network, surveyID string, version int, quarter string, seen func(*frozen) bool) (Frame, *frozen, error) {
	out := Frame{Network: n}
	keys, err := r.store.SnapshotKeys(ctx, n.ID)
	if err != nil {
		return out, nil, err
	}
	bySurvey := map[store.SnapshotKey][]*frozen{} // Quarter left out of the key
	for _, k := range slices.Backward(keys) {
		sv, ok := r.surveys.Survey(k.Survey, k.Version)
		if !ok {
			continue
		}
		f, err := r.snapshot(ctx, n.ID, k, sv)
		if err != nil {
			return out, nil, err
		}
		if !seen(f) {
			continue
		}
		one := store.SnapshotKey{Survey: k.Survey, Version: k.Version}
		if bySurvey[one] == nil {
			tab := Tab{Survey: sv.ID, Version: sv.Version, Title: sv.Title, Released: true}
			tab.Older = slices.ContainsFunc(out.Tabs, func(t Tab) bool { return t.Survey == sv.ID })
			out.Tabs = append(out.Tabs, tab)
		}
		bySurvey[one] = append(bySurvey[one], f)
	}
	if len(out.Tabs) == 0 {
		return out, nil, nil
	}
	tab, ok := choose(out.Tabs, surveyID, version)
	if !ok {
		return out, nil, fault.New(fault.NotFound, "error.not_found")
	}
	out.Survey, out.Version, out.Title = tab.Survey, tab.Version, tab.Title
	all := bySurvey[store.SnapshotKey{Survey: tab.Survey, Version: tab.Version}] // latest first
	at := -1
	for i, f := range all {
		out.Quarters = append(out.Quarters, f.quarter)
		if at < 0 && (quarter == "" || f.key.Quarter == quarter) {
			at = i
		}
	}
	if at < 0 {
		return out, nil, fault.New(fault.NotFound, "error.not_found")
	}
	out.Quarter = all[at].quarter
	return out, all[at], nil
}

// Comparison reports on a practice beside the others in a network, from the snapshots it is part of. An
// empty surveyID, version 0 and an empty quarter mean the first, the latest and the latest there is;
// what does not exist is NotFound. The caller has made sure that the practice has joined.
func (r *Reader) Comparison(ctx context.Context, p practice.Practice, n practice.Network, surveyID string, version int, quarter string) (*Comparison, error) {
	frame, now, err := r.frame(ctx, n, surveyID, version, quarter, func(f *frozen) bool {
		_, in := f.members[p.ID]
		return in && f.answered()
	})
	if err != nil || frame.Empty() {
		return &Comparison{Frame: frame}, err
	}
	names, err := r.namesIn(ctx, now)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Frame: frame}
	sv, _ := r.surveys.Survey(frame.Survey, frame.Version)
	for _, q := range sv.ScoredAndIndex() {
		out := Compared{Question: r.asked(q), Own: r.result(q, now.members[p.ID].Questions[q.ID].Counts)}
		others, why := now.ledger.Others(q.ID, p.ID, now.cohorts[q.ID])
		if out.Withheld = why; why == disclosure.None {
			out.compare(&others)
		}
		for _, m := range names {
			out.Named = append(out.Named, Named{m.Name, m.ID == p.ID, r.result(q, now.members[m.ID].Questions[q.ID].Counts)})
		}
		c.Questions = append(c.Questions, out)
	}
	return c, nil
}

// compare fills in what is said of the own figures beside the others'. The derived question has no
// share to compare: over 50 of 100 means nothing there.
func (c *Compared) compare(others *disclosure.Benchmark) {
	c.Others = others
	if c.Own == nil || c.Derived {
		return
	}
	share, positive := c.Own.Positive, c.Own.Groups[2]
	if share.Bound == disclosure.Exact {
		value, interval := others.Shrunk(positive, c.Own.N)
		c.Shrunk = &Shrunk{value, interval}
	}
	if c.Own.N < stats.ComparisonMinimum {
		c.Verdict = TooUnsure
		return
	}
	limits := others.Limits(c.Own.N)
	c.Higher = share.Value > limits.High95
	switch {
	case share.Value < limits.Low998 || share.Value > limits.High998:
		c.Verdict = StandsOut
	case share.Value < limits.Low95 || share.Value > limits.High95:
		c.Verdict = LooksOther
	default:
		c.Verdict = Alike
	}
}

// namesIn lists the practices of a snapshot by name, if all of them agreed to be named.
func (r *Reader) namesIn(ctx context.Context, f *frozen) ([]practice.Practice, error) {
	if !f.open {
		return nil, nil
	}
	all, err := r.store.Practices(ctx)
	if err != nil {
		return nil, err
	}
	named := slices.DeleteFunc(all, func(p practice.Practice) bool { _, in := f.members[p.ID]; return !in })
	slices.SortFunc(named, func(a, b practice.Practice) int { return strings.Compare(a.Slug, b.Slug) })
	return named, nil
}

// asked is a question without answers.
func (r *Reader) asked(q survey.Question) Question {
	return Question{ID: q.ID, Derived: q.ID == survey.IndexID, Scored: q.Kind == survey.Scale, Text: q.Text, Note: q.Note,
		Options: ordered(q), Aside: q.NotApplicable, Least: r.gate.Floor()}
}

// Pooled reports on a network as its coordinator may see it: all practices together. The arguments are
// as in Comparison.
func (r *Reader) Pooled(ctx context.Context, n practice.Network, surveyID string, version int, quarter string) (*Pooled, error) {
	frame, now, err := r.frame(ctx, n, surveyID, version, quarter, (*frozen).answered)
	if err != nil || frame.Empty() {
		return &Pooled{Frame: frame}, err
	}
	p := &Pooled{Frame: frame}
	sv, _ := r.surveys.Survey(frame.Survey, frame.Version)
	for _, q := range sv.ScoredAndIndex() {
		out := PooledQuestion{Question: r.asked(q)}
		pool, why := now.ledger.Pool(q.ID, now.cohorts[q.ID])
		if out.Withheld = why; why == disclosure.None {
			out.Pool = &pool
			shares := pool.Shares()
			for _, o := range out.Options {
				out.Shares = append(out.Shares, shares[o.Code])
			}
		}
		p.Questions = append(p.Questions, out)
	}
	return p, nil
}
