// Package oidc signs staff in through an identity provider, by OpenID Connect's authorization code flow
// with PKCE. It says who somebody is, as issuer and subject, and how surely; what that somebody may do
// here is for others to know. Nothing a provider tells beyond that is kept: a person's number least of all.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/venterom/venterom/internal/fault"
)

// profile is what a kind of provider asks of us, and what we ask of it. Everything else is the same for all.
type profile struct {
	scopes     []string
	algorithms []string // that its id_tokens may be signed with; never none, never a shared secret
	keyOnly    bool     // we prove who we are with a key; a secret will not do
	clientAlgs []string // that we may sign with
	clientType string   // typ of our assertions
	pushed     bool     // the request goes ahead of the person (RFC 9126), whether or not the metadata demand it
	bound      bool     // tokens are bound to a key of ours (DPoP, RFC 9449)
	named      bool     // the answer must name its issuer (RFC 9207), whether or not the metadata promise it
	levels     []string // values of acr, lowest first, of which one is the least we take; the last if none is set
	health     bool     // the level is in HelseID's own claim, and is 4
}

var (
	asymmetric = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	fapi       = []string{"PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)

var profiles = map[string]profile{
	"generic": {
		scopes: []string{"openid"}, algorithms: asymmetric, clientAlgs: asymmetric, clientType: "JWT",
	},
	"idporten": {
		scopes: []string{"openid"}, algorithms: []string{"RS256"}, clientAlgs: asymmetric, clientType: "JWT",
		levels: []string{"idporten-loa-substantial", "idporten-loa-high"},
	},
	"helseid": {
		scopes: []string{"openid", "helseid://scopes/identity/security_level"}, algorithms: asymmetric,
		keyOnly: true, clientAlgs: fapi, clientType: "client-authentication+jwt", pushed: true, bound: true, named: true, health: true,
	},
}

// Client is one provider, seen from here. It is made by Load.
type Client struct {
	ID   string // in addresses
	Name string // on the page, as the people who use it know it

	profile   profile
	settings  Settings
	key       *clientKey // nil if there is a secret
	secret    string
	returnURL string
	now       func() time.Time
	hosts     []string // that we ask
	http      *http.Client

	mu       sync.Mutex
	metadata *metadata
}

// Issuer is the provider's name for itself.
func (c *Client) Issuer() string { return c.settings.Issuer }

// ReturnURL is where people come back to, as it must be registered with the provider.
func (c *Client) ReturnURL() string { return c.returnURL }

// PublicKey is the key to register with the provider, as a JWK; nil if there is a secret instead.
func (c *Client) PublicKey() []byte {
	if c.key == nil {
		return nil
	}
	return c.key.public()
}

// CheckSubject fails for what cannot be what somebody is known as, such as a person's number.
func (c *Client) CheckSubject(subject string) error {
	switch {
	case subject == "" || len(subject) > 255:
		return c.refuse("the subject is missing, or very long")
	case numberLike.MatchString(subject):
		return fault.New(fault.Forbidden, "refused.number").With("Name", c.Name).Because(errors.New("the subject is shaped like a person's number"))
	}
	return nil
}

// Attempt is what must be remembered, by the browser's own session, from sending somebody to a provider
// until the answer comes. It is good for one answer.
type Attempt struct {
	Provider string
	State    string
	Nonce    string
	Verifier string
	Begun    time.Time
}

// Person is who has signed in.
type Person struct {
	Issuer  string
	Subject string
	// Strong is whether the provider has asked for a second factor, or the operator vouches that it does.
	Strong bool
}

const (
	patience = 10 * time.Minute // from leaving for a provider until the answer
	overall  = 20 * time.Second // for all that is asked of a provider at one step
)

// Start begins an attempt, and tells the address to send the person to.
func (c *Client) Start(ctx context.Context) (address string, a Attempt, err error) {
	ctx, cancel := context.WithTimeout(ctx, overall)
	defer cancel()
	m, err := c.discover(ctx)
	if err != nil {
		return "", a, err
	}
	a = Attempt{Provider: c.ID, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Begun: c.now().UTC()}
	config := oauth2.Config{ClientID: c.settings.ClientID, Endpoint: m.provider.Endpoint(), RedirectURL: c.returnURL, Scopes: c.profile.scopes}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier), gooidc.Nonce(a.Nonce)}
	if c.settings.ACR != "" {
		options = append(options, oauth2.SetAuthURLParam("acr_values", c.settings.ACR))
	}
	if c.settings.Prompt != "" {
		options = append(options, oauth2.SetAuthURLParam("prompt", c.settings.Prompt))
	}
	address = config.AuthCodeURL(a.State, options...)
	if c.profile.pushed || m.RequirePushed {
		address, err = c.push(ctx, m, address)
	}
	return address, a, err
}

// Finish is for the answer that the person came back with: the query of the address. Every way in which it
// can fail is a fault; its cause says to the operator what did not hold, and holds nothing of the person's.
func (c *Client) Finish(ctx context.Context, a Attempt, answer url.Values) (Person, error) {
	ctx, cancel := context.WithTimeout(ctx, overall)
	defer cancel()
	switch age := c.now().Sub(a.Begun); {
	case a.State == "" || a.Provider != c.ID || len(answer["state"]) != 1,
		subtle.ConstantTimeCompare([]byte(a.State), []byte(answer.Get("state"))) != 1,
		age < 0 || age > patience:
		return Person{}, fault.New(fault.Invalid, "refused.stale")
	}
	m, err := c.discover(ctx)
	if err != nil {
		return Person{}, err
	}
	// Whose answer it is comes first: another provider's error is none of this one's either.
	switch iss := answer["iss"]; {
	case len(iss) > 1 || len(iss) == 1 && iss[0] != c.settings.Issuer:
		return Person{}, c.refuse("the answer is from another issuer")
	case len(iss) == 0 && (c.profile.named || m.NamesItself):
		return Person{}, c.refuse("the answer does not name its issuer")
	}
	if code := answer.Get("error"); code != "" {
		if code == "access_denied" {
			return Person{}, fault.New(fault.Forbidden, "refused.cancelled").With("Name", c.Name)
		}
		return Person{}, c.refuse("the provider answers " + errorCode(code))
	}
	if len(answer["code"]) != 1 || answer.Get("code") == "" {
		return Person{}, c.refuse("the answer has no code")
	}
	tokens, err := c.exchange(ctx, m, answer.Get("code"), a.Verifier)
	if err != nil {
		return Person{}, err
	}
	return c.identify(ctx, m, tokens, a.Nonce)
}

// refuse is for an answer that does not hold.
func (c *Client) refuse(why string) error {
	return fault.New(fault.Forbidden, "refused.refused").With("Name", c.Name).Because(errors.New(why))
}

// unavailable is for a provider that cannot be asked.
func (c *Client) unavailable(why error) error {
	return fault.New(fault.Unavailable, "refused.unavailable").With("Name", c.Name).Because(why)
}

var errorCodes = regexp.MustCompile(`^[a-z_]{1,60}$`)

// errorCode is an error's code if it is written as codes are, so that nothing else gets into a log.
func errorCode(s string) string {
	if errorCodes.MatchString(s) {
		return s
	}
	return "an error without a proper code"
}

// numberLike is the shape of a fødselsnummer. Any number of that shape is taken for one.
var numberLike = regexp.MustCompile(`^[0-9]{11}$`)

// enough reports whether the level is one we take, and whether it stands for a second factor.
func (c *Client) enough(t claims) (strong, ok bool) {
	switch {
	case c.profile.health:
		ok = len(t.SecurityLevel) == 1 && t.SecurityLevel[0] == "4"
		return ok, ok
	case c.profile.levels != nil:
		got, least := slices.Index(c.profile.levels, t.ACR), slices.Index(c.profile.levels, c.settings.ACR)
		ok = got >= 0 && got >= least
		return ok, ok
	case c.settings.ACR != "":
		ok = t.ACR == c.settings.ACR
		return ok, ok
	}
	return c.settings.SecondFactor || slices.Contains(t.AMR, "mfa"), true
}
