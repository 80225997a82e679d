package web

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/practice"
)

// device is a passkey, and what it says when it is asked to sign. A test has it lie.
type device struct {
	id     []byte
	key    *ecdsa.PrivateKey
	holder string // account id
	count  uint32

	kind, origin, host string
	flags              byte
	challenge          string
	signed             func([]byte) []byte // what becomes of the signature
}

const (
	userPresent  = 1
	userVerified = 4
)

// newDevice adds a passkey to a character's account.
func (f *fixture) newDevice(t testing.TB, email string) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	d := &device{id: []byte(rand.Text()), key: key, holder: f.account(t, email).ID, count: 1}
	point, err := key.PublicKey.Bytes() // 4, x, y
	must(t, err)
	// A COSE key (RFC 9053, section 7.1.1): {1: EC2, 3: ES256, -1: P-256, -2: x, -3: y}.
	cose := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, point[1:33]...)
	cose = append(append(cose, 0x22, 0x58, 32), point[33:]...)
	_, err = f.Store.AddPasskey(context.Background(), practice.Passkey{ID: base64.RawURLEncoding.EncodeToString(d.id), AccountID: d.holder, Name: "Prøve",
		AddedWeek: calendar.WeekOf(f.clock), PublicKey: base64.RawURLEncoding.EncodeToString(cose)})
	must(t, err)
	return d
}

// sign answers a challenge, as WebAuthn has it (level 3, section 7.2).
func (d *device) sign(t testing.TB) string {
	t.Helper()
	client, err := json.Marshal(map[string]any{"type": d.kind, "challenge": d.challenge, "origin": d.origin, "crossOrigin": false})
	must(t, err)
	host := sha256.Sum256([]byte(d.host))
	authenticator := binary.BigEndian.AppendUint32(append(host[:], d.flags), d.count)
	clientHash := sha256.Sum256(client)
	digest := sha256.Sum256(append(authenticator[:len(authenticator):len(authenticator)], clientHash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	must(t, err)
	b64 := base64.RawURLEncoding.EncodeToString
	credential, err := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(authenticator), "signature": b64(d.signed(signature)), "userHandle": b64([]byte(d.holder))}})
	must(t, err)
	return string(credential)
}

// ask fetches a challenge and makes the device ready to sign it truly.
func (d *device) ask(b *browser) {
	b.t.Helper()
	r := b.do(http.MethodPost, "/login/challenge", url.Values{})
	var options struct{ Challenge string }
	must(b.t, json.Unmarshal([]byte(r.body), &options))
	d.kind, d.origin, d.host, d.flags, d.challenge = "webauthn.get", "https://svar.example.org", "svar.example.org", userPresent|userVerified, options.Challenge
	d.signed = func(s []byte) []byte { return s }
	d.count++
}

// TestPasskeyThatLies: whatever is wrong with what a passkey says, nobody is let in, and the answer is the same.
func TestPasskeyThatLies(t *testing.T) {
	f := newFixture(t)
	honest, olavs := f.newDevice(t, kari), f.newDevice(t, olav)
	in := func(b *browser) bool { return b.get("/practices/"+f.eidsvag.ID).StatusCode == http.StatusOK }

	b := f.browser(t, "203.0.113.1")
	honest.ask(b)
	signed := honest.sign(t)
	b.leads("the truth", b.post("/login/passkey", "credential", signed), "/practices")
	if !in(b) {
		t.Fatal("the truth does not let in")
	}

	var said string
	refused := func(what string, b *browser, credential string) {
		t.Helper()
		r := b.post("/login/passkey", "credential", credential)
		if r.StatusCode != http.StatusUnprocessableEntity || in(b) {
			t.Errorf("%s: status %d, in: %t", what, r.StatusCode, in(b))
		}
		if said == "" {
			said = r.body
		}
		if r.body != said {
			t.Errorf("%s is told from others", what)
		}
	}
	refused("a second time, elsewhere", f.browser(t, "203.0.113.2"), signed)
	b = f.browser(t, "203.0.113.3")
	honest.ask(b)
	refused("a second time, to another challenge", b, signed)
	for what, lie := range map[string]func(d *device){
		"another site's":             func(d *device) { d.origin = "https://svar.example.org.evil.example" },
		"without encryption":         func(d *device) { d.origin = "http://svar.example.org" },
		"another port's":             func(d *device) { d.origin = "https://svar.example.org:8443" },
		"another host's":             func(d *device) { d.host = "evil.example" },
		"the parent domain's":        func(d *device) { d.host = "example.org" },
		"making, not signing":        func(d *device) { d.kind = "webauthn.create" },
		"nobody verified":            func(d *device) { d.flags = userPresent },
		"nobody there":               func(d *device) { d.flags = userVerified },
		"another challenge":          func(d *device) { d.challenge = base64.RawURLEncoding.EncodeToString(make([]byte, 32)) },
		"no challenge":               func(d *device) { d.challenge = "" },
		"another's account":          func(d *device) { d.holder = olavs.holder },
		"nobody's account":           func(d *device) { d.holder = "nobody" },
		"another's passkey":          func(d *device) { d.id = olavs.id },
		"an unknown passkey":         func(d *device) { d.id = []byte("unknown") },
		"another key":                func(d *device) { d.key = olavs.key },
		"a bit of the signature":     func(d *device) { d.signed = func(s []byte) []byte { s[len(s)-1] ^= 1; return s } },
		"no signature":               func(d *device) { d.signed = func([]byte) []byte { return nil } },
		"a count that has gone back": func(d *device) { d.count = 1 },
	} {
		b := f.browser(t, "203.0.113.4")
		honest.ask(b)
		d := *honest
		lie(&d)
		refused(what, b, d.sign(t))
	}
	for _, credential := range []string{"", "null", "[]", `{"id":`, `{"id":"x","rawId":"x","type":"public-key","response":{}}`} {
		b := f.browser(t, "203.0.113.5")
		honest.ask(b)
		refused("garbage "+credential, b, credential)
	}

	// After all that the truth still lets in.
	b = f.browser(t, "203.0.113.6")
	honest.ask(b)
	b.leads("the truth again", b.post("/login/passkey", "credential", honest.sign(t)), "/practices")
}
