/**
 * The call flow: one function of a plugin run once, as a list of steps. Each step hands on what the next may know, or
 * ends the call; `record` is the only way out, so that every outcome updates registry, ledger and metrics. What a call with
 * an idempotency key is told again is no call, and is not recorded twice.
 *
 *   admit -> (once) -> resolve -> validate params -> before hooks -> sandbox -> validate result -> after hooks -> record
 *                         └───────── where a release on probation fails: once more, by the release before ─────────┘
 */
import type { Outcome } from '@bulkhead/protocol';
import {
  isStrict,
  refuseParams,
  refuseRate,
  resolveArriving,
  resolveCall,
  startDurably,
  type ResolvedCall,
} from './call/resolve-call.ts';
import {
  failCall,
  openCall,
  recordCall,
  recordStart,
  type CallEnd,
  type CallPath,
  type CallRun,
  type CallTask,
} from './call/call-run.ts';
import { hooksOf, passUnhooked, runAfterHooks, runBeforeHooks, tellError } from './call/call-hooks.ts';
import { listen } from './call/listen.ts';
import { runInSandbox } from './call/run-in-sandbox.ts';
import { judgeResult } from './call/judge-result.ts';
import { runOnce } from './call/run-once.ts';
import { giveSecondChance } from './call/second-chance.ts';
import { waitForRoom } from './call/wait-for-room.ts';
import { inStepSpan } from './tracing/call-span.ts';
import type { AdmissionRefused, Reservation } from './tenant/admit.ts';

/**
 * Runs one call and reports how it ended; a dying plugin is an answer, not a rejection.
 *
 * @param task - What is called, by whom and for how long; `params` and `args` are JSON.
 * @returns the Outcome. Its `cpu_ms` and `peak_rss_bytes` are measured by the watchdog, never claimed by the guest.
 * @remarks Keeps F001-14 and F001-17. Never rejects. Safe to call concurrently.
 */
export async function runCall(path: CallPath, task: CallTask): Promise<Outcome> {
  const run = openCall(path, task);
  let admission: Reservation | AdmissionRefused | undefined;
  try {
    const asked = path.admitter.admit(task.tenant, run.startedAt);
    admission = asked.kind === 'full' ? await waitForRoom(path, run, asked) : asked;
    if (admission.kind === 'refused') return recordCall(path, run, { ok: false, error: admission.error });
    const { tenant } = admission;
    const key = task.idempotencyKey;
    if (key !== undefined) return await runOnce(path, run, { key, serve: () => serve(path, run, tenant) });
    const first = await runSteps(path, run, tenant);
    return recordCall(path, run, first.ok ? first : await endFailed(path, run, { failed: first, tenant }));
  } catch (cause) {
    return failCall(path, run, cause);
  } finally {
    if (admission?.kind === 'admitted') path.admitter.settle(admission, run.endedAt);
  }
}

/** The same where somebody else records the call. */
async function serve(path: CallPath, run: CallRun, tenant: ResolvedCall['tenant']): Promise<CallEnd> {
  const first = await runSteps(path, run, tenant);
  return first.ok ? first : endFailed(path, run, { failed: first, tenant });
}

type Failed = { readonly failed: Extract<CallEnd, { readonly ok: false }>; readonly tenant: ResolvedCall['tenant'] };

/** What went wrong is told to the hooks that watch for it, whichever step it was. */
async function endFailed(path: CallPath, run: CallRun, { failed, tenant }: Failed): Promise<CallEnd> {
  const again = (second: CallRun): Promise<CallEnd> => runSteps(path, second, tenant);
  const end = await giveSecondChance(path, run, { failed, serve: again });
  if (!end.ok) tellError(path, run, end.error);
  return end;
}

/** Steps that most calls skip are awaited only where they are taken: each await costs a call promises and a turn. */
async function runSteps(path: CallPath, run: CallRun, tenant: ResolvedCall['tenant']): Promise<CallEnd> {
  const found = resolveCall(path, run, tenant);
  const resolved =
    found.ok || found.absent === undefined ? found : await resolveArriving(path, run, { tenant, absent: found.absent });
  if (!resolved.ok) return { ok: false, error: resolved.error };
  const { call } = resolved;
  const refusal = refuseParams(call) ?? refuseRate(call, run.attemptedAt);
  if (refusal !== undefined) return { ok: false, error: refusal };
  const hooks = hooksOf(path, run);
  const hooked = hooks.length === 0 ? passUnhooked(call) : await runBeforeHooks(path, run, { call, hooks });
  if (!hooked.ok) return hooked;
  const unstored = isStrict(call) ? await startDurably(path, run, call.deadline) : recordStart(path, run);
  if (unstored !== undefined) return { ok: false, error: unstored };
  const listener = listen(run, hooked.call, hooks.length > 0 || run.task.idempotencyKey !== undefined);
  const heard = { ...hooked.call, listener };
  const reply = await inStepSpan(run.span, 'bulkhead.sandbox', () => runInSandbox(path, run, heard));
  const end = judgeResult(run, hooked.call, reply);
  path.recorder.note(run, hooked.call.args[0], end);
  path.mirror.note(run, hooked.call, end);
  return hooks.length === 0 ? end : runAfterHooks(path, { run, hooked, end });
}
