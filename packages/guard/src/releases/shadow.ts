/**
 * Runs calls that the live release has answered on the candidate, and says which of the two did well.
 *
 *   idempotent tool   the candidate, with the tenant's grants. Where it does not answer as the live call was answered, both are asked once
 *                     more: what the live release itself no longer answers so varies, and any value does.
 *   any other tool    both, in guests that are granted nothing, so that nothing is done twice. What the live call was answered counts
 *                     where the live release gives it there as well.
 */
import type { Harness, MirroredCall, ReleaseTrial, Shadow, ShadowPair } from '@bulkhead/host';
import { clipped } from '../task/json.ts';
import { answerOfEnd, askRelease, type Answer } from './answer.ts';
import { answerText, expectedOf, expectedText, joined, passes, type Expected } from './expected.ts';
import { shownParams } from './shown-call.ts';

/** Opens it; a harness is opened when a call first needs it. */
export function openReleaseShadow(trial: ReleaseTrial): Shadow {
  const guests = createGuests(trial);
  return {
    run: async (call) => {
      try {
        return await (call.isIdempotent ? granted : ungranted)({ trial, call, ask: guests.ask });
      } catch {
        return undefined; // No guest could be opened for it: the sandbox's affair, which the host counts.
      }
    },
    [Symbol.asyncDispose]: guests.close,
  };
}

type Release = 'from' | 'to';
type Ask = (release: Release, isGranted: boolean, call: MirroredCall) => Promise<Answer>;
type Mirroring = { readonly trial: ReleaseTrial; readonly call: MirroredCall; readonly ask: Ask };

async function granted(mirroring: Mirroring): Promise<ShadowPair | undefined> {
  const { trial, call, ask } = mirroring;
  const { answers } = trial.plan;
  const live = answerOfEnd(call.end);
  const expected = expectedOf(live);
  const first = await ask('to', true, call);
  if (expected === undefined || first.kind === 'unrun') return undefined;
  if (passes(expected, first, answers)) return pairOf(mirroring, { expected, live, candidate: first });
  const [again, liveAgain] = await Promise.all([ask('to', true, call), ask('from', true, call)]);
  const expectedNow = expectedOf(liveAgain);
  if (expectedNow === undefined || again.kind === 'unrun') return undefined;
  // A value may have changed between the two calls; that it gave none stands.
  const candidate = first.kind === 'ok' ? again : first;
  return pairOf(mirroring, { expected: joined(expected, expectedNow), live, candidate });
}

async function ungranted(mirroring: Mirroring): Promise<ShadowPair | undefined> {
  const { call, ask } = mirroring;
  const [live, candidate] = await Promise.all([ask('from', false, call), ask('to', false, call)]);
  const [served, here] = [expectedOf(answerOfEnd(call.end)), expectedOf(live)];
  if (here === undefined || candidate.kind === 'unrun') return undefined;
  const together = served === undefined ? here : joined(served, here);
  if (served !== undefined && together.kind === here.kind && here.kind === served.kind) {
    return pairOf(mirroring, { expected: together, live, candidate });
  }
  const again = expectedOf(await ask('from', false, call));
  return again === undefined ? undefined : pairOf(mirroring, { expected: joined(here, again), live, candidate });
}

type Judged = { readonly expected: Expected; readonly live: Answer; readonly candidate: Answer };

function pairOf({ trial, call }: Mirroring, { expected, live, candidate }: Judged): ShadowPair {
  const { plan, redact } = trial;
  const isServed = passes(expected, live, plan.answers);
  const isGood = passes(expected, candidate, plan.answers);
  if (isGood) return { end: isServed ? 'both' : 'only_candidate' };
  if (!isServed) return { end: 'neither' };
  const why = `expected ${expectedText(expected, plan.answers)}, got ${answerText(candidate)}`;
  return {
    end: 'only_baseline',
    flip: { tool: call.tool, params: shownParams(call.params, redact), why: clipped(redact(why)) },
  };
}

/** Guests by release and by what they are granted. */
function createGuests({ from, to, open, signal }: ReleaseTrial): {
  readonly ask: Ask;
  readonly close: () => Promise<void>;
} {
  const opened = new Map<string, Promise<Harness>>();
  let isClosed = false;
  const openOnce = (release: Release, isGranted: boolean): Promise<Harness> => {
    if (isClosed) throw new Error('the shadow has been closed');
    const key = `${release}:${isGranted}`;
    const known = opened.get(key);
    if (known !== undefined) return known;
    const opening = open(release === 'from' ? from : to, { isGranted });
    opened.set(key, opening);
    // One that could not be opened is tried again for the next call.
    opening.catch(() => opened.delete(key));
    return opening;
  };
  return {
    ask: async (release, isGranted, { tool, params }) => {
      const harness = await openOnce(release, isGranted);
      return (await askRelease(harness, { tool, params, signal })).answer;
    },
    close: async () => {
      isClosed = true;
      const all = await Promise.allSettled(opened.values());
      opened.clear();
      await Promise.all(all.map(async (one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
    },
  };
}
