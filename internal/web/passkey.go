package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// newPasskeys sets up what passkeys of this installation belong to: the host that staff reach it by. There are
// none for a bare IP address.
//
// A passkey replaces password and code together, so the device must verify its user (fingerprint, face or PIN)
// and must know the account by itself. Who made the device is not asked for.
func newPasskeys(base *url.URL) (*webauthn.WebAuthn, error) {
	if protocol.ValidateRPID(base.Hostname()) != nil {
		return nil, nil
	}
	required := true
	limits := webauthn.TimeoutConfig{Enforce: true, Timeout: 5 * time.Minute, TimeoutUVD: 5 * time.Minute}
	return webauthn.New(&webauthn.Config{
		RPID: base.Hostname(), RPDisplayName: "Venterom", RPOrigins: []string{base.Scheme + "://" + base.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &required, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
		Timeouts: webauthn.TimeoutsConfig{Login: limits, Registration: limits},
	})
}

// holder is an account as package webauthn asks for it.
type holder struct {
	practice.Account
	passkeys []practice.Passkey
}

func (h holder) WebAuthnID() []byte          { return []byte(h.ID) }
func (h holder) WebAuthnName() string        { return h.Email }
func (h holder) WebAuthnDisplayName() string { return h.Email }

func (h holder) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, 0, len(h.passkeys))
	for _, p := range h.passkeys {
		id, err1 := base64.RawURLEncoding.DecodeString(p.ID)
		key, err2 := base64.RawURLEncoding.DecodeString(p.PublicKey)
		if err1 != nil || err2 != nil {
			continue
		}
		out = append(out, webauthn.Credential{ID: id, PublicKey: key, Flags: webauthn.CredentialFlags{BackupEligible: p.BackupEligible},
			Authenticator: webauthn.Authenticator{SignCount: p.SignCount}})
	}
	return out
}

// keepCeremony remembers in the session what a passkey's answer will be held against.
func (s *Server) keepCeremony(c echo.Context, data *webauthn.SessionData) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	s.sessions.Put(c.Request().Context(), ceremonyKey, string(text))
	return nil
}

// ceremony is what keepCeremony remembered, once.
func (s *Server) ceremony(c echo.Context) (data webauthn.SessionData, ok bool) {
	text := s.sessions.PopString(c.Request().Context(), ceremonyKey)
	return data, json.Unmarshal([]byte(text), &data) == nil && s.passkeys != nil
}

// saveLoginChallenge gives a browser what its passkey is to sign. Nobody says who they are yet. It is not limited:
// there is nothing to guess, and a limit would be a way to keep others from signing in.
func (s *Server) saveLoginChallenge(c echo.Context) error {
	if s.passkeys == nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	options, data, err := s.passkeys.BeginDiscoverableLogin()
	if err != nil {
		return err
	}
	if err := s.keepCeremony(c, data); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, options.Response)
}

// saveLoginPasskey lets in whoever's passkey has signed. That is both factors in one step.
func (s *Server) saveLoginPasskey(c echo.Context) error {
	wrong := fault.New(fault.Invalid, "login.passkey_wrong")
	data, ok := s.ceremony(c)
	if !ok {
		return s.refuseLogin(c, loginPage{Passkey: true}, wrong)
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes([]byte(c.FormValue("credential")))
	if err != nil {
		return s.refuseLogin(c, loginPage{Passkey: true}, wrong)
	}
	var failed error // of the database, not of the passkey
	user, credential, err := s.passkeys.ValidatePasskeyLogin(func(_, id []byte) (webauthn.User, error) {
		h, err := s.holderOf(c, string(id))
		if fault.KindOf(err) != fault.NotFound {
			failed = err
		}
		return h, err
	}, data, answer)
	if failed != nil {
		return failed
	}
	if err == nil && credential.Authenticator.CloneWarning {
		err = wrong
	}
	if err != nil {
		return s.refuseLogin(c, loginPage{Passkey: true}, wrong)
	}
	err = s.Store.UsePasskey(c.Request().Context(), base64.RawURLEncoding.EncodeToString(credential.ID), credential.Authenticator.SignCount)
	if fault.KindOf(err) == fault.Conflict {
		return s.refuseLogin(c, loginPage{Passkey: true}, wrong)
	}
	if err != nil {
		return err
	}
	return s.enter(c, user.(holder).Account, true)
}

func (s *Server) holderOf(c echo.Context, accountID string) (h holder, err error) {
	ctx := c.Request().Context()
	if h.Account, err = s.Store.Account(ctx, accountID); err != nil {
		return h, err
	}
	f, err := s.Store.Factors(ctx, accountID)
	h.passkeys = f.Passkeys
	return h, err
}

// saveChallenge gives a browser what it needs to make a passkey.
func (s *Server) saveChallenge(c echo.Context) error {
	if s.passkeys == nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	account, _ := c.Get(accountKey).(practice.Account)
	h, err := s.holderOf(c, account.ID)
	if err != nil {
		return err
	}
	var has []protocol.CredentialDescriptor
	for _, credential := range h.WebAuthnCredentials() {
		has = append(has, credential.Descriptor())
	}
	options, data, err := s.passkeys.BeginRegistration(h, webauthn.WithExclusions(has))
	if err != nil {
		return err
	}
	if err := s.keepCeremony(c, data); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, options.Response)
}

// savePasskey adds the passkey that a browser has made. It is known by the browser and the week: nothing of it
// is typed.
func (s *Server) savePasskey(c echo.Context) error {
	account, _ := c.Get(accountKey).(practice.Account)
	data, ok := s.ceremony(c)
	if !ok {
		return fault.New(fault.Invalid, "account.passkey_wrong")
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes([]byte(c.FormValue("credential")))
	if err != nil {
		return fault.New(fault.Invalid, "account.passkey_wrong")
	}
	credential, err := s.passkeys.CreateCredential(holder{Account: account}, data, answer)
	if err != nil {
		return fault.New(fault.Invalid, "account.passkey_wrong")
	}
	codes, err := s.Store.AddPasskey(c.Request().Context(), practice.Passkey{
		ID: base64.RawURLEncoding.EncodeToString(credential.ID), AccountID: account.ID, Name: browserOf(c.Request().UserAgent()),
		AddedWeek: calendar.WeekOf(s.Now()), PublicKey: base64.RawURLEncoding.EncodeToString(credential.PublicKey),
		SignCount: credential.Authenticator.SignCount, BackupEligible: credential.Flags.BackupEligible,
	})
	if err != nil {
		return err
	}
	return s.changed(c, account, codes)
}

// removePasskey takes a passkey away.
func (s *Server) removePasskey(c echo.Context) error {
	ctx := c.Request().Context()
	account, _ := c.Get(accountKey).(practice.Account)
	required, err := s.requiresFactor(c, account)
	if err != nil {
		return err
	}
	if err := s.Store.RemovePasskey(ctx, account.ID, c.FormValue("passkey"), required); err != nil {
		return err
	}
	return s.changed(c, account, nil)
}
