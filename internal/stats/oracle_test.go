package stats

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// oracle reads a file of numbers computed elsewhere; most come from R, as each file says.
func oracle[T any](t *testing.T, name string) T {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// near compares on the scale of the wanted number, and absolutely below 1; NaN equals NaN.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) && math.IsNaN(want) {
		return
	}
	if !(math.Abs(got-want) <= tolerance*math.Max(1, math.Abs(want))) {
		t.Errorf("%s: got %.15g, want %.15g", what, got, want)
	}
}

func nearInterval(t *testing.T, what string, got Interval, want [2]float64, tolerance float64) {
	t.Helper()
	near(t, what+" low", got.Low, want[0], tolerance)
	near(t, what+" high", got.High, want[1], tolerance)
}
