// Three identity providers on loopback, one for each profile. They read what they need to know as JSON from
// standard input, write where they are to standard output, and end when their input does.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { base, key, secret } = JSON.parse((await lines.next()).value);
const level = "helseid://claims/identity/security_level";

const byKey = { token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [key] } };
const profiles = {
  generic: { client: { token_endpoint_auth_method: "client_secret_basic", client_secret: secret } },
  idporten: { client: byKey, acrValues: ["idporten-loa-substantial", "idporten-loa-high"] },
  helseid: {
    client: { ...byKey, dpop_bound_access_tokens: true, require_pushed_authorization_requests: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
  },
};

// What somebody has when they sign in; a number too, which nobody asked for.
const account = (_, id) => ({ accountId: id, claims: () => ({ sub: id, pid: "31129956715", [level]: "4" }) });

const addresses = {};
for (const [name, { client, acrValues = [], dPoP = { enabled: false } }] of Object.entries(profiles)) {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = (addresses[name] = `http://127.0.0.1:${server.address().port}`);
  const provider = new Provider(issuer, {
    clients: [{ client_id: "venterom", redirect_uris: [`${base}/login/with/${name}/callback`], response_types: ["code"], grant_types: ["authorization_code"], ...client }],
    jwks: { keys: [{ ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "provider" }] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    scopes: ["openid", "helseid://scopes/identity/security_level"],
    claims: { openid: ["sub", "pid"], "helseid://scopes/identity/security_level": [level] },
    conformIdTokenClaims: false,
    acrValues,
    features: { devInteractions: { enabled: false }, dPoP },
    pkce: { required: () => true },
    enabledJWA: { clientAuthSigningAlgValues: ["ES384"] },
    clientAuthMethods: ["client_secret_basic", "private_key_jwt"],
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: account,
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid helseid://scopes/identity/security_level");
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  server.on("request", async (request, response) => {
    if (!request.url.startsWith("/interaction/")) return callback(request, response);
    if (request.method === "GET") {
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      return response.end(`<!doctype html><html lang="nb"><title>${name}</title><link rel="icon" href="data:,"><form method="post"><label>Hvem er du? <input name="who"></label>
        <label>Nivå <input name="acr"></label><button>Logg inn</button> <button name="no" value="1">Avbryt</button></form>`);
    }
    let body = "";
    for await (const part of request) body += part;
    const form = new URLSearchParams(body);
    const result = form.has("no") ? { error: "access_denied" } : { login: { accountId: form.get("who"), acr: form.get("acr") || undefined, remember: false } };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  });
  server.unref();
}
console.log(JSON.stringify(addresses));
for await (const _ of lines);
process.exit();
