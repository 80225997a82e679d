package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var monday = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) // week 48

func newPractice(t testing.TB, s *store.Store, name string) (practice.Practice, practice.Point) {
	t.Helper()
	p, point, err := s.CreatePractice(context.Background(), practice.Practice{Live: true, QR: true, Network: true, Name: name, Phone: "55 19 00 00"}, "Venterommet")
	if err != nil {
		t.Fatal(err)
	}
	return p, point
}

func entry(practiceID, receipt, option string) store.Entry {
	return store.Entry{Receipt: receipt, PracticeID: practiceID, Point: "P", Channel: "qr",
		Answers: []store.Answers{{Survey: "visit", Version: 1, Options: map[string]string{"polite": option}}}}
}

// everything releases all that is pending, whatever its size.
var everything = store.Division{Divide: func(_ string, p store.Sums) (store.Sums, store.Sums) { return p, store.Sums{} }}

// released closes the week and writes the released polite counts as "5:2 na:1".
func released(t *testing.T, s *store.Store, practiceID string, week calendar.Week) string {
	t.Helper()
	if closed, err := s.CloseWeek(context.Background(), week, everything); err != nil || !closed {
		t.Fatalf("CloseWeek(%s) = %t, %v", week, closed, err)
	}
	return dump(t, s, practiceID)
}

func dump(t *testing.T, s *store.Store, practiceID string) string {
	t.Helper()
	rs, err := s.Releases(context.Background(), store.Key{PracticeID: practiceID, Survey: "visit", Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range rs {
		line := string(r.Week)
		for _, id := range slices.Sorted(maps.Keys(r.Questions)) {
			q := r.Questions[id]
			line += fmt.Sprintf(" %s %s–%s", id, q.First, q.Last)
			// Thirty more of each option lift any count over the gate's floors.
			lifted := q.Counts.Plus(disclosure.Seal(map[string]int{"1": 30, "3": 30, "5": 30, "na": 30}))
			shown, ok := disclosure.Gate{}.Question(lifted, nil, "na")
			if !ok {
				t.Fatal("the gate is closed")
			}
			for _, code := range []string{"1", "3", "5"} {
				line += fmt.Sprintf(" %s:%d", code, shown.Counts()[code]-30)
			}
			line += fmt.Sprintf(" na:%d", shown.Aside()-30)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestCountOncePerReceipt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p, _ := newPractice(t, s, "Eidsvåg legekontor")
		ctx := context.Background()
		batch := []store.Entry{entry(p.ID, "a", "5"), entry(p.ID, "a", "5"), entry(p.ID, "b", "1"), entry(p.ID, "", "na")}
		for range 3 {
			if err := s.Count(ctx, monday, batch[:3]); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Count(ctx, monday.AddDate(0, 0, 7), batch[3:]); err != nil {
			t.Fatal(err)
		}
		want := "2026-W49 polite 2026-W48–2026-W49 1:1 3:0 5:1 na:1"
		if got := released(t, s, p.ID, "2026-W49"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestManyCountersAtOnce lets two stores on one database, as two instances are, count the same forms.
func TestManyCountersAtOnce(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			dsn := storetest.DSN(t, e)
			ctx := context.Background()
			var stores [2]*store.Store
			for i := range stores {
				s, err := store.Open(ctx, dsn, storetest.Secret)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				stores[i] = s
			}
			p1, _ := newPractice(t, stores[0], "En")
			p2, _ := newPractice(t, stores[0], "To")
			var wg sync.WaitGroup
			for worker := range 8 {
				wg.Go(func() {
					for i := range 25 {
						// Every form is sent by all eight workers.
						batch := []store.Entry{entry(p1.ID, fmt.Sprint("x", i), "5"), entry(p2.ID, fmt.Sprint("y", i), "1"), entry(p1.ID, fmt.Sprint("z", i), "3")}
						if worker%2 == 1 {
							slices.Reverse(batch)
						}
						if err := stores[worker%2].Count(ctx, monday, batch); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			want := "2026-W48 polite 2026-W48–2026-W48 1:0 3:25 5:25 na:0"
			if got := released(t, stores[0], p1.ID, "2026-W48"); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if got, want := dump(t, stores[1], p2.ID), "2026-W48 polite 2026-W48–2026-W48 1:25 3:0 5:0 na:0"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestAWeekIsClosedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		if err := s.Count(ctx, monday, []store.Entry{entry(p.ID, "a", "5")}); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		times := 0
		for range 8 {
			wg.Go(func() {
				closed, err := s.CloseWeek(ctx, "2026-W48", everything)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if closed {
					times++
				}
			})
		}
		wg.Wait()
		if times != 1 {
			t.Errorf("closed %d times", times)
		}
		if closed, err := s.CloseWeek(ctx, "2026-W47", everything); closed || err != nil {
			t.Errorf("a week before the last closed one: %t, %v", closed, err)
		}
		if w, err := s.LastClosed(ctx); w != "2026-W48" || err != nil {
			t.Errorf("LastClosed = %s, %v", w, err)
		}
	})
}

func TestWhatADivisionHoldsBackWaits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		if err := s.Count(ctx, monday, []store.Entry{entry(p.ID, "a", "5")}); err != nil {
			t.Fatal(err)
		}
		nothing := store.Division{Divide: func(_ string, p store.Sums) (store.Sums, store.Sums) { return store.Sums{}, p }}
		if closed, err := s.CloseWeek(ctx, "2026-W48", nothing); !closed || err != nil {
			t.Fatal(closed, err)
		}
		if got := dump(t, s, p.ID); got != "" {
			t.Errorf("released %s", got)
		}
		if err := s.Count(ctx, monday.AddDate(0, 0, 7), []store.Entry{entry(p.ID, "b", "5")}); err != nil {
			t.Fatal(err)
		}
		want := "2026-W49 polite 2026-W48–2026-W49 1:0 3:0 5:2 na:0"
		if got := released(t, s, p.ID, "2026-W49"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestCountForAPracticeThatIsGone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p, _ := newPractice(t, s, "Eidsvåg")
		err := s.Count(context.Background(), monday, []store.Entry{entry(p.ID, "a", "5"), entry("nobody", "b", "5")})
		if err == nil {
			t.Fatal("an answer to nobody was counted")
		}
		if err := s.Count(context.Background(), monday, []store.Entry{entry(p.ID, "a", "5")}); err != nil {
			t.Fatal(err)
		}
		want := "2026-W48 polite 2026-W48–2026-W48 1:0 3:0 5:1 na:0"
		if got := released(t, s, p.ID, "2026-W48"); got != want {
			t.Errorf("half of a refused batch was kept: got %s, want %s", got, want)
		}
	})
}

// paper is a batch of ten forms under one receipt: seven that chose 5, three that did not choose.
func paper(practiceID, receipt string) store.Entry {
	e := store.Entry{Receipt: receipt, PracticeID: practiceID, Channel: "paper"}
	for i := range 10 {
		option := "5"
		if i < 3 {
			option = "na"
		}
		e.Answers = append(e.Answers, store.Answers{Survey: "visit", Version: 1, Options: map[string]string{"polite": option}})
	}
	return e
}

// TestABatchIsCountedWhole cuts the counting of a batch short at ever later moments, on two stores as
// two instances are. Whatever was committed, it was all ten forms; and after a repeat it is ten, once.
func TestABatchIsCountedWhole(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			dsn := storetest.DSN(t, e)
			ctx := context.Background()
			var stores [2]*store.Store
			for i := range stores {
				s, err := store.Open(ctx, dsn, storetest.Secret)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				stores[i] = s
			}
			p, _ := newPractice(t, stores[0], "Eidsvåg")
			const batches = 40
			committed := 0
			var wg sync.WaitGroup
			for i := range batches {
				cut, stop := context.WithTimeout(ctx, time.Duration(i*i)*100*time.Microsecond)
				if i == batches-1 {
					cut = ctx
				}
				for worker := range stores {
					// An error may come after the commit; only the receipt says.
					wg.Go(func() { _ = stores[worker].Count(cut, monday, []store.Entry{paper(p.ID, fmt.Sprint(i))}) })
				}
				wg.Wait()
				stop()
			}
			for i := range batches {
				counted, err := stores[i%2].Counted(ctx, fmt.Sprint(i))
				if err != nil {
					t.Fatal(err)
				}
				if counted {
					committed++
				}
			}
			t.Logf("%d of %d batches were committed at the first try", committed, batches)
			want := fmt.Sprintf("2026-W48 polite 2026-W48–2026-W48 1:0 3:0 5:%d na:%d", 7*committed, 3*committed)
			if got := released(t, stores[0], p.ID, "2026-W48"); got != want {
				t.Errorf("after %d commits: got  %s\nwant %s", committed, got, want)
			}
			for i := range batches {
				for _, s := range stores {
					wg.Go(func() {
						if err := s.Count(ctx, monday.AddDate(0, 0, 7), []store.Entry{paper(p.ID, fmt.Sprint(i))}); err != nil {
							t.Error(err)
						}
					})
				}
			}
			wg.Wait()
			if rest := batches - committed; rest > 0 {
				want += fmt.Sprintf("\n2026-W49 polite 2026-W49–2026-W49 1:0 3:0 5:%d na:%d", 7*rest, 3*rest)
			}
			if got := released(t, stores[1], p.ID, "2026-W49"); got != want {
				t.Errorf("after the repeat: got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestReceiptsAreForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		count := func(at time.Time) {
			t.Helper()
			if err := s.Count(ctx, at, []store.Entry{entry(p.ID, "a", "5")}); err != nil {
				t.Fatal(err)
			}
		}
		count(monday)
		if err := s.Tidy(ctx, monday.AddDate(0, 0, 2)); err != nil {
			t.Fatal(err)
		}
		count(monday) // two days later it is still known
		if err := s.Tidy(ctx, monday.AddDate(0, 0, 4)); err != nil {
			t.Fatal(err)
		}
		count(monday)
		want := "2026-W48 polite 2026-W48–2026-W48 1:0 3:0 5:2 na:0"
		if got := released(t, s, p.ID, "2026-W48"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestImport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		row := func(week calendar.Week, fives int) store.Imported {
			return store.Imported{Practice: "Eidsvåg", Week: week, Sums: store.Sums{Questions: map[string]store.Sum{
				"polite": {First: week, Last: week, Counts: map[string]int{"5": fives}}}}}
		}
		ten := store.Division{Divide: func(_ string, p store.Sums) (store.Sums, store.Sums) {
			if p.Questions["polite"].Counts["5"] >= 10 {
				return p, store.Sums{}
			}
			return store.Sums{}, p
		}}
		rows := []store.Imported{row("2026-W01", 12), row("2026-W02", 4), row("2026-W03", 7), row("2026-W04", 3)}
		if err := s.Import(ctx, "visit", 1, rows, ten); fault.KindOf(err) != fault.Conflict {
			t.Errorf("before the weeks are closed: %v, want a conflict", err)
		}
		// Somebody's own answer waits, and goes on waiting: it never joins what is brought in.
		if err := s.Count(ctx, monday, []store.Entry{entry(p.ID, "", "1")}); err != nil {
			t.Fatal(err)
		}
		nothing := store.Division{Divide: func(_ string, p store.Sums) (store.Sums, store.Sums) { return store.Sums{}, p }}
		if closed, err := s.CloseWeek(ctx, "2026-W48", nothing); err != nil || !closed {
			t.Fatal(closed, err)
		}
		if err := s.Import(ctx, "visit", 1, rows, ten); err != nil {
			t.Fatal(err)
		}
		want := "2026-W01 polite 2026-W01–2026-W01 1:0 3:0 5:12 na:0\n2026-W03 polite 2026-W02–2026-W03 1:0 3:0 5:11 na:0"
		if got := dump(t, s, p.ID); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if err := s.Import(ctx, "visit", 1, rows, ten); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the same file again: %v, want a conflict", err)
		}
		if err := s.Import(ctx, "visit", 1, []store.Imported{row("2026-W49", 12)}, ten); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a week that is not over: %v, want a conflict", err)
		}
		if err := s.Import(ctx, "visit", 1, []store.Imported{row("2026-W05", 8)}, ten); err != nil {
			t.Fatal(err)
		}
		if got := dump(t, s, p.ID); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if got, want := released(t, s, p.ID, "2026-W49"), want+"\n2026-W49 polite 2026-W48–2026-W48 1:1 3:0 5:0 na:0"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// TestCountOfManySums: one batch may touch any number of running sums.
func TestCountOfManySums(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p, _ := newPractice(t, s, "Eidsvåg")
		e := store.Entry{PracticeID: p.ID, Channel: "qr"}
		for version := range 1100 {
			e.Answers = append(e.Answers, store.Answers{Survey: "visit", Version: version, Options: map[string]string{"polite": "5"}})
		}
		// The second batch adds to what is there.
		for range 2 {
			if err := s.Count(context.Background(), monday, []store.Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
		if got := released(t, s, p.ID, "2026-W48"); got != "2026-W48 polite 2026-W48–2026-W48 1:0 3:0 5:2 na:0" {
			t.Errorf("got %s", got)
		}
	})
}

// TestWritersTakeTurns: while answers are counted without a pause, whoever else writes gets their turn
// after a few commits.
func TestWritersTakeTurns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		p, _ := newPractice(t, s, "Eidsvåg")
		written := make(chan error)
		go func() {
			for i := range 10 {
				if _, _, err := s.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: fmt.Sprint("Kontor ", i), Phone: "55 19 00 00"}, "Venterommet"); err != nil {
					written <- err
					return
				}
			}
			written <- nil
		}()
		for commits := 0; ; commits++ {
			select {
			case err := <-written:
				if err != nil {
					t.Fatal(err)
				}
				return
			default:
			}
			if commits == 3000 {
				t.Fatal("ten practices were not written beside 3000 commits")
			}
			if err := s.Count(ctx, monday, []store.Entry{entry(p.ID, "", "5")}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
