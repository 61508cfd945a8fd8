/**
 * `bulkhead guard replay`: a verdict is computed again by whoever trusts nobody who made it.
 */
import { replayDecision } from '@bulkhead/guard';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';
import { readCasesText, readReport } from './read-report.ts';

/** What is typed after it. */
export type ReplayOptions = { readonly report: string; readonly cases?: string; readonly json?: boolean };

/** Decides again; answers 0 where it comes out as reported, 1 where it does not. */
export async function replayVerb(options: ReplayOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const { report: file, cases, json } = options;
    const { result, say, colors } = terminal;
    const report = await readReport(file);
    const casesText = await readCasesText(cases, { report, file });
    const replay = replayDecision(report, casesText === undefined ? {} : { casesText });
    const { same, recounted, differences, decision } = replay;
    if (json === true) {
      result(JSON.stringify({ same, verdict: decision.verdict, reasons: decision.reasons, recounted, differences }));
      return same ? EXIT_OK : EXIT_FAILED;
    }
    result(same ? colors.green(`as reported: ${decision.verdict}`) : colors.red('not as reported'));
    for (const { path, reported, recounted: found } of differences) {
      result(plain(`  ${path}  reported ${JSON.stringify(reported)}, is ${JSON.stringify(found)}`));
    }
    if (recounted === null) say('decided from the figures of the report; with --cases FILE they are counted again');
    else say(`${recounted} cases were counted again`);
    return same ? EXIT_OK : EXIT_FAILED;
  });
}
