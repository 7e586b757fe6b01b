import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { startUpstream, type Upstream } from '../../harness/tls-upstream.ts';
import { serveSessions } from './serve-sessions.ts';

/** An MCP server that wants a token, and the authorization server that issues it, at one origin. */
export interface OauthServer extends Upstream {
  readonly origin: string;
  /** What each token was issued for: the `resource` of RFC 8707. */
  readonly audiences: readonly (string | null)[];
}

interface Grant {
  readonly challenge: string | null;
  readonly redirectUri: string;
}

/** @param host of the origin; the port is that of the server */
export async function startOauthServer(leaf: Leaf, host: string): Promise<OauthServer> {
  const audiences: (string | null)[] = [];
  let handle: Handle = () => undefined;
  const handler = (request: IncomingMessage, response: ServerResponse) => void handle(request, response);
  const upstream = await startUpstream({ leaf, recordBodies: false, handler });
  const origin = `https://${host}:${upstream.port}`;
  handle = createRoutes(origin, audiences);
  return Object.assign(upstream, { origin, audiences });
}

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown;

function createRoutes(origin: string, audiences: (string | null)[]): Handle {
  const grants = new Map<string, Grant>();
  const tokens = new Set<string>();
  const mcp = serveSessions(createMcpServer);
  const json = (response: ServerResponse, status: number, body: unknown) =>
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

  const routes: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>> = {
    '/.well-known/oauth-protected-resource/mcp': (_, response) =>
      json(response, 200, { resource: `${origin}/mcp`, authorization_servers: [origin] }),
    '/.well-known/oauth-authorization-server': (_, response) => json(response, 200, metadata(origin)),
    '/register': async (request, response) => {
      const wanted = JSON.parse(await text(request)) as Record<string, unknown>;
      json(response, 201, { ...wanted, client_id: 'a-client' });
    },
    '/authorize': ({ url = '' }, response) => {
      const query = new URL(url, origin).searchParams;
      const [code, redirectUri] = [randomUUID(), query.get('redirect_uri') ?? ''];
      grants.set(code, { challenge: query.get('code_challenge'), redirectUri });
      response.writeHead(302, { Location: `${redirectUri}?code=${code}` }).end();
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
    '/mcp': (request, response) => {
      const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1];
      if (token !== undefined && tokens.has(token)) return mcp(request, response);
      const where = `${origin}/.well-known/oauth-protected-resource/mcp`;
      const challenge = `Bearer error="invalid_token", resource_metadata="${where}"`;
      return response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
    },
  };
  return (request, response) => {
    const route = routes[new URL(request.url ?? '', origin).pathname];
    return route === undefined ? response.writeHead(404).end() : route(request, response);
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
