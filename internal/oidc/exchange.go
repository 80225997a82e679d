package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/venterom/venterom/internal/fault"
)

// requestURN begins what a provider calls a request that was pushed (RFC 9126, section 2.2). Nothing else is
// taken: an address in its place would have the provider fetch a request that somebody else wrote.
const requestURN = "urn:ietf:params:oauth:request_uri:"

// push hands the request to the provider itself, and makes of its address one that only refers to it.
func (c *Client) push(ctx context.Context, m *metadata, request string) (string, error) {
	u, err := url.Parse(request)
	if err != nil {
		return "", err
	}
	status, body, err := c.post(ctx, m, m.Push, u.Query(), nil)
	if err != nil {
		return "", err
	}
	var pushed struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
		Error      string `json:"error"`
	}
	if json.Unmarshal(body, &pushed) != nil || status != http.StatusCreated {
		return "", c.refuse(fmt.Sprintf("the pushed request is answered by %d, %s", status, errorCode(pushed.Error)))
	}
	if !strings.HasPrefix(pushed.RequestURI, requestURN) || len(pushed.RequestURI) > 512 || pushed.ExpiresIn <= 0 {
		return "", c.refuse("the answer to the pushed request is not as it should be")
	}
	if u, err = url.Parse(m.Authorize); err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("client_id", c.settings.ClientID)
	q.Set("request_uri", pushed.RequestURI)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// tokens are what a code is exchanged for. The access token is used for nothing: we ask who somebody is and
// no more.
type tokens struct {
	ID     string `json:"id_token"`
	Access string `json:"access_token"`
	Type   string `json:"token_type"`
}

func (c *Client) exchange(ctx context.Context, m *metadata, code, verifier string) (t tokens, err error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.returnURL}, "code_verifier": {verifier}}
	var bound *proofs
	want := "bearer"
	if c.profile.bound {
		p, err := newProofs()
		if err != nil {
			return t, err
		}
		bound, want = &p, "dpop"
	}
	status, body, err := c.post(ctx, m, m.Token, form, bound)
	if err != nil {
		return t, err
	}
	if status != http.StatusOK {
		return t, c.refuse(fmt.Sprintf("the code is answered by %d, %s", status, errorIn(body)))
	}
	if json.Unmarshal(body, &t) != nil || t.ID == "" {
		return t, c.refuse("the code is exchanged for no id_token")
	}
	if !strings.EqualFold(t.Type, want) {
		return t, c.refuse("the token is not bound as it should be")
	}
	return t, nil
}

// post sends a form, with the proof of who we are. A server that wants a nonce in the proof of possession
// says so in refusing the first; then it is sent once more, with an assertion and a proof of its own.
func (c *Client) post(ctx context.Context, m *metadata, address string, form url.Values, bound *proofs) (status int, body []byte, err error) {
	nonce := ""
	for again := false; ; again = true {
		var header http.Header
		if status, header, body, err = c.send(ctx, m, address, form, bound, nonce); err != nil {
			return 0, nil, err
		}
		nonce = header.Get("DPoP-Nonce")
		refused := status == http.StatusBadRequest || status == http.StatusUnauthorized
		if bound == nil || again || !refused || nonce == "" || errorIn(body) != "use_dpop_nonce" {
			return status, body, nil
		}
	}
}

func (c *Client) send(ctx context.Context, m *metadata, address string, form url.Values, bound *proofs, nonce string) (int, http.Header, []byte, error) {
	form = url.Values(http.Header(form).Clone())
	secretInForm := c.key == nil && len(m.AuthMethods) > 0 && !slices.Contains(m.AuthMethods, "client_secret_basic")
	if c.key != nil {
		assertion, err := c.key.assertion(c.settings.ClientID, c.settings.Issuer, c.profile.clientType, c.now())
		if err != nil {
			return 0, nil, nil, err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
	}
	if c.key != nil || secretInForm {
		form.Set("client_id", c.settings.ClientID)
	}
	if secretInForm {
		form.Set("client_secret", c.secret)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if c.key == nil && !secretInForm {
		r.SetBasicAuth(url.QueryEscape(c.settings.ClientID), url.QueryEscape(c.secret))
	}
	if bound != nil {
		bare := *r.URL
		bare.RawQuery, bare.Fragment = "", "" // RFC 9449, section 4.2
		proof, err := bound.proof(bare.String(), nonce, c.now())
		if err != nil {
			return 0, nil, nil, err
		}
		r.Header.Set("DPoP", proof)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return 0, nil, nil, c.unavailable(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, nil, nil, c.unavailable(errors.New("the answer breaks off or is too long"))
	}
	if answer.StatusCode >= 500 {
		return 0, nil, nil, c.unavailable(fmt.Errorf("%s is answered by %d", r.URL.Path, answer.StatusCode))
	}
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind != "application/json" {
		return 0, nil, nil, c.refuse(fmt.Sprintf("%s is answered by %d and not by JSON", r.URL.Path, answer.StatusCode))
	}
	return answer.StatusCode, answer.Header, body, nil
}

// errorIn is the code in an error's body.
func errorIn(body []byte) string {
	var e struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &e)
	return errorCode(e.Error)
}

// claims are all that is read of an id_token besides what go-oidc reads: a claim that is not here, such as
// pid, is left where it lies.
type claims struct {
	Party         string `json:"azp"`
	ACR           string `json:"acr"`
	AMR           words  `json:"amr"`
	SecurityLevel words  `json:"helseid://claims/identity/security_level"`
}

// words are strings that some providers write without a list when there is one.
type words []string

func (w *words) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}

// identify checks an id_token and says whose it is.
func (c *Client) identify(ctx context.Context, m *metadata, t tokens, nonce string) (Person, error) {
	verifier := m.provider.Verifier(&gooidc.Config{ClientID: c.settings.ClientID, SupportedSigningAlgs: c.profile.algorithms, Now: c.now})
	token, err := verifier.Verify(gooidc.ClientContext(ctx, c.http), t.ID)
	if err != nil {
		return Person{}, c.refuse(because(err))
	}
	var cl claims
	if token.Claims(&cl) != nil {
		return Person{}, c.refuse("the id_token's claims are not as they should be")
	}
	strong, enough := c.enough(cl)
	switch {
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1:
		return Person{}, c.refuse("the id_token is for another sign-in (nonce)")
	case cl.Party != "" && cl.Party != c.settings.ClientID, len(token.Audience) > 1 && cl.Party == "":
		return Person{}, c.refuse("the id_token is for another client (azp)")
	case token.AccessTokenHash != "" && token.VerifyAccessToken(t.Access) != nil:
		return Person{}, c.refuse("the tokens do not belong together (at_hash)")
	case token.IssuedAt.After(c.now().Add(patience)):
		return Person{}, c.refuse("the id_token is from the future: are the clocks right?")
	case !enough:
		return Person{}, fault.New(fault.Forbidden, "refused.weak").With("Name", c.Name).Because(errors.New("the level is too low"))
	}
	if err := c.CheckSubject(token.Subject); err != nil {
		return Person{}, err
	}
	return Person{Issuer: c.settings.Issuer, Subject: token.Subject, Strong: strong}, nil
}

// because says what is wrong with an id_token in words of our own: the library's quote what is in it.
func because(err error) string {
	if _, expired := errors.AsType[*gooidc.TokenExpiredError](err); expired {
		return "the id_token has expired"
	}
	for _, known := range []struct{ sign, reason string }{
		{"issued by a different provider", "the id_token is another issuer's"},
		{"expected audience", "the id_token is for another client (aud)"},
		{"malformed jwt", "the id_token is malformed, or signed in a way that is not allowed"},
		{"fetching keys", "the provider's keys could not be fetched"},
		{"failed to verify signature", "the id_token's signature does not hold"},
		{"before the nbf", "the id_token is from the future: are the clocks right?"},
	} {
		if strings.Contains(err.Error(), known.sign) {
			return known.reason
		}
	}
	return "the id_token is not as it should be"
}
