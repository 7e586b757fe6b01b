import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { poll } from '../harness/poll.ts';
import { runCommand } from '../harness/run-command.ts';
import type { Gateway } from './gateway.ts';
import { askLitellm, callTool, connectMcp, listTools, registeredServers, tryServer } from './litellm-api.ts';

/** The names of the examples' servers, with their transports. */
const servers = { wiki: 'http', tickets: 'sse' } as const;
type ServerName = keyof typeof servers;
const names = Object.keys(servers) as ServerName[];

/** A poll asks LiteLLM, which takes seconds on a busy machine. */
export const timeoutMs = 15_000;

export interface RouteExpectations {
  /** As the log of the sidecar names it. */
  readonly route: 'base_url' | 'absolute' | 'connect';
  /** The url that LiteLLM has of a server. */
  readonly urlOf: (gateway: Gateway, name: ServerName) => string;
}

/** What LiteLLM does with MCP servers, whatever way it goes. */
export function itWorks(gateway: () => Gateway, { route, urlOf }: RouteExpectations): void {
  it('has the servers of the config.yaml that the sidecar reads too, in which it finds no fault', async () => {
    const { litellm, sidecar } = gateway();
    const registered = await registeredServers(litellm);
    expect(Object.fromEntries(registered.map(({ server_name, url }) => [server_name, url]))).toEqual(
      Object.fromEntries(names.map((name) => [name, urlOf(gateway(), name)])),
    );
    const { code, stdout } = await runCommand(['check', '--config', sidecar.configFile, '--json']);
    expect({ code, stdout: JSON.parse(stdout) as unknown }).toEqual({ code: 0, stdout: { problems: [] } });
  });

  it.each(names)('tries, lists and calls the tools of %s', async (name) => {
    const { litellm } = gateway();
    const tried = await tryServer(litellm, urlOf(gateway(), name), servers[name]);
    expect(tried).toMatchObject({ status: 200, body: { error: null } });
    const { tools, error } = await listTools(litellm, name);
    expect({ error, tools: tools.map((tool) => tool.name) }).toMatchObject({
      error: null,
      tools: expect.arrayContaining(['echo', 'get-sum']) as unknown,
    });
    expect(await callTool(litellm, name, { name: 'get-sum', arguments: { a: 2, b: 3 } })).toMatchObject({
      status: 200,
      body: { isError: false, content: [{ text: 'The sum of 2 and 3 is 5.' }] },
    });
  });

  it('serves them to an MCP client', async () => {
    const client = await connectMcp(gateway().litellm);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['wiki-echo', 'tickets-echo']));
    for (const name of names)
      expect(await client.callTool({ name: `${name}-echo`, arguments: { message: 'grüße' } })).toMatchObject({
        content: [{ type: 'text', text: 'Echo: grüße' }],
      });
  });

  it('finds them healthy, and all of it went by this route on verified TLS', async () => {
    const { litellm, sidecar } = gateway();
    const { body } = await askLitellm(litellm, '/v1/mcp/server/health');
    expect(body).toMatchObject([{ status: 'healthy' }, { status: 'healthy' }]);
    const lines = sidecar.logs.filter(({ server }) => names.includes(server as ServerName));
    expect(new Set(lines.map((line) => line['route']))).toEqual(new Set([route]));
    for (const server of names) {
      const handshakes = await sidecar.metric('mcp_tls_sidecar_upstream_handshakes_total', { server });
      expect(handshakes).toBeGreaterThan(0);
    }
  });

  it('takes up a wrong CA and the right one again, without a restart of either', async () => {
    const { litellm, sidecar, company } = gateway();
    const lists = () => listTools(litellm, 'wiki');
    writeFileSync(company.caFile, createCa().pem);
    await poll(async () => (await lists()).detail?.error === 'upstream_error', {
      what: 'a failure, with the wrong CA,',
      timeoutMs,
    });
    expect(litellm.output()).toContain('its certificate does not lead to a CA that ssl_verify trusts');
    const failures = { server: 'wiki', reason: 'tls_cert_issuer_unknown' };
    expect(
      await sidecar.metric('mcp_tls_sidecar_upstream_handshake_failures_total', failures),
    ).toBeGreaterThan(0);
    writeFileSync(company.caFile, company.ca.pem);
    const { tools } = await poll(async () => ((await lists()).error === null ? lists() : undefined), {
      what: 'the tools, with the right CA,',
      timeoutMs,
    });
    expect(tools.length).toBeGreaterThan(0);
    expect(sidecar.logs.filter(({ msg }) => msg === 'ready')).toHaveLength(1);
    expect(litellm.output().match(/Started server process/g)).toHaveLength(1);
  });
}
