/**
 * The cases of a comparison, with what the live release answers to each: calls that were recorded, the newest first, then parameters
 * that are made from the schemas of its tools, as many for each.
 *
 *   recorded, made ─▶ the live release answers once: what its schema does not take goes ─▶ and once more, the other way round
 *
 * It answers in guests that are not compared. The host holds parameters to the schema before a guest sees them, under limits of its own, so
 * that a wrong guess is dropped here and reaches no code of a plugin.
 */
import type { Harness, ReleaseTrial } from '@bulkhead/host';
import { canonicalJson, isJsonObject, type JsonObject, type WireTool } from '@bulkhead/protocol';
import { arbitraryValue } from '../task/cases.ts';
import { frozenCopy, nonJsonPlace } from '../task/json.ts';
import { askRelease, type Answer, type ReleaseCall } from './answer.ts';
import { expectedOf, joined, type Expected } from './expected.ts';
import { paramsArbitrary, type JsonArbitrary } from './schema-arbitrary.ts';

/** What is compared, and what could not be. */
export type Gathered = {
  readonly calls: readonly ReleaseCall[];
  /** Of the calls, from the beginning. */
  readonly recorded: number;
  /** By {@link callKey}. */
  readonly expected: ReadonlyMap<string, Expected>;
  /** Tools for which nothing that fits their schema could be made, and tools of which there is no case at all. */
  readonly notGenerated: readonly string[];
  readonly withoutCases: readonly string[];
  /** Parameters that do not fit, recorded or made, and calls that the live release could not be asked or hung on too often. */
  readonly dropped: { readonly invalid: number; readonly unanswered: number };
};

/** Where cases come from. `harness` holds the live release. */
export type Gathering = {
  readonly trial: Pick<ReleaseTrial, 'recorded' | 'plan' | 'signal'>;
  readonly harness: Pick<Harness, 'run'>;
  readonly tools: readonly WireTool[];
  /** Calls at once. */
  readonly atOnce: number;
};

/** What is left of the cases for tools that nobody has called yet. */
const RECORDED_SHARE = 0.75;
/** Draws for each case that is wanted, at most. */
const DRAWS = 4;
const PARAMS_CHARACTERS_MAX = 65_536;
/** Calls of a tool that hang: after so many no more of it are begun. */
const HANGS_MAX = 3;

/** Names a call in maps. */
export function callKey({ tool, params }: ReleaseCall): string {
  return canonicalJson([tool, params]);
}

/** Gathers. @throws the reason of the signal once it has fired. */
export async function gatherCases(gathering: Gathering): Promise<Gathered> {
  const { trial, tools } = gathering;
  const { cases } = trial.plan;
  const asking = createAsking(gathering);
  const drawn = tools.map((tool) => ({ tool, arbitrary: paramsArbitrary(tool.parameters) }));
  const makeable = drawn.flatMap(({ tool, arbitrary }) => (arbitrary === undefined ? [] : [{ tool, arbitrary }]));
  const most = makeable.length === 0 ? cases : Math.ceil(cases * RECORDED_SHARE);
  const recorded = await asking.fitting(recordedCalls(trial, tools).slice(0, most));
  const made = await makeCalls(makeable, asking, { seed: trial.plan.seed, count: cases - recorded.length });
  await asking.again([...recorded, ...made.calls]);
  const calls = [...recorded, ...made.calls].filter((call) => asking.expected.has(callKey(call)));
  const covered = new Set(calls.map(({ tool }) => tool));
  return {
    calls,
    recorded: recorded.filter((call) => asking.expected.has(callKey(call))).length,
    expected: asking.expected,
    notGenerated: tools.map(({ name }) => name).filter((name) => !made.tools.has(name)),
    withoutCases: tools.map(({ name }) => name).filter((name) => !covered.has(name)),
    dropped: asking.dropped,
  };
}

/** Calls are drawn as a tenant makes them: one that comes often is there often. */
function recordedCalls({ recorded }: Gathering['trial'], tools: readonly WireTool[]): readonly ReleaseCall[] {
  const names = new Set(tools.map(({ name }) => name));
  return recorded.flatMap(({ tool, params }) => {
    const fits = names.has(tool) && isJsonObject(params) && nonJsonPlace(params, 'params') === undefined;
    return fits ? [{ tool, params }] : [];
  });
}

type Drawn = { readonly tool: WireTool; readonly arbitrary: JsonArbitrary };

/** In rounds of one for each tool, so that a sequence that ends early has seen all of them. */
async function makeCalls(
  drawn: readonly Drawn[],
  asking: Asking,
  { seed, count }: { readonly seed: number; readonly count: number },
): Promise<{ readonly calls: readonly ReleaseCall[]; readonly tools: ReadonlySet<string> }> {
  const share = Math.ceil(count / Math.max(1, drawn.length));
  const byTool: (readonly ReleaseCall[])[] = [];
  for (const one of drawn) byTool.push(await callsOfTool(one, asking, { seed, count: Math.max(0, share) }));
  const rounds = Array.from({ length: Math.max(0, share) }, (_, round) =>
    byTool.flatMap((calls) => calls[round] ?? []),
  );
  return {
    calls: rounds.flat().slice(0, Math.max(0, count)),
    tools: new Set(byTool.flatMap((calls) => calls.slice(0, 1).map(({ tool }) => tool))),
  };
}

async function callsOfTool(
  { tool, arbitrary }: Drawn,
  asking: Asking,
  { seed, count }: { readonly seed: number; readonly count: number },
): Promise<readonly ReleaseCall[]> {
  const calls: ReleaseCall[] = [];
  for (let index = 0; calls.length < count && index < count * DRAWS;) {
    const wanted = Math.min(count - calls.length, count * DRAWS - index);
    const batch = Array.from({ length: wanted }, (_, more) => drawParams(arbitrary, { seed, index: index + more }));
    index += wanted;
    const fitting = batch.flatMap((params) => (params === undefined ? [] : [{ tool: tool.name, params }]));
    calls.push(...(await asking.fitting(fitting)));
  }
  return calls;
}

function drawParams(
  arbitrary: JsonArbitrary,
  of: { readonly seed: number; readonly index: number },
): JsonObject | undefined {
  const source = { kind: 'arbitrary', arbitrary: arbitrary.map((value): [typeof value] => [value]) } as const;
  const [value] = arbitraryValue(source, of).value;
  if (!isJsonObject(value) || nonJsonPlace(value, 'params') !== undefined) return undefined;
  return JSON.stringify(value).length > PARAMS_CHARACTERS_MAX ? undefined : frozenCopy(value);
}

type Asking = {
  /** Those of the calls whose parameters the live release takes, each answered. */
  readonly fitting: (calls: readonly ReleaseCall[]) => Promise<readonly ReleaseCall[]>;
  /** Asks all once more, the last first, so that what depends on time or on the calls before shows. */
  readonly again: (calls: readonly ReleaseCall[]) => Promise<void>;
  readonly expected: ReadonlyMap<string, Expected>;
  readonly dropped: { invalid: number; unanswered: number };
};

function createAsking({ harness, trial, atOnce }: Gathering): Asking {
  const expected = new Map<string, Expected>();
  const dropped = { invalid: 0, unanswered: 0 };
  const hangs = new Map<string, number>();
  const { signal } = trial;
  const ask = async (call: ReleaseCall): Promise<Answer | undefined> => {
    signal.throwIfAborted();
    if ((hangs.get(call.tool) ?? 0) >= HANGS_MAX) return undefined;
    const { answer } = await askRelease(harness, { ...call, signal });
    signal.throwIfAborted();
    if (answer.kind === 'fault' && answer.how === 'timeout') hangs.set(call.tool, (hangs.get(call.tool) ?? 0) + 1);
    return answer;
  };
  const note = (call: ReleaseCall, answer: Answer | undefined): boolean => {
    const next = answer === undefined ? undefined : expectedOf(answer);
    if (next === undefined) return false;
    const key = callKey(call);
    const known = expected.get(key);
    expected.set(key, known === undefined ? next : joined(known, next));
    return true;
  };
  return {
    expected,
    dropped,
    fitting: async (calls) => {
      const kept = new Set<number>();
      await inLanes(calls.length, atOnce, async (index) => {
        const call = at(calls, index);
        const answer = await ask(call);
        if (answer?.kind === 'invalid') dropped.invalid += 1;
        else if (note(call, answer)) kept.add(index);
        else dropped.unanswered += 1;
      });
      return calls.filter((_, index) => kept.has(index));
    },
    again: async (calls) => {
      await inLanes(calls.length, atOnce, async (index) => {
        const call = at(calls, calls.length - 1 - index);
        // Where it cannot be asked again the first answer stands alone.
        note(call, await ask(call));
      });
    },
  };
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error('an index below the length of a list has an item');
  return item;
}

/** So many at once; the first that fails ends all lanes once what runs has ended. */
async function inLanes(count: number, lanes: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  let hasFailed = false;
  const lane = async (): Promise<void> => {
    while (next < count && !hasFailed) {
      next += 1;
      try {
        await work(next - 1);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  const failure = ended.find((one) => one.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
