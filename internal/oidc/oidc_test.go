package oidc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/oidc"
	"github.com/venterom/venterom/internal/oidc/oidctest"
)

var base = &url.URL{Scheme: "https", Host: "svar.example.org"}

// clock is the test's and the providers'.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func noon() *clock { return &clock{time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)} }

func one(t testing.TB, p *oidctest.Provider, c *clock, change func(*oidc.Settings)) *oidc.Client {
	t.Helper()
	return oidctest.Load(t, base, c.now, map[string]*oidctest.Provider{"provider": p}, change)[0]
}

// signIn goes the whole way, with a person who signs in at once.
func signIn(c *oidc.Client, p *oidctest.Provider) (oidc.Person, error) {
	address, attempt, err := c.Start(context.Background())
	if err != nil {
		return oidc.Person{}, err
	}
	return c.Finish(context.Background(), attempt, p.Visit(address).Query())
}

func TestEveryProfileSignsIn(t *testing.T) {
	for profile, paths := range map[string][]string{
		"generic":  {"/.well-known/openid-configuration", "/authorize", "/token", "/keys"},
		"idporten": {"/.well-known/openid-configuration", "/authorize", "/token", "/keys"},
		"helseid":  {"/.well-known/openid-configuration", "/par", "/authorize", "/token", "/token", "/keys"},
	} {
		t.Run(profile, func(t *testing.T) {
			clock := noon()
			p := oidctest.New(t, profile, clock.now)
			c := one(t, p, clock, nil)
			got, err := signIn(c, p)
			if err != nil {
				t.Fatal(err, errors.Unwrap(err), p.Wrong())
			}
			if want := (oidc.Person{Issuer: p.Issuer(), Subject: "sub-kari", Strong: profile != "generic"}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if text := fmt.Sprintf("%+v", got); strings.Contains(text, oidctest.Number) {
				t.Errorf("the person carries a number: %s", text)
			}
			if !slices.Equal(p.Asked(), paths) {
				t.Errorf("asked %v, want %v", p.Asked(), paths)
			}
			// A second time: new assertions and proofs, or the provider would have seen them before.
			if _, err := signIn(c, p); err != nil || len(p.Wrong()) > 0 {
				t.Errorf("the second time: %v, %v", err, p.Wrong())
			}
			if n := len(p.Asked()); n != 2*len(paths)-2 {
				t.Errorf("metadata or keys were fetched again: %v", p.Asked())
			}
		})
	}
}

func TestEveryAttackIsRefused(t *testing.T) {
	for _, a := range oidctest.Attacks {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			clock := noon()
			p := oidctest.New(t, a.Profile, clock.now)
			a.Do(p)
			got, err := signIn(one(t, p, clock, nil), p)
			f := fault.As(err)
			if f == nil || f.Key != a.Refused || got != (oidc.Person{}) {
				t.Fatalf("got %+v, %v, want %s", got, err, a.Refused)
			}
			if strings.Contains(err.Error(), oidctest.Number) || strings.Contains(err.Error(), "eyJ") {
				t.Errorf("the reason gives away what was in the answer: %v", err)
			}
		})
	}
}

func TestOneNonceOneRetry(t *testing.T) {
	clock := noon()
	p := oidctest.New(t, "helseid", clock.now)
	oidctest.Attacks[slices.IndexFunc(oidctest.Attacks, func(a oidctest.Attack) bool {
		return a.Name == "the provider wants one nonce after another"
	})].Do(p)
	_, _ = signIn(one(t, p, clock, nil), p)
	n := 0
	for _, path := range p.Asked() {
		if path == "/token" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("the code was sent %d times, want 2", n)
	}
}

func TestAnAttemptIsGoodForTenMinutesAndItsProvider(t *testing.T) {
	clock := noon()
	p, q := oidctest.New(t, "generic", clock.now), oidctest.New(t, "generic", clock.now)
	clients := oidctest.Load(t, base, clock.now, map[string]*oidctest.Provider{"one": p, "two": q}, nil)
	ctx := context.Background()
	for name, c := range map[string]struct {
		wait   time.Duration
		client *oidc.Client
		change func(*oidc.Attempt)
		key    string
	}{
		"in time":              {10 * time.Minute, clients[0], func(*oidc.Attempt) {}, ""},
		"late":                 {10*time.Minute + time.Second, clients[0], func(*oidc.Attempt) {}, "refused.stale"},
		"before it began":      {-time.Second, clients[0], func(*oidc.Attempt) {}, "refused.stale"},
		"at another provider":  {0, clients[1], func(*oidc.Attempt) {}, "refused.stale"},
		"nothing was begun":    {0, clients[0], func(a *oidc.Attempt) { *a = oidc.Attempt{} }, "refused.stale"},
		"another's code":       {0, clients[0], func(a *oidc.Attempt) { a.Verifier = strings.Repeat("v", 43) }, "refused.refused"},
		"another's id_token":   {0, clients[0], func(a *oidc.Attempt) { a.Nonce = "another" }, "refused.refused"},
		"claims the other one": {0, clients[1], func(a *oidc.Attempt) { a.Provider = "two" }, "refused.refused"}, // iss
	} {
		t.Run(name, func(t *testing.T) {
			begun := clock.Time
			defer func() { clock.Time = begun }()
			address, attempt, err := clients[0].Start(ctx)
			if err != nil {
				t.Fatal(err)
			}
			answer := p.Visit(address).Query()
			clock.Time = clock.Add(c.wait)
			c.change(&attempt)
			_, err = c.client.Finish(ctx, attempt, answer)
			if got := keyOf(err); got != c.key {
				t.Errorf("got %q, want %q", got, c.key)
			}
		})
	}
}

func keyOf(err error) string {
	if f := fault.As(err); f != nil {
		return f.Key
	}
	return ""
}

func TestACodeIsGoodOnce(t *testing.T) {
	clock := noon()
	p := oidctest.New(t, "generic", clock.now)
	c := one(t, p, clock, nil)
	address, attempt, err := c.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	answer := p.Visit(address).Query()
	for i, want := range []string{"", "refused.refused"} {
		if _, err := c.Finish(context.Background(), attempt, answer); keyOf(err) != want {
			t.Errorf("time %d: %v, want %q", i+1, err, want)
		}
	}
}

func TestMetadataAreBelievedForADay(t *testing.T) {
	clock := noon()
	p := oidctest.New(t, "generic", clock.now)
	c := one(t, p, clock, nil)
	fetched := func() (n int) {
		if _, err := signIn(c, p); err != nil {
			t.Fatal(err)
		}
		for _, path := range p.Asked() {
			if path == "/.well-known/openid-configuration" {
				n++
			}
		}
		return n
	}
	if n := fetched(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	clock.Time = clock.Add(24*time.Hour - time.Second)
	if n := fetched(); n != 1 {
		t.Errorf("fetched %d times within a day", n)
	}
	clock.Time = clock.Add(time.Second)
	if n := fetched(); n != 2 {
		t.Errorf("fetched %d times after a day, want 2", n)
	}
}

func TestHowSurely(t *testing.T) {
	for name, c := range map[string]struct {
		profile  string
		settings func(*oidc.Settings)
		claims   map[string]any
		strong   bool
		key      string
	}{
		"says nothing":              {"generic", nil, nil, false, ""},
		"says two factors":          {"generic", nil, map[string]any{"amr": []string{"pwd", "mfa"}}, true, ""},
		"says it without a list":    {"generic", nil, map[string]any{"amr": "mfa"}, true, ""},
		"says one factor":           {"generic", nil, map[string]any{"amr": []string{"pwd"}}, false, ""},
		"the operator vouches":      {"generic", func(s *oidc.Settings) { s.SecondFactor = true }, nil, true, ""},
		"has the level":             {"generic", func(s *oidc.Settings) { s.ACR = "gold" }, map[string]any{"acr": "gold"}, true, ""},
		"has another level":         {"generic", func(s *oidc.Settings) { s.ACR = "gold" }, map[string]any{"acr": "silver"}, false, "refused.weak"},
		"high":                      {"idporten", nil, map[string]any{"acr": "idporten-loa-high"}, true, ""},
		"substantial, high is set":  {"idporten", nil, map[string]any{"acr": "idporten-loa-substantial"}, false, "refused.weak"},
		"substantial is enough":     {"idporten", substantial, map[string]any{"acr": "idporten-loa-substantial"}, true, ""},
		"high is more than enough":  {"idporten", substantial, map[string]any{"acr": "idporten-loa-high"}, true, ""},
		"low is not":                {"idporten", substantial, map[string]any{"acr": "idporten-loa-low"}, false, "refused.weak"},
		"HelseID level 4":           {"helseid", nil, nil, true, ""},
		"amr does not make level 4": {"helseid", nil, map[string]any{"amr": []string{"mfa"}, "helseid://claims/identity/security_level": "2"}, false, "refused.weak"},
	} {
		t.Run(name, func(t *testing.T) {
			clock := noon()
			p := oidctest.New(t, c.profile, clock.now)
			p.Claims = func(m map[string]any) {
				for k, v := range c.claims {
					m[k] = v
				}
			}
			got, err := signIn(one(t, p, clock, c.settings), p)
			if keyOf(err) != c.key || got.Strong != c.strong {
				t.Errorf("strong %v, %v; want %v, %q", got.Strong, err, c.strong, c.key)
			}
		})
	}
}

func substantial(s *oidc.Settings) { s.ACR = "idporten-loa-substantial" }

// TestNothingPersonalIsAskedFor: the request names no scope that brings a person's number.
func TestNothingPersonalIsAskedFor(t *testing.T) {
	for profile, scope := range map[string]string{"generic": "openid", "idporten": "openid", "helseid": "openid helseid://scopes/identity/security_level"} {
		clock := noon()
		p := oidctest.New(t, profile, clock.now)
		c := one(t, p, clock, nil)
		address, _, err := c.Start(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if profile == "helseid" { // pushed: what was asked for is in the provider, which takes no other scope
			if len(q) != 2 || !q.Has("client_id") || !q.Has("request_uri") {
				t.Errorf("the person carries more than a reference: %v", q)
			}
			p.Visit(address)
			continue
		}
		if got := q.Get("scope"); got != scope {
			t.Errorf("%s asks for %q, want %q", profile, got, scope)
		}
		if profile == "idporten" && q.Get("acr_values") != "idporten-loa-high" {
			t.Errorf("ID-porten is asked for level %q", q.Get("acr_values"))
		}
	}
}

// TestWhatIsWrongWithTheSettings: each mistake stops the program, and is named.
func TestWhatIsWrongWithTheSettings(t *testing.T) {
	p := oidctest.New(t, "helseid", time.Now)
	for name, c := range map[string]struct {
		change func(map[string]any)
		want   string
	}{
		"as it should be":       {func(map[string]any) {}, ""},
		"no id":                 {func(m map[string]any) { m["id"] = "Helse ID" }, "id must be"},
		"no name":               {func(m map[string]any) { m["name"] = " " }, "name must"},
		"no such profile":       {func(m map[string]any) { m["profile"] = "saml" }, "profile must be one of generic, helseid, idporten"},
		"in the open":           {func(m map[string]any) { m["issuer"] = "http://sts.example.no" }, "issuer must be https"},
		"issuer with a query":   {func(m map[string]any) { m["issuer"] = "https://sts.example.no/?x=1" }, "issuer must be https"},
		"nobody":                {func(m map[string]any) { delete(m, "client_id") }, "client_id"},
		"no proof":              {func(m map[string]any) { delete(m, "key_file") }, "either key_file or secret_file"},
		"two proofs":            {func(m map[string]any) { m["secret_file"] = "s" }, "either key_file or secret_file"},
		"a secret for HelseID":  {func(m map[string]any) { delete(m, "key_file"); m["secret_file"] = "s" }, "takes no secret"},
		"a level for HelseID":   {func(m map[string]any) { m["acr"] = "4" }, "leave out acr"},
		"a level of its own":    {func(m map[string]any) { m["profile"] = "idporten"; m["acr"] = "Level3" }, "acr must be one of idporten-loa-substantial"},
		"vouching for HelseID":  {func(m map[string]any) { m["second_factor"] = true }, "second_factor is for generic"},
		"an unknown prompt":     {func(m map[string]any) { m["prompt"] = "none" }, "prompt must be"},
		"an unknown key":        {func(m map[string]any) { m["scope"] = "pid" }, `unknown field "scope"`},
		"a key that is missing": {func(m map[string]any) { m["key_file"] = "missing" }, "key_file: there is no missing"},
		"a key that is no key":  {func(m map[string]any) { m["key_file"] = "rubbish" }, "want a private key"},
		"an empty secret":       {func(m map[string]any) { m["profile"] = "generic"; delete(m, "key_file"); m["secret_file"] = "empty" }, "secret_file empty is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			m := map[string]any{"id": "helseid", "name": "HelseID", "profile": "helseid", "issuer": "https://sts.example.no", "client_id": "x", "key_file": "key"}
			c.change(m)
			err := load(t, p, m)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	good := map[string]any{"id": "helseid", "name": "HelseID", "profile": "helseid", "issuer": "https://sts.example.no", "client_id": "x", "key_file": "key"}
	if err := load(t, p, good, good); err == nil || !strings.Contains(err.Error(), "identity provider 2 (helseid): id is another provider's too") {
		t.Errorf("twice the same: %v", err)
	}
	if err := load(t, p); err == nil {
		t.Error("no provider at all is taken")
	}
}

func load(t *testing.T, p *oidctest.Provider, providers ...map[string]any) error {
	t.Helper()
	data, err := json.Marshal(map[string]any{"providers": providers})
	if err != nil {
		t.Fatal(err)
	}
	_, err = oidc.Load(data, func(name string) ([]byte, error) {
		switch name {
		case "key":
			return p.ClientKey(), nil
		case "rubbish":
			return []byte("rubbish"), nil
		case "empty":
			return []byte("\n"), nil
		}
		return nil, fmt.Errorf("there is no %s", name)
	}, base, time.Now)
	return err
}
