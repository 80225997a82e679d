// Package oidctest is an identity provider for tests: as strict as a real one, until it is told to cheat.
package oidctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/venterom/venterom/internal/oidc"
)

// What every provider knows.
const (
	ClientID = "venterom"
	KeyID    = "one"
	// Number is a fødselsnummer, made up, that every provider sends along unasked.
	Number = "31129956715"
)

// Provider is an identity provider on loopback. The fields change what it says; all may be nil.
type Provider struct {
	Subject  string
	Answer   func(url.Values)         // the query that the person comes back with
	Claims   func(map[string]any)     // of the id_token
	Sign     func(map[string]any) any // the id_token itself
	Tokens   func(map[string]any)     // what a code is exchanged for
	Pushed   func(map[string]any) int // what a pushed request is answered with, and the status
	Metadata func(map[string]any)
	Handler  map[string]http.HandlerFunc // stands for a path

	t        testing.TB
	profile  string
	now      func() time.Time
	server   *httptest.Server
	signing  *rsa.PrivateKey
	client   *ecdsa.PrivateKey
	mu       sync.Mutex
	requests map[string]url.Values // by code, and by request_uri
	nonces   int
	seen     map[string]bool // jti of assertions and proofs
	asked    []string        // paths, in order
	wrong    []string        // what a client did against the rules
}

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// New starts a provider of a profile.
func New(t testing.TB, profile string, now func() time.Time) *Provider {
	t.Helper()
	client, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{Subject: "sub-kari", t: t, profile: profile, now: now, signing: signingKey(), client: client,
		requests: map[string]url.Values{}, seen: map[string]bool{}, Handler: map[string]http.HandlerFunc{}}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.server.Close)
	return p
}

// Issuer is its name.
func (p *Provider) Issuer() string { return p.server.URL }

// SigningKey is the public key that its tokens are signed with.
func (p *Provider) SigningKey() *rsa.PublicKey { return &p.signing.PublicKey }

// Asked lists the paths that were asked for, and Wrong what was asked against the rules.
func (p *Provider) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// Wrong lists what a client did against the rules.
func (p *Provider) Wrong() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.wrong)
}

// Settings describe it to a client; change may be nil.
func (p *Provider) Settings(id string, change func(*oidc.Settings)) oidc.Settings {
	s := oidc.Settings{ID: id, Name: "Prøve-" + id, Profile: p.profile, Issuer: p.Issuer(), ClientID: ClientID, KeyFile: id + ".jwk"}
	if change != nil {
		change(&s)
	}
	return s
}

// ClientKey is the private key a client proves itself with, as a JWK.
func (p *Provider) ClientKey() []byte {
	text, err := jose.JSONWebKey{Key: p.client, KeyID: KeyID, Use: "sig"}.MarshalJSON()
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// Load makes clients of providers by name.
func Load(t testing.TB, base *url.URL, now func() time.Time, providers map[string]*Provider, change func(*oidc.Settings)) []*oidc.Client {
	t.Helper()
	var file struct {
		Providers []oidc.Settings `json:"providers"`
	}
	for _, id := range slices.Sorted(maps.Keys(providers)) {
		file.Providers = append(file.Providers, providers[id].Settings(id, change))
	}
	data, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	clients, err := oidc.Load(data, func(name string) ([]byte, error) {
		return providers[strings.TrimSuffix(name, ".jwk")].ClientKey(), nil
	}, base, now)
	if err != nil {
		t.Fatal(err)
	}
	return clients
}

// Visit is a person who follows an address to the provider and signs in there at once. It returns the
// address that the person is sent back to.
func (p *Provider) Visit(address string) *url.URL {
	p.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := client.Get(address)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	back, err := r.Location()
	if err != nil {
		body, _ := io.ReadAll(r.Body)
		p.t.Fatalf("the provider sends nobody back: %s %s", r.Status, body)
	}
	return back
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, r.URL.Path)
	if h := p.Handler[r.URL.Path]; h != nil {
		h(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		m := map[string]any{"issuer": p.Issuer(), "authorization_endpoint": p.Issuer() + "/authorize", "token_endpoint": p.Issuer() + "/token",
			"jwks_uri": p.Issuer() + "/keys", "pushed_authorization_request_endpoint": p.Issuer() + "/par",
			"authorization_response_iss_parameter_supported": true, "id_token_signing_alg_values_supported": []string{"RS256", "PS256", "HS256", "none"}}
		change(p.Metadata, m)
		answer(w, http.StatusOK, m)
	case "/keys":
		answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.SigningKey(), KeyID: "sig", Use: "sig", Algorithm: "RS256"}}})
	case "/par":
		p.push(w, r)
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.token(w, r)
	default:
		http.NotFound(w, r)
	}
}

func change(f func(map[string]any), m map[string]any) {
	if f != nil {
		f(m)
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (p *Provider) fail(w http.ResponseWriter, code, why string) {
	p.wrong = append(p.wrong, why)
	answer(w, http.StatusBadRequest, map[string]any{"error": code, "error_description": why})
}

func (p *Provider) push(w http.ResponseWriter, r *http.Request) {
	if why := p.checkClient(r); why != "" {
		p.fail(w, "invalid_client", why)
		return
	}
	q := r.PostForm
	q.Del("client_assertion")
	q.Del("client_assertion_type")
	uri := "urn:ietf:params:oauth:request_uri:" + rand.Text()
	p.requests[uri] = q
	m, status := map[string]any{"request_uri": uri, "expires_in": 60}, http.StatusCreated
	if p.Pushed != nil {
		status = p.Pushed(m)
	}
	answer(w, status, m)
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if uri := q.Get("request_uri"); uri != "" {
		if len(q) != 2 || q.Get("client_id") != ClientID || p.requests[uri] == nil {
			p.fail(w, "invalid_request", "a pushed request is referred to by client_id and request_uri alone")
			return
		}
		q = p.requests[uri]
		delete(p.requests, uri)
	} else if p.profile == "helseid" {
		p.fail(w, "invalid_request", "the request was not pushed")
		return
	}
	if q.Get("response_type") != "code" || q.Get("client_id") != ClientID || q.Get("code_challenge_method") != "S256" ||
		len(q.Get("code_challenge")) != 43 || q.Get("state") == "" || q.Get("nonce") == "" {
		p.fail(w, "invalid_request", "the request is not as it should be")
		return
	}
	for _, scope := range strings.Fields(q.Get("scope")) {
		if scope != "openid" && scope != "helseid://scopes/identity/security_level" {
			p.fail(w, "invalid_scope", "nothing but who somebody is, and how surely, should be asked for; not "+scope)
			return
		}
	}
	code := rand.Text()
	p.requests[code] = q
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		p.fail(w, "invalid_request", "redirect_uri")
		return
	}
	to := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.Issuer()}}
	if p.Answer != nil {
		p.Answer(to)
	}
	back.RawQuery = to.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if why := p.checkClient(r); why != "" {
		p.fail(w, "invalid_client", why)
		return
	}
	kind := "Bearer"
	if p.profile == "helseid" {
		kind = "DPoP"
		wants, why := p.checkProof(r)
		if why != "" {
			p.fail(w, "invalid_dpop_proof", why)
			return
		}
		if wants {
			p.nonces++
			w.Header().Set("DPoP-Nonce", p.nonce())
			answer(w, http.StatusBadRequest, map[string]any{"error": "use_dpop_nonce"})
			return
		}
	}
	q := p.requests[r.PostForm.Get("code")]
	delete(p.requests, r.PostForm.Get("code"))
	challenge := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if q == nil || q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]) || q.Get("redirect_uri") != r.PostForm.Get("redirect_uri") {
		p.fail(w, "invalid_grant", "the code is used, or somebody else's")
		return
	}
	access := rand.Text()
	half := sha256.Sum256([]byte(access))
	claims := map[string]any{"iss": p.Issuer(), "sub": p.Subject, "aud": ClientID, "nonce": q.Get("nonce"), "iat": p.now().Unix(),
		"exp": p.now().Add(time.Minute).Unix(), "at_hash": base64.RawURLEncoding.EncodeToString(half[:16]),
		"pid": Number, "helseid://claims/identity/pid": Number}
	switch p.profile {
	case "idporten":
		claims["acr"] = "idporten-loa-high"
	case "helseid":
		claims["helseid://claims/identity/security_level"] = "4"
	}
	change(p.Claims, claims)
	var id any
	if id = p.Signed(jose.RS256, p.signing, claims); p.Sign != nil {
		id = p.Sign(claims)
	}
	m := map[string]any{"id_token": id, "access_token": access, "token_type": kind, "expires_in": 60}
	change(p.Tokens, m)
	answer(w, http.StatusOK, m)
}

// Signed makes a token of claims, as if it were the provider's own.
func (p *Provider) Signed(algorithm jose.SignatureAlgorithm, key any, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: "sig"}}, nil)
	if err != nil {
		panic(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return token
}

func (p *Provider) nonce() string { return fmt.Sprintf("nonce-%d", p.nonces) }

// jwt is what a client signed.
type jwt struct {
	Issuer, Subject, Audience, ID string
	Method, Address, Nonce        string
	IssuedAt, Expires             int64
}

func (j *jwt) UnmarshalJSON(data []byte) error {
	var raw struct {
		Iss   string `json:"iss"`
		Sub   string `json:"sub"`
		Aud   string `json:"aud"`
		Jti   string `json:"jti"`
		Htm   string `json:"htm"`
		Htu   string `json:"htu"`
		Nonce string `json:"nonce"`
		Iat   int64  `json:"iat"`
		Exp   int64  `json:"exp"`
	}
	err := json.Unmarshal(data, &raw)
	*j = jwt{raw.Iss, raw.Sub, raw.Aud, raw.Jti, raw.Htm, raw.Htu, raw.Nonce, raw.Iat, raw.Exp}
	return err
}

// checkClient reads the form of a request and says what is wrong with the client's proof, if anything.
func (p *Provider) checkClient(r *http.Request) string {
	if r.Method != http.MethodPost || r.ParseForm() != nil || r.URL.RawQuery != "" {
		return "want a form"
	}
	jws, err := jose.ParseSigned(r.PostForm.Get("client_assertion"), []jose.SignatureAlgorithm{jose.ES384})
	if err != nil {
		return "want an assertion signed with ES384"
	}
	payload, err := jws.Verify(&p.client.PublicKey)
	var a jwt
	if err != nil || json.Unmarshal(payload, &a) != nil {
		return "the assertion is signed with another key"
	}
	now, header := p.now().Unix(), jws.Signatures[0].Header
	typ := "JWT"
	if p.profile == "helseid" {
		typ = "client-authentication+jwt"
	}
	switch {
	case header.KeyID != KeyID || header.ExtraHeaders[jose.HeaderType] != typ:
		return "the assertion's header is not as it should be"
	case a.Issuer != ClientID || a.Subject != ClientID || a.Audience != p.Issuer():
		return "the assertion is about somebody else"
	case a.Expires <= now || a.Expires > now+60 || a.IssuedAt > now:
		return "the assertion is good for too long, or no longer"
	case a.ID == "" || p.seen[a.ID]:
		return "the assertion was used before"
	}
	p.seen[a.ID] = true
	return ""
}

// checkProof says whether a proof of possession still wants the nonce, or what is wrong with it.
func (p *Provider) checkProof(r *http.Request) (wants bool, why string) {
	jws, err := jose.ParseSigned(r.Header.Get("DPoP"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return false, "want a proof signed with ES256"
	}
	header := jws.Signatures[0].Header
	if header.JSONWebKey == nil || !header.JSONWebKey.IsPublic() || header.ExtraHeaders[jose.HeaderType] != "dpop+jwt" {
		return false, "the proof's header is not as it should be"
	}
	payload, err := jws.Verify(header.JSONWebKey)
	var d jwt
	switch {
	case err != nil || json.Unmarshal(payload, &d) != nil:
		return false, "the proof does not hold"
	case d.Method != http.MethodPost || d.Address != p.Issuer()+"/token" || d.IssuedAt != p.now().Unix():
		return false, "the proof is for another request"
	case d.ID == "" || p.seen[d.ID]:
		return false, "the proof was used before"
	}
	p.seen[d.ID] = true
	if p.nonces == 0 || d.Nonce != p.nonce() {
		return true, ""
	}
	p.nonces++ // a nonce is good once
	return false, ""
}

// Unsigned is a token of claims with the algorithm none.
func Unsigned(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"sig"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
}
