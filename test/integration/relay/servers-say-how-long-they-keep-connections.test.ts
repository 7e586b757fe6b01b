import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ask } from '../../harness/ask.ts';
import { poll } from '../../harness/poll.ts';
import { openCounts, server, startSidecarBefore } from './relay-setup.ts';
import { answerOf, startScripted } from './scripted-upstream.ts';

async function startBefore(keepAlive: string) {
  const { upstream, requests } = await startScripted(({ socket }) =>
    socket.write(answerOf('ok', keepAlive === '' ? '' : `Keep-Alive: ${keepAlive}\r\n`)),
  );
  const { sidecar } = await startSidecarBefore(upstream);
  const call = async () => expect((await ask(sidecar.proxy, `/${server}/`)).body).toBe('ok');
  return { sidecar, call, connections: () => requests.map(({ connection }) => connection) };
}

it('a server that says timeout=2 gets no request on a connection that has been idle for a second', async () => {
  const { call, connections } = await startBefore('timeout=2');
  await call();
  await call();
  expect(connections()).toEqual([1, 1]);
  await delay(1_010);
  await call();
  expect(connections()).toEqual([1, 1, 2]);
});

it('the idle connection is closed, though nobody asks for it', async () => {
  const { sidecar, call } = await startBefore('max=100, timeout=2');
  await call();
  await poll(async () => (await openCounts(sidecar)).connections === 0, { what: 'the close' });
});

it.each(['timeout=1', 'timeout=0', 'timeout=1, max=5', 'Timeout = 1', 'max=5;timeout="0"'])(
  'a connection of a server that says %s is not used again',
  async (keepAlive) => {
    const { sidecar, call, connections } = await startBefore(keepAlive);
    await call();
    await poll(async () => (await openCounts(sidecar)).connections === 0, {
      timeoutMs: 500,
      what: 'the close',
    });
    await call();
    expect(connections()).toEqual([1, 2]);
  },
);

it.each(['', 'timeout=60', 'timeout=999999999999', 'max=5', 'timeout=soon'])(
  'a server that says "%s" is asked again on the same connection after a while',
  async (keepAlive) => {
    const { call, connections } = await startBefore(keepAlive);
    await call();
    await delay(1_200);
    await call();
    expect(connections()).toEqual([1, 1]);
  },
);
