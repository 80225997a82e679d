package invite_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestSealedList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(t, s, nil)
		l, err := d.i.Read(strings.NewReader("telefon;dato;språk\n49123456;20.11.2025;nn\n49123457;21.11.2025;\n"))
		must(t, err)
		sealed := d.i.Seal(d.p, l.Visits)
		raw, err := base64.RawURLEncoding.DecodeString(sealed)
		must(t, err)
		if strings.Contains(sealed, "123456") || strings.Contains(string(raw), "123456") {
			t.Error("the sealed list can be read")
		}
		if again := d.i.Seal(d.p, l.Visits); again == sealed {
			t.Error("the same list looks the same twice")
		}
		got, err := d.i.Unseal(d.p, sealed)
		must(t, err)
		if len(got) != 2 || got[0].Number() != "+4749123456" || got[0].Day != "2025-11-20" || got[0].Language != "nn" || got[1].Number() != "+4749123457" || got[1].Language != "" {
			t.Errorf("got %v", got)
		}
		if none, err := d.i.Unseal(d.p, d.i.Seal(d.p, nil)); err != nil || len(none) != 0 {
			t.Errorf("an empty list: %v, %v", none, err)
		}
		other := d.p
		other.ID += "x"
		for name, wrong := range map[string]struct {
			p    practice.Practice
			text string
		}{
			"another practice's": {other, sealed}, "no text": {d.p, ""}, "no base64": {d.p, "%"}, "too short": {d.p, "QUJD"},
			"changed": {d.p, sealed[:30] + swap(sealed[30]) + sealed[31:]}, "cut": {d.p, sealed[:len(sealed)-2]},
		} {
			if _, err := d.i.Unseal(wrong.p, wrong.text); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		d.at(d.now().Add(time.Hour + time.Second))
		if _, err := d.i.Unseal(d.p, sealed); fault.KindOf(err) != fault.Gone {
			t.Errorf("after an hour: %v", err)
		}
	})
}

func swap(b byte) string {
	if b == 'A' {
		return "B"
	}
	return "A"
}

// TestOpenedIsCountedInMemory: nothing is stored before it is flushed, nothing twice, nothing lost if
// storing fails.
func TestOpenedIsCountedInMemory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		d := newDesk(t, s, nil)
		stored := func(week calendar.Week) int {
			t.Helper()
			opened, err := s.Opened(ctx, d.p.ID)
			must(t, err)
			return opened[week]
		}
		this := calendar.WeekOf(d.now())
		for range 3 {
			d.i.Opened(d.p.ID)
		}
		if n := stored(this); n != 0 {
			t.Errorf("%d are stored before their time", n)
		}
		stopped, stop := context.WithCancel(ctx)
		stop()
		if err := d.i.Flush(stopped); err == nil {
			t.Error("storing did not fail")
		}
		d.at(d.now().AddDate(0, 0, 7))
		d.i.Opened(d.p.ID)
		for range 2 {
			must(t, d.i.Flush(ctx))
		}
		if a, b := stored(this), stored(this.Add(1)); a != 3 || b != 1 {
			t.Errorf("stored %d and %d, want 3 and 1", a, b)
		}
	})
}
