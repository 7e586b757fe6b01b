import { existsSync } from 'node:fs';
import { describeProblem, type Problem } from '../config/problem.ts';
import { renderProblem } from '../config/render-problem.ts';
import { runDoctor } from '../doctor/doctor.ts';
import type { Evidence } from '../doctor/evidence.ts';
import { TargetFault } from '../doctor/find-targets.ts';
import { describeReport } from '../doctor/render-json.ts';
import { coloured, plain, renderText } from '../doctor/render-text.ts';
import { makeReport, type Report } from '../doctor/report.ts';
import { saveChain } from '../doctor/save-chain.ts';
import { hasErrors, loadConfig } from '../snapshot/load-config.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Printed } from './check.ts';
import { locateConfig } from './locate-config.ts';
import { exitCodes, renderError, UsageError } from './usage.ts';

/** What `doctor` is asked for. */
export interface DoctorCommand {
  readonly targets: readonly string[];
  readonly config: string | undefined;
  readonly mcp: boolean;
  readonly json: boolean;
  readonly saveChain: string | undefined;
}

/** `doctor`: dials each target as `serve` would, and says what is wrong and what mends it. @throws UsageError */
export async function doctor(
  command: DoctorCommand,
  env: NodeJS.ProcessEnv,
  isTerminal: boolean,
): Promise<Printed & { readonly stderr: string }> {
  const file = locateConfig(command.config, env);
  const { snapshot, problems } = await loadConfig({ file, env });
  const errors = problems.filter(({ severity }) => severity === 'error');
  const found = snapshot === undefined ? [] : await look(command, snapshot, env);
  const reports = found.map((evidence) => makeReport(evidence));
  const stderr = await save(command, found);
  const isGood =
    !hasErrors(problems) && stderr === '' && reports.every(({ verdict }) => verdict !== 'failed');
  const paint = isTerminal && !env['NO_COLOR'] ? coloured : plain;
  const stdout = command.json
    ? renderJson(reports, errors)
    : [
        ...errors.map((problem) => `${renderProblem(problem)}\n`),
        ...reports.map((report) => renderText(report, paint)),
        summary(reports, errors),
      ].join('\n');
  return { stdout, stderr, code: isGood ? exitCodes.good : exitCodes.problem };
}

async function look(command: DoctorCommand, snapshot: Snapshot, env: NodeJS.ProcessEnv): Promise<Evidence[]> {
  const { targets: names, mcp, saveChain: chainFile } = command;
  const count = names.length === 0 ? snapshot.config.servers.length : names.length;
  if (count === 0)
    throw new UsageError(
      'no target is named, and the configuration lists no server',
      'name one: mcp-tls-sidecar doctor https://mcp.example.com/mcp',
    );
  if (chainFile !== undefined) checkChainFile(chainFile, count);
  try {
    return await runDoctor({
      names,
      snapshot,
      env,
      mcp,
      wantsChain: chainFile !== undefined,
      budgetMs: budget(),
    });
  } catch (error) {
    if (error instanceof TargetFault) throw new UsageError(error.message);
    throw error;
  }
}

/** Nobody waits longer than 10 s for one target, the start of this process included. */
function budget(): number {
  return Math.max(5_000, 9_000 - performance.now());
}

function checkChainFile(file: string, count: number): void {
  if (count !== 1)
    throw new UsageError('--save-chain takes one target', 'name the one whose chain is wanted');
  if (existsSync(file))
    throw new UsageError(
      `--save-chain: ${file} is there already, and is not overwritten`,
      'name a new file, or remove it first',
    );
}

/** @returns what goes to stderr where it could not be written */
async function save({ saveChain: file }: DoctorCommand, [evidence]: readonly Evidence[]): Promise<string> {
  if (file === undefined || evidence === undefined) return '';
  if (evidence.presented.length === 0)
    return renderError(`--save-chain: nothing was presented, ${file} is not written`);
  try {
    await saveChain(file, evidence);
    return '';
  } catch (error) {
    return renderError(
      `--save-chain: ${file} cannot be written: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`,
    );
  }
}

function renderJson(reports: readonly Report[], errors: readonly Problem[]): string {
  const shown = { problems: errors.map(describeProblem), targets: reports.map(describeReport) };
  return `${JSON.stringify(shown, undefined, 2)}\n`;
}

function summary(reports: readonly Report[], errors: readonly Problem[]): string {
  const count = (verdict: Report['verdict']) => reports.filter((report) => report.verdict === verdict).length;
  const targets = `${reports.length} target${reports.length === 1 ? '' : 's'}`;
  const parts = [`${count('good')} good`, `${count('warning')} with warnings`, `${count('failed')} failed`];
  const more =
    errors.length === 0
      ? ''
      : `; the configuration has ${errors.length} error${errors.length === 1 ? '' : 's'}`;
  return `${targets}: ${parts.join(', ')}${more}\n`;
}
