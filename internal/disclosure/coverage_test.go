package disclosure

import "testing"

func TestMayCompare(t *testing.T) {
	for _, c := range []struct {
		asked, answered int
		want            bool
	}{
		{0, 0, false}, {19, 0, false}, {19, 14, false}, {20, 0, true}, {20, 15, true}, {20, 16, false}, {20, 20, false},
		{240, 19, true}, {240, 235, true}, {240, 236, false}, {240, 240, false}, {40, 41, false}, {-1, -30, false},
	} {
		if got := MayCompare(c.asked, c.answered); got != c.want {
			t.Errorf("%d of %d: got %v, want %v", c.answered, c.asked, got, c.want)
		}
	}
	// Whatever is compared, at least five may have been silent, and no more answered than were asked less five.
	for asked := range 300 {
		for answered := range asked + 10 {
			if MayCompare(asked, answered) && (asked < 20 || asked-answered < 5) {
				t.Errorf("%d of %d are compared", answered, asked)
			}
		}
	}
}
