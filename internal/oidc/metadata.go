package oidc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
)

// metadata are what a provider says of itself. Its keys are fetched when they are needed, and again when a
// token names one that is not known yet.
type metadata struct {
	provider *gooidc.Provider
	fetched  time.Time

	Authorize     string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Keys          string   `json:"jwks_uri"`
	Push          string   `json:"pushed_authorization_request_endpoint"`
	RequirePushed bool     `json:"require_pushed_authorization_requests"`
	NamesItself   bool     `json:"authorization_response_iss_parameter_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
}

// fresh is how long metadata and keys are believed: a key that a provider withdraws is believed no longer.
const fresh = 24 * time.Hour

func (c *Client) discover(ctx context.Context) (*metadata, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.metadata != nil && now.Sub(c.metadata.fetched) < fresh {
		return c.metadata, nil
	}
	m := &metadata{fetched: now}
	var err error
	if m.provider, err = gooidc.NewProvider(gooidc.ClientContext(ctx, c.http), c.settings.Issuer); err != nil {
		if mismatch, ok := errors.AsType[*gooidc.IssuerMismatchError](err); ok {
			return nil, c.refuse(mismatch.Error())
		}
		return nil, c.unavailable(fmt.Errorf("metadata: %w", reachable(err)))
	}
	if err = m.provider.Claims(m); err != nil {
		return nil, c.unavailable(errors.New("metadata: not as they should be"))
	}
	for name, address := range map[string]string{"authorization_endpoint": m.Authorize, "token_endpoint": m.Token, "jwks_uri": m.Keys,
		"pushed_authorization_request_endpoint": m.Push} {
		if address == "" && name == "pushed_authorization_request_endpoint" && !c.profile.pushed && !m.RequirePushed {
			continue
		}
		u, err := url.Parse(address)
		if err != nil || !safe(u) {
			return nil, c.unavailable(fmt.Errorf("metadata: %s is not https", name))
		}
		// The browser goes to the first; the others are asked by us, with what is ours in hand.
		if name != "authorization_endpoint" && !slices.Contains(c.hosts, u.Host) {
			return nil, c.unavailable(fmt.Errorf("metadata: %s is at %s, which is neither the issuer's host nor among hosts", name, u.Host))
		}
	}
	c.metadata = m
	return m, nil
}

// reachable is what may be logged of an error in asking a provider: that of the network. Others quote the
// provider's answer.
func reachable(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e
	}
	return errors.New("the answer is not as it should be")
}

const (
	dialTimeout = 5 * time.Second
	callTimeout = 8 * time.Second
	maxAnswer   = 256 << 10
)

// newHTTP asks the named hosts and no others, follows no redirects, and reads no endless answers.
func newHTTP(hosts []string) *http.Client {
	return &http.Client{
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &guard{hosts: hosts, next: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    dialTimeout,
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        time.Minute,
			ForceAttemptHTTP2:      true,
		}},
	}
}

// guard stands before every request that leaves here.
type guard struct {
	hosts []string
	next  http.RoundTripper
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if !safe(r.URL) || !slices.Contains(g.hosts, r.URL.Host) {
		return nil, fmt.Errorf("%s://%s is no host of this provider", r.URL.Scheme, r.URL.Host)
	}
	answer, err := g.next.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, maxAnswer)
	}
	return answer, err
}
