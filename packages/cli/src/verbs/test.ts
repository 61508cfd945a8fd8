/**
 * `bulkhead test DIR`: the contract tests of a plugin, in the sandbox, and then the tests of its author.
 */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ContractOutcome, Finding } from '@bulkhead/protocol';
import { NOT_TRIED, runContracts, type ContractReport } from '../contracts/run-contracts.ts';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { runOwnTests, type OwnTests } from '../own-tests.ts';
import { openStandIn, type StandIn, type StandInOptions } from '../stand-in.ts';
import type { Terminal } from '../terminal.ts';
import { findTypeErrors } from '../type-errors.ts';
import { UsageError } from '../usage-error.ts';

/** Arguments and options as they were typed. */
export type TestOptions = StandInOptions & {
  readonly dir: string;
  readonly json?: boolean;
  readonly contracts?: boolean;
};

/** Runs the tests and says how they went; answers 0 where all went well, else 1. */
export async function test(options: TestOptions, terminal: Terminal): Promise<number> {
  const { dir, json, contracts: isWithoutOwn } = options;
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new UsageError(`${dir} is no folder`);
  const standIn = await openStandIn([resolve(dir)], options, process.env);
  const done = terminal.progress(`testing ${dir} in the sandbox`);
  const report = await contractsAndTypes(resolve(dir), standIn).finally(done);
  if (json !== true) showContracts(report, terminal);
  const own = isWithoutOwn === true ? null : await runOwn(resolve(dir), terminal);
  const ok = report.ok && own?.ok !== false;
  const { plugin, findings, contracts } = report;
  if (json === true) terminal.result(JSON.stringify({ ok, plugin, findings, contracts, own }));
  else showEnd({ ok, own, contracts }, terminal);
  return ok ? EXIT_OK : EXIT_FAILED;
}

/** A type error is told beside the contracts: the plugin runs as it is written, and may keep them all. */
async function contractsAndTypes(dir: string, standIn: StandIn): Promise<ContractReport> {
  // Both are waited for: what fails first must not leave the folder of the other behind.
  const [ran, checked] = await Promise.allSettled([runContracts(dir, standIn), findTypeErrors(dir)]);
  if (ran.status === 'rejected') throw ran.reason;
  if (checked.status === 'rejected') throw checked.reason;
  const { value: report } = ran;
  const { value: types = [] } = checked;
  return { ...report, ok: report.ok && types.length === 0, findings: [...report.findings, ...types] };
}

async function runOwn(dir: string, terminal: Terminal): Promise<OwnTests> {
  const done = terminal.progress('running its own tests');
  return runOwnTests(dir).finally(done);
}

function showContracts({ contracts, findings }: ContractReport, { result, colors }: Terminal): void {
  for (const contract of contracts) {
    if (isUntried(contract)) {
      result(colors.dim(`-     ${contract.title}: ${NOT_TRIED}`));
      continue;
    }
    result(`${contract.ok ? colors.green('ok  ') : colors.red('FAIL')}  ${contract.title}`);
    if (!contract.ok) for (const line of explained(contract)) result(colors.dim(`      ${line}`));
  }
  for (const { severity, path, line, message } of findings) {
    const paint = severity === 'error' ? colors.red : colors.yellow;
    result(`${paint(severity)}  ${placed({ path, line })}  ${message}`);
  }
}

function isUntried(contract: ContractOutcome): boolean {
  return !contract.ok && contract.message === NOT_TRIED;
}

function explained(contract: Extract<ContractOutcome, { ok: false }>): readonly string[] {
  return [`${placed(contract)}  ${contract.message}`, contract.hint];
}

function placed({ path, line }: Pick<Finding, 'path' | 'line'>): string {
  return line === null ? path : `${path}:${line}`;
}

type End = { readonly ok: boolean; readonly own: OwnTests | null; readonly contracts: readonly ContractOutcome[] };

function showEnd({ ok, own, contracts }: End, { result, say, colors, talkColors }: Terminal): void {
  if (own !== null && !own.ok) {
    result(`${colors.red('FAIL')}  its own tests (${own.runner ?? 'none'})`);
    for (const line of own.output.split('\n')) result(`      ${line}`);
  } else if (own !== null) {
    result(
      own.runner === null
        ? colors.dim(`-     ${own.output}`)
        : `${colors.green('ok  ')}  its own tests (${own.runner})`,
    );
  }
  const failures = contracts.filter((contract) => !contract.ok).length;
  if (ok) say(talkColors.green(`it keeps all ${contracts.length} contracts`));
  else if (failures > 0) say(talkColors.red(`${failures} of ${contracts.length} contracts are not kept`));
  else say(talkColors.red(`it keeps all ${contracts.length} contracts, and is not right: see above`));
}
