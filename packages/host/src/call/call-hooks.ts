/**
 * Steps 4 and 7 of a call: the hooks before and after it. Only a tool's call is hooked; what a hook changed is judged by
 * the same schema as what it replaced. A hook after the call may replace a value, and never turns a failure into ok.
 */
import { isJsonObject, type CallError, type HookName, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import type { Hook, HookRun } from '../hooks/chain.ts';
import type { CallEnd, CallPath, CallRun } from './call-run.ts';
import { refuseParams, toolOf, type ResolvedCall } from './resolve-call.ts';

/** A call whose before hooks have let it pass, with the hooks that are to be unwound. */
export type HookedCall =
  | { readonly ok: true; readonly call: ResolvedCall; readonly entered: readonly Hook[] }
  | { readonly ok: false; readonly error: CallError };

type Passed = Extract<HookedCall, { readonly ok: true }>;

const NO_HOOKS: readonly Hook[] = [];
const AROUND_TOOL_CALLS: readonly HookName[] = ['before_tool_call', 'after_tool_call'];
const ON_ERROR: readonly HookName[] = ['on_error'];

/** Lists the hooks that the call meets; most meet none. */
export function hooksOf(path: CallPath, run: CallRun): readonly Hook[] {
  return run.task.target.kind === 'tool' ? path.hooksFor(AROUND_TOOL_CALLS, run.tenant) : NO_HOOKS;
}

/** The call where no hook is to be asked. */
export function passUnhooked(call: ResolvedCall): Passed {
  return { ok: true, call, entered: NO_HOOKS };
}

/** Runs the hooks before a tool's call; they may change `params`, or refuse. */
export async function runBeforeHooks(
  path: CallPath,
  run: CallRun,
  { call, hooks }: { readonly call: ResolvedCall; readonly hooks: readonly Hook[] },
): Promise<HookedCall> {
  const validate = (data: JsonObject): string | undefined => refuseParams(withParams(call, data))?.message;
  const data = { ...subject(run), params: call.args[0] ?? {} };
  const point = around(run, 'before_tool_call', ['params']);
  const answer = await path.hookChain.before({ ...point, hooks, data, validate });
  if (answer.kind === 'go') return { ok: true, call: withParams(call, answer.data), entered: answer.entered };
  await unwind(path, run, { hooks: answer.entered, data: { ...data, error: { ...answer.error } } });
  return { ok: false, error: answer.error };
}

/** Runs the hooks after a tool's call in reverse order; all of them, whatever became of it. */
export async function runAfterHooks(
  path: CallPath,
  { run, hooked, end }: { readonly run: CallRun; readonly hooked: Passed; readonly end: CallEnd },
): Promise<CallEnd> {
  const { call, entered: hooks } = hooked;
  const about = { ...subject(run), params: call.args[0] ?? {} };
  if (!end.ok) {
    await unwind(path, run, { hooks, data: { ...about, error: { ...end.error } } });
    return end;
  }
  const validate = (data: JsonObject): string | undefined => toolOf(call, run)?.checkResult?.(data['value']);
  const data = await path.hookChain.after({
    ...around(run, 'after_tool_call', ['value']),
    hooks,
    data: { ...about, value: end.value },
    validate,
  });
  return { ...end, value: data['value'] ?? null };
}

/** Tells who watches for errors that a tool's call has failed, at whatever step; nobody waits for them (F003-25). */
export function tellError(path: CallPath, run: CallRun, error: CallError): void {
  if (run.task.target.kind !== 'tool') return;
  const hooks = path.hooksFor(ON_ERROR, run.tenant);
  if (hooks.length === 0) return;
  const data = { ...subject(run), params: run.task.args[0] ?? {}, error: { ...error } };
  const { tenant, task } = run;
  path.hookChain.observe({ point: 'on_error', tenant, eventDepth: task.eventDepth, hooks, data });
}

async function unwind(
  path: CallPath,
  run: CallRun,
  { hooks, data }: { readonly hooks: readonly Hook[]; readonly data: JsonObject },
): Promise<void> {
  await path.hookChain.after({ ...around(run, 'after_tool_call', []), hooks, data, validate: () => undefined });
}

/** What hooks do follows from what led to the call. */
function around(
  { tenant, task }: CallRun,
  point: HookName,
  changeable: readonly string[],
): Pick<HookRun, 'point' | 'tenant' | 'changeable' | 'eventDepth'> {
  return { point, tenant, changeable, eventDepth: task.eventDepth };
}

function subject(run: CallRun): JsonObject {
  return { plugin: run.task.plugin, tool: run.task.target.name, tenant: run.tenant, call_id: run.id };
}

function withParams(call: ResolvedCall, data: JsonObject): ResolvedCall {
  const params: JsonValue = isJsonObject(data['params']) ? data['params'] : {};
  return { ...call, args: [params] };
}
