import { expect, inject, test } from 'vitest';
import { startContainer, type ContainerOptions } from './container.ts';

const image = inject('image');
const [node = '', ...rest] = image.config.Entrypoint;
const options = rest.filter((argument) => argument.startsWith('--'));
const serve = ['serve', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
const rounds = 7;

async function millisecondsUntilReady(options: ContainerOptions): Promise<number> {
  const startedAt = performance.now();
  const container = startContainer(image, { args: serve, ...options });
  await container.ready();
  const took = performance.now() - startedAt;
  await container.signal('KILL');
  await container.exited;
  return took;
}

async function millisecondsOfBareNode(): Promise<number> {
  const startedAt = performance.now();
  await startContainer(image, { entrypoint: [node], args: ['-e', '0'] }).exited;
  return performance.now() - startedAt;
}

test('V8 takes the compiled code that is in the image', async () => {
  const container = startContainer(image, {
    args: ['--version'],
    env: { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
  });
  expect(await container.exited).toBe(0);
  const taken = [...container.stderr().matchAll(/ (\S+) was accepted/g)].map(([, file]) => file);
  const files = ['main.js', 'app.js'].map((file) => `file:///opt/mcp-tls-sidecar/dist/${file}`);
  expect(taken.sort(), container.stderr()).toEqual(files.sort());
});

test('the options of the image leave V8 the code that was compiled when Node was built', async () => {
  // Most options of the heap do not: without that code a start takes 25 ms more.
  const tagUnder = async (entrypoint: readonly string[]) => {
    const container = startContainer(image, {
      entrypoint,
      args: ['-e', 'console.error(process.getBuiltinModule("v8").cachedDataVersionTag())'],
    });
    expect(await container.exited, container.stderr()).toBe(0);
    return container.stderr();
  };
  expect(options).toContain('--min-semi-space-size=8');
  const byDefault = await tagUnder([node]);
  expect(byDefault).toMatch(/^\d+$/m);
  expect(await tagUnder([node, ...options])).toBe(byDefault);
});

test(
  'from exec to ready, beside a bare `node -e 0` (figures for the log)',
  { timeout: 120_000 },
  async () => {
    const bare: number[] = [];
    const ready: number[] = [];
    const withoutCache: number[] = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(await millisecondsOfBareNode());
      ready.push(await millisecondsUntilReady({}));
      withoutCache.push(await millisecondsUntilReady({ env: { NODE_DISABLE_COMPILE_CACHE: '1' } }));
    }
    const [a, b, c] = [bare, ready, withoutCache].map(median) as [number, number, number];
    const ms = (value: number) => `${value.toFixed(0)} ms`;
    process.stdout.write(
      `in a container: node -e 0 ${ms(a)}, ready ${ms(b)} (${(b / a).toFixed(1)} times), without compiled code ${ms(c)}\n`,
    );
    expect(b).toBeGreaterThan(a);
  },
);

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
