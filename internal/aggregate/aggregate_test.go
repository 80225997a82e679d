package aggregate_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
	"github.com/venterom/venterom/internal/survey"
	"github.com/venterom/venterom/surveys"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// turn is when week 48 begins: Monday 04:00 in Oslo.
var turn = time.Date(2026, 11, 23, 4, 0, 0, 0, calendar.Oslo)

const (
	before = calendar.Week("2026-W47")
	after  = calendar.Week("2026-W48")
)

var catalog = func() *survey.Catalog {
	c, err := survey.Load(surveys.FS)
	if err != nil {
		panic(err) // embedded data
	}
	return c
}()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a clock that tests set.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock(at time.Time) *clock {
	c := &clock{}
	c.set(at)
	return c
}

func (c *clock) set(at time.Time) { c.at.Store(&at) }
func (c *clock) now() time.Time   { return *c.at.Load() }

// quiet is a log for tests in which something is meant to fail.
var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func newIntake(t testing.TB, s *store.Store, now func() time.Time) *aggregate.Intake {
	t.Helper()
	in := aggregate.NewIntake(s, aggregate.NewCloser(s, disclosure.Gate{}, quiet), now, quiet)
	t.Cleanup(in.Stop)
	return in
}

func newPractice(t testing.TB, s *store.Store, name string) practice.Practice {
	t.Helper()
	p, _, err := s.CreatePractice(context.Background(), practice.Practice{Live: true, QR: true, Network: true, Name: name}, "Venterommet")
	must(t, err)
	return p
}

// entry is a form with one answer.
func entry(p practice.Practice, receipt, option string) store.Entry {
	visit, _ := catalog.Survey("visit", 1)
	return aggregate.Entry(p.ID, "P", "qr", receipt, []survey.Response{{Survey: visit, Answers: map[string]string{"polite": option}}})
}

// polite is the key of what entry counts.
func polite(p practice.Practice) store.Key {
	return store.Key{PracticeID: p.ID, Survey: "visit", Version: 1}
}

var everything = store.Division{Divide: func(_ string, p store.Sums) (store.Sums, store.Sums) { return p, store.Sums{} }}

// lines writes the releases of one question, "2026-W48: 2026-W47–2026-W48 1:0 5:12" each, whatever
// their size: thirty of each option are added before the gate and taken away after it.
func lines(t testing.TB, s *store.Store, k store.Key, question string, options ...string) string {
	t.Helper()
	releases, err := s.Releases(context.Background(), k)
	must(t, err)
	lift := map[string]int{}
	for _, o := range options {
		lift[o] = 30
	}
	var out []string
	for _, r := range releases {
		q, ok := r.Questions[question]
		if !ok {
			out = append(out, fmt.Sprintf("%s: nothing", r.Week))
			continue
		}
		shown, ok := disclosure.Gate{}.Question(q.Counts.Plus(disclosure.Seal(lift)), nil, survey.NotApplicable)
		if !ok {
			t.Fatal("the gate is closed")
		}
		line := fmt.Sprintf("%s: %s–%s", r.Week, q.First, q.Last)
		for _, o := range options {
			n := shown.Counts()[o]
			if o == survey.NotApplicable {
				n = shown.Aside()
			}
			line += fmt.Sprintf(" %s:%d", o, n-30)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// sums reads what text writes: "channels qr:9; points A:9; polite 5:9 na:2", all of one week.
func sums(week calendar.Week, text string) store.Sums {
	out := store.Sums{Questions: map[string]store.Sum{}}
	for part := range strings.SplitSeq(text, "; ") {
		words := strings.Fields(part)
		s := store.Sum{First: week, Last: week, Counts: map[string]int{}}
		for _, w := range words[1:] {
			code, n, _ := strings.Cut(w, ":")
			k, err := strconv.Atoi(n)
			if err != nil {
				panic(err) // a slip in a table
			}
			s.Counts[code] = k
		}
		switch words[0] {
		case "channels":
			out.Channels = s
		case "points":
			out.Points = s
		case "asides":
			out.Asides = s.Counts
		default:
			out.Questions[words[0]] = s
		}
	}
	return out
}

func text(s store.Sums) string {
	var parts []string
	add := func(name string, sum store.Sum) {
		if len(sum.Counts) == 0 {
			return
		}
		part := name
		for _, code := range slices.Sorted(maps.Keys(sum.Counts)) {
			part += fmt.Sprintf(" %s:%d", code, sum.Counts[code])
		}
		if sum.First != before || sum.Last != before {
			part += fmt.Sprintf(" %s–%s", sum.First, sum.Last)
		}
		parts = append(parts, part)
	}
	add("channels", s.Channels)
	add("points", s.Points)
	for _, id := range slices.Sorted(maps.Keys(s.Questions)) {
		add(id, s.Questions[id])
	}
	add("asides", store.Sum{First: before, Last: before, Counts: s.Asides})
	return strings.Join(parts, "; ")
}

func TestDivide(t *testing.T) {
	for _, c := range []struct{ name, pending, release, rest string }{
		{"nine answers wait, with their channel and point",
			"channels qr:9; points A:9; polite 4:3 5:6", "", "channels qr:9; points A:9; polite 4:3 5:6"},
		{"ten go", "channels qr:10; points A:10; polite 4:3 5:7", "channels qr:10; points A:10; polite 4:3 5:7", ""},
		{"does not apply is no valid answer", "channels qr:39; polite 5:9 na:30", "channels qr:39", "polite 5:9 na:30"},
		{"does not apply waits until it is ten", "channels qr:11; polite 5:10 na:1", "channels qr:11; polite 5:10", "asides polite:1"},
		{"and goes with what waited", "channels qr:15; polite 5:10 na:5; asides polite:5", "channels qr:15; polite 5:10 na:10", ""},
		{"what waits stays while its question waits", "channels qr:15; polite 5:9 na:6; asides polite:5", "channels qr:15", "polite 5:9 na:6; asides polite:5"},
		{"only does not apply", "channels qr:30; polite na:30", "channels qr:30", "polite na:30"},
		{"each question by itself", "channels qr:12; overall 5:9; polite 5:10", "channels qr:12; polite 5:10", "overall 5:9"},
		{"a small channel takes the smallest other with it", "channels qr:20 sms:3; polite 5:9", "channels mixed:23", "polite 5:9"},
		{"and no more than that", "channels qr:20 sms:3 web:15", "channels mixed:18 qr:20", ""},
		{"small channels that are ten together stay together", "channels qr:20 sms:6 web:4", "channels mixed:10 qr:20", ""},
		{"a channel that brought nothing looks like one that brought few", "channels qr:20 sms:0 web:15", "channels mixed:15 qr:20", ""},
		{"channels under ten hold back their points", "channels qr:9; points A:12", "", "channels qr:9; points A:12"},
		{"a point under ten waits, and so that no week's total tells what it got, the others with it",
			"channels qr:38; points A:20 B:15 C:3", "channels qr:38", "points A:20 B:15 C:3"},
		{"points with ten each go together", "channels qr:48; points A:20 B:15 C:13", "channels qr:48; points A:20 B:15 C:13", ""},
		{"a slow point does not hold the others back for ever",
			"channels qr:305; points A:200 B:102 C:3", "channels qr:305; points A:200 mixed:105", ""},
		{"points under ten all wait", "channels qr:15; points A:5 B:5 C:5", "channels qr:15", "points A:5 B:5 C:5"},
		{"a point may lead to nothing", "channels qr:10", "channels qr:10", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			release, rest := aggregate.Divide(disclosure.Gate{}).Divide("visit", sums(before, c.pending))
			if got := text(release); got != c.release {
				t.Errorf("released %q, want %q", got, c.release)
			}
			if got := text(rest); got != c.rest {
				t.Errorf("left %q, want %q", got, c.rest)
			}
		})
	}
}

// TestJoin: what a lead let in joins where at least ten answers are released beside it, and waits elsewhere.
func TestJoin(t *testing.T) {
	for _, c := range []struct{ name, pending, letIn, release, rest, left string }{
		{"nothing else is released", "channels qr:9; polite 5:9", "channels qr:12; points A:12; polite 1:12",
			"", "channels qr:9; polite 5:9", "channels qr:12; points A:12; polite 1:12"},
		{"nobody else answered", "", "channels qr:12; polite 1:12", "", "", "channels qr:12; polite 1:12"},
		{"ten others are", "channels qr:10; points A:10; polite 5:10", "channels qr:12; points A:12; polite 1:12",
			"channels qr:22; points A:22; polite 1:12 5:10", "", ""},
		{"question by question", "channels qr:12; overall 5:9; polite 5:12", "channels qr:10; overall 1:10; polite 1:3",
			"channels qr:22; polite 1:3 5:12", "overall 5:9", "overall 1:10"},
		{"does not apply, where as many are released", "channels qr:30; polite 5:12 na:18", "channels qr:10; polite 1:4 na:6",
			"channels qr:40; polite 1:4 5:12 na:24", "", ""},
		{"and where it waits", "channels qr:15; polite 5:12 na:3", "channels qr:10; polite 1:4 na:6",
			"channels qr:25; polite 1:4 5:12", "asides polite:9", ""},
		{"only does not apply", "channels qr:15; polite 5:12", "channels qr:10; polite na:10", "channels qr:25; polite 5:12", "asides polite:10", ""},
		{"its small channels go together", "channels qr:10", "channels kiosk:5 qr:6", "channels mixed:11 qr:10", "", ""},
		{"its points wait with the points", "channels qr:15; points A:12 B:3", "channels qr:10; points A:10",
			"channels qr:25", "points A:12 B:3", "points A:10"},
		{"its small points go together", "channels qr:30; points A:15 B:15", "channels qr:12; points A:4 B:8",
			"channels qr:42; points A:15 B:15 mixed:12", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			by := aggregate.Divide(disclosure.Gate{})
			pending := store.Sums{}
			if c.pending != "" {
				pending = sums(before, c.pending)
			}
			letIn := sums(before, c.letIn)
			release, rest := by.Divide("visit", pending)
			released, waited := text(release), text(rest)
			fuller, waits, left := by.Join(release, rest, letIn)
			for what, got := range map[string][2]string{"release": {text(fuller), c.release}, "rest": {text(waits), c.rest}, "left": {text(left), c.left},
				"what was let in, after": {text(letIn), c.letIn}, "the release, after": {text(release), released}, "the rest, after": {text(rest), waited}} {
				if got[0] != got[1] {
					t.Errorf("%s: got %q, want %q", what, got[0], got[1])
				}
			}
		})
	}
}

// TestSettle: fewer than ten held responses are not spoken of, with the gate's own floor.
func TestSettle(t *testing.T) {
	gate, err := disclosure.NewGate(15, disclosure.CohortFloor)
	must(t, err)
	for _, c := range []struct {
		gate disclosure.Gate
		n    int
		want bool
	}{{disclosure.Gate{}, 9, false}, {disclosure.Gate{}, 10, true}, {gate, 14, false}, {gate, 15, true}} {
		n, ok := aggregate.Divide(c.gate).Settle(sums(before, fmt.Sprintf("channels qr:%d kiosk:5; polite 5:30", c.n-5)))
		if n != c.n || ok != c.want {
			t.Errorf("%d held: %d, %t", c.n, n, ok)
		}
	}
}

func TestWhatWaitedKeepsItsFirstWeek(t *testing.T) {
	_, rest := aggregate.Divide(disclosure.Gate{}).Divide("visit", sums(before, "channels qr:9; points A:9; polite 5:9"))
	release, rest := aggregate.Divide(disclosure.Gate{}).Divide("visit", rest.Plus(sums(after, "channels qr:1; points A:1; polite 1:1")))
	want := "channels qr:10 2026-W47–2026-W48; points A:10 2026-W47–2026-W48; polite 1:1 5:9 2026-W47–2026-W48"
	if got := text(release); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !rest.Empty() {
		t.Errorf("left %q", text(rest))
	}
}

// TestDivideLosesNothingAndReleasesNoSmallPart holds Divide to its promises on a thousand drawn sums.
func TestDivideLosesNothingAndReleasesNoSmallPart(t *testing.T) {
	r := rand.New(rand.NewPCG(47, 48))
	draw := func(codes ...string) store.Sum {
		s := store.Sum{First: before, Last: before, Counts: map[string]int{}}
		for _, c := range codes {
			if r.IntN(3) > 0 {
				s.Counts[c] = r.IntN([]int{3, 12, 40}[r.IntN(3)])
			}
		}
		return s
	}
	total := func(s store.Sum) (n int) {
		for _, k := range s.Counts {
			n += k
		}
		return n
	}
	for i := range 1000 {
		pending := store.Sums{Channels: draw("qr", "sms", "web", "slip"), Points: draw("A", "B", "C", "D"),
			Questions: map[string]store.Sum{"polite": draw("1", "2", "3", "4", "5", "na"), "overall": draw("1", "5")}}
		if r.IntN(2) > 0 {
			pending.Asides = map[string]int{"polite": 1 + r.IntN(9)}
		}
		was := text(pending)
		release, rest := aggregate.Divide(disclosure.Gate{}).Divide("visit", pending)
		if text(pending) != was {
			t.Fatalf("%d: Divide changed %q to %q", i, was, text(pending))
		}
		if got, want := total(release.Channels)+total(rest.Channels), total(pending.Channels); got != want {
			t.Errorf("%d: %q: %d responses by channel, want %d", i, was, got, want)
		}
		both := release.Plus(rest)
		for _, p := range []store.Sums{both, pending} { // what waits apart is "does not apply" all the same
			for id, n := range p.Asides {
				p.Questions[id] = store.Sum{Counts: maps.Clone(p.Questions[id].Counts)}
				p.Questions[id].Counts["na"] += n
			}
		}
		for _, p := range []struct {
			name      string
			got, want store.Sum
		}{
			{"points", both.Points, pending.Points},
			{"polite", both.Questions["polite"], pending.Questions["polite"]},
			{"overall", both.Questions["overall"], pending.Questions["overall"]},
		} {
			for _, counts := range []map[string]int{p.got.Counts, p.want.Counts} {
				maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
			}
			if !maps.Equal(p.got.Counts, p.want.Counts) {
				t.Errorf("%d: %q: %s is %v, want %v", i, was, p.name, p.got.Counts, p.want.Counts)
			}
		}
		for id, q := range release.Questions {
			if n := total(q) - q.Counts["na"]; n < disclosure.Floor {
				t.Errorf("%d: %q: %s is released with %d answers", i, was, id, n)
			}
			if n := q.Counts["na"]; n > 0 && n < disclosure.Floor {
				t.Errorf("%d: %q: %s is released with %d that it did not apply to", i, was, id, n)
			}
		}
		for _, part := range []store.Sum{release.Channels, release.Points} {
			for k, n := range part.Counts {
				if n < disclosure.Floor {
					t.Errorf("%d: %q: %s is released with %d responses", i, was, k, n)
				}
			}
		}
		if n := total(rest.Points); len(release.Points.Counts) > 0 && n > 0 && n < disclosure.Floor {
			t.Errorf("%d: %q: %d responses at points are the difference to the rest", i, was, n)
		}
	}
}

func TestIntake(t *testing.T) {
	t.Run("one form sent a hundred times at once is counted once", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, s *store.Store) {
			p := newPractice(t, s, "Eidsvåg")
			in := newIntake(t, s, newClock(turn).now)
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() {
					if err := in.Count(context.Background(), entry(p, "same", "5")); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			closeWith(t, s, after, everything)
			if got, want := lines(t, s, polite(p), "polite", "5"), "2026-W48: 2026-W48–2026-W48 5:1"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	})

	t.Run("what 64 clients send is counted exactly", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, s *store.Store) {
			ps := []practice.Practice{newPractice(t, s, "Eidsvåg"), newPractice(t, s, "Lillevik")}
			in := newIntake(t, s, newClock(turn).now)
			var wg sync.WaitGroup
			for client := range 64 {
				wg.Go(func() {
					for i := range 10 {
						e := entry(ps[i%2], fmt.Sprint(client, "-", i), []string{"1", "5"}[client%2])
						for range 1 + i%2 { // every second form twice
							if err := in.Count(context.Background(), e); err != nil {
								t.Error(err)
							}
						}
					}
				})
			}
			wg.Wait()
			closeWith(t, s, after, everything)
			for _, p := range ps {
				if got, want := lines(t, s, polite(p), "polite", "1", "5"), "2026-W48: 2026-W48–2026-W48 1:160 5:160"; got != want {
					t.Errorf("%s: got  %s\nwant %s", p.Name, got, want)
				}
			}
		})
	})

	t.Run("a batch on paper sent twenty times at once, among forms, is counted once and whole", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, s *store.Store) {
			p := newPractice(t, s, "Eidsvåg")
			in := newIntake(t, s, newClock(turn).now)
			visit, _ := catalog.Survey("visit", 1)
			var responses []survey.Response
			for i := range 12 {
				responses = append(responses, survey.Response{Survey: visit, Answers: map[string]string{
					"polite": []string{"5", "4", survey.NotApplicable}[i%3], "overall": "5"}})
			}
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					if err := in.Count(context.Background(), aggregate.Entry(p.ID, "", "paper", "batch", responses)); err != nil {
						t.Error(err)
					}
				})
				wg.Go(func() {
					if err := in.Count(context.Background(), entry(p, fmt.Sprint(i), "4")); err != nil {
						t.Error(err)
					}
				})
				wg.Go(func() {
					if in.Count(context.Background(), aggregate.Entry("nobody", "", "paper", "nobody", responses)) == nil {
						t.Error("a batch of nobody's was counted")
					}
				})
			}
			wg.Wait()
			var pending store.Sums
			closeWith(t, s, after, store.Division{Divide: func(_ string, p store.Sums) (store.Sums, store.Sums) { pending = p; return p, store.Sums{} }})
			if got, want := fmt.Sprint(pending.Channels.Counts, pending.Points.Counts), "map[paper:12 qr:20] map[P:20]"; got != want {
				t.Errorf("by channel and point %s, want %s", got, want)
			}
			if got, want := lines(t, s, polite(p), "polite", "4", "5", "na"), "2026-W48: 2026-W48–2026-W48 4:24 5:4 na:4"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			// Each sheet has an index of its own where it is answered well enough: here on two of five, too few.
			if _, ok := pending.Questions[survey.IndexID]; ok {
				t.Error("two answers of five have made an index")
			}
		})
	})

	t.Run("a form to a practice that is gone does not fail the others in its batch", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, s *store.Store) {
			p := newPractice(t, s, "Eidsvåg")
			in := newIntake(t, s, newClock(turn).now)
			var wg sync.WaitGroup
			for i := range 200 {
				wg.Go(func() {
					to := p
					if i%10 == 0 {
						to.ID = "nobody"
					}
					err := in.Count(context.Background(), entry(to, fmt.Sprint(i), "5"))
					if (err != nil) != (i%10 == 0) {
						t.Errorf("form %d: %v", i, err)
					}
				})
			}
			wg.Wait()
			closeWith(t, s, after, everything)
			if got, want := lines(t, s, polite(p), "polite", "5"), "2026-W48: 2026-W48–2026-W48 5:180"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	})

	t.Run("Stop commits what has come in, and refuses what comes after", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, s *store.Store) {
			p := newPractice(t, s, "Eidsvåg")
			in := newIntake(t, s, newClock(turn).now)
			var counted, refused, begun atomic.Int32
			busy := make(chan struct{}) // closed when the queue is in use
			var wg sync.WaitGroup
			for client := range 64 {
				wg.Go(func() {
					for i := range 1000 {
						if begun.Add(1) == 200 {
							close(busy)
						}
						err := in.Count(context.Background(), entry(p, fmt.Sprint(client, "-", i), "5"))
						switch {
						case err == nil:
							counted.Add(1)
						case fault.KindOf(err) == fault.Unavailable:
							refused.Add(1)
							return
						default:
							t.Error(err)
							return
						}
					}
				})
			}
			<-busy
			in.Stop()
			wg.Wait()
			in.Stop() // a second one does nothing
			if refused.Load() == 0 {
				t.Error("nothing came after Stop: the test shows nothing")
			}
			if err := in.Count(context.Background(), entry(p, "late", "5")); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("after Stop: %v, want unavailable", err)
			}
			closeWith(t, s, after, everything)
			if got, want := lines(t, s, polite(p), "polite", "5"), fmt.Sprintf("2026-W48: 2026-W48–2026-W48 5:%d", counted.Load()); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	})

	t.Run("a client that gives up and sends again is counted once", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, s *store.Store) {
			p := newPractice(t, s, "Eidsvåg")
			in := newIntake(t, s, newClock(turn).now)
			var wg sync.WaitGroup
			for i := range 200 {
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*20*time.Microsecond)
					defer cancel()
					e := entry(p, fmt.Sprint(i), "5")
					if err := in.Count(ctx, e); err != nil {
						if !errors.Is(err, context.DeadlineExceeded) {
							t.Error(err)
						}
						if err := in.Count(context.Background(), e); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			closeWith(t, s, after, everything)
			if got, want := lines(t, s, polite(p), "polite", "5"), "2026-W48: 2026-W48–2026-W48 5:200"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	})
}

func closeWith(t testing.TB, s *store.Store, week calendar.Week, divide store.Division) {
	t.Helper()
	if closed, err := s.CloseWeek(context.Background(), week, divide); err != nil || !closed {
		t.Fatalf("CloseWeek(%s) = %t, %v", week, closed, err)
	}
}

// TestTheWeekTurnsUnderLoad moves the clock over Monday 04:00 while 32 clients send, two intakes on
// one database as two instances are. What was sent after the turn is never in the old week's release,
// what was acknowledged before it always is.
func TestTheWeekTurnsUnderLoad(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			dsn := storetest.DSN(t, e)
			ctx := context.Background()
			c := newClock(turn.Add(-time.Second))
			var stores [2]*store.Store
			var intakes [2]*aggregate.Intake
			for i := range stores {
				s, err := store.Open(ctx, dsn, storetest.Secret)
				must(t, err)
				t.Cleanup(func() { _ = s.Close() })
				stores[i], intakes[i] = s, newIntake(t, s, c.now)
			}
			p := newPractice(t, stores[0], "Eidsvåg")
			const sure = 400 // acknowledged before the turn
			var turned atomic.Bool
			var acknowledged atomic.Int64
			var wg sync.WaitGroup
			for client := range 32 {
				wg.Go(func() {
					for i := range 40 {
						// Options tell the old week's answers from the new week's.
						option := "1"
						if turned.Load() {
							option = "5"
						}
						if err := intakes[client%2].Count(ctx, entry(p, fmt.Sprint(client, "-", i), option)); err != nil {
							t.Error(err)
						}
						if acknowledged.Add(1) == sure {
							c.set(turn)
							turned.Store(true)
						}
					}
				})
			}
			wg.Wait()
			closer := aggregate.NewCloser(stores[0], disclosure.Gate{}, quiet)
			must(t, closer.CloseEnded(ctx, turn.AddDate(0, 0, 7)))
			got := lines(t, stores[1], polite(p), "polite", "1", "5")
			var first, second [2]int
			var lastOfFirst, firstOfSecond string
			if _, err := fmt.Sscanf(strings.NewReplacer("\n", " ", "–", " ", ":", " ").Replace(got),
				"2026-W47 2026-W47 %s 1 %d 5 %d 2026-W48 %s 2026-W48 1 %d 5 %d",
				&lastOfFirst, &first[0], &first[1], &firstOfSecond, &second[0], &second[1]); err != nil {
				t.Fatalf("%v in\n%s", err, got)
			}
			if lastOfFirst != string(before) {
				t.Errorf("the old week's release has answers of %s", lastOfFirst)
			}
			if first[1] > 0 {
				t.Errorf("%d answers sent after the turn are in the old week's release:\n%s", first[1], got)
			}
			if n := int64(first[0] + first[1] + second[0] + second[1]); n != acknowledged.Load() {
				t.Errorf("counted %d, want %d:\n%s", n, acknowledged.Load(), got)
			}
			if first[0] < sure {
				t.Errorf("only %d of %d answers before the turn are in the old week's release:\n%s", first[0], sure, got)
			}
		})
	}
}

func TestTheFirstAnswerOfAWeekFindsTheOldOneClosed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p := newPractice(t, s, "Eidsvåg")
		c := newClock(turn.Add(-time.Second))
		in := newIntake(t, s, c.now)
		for i := range 12 {
			must(t, in.Count(ctx, entry(p, fmt.Sprint("old", i), "1")))
		}
		c.set(turn)
		must(t, in.Count(ctx, entry(p, "new", "5")))
		if got, want := lines(t, s, polite(p), "polite", "1", "5"), "2026-W47: 2026-W47–2026-W47 1:12 5:0"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		// The same on the two nights when clocks change: the turn stays at 04:00 on the wall.
		for _, monday := range []time.Time{time.Date(2026, 3, 30, 4, 0, 0, 0, calendar.Oslo), time.Date(2026, 10, 26, 4, 0, 0, 0, calendar.Oslo)} {
			if w, next := calendar.WeekOf(monday.Add(-time.Second)), calendar.WeekOf(monday); next != w.Add(1) {
				t.Errorf("%v: from %s to %s", monday, w, next)
			}
		}
	})
}

func TestCloser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p := newPractice(t, s, "Eidsvåg")
		closer := aggregate.NewCloser(s, disclosure.Gate{}, quiet)
		count := func(at time.Time, prefix string, n int) {
			t.Helper()
			var batch []store.Entry
			for i := range n {
				batch = append(batch, entry(p, fmt.Sprint(prefix, i), "5"))
			}
			must(t, s.Count(ctx, at, batch))
		}
		if closed, err := closer.Close(ctx, after.Add(1), turn); closed || fault.KindOf(err) != fault.Invalid {
			t.Errorf("a week to come: %t, %v, want invalid", closed, err)
		}
		count(turn.Add(-time.Hour), "a", 12)
		for range 3 {
			must(t, closer.CloseEnded(ctx, turn))
		}
		if closed, err := closer.Close(ctx, before, turn); closed || err != nil {
			t.Errorf("a closed week again: %t, %v", closed, err)
		}
		count(turn, "b", 9)
		// The running week, by hand: nine wait, and what comes later waits with them.
		if closed, err := closer.Close(ctx, after, turn); !closed || err != nil {
			t.Errorf("the running week: %t, %v", closed, err)
		}
		count(turn, "c", 1)
		must(t, closer.CloseEnded(ctx, turn.AddDate(0, 0, 7))) // closed already
		count(turn.AddDate(0, 0, 7), "d", 1)
		must(t, closer.CloseEnded(ctx, turn.AddDate(0, 0, 14)))
		want := "2026-W47: 2026-W47–2026-W47 5:12\n2026-W49: 2026-W48–2026-W49 5:11"
		if got := lines(t, s, polite(p), "polite", "5"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if w, err := s.LastClosed(ctx); w != "2026-W49" || err != nil {
			t.Errorf("LastClosed = %s, %v", w, err)
		}
	})
}
