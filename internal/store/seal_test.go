package store

import (
	"strings"
	"testing"
)

func TestSealedSumsTellNothing(t *testing.T) {
	s, err := newSealer([]byte(strings.Repeat("s", 32)), "test")
	if err != nil {
		t.Fatal(err)
	}
	short, long := s.seal([]byte(`{"a":1}`)), s.seal([]byte(`{"a":1,"b":"`+strings.Repeat("x", 400)+`"}`))
	if len(short) != len(long) {
		t.Errorf("the length tells: %d and %d", len(short), len(long))
	}
	if again := s.seal([]byte(`{"a":1}`)); again == short {
		t.Error("the same sum is sealed the same way twice")
	}
	if got, err := s.open(short); err != nil || string(got) != `{"a":1}` {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := s.open(""); err != nil || string(got) != "{}" {
		t.Errorf("an empty row: %s, %v", got, err)
	}
	other, _ := newSealer([]byte(strings.Repeat("o", 32)), "test")
	if _, err := other.open(short); err == nil || !strings.Contains(err.Error(), "another secret") {
		t.Errorf("with another secret: %v", err)
	}
	for _, damaged := range []string{"x", short[:len(short)-4], strings.Repeat("A", 100)} {
		if _, err := s.open(damaged); err == nil {
			t.Errorf("%.20s was opened", damaged)
		}
	}
}
