package practice

import (
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- what authenticator apps reckon with, in an HMAC
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/venterom/venterom/internal/calendar"
)

// Factors are what an account has besides its password.
type Factors struct {
	Passkeys []Passkey
	TOTP     bool
	Recovery int // codes left
}

// Any reports whether there is a second factor. Recovery codes alone are none: they stand in for one.
func (f Factors) Any() bool { return len(f.Passkeys) > 0 || f.TOTP }

// Passkey is the public half of a key pair on somebody's device, which unlocks it by a fingerprint, a face
// or a PIN: two factors in one step.
type Passkey struct {
	ID             string        `db:"id"` // as the device names it, base64url
	AccountID      string        `db:"account_id"`
	Name           string        `db:"name"`
	AddedWeek      calendar.Week `db:"added_week"`
	PublicKey      string        `db:"public_key"` // COSE, base64url
	SignCount      uint32        `db:"sign_count"` // zero where the device does not count
	BackupEligible bool          `db:"backup_eligible"`
}

// Codes of authenticator apps, as RFC 6238 has them and as every app does them: SHA-1, six digits, thirty
// seconds. A code is good one step early and one late, for clocks that differ.
const (
	totpStep   = 30 * time.Second
	totpDigits = 6

	TOTPSecretBytes = 20 // as long as SHA-1's output (RFC 4226, section 4)
)

// MatchTOTP finds the step that a typed code belongs to; spaces in it do not matter. ok is false for a wrong
// code and for one of a step up to after: a code is good once.
func MatchTOTP(secret []byte, typed string, now time.Time, after int64) (step int64, ok bool) {
	typed = strings.ReplaceAll(typed, " ", "")
	current := now.Unix() / int64(totpStep/time.Second)
	for s := current - 1; s <= current+1; s++ {
		// All three are compared, so that the time it takes does not tell which one it was.
		if subtle.ConstantTimeCompare([]byte(hotp(secret, s)), []byte(typed)) == 1 && s > after {
			step, ok = s, true
		}
	}
	return step, ok
}

// hotp is RFC 4226's code of a counter.
func hotp(secret []byte, counter int64) string {
	m := hmac.New(sha1.New, secret)
	_ = binary.Write(m, binary.BigEndian, counter)
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%0*d", totpDigits, (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1_000_000)
}

var totpEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// TOTPText is a secret as it is typed into an app, in groups of four.
func TOTPText(secret []byte) string {
	text := totpEncoding.EncodeToString(secret)
	var groups []string
	for ; len(text) > 4; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(append(groups, text), " ")
}

// TOTPURL is a secret as an app reads it from a QR code. The host tells apart the accounts that somebody has
// in several installations.
func TOTPURL(secret []byte, host, email string) string {
	issuer := "Venterom " + host
	q := url.Values{"secret": {totpEncoding.EncodeToString(secret)}, "issuer": {issuer}}
	// Apps show a plus sign as it is, where a form would mean a space.
	return "otpauth://totp/" + url.PathEscape(issuer+":"+email) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// RecoveryCodes is how many there are in a set.
const RecoveryCodes = 10

// recoveryDigits are the symbols of a recovery code before its check symbol: 45 bits, which are kept as a hash
// with a key from outside the database, and tried a few times an hour at most.
const recoveryDigits = 9

// NewRecoveryCodes makes a set, in the alphabet of the codes on posters.
func NewRecoveryCodes() []string {
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		code := drawCode(recoveryDigits)
		codes[i] = code[:5] + "-" + code[5:]
	}
	return codes
}

// ReadRecoveryCode reads a code as people type it; ok is false for what cannot be one.
func ReadRecoveryCode(typed string) (code string, ok bool) { return readCode(typed, recoveryDigits) }
