package practice

import (
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/fault"
)

func TestCodesReadBackHoweverTheyAreTyped(t *testing.T) {
	for range 2000 {
		c := NewCode()
		typed := strings.NewReplacer("0", "o", "1", "l").Replace(strings.ToLower(c.String()))
		for _, s := range []string{string(c), c.String(), typed, " " + string(c) + " "} {
			if got, err := ParseCode(s); err != nil || got != c {
				t.Fatalf("ParseCode(%q) = %q, %v, want %q", s, got, err, c)
			}
		}
	}
}

func TestCodesFindEverySlip(t *testing.T) {
	for range 50 {
		c := []byte(NewCode())
		for i := range c {
			for _, s := range []byte(alphabet) {
				if wrong := append([]byte(nil), c...); wrong[i] != s {
					wrong[i] = s
					if _, err := ParseCode(string(wrong)); err == nil {
						t.Fatalf("%s passes for %s", wrong, c)
					}
				}
			}
			if i > 0 && c[i] != c[i-1] {
				wrong := append([]byte(nil), c...)
				wrong[i], wrong[i-1] = wrong[i-1], wrong[i]
				if _, err := ParseCode(string(wrong)); err == nil {
					t.Fatalf("%s passes for %s", wrong, c)
				}
			}
		}
	}
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"7F3K-9QW2", "", "--------", "oooooooo", "æøå", "7F3K9QW2X", strings.Repeat("-", 99)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCode(s)
		if err != nil {
			if fault.KindOf(err) != fault.NotFound {
				t.Fatalf("ParseCode(%q): %v, want NotFound", s, err)
			}
			return
		}
		if again, err := ParseCode(c.String()); err != nil || again != c {
			t.Fatalf("ParseCode(%q) = %q, which reads as %q, %v", s, c, again, err)
		}
	})
}

func TestPassword(t *testing.T) {
	const right = "fire hester i skogen"
	h, err := HashPassword(right)
	if err != nil {
		t.Fatal(err)
	}
	a := Account{Password: h}
	if !a.HasPassword(right) {
		t.Error("the right password is refused")
	}
	if a.HasPassword(right + " ") {
		t.Error("a wrong password is taken")
	}
	if (Account{}).HasPassword("") {
		t.Error("nobody has an empty password")
	}
	if h2, _ := HashPassword(right); h2 == h {
		t.Error("two hashes of one password are equal: no salt")
	}
	if _, err := HashPassword("elleve tegn"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("eleven characters: %v, want Invalid", err)
	}
	long := strings.Repeat("æ🔑 x'", maxPassword/5)
	if h, err = HashPassword(long); err != nil || !(Account{Password: h}).HasPassword(long) {
		t.Errorf("%d characters of any kind: %v", maxPassword, err)
	}
	for _, typed := range []string{long[:len(long)-1], strings.ToUpper(long), " " + long} {
		if (Account{Password: h}).HasPassword(typed) {
			t.Errorf("%q is taken for %q", typed, long)
		}
	}
	if _, err := HashPassword(long + "x"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("more than %d characters: %v, want Invalid", maxPassword, err)
	}
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"Eidsvåg legekontor": "eidsvag-legekontor", "  Ørland & Bjugn ": "orland-bjugn", "P01": "p01", "Æ/Å": "ae-a", "東京": "",
	} {
		if got := Slug(name); got != want {
			t.Errorf("Slug(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		p    Practice
		want string
	}{
		{Practice{Name: "Eidsvåg legekontor", Phone: "55 19 00 00"}, ""},
		{Practice{Name: " ", Phone: "55 19 00 00"}, "practice.name_required"},
		{Practice{Name: "Eidsvåg"}, ""},
		{Practice{Name: "Eidsvåg", Phone: "ring oss"}, "practice.phone_required"},
	} {
		got := ""
		if e := fault.As(c.p.Check()); e != nil {
			got = e.Key
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}

func TestNamesHoldNoNumbers(t *testing.T) {
	for name, want := range map[string]string{
		"Kari Nordmann": "", "Åse-Marie O’Brien 2": "", strings.Repeat("å", 80): "",
		" ": "people.name_required", strings.Repeat("å", 81): "people.name_required", "Kari\x1b[2J": "people.name_required", "Kari\n": "people.name_required", "\xff": "people.name_required",
		"Kari 99887766": "text.phone_number", "Kari 010190 12345": "text.person_number",
	} {
		got := ""
		if f := fault.As(CheckName(name)); f != nil {
			got = f.Key
		}
		if got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if err := (Point{Label: "Ring 99887766"}).Check(); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a point with a phone number: %v", err)
	}
}
