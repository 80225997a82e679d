package web

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/survey"
)

// pageRow is one row of the table of pages: who may have a route, and what they see.
type pageRow struct {
	method, route string // as in the table of routes
	path          string
	form          url.Values
	template      string // the page it renders, if any
	status        int
	want          string   // in the body or, for a redirect, the address it leads to
	as            []string // characters who get status; all others are turned away
}

var (
	everybody = []string{nobody, kari, sara, olav, dina, nils, kim, ragnhild}
	known     = everybody[1:]
)

func visits(f *fixture, t testing.TB) []pageRow {
	const get, post = http.MethodGet, http.MethodPost
	code, own := string(f.point.Code), "/practices/"+f.eidsvag.ID
	answer := func() url.Values {
		return url.Values{"token": {f.token(t, f.point.Code)}, "lang": {"nb"}, "visit.polite": {"5"}}
	}
	link, linkForm := f.aLink(t)
	offered := f.anOffer(t, 0).token
	prove := f.aProvider(t)
	members := []string{kari, sara}
	sheets := func(do string) url.Values {
		return url.Values{"token": {f.batchToken(t)}, "do": {do}, "mark": {"visit-1"}, "sheet": slices.Repeat([]string{"54321"}, 10)}
	}
	person := own + "/people/" + f.account(t, sara).ID
	improvement := own + "/improvements/" + f.anImprovement(t).ID
	return []pageRow{
		{get, "/", "/", nil, "start", 200, "Skriv koden", everybody},
		{get, "/k", "/k?code=" + code, nil, "", 303, "/k/" + code, everybody},
		{get, "/k", "/k?code=x", nil, "error", 404, "Spør i skranken", everybody},
		{get, "/k/:code", "/k/" + code, nil, "form", 200, "Var legen høflig mot deg?", everybody},
		{get, "/K/:code", "/K/" + code, nil, "form", 200, "Var legen høflig mot deg?", everybody},
		{post, "/k/:code", "/k/" + code, answer(), "thanks", 200, "gikk opp med én", everybody},
		{post, "/K/:code", "/K/" + code, answer(), "thanks", 200, "gikk opp med én", everybody},
		{get, "/s/:token", "/s/" + link, nil, "form", 200, "Var legen høflig mot deg?", everybody},
		{get, "/S/:token", "/S/" + link, nil, "form", 200, "Var legen høflig mot deg?", everybody}, // QR codes of slips are in capitals
		{post, "/S/:token", "/S/" + link, linkForm, "thanks", 200, "gikk opp med én", everybody},
		{get, "/s/:token", "/s/nothing", nil, "error", 404, "Se etter at hele er med", everybody},
		{post, "/s/:token", "/s/" + link, linkForm, "thanks", 200, "gikk opp med én", everybody},
		{get, "/s/:token/stop", "/s/" + link + "/stop", nil, "stop", 200, "Vil du slippe flere meldinger?", everybody},
		{post, "/s/:token/stop", "/s/" + link + "/stop", url.Values{}, "stop", 200, "Du får ikke flere meldinger", everybody},
		{get, "/kiosk", "/kiosk?code=" + code, nil, "", 303, "/kiosk/" + code, everybody},
		{get, "/kiosk", "/kiosk?code=x", nil, "kiosk_error", 404, `action="/kiosk"`, everybody},
		{get, "/kiosk/:code", "/kiosk/" + code, nil, "kiosk_start", 200, `value="nn"`, everybody},
		{post, "/kiosk/:code", "/kiosk/" + code, url.Values{"open": {"nn"}}, "kiosk_form", 200, "Var legen høfleg mot deg?", everybody},
		{post, "/kiosk/:code", "/kiosk/" + code, answer(), "kiosk_thanks", 200, "Neste person", everybody},
		{get, "/w/:code", "/w/" + code, nil, "form", 200, `action="/w/` + code + `"`, everybody},
		{get, "/w/:code", "/w/x", nil, "error", 404, "Spør i skranken", everybody},
		{post, "/w/:code", "/w/" + code, answer(), "thanks", 200, "Nettside", everybody},
		{get, "/p/:slug", "/p/" + f.eidsvag.Slug, nil, "public", 200, "Si hvordan besøket var", everybody},
		{get, "/p/:slug/privacy", "/p/" + f.eidsvag.Slug + "/privacy", nil, "notice", 200, "ikke godkjent denne teksten ennå", everybody},
		{get, "/p/:slug/privacy", "/p/none/privacy", nil, "error", 404, "finnes ikke", everybody},
		{get, "/privacy", "/privacy", nil, "stored", 200, "pending", everybody},
		{get, "/accessibility", "/accessibility?practice=" + f.eidsvag.Slug, nil, "accessibility", 200, "55\u00a019\u00a000\u00a000", everybody},
		{get, "/accessibility", "/accessibility?practice=none", nil, "accessibility", 200, "Si det til legekontoret", everybody},
		{get, "/p/:slug", "/p/ingen", nil, "error", 404, "finnes ikke", everybody},
		{get, "/static/*", "/static/app.css", nil, "", 200, "--accent", everybody},
		{get, "/static/*", "/static/vendor/nothing.js", nil, "error", 404, "finnes ikke", everybody},
		{get, "/healthz", "/healthz", nil, "", 200, "ok", everybody},
		{get, "/readyz", "/readyz", nil, "", 200, "ready", everybody},
		{get, "/api/v1/openapi.yaml", "/api/v1/openapi.yaml", nil, "", 200, "openapi: 3.1", everybody},
		{post, "/api/v1/invitations", "/api/v1/invitations", url.Values{}, "", 401, `"code":"api.key_wrong"`, everybody},
		{get, "/api/v1/sms/report/:id/:proof", "/api/v1/sms/report/x/y?status=1", nil, "", 404, `"code":"error.not_found"`, everybody},
		{post, "/api/v1/sms/report/:id/:proof", "/api/v1/sms/report/x/y", url.Values{}, "", 404, `"code":"error.not_found"`, everybody},
		{get, "/api/v1/sms/inbound/:proof", "/api/v1/sms/inbound/y?from=49000001&text=STOP", nil, "", 404, `"code":"error.not_found"`, everybody},
		{post, "/api/v1/sms/inbound/:proof", f.Inviter.InboundPath(), url.Values{"from": {"49000001"}, "text": {"Stopp"}}, "", 204, "", everybody},
		{get, "/login", "/login", nil, "login", 200, "Logg inn", []string{nobody}},
		{post, "/login", "/login", url.Values{"email": {kari}, "password": {"feil"}}, "login", 422, "er feil", []string{nobody}},
		{get, "/login/code", "/login/code", nil, "", 303, "/login", everybody},
		{post, "/login/code", "/login/code", url.Values{"code": {"123456"}}, "", 303, "/login", everybody},
		{post, "/login/challenge", "/login/challenge", url.Values{}, "", 200, `"rpId":"svar.example.org"`, everybody},
		{get, "/login/passkey", "/login/passkey", nil, "login", 200, "Logg inn", []string{nobody}},
		{post, "/login/passkey", "/login/passkey", url.Values{"credential": {"{}"}}, "login", 422, "ikke godtatt", everybody},
		{post, "/logout", "/logout", url.Values{}, "", 303, "/login", []string{nobody}},
		{get, "/join/:token", "/join/" + offered, nil, "join", 200, "Bli med hos Eidsvåg legekontor", everybody},
		{get, "/join/:token", "/join/nothing", nil, "error", 404, "gjelder ikke", everybody},
		{post, "/join/:token", "/join/" + offered, url.Values{}, "join", 422, "Skriv et navn", []string{nobody}},
		{post, "/join/:token", "/join/" + offered, url.Values{}, "join", 409, "Du er logget inn som", everybody[1:]},
		{get, "/practices", "/practices", nil, "", 303, "/networks/" + f.other.ID, []string{ragnhild}},
		{get, "/account", "/account", nil, "account", 200, "Her er du logget inn", known},
		{post, "/account/sessions", "/account/sessions", url.Values{"session": {"none"}}, "", 303, "/account", known},
		{get, "/account/secure", "/account/secure", nil, "", 303, "/account", withApp},
		{get, "/account/secure", "/account/secure", nil, "secure", 200, "Velg én måte nå", []string{sara, nils}},
		{get, "/account/totp", "/account/totp", nil, "totp", 200, "<svg", known},
		{post, "/account/totp", "/account/totp", url.Values{"code": {"123"}}, "totp", 422, "Koden stemmer ikke", known},
		{post, "/account/totp/remove", "/account/totp/remove", url.Values{}, "error", 409, "siste måten", withApp},
		{post, "/account/totp/remove", "/account/totp/remove", url.Values{}, "", 303, "/account", []string{sara, nils}},
		{post, "/account/challenge", "/account/challenge", url.Values{}, "", 200, `"residentKey":"required"`, known},
		{post, "/account/passkeys", "/account/passkeys", url.Values{"credential": {"{}"}}, "error", 400, "kunne ikke brukes", known},
		{post, "/account/passkeys/remove", "/account/passkeys/remove", url.Values{"passkey": {"none"}}, "", 303, "/account", known},
		{post, "/account/recovery", "/account/recovery", url.Values{}, "error", 409, "Sett opp en passnøkkel", []string{sara, nils}},
		{post, "/account/recovery", "/account/recovery", url.Values{}, "recovery", 200, "data-print", withApp},
		{get, "/account/password", "/account/password", nil, "password", 200, "Minst 12 tegn", known},
		{post, "/account/password", "/account/password", url.Values{"old": {"feil"}}, "password", 422, "du har nå, er feil", known},
		{get, "/login", "/login?problem=unknown&with=" + prove, nil, "login", 200, "Be praksislederen om en invitasjon", []string{nobody}},
		{post, "/login/with/:provider", "/login/with/" + prove, url.Values{}, "leave", 200, "Du går til Prøve-", everybody},
		{get, "/login/with/:provider", "/login/with/" + prove + "?lang=nb", nil, "login", 200, "Eller med passord", []string{nobody}},
		{get, "/login/with/:provider", "/login/with/" + prove + "?lang=nb", nil, "", 303, "/practices", known},
		{post, "/login/with/:provider", "/login/with/none", url.Values{}, "error", 404, "finnes ikke", everybody},
		{get, "/login/with/:provider/callback", "/login/with/" + prove + "/callback?state=x&code=y", nil, "", 303, "problem=stale", everybody},
		{get, identitiesPath, identitiesPath, nil, "identities", 200, "Hvordan du logger inn", known},
		{get, identitiesPath + "/:provider", identitiesPath + "/" + prove, nil, "identities", 200, "Hvordan du logger inn", known},
		{post, identitiesPath + "/:provider", identitiesPath + "/" + prove, url.Values{"do": {"connect"}}, "leave", 200, "Du går til Prøve-", known},
		{post, identitiesPath + "/:provider", identitiesPath + "/" + prove, url.Values{"do": {"rank"}}, "error", 400, "forsto ikke", known},
		{get, "/practices", "/practices", nil, "", 303, own, members},
		{get, "/practices", "/practices", nil, "", 303, "/practices/" + f.lillevik.ID, []string{olav}},
		{get, "/practices", "/practices", nil, "", 303, "/admin", []string{dina}},
		{get, "/practices", "/practices", nil, "practices", 200, "Spør den som driver", []string{nils}},
		{get, "/practices/:id", own, nil, "dashboard", 200, "Eidsvåg legekontor", members},
		{get, "/practices/:id/results.csv", own + "/results.csv", nil, "", 200, "Spørsmål;", members},
		{get, "/practices/:id/results.json", own + "/results.json", nil, "", 200, `"floor": 10`, members},
		{get, "/practices/:id/report", own + "/report", nil, "report", 200, "Ingen hele kvartaler er ferdige", members},
		{get, "/practices/:id/report", own + "/report?quarter=2026-Q4", nil, "error", 404, "finnes ikke", members},
		{get, "/practices/:id/assumption", own + "/assumption", nil, "assumption", 200, "ingen resultater å gjette på", members},
		{post, "/practices/:id/assumption", own + "/assumption", url.Values{"open": {"without"}}, "assumption", 409, "ingen resultater å gjette på", members},
		{get, "/practices/:id/improvements", own + "/improvements", nil, "improvements", 200, "Ti minutter mer", members},
		{get, "/practices/:id/improvements.csv", own + "/improvements.csv", nil, "", 200, "Ti minutter mer", members},
		{get, "/practices/:id/improvements.json", own + "/improvements.json", nil, "", 200, "Ti minutter mer", members},
		{get, "/practices/:id/improvements/new", own + "/improvements/new", nil, "improvement_new", 200, "Var ventetiden", []string{kari}},
		{post, "/practices/:id/improvements", own + "/improvements", url.Values{"question": {"polite"}, "done": {"Ring 99887766"}, "start": {"2026-W48"}}, "improvement_new", 422, "telefonnummer", []string{kari}},
		{post, "/practices/:id/improvements", own + "/improvements", url.Values{"question": {"polite"}, "done": {"Noe"}, "start": {"2026-W48"}}, "", 303, own + "/improvements/", []string{kari}},
		{get, "/practices/:id/improvements/:improvement", improvement, nil, "improvement", 200, "Ti minutter mer", members},
		{get, "/practices/:id/improvements/:improvement", own + "/improvements/none", nil, "error", 404, "finnes ikke", members},
		{post, "/practices/:id/improvements/:improvement/publish", improvement + "/publish", url.Values{"heard": {"help"}, "told": {"Mer tid"}}, "", 303, improvement, []string{kari}},
		{post, "/practices/:id/improvements/:improvement/publish", improvement + "/publish", url.Values{"told": {"Mer tid"}}, "improvement", 422, "Velg hva pasientene sa", []string{kari}},
		{post, "/practices/:id/improvements/:improvement/unpublish", improvement + "/unpublish", url.Values{}, "", 303, improvement, []string{kari}},
		{post, "/practices/:id/improvements/:improvement/close", improvement + "/close", url.Values{}, "", 303, improvement, []string{kari}},
		{get, "/practices/:id/points", own + "/points", nil, "points", 200, "Venterommet", members},
		{post, "/practices/:id/points", own + "/points", url.Values{"label": {"Døra"}}, "", 303, own + "/points", []string{kari}},
		{post, "/practices/:id/points", own + "/points", url.Values{"label": {" "}}, "points", 422, "høyst 60 tegn", []string{kari}},
		{post, "/practices/:id/points/:code", own + "/points/" + string(f.retired.Code), url.Values{"retired": {"true"}}, "", 303, own + "/points", []string{kari}},
		{get, "/practices/:id/setup", own + "/setup", nil, "setup", 200, "Stegene dere gikk gjennom", []string{kari}},
		{get, "/practices/:id/setup", own + "/setup", nil, "setup", 200, "Praksislederen gjør dette", []string{sara}},
		{get, "/practices/:id/setup/:step", own + "/setup/guide", nil, "setup_guide", 200, "Ikke slik", []string{kari}},
		{get, "/practices/:id/setup/:step", own + "/setup/survey", nil, "setup_survey", 200, "Var legen høflig mot deg?", []string{kari}},
		{get, "/practices/:id/setup/:step", own + "/setup/live", nil, "error", 404, "finnes ikke", []string{kari}},
		{post, "/practices/:id/setup/:step", own + "/setup/guide", url.Values{}, "", 303, own + "/setup", []string{kari}},
		{post, "/practices/:id/setup/:step", own + "/setup/trial", url.Values{}, "error", 404, "finnes ikke", []string{kari}},
		{post, "/practices/:id/features", own + "/features", url.Values{"feature": {"digital"}, "on": {"true"}}, "", 303, own + "/setup", []string{kari}},
		{post, "/practices/:id/features", own + "/features", url.Values{"feature": {"network"}, "on": {"false"}}, "setup", 409, "Gå ut av det først", []string{kari}},
		{post, "/practices/:id/features", own + "/features", url.Values{"feature": {"alt"}}, "error", 400, "forsto ikke", []string{kari}},
		{post, "/practices/:id/held", own + "/held", url.Values{"do": {"release"}, "seen": {"12"}}, "points", 409, "Det er bestemt alt", []string{kari}},
		{post, "/practices/:id/held", own + "/held", url.Values{"do": {"drop"}, "seen": {"12"}}, "points", 422, "Ingenting er forkastet", []string{kari}},
		{post, "/practices/:id/held", own + "/held", url.Values{"do": {"some"}, "seen": {"12"}}, "error", 400, "forsto ikke", []string{kari}},
		{get, "/practices/:id/points/:code/poster", own + "/points/" + code + "/poster", nil, "poster", 200, "svar.example.org", members},
		{get, "/practices/:id/points/:code/qr.svg", own + "/points/" + code + "/qr.svg", nil, "", 200, "<svg", members},
		{get, "/practices/:id/points/:code/qr.png", own + "/points/" + code + "/qr.png", nil, "", 200, "PNG", members},
		{get, "/practices/:id/points/:code/poster", own + "/points/" + string(f.elsewhere.Code) + "/poster", nil, "error", 404, "finnes ikke", members},
		{get, "/practices/:id/points/:code/card", own + "/points/" + code + "/card", nil, "card", 200, "Bordkort for Eidsvåg legekontor", members},
		{get, "/practices/:id/points/:code/letter", own + "/points/" + code + "/letter", nil, "letter", 200, f.point.Code.String(), members},
		{get, "/practices/:id/points/:code/kit", own + "/points/" + code + "/kit", nil, "kit", 200, "https://svar.example.org/w/" + code, members},
		{get, "/practices/:id/points/:code/kit", own + "/points/" + string(f.elsewhere.Code) + "/kit", nil, "error", 404, "finnes ikke", members},
		{get, "/practices/:id/points/:code/button.svg", own + "/points/" + code + "/button.svg", nil, "", 200, "Si hvordan besøket var", members},
		{get, "/practices/:id/points/:code/button.svg", own + "/points/" + string(f.elsewhere.Code) + "/button.svg", nil, "error", 404, "finnes ikke", members},
		{get, "/practices/:id/keys", own + "/keys", nil, "keys", 200, "Hvilket system skal bruke den?", []string{kari}},
		{post, "/practices/:id/keys", own + "/keys", url.Values{"label": {"Journalen"}}, "keys", 200, "<code>venterom_", []string{kari}},
		{post, "/practices/:id/keys", own + "/keys", url.Values{"label": {" "}}, "keys", 422, "høyst 60 tegn", []string{kari}},
		{post, "/practices/:id/keys/:key/revoke", own + "/keys/" + f.aKey(t) + "/revoke", url.Values{}, "", 303, own + "/keys", []string{kari}},
		{post, "/practices/:id/keys/:key/revoke", own + "/keys/none/revoke", url.Values{}, "error", 404, "finnes ikke", []string{kari}},
		{get, "/practices/:id/page", own + "/page", nil, "info", 200, "Begynn her: Adresse", members},
		{get, "/practices/:id/page/:section", own + "/page/contact", nil, "info_form", 200, "Postnummer", []string{kari}},
		{get, "/practices/:id/page/:section", own + "/page/doctors", nil, "doctors", 200, "Legg til en lege", []string{kari}},
		{get, "/practices/:id/page/:section", own + "/page/secrets", nil, "error", 404, "finnes ikke", []string{kari}},
		{post, "/practices/:id/page/:section", own + "/page/contact", url.Values{"phone": {"55 19 00 00"}, "postal-code": {"510"}}, "info_form", 422, "Skriv fire tall", []string{kari}},
		{post, "/practices/:id/page/:section", own + "/page/access", url.Values{"lift": {"yes"}}, "", 303, own + "/page", []string{kari}},
		{post, "/practices/:id/page/:section", own + "/page/doctors", url.Values{"name": {"Ola"}}, "error", 404, "finnes ikke", []string{kari}},
		{post, "/practices/:id/page/confirm", own + "/page/confirm", url.Values{"section": {"access"}}, "", 303, own + "/page", []string{kari}},
		{post, "/practices/:id/page/confirm", own + "/page/confirm", url.Values{"section": {"secrets"}}, "error", 404, "finnes ikke", []string{kari}},
		{get, "/practices/:id/page/doctors/:doctor", own + "/page/doctors/new", nil, "info_form", 200, "Første dag borte", []string{kari}},
		{get, "/practices/:id/page/doctors/:doctor", own + "/page/doctors/none", nil, "error", 404, "finnes ikke", []string{kari}},
		{post, "/practices/:id/page/doctors/:doctor", own + "/page/doctors/new", url.Values{"name": {" "}}, "info_form", 422, "Navn: Skriv noen ord her.", []string{kari}},
		{post, "/practices/:id/page/doctors/:doctor", own + "/page/doctors/none", url.Values{"name": {"Ola"}}, "error", 404, "finnes ikke", []string{kari}},
		{post, "/practices/:id/page/doctors/:doctor/remove", own + "/page/doctors/none/remove", url.Values{}, "error", 404, "finnes ikke", []string{kari}},
		{get, "/practices/:id/people", own + "/people", nil, "people", 200, "Folk på kontoret", members},
		{post, "/practices/:id/people", own + "/people", url.Values{"name": {"99887766"}, "role": {"staff"}}, "people", 422, "telefonnummer", []string{kari}},
		{post, "/practices/:id/people", own + "/people", url.Values{"name": {"Per"}, "role": {"staff"}}, "people", 200, "https://svar.example.org/join/", []string{kari}},
		{post, "/practices/:id/people/leave", own + "/people/leave", url.Values{"confirm": {"nei"}}, "people", 422, "Ingenting er endret", members},
		{get, "/practices/:id/people/:person", person, nil, "person", 200, sara, []string{kari}},
		{get, "/practices/:id/people/:person", own + "/people/" + f.account(t, olav).ID, nil, "error", 404, "finnes ikke", []string{kari}},
		{post, "/practices/:id/people/:person", person, url.Values{"role": {"king"}}, "person", 422, "Velg en rolle", []string{kari}},
		{post, "/practices/:id/people/:person", person, url.Values{"role": {"staff"}}, "", 303, own + "/people", []string{kari}},
		{post, "/practices/:id/people/:person/remove", person + "/remove", url.Values{"confirm": {"nei"}}, "person", 422, "Ingenting er endret", []string{kari}},
		{post, "/practices/:id/offers/:offer", own + "/offers/" + f.anOffer(t, 1).ID, url.Values{}, "", 303, own + "/people", []string{kari}},
		{get, "/practices/:id/log", own + "/log", nil, "log", 200, "La til svarpunktet «Døra»", []string{kari}},
		{get, "/practices/:id/log.csv", own + "/log.csv", nil, "", 200, "Tidspunkt (UTC);", []string{kari}},
		{get, "/practices/:id/privacy", own + "/privacy", nil, "notice_staff", 200, "Ikke godkjent ennå", members},
		{post, "/practices/:id/privacy", own + "/privacy", url.Values{"basis": {"because"}}, "notice_staff", 422, "Velg ett av grunnlagene", []string{kari}},
		{post, "/practices/:id/privacy", own + "/privacy", url.Values{"basis": {"task"}, "seen": {"other"}}, "notice_staff", 409, "ble endret mens du leste", []string{kari}},
		{get, "/practices/:id/export", own + "/export", nil, "export", 200, "venterom-eidsvag-legekontor-2026-11-23.zip", []string{kari}},
		{post, "/practices/:id/export", own + "/export", url.Values{}, "", 200, "README.txt", []string{kari}},
		{get, "/practices/:id/delete", own + "/delete", nil, "delete", 200, "Skriv «Eidsvåg legekontor» for å bekrefte", []string{kari}},
		{post, "/practices/:id/delete", own + "/delete", url.Values{"confirm": {"Eidsvåg"}}, "delete", 422, "Ingenting er slettet", []string{kari}},
		{get, "/practices/:id/paper", own + "/paper", nil, "paper", 200, "visit-1.digital-1", members},
		{get, "/practices/:id/paper/entry", own + "/paper/entry", nil, "batch", 200, "visit-1.digital-1", members},
		{get, "/practices/:id/paper/entry", own + "/paper/entry?mark=visit-2", nil, "error", 404, "ikke noe skjema med det merket", members},
		{post, "/practices/:id/paper/entry", own + "/paper/entry", url.Values{"token": {f.batchToken(t)}, "do": {"review"}, "sheet": {"5"}}, "batch", 422, "Ark 1: Ett tegn er tastet", members},
		{post, "/practices/:id/paper/entry", own + "/paper/entry", sheets("review"), "batch_review", 200, "10 ark med svar", members},
		{post, "/practices/:id/paper/entry", own + "/paper/entry", sheets("send"), "batch_counted", 200, "Ny bunke", members},
		{get, "/practices/:id/slips", own + "/slips", nil, "slips", 200, "Lag lapper", members},
		{post, "/practices/:id/slips", own + "/slips", url.Values{"sheets": {"1"}, "lang": {"nn"}}, "slip", 200, "Verkar éin gong, til og med 21.\u00a0februar 2027", members},
		{post, "/practices/:id/slips", own + "/slips", url.Values{"sheets": {"21"}, "lang": {"nb"}}, "slips", 422, "fra 1 til 20", members},
		{get, "/practices/:id/invitations", own + "/invitations", nil, "invitations", 200, "Hvor mange svarer", members},
		{get, "/practices/:id/invitations", "/practices/" + f.lillevik.ID + "/invitations", nil, "invitations", 200, "Sett opp SMS", []string{olav}},
		{post, "/practices/:id/invitations", own + "/invitations", url.Values{"list": {"mobil;dato\n49000077;20.11.2026\n"}}, "invitations_dry", 200, "1 pasient blir spurt", []string{kari}},
		{post, "/practices/:id/invitations", own + "/invitations", url.Values{"list": {"navn\nKari\n"}}, "invitations", 422, "ingen kolonne med telefonnummer", []string{kari}},
		{post, "/practices/:id/invitations", own + "/invitations", url.Values{"sealed": {""}}, "error", 400, "forsto ikke", []string{kari}},
		{post, "/practices/:id/invitations/send", own + "/invitations/send", url.Values{"sealed": {f.sealed(t, "49000078")}}, "invitations_sent", 200, "1 pasient blir spurt nå", []string{kari}},
		{post, "/practices/:id/invitations/send", own + "/invitations/send", url.Values{"sealed": {"forged"}}, "error", 400, "forsto ikke", []string{kari}},
		{post, "/practices/:id/invitations/messages/:message", own + "/invitations/messages/" + f.anUncertain(t), url.Values{}, "", 303, own + "/invitations?done=again", []string{kari}},
		{post, "/practices/:id/invitations/messages/:message", own + "/invitations/messages/none", url.Values{}, "error", 404, "finnes ikke", []string{kari}},
		{post, "/practices/:id/invitations/stop", own + "/invitations/stop", url.Values{"number": {"490 00 079"}}, "", 303, own + "/invitations?done=stopped", members},
		{post, "/practices/:id/invitations/stop", own + "/invitations/stop", url.Values{"number": {"55190000"}}, "invitations", 422, "ikke et mobilnummer", members},
		{get, "/practices/:id/asking", own + "/asking", nil, "asking", 200, "Slik kommer den fram", []string{kari}},
		{post, "/practices/:id/asking", own + "/asking", url.Values{"on": {"true"}, "sender": {"INFO"}, "wait": {"90"}}, "asking", 422, "sier ikke hvem som sender", []string{kari}},
		{post, "/practices/:id/asking", own + "/asking", f.askingForm(), "", 303, own + "/asking?done=saved", []string{kari}},
		{get, "/practices", "/practices", nil, "", 303, "/networks/" + f.network.ID, []string{kim}},
		{get, "/practices/:id/networks", own + "/networks", nil, "", 303, own + "/network/" + f.network.ID, members},
		{get, "/practices/:id/networks", "/practices/" + f.lillevik.ID + "/networks", nil, "networks", 200, "ikke med i noe nettverk", []string{olav}},
		{get, "/practices/:id/network/:network", own + "/network/" + f.network.ID, nil, "network", 200, "Ingen sammenligning ennå", members},
		{get, "/practices/:id/network/:network", own + "/network/other", nil, "error", 404, "finnes ikke", members},
		{get, "/practices/:id/network/:network/results.csv", own + "/network/" + f.network.ID + "/results.csv", nil, "", 200, "Spørsmål;", members},
		{get, "/practices/:id/network/:network/results.json", own + "/network/" + f.network.ID + "/results.json", nil, "", 200, `"network": "Fjordnettverket"`, members},
		{get, "/practices/:id/network/:network/worksheet", own + "/network/" + f.network.ID + "/worksheet", nil, "worksheet", 200, "Ingen sammenligning ennå", members},
		{get, "/practices/:id/network/:network/worksheet", own + "/network/other/worksheet", nil, "error", 404, "finnes ikke", members},
		{get, "/practices/:id/network/:network/terms", own + "/network/" + f.network.ID + "/terms", nil, "network_terms", 200, "Dette deler dere", members},
		{post, "/practices/:id/network/:network", own + "/network/" + f.network.ID, url.Values{"do": {"agree"}}, "", 303, "/terms", []string{kari}},
		{post, "/practices/:id/network/:network", own + "/network/" + f.network.ID, url.Values{"do": {"rank"}}, "error", 400, "forsto ikke", []string{kari}},
		{get, "/networks/:id", "/networks/" + f.network.ID, nil, "network_coordinator", 200, "Eidsvåg legekontor", []string{kim}},
		{get, "/networks/:id", "/networks/other", nil, "error", 404, "finnes ikke", []string{kim}},
		{get, "/networks/:id/results.csv", "/networks/" + f.network.ID + "/results.csv", nil, "", 200, "Spørsmål;", []string{kim}},
		{get, "/networks/:id/results.json", "/networks/" + f.network.ID + "/results.json", nil, "", 200, `"network": "Fjordnettverket"`, []string{kim}},
		{post, "/networks/:id/practices", "/networks/" + f.network.ID + "/practices", url.Values{"practice": {"eidsvag-legekontor"}}, "", 303, "/networks/" + f.network.ID, []string{kim}},
		{post, "/networks/:id/practices", "/networks/" + f.network.ID + "/practices", url.Values{"practice": {"Ukjent <b>"}}, "network_coordinator", 422, "Ukjent &lt;b&gt;", []string{kim}},
		{get, "/admin", "/admin", nil, "admin", 200, "Eidsvåg legekontor", []string{dina}},
	}
}

// TestPages visits every route as every character. Whoever is not named in a row is sent to sign in,
// told that only the lead may, or told that there is no such page; never anything else.
func TestPages(t *testing.T) {
	f := newFixture(t)
	for _, v := range visits(f, t) {
		for _, who := range everybody {
			if who != nobody && v.route == "/logout" {
				continue // it would sign the character out of the other rows; TestSigningOut has it
			}
			r := f.do(t, who, v.method, v.path, v.form, "Accept-Language", "nb")
			if slices.Contains(v.as, who) {
				if got := r.body + r.Header.Get("Location"); r.StatusCode != v.status || !strings.Contains(got, v.want) {
					t.Errorf("%s %s as %q: status %d, want %d and %q in\n%.600s", v.method, v.path, who, r.StatusCode, v.status, v.want, got)
				}
			} else if !turnedAway(r, who) && !elsewhereIn(f, t, v, who) {
				t.Errorf("%s %s as %q: status %d, want to be turned away", v.method, v.path, who, r.StatusCode)
			}
			checkHeaders(t, f, v, r)
		}
	}
}

// turnedAway reports whether a response gives nothing: to sign in, or an error page with no data.
func turnedAway(r response, who string) bool {
	switch r.StatusCode {
	case http.StatusSeeOther:
		return who == nobody && r.Header.Get("Location") == "/login"
	case http.StatusUnauthorized:
		return who == nobody
	case http.StatusForbidden:
		return who == sara && !strings.Contains(r.body, "Eidsvåg")
	case http.StatusNotFound:
		return !strings.Contains(r.body, "Eidsvåg")
	}
	return false
}

// elsewhereIn reports whether another row of the same request says what this character gets.
func elsewhereIn(f *fixture, t testing.TB, v pageRow, who string) bool {
	if v.route == "/login" || v.route == "/login/passkey" {
		return true // somebody signed in is led on, or signs in anew
	}
	return slices.ContainsFunc(visits(f, t), func(o pageRow) bool {
		return o.method == v.method && o.path == v.path && o.form.Encode() == v.form.Encode() && slices.Contains(o.as, who)
	})
}

// strict are the headers of every response.
var strict = map[string]string{
	"Strict-Transport-Security":    "max-age=63072000; includeSubDomains",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), browsing-topics=()",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cache-Control":                "no-store",
	"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}

// checkHeaders holds a response to what every one has, and no open route to a cookie.
func checkHeaders(t *testing.T, f *fixture, v pageRow, r response) {
	t.Helper()
	for name, want := range strict {
		switch {
		case name == "Content-Security-Policy" && slices.Contains(fetching, v.route):
			want += "; connect-src 'self'"
		case name == "Cache-Control" && v.route == "/static/*" && r.StatusCode == http.StatusOK:
			want = "no-cache" // asked for without its version; TestFormIsLight asks with it
		}
		got := slices.DeleteFunc(slices.Clone(r.Header.Values(name)), func(v string) bool { return v == `no-cache="Set-Cookie"` }) // which scs adds
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s %s: %d with %s %q, want %q", v.method, v.path, r.StatusCode, name, got, want)
		}
	}
	for _, name := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin"} {
		if r.Header.Get(name) != "" {
			t.Errorf("%s %s has %s", v.method, v.path, name)
		}
	}
	isOpen := slices.ContainsFunc(f.routes(), func(o route) bool { return o.path == v.route && o.method == v.method && o.who == open })
	if isOpen && len(r.Cookies()) > 0 {
		t.Errorf("%s %s sets a cookie", v.method, v.path)
	}
	for _, c := range r.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("%s %s sets cookie %v", v.method, v.path, c)
		}
	}
}

// TestHeadersOfErrors: what goes wrong goes out with the same headers.
func TestHeadersOfErrors(t *testing.T) {
	f := newFixture(t)
	e, ok := f.handler.(*echo.Echo)
	if !ok {
		t.Fatal("the handler is not echo")
	}
	e.GET("/panic", func(echo.Context) error { panic("marked-panic") })
	own := "/practices/" + f.eidsvag.ID
	f.signIn(t, kari)
	for range 40 {
		f.get(t, nobody, "/s/nothing")
	}
	check := func(who, method, path string, form url.Values, status int, headers ...string) {
		t.Helper()
		r := f.do(t, who, method, path, form, headers...)
		if r.StatusCode != status {
			t.Errorf("%s %s as %q: status %d, want %d", method, path, who, r.StatusCode, status)
		}
		checkHeaders(t, f, pageRow{method: method, route: path, path: path}, r)
		if strings.Contains(r.body, "marked-panic") || strings.Contains(r.body, "goroutine") {
			t.Errorf("%s %s tells what went wrong: %s", method, path, r.body)
		}
	}
	check(nobody, http.MethodGet, "/nothing", nil, 404)
	check(nobody, http.MethodGet, "/api/nothing", nil, 404)
	check(nobody, http.MethodGet, "/static/../routes.go", nil, 404)
	check(nobody, http.MethodPut, "/login", nil, 405)
	check(nobody, http.MethodDelete, "/api/v1/invitations", nil, 405)
	check(nobody, http.MethodPost, "/k/"+string(f.point.Code), url.Values{"x": {strings.Repeat("x", maxBody)}}, 413)
	check(kari, http.MethodPost, own+"/points", url.Values{"label": {strings.Repeat("x", maxBody)}}, 413)
	check(kari, http.MethodPost, own+"/points", url.Values{"label": {"x"}}, 403, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	check(nobody, http.MethodGet, "/s/nothing", nil, 429)
	check(nobody, http.MethodPost, "/practices/none/points", url.Values{}, 401)
	check(nobody, http.MethodGet, "/panic", nil, 500)
	check(kari, http.MethodPost, own+"/points", url.Values{"label": {"x"}}, 422, "Content-Type", "text/plain")
	must(t, f.Store.Close())
	check(nobody, http.MethodGet, "/k/"+string(f.point.Code), nil, 500)
	check(nobody, http.MethodGet, "/readyz", nil, 503)
	check(nobody, http.MethodPost, "/api/v1/invitations", url.Values{}, 401)
	check(nobody, http.MethodPost, "/api/v1/invitations", url.Values{}, 500, "Authorization", "Bearer venterom_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	check(kari, http.MethodGet, own, nil, 503) // the session cannot be read
}

// TestPlainHTTP: without TLS, as on somebody's own machine, nothing is said of it; the browser would not take a
// cookie that may go by TLS alone.
func TestPlainHTTP(t *testing.T) {
	f := newFixture(t)
	cfg := f.Config
	cfg.BaseURL = &url.URL{Scheme: "http", Host: "localhost:8080"}
	s, err := New(cfg)
	must(t, err)
	f.handler = s.Handler()
	r := f.get(t, nobody, "/login?lang=nn")
	if got := r.Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS %q", got)
	}
	if c := r.Cookies(); len(c) != 1 || c[0].Name != "venterom" || c[0].Secure || !c[0].HttpOnly {
		t.Errorf("cookies %v", c)
	}
}

// TestEveryRouteAndTemplateHasARow fails when something new is not in the table above.
func TestEveryRouteAndTemplateHasARow(t *testing.T) {
	f := newFixture(t)
	rows := visits(f, t)
	e, ok := f.handler.(*echo.Echo)
	if !ok {
		t.Fatal("the handler is not echo")
	}
	for _, r := range e.Routes() {
		if !slices.ContainsFunc(rows, func(v pageRow) bool { return v.method == r.Method && v.route == r.Path }) && r.Method != echo.RouteNotFound {
			t.Errorf("%s %s has no row", r.Method, r.Path)
		}
	}
	for name := range layouts {
		if name == "login_code" || name == "deleted" {
			continue // needs half a session; TestSignIn has it. TestDelete has the other
		}
		if !slices.ContainsFunc(rows, func(v pageRow) bool { return v.template == name }) {
			t.Errorf("page %s has no row", name)
		}
	}
	files, err := filepath.Glob("templates/*.html")
	must(t, err)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".html")
		if _, ok := layouts[name]; !ok && name != "parts" && !strings.HasPrefix(name, "layout_") {
			t.Errorf("template %s is no page", name)
		}
	}
}

// TestStylesheetsAreWhole: a brace that is missing hides every rule after it from most readers.
func TestStylesheetsAreWhole(t *testing.T) {
	f := newFixture(t)
	for name, a := range f.assets {
		if open, closed := strings.Count(string(a.plain), "{"), strings.Count(string(a.plain), "}"); strings.HasSuffix(name, ".css") && open != closed {
			t.Errorf("%s has %d { and %d }", name, open, closed)
		}
	}
}

func TestSwitchingLanguageStaysOnThePage(t *testing.T) {
	f := newFixture(t)
	f.openResults(t, kari)
	r := f.get(t, kari, "/practices/"+f.eidsvag.ID+"?survey=digital&lang=nn&x=%22%3E")
	if !strings.Contains(r.body, `href="?lang=en&amp;survey=digital"`) {
		t.Error("the link to English leaves the survey")
	}
}

func TestSwitchingLanguageStaysWithTheSheet(t *testing.T) {
	f := newFixture(t)
	r := f.get(t, kari, "/practices/"+f.eidsvag.ID+"/paper/entry?mark=visit-1")
	if !strings.Contains(r.body, `href="?lang=en&amp;mark=visit-1"`) {
		t.Error("the link to English leaves the sheets that are being typed")
	}
}

func TestSigningOut(t *testing.T) {
	f := newFixture(t)
	cookie := f.signIn(t, kari)
	if r := f.do(t, kari, http.MethodPost, "/logout", url.Values{}); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", r.StatusCode)
	}
	if r := f.get(t, nobody, "/practices/"+f.eidsvag.ID, "Cookie", cookie); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/login" {
		t.Errorf("the old cookie still works: %d", r.StatusCode)
	}
}

func TestSigningInChangesTheToken(t *testing.T) {
	f := newFixture(t)
	f.giveApp(t, kari)
	planted := f.get(t, nobody, "/login?lang=nn") // choosing a language begins a session
	if len(planted.Cookies()) != 1 {
		t.Fatalf("cookies %v", planted.Cookies())
	}
	c := planted.Cookies()[0]
	tokens := []string{c.Name + "=" + c.Value}
	for _, step := range []struct {
		path string
		form url.Values
	}{{"/login", url.Values{"email": {kari}, "password": {password}}}, {"/login/code", url.Values{"code": {f.appCode(t, kari)}}}, {"/account/recovery", url.Values{}}} {
		r := f.do(t, nobody, http.MethodPost, step.path, step.form, "Cookie", tokens[len(tokens)-1])
		now := sessionOf(withCookies("", r))
		if now == "" || slices.Contains(tokens, now) {
			t.Errorf("after %s the session has the token it had", step.path)
		}
		tokens = append(tokens, now)
	}
	for i, token := range tokens {
		in := f.get(t, nobody, "/practices", "Cookie", token).Header.Get("Location") != "/login"
		if last := i+1 == len(tokens); in != last {
			t.Errorf("token %d of %d is signed in: %v", i+1, len(tokens), in)
		}
	}
}

func TestWrongMethodAndHostilePaths(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodTrace, "/login", 405}, {http.MethodPut, "/k/" + string(f.point.Code), 405}, {http.MethodDelete, "/practices/" + f.eidsvag.ID, 405},
		{http.MethodGet, "/static/../server.go", 404}, {http.MethodGet, "/static/%2e%2e/web.go", 404}, {http.MethodGet, "/nothing", 404},
		{http.MethodGet, "/k/%00", 404}, {http.MethodGet, "/k/" + strings.Repeat("7", 5000), 404}, {http.MethodGet, "/practices/%27%20OR%201=1", 303},
	} {
		got := f.do(t, nobody, c.method, c.path, nil)
		if got.StatusCode != c.status {
			t.Errorf("%s %.40s: status %d, want %d", c.method, c.path, got.StatusCode, c.status)
		}
	}
}

// TestOnlyClosedAnswers crawls the patient's pages for anything text could be typed into. The one
// exception is the field for a code, where no form is.
func TestOnlyClosedAnswers(t *testing.T) {
	f := newFixture(t)
	control := regexp.MustCompile(`<(input|textarea|select|[a-z]+ contenteditable)[^>]*>`)
	pages := map[string]response{
		"form":   f.get(t, nobody, "/k/"+string(f.point.Code)),
		"empty":  f.answer(t, f.point.Code),
		"thanks": f.answer(t, f.point.Code, "visit.polite", "5"),
		"wrong":  f.answer(t, f.point.Code, "visit.polite", "x"),

		"kiosk start":  f.get(t, nobody, f.kiosk()),
		"kiosk form":   f.openKiosk(t, "nb"),
		"kiosk empty":  f.answerKiosk(t),
		"kiosk thanks": f.answerKiosk(t, "visit.polite", "5"),
		"kiosk wrong":  f.answerKiosk(t, "visit.polite", "x"),
		"web":          f.get(t, nobody, "/w/"+string(f.point.Code)),
		"paper":        f.get(t, kari, "/practices/"+f.eidsvag.ID+"/paper"),
	}
	for name, r := range pages {
		for _, tag := range control.FindAllString(r.body, -1) {
			if !strings.Contains(tag, `type="radio"`) && !strings.Contains(tag, `type="hidden"`) {
				t.Errorf("%s has %s", name, tag)
			}
		}
		if strings.Contains(r.body, " checked") {
			t.Errorf("%s has something chosen beforehand", name)
		}
		if strings.Contains(r.body, " style=") || strings.Contains(r.body, "<style") || strings.Contains(r.body, "<script>") || strings.Contains(r.body, " on") && regexp.MustCompile(` on[a-z]+="`).MatchString(r.body) {
			t.Errorf("%s has something inline", name)
		}
	}
}

// keyPattern finds message keys where they are used.
var keyPattern = regexp.MustCompile(`"([a-z]+\.[a-z0-9_]+)"`)

// composedPattern finds the beginnings of keys that are put together: "unit." + x, print "unit." x.
var composedPattern = regexp.MustCompile(`(?:print )?"([a-z]+\.[a-z0-9_]*)"(?: ?\+| \.| \$)`)

// TestWords: every language has every message, none is empty or unused, every one used exists.
func TestWords(t *testing.T) {
	words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	must(t, err)
	known := words.Keys("nb")
	for _, lang := range i18n.Languages {
		keys := words.Keys(lang)
		for _, k := range known {
			if !slices.Contains(keys, k) {
				t.Errorf("%s lacks %s", lang, k)
			}
			if text := words.In(lang).T(k, "Count", 2); strings.TrimSpace(text) == "" || text == k {
				t.Errorf("%s has nothing for %s", lang, k)
			}
		}
		for _, k := range keys {
			if !slices.Contains(known, k) {
				t.Errorf("only %s has %s", lang, k)
			}
		}
	}
	used := map[string]bool{}
	var composed []string
	for _, pattern := range []string{"*.go", "templates/*.html", "../*/*.go", "../../cmd/*/*.go"} {
		files, err := filepath.Glob(pattern)
		must(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			must(t, err)
			for _, m := range composedPattern.FindAllStringSubmatch(string(text), -1) {
				composed = append(composed, m[1])
			}
			for _, m := range keyPattern.FindAllStringSubmatch(string(text), -1) {
				used[m[1]] = true
			}
		}
	}
	beginnings := map[string]bool{}
	for _, k := range known {
		noun, _, _ := strings.Cut(k, ".")
		beginnings[noun] = true
		if !used[k] && !slices.ContainsFunc(composed, func(c string) bool { return strings.HasPrefix(k, c) }) {
			t.Errorf("%s is not used", k)
		}
	}
	for k := range used {
		noun, _, _ := strings.Cut(k, ".")
		if beginnings[noun] && !slices.Contains(known, k) && !slices.Contains(composed, k) && !strings.HasSuffix(k, ".js") && !strings.HasSuffix(k, ".json") && !strings.HasSuffix(k, ".csv") && !strings.HasSuffix(k, ".css") && !strings.HasSuffix(k, ".svg") {
			t.Errorf("%s is used and has no words", k)
		}
	}
}

// TestEverySurveyCanBeShownAndAnswered puts every survey and every kind of question through the form.
func TestEverySurveyCanBeShownAndAnswered(t *testing.T) {
	f := newFixture(t)
	kinds := map[survey.Kind]bool{}
	for _, sv := range f.Surveys.All() {
		p := f.eidsvag
		p.Survey, p.Digital = sv.ID, false
		must(t, f.Store.SavePractice(context.Background(), p))
		f.forgetPoints()
		for _, lang := range i18n.Languages {
			r := f.get(t, nobody, "/k/"+string(f.point.Code)+"?lang="+lang)
			for _, q := range sv.Questions {
				kinds[q.Kind] = true
				if !strings.Contains(r.body, `name="`+sv.ID+"."+q.ID+`"`) {
					t.Errorf("%s in %s lacks %s", sv.ID, lang, q.ID)
				}
			}
		}
		for _, q := range sv.Questions {
			for _, o := range q.Options {
				if r := f.answer(t, f.point.Code, sv.ID+"."+q.ID, o.Code); r.StatusCode != http.StatusOK {
					t.Errorf("%s.%s=%s: %d", sv.ID, q.ID, o.Code, r.StatusCode)
				}
			}
		}
	}
	for _, k := range []survey.Kind{survey.Scale, survey.Choice} {
		if !kinds[k] {
			t.Errorf("no survey has a question of kind %s", k)
		}
	}
}
