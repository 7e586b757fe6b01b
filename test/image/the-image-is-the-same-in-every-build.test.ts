import path from 'node:path';
import { expect, inject, test } from 'vitest';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { build } from './build-image.ts';

test('a second build of the same sources on the same base has the same layers', { timeout: 600_000 }, () => {
  const image = inject('image');
  const again = build('mcp-tls-sidecar:again', path.join(temporaryDirectory(), 'image'), image.context);
  expect(again.layers.map(({ digest }) => digest)).toEqual(image.layers.map(({ digest }) => digest));
});
