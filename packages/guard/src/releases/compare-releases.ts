/**
 * Compares two releases on the same cases, and says what the policy says of it.
 *
 *   open the live release ─▶ open the candidate ─▶ gather cases, answered by the live release ─▶ evaluate both ─▶ comparison
 *
 * However it ends, no guest of it is left.
 */
import type { Comparison, Harness, ReleaseTrial } from '@bulkhead/host';
import type { WireTool } from '@bulkhead/protocol';
import { evaluate } from '../evaluation/evaluate.ts';
import { sha256, type Implementation } from '../evaluation/evaluate-options.ts';
import type { Report } from '../report/report.ts';
import { casesFromRecords } from '../task/cases.ts';
import { callKey, gatherCases, type Gathered } from './gather-cases.ts';
import { createReleaseExecutor } from './release-executor.ts';
import { releaseTask } from './release-task.ts';
import { toComparison, type ToolChanges } from './to-comparison.ts';
import { readTrialPolicy } from './trial-policy.ts';

/** How many guests each release has, which is also how many cases run at once. */
export type ComparingOptions = { readonly instances: number };

/**
 * Compares.
 *
 * The evaluation runs as the policy says: one that plans looks, or spaces them, ends at the look that decides it; any other runs every
 * case but ends once the candidate is known to be worse, since a regression in the last case would reject it as well.
 *
 * @throws {GuardError} `POLICY_INVALID`; {HostError} where the live release does not start or the sandbox cannot be opened; the
 *   reason of the signal once it has fired.
 */
export async function compareReleases(trial: ReleaseTrial, options: ComparingOptions): Promise<Comparison> {
  const policy = readTrialPolicy(trial.plan.policy);
  const { signal } = trial;
  signal.throwIfAborted();
  try {
    await using candidate = await openGuests(trial, trial.to, options);
    const gathered = await gather(trial, options, candidate);
    if (gathered.kind !== 'cases') return toComparison(trial, gathered);
    await using baseline = await openGuests(trial, trial.from, options);
    const report = await run({ trial, policy, ...options }, { ...gathered, baseline, candidate });
    return toComparison(trial, { ...gathered, report });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function openGuests({ open }: ReleaseTrial, version: string, { instances }: ComparingOptions): Promise<Harness> {
  return open(version, { isGranted: false, instances });
}

type Found =
  | { readonly kind: 'cases' | 'no_cases'; readonly gathered: Gathered; readonly changes: ToolChanges }
  | { readonly kind: 'no_start'; readonly why: string };

/** The live release answers in guests that are gone before its side of the comparison begins. */
async function gather(trial: ReleaseTrial, options: ComparingOptions, candidate: Harness): Promise<Found> {
  await using live = await openGuests(trial, trial.from, options);
  const tools = await live.tools();
  const offered = await toolsOfCandidate(candidate);
  if (typeof offered === 'string') return { kind: 'no_start', why: offered };
  const gathered = await gatherCases({ trial, harness: live, tools, atOnce: options.instances });
  return {
    kind: gathered.calls.length === 0 ? 'no_cases' : 'cases',
    gathered,
    changes: changesOf(tools, offered),
  };
}

/** Starts that the candidate has. */
const STARTS = 2;

/** Its tools, or why it does not start, whenever it is tried. What is not its own fault is thrown. */
async function toolsOfCandidate(candidate: Harness): Promise<readonly WireTool[] | string> {
  let why = '';
  for (let start = 0; start < STARTS; start += 1) {
    try {
      return await candidate.tools();
    } catch (error) {
      if (!(error instanceof Error) || Reflect.get(error, 'code') !== 'TRIAL_FAILED') throw error;
      why = error.message;
    }
  }
  return why;
}

function changesOf(live: readonly WireTool[], candidate: readonly WireTool[]): ToolChanges {
  const [before, after] = [live, candidate].map((tools) => new Set(tools.map(({ name }) => name)));
  return {
    added: candidate.map(({ name }) => name).filter((name) => before?.has(name) === false),
    removed: live.map(({ name }) => name).filter((name) => after?.has(name) === false),
  };
}

type Evaluating = ComparingOptions & {
  readonly trial: ReleaseTrial;
  readonly policy: ReturnType<typeof readTrialPolicy>;
};
type Sides = { readonly gathered: Gathered; readonly baseline: Harness; readonly candidate: Harness };

function run({ trial, policy, instances }: Evaluating, { gathered, ...sides }: Sides): Promise<Report> {
  const { plugin, from, to, plan, signal, redact, didProgress } = trial;
  const task = releaseTask(gathered, { plugin, answers: plan.answers });
  const side = (harness: Harness): Implementation => ({
    filePath: plugin,
    text: harness.digest,
    executor: createReleaseExecutor(harness, (call) => gathered.expected.has(callKey(call))),
    executorName: 'release',
  });
  const total = gathered.calls.length;
  didProgress({ done: 0, total });
  return evaluate(
    {
      ...{ task, policy, signal, redact, seed: plan.seed, parallel: instances },
      ...{ baseline: side(sides.baseline), candidate: side(sides.candidate) },
      cases: casesFromRecords(
        task,
        gathered.calls.map((call) => [call]),
      ),
      casesFrom: 'recorded calls, and schemas of tools',
      onProgress: ({ done }) => didProgress({ done, total }),
      facts: {
        runId: `release-${sha256([plugin, from, to, String(plan.seed)].join('\n')).slice(0, 12)}`,
        provenance: { plugin, from, to, from_digest: sides.baseline.digest, to_digest: sides.candidate.digest },
      },
    },
    trial.clock,
  );
}
