/**
 * `bulkhead guard report`: a report in another form.
 */
import { writeFile } from 'node:fs/promises';
import { renderHtml, renderJunit, renderMarkdown, renderText, type Report } from '@bulkhead/guard';
import { EXIT_OK } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { answering } from './answering.ts';
import { readReport } from './read-report.ts';

const FORMS = {
  html: renderHtml,
  markdown: renderMarkdown,
  junit: renderJunit,
  text: renderText,
  json: (report: Report) => `${JSON.stringify(report, undefined, 2)}\n`,
} as const;

/** What is typed after it. */
export type ReportOptions = { readonly report: string; readonly format: keyof typeof FORMS; readonly out?: string };

/** Writes it. */
export async function reportVerb({ report, format, out }: ReportOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const text = FORMS[format](await readReport(report));
    if (out === undefined) {
      await terminal.write(text.endsWith('\n') ? text : `${text}\n`);
      return EXIT_OK;
    }
    await writeFile(out, text).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new UsageError(`--out cannot be written: ${why}`, 'Name a file in a folder that is there.');
    });
    terminal.say(`wrote ${out}`);
    return EXIT_OK;
  });
}
