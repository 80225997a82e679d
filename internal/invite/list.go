package invite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/visit"
)

// ListValid is how long a sealed list can be sent.
const ListValid = time.Hour

// SealedMost is longer than any sealed list.
const SealedMost = (visit.MaxRows*24 + 64) * 4 / 3

func newSeal(secret []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "venterom list of visits", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal closes a list of visits so that a page can carry it from the dry run to the sending: nothing of it
// stays here meanwhile, on no instance, and what the page carries is no number to whoever sees it. Another
// practice cannot open it, and after an hour nobody can.
func (i *Inviter) Seal(p practice.Practice, visits []visit.Visit) string {
	var b strings.Builder
	fmt.Fprintln(&b, i.Now().Unix())
	for _, v := range visits {
		fmt.Fprintln(&b, v.Number(), v.Day, v.Language)
	}
	return base64.RawURLEncoding.EncodeToString(i.lists.Seal(nil, nil, []byte(b.String()), []byte(p.ID))) // #nosec G407 -- NewGCMWithRandomNonce draws a nonce each time, and takes none
}

// Unseal opens a list. One that is not ours or another practice's is Invalid, one that is too old Gone.
func (i *Inviter) Unseal(p practice.Practice, sealed string) ([]visit.Visit, error) {
	wrong := fault.New(fault.Invalid, "error.bad_request")
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil, wrong
	}
	text, err := i.lists.Open(nil, nil, b, []byte(p.ID))
	if err != nil {
		return nil, wrong
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	at, err := strconv.ParseInt(lines[0], 10, 64)
	if err != nil {
		return nil, wrong
	}
	if age := i.Now().Sub(time.Unix(at, 0)); age > ListValid || age < -ListValid { // instances' clocks may differ
		return nil, fault.New(fault.Gone, "invitations.list_old")
	}
	visits := make([]visit.Visit, 0, len(lines)-1)
	for _, line := range lines[1:] {
		part := strings.Split(line, " ")
		if len(part) != 3 {
			return nil, wrong
		}
		v, err := i.reader().Visit(part[0], part[1], part[2])
		if err != nil { // a visit that was young enough has grown too old in between
			continue
		}
		visits = append(visits, v)
	}
	return visits, nil
}
