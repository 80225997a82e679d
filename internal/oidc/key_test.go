package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func jwkOf(key any, change func(*jose.JSONWebKey)) []byte {
	k := jose.JSONWebKey{Key: key, KeyID: "k1"}
	if change != nil {
		change(&k)
	}
	return must(k.MarshalJSON())
}

func TestKeys(t *testing.T) {
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	short := must(rsa.GenerateKey(rand.Reader, 1024))
	p256, p384, p521 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	public, edKey, _ := ed25519.GenerateKey(rand.Reader)
	for name, c := range map[string]struct {
		text       []byte
		algorithms []string
		want       string // the algorithm, or what is said of it
	}{
		"RSA as PKCS 8":        {pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(rsaKey))), fapi, "PS256"},
		"RSA as PKCS 1":        {pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), asymmetric, "PS256"},
		"EC in PEM":            {pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p384))), fapi, "ES384"},
		"P-256":                {jwkOf(p256, nil), fapi, "ES256"},
		"P-521":                {jwkOf(p521, nil), fapi, "ES512"},
		"Ed25519":              {jwkOf(edKey, nil), fapi, "EdDSA"},
		"names its algorithm":  {jwkOf(rsaKey, func(k *jose.JSONWebKey) { k.Algorithm = "PS512" }), fapi, "PS512"},
		"RS256, where it may":  {jwkOf(rsaKey, func(k *jose.JSONWebKey) { k.Algorithm = "RS256" }), asymmetric, "RS256"},
		"RS256, where not":     {jwkOf(rsaKey, func(k *jose.JSONWebKey) { k.Algorithm = "RS256" }), fapi, `"RS256" does not fit`},
		"ES512 with P-384":     {jwkOf(p384, func(k *jose.JSONWebKey) { k.Algorithm = "ES512" }), fapi, `"ES512" does not fit`},
		"none":                 {jwkOf(p384, func(k *jose.JSONWebKey) { k.Algorithm = "none" }), fapi, `"none" does not fit`},
		"P-224":                {pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p224))), fapi, "does not fit"},
		"short":                {pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(short)), fapi, "2048 bits"},
		"for encryption":       {jwkOf(p384, func(k *jose.JSONWebKey) { k.Use = "enc" }), fapi, "not for signing"},
		"public as a JWK":      {jwkOf(&rsaKey.PublicKey, nil), fapi, "public"},
		"public in PEM":        {pemOf("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(public))), fapi, "private key in PEM"},
		"shared":               {jwkOf([]byte(strings.Repeat("s", 32)), nil), fapi, "private key as a JWK"},
		"a text":               {[]byte("secret-text"), fapi, "JWK or in PEM"},
		"half a JWK":           {[]byte(`{"kty":"EC","d":"secret-text"}`), fapi, "private key as a JWK"},
		"a set of public keys": {[]byte(`{"keys":[]}`), fapi, "private key as a JWK"},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := parseKey(c.text, c.algorithms)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret-text") {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			if string(key.algorithm) != c.want || key.id == "" {
				t.Errorf("got %s with id %q, want %s", key.algorithm, key.id, c.want)
			}
			var public jose.JSONWebKey
			if err := public.UnmarshalJSON(key.public()); err != nil || !public.IsPublic() || public.KeyID != key.id || public.Algorithm != c.want {
				t.Errorf("the public key is %s", key.public())
			}
			if _, err := key.assertion("me", "https://them.example", "JWT", time.Now()); err != nil {
				t.Errorf("the key does not sign: %v", err)
			}
		})
	}
	// The same key has the same id however it is written: it is registered by it.
	if a, b := must(parseKey(pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p256))), fapi)),
		must(parseKey(pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p256))), fapi)); a.id != b.id {
		t.Errorf("ids %s and %s", a.id, b.id)
	}
}

// opened reads what was signed, with the key in question.
func opened(t *testing.T, token string, algorithm jose.SignatureAlgorithm, key crypto.PublicKey) (jose.Header, map[string]any) {
	t.Helper()
	jws, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{algorithm})
	if err != nil {
		t.Fatal(err)
	}
	if key == nil {
		key = jws.Signatures[0].Header.JSONWebKey
	}
	payload, err := jws.Verify(key)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return jws.Signatures[0].Header, claims
}

// TestAnAssertionIsGoodForAMinuteAtMost, for one issuer, and never the same twice.
func TestAnAssertionIsGoodForAMinuteAtMost(t *testing.T) {
	private := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	key := must(parseKey(jwkOf(private, nil), fapi))
	seen := map[any]bool{}
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			time.Sleep(7 * time.Second) // by the bubble's clock
			header, claims := opened(t, must(key.assertion("me", "https://them.example", "client-authentication+jwt", time.Now())), jose.ES384, &private.PublicKey)
			if header.KeyID != "k1" || header.ExtraHeaders[jose.HeaderType] != "client-authentication+jwt" || header.JSONWebKey != nil {
				t.Fatalf("header %+v", header)
			}
			now := float64(time.Now().Unix())
			issued, expires := claims["iat"].(float64), claims["exp"].(float64)
			if issued != now || claims["nbf"] != issued || expires <= now || expires-now > 60 {
				t.Errorf("at %v: good from %v to %v", now, issued, expires)
			}
			if claims["iss"] != "me" || claims["sub"] != "me" || claims["aud"] != "https://them.example" || seen[claims["jti"]] || len(claims["jti"].(string)) < 26 {
				t.Errorf("claims %v", claims)
			}
			seen[claims["jti"]] = true
		}
	})
}

func TestAProofIsForOneRequest(t *testing.T) {
	p, q := must(newProofs()), must(newProofs())
	if p.key.Equal(q.key) {
		t.Error("two sign-ins have the same key")
	}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	header, claims := opened(t, must(p.proof("https://them.example/token", "n1", now)), jose.ES256, nil)
	if header.ExtraHeaders[jose.HeaderType] != "dpop+jwt" || header.KeyID != "" || !header.JSONWebKey.IsPublic() {
		t.Errorf("header %+v", header)
	}
	if claims["htm"] != "POST" || claims["htu"] != "https://them.example/token" || claims["nonce"] != "n1" || claims["iat"] != float64(now.Unix()) {
		t.Errorf("claims %v", claims)
	}
	_, again := opened(t, must(p.proof("https://them.example/token", "", now)), jose.ES256, nil)
	if _, has := again["nonce"]; has || again["jti"] == claims["jti"] {
		t.Errorf("claims %v after %v", again, claims)
	}
}

// TestSecrets: in the header, escaped as the standard has it, or in the form where the provider takes only that.
func TestSecrets(t *testing.T) {
	const id, secret = "venterom ø", "hemmelig:+%"
	for _, c := range []struct {
		methods []string
		header  bool
	}{{nil, true}, {[]string{"client_secret_post", "client_secret_basic"}, true}, {[]string{"client_secret_post"}, false}} {
		var got *http.Request
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			got = r
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, "{}")
		}))
		u := must(url.Parse(server.URL))
		client := &Client{settings: Settings{ClientID: id, Issuer: server.URL}, secret: secret, now: time.Now, http: newHTTP([]string{u.Host})}
		_, _, err := client.post(context.Background(), &metadata{AuthMethods: c.methods}, server.URL+"/token", url.Values{"code": {"x"}}, nil)
		server.Close()
		if err != nil {
			t.Fatal(err)
		}
		name, password, has := got.BasicAuth()
		if has != c.header || c.header && (name != url.QueryEscape(id) || password != url.QueryEscape(secret) || got.PostForm.Has("client_secret")) {
			t.Errorf("%v: header %v %q %q", c.methods, has, name, password)
		}
		if !c.header && (got.PostForm.Get("client_id") != id || got.PostForm.Get("client_secret") != secret) {
			t.Errorf("%v: form %v", c.methods, got.PostForm)
		}
	}
}

// TestNothingLeavesForElsewhere: to hosts that were named, encrypted unless they are this machine.
func TestNothingLeavesForElsewhere(t *testing.T) {
	asked := false
	g := &guard{hosts: []string{"sts.example.no", "127.0.0.1:8080", "localhost", "[::1]:8080"}, next: roundTrip(func(*http.Request) (*http.Response, error) {
		asked = true
		return &http.Response{Body: http.NoBody}, nil
	})}
	for address, want := range map[string]bool{
		"https://sts.example.no/token": true, "http://127.0.0.1:8080/": true, "http://localhost/": true, "http://[::1]:8080/": true,
		"http://sts.example.no/token": false, "https://sts.example.no:8443/": false, "https://example.no/": false, "https://sts.example.no.evil.example/": false,
		"https://user@sts.example.no/": false, "http://127.0.0.1/": false, "ftp://sts.example.no/": false,
	} {
		asked = false
		_, err := g.RoundTrip(must(http.NewRequest(http.MethodGet, address, nil)))
		if asked != want || (err == nil) != want {
			t.Errorf("%s: asked %v, %v; want %v", address, asked, err, want)
		}
	}
}

func TestAnswersEnd(t *testing.T) {
	for size, want := range map[int]bool{maxAnswer: true, maxAnswer + 1: false} {
		g := &guard{hosts: []string{"sts.example.no"}, next: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{Body: io.NopCloser(strings.NewReader(strings.Repeat(" ", size)))}, nil
		})}
		answer := must(g.RoundTrip(must(http.NewRequest(http.MethodGet, "https://sts.example.no/", nil))))
		if _, err := io.ReadAll(answer.Body); (err == nil) != want {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
