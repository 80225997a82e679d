package disclosure

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
)

var five = map[string]float64{"1": 0, "2": 25, "3": 50, "4": 75, "5": 100}

func counts(one, two, three, four, fives int) Sealed {
	return Seal(map[string]int{"1": one, "2": two, "3": three, "4": four, "5": fives})
}

func TestQuestion(t *testing.T) {
	for _, c := range []struct {
		name   string
		sealed Sealed
		want   string
	}{
		{"nothing", counts(0, 0, 0, 0, 0), "hidden"},
		{"nine", counts(0, 0, 0, 4, 5), "hidden"},
		{"ten with the aside is nine", Seal(map[string]int{"5": 9, "na": 1}), "hidden"},
		{"ten in three steps", counts(1, 1, 3, 4, 1), "n=10 [2 3 5] bound=0 mean=57.5/0 detail=false aside=0"},
		{"all alike are a limit", counts(0, 0, 0, 0, 12), "n=12 [0 2 10] bound=1 mean=95/1 detail=false aside=0"},
		{"all alike on the other side", counts(12, 0, 0, 0, 0), "n=12 [8 2 2] bound=-1 mean=5/-1 detail=false aside=0"},
		{"all alike in the middle", counts(0, 0, 12, 0, 0), "n=12 [0 10 2] bound=-1 mean=50/0 detail=false aside=0"},
		{"one short of all looks the same", counts(1, 0, 0, 0, 11), "n=12 [0 2 10] bound=1 mean=91.66666666666667/0 detail=false aside=0"},
		{"one short of all of 29", counts(1, 0, 0, 0, 28), "n=29 [0 2 27] bound=1 mean=95/1 detail=false aside=0"},
		{"thirty in five steps", counts(0, 0, 0, 0, 30), "n=30 [0 0 30] bound=0 mean=100/0 detail=true aside=0"},
		{"few aside are hidden", Seal(map[string]int{"5": 40, "na": 9}), "n=40 [0 0 40] bound=0 mean=100/0 detail=true aside=0"},
		{"ten aside are told", Seal(map[string]int{"5": 40, "na": 10}), "n=40 [0 0 40] bound=0 mean=100/0 detail=true aside=10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, ok := Gate{}.Question(c.sealed, five, "na")
			got := "hidden"
			if ok {
				mean, mb := q.Mean()
				got = fmt.Sprintf("n=%d %v bound=%d mean=%v/%d detail=%t aside=%d",
					q.N(), q.Groups(), q.Bound(), mean, mb, q.Counts() != nil, q.Aside())
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestUnorderedQuestionNeedsDetail(t *testing.T) {
	if _, ok := (Gate{}).Question(Seal(map[string]int{"yes": 15, "no": 10}), nil, "na"); ok {
		t.Error("25 answers to an unordered question were shown option by option")
	}
	if q, ok := (Gate{}).Question(Seal(map[string]int{"yes": 20, "no": 10}), nil, "na"); !ok || q.Counts()["no"] != 10 {
		t.Error("30 answers to an unordered question were hidden")
	}
}

func TestSealedTellsNothing(t *testing.T) {
	s := Seal(map[string]int{"secret": 7})
	b, err := json.Marshal(s)
	if err != nil || string(b) != "{}" {
		t.Errorf("as JSON: %s, %v", b, err)
	}
	for _, verb := range []string{"%v", "%+v", "%s"} {
		if got := fmt.Sprintf(verb, s); got != "sealed" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

// TestShownGroupsKeepTheirTotal: whatever is made a limit, the groups still add up to n.
func TestShownGroupsKeepTheirTotal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		q, ok := Gate{}.Question(counts(r.IntN(9), r.IntN(3), r.IntN(9), r.IntN(3), r.IntN(20)), five, "na")
		if !ok {
			continue
		}
		g := q.Groups()
		if g[0]+g[1]+g[2] != q.N() || min(g[0], g[1], g[2]) < 0 {
			t.Fatalf("groups %v of %d", g, q.N())
		}
		if share := float64(g[2]) / float64(q.N()); q.N() < Detail && (share == 0 || share == 1) {
			t.Fatalf("a share of %v from %d answers", share, q.N())
		}
	}
}

// TestPartsOfASplitAreNeverSmall plays random weeks through Merge and Spread and checks, after each,
// that every part shown, everything left out, and every step between two weeks is 0 or at least ten.
func TestPartsOfASplitAreNeverSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2_000 {
		waiting := map[string]int{}
		total, shown := 0, map[string]int{}
		for week := range 12 {
			new := 0
			for _, p := range []string{"a", "b", "c"} {
				n := r.IntN(14)
				waiting[p] += n
				new += n
			}
			merged := Gate{}.Merge(waiting)
			for k, n := range merged {
				if sum := total + new - sumOf(shown); n < Floor && sum >= Floor {
					t.Fatalf("week %d: Merge shows %s=%d of %d", week, k, n, sum)
				}
			}
			release, rest := Gate{}.Spread(waiting)
			total += new
			for k, n := range release {
				if n < Floor {
					t.Fatalf("week %d: %s is released with %d", week, k, n)
				}
				shown[k] += n
			}
			if left := total - sumOf(shown); left != sumOf(rest) {
				t.Fatalf("week %d: %d left of the total, %d waiting", week, left, sumOf(rest))
			} else if left > 0 && left < Floor && len(release) > 0 {
				t.Fatalf("week %d: released %v although %d wait", week, release, left)
			} else if len(rest) == 1 && left >= Floor {
				t.Fatalf("week %d: a single part of %d waits", week, left)
			}
			waiting = rest
		}
	}
}

func sumOf(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}
