/**
 * Between admission and resolution, where the host is full: the call waits for room until its own deadline. It is resolved
 * first, since only its release says how long it may take, and one that would be refused need not wait to hear so; and again
 * once it has room, because releases and registrations may have changed by then.
 */
import type { AdmissionRefused, HostFull, Reservation } from '../tenant/admit.ts';
import { refuseParams, resolveArriving, resolveCall } from './resolve-call.ts';
import type { CallPath, CallRun } from './call-run.ts';

/** Waits. How long it took is noted as the run's `queueMs`, also where it was for nothing. */
export async function waitForRoom(
  path: CallPath,
  run: CallRun,
  full: HostFull,
): Promise<Reservation | AdmissionRefused> {
  const found = resolveCall(path, run, full.tenant);
  const resolved =
    found.ok || found.absent === undefined
      ? found
      : await resolveArriving(path, run, { tenant: full.tenant, absent: found.absent });
  if (!resolved.ok) return { kind: 'refused', error: resolved.error };
  const { call } = resolved;
  const refusal = refuseParams(call);
  if (refusal !== undefined) return { kind: 'refused', error: refusal };
  const { deadline, timeoutMs } = call;
  const reservation = await path.admitter.wait(full, { deadline, timeoutMs, signal: run.task.signal });
  run.queueMs = path.clock.now() - run.startedAt;
  return reservation;
}
