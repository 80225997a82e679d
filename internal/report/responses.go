package report

import (
	"context"
	"slices"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/store"
)

func (r *Reader) responses(ctx context.Context, k store.Key, releases []store.Release) (Responses, error) {
	var out Responses
	var m mailing // of a practice that nobody answers by message it is not asked
	if slices.ContainsFunc(releases, r.answeredByMessage) {
		var err error
		if m, err = r.mailing(ctx, k.PracticeID); err != nil {
			return out, err
		}
	}
	seen := map[string]bool{}
	for _, rel := range releases {
		w, ok := r.week(k, rel, m)
		if !ok {
			continue
		}
		for c := range w.Parts {
			seen[c] = true
		}
		out.Total += w.Total
		out.Weeks = append(out.Weeks, w)
	}
	for _, c := range Channels {
		if seen[c] {
			out.Channels = append(out.Channels, c)
		}
	}
	return out, nil
}

// week is the responses of one release by channel, as far as they may be told; false: fewer than ten.
func (r *Reader) week(k store.Key, rel store.Release, m mailing) (WeekResponses, bool) {
	if rel.Channels == nil {
		return WeekResponses{}, false
	}
	split, ok := r.gate.Split(rel.Channels.Counts)
	if !ok {
		return WeekResponses{}, false
	}
	span := Span{rel.Channels.First, rel.Channels.Last}
	if split.Parts()[byMessage] > 0 && !m.mayTell(k, span) {
		split = split.Gathered()
	}
	w := WeekResponses{rel.Week, span, split.Total(), split.Parts()}
	rest := w.Total
	for _, n := range w.Parts {
		rest -= n
	}
	if rest > 0 {
		w.Parts[disclosure.Mixed] += rest
	}
	return w, true
}

const byMessage = "sms"

// mailing is what rule S8 goes by: how many a practice asked by message in each week, and how many answered
// by message, release by release.
type mailing struct {
	keys     []store.Key
	releases map[store.Key][]store.Release
	asked    map[calendar.Week]int
	answered []answered
}

type answered struct {
	digital bool
	span    Span
	n       int
}

func (r *Reader) mailing(ctx context.Context, practiceID string) (m mailing, err error) {
	if m.asked, err = r.store.AskedWeekly(ctx, practiceID); err != nil {
		return m, err
	}
	if m.keys, err = r.store.Released(ctx, practiceID); err != nil {
		return m, err
	}
	m.releases = make(map[store.Key][]store.Release, len(m.keys))
	for _, k := range m.keys {
		if m.releases[k], err = r.store.Releases(ctx, k); err != nil {
			return m, err
		}
		for _, rel := range m.releases[k] {
			if n := r.byMessage(rel); n > 0 {
				m.answered = append(m.answered, answered{k.Survey == digitalSurvey, Span{rel.Channels.First, rel.Channels.Last}, n})
			}
		}
	}
	return m, nil
}

// byMessage is how many answered by message in a release, as far as the gate lets it be told at all.
func (r *Reader) byMessage(rel store.Release) int {
	if rel.Channels == nil {
		return 0
	}
	split, ok := r.gate.Split(rel.Channels.Counts)
	if !ok {
		return 0
	}
	return split.Parts()[byMessage]
}

func (r *Reader) answeredByMessage(rel store.Release) bool { return r.byMessage(rel) > 0 }

// mayTell reports whether the number who answered by message in a release may be told, beside the number who
// were asked in its weeks. What other releases have of the same weeks, because one was closed early or the
// survey has a new version, is counted with it; but a form that went on to the digital services is counted
// in each of its two surveys.
func (m mailing) mayTell(k store.Key, s Span) bool {
	asked, n := 0, 0
	for w := s.First; w <= s.Last; w = w.Add(1) {
		asked += m.asked[w]
	}
	for _, a := range m.answered {
		if a.digital == (k.Survey == digitalSurvey) && a.span.First <= s.Last && s.First <= a.span.Last {
			n += a.n
		}
	}
	return disclosure.MayCompare(asked, n)
}

// PointTotals is the number of responses by collection point; only those with ten. From is the first week
// that is counted; empty: from the beginning.
type PointTotals struct {
	From   calendar.Week
	Totals map[string]int
}

// PointTotals counts what is released by collection point, as far as it can be told beside the channels. A
// form that goes on to the digital services counts once, with the survey it began with.
func (r *Reader) PointTotals(ctx context.Context, practiceID string) (PointTotals, error) {
	m, err := r.mailing(ctx, practiceID)
	if err != nil {
		return PointTotals{}, err
	}
	var lets []disclosure.Let
	var parts []store.Release
	for _, k := range m.keys {
		if k.Survey == digitalSurvey {
			continue
		}
		for _, rel := range m.releases[k] {
			w, _ := r.week(k, rel, m)
			let := disclosure.Let{Week: string(rel.Week), Ways: w.Parts}
			if rel.Points != nil {
				let.First = string(rel.Points.First)
				parts = append(parts, rel)
			}
			lets = append(lets, let)
		}
	}
	after := calendar.Week(disclosure.PointsAfter(lets))
	var points disclosure.Sealed
	for _, rel := range parts {
		if rel.Week > after {
			points = points.Plus(rel.Points.Counts)
		}
	}
	split, _ := r.gate.Split(points)
	out := PointTotals{Totals: split.Parts()}
	if after != none {
		out.From = after.Add(1)
	}
	return out, nil
}
