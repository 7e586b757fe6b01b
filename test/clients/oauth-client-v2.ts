/** Calls the tool of a protected server with the OAuth client of the SDK's v2 line: it knows of no sidecar. */
import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthTokens,
} from '@modelcontextprotocol/client';

const url = new URL(process.argv[2] ?? '');
const redirectUrl = 'http://127.0.0.1:1/callback';
let authorizationUrl: URL | undefined;
let information: OAuthClientInformationMixed | undefined;
let saved: OAuthTokens | undefined;
let verifier = '';

const authProvider: OAuthClientProvider = {
  redirectUrl,
  clientMetadata: { client_name: 'test', redirect_uris: [redirectUrl], token_endpoint_auth_method: 'none' },
  clientInformation: () => information,
  saveClientInformation: (given) => void (information = given),
  tokens: () => saved,
  saveTokens: (given) => void (saved = given),
  redirectToAuthorization: (to) => void (authorizationUrl = to),
  saveCodeVerifier: (given) => void (verifier = given),
  codeVerifier: () => verifier,
};

const connect = async (transport: StreamableHTTPClientTransport) => {
  const client = new Client({ name: 'test', version: '0' });
  await client.connect(transport);
  return client;
};

const first = new StreamableHTTPClientTransport(url, { authProvider });
const refused: unknown = await connect(first).catch((error: unknown) => error);
if (!(refused instanceof UnauthorizedError) || authorizationUrl === undefined) throw refused;
// What a user's browser does, who agrees.
const agreed = await fetch(authorizationUrl, { redirect: 'manual' });
const callback = new URL(agreed.headers.get('location') ?? '');
await first.finishAuth(callback.searchParams.get('code') ?? '');

const client = await connect(new StreamableHTTPClientTransport(url, { authProvider }));
const { content } = await client.callTool({ name: 'secret' });
process.stdout.write(JSON.stringify(content));
await client.close();
