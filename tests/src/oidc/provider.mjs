// An identity provider for the tests: oidc-provider (certified by the OpenID Foundation), at which whoever the test names
// is signed in without a page.
//
// node provider.mjs FOLDER-WITH-node_modules PORT REDIRECT_URI
// PUT /test/person {"sub", "email", "email_verified", "groups"}: who is signed in from now on.
import { createServer } from "node:http";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { pathToFileURL } from "node:url";

const [folder, port, redirect] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`));
// Not the desk's own host, so that a browser takes it for another site.
const issuer = `http://localhost:${port}`;

// New ones at each start: a provider that is started again has turned its keys over.
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
const kid = randomBytes(8).toString("hex");

const people = new Map();
let present = null;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "acuse",
      client_secret: "a secret of the tests",
      redirect_uris: [redirect],
      post_logout_redirect_uris: [new URL("/login", redirect).href],
    },
  ],
  jwks: { keys: [{ ...key, kid, use: "sig", alg: "RS256" }] },
  cookies: { keys: [randomBytes(16).toString("hex")] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
  scopes: ["openid", "email", "groups"],
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => people.get(sub) ?? { sub } }),
  loadExistingGrant: async (ctx) => {
    const { client, session } = ctx.oidc;
    const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid email groups");
    await grant.save();
    return grant;
  },
});
const answer = provider.callback();

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

createServer(async (request, response) => {
  try {
    if (request.url === "/test/person") {
      present = await read(request);
      if (present) people.set(present.sub, present);
      response.end("noted");
    } else if (request.url.startsWith("/interaction/")) {
      // Nobody there is somebody who says no.
      const result = present ? { login: { accountId: present.sub } } : { error: "access_denied" };
      await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    } else {
      answer(request, response);
    }
  } catch (error) {
    console.error(error);
    response.statusCode = 500;
    response.end(String(error));
  }
}).listen(Number(port), "localhost", () => console.log(`ready at ${issuer}`));
