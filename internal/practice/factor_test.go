package practice

import (
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// TestTOTPVectors: RFC 6238, appendix B, SHA-1; the last six of its eight digits.
func TestTOTPVectors(t *testing.T) {
	secret := []byte("12345678901234567890")
	for _, v := range []struct {
		unix int64
		code string
	}{{59, "94287082"}, {1111111109, "07081804"}, {1111111111, "14050471"}, {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}} {
		step, ok := MatchTOTP(secret, v.code[2:], time.Unix(v.unix, 0), -1)
		if !ok || step != v.unix/30 {
			t.Errorf("at %d: step %d, %v", v.unix, step, ok)
		}
	}
}

// TestTOTPAgainstAnotherLibrary: its codes are right here at every time, one step early and late and no more,
// and what it reads of our address makes the same codes.
func TestTOTPAgainstAnotherLibrary(t *testing.T) {
	secret := []byte("en hemmelighet på 20")[:TOTPSecretBytes]
	key, err := otp.NewKeyFromURL(TOTPURL(secret, "svar.example.no:8080", "kari+x@example.no"))
	if err != nil || key.Issuer() != "Venterom svar.example.no:8080" || !strings.HasSuffix(key.AccountName(), "kari+x@example.no") || key.Digits() != otp.DigitsSix || key.Period() != 30 {
		t.Fatalf("issuer %q, account %q, %v", key.Issuer(), key.AccountName(), err)
	}
	if typed := strings.ReplaceAll(TOTPText(secret), " ", ""); typed != key.Secret() || typed != base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret) {
		t.Errorf("typed %s, scanned %s", typed, key.Secret())
	}
	now := time.Date(2026, 11, 23, 12, 0, 7, 0, time.UTC)
	for range 500 {
		now = now.Add(17*time.Hour + 13*time.Second)
		for off := -3; off <= 3; off++ {
			code, err := totp.GenerateCode(key.Secret(), now.Add(time.Duration(off)*30*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			step, ok := MatchTOTP(secret, code[:3]+" "+code[3:], now, 0)
			if near := off >= -1 && off <= 1; ok != near && !(ok && !near && step != now.Unix()/30+int64(off)) { // six digits can meet by chance
				t.Errorf("%d steps off: %v", off, ok)
			}
		}
	}
}

func TestTOTPCodeIsGoodOnce(t *testing.T) {
	secret, now := []byte("12345678901234567890"), time.Unix(59, 0)
	if _, ok := MatchTOTP(secret, "287082", now, 0); !ok {
		t.Error("a fresh code is refused")
	}
	if _, ok := MatchTOTP(secret, "287082", now, 1); ok {
		t.Error("a used code is taken")
	}
	for _, wrong := range []string{"", "287083", "94287082", "28708", " ", "２８７０８２"} {
		if _, ok := MatchTOTP(secret, wrong, now, 0); ok {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestTOTPURLIsEscaped(t *testing.T) {
	u, err := url.Parse(TOTPURL([]byte("x"), "host", "a b&c=d@e.no"))
	if err != nil || strings.Contains(u.RawQuery, "+") || u.Query().Get("issuer") != "Venterom host" {
		t.Errorf("%v, %v", u, err)
	}
}

func TestRecoveryCodes(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		for _, code := range NewRecoveryCodes() {
			read, ok := ReadRecoveryCode(" " + strings.ToLower(code))
			if !ok || read != strings.ReplaceAll(code, "-", "") || seen[code] || len(code) != 11 {
				t.Fatalf("%s is read as %s, %v", code, read, ok)
			}
			seen[code] = true
		}
	}
	if _, ok := ReadRecoveryCode("123456"); ok {
		t.Error("a code of an app is taken for one on paper")
	}
}

func TestCommonPasswords(t *testing.T) {
	for password, common := range map[string]bool{
		"Sommer2026!!": true, "passord12345": true, "PassordPassord": false, "aaaaaaaaaaaa": true, "abababababab": true, "123456789012": true,
		"1qaz2wsx3edc": true, "Venterom-2026": true, "velkommen til oslo": false, "fire hester i skogen": false, "demonstrasjon": false,
		"vinter sommer": true, "718281828459": false,
	} {
		if got := isCommon(password); got != common {
			t.Errorf("%s: %v", password, got)
		}
	}
	for _, p := range strings.Fields(commonPasswords) {
		if len(p) < minPassword || p != strings.ToLower(p) {
			t.Errorf("the list has %q", p)
		}
	}
}
