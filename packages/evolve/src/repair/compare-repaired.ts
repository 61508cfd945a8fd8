/**
 * Guard's evidence that a repair changed nothing but what failed: the plugin as it is and the candidate on calls that were made from the
 * schemas of its tools, and on those that must stay. A tool that fails by throwing, hanging or crashing must answer as before wherever it
 * answered; one that answers wrongly answers otherwise once it is mended, so that of it any valid answer is taken, and those that changed
 * are counted.
 */
import { createReleaseJudge, type EvaluationClock, type Redact } from '@bulkhead/guard';
import type { Comparison, Harness, RecordedCall } from '@bulkhead/host';
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import type { RepairHost } from './repair-release.ts';
import type { JudgedCall } from './reproduce.ts';

/**
 * One comparison: of these tools, with `same` or any `valid` answers. `changed` answers are valid and not what they were.
 * @public
 */
export type ToolComparison = {
  readonly tools: readonly string[];
  readonly answers: 'same' | 'valid';
  readonly verdict: Comparison['verdict'];
  readonly reasons: readonly string[];
  readonly cases: number;
  readonly changed: number;
  readonly report: JsonObject;
};

/** What is compared, and with what. */
export type Comparing = {
  readonly host: Pick<RepairHost, 'openHarness'>;
  readonly plugin: string;
  readonly from: string;
  readonly to: string;
  readonly tools: readonly string[];
  readonly failing: readonly JudgedCall[];
  readonly passing: readonly JudgedCall[];
  readonly seed: number;
  readonly cases: number;
  readonly clock: EvaluationClock;
  readonly redact: Redact;
  readonly signal: AbortSignal;
  readonly didProgress: (progress: { readonly done: number; readonly total: number }) => void;
};

/** Two points worse at most, at one of forty; let in after 266 cases that are alike. */
const POLICY = 'noninferiority:margin=0.02';
const INSTANCES = 2;

/** Compares; one comparison for each way in which answers are held to be right. */
export async function compareRepaired(comparing: Comparing): Promise<readonly ToolComparison[]> {
  const wrong = new Set(comparing.failing.filter(({ isWrongValue }) => isWrongValue).map(({ tool }) => tool));
  const same = comparing.tools.filter((tool) => !wrong.has(tool));
  const valid = comparing.tools.filter((tool) => wrong.has(tool));
  const done: ToolComparison[] = [];
  if (same.length > 0) done.push(await compareTools(comparing, same, 'same'));
  if (valid.length > 0) done.push(await compareTools(comparing, valid, 'valid'));
  return done;
}

async function compareTools(
  comparing: Comparing,
  tools: readonly string[],
  answers: ToolComparison['answers'],
): Promise<ToolComparison> {
  const { host, plugin, from, to, passing, seed, cases, clock, redact, signal, didProgress } = comparing;
  const { verdict, reasons, report } = await createReleaseJudge({ instances: INSTANCES }).compare({
    ...{ plugin, from, to, clock, redact, signal, didProgress },
    plan: { policy: POLICY, answers, cases, seed },
    recorded: passing.map((call) => recordedCall(comparing, call)),
    open: async (version, { instances }) => {
      const harness = await host.openHarness({ plugin, version, ...(instances !== undefined && { instances }) });
      return withTools(harness, tools);
    },
  });
  const count = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0);
  return { tools, answers, verdict, reasons, cases: count(report['n']), changed: changedIn(report), report };
}

/** Cases are made for the tools that a guest tells of. */
function withTools(harness: Harness, names: readonly string[]): Harness {
  return { ...harness, tools: async () => (await harness.tools()).filter(({ name }) => names.includes(name)) };
}

function recordedCall({ plugin, from, clock }: Comparing, { tool, params }: JudgedCall): RecordedCall {
  return {
    ...{ id: 'repair', tenant_id: 'default', plugin_name: plugin, plugin_version: from, tool, params },
    ...{ outcome: 'ok', code: null, value_sha256: null, result: null, duration_ms: 0 },
    recorded_at: new Date(clock.wallTime()).toISOString(),
  };
}

/** Guard counts it as a soft property. */
function changedIn(report: JsonObject): number {
  const coverage = report['relation_coverage'];
  const entries = Array.isArray(coverage) ? coverage : [];
  const same = entries.find((entry: JsonValue) => isJsonObject(entry) && entry['name'] === 'same_answer');
  const candidate = isJsonObject(same) ? same['candidate'] : undefined;
  const violated = isJsonObject(candidate) ? candidate['violated'] : undefined;
  return typeof violated === 'number' ? violated : 0;
}
