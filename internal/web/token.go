package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/venterom/venterom/internal/fault"
)

// A form token is a random number, the time the form was fetched, and a code that ties both to a
// practice. It proves that the form is ours and makes sending it twice harmless; it is stored nowhere.
const (
	nonceBytes   = 16
	timeBytes    = 4 // seconds since 1970
	macBytes     = 16
	receiptBytes = 16 // of the hash; two random numbers never meet in these
	tokenValid   = 24 * time.Hour
)

func (s *Server) newToken(practiceID string) string {
	b := make([]byte, nonceBytes+timeBytes, nonceBytes+timeBytes+macBytes)
	_, _ = rand.Read(b[:nonceBytes])
	binary.BigEndian.PutUint32(b[nonceBytes:], uint32(s.Now().Unix())) // #nosec G115 -- until the year 2106
	return base64.RawURLEncoding.EncodeToString(append(b, s.tokenMAC(b, practiceID)...))
}

func (s *Server) tokenMAC(b []byte, practiceID string) []byte {
	m := hmac.New(sha256.New, s.tokenKey)
	m.Write(b)
	m.Write([]byte(practiceID))
	return m.Sum(nil)[:macBytes]
}

// receipt checks a token and returns what makes its form count once, a hash of its random number, and how
// long ago the form was fetched. A missing, forged or another practice's token is Invalid, one older than
// a day is Gone.
func (s *Server) receipt(token, practiceID string) (receipt string, age time.Duration, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != nonceBytes+timeBytes+macBytes {
		return "", 0, fault.New(fault.Invalid, "form.token_wrong")
	}
	body, mac := b[:nonceBytes+timeBytes], b[nonceBytes+timeBytes:]
	if !hmac.Equal(mac, s.tokenMAC(body, practiceID)) {
		return "", 0, fault.New(fault.Invalid, "form.token_wrong")
	}
	age = s.Now().Sub(time.Unix(int64(binary.BigEndian.Uint32(body[nonceBytes:])), 0))
	if age > tokenValid || age < -time.Hour { // instances' clocks may differ a little
		return "", 0, fault.New(fault.Gone, "form.token_old")
	}
	sum := sha256.Sum256(b[:nonceBytes])
	return base64.RawURLEncoding.EncodeToString(sum[:receiptBytes]), age, nil
}
