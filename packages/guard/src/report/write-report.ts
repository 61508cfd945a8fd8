/**
 * Writes a report into a folder, in every form, with artifacts of failed cases and a line in the audit log. The file of cases is written
 * while they run, by others; the report names it.
 *
 *   folder/report_20260304_050607.json .html .junit.xml .md      failures/<case>.json      audit.log      audit.key
 */
import type { JsonObject } from '@bulkhead/protocol';
import { createHash, randomUUID } from 'node:crypto';
import { link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvaluatedPair } from '../evaluation/evaluated-pair.ts';
import { GuardError } from '../guard-error.ts';
import { appendAudit, type AuditOptions } from './audit-log.ts';
import { renderHtml } from './html/page.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { makeFolder } from './make-folder.ts';
import type { Report } from './report.ts';

/** Artifacts of one report, and days that they are kept. */
const FAILURES_MAX = 50;
const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;
/** Reports of one second. */
const NAMES_MAX = 1_000;

/**
 * Where and when. `now` is milliseconds since 1970, and names the files (UTC) where `name` does not, as `reportName` writes it; `failures` are cases that the candidate failed, of which the first
 * `failuresMax` (default 50) are written and those older than `keptMs` (default 30 days) removed; `auditKey` seals the audit log, in
 * place of the folder's own.
 *
 * @public
 */
export type WriteReportOptions = {
  readonly folder: string;
  readonly now: number;
  readonly name?: string;
  readonly failures?: readonly EvaluatedPair[];
  readonly failuresMax?: number;
  readonly keptMs?: number;
  readonly auditKey?: Uint8Array;
};

/**
 * Paths of what was written.
 *
 * @public
 */
export type WrittenReport = {
  readonly json: string;
  readonly html: string;
  readonly junit: string;
  readonly markdown: string;
  readonly failures: readonly string[];
};

/**
 * Writes it. Texts are written as they are: redact the report and its failures before.
 *
 * @throws {GuardError} `REPORT_UNWRITABLE` where the folder takes no files; `AUDIT_INVALID` as `appendAudit`.
 * @public
 */
export async function writeReport(report: Report, options: WriteReportOptions): Promise<WrittenReport> {
  const {
    folder,
    now,
    auditKey,
    name = reportName(now),
    failures = [],
    failuresMax = FAILURES_MAX,
    keptMs = KEPT_MS,
  } = options;
  return writable(folder, async () => {
    await makeFolder(folder);
    const json = `${JSON.stringify(report, undefined, 2)}\n`;
    const base = await claimName(folder, name, json);
    const path = (ending: string): string => join(folder, `${base}${ending}`);
    await writeWhole(path('.html'), renderHtml(report));
    await writeWhole(path('.junit.xml'), renderJunit(report));
    await writeWhole(path('.md'), renderMarkdown(report));
    const written = await writeFailures(folder, failures.slice(0, failuresMax));
    await removeOld(join(folder, 'failures'), now - keptMs);
    await appendAudit(folder, entryOf(report, { now, name: `${base}.json`, json }), keyOption(auditKey));
    return {
      json: path('.json'),
      html: path('.html'),
      junit: path('.junit.xml'),
      markdown: path('.md'),
      failures: written,
    };
  });
}

/**
 * Name of a report without its ending, in UTC: `report_YYYYMMDD_HHMMSS`. A second report of one second has `_2` behind it.
 *
 * @param now - Milliseconds since 1970.
 * @public
 */
export function reportName(now: number): string {
  const [date = '', time = ''] = new Date(now).toISOString().split('T');
  return `report_${date.replaceAll('-', '')}_${time.slice(0, 8).replaceAll(':', '')}`;
}

/** Errors of the file system in words that name the cure; others pass. */
async function writable<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error;
    const why = `${String(error.code)} on ${String(error.syscall)}`;
    throw new GuardError(
      'REPORT_UNWRITABLE',
      `the folder of reports "${folder}" takes no file (${why}); name a folder that you may write in, with room on its disk`,
      { cause: error },
    );
  }
}

/** The JSON comes first, under a name that nobody has: a link fails where the name is taken, a rename would replace. */
async function claimName(folder: string, name: string, json: string): Promise<string> {
  const temporary = await writeTemporary(folder, json);
  try {
    for (let number = 1; number <= NAMES_MAX; number += 1) {
      const base = number === 1 ? name : `${name}_${number}`;
      if (await isLinked(temporary, join(folder, `${base}.json`))) return base;
    }
  } finally {
    await rm(temporary, { force: true });
  }
  throw new GuardError(
    'REPORT_UNWRITABLE',
    `"${folder}" has ${NAMES_MAX} reports named ${name}; name another folder, or run again in a second`,
  );
}

async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** A reader sees the old file or the new one, and never half of one. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = await writeTemporary(join(path, '..'), text);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeTemporary(folder: string, text: string): Promise<string> {
  const path = join(folder, `.${randomUUID()}.tmp`);
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return path;
}

async function writeFailures(folder: string, failures: readonly EvaluatedPair[]): Promise<readonly string[]> {
  if (failures.length === 0) return [];
  await makeFolder(join(folder, 'failures'));
  const paths: string[] = [];
  for (const failure of failures) {
    const path = join(folder, 'failures', `${fileNameOf(failure.case_id)}.json`);
    await writeWhole(path, `${JSON.stringify(failure, undefined, 2)}\n`);
    paths.push(path);
  }
  return paths;
}

/** Names of cases may come from a file: what is no plain name gets one from its digest, so that none leaves the folder. */
function fileNameOf(caseId: string): string {
  if (/^[A-Za-z0-9][\w-]{0,99}$/.test(caseId)) return caseId;
  return `case-${createHash('sha256').update(caseId).digest('hex').slice(0, 32)}`;
}

/** Only files that are ours by their ending; one that another run removed meanwhile is gone, as it should be. */
async function removeOld(folder: string, before: number): Promise<void> {
  const names = await namesIn(folder);
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const path = join(folder, name);
    if ((await changedAt(path)) < before) await rm(path, { force: true });
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function changedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return Infinity; // Gone; nothing is left to remove.
  }
}

type Written = { readonly now: number; readonly name: string; readonly json: string };

function entryOf(
  report: Report,
  { now, name, json }: Written,
): JsonObject & { readonly at: string; readonly event: string } {
  return {
    at: new Date(now).toISOString(),
    event: 'report_written',
    report: name,
    report_sha256: createHash('sha256').update(json).digest('hex'),
    run_id: report.job_metadata.run_id.slice(0, 200),
    task: report.task.slice(0, 200),
    verdict: report.decision.verdict,
    hashes: { baseline: report.hashes.baseline.slice(0, 200), candidate: report.hashes.candidate.slice(0, 200) },
  };
}

function keyOption(key: Uint8Array | undefined): AuditOptions {
  return key === undefined ? {} : { key };
}
