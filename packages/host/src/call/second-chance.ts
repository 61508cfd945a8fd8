/**
 * The second chance: while an upgrade that evidence let in is watched, a call that ended badly on the new release is served by the
 * release before, where that is safe. So no call fails that the release before would have served, and the ledger tells which did.
 *
 *   new release fails ──may not be repeated──────────────▶ its end
 *        └──▶ release before ──serves──▶ ledger: new failed (an id of its own), old ok     (the call)      ▶ the value
 *                   └──────────fails───▶ ledger: old failed (an id of its own), new failed (the call)      ▶ the new one's end
 *
 * N1: What may have changed anything outside its own guest is not repeated.
 * N2: The caller's own deadline and signal hold for both attempts together.
 * N3: The registration stays as it is, and the tenant's standing is that of the release that it runs.
 */
import { callError, capabilitiesOf, type CallError, type OutcomeKind } from '@bulkhead/protocol';
import { worksInBackground } from '../fleet/background.ts';
import { earlierRelease, type Earlier } from '../moves/canary.ts';
import { recordAttempt, settleAttempt, type CallEnd, type CallPath, type CallRun } from './call-run.ts';
import { didReachTool } from './run-once.ts';

/** A call that has failed, and its steps, to be taken once more by another run. */
export type FailedCall = {
  readonly failed: Extract<CallEnd, { readonly ok: false }>;
  readonly serve: (run: CallRun) => Promise<CallEnd>;
};

/** Ends after which the release before may do better; of the others it would end the same way, or the caller gave up. */
const REPEATED: ReadonlySet<OutcomeKind> = new Set([
  ...(['invalid_input', 'not_found', 'breaker_open', 'unavailable'] as const),
  ...(['tool_error', 'invalid_output', 'output_too_large', 'out_of_memory'] as const),
  ...(['crashed', 'protocol_violation', 'timeout'] as const),
]);

/** Ends the call as it failed, or as the release before it serves it. */
export async function giveSecondChance(path: CallPath, run: CallRun, { failed, serve }: FailedCall): Promise<CallEnd> {
  const earlier = mayBetter(run, failed.error) ? findEarlier(path, run, failed) : undefined;
  if (earlier === undefined) return failed;
  endAttempt(path, run, failed.error);
  path.standBy(earlier.standIn.release, earlier.until);
  const second = openSecond(path, run, earlier);
  const end = await serveSecond(path, second, serve);
  endAttempt(path, second, end.ok ? undefined : end.error);
  path.metrics.countSecondChance(run.task.plugin, end.ok ? 'served' : 'failed');
  if (end.ok) {
    recordAttempt(path, run, failed.error);
    adopt(run, second);
    return end;
  }
  recordAttempt(path, second, end.error);
  run.record ??= second.record;
  run.didReachStandIn = didReachTool(second, end);
  return failed;
}

/** What needs no look at the tenant's moves. */
function mayBetter({ task, digest, hasChunks }: CallRun, { kind, code }: CallError): boolean {
  if (task.live !== undefined || task.target.kind !== 'tool' || digest === null || hasChunks) return false;
  if (kind === 'not_found' && code !== 'TOOL_NOT_FOUND') return false;
  return REPEATED.has(kind) && task.signal?.aborted !== true;
}

function findEarlier(path: CallPath, run: CallRun, { error }: FailedCall['failed']): Earlier | undefined {
  const { tenant, task, version } = run;
  if (version === null) return undefined;
  const earlier = earlierRelease(path, { tenant, plugin: task.plugin, version });
  if (earlier === undefined || !isTimeLeft(path, run) || isInTheWay(earlier)) return undefined;
  return didReachTool(run, { ok: false, error }) && !isRepeatable(path, run, earlier) ? undefined : earlier;
}

/** Less than a millisecond is none. */
function isTimeLeft({ clock }: CallPath, { task, startedAt }: CallRun): boolean {
  return task.timeoutMs === undefined || startedAt + task.timeoutMs - clock.now() >= 1;
}

/**
 * Beside the guest of the release that the tenant runs, another would hear the same events and have the same threads; and of an MCP
 * server's processes one at a time has the tenant's state, so that each would wait for the other to end.
 */
function isInTheWay({ standIn: { release, registration }, isCurrent }: Earlier): boolean {
  const { driver, sandbox } = release.manifest;
  const keepsState = driver === 'stdio' && sandbox.scope === 'tenant';
  return !isCurrent && (keepsState || worksInBackground(registration.granted_permissions));
}

/** N1: by the tool's own word, or since it could reach nothing. An MCP server keeps what it likes. */
function isRepeatable({ fleet, releases }: CallPath, run: CallRun, { granted }: Earlier): boolean {
  const { task, digest, version } = run;
  const live = digest === null ? undefined : fleet.find(digest);
  if (live?.tools()?.get(task.target.name)?.wire.idempotent === true) return true;
  const failing = version === null ? undefined : releases.release(task.plugin, version);
  if (failing === undefined || failing.manifest.driver === 'stdio') return false;
  return capabilitiesOf(granted).length === 0;
}

function endAttempt(path: CallPath, run: CallRun, error: CallError | undefined): void {
  run.endedAt = path.clock.now();
  settleAttempt(path, run, error);
}

/** Where the upgrade was taken back meanwhile, the release is what the tenant runs, and stands in for none. */
function openSecond({ clock }: CallPath, run: CallRun, { standIn, isCurrent }: Earlier): CallRun {
  const attemptedAt = clock.now();
  return {
    ...run,
    ...{ attemptedAt, endedAt: attemptedAt, startedWall: clock.wallTime() },
    standIn: isCurrent ? undefined : standIn,
    ...{ version: null, digest: null, instanceId: null, tier: null },
    ...{ cpuMs: null, peakRssBytes: null, stdout: '', stderr: '' },
    ...{ didRun: false, handler: undefined, running: undefined },
  };
}

/** Our own bug here costs the second attempt alone. */
async function serveSecond(path: CallPath, second: CallRun, serve: FailedCall['serve']): Promise<CallEnd> {
  try {
    return await serve(second);
  } catch (cause) {
    path.log.error({ err: cause, call_id: second.id }, 'the host failed while it gave a call its second chance');
    return { ok: false, error: callError('HOST_FAULT') };
  }
}

/** From now on the call is the one that the release before served. */
function adopt(run: CallRun, second: CallRun): void {
  const { version, digest, instanceId, tier, queueMs, cpuMs, peakRssBytes, stdout, stderr } = second;
  const { didRun, hasChunks, record } = second;
  Object.assign(run, { version, digest, instanceId, tier, queueMs, cpuMs, peakRssBytes, stdout, stderr });
  Object.assign(run, { didRun, hasChunks, record });
}
