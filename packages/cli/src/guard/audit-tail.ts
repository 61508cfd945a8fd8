/**
 * `bulkhead guard audit tail`: the last lines of the log beside reports, and whether it is whole.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyAudit } from '@bulkhead/guard';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';

/** What is typed after it; `n` is how many lines. */
export type AuditTailOptions = { readonly dir: string; readonly n: number; readonly json?: boolean };

/** Shows them; answers 1 where the log is not as it was written, since its lines say nothing then. */
export async function auditTailVerb({ dir, n, json }: AuditTailOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const check = await verifyAudit(dir);
    const text = await readFile(join(dir, 'audit.log'), 'utf8');
    const lines = text
      .split('\n')
      .filter((line) => line !== '')
      .slice(-n)
      .map(entryOf);
    const { result, say, colors, talkColors } = terminal;
    if (json === true) result(JSON.stringify({ whole: check.ok, lines }));
    else {
      const rows = lines.map((line) => [
        wordOf(line['sequence']),
        wordOf(line['at']),
        wordOf(line['event']),
        restOf(line),
      ]);
      for (const row of tableLines(['line', 'at', 'event', 'of'], rows, colors)) result(row);
      if (!check.ok) say(talkColors.red(`line ${check.line} is not as it was written: ${check.reason}`));
    }
    return check.ok ? EXIT_OK : EXIT_FAILED;
  });
}

type Entry = Readonly<Record<string, unknown>>;

function entryOf(text: string): Entry {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Entry) : { event: text }; // An object of JSON.
  } catch {
    return { event: text };
  }
}

const SEALS: ReadonlySet<string> = new Set(['sequence', 'at', 'event', 'previous', 'mac']);

function restOf(entry: Entry): string {
  return Object.entries(entry)
    .filter(([key]) => !SEALS.has(key))
    .map(([key, value]) => `${key}=${wordOf(value)}`)
    .join(' ');
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
