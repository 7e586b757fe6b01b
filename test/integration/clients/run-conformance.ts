import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

/** What the suite found in one check; without times, addresses and session ids. */
export interface Check {
  readonly id: string;
  readonly status: string;
  readonly error: string | undefined;
}

/** The checks by scenario. */
export type Report = Readonly<Record<string, readonly Check[]>>;

const main = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'));
const timeoutMs = 90_000;

/** Runs all server scenarios of the official conformance suite, pending ones too, on a URL. */
export async function runConformance(url: string): Promise<Report> {
  const directory = temporaryDirectory();
  const args = [main, 'server', '--url', url, '--suite', 'all', '--output-dir', directory];
  // Proxy and CA variables of the machine must not decide how it ends.
  const options = { env: {}, cwd: directory, timeout: timeoutMs };
  // It exits with 1 where a check failed, which is for the test to judge.
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, options, (_, stdout, stderr) => resolve(stdout + stderr));
  });
  if (!output.includes('=== SUMMARY ===')) throw new Error(`the conformance suite did not end:\n${output}`);
  return Object.fromEntries(readdirSync(directory).map((entry) => readResult(directory, entry)));
}

function readResult(directory: string, entry: string): [string, Check[]] {
  const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(entry)?.[1] ?? entry;
  const text = readFileSync(join(directory, entry, 'checks.json'), 'utf8');
  const checks = JSON.parse(text) as { id: string; status: string; errorMessage?: string }[];
  return [scenario, checks.map(({ id, status, errorMessage }) => ({ id, status, error: errorMessage }))];
}

/** One line for each scenario, and one for all of them. */
export function summarize(report: Report): string {
  const lines = Object.entries(report).map(([scenario, checks]) => {
    const statuses = checks.map(({ status }) => status).filter((status) => status !== 'INFO');
    return `  ${scenario}: ${statuses.join(', ') || 'INFO'}`;
  });
  const all = Object.values(report).flat();
  const count = (status: string) => all.filter((check) => check.status === status).length;
  return [
    ...lines,
    `  ${lines.length} scenarios, ${count('SUCCESS')} checks passed, ${count('FAILURE')} failed, ${count('WARNING')} warned`,
  ].join('\n');
}
