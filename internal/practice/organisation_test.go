package practice

import "testing"

// Vectors of Brønnøysundregistrene and of organisations that exist.
func TestParseOrganisation(t *testing.T) {
	for _, s := range []string{"974760673", "915933149", "991825827", "912159523", "922734046", "994598759", "912660680", "991 825 827", "991\u00a0825\u00a0827"} {
		if o, err := ParseOrganisation(s); err != nil || len(o) != 9 {
			t.Errorf("ParseOrganisation(%q) = %q, %v", s, o, err)
		}
	}
	for _, s := range []string{"974760674", "701730495", "123456785", "000000000", "", "97476067", "9747606733", "97476067x", "٩٧٤٧٦٠٦٧٣"} {
		if o, err := ParseOrganisation(s); err == nil {
			t.Errorf("ParseOrganisation(%q) = %q, want an error", s, o)
		}
	}
	if !isOrganisation("123456785") {
		t.Error("the register's own example has a wrong check digit")
	}
	for _, prefix := range []string{"90000009", "90000012", "90000026"} { // the check digit would be ten
		for digit := range 10 {
			if s := prefix + string(rune('0'+digit)); isOrganisation(s) {
				t.Errorf("%s passes", s)
			}
		}
	}
	if got := Organisation("991825827").String(); got != "991\u00a0825\u00a0827" {
		t.Errorf("written %q", got)
	}
}

// TestOrganisationFindsEverySlip: one wrong digit never passes.
func TestOrganisationFindsEverySlip(t *testing.T) {
	for _, right := range []string{"974760673", "991825827"} {
		for i := range right {
			for digit := byte('0'); digit <= '9'; digit++ {
				wrong := []byte(right)
				if wrong[i] = digit; string(wrong) != right && isOrganisation(string(wrong)) {
					t.Errorf("%s passes for %s", wrong, right)
				}
			}
		}
	}
}
