/**
 * `bulkhead check DIR`: what is wrong with a folder, as its review, its types and one load in the sandbox tell. `bulkhead review
 * DIR`: what its review alone says, which runs nothing of it.
 */
import { existsSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { checkPlugin, reviewRules, type CheckReport } from '@bulkhead/host';
import { hasErrors, type Dependency, type Finding } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { withPlaces } from '../place.ts';
import { toSarif } from '../sarif.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { TYPE_ERROR, findTypeErrors } from '../type-errors.ts';
import { UsageError } from '../usage-error.ts';

/** What is typed after `check`; `sarif` is true where the form was asked for without a file. */
export type CheckOptions = {
  readonly dir: string;
  readonly json?: boolean;
  readonly sarif?: string | true;
  readonly fix?: boolean;
  /** Whether the folder is only read. */
  readonly isReview: boolean;
  /** Of this program, for the reports that name it. */
  readonly version: string;
};

/** Prints every finding and what is bundled; answers 0 without errors, 1 with. */
export async function check(options: CheckOptions, terminal: Terminal): Promise<number> {
  const { dir, json, sarif, isReview } = options;
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new UsageError(`${dir} is no folder`);
  refuseOutput(options);
  const done = terminal.progress(`${isReview ? 'reviewing' : 'checking'} ${dir}`);
  const report = await inspect(options).finally(done);
  await writeSarif(report, options, terminal);
  for (const { path, line, message } of report.fixed ?? []) terminal.say(plain(`fixed ${path}:${line}  ${message}`));
  if (json === true) terminal.result(JSON.stringify(report));
  else if (sarif !== true) show(report, terminal);
  if (json !== true) conclude(dir, report.findings, terminal);
  return report.ok ? EXIT_OK : EXIT_FAILED;
}

async function inspect({ dir, fix = false, isReview }: CheckOptions): Promise<CheckReport> {
  if (isReview) return checkPlugin(dir, { fix });
  const typesOf = (): ReturnType<typeof findTypeErrors> => findTypeErrors(resolve(dir));
  const early = fix ? undefined : typesOf(); // What is mended has other types.
  const report = await checkPlugin(dir, { fix, load: true });
  const types = beside(report.findings, (await (early ?? typesOf())) ?? []);
  const findings = await withPlaces(dir, [...report.findings, ...types]);
  return { ...report, ok: !hasErrors(findings), findings };
}

/** Type errors that are no other error's: what does not parse has no types, and a line is told of once. */
function beside(found: readonly Finding[], types: readonly Finding[]): readonly Finding[] {
  const errors = found.filter(({ severity }) => severity === 'error');
  return types.filter(
    ({ path, line }) =>
      !errors.some((error) => error.path === path && (error.id === 'PARSE_ERROR' || error.line === line)),
  );
}

/** Said before the check, which takes its time. */
function refuseOutput({ json, sarif }: CheckOptions): void {
  if (json === true && sarif === true) {
    const hint = 'Give --sarif a file, or leave one of them out.';
    throw new UsageError('--json and --sarif both want standard output', hint);
  }
  if (typeof sarif === 'string' && !existsSync(dirname(sarif))) {
    throw new UsageError(
      `--sarif cannot be written: ${dirname(sarif)} is no folder`,
      'Name a file in a folder that is there.',
    );
  }
}

async function writeSarif(
  report: CheckReport,
  { dir, sarif, version }: CheckOptions,
  terminal: Terminal,
): Promise<void> {
  if (sarif === undefined) return;
  const text = JSON.stringify(toSarif({ report, dir, rules: reviewRules(), version }));
  if (sarif === true) return terminal.result(text);
  await writeFile(sarif, `${text}\n`).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--sarif cannot be written: ${why}`, 'Name a file in a folder that is there.');
  });
}

function show({ findings, dependencies }: CheckReport, { result, colors }: Terminal): void {
  const paint = { error: colors.red, warning: colors.yellow, info: colors.cyan };
  for (const { path, line, severity, id, message, hint } of findings) {
    const place = plain(`${path}${line === null ? '' : `:${line}`}`);
    result(`${place}  ${paint[severity](severity)}  ${id}  ${plain(message)}`);
    result(colors.dim(`    ${plain(hint)}`));
  }
  for (const line of tableLines(['bundled', 'version', 'licence'], dependencies.map(toRow), colors)) result(line);
}

function toRow({ name, version, license }: Dependency): readonly string[] {
  return [name, version ?? '', license ?? 'not stated'];
}

function conclude(dir: string, findings: readonly Finding[], { say, talkColors }: Terminal): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const types = errors.filter(({ id }) => id === TYPE_ERROR).length;
  const others = errors.length - types;
  if (types > 0)
    say(talkColors.red(`${types} type ${types === 1 ? 'error' : 'errors'}, which an install does not look at`));
  if (others > 0) say(talkColors.red(`${others} ${others === 1 ? 'error stops' : 'errors stop'} an install of ${dir}`));
  else say(talkColors.green(`nothing stops an install of ${dir}`));
}
