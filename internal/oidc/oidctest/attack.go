package oidctest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Attack is a way in which a provider, or somebody between, cheats.
type Attack struct {
	Name    string
	Profile string
	Do      func(*Provider)
	Refused string // the key of what is said
}

// Attacks are all that must sign nobody in.
var Attacks = []Attack{
	{"the token is of another issuer", "generic", claim("iss", "https://elsewhere.example"), "refused.refused"},
	{"the token is for another client", "generic", claim("aud", "somebody-else"), "refused.refused"},
	{"the token is for several clients and names none", "generic", claim("aud", []string{ClientID, "somebody-else"}), "refused.refused"},
	{"the token is for several clients and names another", "generic", func(p *Provider) {
		p.Claims = func(m map[string]any) { m["aud"], m["azp"] = []string{ClientID, "somebody-else"}, "somebody-else" }
	}, "refused.refused"},
	{"the token names another client", "generic", claim("azp", "somebody-else"), "refused.refused"},
	{"the token is not signed", "generic", func(p *Provider) { p.Sign = func(m map[string]any) any { return Unsigned(m) } }, "refused.refused"},
	{"the token is signed with the public key as a secret", "generic", func(p *Provider) {
		secret := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(p.SigningKey())})
		p.Sign = func(m map[string]any) any { return p.Signed(jose.HS256, secret, m) }
	}, "refused.refused"},
	{"the token is signed with the client's own secret", "generic", func(p *Provider) {
		p.Sign = func(m map[string]any) any { return p.Signed(jose.HS256, []byte(strings.Repeat("s", 32)), m) }
	}, "refused.refused"},
	{"the token is signed with another key", "generic", func(p *Provider) {
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		p.Sign = func(m map[string]any) any { return p.Signed(jose.RS256, other, m) }
	}, "refused.refused"},
	{"the token is signed with an algorithm that ID-porten does not use", "idporten", func(p *Provider) {
		p.Sign = func(m map[string]any) any { return p.Signed(jose.PS256, p.signing, m) }
	}, "refused.refused"},
	{"the token is no token", "generic", func(p *Provider) { p.Sign = func(map[string]any) any { return "a.b.c" } }, "refused.refused"},
	{"the token is a number", "generic", func(p *Provider) { p.Sign = func(map[string]any) any { return 7 } }, "refused.refused"},
	{"there is no token", "generic", func(p *Provider) { p.Tokens = func(m map[string]any) { delete(m, "id_token") } }, "refused.refused"},
	{"the token is for another sign-in", "generic", claim("nonce", "another"), "refused.refused"},
	{"the token is for no sign-in", "generic", claim("nonce", nil), "refused.refused"},
	{"the token has expired", "generic", func(p *Provider) {
		p.Claims = func(m map[string]any) { m["exp"] = p.now().Add(-time.Second).Unix() }
	}, "refused.refused"},
	{"the token never expires", "generic", claim("exp", nil), "refused.refused"},
	{"the token is from the future", "generic", func(p *Provider) {
		p.Claims = func(m map[string]any) {
			m["iat"], m["exp"] = p.now().Add(time.Hour).Unix(), p.now().Add(2*time.Hour).Unix()
		}
	}, "refused.refused"},
	{"the tokens do not belong together", "generic", claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "refused.refused"},
	{"the token is about nobody", "generic", claim("sub", ""), "refused.refused"},
	{"the subject is a person's number", "generic", claim("sub", Number), "refused.number"},
	{"the subject is a person's number at ID-porten", "idporten", claim("sub", Number), "refused.number"},

	{"the answer has another state", "generic", reply("state", "another"), "refused.stale"},
	{"the answer has no state", "generic", reply("state"), "refused.stale"},
	{"the answer has two states", "generic", func(p *Provider) {
		p.Answer = func(q url.Values) { q.Add("state", q.Get("state")) }
	}, "refused.stale"},
	{"the answer has no code", "generic", reply("code"), "refused.refused"},
	{"the answer has two codes", "generic", func(p *Provider) { p.Answer = func(q url.Values) { q.Add("code", q.Get("code")) } }, "refused.refused"},
	{"the answer has a made-up code", "generic", reply("code", "made-up"), "refused.refused"},
	{"the answer names another issuer", "generic", reply("iss", "https://elsewhere.example"), "refused.refused"},
	{"the answer names an issuer that is nearly the same", "generic", func(p *Provider) { p.Answer = func(q url.Values) { q.Set("iss", p.Issuer()+"/") } }, "refused.refused"},
	{"the answer names two issuers", "generic", func(p *Provider) { p.Answer = func(q url.Values) { q.Add("iss", "https://elsewhere.example") } }, "refused.refused"},
	{"the answer names no issuer though it promised to", "generic", reply("iss"), "refused.refused"},
	{"HelseID's answer names no issuer", "helseid", func(p *Provider) {
		p.Metadata = func(m map[string]any) { delete(m, "authorization_response_iss_parameter_supported") }
		p.Answer = func(q url.Values) { q.Del("iss") }
	}, "refused.refused"},
	{"the person changes their mind", "generic", failing("access_denied"), "refused.cancelled"},
	{"the provider fails the person", "generic", failing("login_required"), "refused.refused"},
	{"the provider's error is a text", "generic", failing("<b>" + Number), "refused.refused"},
	{"another provider's refusal", "generic", func(p *Provider) {
		p.Answer = func(q url.Values) { q.Set("error", "access_denied"); q.Set("iss", "https://elsewhere.example") }
	}, "refused.refused"},

	{"the level is too low", "idporten", claim("acr", "idporten-loa-substantial"), "refused.weak"},
	{"the level is of another kind", "idporten", claim("acr", "Level4"), "refused.weak"},
	{"there is no level", "idporten", claim("acr", nil), "refused.weak"},
	{"HelseID's level is 3", "helseid", claim("helseid://claims/identity/security_level", "3"), "refused.weak"},
	{"HelseID's level is missing", "helseid", claim("helseid://claims/identity/security_level", nil), "refused.weak"},
	{"HelseID's level is two things", "helseid", claim("helseid://claims/identity/security_level", []string{"3", "4"}), "refused.weak"},

	{"the pushed request is refused", "helseid", pushed(http.StatusBadRequest, "", ""), "refused.refused"},
	{"the pushed request has no name", "helseid", pushed(http.StatusCreated, "request_uri", nil), "refused.refused"},
	{"the pushed request is somewhere else", "helseid", pushed(http.StatusCreated, "request_uri", "https://evil.example/request"), "refused.refused"},
	{"the pushed request is over", "helseid", pushed(http.StatusCreated, "expires_in", 0), "refused.refused"},
	{"the pushed request is answered as if it were a page", "helseid", handler("/par", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusCreated)
	}), "refused.refused"},
	{"the token is not bound", "helseid", func(p *Provider) { p.Tokens = func(m map[string]any) { m["token_type"] = "Bearer" } }, "refused.refused"},
	{"the provider wants one nonce after another", "helseid", func(p *Provider) {
		handler("/token", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("DPoP-Nonce", rand.Text())
			answer(w, http.StatusUnauthorized, map[string]any{"error": "use_dpop_nonce"})
		})(p)
	}, "refused.refused"},

	{"the metadata are another issuer's", "generic", metadatum("issuer", "https://elsewhere.example"), "refused.refused"},
	{"the metadata lead elsewhere with the code", "generic", metadatum("token_endpoint", "https://elsewhere.example/token"), "refused.unavailable"},
	{"the metadata lead elsewhere for the keys", "generic", metadatum("jwks_uri", "http://169.254.169.254/keys"), "refused.unavailable"},
	{"the metadata lead the person through the open", "generic", metadatum("authorization_endpoint", "http://elsewhere.example/authorize"), "refused.unavailable"},
	{"the metadata have no place to push to", "helseid", metadatum("pushed_authorization_request_endpoint", ""), "refused.unavailable"},
	{"the metadata are endless", "generic", handler("/.well-known/openid-configuration", endless), "refused.unavailable"},
	{"the metadata are elsewhere", "generic", handler("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://localhost/", http.StatusFound)
	}), "refused.unavailable"},
	{"the code is to be sent on", "generic", handler("/token", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://localhost/", http.StatusTemporaryRedirect)
	}), "refused.refused"},
	{"the token endpoint fails", "generic", handler("/token", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }), "refused.unavailable"},
	{"the tokens are endless", "generic", handler("/token", endless), "refused.unavailable"},
	{"the keys are gone", "generic", handler("/keys", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }), "refused.refused"},
}

func claim(name string, value any) func(*Provider) {
	return func(p *Provider) {
		p.Claims = func(m map[string]any) {
			if m[name] = value; value == nil {
				delete(m, name)
			}
		}
	}
}

func reply(name string, value ...string) func(*Provider) {
	return func(p *Provider) {
		p.Answer = func(q url.Values) {
			q.Del(name)
			for _, v := range value {
				q.Set(name, v)
			}
		}
	}
}

func failing(code string) func(*Provider) {
	return func(p *Provider) {
		p.Answer = func(q url.Values) { q.Del("code"); q.Set("error", code); q.Set("error_description", Number) }
	}
}

func pushed(status int, name string, value any) func(*Provider) {
	return func(p *Provider) {
		p.Pushed = func(m map[string]any) int { m[name] = value; return status }
	}
}

func metadatum(name string, value any) func(*Provider) {
	return func(p *Provider) { p.Metadata = func(m map[string]any) { m[name] = value } }
}

func handler(path string, h http.HandlerFunc) func(*Provider) {
	return func(p *Provider) { p.Handler[path] = h }
}

func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	chunk := []byte(strings.Repeat(" ", 64<<10))
	for r.Context().Err() == nil {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}
