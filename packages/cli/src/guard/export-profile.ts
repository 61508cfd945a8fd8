/**
 * `bulkhead guard export-profile`: time, processor time and memory of each case, of both sides, for a spreadsheet or a script.
 */
import { writeFile } from 'node:fs/promises';
import type { EvaluatedPair, EvaluatedSide } from '@bulkhead/guard';
import { EXIT_OK } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { answering } from './answering.ts';
import { readPairs, readReport } from './read-report.ts';

/** What is typed after it. */
export type ExportProfileOptions = {
  readonly report: string;
  readonly cases?: string;
  readonly format: 'csv' | 'ndjson';
  readonly out?: string;
};

/** Writes it, a row for each case. */
export async function exportProfileVerb(options: ExportProfileOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const { report: file, cases, format, out } = options;
    const report = await readReport(file);
    const rows = (await readPairs(cases, { report, file })).map(rowOf);
    const text = format === 'csv' ? csvOf(rows) : rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    if (out === undefined) await terminal.write(text);
    else {
      await writeFile(out, text).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        throw new UsageError(`--out cannot be written: ${why}`, 'Name a file in a folder that is there.');
      });
      terminal.say(`wrote ${rows.length} cases to ${out}`);
    }
    return EXIT_OK;
  });
}

type Row = Readonly<Record<string, string | number | null>>;

function rowOf({ case_index, case_id, first, baseline, candidate }: EvaluatedPair): Row {
  return { case_index, case_id, first, ...columnsOf('baseline', baseline), ...columnsOf('candidate', candidate) };
}

function columnsOf(role: string, { grade, duration_ms, executions, result }: EvaluatedSide): Row {
  return {
    [`${role}_grade`]: grade,
    [`${role}_ms`]: duration_ms,
    [`${role}_cpu_ms`]: numberOrNull(result['cpu_ms']),
    [`${role}_peak_rss_bytes`]: numberOrNull(result['peak_rss_bytes']),
    [`${role}_executions`]: executions,
  };
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** As RFC 4180 has it, with a head; what is not known is empty. */
function csvOf(rows: readonly Row[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const lines = rows.map((row) => Object.values(row).map((value) => cell(value ?? '')));
  return [Object.keys(first), ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

/** A text that a spreadsheet would take for a formula is kept a text. */
function cell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
