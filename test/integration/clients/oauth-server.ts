import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { startUpstream, type Upstream } from '../../harness/tls-upstream.ts';
import { serveSessions } from './serve-sessions.ts';

/** An MCP server that wants a token, and the authorization server that issues it. */
export interface OauthServer extends Upstream {
  readonly origin: string;
  /** Where the authorization server is; it may be itself. */
  readonly issuer: Upstream;
  /** What each token was issued for: the `resource` of RFC 8707. */
  readonly audiences: readonly (string | null)[];
}

interface Grant {
  readonly challenge: string | null;
  readonly redirectUri: string;
}

/** Who it is, as its clients know it: the port is that of the server. */
interface Place {
  readonly leaf: Leaf;
  readonly host: string;
}

/** @param issuer left out, the authorization server is at the same origin */
export async function startOauthServer(leaf: Leaf, host: string, issuer?: Place): Promise<OauthServer> {
  const audiences: (string | null)[] = [];
  const tokens = new Set<string>();
  const server = await startPlace({ leaf, host });
  const separate = issuer && (await startPlace(issuer));
  const authorization = authorizationRoutes(separate?.origin ?? server.origin, tokens, audiences);
  const protectedRoutes = resourceRoutes(server.origin, separate?.origin ?? server.origin, tokens);
  separate?.serve(authorization);
  server.serve(separate === undefined ? { ...authorization, ...protectedRoutes } : protectedRoutes);
  return Object.assign(server.upstream, {
    origin: server.origin,
    issuer: separate?.upstream ?? server.upstream,
    audiences,
  });
}

/** Listens first, for its routes tell of its port. */
async function startPlace({ leaf, host }: Place) {
  let routes: Routes = {};
  const upstream = await startUpstream({
    leaf,
    recordBodies: false,
    handler: (request, response) => {
      const route = routes[(request.url ?? '').replace(/\?.*/s, '')];
      return route === undefined ? response.writeHead(404).end() : route(request, response);
    },
  });
  const serve = (given: Routes) => void (routes = given);
  return { upstream, origin: `https://${host}:${upstream.port}`, serve };
}

type Routes = Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>>;

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

function authorizationRoutes(origin: string, tokens: Set<string>, audiences: (string | null)[]): Routes {
  const grants = new Map<string, Grant>();
  return {
    '/.well-known/oauth-authorization-server': (_, response) => json(response, 200, metadata(origin)),
    '/register': async (request, response) => {
      const wanted = JSON.parse(await text(request)) as Record<string, unknown>;
      json(response, 201, { ...wanted, client_id: 'a-client' });
    },
    '/authorize': ({ url = '' }, response) => {
      const query = new URL(url, origin).searchParams;
      const code = randomUUID();
      const callback = new URL(query.get('redirect_uri') ?? '');
      grants.set(code, { challenge: query.get('code_challenge'), redirectUri: callback.href });
      callback.searchParams.set('code', code);
      const state = query.get('state');
      if (state !== null) callback.searchParams.set('state', state);
      response.writeHead(302, { Location: callback.href }).end();
    },
    '/token': async (request, response) => {
      const form = new URLSearchParams(await text(request));
      const grant = grants.get(form.get('code') ?? '');
      const verifier = createHash('sha256').update(form.get('code_verifier') ?? '');
      if (grant?.challenge !== verifier.digest('base64url') || grant.redirectUri !== form.get('redirect_uri'))
        return json(response, 400, { error: 'invalid_grant' });
      const token = randomUUID();
      tokens.add(token);
      audiences.push(form.get('resource'));
      return json(response, 200, { access_token: token, token_type: 'Bearer', expires_in: 3600 });
    },
  };
}

function resourceRoutes(origin: string, issuer: string, tokens: ReadonlySet<string>): Routes {
  const mcp = serveSessions(createMcpServer);
  return {
    '/.well-known/oauth-protected-resource/mcp': (_, response) =>
      json(response, 200, { resource: `${origin}/mcp`, authorization_servers: [issuer] }),
    '/mcp': (request, response) => {
      const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1];
      if (token !== undefined && tokens.has(token)) return mcp(request, response);
      const where = `${origin}/.well-known/oauth-protected-resource/mcp`;
      const challenge = `Bearer error="invalid_token", resource_metadata="${where}"`;
      return response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
    },
  };
}

/** RFC 8414. */
function metadata(origin: string): object {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
  };
}

function createMcpServer(): McpServer {
  const server = new McpServer({ name: 'protected', version: '0' });
  server.registerTool('secret', {}, () => ({ content: [{ type: 'text', text: 'for your eyes only' }] }));
  return server;
}
