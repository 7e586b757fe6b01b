import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { pause } from '../clocks.ts';
import type { Subject } from '../contenders.ts';
import { run, type RunOptions } from '../processes.ts';
import { findProgram } from './find-program.ts';

const startTimeoutMs = 30_000;

/** A port for those that cannot choose one and tell. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a proxy on a port and waits until a request comes through it, verification and all. */
export async function startServer(
  command: string,
  args: readonly string[],
  port: number,
  options: RunOptions = {},
): Promise<Subject> {
  const child = run(findProgram(command) ?? command, args, 'proxy', options);
  let said = '';
  const listen = (text: string) => (said += text);
  child.stdout?.setEncoding('utf8').on('data', listen);
  const until = performance.now() + startTimeoutMs;
  while (!(await answers(port))) {
    if (hasEnded(child) || performance.now() > until)
      throw new Error(`${command} did not start: ${said.slice(-2000)}`);
    await pause(20);
  }
  // From here on its log is only taken away.
  child.stdout?.off('data', listen).resume();
  return { child, pid: child.pid ?? 0, port, prefix: '' };
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, method: 'POST', path: '/mcp', agent: false, timeout: 5_000 };
    const asked = request(options, (response) => {
      response.resume().once('close', () => resolve(response.statusCode === 200));
    });
    asked.once('timeout', () => asked.destroy()).once('error', () => resolve(false));
    asked.end('{}');
  });
}

/** Whether somebody listens on a port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
