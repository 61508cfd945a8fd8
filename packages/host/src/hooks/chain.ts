/**
 * The hook pipeline of one point in a call (X003-2): hooks run one after another, what one answers is what the next sees,
 * and any gate may refuse. Pure over an injected `invoke`, which runs a hook in its plugin's own sandbox; this file knows
 * no sandbox and no tool.
 *
 *   data ──▶ hook 1 ──▶ hook 2 ──▶ … ──▶ what the call goes on with          before
 *   data ◀── hook 1 ◀── hook 2 ◀── … ◀── what the call answered              after: entered hooks, in reverse
 *
 * H1: Order is priority (lower first), then global before tenant, then order of registration.
 * H2: Each hook ends within its time, or counts as failed.
 * H3: A failure of a `fail_open` hook changes nothing and is told; one of a `fail_closed` hook refuses the call.
 * H4: The caller's object, and what a hook was given, is never changed: each hook gets a copy.
 * H5: What a hook changed is validated before anybody sees it; an invalid change is a failure of that hook.
 * H6: A hook that was entered gets its after hook, whatever became of the call: wrappers unwind. One that handles one of both
 *     points alone is entered all the same, and not asked at the other.
 * H7: A call that comes from a hook is not hooked.
 */
import { callError, type CallError, type HookName, type JsonObject } from '@bulkhead/protocol';
import type { StartTimer } from '../base/timer.ts';

/** What a failure of a hook does: `fail_open` goes on without it, `fail_closed` refuses the call. */
export type FailurePolicy = 'fail_open' | 'fail_closed';

/** A hook of a plugin; `tenant` is undefined for a global one, `order` is that of its registration. */
export type Hook = {
  readonly plugin: string;
  /** Points that its plugin handles; at any other it lets pass. */
  readonly points: readonly HookName[];
  readonly tenant: string | undefined;
  readonly priority: number;
  readonly order: number;
  readonly policy: FailurePolicy;
  /** Only a plugin that was granted `gate` may refuse; from others a veto is a failure. */
  readonly mayVeto: boolean;
  readonly timeoutMs: number;
};

/** What a hook answers: data, perhaps changed; or a veto with its reason; or how it failed. */
export type HookAnswer =
  | { readonly kind: 'data'; readonly data: JsonObject }
  | { readonly kind: 'veto'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: CallError };

/** Which hook is run how; `signal` aborts when its time is over. */
export type Invocation = {
  readonly point: HookName;
  readonly hook: Hook;
  readonly data: JsonObject;
  readonly signal: AbortSignal;
  readonly eventDepth: number | undefined;
};

/** A hook that failed without ending the call, for the log and the metrics. */
export type HookFailure = { readonly point: HookName; readonly plugin: string; readonly reason: string };

/** What a chain needs of the host; `didFail` must not throw. */
export type HookRunner = {
  /** Runs a hook; a rejection counts as failed. */
  readonly invoke: (invocation: Invocation) => Promise<HookAnswer>;
  readonly startTimer: StartTimer;
  readonly didFail: (failure: HookFailure) => void;
};

/**
 * One run of a chain. `validate` says what is wrong with data that a hook changed, or undefined; `eventDepth` is that of the event
 * which led to the call.
 */
export type HookRun = {
  readonly eventDepth?: number | undefined;
  readonly point: HookName;
  readonly hooks: readonly Hook[];
  readonly data: JsonObject;
  readonly validate: (data: JsonObject) => string | undefined;
};

/** How the before hooks ended; `entered` is for {@link HookChain.after}, also where the call was refused. */
export type BeforeAnswer = { readonly entered: readonly Hook[] } & (
  { readonly kind: 'go'; readonly data: JsonObject } | { readonly kind: 'refused'; readonly error: CallError }
);

/** The three ways to run hooks; a call runs `before` and then, with what was entered, `after`. Safe to call concurrently. */
export type HookChain = {
  /** Runs hooks in order; a veto or a failed gate refuses (`HOOK_VETOED`, `HOOK_FAILED`). Never rejects. */
  readonly before: (run: HookRun) => Promise<BeforeAnswer>;
  /** Runs hooks in reverse, all of them; none can refuse what has happened. Never rejects. */
  readonly after: (run: HookRun) => Promise<JsonObject>;
  /** Tells all hooks at once; what they answer is not looked at. Never rejects. */
  readonly observe: (run: Omit<HookRun, 'validate'>) => Promise<void>;
};

/** Puts hooks in their order (H1), without changing the list. */
export function orderHooks(hooks: readonly Hook[]): readonly Hook[] {
  return hooks.toSorted((a, b) => a.priority - b.priority || rank(a) - rank(b) || a.order - b.order);
}

/** Returns the hooks that a call meets: those of its tenant and the global ones in order; none for a call from a hook (H7). */
export function hooksOf(
  hooks: readonly Hook[],
  call: { readonly tenant: string; readonly isFromHook: boolean },
): readonly Hook[] {
  if (call.isFromHook) return [];
  return orderHooks(hooks.filter((hook) => hook.tenant === undefined || hook.tenant === call.tenant));
}

/** Creates the pipeline over a way to run one hook. */
export function createHookChain(runner: HookRunner): HookChain {
  async function before(run: HookRun): Promise<BeforeAnswer> {
    const entered: Hook[] = [];
    let data = run.data;
    for (const hook of run.hooks) {
      entered.push(hook);
      if (!hook.points.includes(run.point)) continue;
      const answer = await askInTime(runner, run, { hook, data });
      const step = judge(answer, hook, run);
      if (step.kind === 'data') data = step.data;
      else if (step.kind === 'veto') return { kind: 'refused', entered, error: vetoed(hook, step.reason) };
      else if (hook.policy === 'fail_closed') return { kind: 'refused', entered, error: failed(hook, step.reason) };
      else runner.didFail({ point: run.point, plugin: hook.plugin, reason: step.reason });
    }
    return { kind: 'go', entered, data };
  }

  async function after(run: HookRun): Promise<JsonObject> {
    let data = run.data;
    for (const hook of run.hooks.toReversed()) {
      if (!hook.points.includes(run.point)) continue;
      const step = judge(await askInTime(runner, run, { hook, data }), hook, run);
      if (step.kind === 'data') data = step.data;
      else runner.didFail({ point: run.point, plugin: hook.plugin, reason: step.reason });
    }
    return data;
  }

  async function observe(run: Omit<HookRun, 'validate'>): Promise<void> {
    const tell = async (hook: Hook): Promise<void> => {
      const answer = await askInTime(runner, run, { hook, data: run.data });
      if (answer.kind === 'failed')
        runner.didFail({ point: run.point, plugin: hook.plugin, reason: answer.error.message });
    };
    await Promise.all(run.hooks.filter(({ points }) => points.includes(run.point)).map(tell));
  }

  return { before, after, observe };
}

function rank(hook: Hook): number {
  return hook.tenant === undefined ? 0 : 1;
}

type Step =
  { readonly kind: 'data'; readonly data: JsonObject } | { readonly kind: 'veto' | 'failed'; readonly reason: string };

/** Turns an answer into what the chain may do with it (H5). */
function judge(answer: HookAnswer, hook: Hook, run: HookRun): Step {
  if (answer.kind === 'failed') return { kind: 'failed', reason: answer.error.message };
  if (answer.kind === 'veto') {
    return hook.mayVeto
      ? answer
      : { kind: 'failed', reason: `it refused the call without the permission "gate": ${answer.reason}` };
  }
  const wrong = run.validate(answer.data);
  return wrong === undefined ? answer : { kind: 'failed', reason: `what it answered is not valid: ${wrong}` };
}

/** Runs one hook on a copy of the data (H4) and answers within its time (H2). */
async function askInTime(
  runner: HookRunner,
  run: Pick<HookRun, 'point' | 'eventDepth'>,
  at: { readonly hook: Hook; readonly data: JsonObject },
): Promise<HookAnswer> {
  const abort = new AbortController();
  const { promise: late, resolve } = Promise.withResolvers<HookAnswer>();
  const cancelTimer = runner.startTimer(at.hook.timeoutMs, () => {
    abort.abort();
    resolve(failedAnswer(`it did not answer within ${at.hook.timeoutMs} ms`));
  });
  try {
    const data = structuredClone(at.data);
    const { point, eventDepth } = run;
    return await Promise.race([runner.invoke({ point, hook: at.hook, data, signal: abort.signal, eventDepth }), late]);
  } catch (error) {
    return failedAnswer(error instanceof Error ? error.message : 'it could not be run');
  } finally {
    cancelTimer();
  }
}

function failedAnswer(message: string): HookAnswer {
  return { kind: 'failed', error: callError('HOOK_FAILED', { message }) };
}

function vetoed(hook: Hook, reason: string): CallError {
  return callError('HOOK_VETOED', { message: `the hook of plugin "${hook.plugin}" refused the call: ${reason}` });
}

function failed(hook: Hook, reason: string): CallError {
  return callError('HOOK_FAILED', { message: `the gate hook of plugin "${hook.plugin}" failed: ${reason}` });
}
