package web

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
)

// access says who may use a route.
type access int

const (
	open        access = iota // everybody; no session is read and no cookie set
	anyone                    // everybody, with a session: signing in and out
	entering                  // an account that signed in lately, even if it has yet to set up its second factor
	signedIn                  // any account
	fresh                     // an account that signed in lately: what changes how one signs in
	member                    // lead or staff of the practice in the address
	lead                      // lead of the practice in the address
	freshLead                 // the same, who signed in lately: what takes everything out, or away
	coordinator               // coordinates the network in the address
	operator                  // who runs the installation; sees no results
)

type route struct {
	method, path string
	who          access
	handle       echo.HandlerFunc
}

// routes is the table of contents of the product: every address, and who may use it.
func (s *Server) routes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/", open, s.showStart},
		{get, "/k", open, s.findPoint},
		{get, "/k/:code", open, s.showForm},
		{get, "/K/:code", open, s.showForm}, // printed QR codes are in capitals
		{post, "/k/:code", open, s.saveForm},
		{post, "/K/:code", open, s.saveForm},
		{get, "/s/:token", open, s.showInvited},
		{get, "/S/:token", open, s.showInvited},
		{post, "/s/:token", open, s.saveInvited},
		{post, "/S/:token", open, s.saveInvited},
		{get, "/s/:token/stop", open, s.showStop},
		{post, "/s/:token/stop", open, s.saveStop},
		{get, "/kiosk", open, s.findPoint},
		{get, "/kiosk/:code", open, s.showKiosk},
		{post, "/kiosk/:code", open, s.saveKiosk},
		{get, "/w/:code", open, s.showWebForm},
		{post, "/w/:code", open, s.saveWebForm},
		{get, "/p/:slug", open, s.showPublic},
		{get, "/p/:slug/privacy", open, s.showNotice},
		{get, "/privacy", open, s.showStored},
		{get, "/accessibility", open, s.showAccessibility},
		{get, "/static/*", open, s.showAsset},
		{get, "/healthz", open, s.showHealth},
		{get, "/readyz", open, s.showReady},

		// A journal system's, with a key of a practice's.
		{get, "/api/v1/openapi.yaml", open, s.showOpenAPI},
		{post, "/api/v1/invitations", open, s.saveList},

		// An SMS gateway's; the addresses hold what proves them.
		{get, "/api/v1/sms/report/:id/:proof", open, s.saveReport},
		{post, "/api/v1/sms/report/:id/:proof", open, s.saveReport},
		{get, "/api/v1/sms/inbound/:proof", open, s.saveInbound},
		{post, "/api/v1/sms/inbound/:proof", open, s.saveInbound},

		{get, "/login", anyone, s.showLogin},
		{post, "/login", anyone, s.saveLogin},
		{get, "/login/code", anyone, s.showLoginCode},
		{post, "/login/code", anyone, s.saveLoginCode},
		{post, "/login/challenge", anyone, s.saveLoginChallenge},
		{get, "/login/passkey", anyone, s.showLogin}, // after an answer that was refused: to read it in another language
		{post, "/login/passkey", anyone, s.saveLoginPasskey},
		{get, "/login/with/:provider", anyone, s.showLogin}, // where a change of language leads
		{post, "/login/with/:provider", anyone, s.startSignIn},
		{get, "/login/with/:provider/callback", anyone, s.finishSignIn},
		{post, "/logout", anyone, s.saveLogout},
		{get, "/join/:token", anyone, s.showJoin},
		{post, "/join/:token", anyone, s.saveJoin},

		{get, "/account", signedIn, s.showAccount},
		{post, "/account/sessions", signedIn, s.saveSessions},
		{get, "/account/secure", entering, s.showSecure},
		{get, "/account/totp", entering, s.showTOTP},
		{post, "/account/totp", entering, s.saveTOTP},
		{post, "/account/totp/remove", fresh, s.removeTOTP},
		{post, "/account/challenge", entering, s.saveChallenge},
		{post, "/account/passkeys", entering, s.savePasskey},
		{post, "/account/passkeys/remove", fresh, s.removePasskey},
		{post, "/account/recovery", fresh, s.saveRecovery},
		{get, "/account/password", fresh, s.showPassword},
		{post, "/account/password", fresh, s.savePassword},
		{get, identitiesPath, fresh, s.showIdentities},
		{get, identitiesPath + "/:provider", fresh, s.showIdentities},
		{post, identitiesPath + "/:provider", fresh, s.saveIdentity},

		{get, "/practices", signedIn, s.showPractices},
		{get, "/practices/:id", member, s.showDashboard},
		{get, "/practices/:id/results.csv", member, s.showResults},
		{get, "/practices/:id/results.json", member, s.showResults},
		{get, "/practices/:id/report", member, s.showReport},
		{get, "/practices/:id/assumption", member, s.showAssumption},
		{post, "/practices/:id/assumption", member, s.saveAssumption},
		{get, "/practices/:id/improvements", member, s.showImprovements},
		{get, "/practices/:id/improvements.csv", member, s.showImprovementFile},
		{get, "/practices/:id/improvements.json", member, s.showImprovementFile},
		{post, "/practices/:id/improvements", lead, s.saveImprovement},
		{get, "/practices/:id/improvements/new", lead, s.showNewImprovement},
		{get, "/practices/:id/improvements/:improvement", member, s.showImprovement},
		{post, "/practices/:id/improvements/:improvement/close", lead, s.closeImprovement},
		{post, "/practices/:id/improvements/:improvement/publish", lead, s.publishImprovement},
		{post, "/practices/:id/improvements/:improvement/unpublish", lead, s.unpublishImprovement},
		{get, "/practices/:id/points", member, s.showPoints},
		{post, "/practices/:id/points", lead, s.savePoint},
		{post, "/practices/:id/points/:code", lead, s.savePointState},
		{post, "/practices/:id/held", lead, s.saveHeld},
		{get, "/practices/:id/points/:code/poster", member, s.showPoster},
		{get, "/practices/:id/points/:code/card", member, s.showCards},
		{get, "/practices/:id/points/:code/letter", member, s.showLetter},
		{get, "/practices/:id/points/:code/kit", member, s.showKit},
		{get, "/practices/:id/points/:code/button.svg", member, s.showButton},
		{get, "/practices/:id/points/:code/qr.svg", member, s.showQRAsSVG},
		{get, "/practices/:id/points/:code/qr.png", member, s.showQRAsPNG},

		{get, "/practices/:id/keys", lead, s.showKeys},
		{post, "/practices/:id/keys", lead, s.saveKey},
		{post, "/practices/:id/keys/:key/revoke", lead, s.revokeKey},

		{get, "/practices/:id/setup", member, s.showSetup},
		{get, "/practices/:id/setup/:step", lead, s.showSetupStep},
		{post, "/practices/:id/setup/:step", lead, s.saveSetupStep},
		{post, "/practices/:id/features", lead, s.saveFeature},
		{get, "/practices/:id/page", member, s.showInfo},
		{post, "/practices/:id/page/confirm", lead, s.confirmInfo},
		{get, "/practices/:id/page/:section", lead, s.showInfoSection},
		{post, "/practices/:id/page/:section", lead, s.saveInfoSection},
		{get, "/practices/:id/page/doctors/:doctor", lead, s.showDoctor},
		{post, "/practices/:id/page/doctors/:doctor", lead, s.saveDoctor},
		{post, "/practices/:id/page/doctors/:doctor/remove", lead, s.removeDoctor},

		{get, "/practices/:id/privacy", member, s.showNoticeToStaff},
		{post, "/practices/:id/privacy", lead, s.approveNotice},

		{get, "/practices/:id/paper", member, s.showPaper},
		{get, batchRoute, member, s.showBatch},
		{post, batchRoute, member, s.saveBatch},

		{get, "/practices/:id/slips", member, s.showSlips},
		{post, "/practices/:id/slips", member, s.saveSlips},

		{get, "/practices/:id/invitations", member, s.showInvitations},
		{post, "/practices/:id/invitations", lead, s.tryList},
		{post, "/practices/:id/invitations/send", lead, s.sendList},
		{post, "/practices/:id/invitations/messages/:message", lead, s.resendMessage},
		{post, "/practices/:id/invitations/stop", member, s.stopNumber},
		{get, "/practices/:id/asking", lead, s.showAsking},
		{post, "/practices/:id/asking", lead, s.saveAsking},
		{get, "/practices/:id/people", member, s.showPeople},
		{post, "/practices/:id/people", lead, s.saveOffer},
		{post, "/practices/:id/people/leave", member, s.saveLeave},
		{get, "/practices/:id/people/:person", lead, s.showPerson},
		{post, "/practices/:id/people/:person", lead, s.savePerson},
		{post, "/practices/:id/people/:person/remove", lead, s.removePerson},
		{post, "/practices/:id/offers/:offer", lead, s.withdrawOffer},
		{get, "/practices/:id/log", lead, s.showLog},
		{get, "/practices/:id/log.csv", lead, s.showLogFile},
		{get, "/practices/:id/export", freshLead, s.showExport},
		{post, "/practices/:id/export", freshLead, s.sendExport},
		{get, "/practices/:id/delete", freshLead, s.showDelete},
		{post, "/practices/:id/delete", freshLead, s.deletePractice},

		{get, "/practices/:id/networks", member, s.showNetworks},
		{get, "/practices/:id/network/:network", member, s.showNetwork},
		{get, "/practices/:id/network/:network/results.csv", member, s.showComparisonFile},
		{get, "/practices/:id/network/:network/results.json", member, s.showComparisonFile},
		{get, "/practices/:id/network/:network/worksheet", member, s.showWorksheet},
		{post, "/practices/:id/network/:network", lead, s.saveParticipation},
		{get, "/practices/:id/network/:network/terms", member, s.showNetworkTerms},
		{get, "/networks/:id", coordinator, s.showCoordinator},
		{get, "/networks/:id/results.csv", coordinator, s.showPooledFile},
		{get, "/networks/:id/results.json", coordinator, s.showPooledFile},
		{post, "/networks/:id/practices", coordinator, s.saveInvitation},

		{get, "/admin", operator, s.showAdmin},
	}
}

// clientAddress tells whose request it is. A header says what its sender likes, so it is believed of trusted
// proxies alone: the client is the address nearest to us that is not one of theirs. echo trusts loopback and
// private networks unless told not to, and without an extractor everybody.
func clientAddress(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// Handler returns the server's handler.
func (s *Server) Handler() http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.showError
	e.IPExtractor = clientAddress(s.TrustedProxies)
	e.Use(s.logRequests, s.recoverPanics, s.setHeaders, limitBody, compress())
	crossOrigin := echo.WrapMiddleware(http.NewCrossOriginProtection().Handler)
	session := echo.WrapMiddleware(s.sessions.LoadAndSave)
	for _, r := range s.routes() {
		if r.who == open {
			e.Add(r.method, r.path, r.handle)
			continue
		}
		e.Add(r.method, r.path, r.handle, crossOrigin, session, s.admit(r.who))
	}
	return e
}
