/**
 * `bulkhead guard compare`: what two reports differ in. Times are no difference.
 */
import type { Report } from '@bulkhead/guard';
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';
import { readReport } from './read-report.ts';

/** What is typed after it. */
export type CompareOptions = { readonly before: string; readonly after: string; readonly json?: boolean };

/** A figure that differs. */
type Difference = { readonly figure: string; readonly before: JsonValue; readonly after: JsonValue };

/** Compares; answers 0 where nothing differs, 1 where something does. */
export async function compareVerb({ before, after, json }: CompareOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const differences = differencesOf(await readReport(before), await readReport(after));
    const { result, say, colors } = terminal;
    if (json === true) {
      result(JSON.stringify({ same: differences.length === 0, differences }));
    } else {
      const rows = differences.map((one) => [one.figure, shown(one.before), shown(one.after)]);
      for (const line of tableLines(['figure', 'before', 'after'], rows, colors)) result(line);
      if (differences.length === 0) say('no difference');
    }
    return differences.length === 0 ? EXIT_OK : EXIT_FAILED;
  });
}

function differencesOf(before: Report, after: Report): readonly Difference[] {
  const [old, now] = [figuresOf(before), figuresOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((figure) => ({ figure, before: old.get(figure) ?? null, after: now.get(figure) ?? null }))
    .filter((one) => canonicalJson(one.before) !== canonicalJson(one.after));
}

/** What is compared, in the order in which somebody reads it. */
function figuresOf(report: Report): ReadonlyMap<string, JsonValue> {
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

const VALUE_CHARACTERS = 60;

function shown(value: JsonValue): string {
  if (Array.isArray(value) && value.length > 3)
    return `${value.length}: ${JSON.stringify(value.slice(0, 2)).slice(0, VALUE_CHARACTERS)}…`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > VALUE_CHARACTERS ? `${text.slice(0, VALUE_CHARACTERS)}…` : text;
}
