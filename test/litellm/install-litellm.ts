import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { findStrictPython } from '../../examples/demo/strict-python.ts';
import { virtualEnvironment } from '../harness/virtual-environment.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The interpreter of the virtual environment that holds LiteLLM. */
    readonly litellmPython: string;
  }
}

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** Finds or makes the virtual environment (some 700 MB; a minute or two), before any test. It is kept, for the next run. */
export default async function setUp({ provide }: TestProject): Promise<void> {
  const python = findStrictPython();
  // requirements.txt has no packages that stand in for parts of the standard library of 3.11.
  if (python === undefined || /^3\.(\d|10)\./.test(python.version))
    throw new Error('LiteLLM is run on Python 3.11 or later, with its venv module (python3-venv)');
  if (python.needsFlags)
    say(`no Python 3.13 is here: Python ${python.version} is made to verify as 3.13 does by itself`);
  const version = /^litellm==(\S+)$/m.exec(readFileSync(requirements, 'utf8'))?.[1] ?? 'unknown';
  const startedAt = performance.now();
  const path = await virtualEnvironment({ python, name: `litellm-${version}`, requirements });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`ready in ${seconds} s: ${path}, Python ${python.version}`);
  provide('litellmPython', path);
}

const say = (what: string) => void process.stdout.write(`litellm: ${what}\n`);
