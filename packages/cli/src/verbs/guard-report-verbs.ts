/**
 * Verbs of `bulkhead guard` that read what evaluations left behind, as they are typed. None runs anything.
 */
import { Option, type Command } from 'commander';
import { examples, type VerbContext } from '../remote/server-verb.ts';

/** Adds them. */
export function addReportVerbs(guard: Command, context: VerbContext): void {
  addTrace(guard, context);
  addRisk(guard, context);
  addCompareBaseline(guard, context);
  addProvenanceDiff(guard, context);
  addExportProfile(guard, context);
}

const CASES = 'file of cases (default: the one that the report names, where it is beside it)';
const REPORT = 'JSON report';

function addTrace(guard: Command, { terminal, exit }: VerbContext): void {
  guard
    .command('trace')
    .description('Show one case of a report in full; without a case, list those that are worth a look')
    .argument('<report>', REPORT)
    .argument('[case]', 'id of a case, the beginning of one, or its number from 0')
    .option('--cases <file>', CASES)
    .option('--json', 'print it as one line of JSON')
    .addHelpText(
      'after',
      `${examples([
        'bulkhead guard trace report.json',
        'bulkhead guard trace report.json case-17',
        'bulkhead guard trace report.json 17 --json',
      ])}\n\nExit codes: 0 where it could be shown, 2 otherwise.`,
    )
    .action(async (report, which, options) =>
      exit(await (await import('../guard/trace.ts')).traceVerb({ report, which, ...options }, terminal)),
    );
}

function addRisk(guard: Command, { terminal, exit }: VerbContext): void {
  guard
    .command('risk')
    .description('Say what adopting the candidate of a report may cost, in failures of a thousand calls')
    .argument('<report>', REPORT)
    .option('--json', 'print the figures as one line of JSON')
    .addHelpText('after', examples(['bulkhead guard risk report.json', 'bulkhead guard risk report.json --json']))
    .action(async (report, options) =>
      exit(await (await import('../guard/risk.ts')).riskVerb({ report, ...options }, terminal)),
    );
}

function addCompareBaseline(guard: Command, { terminal, exit }: VerbContext): void {
  guard
    .command('compare-baseline')
    .description(
      'Judge the candidate of a report against a report that was kept, case by case, without running anything',
    )
    .argument('<report>', 'JSON report whose candidate is judged')
    .argument('<kept>', 'JSON report that it is judged against; both have their files of cases beside them')
    .addOption(
      new Option('--side <side>', 'which side of the one kept').choices(['baseline', 'candidate']).default('baseline'),
    )
    .option('--policy <policy>', 'as of evaluate (default: that of the report)')
    .option('--json', 'print the verdict as one line of JSON')
    .addHelpText(
      'after',
      `${examples([
        'bulkhead guard compare-baseline today.json release-1.0.json',
        'bulkhead guard compare-baseline today.json yesterday.json --side candidate --json',
      ])}\n\nExit codes: 0 adopt, 1 reject, 2 where they cannot be compared, 3 inconclusive.`,
    )
    .action(async (report, kept, options) =>
      exit(
        await (
          await import('../guard/compare-baseline.ts')
        ).compareBaselineVerb({ report, kept, ...options }, terminal),
      ),
    );
}

function addProvenanceDiff(guard: Command, { terminal, exit }: VerbContext): void {
  guard
    .command('provenance-diff')
    .description('Say whether two reports are of the same question: what was judged, by what, where, and how')
    .argument('<before>', REPORT)
    .argument('<after>', REPORT)
    .option('--json', 'print the differences as one line of JSON')
    .addHelpText(
      'after',
      `${examples(['bulkhead guard provenance-diff before.json after.json'])}\n\nExit codes: 0 without a difference, 1 with one, 2 where a report cannot be read.`,
    )
    .action(async (before, after, options) =>
      exit(
        await (await import('../guard/provenance-diff.ts')).provenanceDiffVerb({ before, after, ...options }, terminal),
      ),
    );
}

function addExportProfile(guard: Command, { terminal, exit }: VerbContext): void {
  guard
    .command('export-profile')
    .description('Write time, processor time and memory of each case of a report, of both sides')
    .argument('<report>', REPORT)
    .option('--cases <file>', CASES)
    .addOption(new Option('--format <form>', 'which form').choices(['csv', 'ndjson']).default('csv'))
    .option('--out <file>', 'write it there (default: print it)')
    .addHelpText(
      'after',
      examples([
        'bulkhead guard export-profile report.json --out profile.csv',
        'bulkhead guard export-profile report.json --format ndjson',
      ]),
    )
    .action(async (report, options) =>
      exit(await (await import('../guard/export-profile.ts')).exportProfileVerb({ report, ...options }, terminal)),
    );
}
