package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Settings describe one provider. docs/sign-in.md says how to come by them.
type Settings struct {
	ID       string `json:"id"`        // a short name in addresses
	Name     string `json:"name"`      // what the button says
	Profile  string `json:"profile"`   // generic, idporten or helseid
	Issuer   string `json:"issuer"`    // exactly as the provider writes it
	ClientID string `json:"client_id"` // what the provider knows us by

	KeyFile    string `json:"key_file"`    // a private key, as a JWK or in PEM
	SecretFile string `json:"secret_file"` // or a secret that the provider shares

	ACR          string   `json:"acr"`           // generic: the level to ask for; idporten: the least to take
	SecondFactor bool     `json:"second_factor"` // generic: it always asks for a second factor, but does not say so
	Prompt       string   `json:"prompt"`        // login or select_account, to be asked each time
	Hosts        []string `json:"hosts"`         // further hosts that its metadata may point to
}

// Load reads a file of settings, in JSON, and makes a client of each provider it describes. Files that it
// names are read by read. base is our own address. All that is wrong is told at once.
func Load(data []byte, read func(name string) ([]byte, error), base *url.URL, now func() time.Time) ([]*Client, error) {
	var file struct {
		Providers []Settings `json:"providers"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("read the identity providers: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read the identity providers: there is something after the end")
	}
	if len(file.Providers) == 0 {
		return nil, errors.New("read the identity providers: there are none")
	}
	var clients []*Client
	var errs []error
	for i, s := range file.Providers {
		c, err := newClient(s, read, base, now)
		if err == nil && slices.ContainsFunc(clients, func(o *Client) bool { return o.ID == c.ID }) {
			err = errors.New("id is another provider's too")
		}
		if err == nil && slices.ContainsFunc(clients, func(o *Client) bool { return o.Issuer() == c.Issuer() }) {
			err = errors.New("issuer is another provider's too")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("identity provider %d (%s): %w", i+1, s.ID, err))
			continue
		}
		clients = append(clients, c)
	}
	return clients, errors.Join(errs...)
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)

func newClient(s Settings, read func(string) ([]byte, error), base *url.URL, now func() time.Time) (*Client, error) {
	p, known := profiles[s.Profile]
	var errs []error
	wrong := func(broken bool, format string, args ...any) {
		if broken {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(!idPattern.MatchString(s.ID), "id must be small letters, digits and hyphens, such as helseid")
	wrong(strings.TrimSpace(s.Name) == "" || len(s.Name) > 60, "name must say, briefly, what people know it as")
	wrong(!known, "profile must be one of %s", strings.Join(slices.Sorted(maps.Keys(profiles)), ", "))
	issuer, err := url.Parse(s.Issuer)
	wrong(err != nil || !safe(issuer) || issuer.RawQuery != "" || issuer.Fragment != "", "issuer must be https without a query, or http on this machine")
	wrong(s.ClientID == "", "client_id is missing")
	wrong((s.KeyFile == "") == (s.SecretFile == ""), "give either key_file or secret_file")
	wrong(p.keyOnly && s.SecretFile != "", "%s takes no secret: give key_file", s.Profile)
	wrong(p.levels != nil && s.ACR != "" && !slices.Contains(p.levels, s.ACR), "acr must be one of %s", strings.Join(p.levels, ", "))
	wrong(p.health && s.ACR != "", "helseid is always level 4: leave out acr")
	wrong(s.Profile != "generic" && s.SecondFactor, "second_factor is for generic: %s says so itself", s.Profile)
	wrong(s.Prompt != "" && s.Prompt != "login" && s.Prompt != "select_account", "prompt must be login or select_account")
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	hosts := append([]string{issuer.Host}, s.Hosts...)
	c := &Client{ID: s.ID, Name: strings.TrimSpace(s.Name), profile: p, settings: s, now: now, hosts: hosts,
		returnURL: base.JoinPath("login", "with", s.ID, "callback").String(), http: newHTTP(hosts)} // #nosec G125 -- checked above
	if s.ACR == "" && p.levels != nil {
		c.settings.ACR = p.levels[len(p.levels)-1]
	}
	if s.KeyFile != "" {
		text, err := read(s.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("key_file: %w", err)
		}
		if c.key, err = parseKey(text, p.clientAlgs); err != nil {
			return nil, fmt.Errorf("key_file %s: %w", s.KeyFile, err)
		}
		return c, nil
	}
	text, err := read(s.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("secret_file: %w", err)
	}
	if c.secret = strings.TrimSpace(string(text)); c.secret == "" {
		return nil, fmt.Errorf("secret_file %s is empty", s.SecretFile)
	}
	return c, nil
}

// safe reports whether what is sent to an address can be read or changed by nobody on the way.
func safe(u *url.URL) bool {
	return u.Host != "" && u.Opaque == "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Host))
}

func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && a.IsLoopback()
}
