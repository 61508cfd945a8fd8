/**
 * Reads a report, and the file of cases that it names.
 */
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parsePair, parseReport, type EvaluatedPair, type Report } from '@bulkhead/guard';
import { UsageError } from '../usage-error.ts';

const BYTES_MAX = 512 * 1024 * 1024;

/** Reads a JSON report. @throws {UsageError} where it cannot be read; {GuardError} `REPORT_INVALID` where it is none. */
export async function readReport(file: string): Promise<Report> {
  return parseReport(await readText(file, 'a JSON report'));
}

/**
 * Reads the cases of a report: the file that was typed, or the one that the report names where it is beside it. A name in a
 * report may come from anybody, so that only its last part is taken.
 */
export async function readCasesText(
  typed: string | undefined,
  { report, file }: { readonly report: Report; readonly file: string },
): Promise<string | undefined> {
  if (typed !== undefined) return readText(typed, 'the file of cases of the report');
  const named = report.replay.cases_file;
  const path = named === null ? '' : join(dirname(file), basename(named));
  return path !== '' && existsSync(path) ? readText(path, 'the file of cases of the report') : undefined;
}

async function readText(file: string, expected: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= BYTES_MAX) return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new UsageError(`${file} cannot be read (${code})`, `Give ${expected}.`);
  }
  throw new UsageError(`${file} is larger than ${BYTES_MAX} bytes`, `Give ${expected}.`);
}

const HEAD = '"kind":"bulkhead.guard.cases"';

/** Reads the cases themselves, in their order. @throws {UsageError} where there is no file of them; {GuardError} `REPORT_INVALID`. */
export async function readPairs(
  typed: string | undefined,
  of: { readonly report: Report; readonly file: string },
): Promise<readonly EvaluatedPair[]> {
  const text = await readCasesText(typed, of);
  if (text === undefined) {
    throw new UsageError(`the cases of ${of.file} are not beside it`, 'Give the file of cases, NAME_cases.ndjson.');
  }
  return text
    .split('\n')
    .flatMap((line, at) =>
      line.trim() === '' || (at === 0 && line.includes(HEAD))
        ? []
        : [parsePair(line, `line ${at + 1} of the file of cases`)],
    );
}
