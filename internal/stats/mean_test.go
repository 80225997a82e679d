package stats

import (
	"fmt"
	"math"
	"testing"
)

var hundred = []float64{100, 75, 50, 25, 0}

func TestMeanScore(t *testing.T) {
	file := oracle[struct {
		Tolerance float64
		Cases     []struct {
			Counts       []int `json:"counts_best_to_worst"`
			N            int
			Mean, SD, SE float64
			CI           [2]float64
		}
	}](t, "mean_score")
	for _, c := range file.Cases {
		what, got := fmt.Sprint(c.Counts), MeanScore(c.Counts, hundred, 0.95)
		if got.N != c.N {
			t.Errorf("%s: got n %d, want %d", what, got.N, c.N)
		}
		near(t, what+" mean", got.Mean, c.Mean, file.Tolerance)
		near(t, what+" sd", got.SD, c.SD, file.Tolerance)
		near(t, what+" se", got.SE, c.SE, file.Tolerance)
		nearInterval(t, what, got.CI, c.CI, file.Tolerance)
	}
}

func TestMeanScoreAtTheEdges(t *testing.T) {
	nan := math.NaN()
	none := Mean{0, nan, nan, nan, unknown()}
	for _, c := range []struct {
		name   string
		counts []int
		scores []float64
		level  float64
		want   Mean
	}{
		{"nothing", nil, nil, 0.95, none},
		{"no answers", []int{0, 0}, []float64{0, 100}, 0.95, none},
		{"unequal length", []int{1, 2, 3}, []float64{0, 100}, 0.95, none},
		{"negative count", []int{-1, 3}, []float64{0, 100}, 0.95, none},
		{"score that is no number", []int{1, 3}, []float64{nan, 100}, 0.95, none},
		{"unused score that is no number", []int{0, 2}, []float64{nan, 100}, 0.95, Mean{2, 100, 0, 0, Interval{100, 100}}},
		{"one answer", []int{0, 1}, []float64{0, 75}, 0.95, Mean{1, 75, nan, nan, unknown()}},
		{"level 1", []int{2, 2}, []float64{0, 100}, 1, Mean{4, 50, math.Sqrt(10000.0 / 3), math.Sqrt(2500.0 / 3), unknown()}},
	} {
		got := MeanScore(c.counts, c.scores, c.level)
		if got.N != c.want.N {
			t.Errorf("%s: got n %d, want %d", c.name, got.N, c.want.N)
		}
		near(t, c.name+" mean", got.Mean, c.want.Mean, 0)
		near(t, c.name+" sd", got.SD, c.want.SD, 1e-12)
		near(t, c.name+" se", got.SE, c.want.SE, 1e-12)
		nearInterval(t, c.name, got.CI, [2]float64{c.want.CI.Low, c.want.CI.High}, 1e-12)
	}
}

func TestMeanScoreIsTheMeanOfTheAnswers(t *testing.T) {
	random := newRandom()
	for range 500 {
		counts, sum := make([]int, len(hundred)), 0.0
		var answers []float64
		for i := range counts {
			counts[i] = random.IntN(9)
			for range counts[i] {
				answers, sum = append(answers, hundred[i]), sum+hundred[i]
			}
		}
		got := MeanScore(counts, hundred, 0.95)
		if got.N != len(answers) {
			t.Fatalf("%v: got n %d, want %d", counts, got.N, len(answers))
		}
		near(t, fmt.Sprint(counts), got.Mean, sum/float64(len(answers)), 1e-12)
		if got.N > 1 && !(got.CI.Low <= got.Mean && got.Mean <= got.CI.High) {
			t.Fatalf("%v: %v does not hold %v", counts, got.CI, got.Mean)
		}
	}
}
