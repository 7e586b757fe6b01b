import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const ca = createCa();
const next = createCa();

async function start() {
  const upstream = await startUpstream({ leaf: ca.issue('mcp.test') });
  const bundle = join(temporaryDirectory(), 'ca.pem');
  writeFileSync(bundle, ca.pem);
  const entry = { url: `https://mcp.test:${upstream.port}/`, ssl_verify: bundle };
  const sidecar = await startInProcess({ config: configText({ mcp: entry }) });
  const warnings = () =>
    sidecar.logs.filter(({ level, msg }) => level === 'warn' && /refused now/.test(String(msg)));
  return { sidecar, bundle, entry, warnings };
}

it('a bundle that would refuse what its server last presented is warned of, and takes effect all the same', async () => {
  const { sidecar, bundle, warnings } = await start();
  await ask(sidecar.proxy, '/mcp/');
  writeFileSync(bundle, next.pem);
  const report = (await (await sidecar.reload()).json()) as {
    result: string;
    problems: { message: string }[];
  };
  expect(report.result).toBe('success');
  const message =
    'ssl_verify of mcp: what the server last presented would be refused now: it does not lead to a certificate of the bundle';
  expect(report.problems).toMatchObject([{ severity: 'warning', message }]);
  expect(warnings()).toMatchObject([{ server: 'mcp', msg: message }]);
  expect((await ask(sidecar.proxy, '/mcp/')).status).toBe(502);
});

it('a bundle with the old and the new CA is not', async () => {
  const { sidecar, bundle, warnings } = await start();
  await ask(sidecar.proxy, '/mcp/');
  writeFileSync(bundle, next.pem + ca.pem);
  expect((await sidecar.reload()).status).toBe(200);
  expect(warnings()).toEqual([]);
  expect((await ask(sidecar.proxy, '/mcp/')).status).toBe(200);
});

it('strict rules and pins are rehearsed too', async () => {
  const { sidecar, entry, warnings } = await start();
  await ask(sidecar.proxy, '/mcp/');
  const pin = next.issue('mcp.test').pin;
  sidecar.writeConfig(configText({ mcp: { ...entry, tls: { pin_sha256: [pin] } } }));
  await sidecar.reload();
  expect(warnings()).toMatchObject([{ msg: expect.stringContaining('its key is not pinned') as string }]);
});

it('so is what verifies after insecure_until', async () => {
  const upstream = await startUpstream({ leaf: ca.issue('mcp.test') });
  const entry = (pem: string) => ({
    url: `https://mcp.test:${upstream.port}/`,
    ssl_verify: false,
    tls: { insecure_until: '2020-01-01T00:00:00Z', verify_with: pem },
  });
  const sidecar = await startInProcess({ config: configText({ mcp: entry(ca.pem) }) });
  expect((await ask(sidecar.proxy, '/mcp/')).status).toBe(200);
  sidecar.writeConfig(configText({ mcp: entry(next.pem) }));
  const report = (await (await sidecar.reload()).json()) as { problems: { message: string }[] };
  expect(report.problems.map(({ message }) => message)).toContain(
    'tls.verify_with of mcp: what the server last presented would be refused now: it does not lead to a certificate of the bundle',
  );
});

it('a server that was never reached cannot be rehearsed', async () => {
  const { sidecar, bundle, warnings } = await start();
  writeFileSync(bundle, next.pem);
  await sidecar.reload();
  expect(warnings()).toEqual([]);
});
