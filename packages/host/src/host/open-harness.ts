/**
 * Opens a harness: one file, or one release, in guests of its own, below the call flow. Of a call it has the sandbox and nothing
 * else, because what is judged here serves nobody: no tenant is admitted, no registration decides whether it runs, and nothing is
 * recorded.
 */
import { LIMITS, type CallError } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Harness, HarnessOptions } from '../harness-api.ts';
import { openHarnessLane, type HarnessLane } from './harness-lane.ts';
import { harnessSubject, type HarnessSubject } from './harness-subject.ts';
import type { HostParts } from './open-parts.ts';

/**
 * Opens it; no guest is started before the first run.
 *
 * @throws {HostError} `VALIDATION_FAILED` where `instances` is no number of guests, and what {@link harnessSubject} throws.
 */
export async function openHarness(parts: HostParts, options: HarnessOptions): Promise<Harness> {
  const { instances = 1 } = options;
  insistOnInstances(instances);
  const subject = await harnessSubject(parts, options);
  const first = openHarnessLane(parts, subject);
  const others = Array.from({ length: instances - 1 }, () => openHarnessLane(parts, subject));
  const lanes = [first, ...others];
  const free = createFreeLanes(lanes);
  const close = async (): Promise<void> => {
    await Promise.all(lanes.map((lane) => lane.close()));
  };
  return {
    digest: subject.spec.digest,
    run: async (call) => {
      const askedAt = parts.call.clock.now();
      const lane = await free.take();
      try {
        return await lane.run(call, askedAt);
      } finally {
        free.give(lane);
      }
    },
    tools: async () => {
      const failure = await first.learn();
      if (failure !== undefined) throw notLearnt(subject, failure);
      return [...(first.live.tools()?.values() ?? [])].map(({ wire }) => wire);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function insistOnInstances(instances: number): void {
  const most = LIMITS.instances.value;
  if (Number.isSafeInteger(instances) && instances >= 1 && instances <= most) return;
  throw new HostError('VALIDATION_FAILED', {
    message: `instances is ${instances}; expected a whole number from 1 to ${most}`,
    hint: 'Leave it out for one guest, or give as many as are to run at once.',
  });
}

function notLearnt({ spec }: HarnessSubject, { code, message, hint }: CallError): HostError {
  if (code === 'HOST_CLOSED') return new HostError('HOST_CLOSED', { message: 'the harness has been closed' });
  const { name } = spec.manifest;
  return new HostError('TRIAL_FAILED', {
    message: `${name} ${spec.version} does not start, ${code}: ${message}`,
    hint,
  });
}

/** Hands out lanes, the one that waits longest first. */
function createFreeLanes(lanes: readonly HarnessLane[]): {
  readonly take: () => HarnessLane | Promise<HarnessLane>;
  readonly give: (lane: HarnessLane) => void;
} {
  const free = [...lanes];
  const waiting: ((lane: HarnessLane) => void)[] = [];
  return {
    take: () => free.pop() ?? new Promise((resolve) => waiting.push(resolve)),
    give: (lane) => {
      const next = waiting.shift();
      if (next === undefined) free.push(lane);
      else next(lane);
    },
  };
}
