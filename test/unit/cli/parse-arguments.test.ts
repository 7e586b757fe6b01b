import { expect, test } from 'vitest';
import { parseArguments } from '../../../src/cli/parse-arguments.ts';
import { UsageError } from '../../../src/cli/usage.ts';

const plainDoctor = { targets: [], config: undefined, mcp: false, json: false, saveChain: undefined };
const none = { config: undefined, listen: undefined, admin: undefined };

test.each([
  [[], { name: 'serve', ...none }],
  [['serve'], { name: 'serve', ...none }],
  [['--config', 'a.yaml'], { name: 'serve', ...none, config: 'a.yaml' }],
  [['--config=a.yaml', 'serve'], { name: 'serve', ...none, config: 'a.yaml' }],
  [['--listen', '[::1]:0'], { name: 'serve', ...none, listen: { host: '::1', port: 0 } }],
  [['serve', '--admin', 'localhost:1'], { name: 'serve', ...none, admin: { host: 'localhost', port: 1 } }],
  [['check'], { name: 'check', config: undefined, json: false }],
  [['check', '--json', '--config', 'a.yaml'], { name: 'check', config: 'a.yaml', json: true }],
  [['doctor'], { name: 'doctor', ...plainDoctor }],
  [
    ['doctor', 'a', 'b.test:1', '--mcp'],
    { name: 'doctor', ...plainDoctor, targets: ['a', 'b.test:1'], mcp: true },
  ],
  [['doctor', '--json', '--save-chain=f'], { name: 'doctor', ...plainDoctor, json: true, saveChain: 'f' }],
  [['health'], { name: 'health', config: undefined }],
  [['--help'], { name: 'help' }],
  [['check', '-h'], { name: 'help' }],
  [['--version'], { name: 'version' }],
])('the arguments %j make sense', (argv, command) => {
  expect(parseArguments(argv)).toEqual(command);
});

test.each([
  [['serv']],
  [['check', 'a.yaml']],
  [['health', '--json']],
  [['check', '--admin', '127.0.0.1:0']],
  [['--listen', '127.0.0.1']],
  [['--listen', '127.0.0.1:65536']],
  [['--admin', 'http://127.0.0.1:1']],
  [['--config']],
  [['--config', '']],
  [['--nope']],
  [['doctor', '']],
  [['doctor', '--save-chain', '']],
  [['check', '--mcp']],
])('the arguments %j are refused, with a remedy', (argv) => {
  expect(() => parseArguments(argv)).toThrow(UsageError);
  expect(() => parseArguments(argv)).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/\S/) as string }) as Error,
  );
});
