/**
 * `bulkhead guard compare`: what two reports differ in. Times are no difference.
 */
import type { Report } from '@bulkhead/guard';
import type { JsonValue } from '@bulkhead/protocol';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';
import { tellDifferences, type Figures } from './differences.ts';
import { readReport } from './read-report.ts';

/** What is typed after it. */
export type CompareOptions = { readonly before: string; readonly after: string; readonly json?: boolean };

/** Compares; answers 0 where nothing differs, 1 where something does. */
export async function compareVerb({ before, after, json }: CompareOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const [old, now] = [await readReport(before), await readReport(after)];
    return tellDifferences({ before: figuresOf(old), after: figuresOf(now), json }, terminal);
  });
}

/** What is compared, in the order in which somebody reads it. */
function figuresOf(report: Report): Figures {
  const { decision, baseline, candidate, pairs, hashes, config } = report;
  return new Map<string, JsonValue>([
    ['verdict', decision.verdict],
    ['reason', decision.reason],
    ['task', report.task],
    ['task fingerprint', report.spec_fingerprint],
    ['baseline sha256', hashes.baseline],
    ['candidate sha256', hashes.candidate],
    ['policy', report.policy['name'] ?? null],
    ['policy fields', report.policy],
    ['cases', report.n],
    ['seed', report.seed],
    ['executor', { ...config.executor }],
    ['baseline pass rate', baseline.pass_rate],
    ['candidate pass rate', candidate.pass_rate],
    ['difference', report.delta_pass_rate],
    ['interval of the difference', report.delta_ci === null ? null : [...report.delta_ci]],
    ['pairs', { ...pairs, excluded: { ...pairs.excluded } }],
    ...flipsOf(report),
    ['regressions', report.regressions.map(({ case_id, broken }) => `${broken} on ${case_id}`)],
    ['flaky cases', report.stability.flaky_cases],
    ...report.monitors.map((monitor): readonly [string, JsonValue] => [
      `monitor ${monitor.id}`,
      'failed' in monitor ? 'failed' : monitor.alerts.map(({ type }) => type),
    ]),
  ]);
}

function flipsOf({ flips }: Report): readonly (readonly [string, JsonValue])[] {
  return (['pass_to_fail', 'fail_to_pass'] as const).map((kind) => [
    kind === 'pass_to_fail' ? 'flips from pass to fail' : 'flips from fail to pass',
    flips.filter((flip) => flip.kind === kind).map(({ case_id }) => case_id),
  ]);
}
