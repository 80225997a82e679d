package oidc

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// clientKey is the key we prove ourselves with.
type clientKey struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.PrivateKey
}

const minRSA = 2048 // bits

// parseKey reads a private key, a JWK or PEM, that can sign with one of the algorithms. A key without an id
// gets its thumbprint (RFC 7638) for one.
func parseKey(text []byte, algorithms []string) (*clientKey, error) {
	var jwk jose.JSONWebKey
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("{")) {
		if err := jwk.UnmarshalJSON(text); err != nil || !jwk.Valid() {
			return nil, errors.New("want a private key as a JWK") // err may quote it
		}
	} else {
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, errors.New("want a private key as a JWK or in PEM")
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			key, err = x509.ParseECPrivateKey(block.Bytes)
		}
		if err != nil {
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		}
		if err != nil {
			return nil, errors.New("want an RSA, EC or Ed25519 private key in PEM, without a password")
		}
		jwk.Key = key
	}
	if jwk.Use != "" && jwk.Use != "sig" {
		return nil, errors.New("the key is not for signing")
	}
	var can []string
	switch key := jwk.Key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < minRSA {
			return nil, fmt.Errorf("an RSA key must have at least %d bits", minRSA)
		}
		can = []string{"PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}
	case *ecdsa.PrivateKey:
		can = []string{map[elliptic.Curve]string{elliptic.P256(): "ES256", elliptic.P384(): "ES384", elliptic.P521(): "ES512"}[key.Curve]}
	case ed25519.PrivateKey:
		can = []string{"EdDSA"}
	default:
		return nil, errors.New("want a private key; this is a public or a shared one")
	}
	algorithm := jwk.Algorithm
	if algorithm == "" {
		algorithm = can[0]
	}
	if !slices.Contains(can, algorithm) || !slices.Contains(algorithms, algorithm) {
		return nil, fmt.Errorf("the key's algorithm %q does not fit", algorithm)
	}
	if jwk.KeyID == "" {
		sum, err := jwk.Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, err
		}
		jwk.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	}
	return &clientKey{id: jwk.KeyID, algorithm: jose.SignatureAlgorithm(algorithm), private: jwk.Key}, nil
}

// public is the key without what must stay here.
func (k *clientKey) public() []byte {
	private := jose.JSONWebKey{Key: k.private, KeyID: k.id, Algorithm: string(k.algorithm), Use: "sig"}
	text, _ := private.Public().MarshalJSON() // of a key that was read, and so can be written
	return text
}

// assertionLife is how long an assertion is good for; providers take at most a minute.
const assertionLife = 30 * time.Second

// assertion is our word for who we are (RFC 7523), good for one request to one issuer.
func (k *clientKey) assertion(clientID, issuer, typ string, now time.Time) (string, error) {
	return sign(k.algorithm, jose.JSONWebKey{Key: k.private, KeyID: k.id}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)), map[string]any{
		"iss": clientID, "sub": clientID, "aud": issuer, "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
}

// proofs makes proofs of possession (RFC 9449) with a key of their own. The key lives as long as one
// sign-in: the tokens it is for are used for nothing afterwards.
type proofs struct{ key *ecdsa.PrivateKey }

func newProofs() (proofs, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return proofs{key}, err
}

// proof is for a POST to an address; nonce is what its server last asked for, or empty.
func (p proofs) proof(address, nonce string, now time.Time) (string, error) {
	claims := map[string]any{"htm": http.MethodPost, "htu": address, "iat": now.Unix(), "jti": rand.Text()}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	return sign(jose.ES256, p.key, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"), claims)
}

func sign(algorithm jose.SignatureAlgorithm, key any, o *jose.SignerOptions, claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, o)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed.CompactSerialize()
}
