import { Agent, request } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { cleanUp } from '../harness/clean-up.ts';
import { configText } from '../harness/config-text.ts';
import { poll } from '../harness/poll.ts';
import { spawnCommand } from '../harness/run-command.ts';
import { logCollector } from '../harness/sidecar.ts';
import { startSidecar, type SidecarProcess } from '../harness/sidecar-process.ts';
import { startUpstream } from '../harness/tls-upstream.ts';
import { openStream, streamOrAnswer } from '../integration/reload/load.ts';

async function start(drain: string) {
  const ca = createCa();
  const upstream = await startUpstream({
    leaf: ca.issue('127.0.0.1'),
    handler: (incoming, response, recorded) => {
      if (incoming.url !== '/slow') streamOrAnswer(incoming, response, recorded);
      else setTimeout(() => response.end('late but whole'), 1_500);
    },
  });
  const servers = { steady: { url: `https://${upstream.authority}/mcp`, ssl_verify: ca.pem } };
  const config = configText(servers, { timeouts: { drain } });
  return { upstream, config };
}

/** Sends a signal and waits until the sidecar says that it drains. */
async function beginDrain(sidecar: SidecarProcess, signal: NodeJS.Signals = 'SIGTERM') {
  sidecar.signal(signal);
  await poll(() => sidecar.logs.some(({ msg }) => msg === 'draining'), { what: 'the drain', everyMs: 2 });
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: not ready at once, served on, streams end as draining when the time is over, exit code 0',
  async (signal) => {
    const { config, upstream } = await start('3s');
    const sidecar = await startSidecar({ config });
    const stream = await openStream(sidecar, 'steady');
    const beganMs = performance.now();
    await beginDrain(sidecar, signal);
    expect((await fetch(`${sidecar.adminUrl}/readyz`)).status).toBe(503);
    expect((await fetch(`${sidecar.adminUrl}/livez`)).status).toBe(200);
    const slow = await fetch(`${sidecar.proxyUrl}/steady/slow`);
    expect([slow.status, await slow.text()]).toEqual([200, 'late but whole']);
    while (performance.now() - beganMs < 2_500) {
      expect((await fetch(`${sidecar.proxyUrl}/steady/mcp`)).status).toBe(200);
      await stream.flows();
    }
    expect(stream.ended).toBe(false);
    await poll(() => stream.ended, { what: 'the end of the stream' });
    const endedMs = performance.now() - beganMs;
    expect(endedMs).toBeGreaterThan(2_900);
    expect(endedMs).toBeLessThan(4_500);
    expect(stream.numbers).toEqual(stream.numbers.map((_, index) => index + 1));
    expect(await sidecar.exited).toBe(0);
    // What tells an end in order from one by force.
    expect(sidecar.logs.at(-1)).toMatchObject({ level: 'info', msg: 'drained' });
    expect(sidecar.logs).toContainEqual(
      expect.objectContaining({ server: 'steady', reason: 'draining', status: 200, msg: 'request failed' }),
    );
    expect(upstream.requests.find(({ url }) => url === '/stream')?.cancelled).toBe(true);
    expect(sidecar.stderr).toBe('');
  },
);

test('a second signal ends it at once', async () => {
  const { config } = await start('25s');
  const sidecar = await startSidecar({ config });
  const stream = await openStream(sidecar, 'steady');
  await beginDrain(sidecar);
  await stream.flows();
  const signalledMs = performance.now();
  sidecar.signal('SIGINT');
  expect(await sidecar.exited).toBe(0);
  expect(performance.now() - signalledMs).toBeLessThan(1_000);
});

test('idle keep-alive connections do not hold it up: nothing open for a second, and it is gone', async () => {
  const { config } = await start('25s');
  const sidecar = await startSidecar({ config });
  const agent = new Agent({ keepAlive: true });
  cleanUp(() => agent.destroy());
  const call = () =>
    new Promise<number | undefined>((resolve, reject) => {
      const outgoing = request(`${sidecar.proxyUrl}/steady/mcp`, { agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      outgoing.on('error', reject).end();
    });
  expect(await Promise.all([call(), call(), call()])).toEqual([200, 200, 200]);
  await poll(() => Object.values(agent.freeSockets).flat().length === 3, { what: 'three idle connections' });
  const signalledMs = performance.now();
  sidecar.signal('SIGTERM');
  expect(await sidecar.exited).toBe(0);
  const tookMs = Math.round(performance.now() - signalledMs);
  process.stdout.write(`exit after SIGTERM with three idle connections: ${tookMs} ms\n`);
  expect(tookMs).toBeGreaterThan(950);
  expect(tookMs).toBeLessThan(1_700);
});

test('a call that was under way is answered, and it goes a second after', async () => {
  const { config } = await start('25s');
  const sidecar = await startSidecar({ config });
  const slow = fetch(`${sidecar.proxyUrl}/steady/slow`).then((response) => response.text());
  await poll(async () => (await sidecar.metric('mcp_tls_sidecar_open_streams', { server: 'steady' })) === 1);
  sidecar.signal('SIGTERM');
  expect(await slow).toBe('late but whole');
  const answeredMs = performance.now();
  expect(await sidecar.exited).toBe(0);
  expect(performance.now() - answeredMs).toBeLessThan(1_700);
});

test('the last log lines are written, also for a reader that is late', async () => {
  const { config } = await start('5s');
  const sidecar = await startSidecar({ config });
  const stream = await openStream(sidecar, 'steady');
  await beginDrain(sidecar);
  const calls = Array.from({ length: 200 }, () => fetch(`${sidecar.proxyUrl}/steady/mcp`));
  expect((await Promise.all(calls)).every(({ status }) => status === 200)).toBe(true);
  await poll(() => stream.ended, { what: 'the end of the stream', timeoutMs: 10_000 });
  expect(await sidecar.exited).toBe(0);
  const logged = (msg: string) => sidecar.logs.filter((line) => line['msg'] === msg).length;
  expect(logged('request')).toBe(200);
  expect(logged('request failed')).toBe(1);
  expect(sidecar.logs.filter((line) => 'notJson' in line)).toEqual([]);
});

test('log lines that nobody has read yet at the end are not lost', async () => {
  const child = spawnCommand(['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']);
  const closed = once(child, 'close');
  const { logs, write } = logCollector();
  child.stdout?.setEncoding('utf8').on('data', write);
  const ready = await poll(() => logs.find(({ msg }) => msg === 'ready'), { timeoutMs: 15_000 });
  child.stdout?.pause();
  // More than the pipe and its two ends hold: what is left waits in the process when it ends.
  const calls = 2_500;
  for (let called = 0; called < calls; called += 100) {
    const some = Array.from({ length: 100 }, () => fetch(`http://${String(ready['proxy'])}/no/such`));
    for (const response of await Promise.all(some)) expect((await response.text()).length).toBeGreaterThan(0);
  }
  const signalledMs = performance.now();
  child.kill('SIGTERM');
  // Nothing of it can be seen from here: nobody listens any more, and it has its last lines to write.
  await poll(async () => !(await isListening(String(ready['proxy']))), { what: 'the end of the drain' });
  expect(performance.now() - signalledMs).toBeGreaterThan(950);
  child.stdout?.resume();
  const [code] = (await closed) as [number | null];
  expect(code).toBe(0);
  await poll(() => logs.filter(({ msg }) => msg === 'request failed').length === calls, {
    what: 'the last line',
  });
  expect(logs.filter((line) => 'notJson' in line)).toEqual([]);
});

function isListening(proxy: string): Promise<boolean> {
  // What is no request of a server is not counted among those that failed.
  return fetch(`http://${proxy}/.well-known/none`).then(
    (response) => response.text().then(() => true),
    () => false,
  );
}
