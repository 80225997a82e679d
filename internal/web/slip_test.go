package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/practice"
)

var slipPattern = regexp.MustCompile(`aria-label="(HTTPS://SVAR\.EXAMPLE\.ORG/S/[0-9A-Z*~$=]+)"`)

// TestSlipsArePrintedOnce: each slip on the sheets works, once, and nothing here has its code afterwards.
func TestSlipsArePrintedOnce(t *testing.T) {
	f := newFixture(t)
	path := "/practices/" + f.eidsvag.ID + "/slips"
	form := url.Values{"sheets": {" 2 "}, "lang": {"en"}}
	r := f.do(t, sara, http.MethodPost, path, form, "Accept-Language", "nb")
	if r.StatusCode != http.StatusOK || !strings.Contains(r.body, `<html lang="en">`) || !strings.Contains(r.body, "until 21\u00a0February 2027") {
		t.Fatalf("status %d\n%.2000s", r.StatusCode, r.body)
	}
	printed := map[string]bool{}
	for _, m := range slipPattern.FindAllStringSubmatch(r.body, -1) {
		printed[m[1]] = true
	}
	if len(printed) != 2*slipsOnSheet {
		t.Fatalf("%d different slips, want %d", len(printed), 2*slipsOnSheet)
	}
	for address := range printed {
		at := strings.TrimPrefix(address, "HTTPS://SVAR.EXAMPLE.ORG")
		slip, err := practice.ParseSlip(strings.TrimPrefix(at, "/S/"))
		must(t, err)
		if !strings.Contains(r.body, slip.String()) {
			t.Errorf("%s is not written out", slip)
		}
		answer := url.Values{"token": {f.tokenAt(t, at)}, "lang": {"nb"}, "visit.polite": {"5"}}
		for _, status := range []int{http.StatusOK, http.StatusOK} { // the same form twice is thanked for twice
			if r := f.do(t, nobody, http.MethodPost, at, answer); r.StatusCode != status {
				t.Errorf("%s: status %d, want %d", slip, r.StatusCode, status)
			}
		}
		if r := f.get(t, nobody, at); r.StatusCode != http.StatusGone {
			t.Errorf("%s can be used twice: %d", slip, r.StatusCode)
		}
		if strings.Contains(f.log.String(), string(slip)) {
			t.Errorf("the log has %s", slip)
		}
	}
	if strings.Contains(f.log.String(), "route=/S") {
		t.Error("the log says when a patient came")
	}
	if n := f.counted(t, f.eidsvag, "polite", "5"); n != 2*slipsOnSheet {
		t.Errorf("%d were counted", n)
	}
	// The same request makes other slips, and all are still called valid, used or not.
	if again := f.do(t, sara, http.MethodPost, path, form); hasAny(again.body, printed) {
		t.Error("a slip was printed twice")
	}
	if r := f.get(t, kari, path, "Accept-Language", "nb"); !strings.Contains(r.body, "56 lapper som er laget før") {
		t.Errorf("the page does not say how many there are:\n%s", r.body)
	}
}

func hasAny(body string, printed map[string]bool) bool {
	for address := range printed {
		if strings.Contains(body, address) {
			return true
		}
	}
	return false
}

func TestHowManySheets(t *testing.T) {
	f := newFixture(t)
	for _, wrong := range []string{"", "0", "-1", "21", "1.5", "mange", "99999999999999999999"} {
		r := f.do(t, kari, http.MethodPost, "/practices/"+f.eidsvag.ID+"/slips", url.Values{"sheets": {wrong}, "lang": {"nb"}}, "Accept-Language", "nb")
		if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, `value="`+wrong+`"`) {
			t.Errorf("%q: status %d", wrong, r.StatusCode)
		}
	}
	if n, err := f.Store.ValidSlips(context.Background(), f.eidsvag.ID, f.clock); err != nil || n != 0 {
		t.Errorf("%d slips were made, %v", n, err)
	}
}
