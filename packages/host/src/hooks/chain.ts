/**
 * The hook pipeline of one point in a call or an agent's run (X003-2): hooks that change are asked one after another, what one
 * answers is what the next sees; gates in a row are asked at once, observers are told and not waited for. Pure over an injected
 * `invoke`, which runs a hook in its plugin's own sandbox; this file knows no sandbox and no tool.
 *
 *   data ──▶ change ──▶ gate ┐
 *                       gate ┴──▶ change ──▶ … ──▶ what the call goes on with    before
 *                 observe ╌╌▶
 *   data ◀── hook 1 ◀── hook 2 ◀── … ◀── what the call answered                  after: entered hooks, in reverse
 *
 * H1: Order is priority (lower first), then global before tenant, then order of registration.
 * H2: Each hook ends within its time, or counts as failed.
 * H3: A failure of a `fail_open` hook changes nothing and is told; one of a `fail_closed` hook refuses the call.
 * H4: The caller's object, and what a hook was given, is never changed: data crosses a wall as text each time, and only what comes
 *     back over it goes on.
 * H5: A hook changes what the point lets it change and nothing else; that is validated before anybody sees it, and an invalid
 *     change is a failure of that hook.
 * H6: A hook that was entered gets its after hook, whatever became of the call: wrappers unwind. One that handles one of both
 *     points alone is entered all the same, and not asked at the other.
 * H7: A call that comes from a hook is not hooked.
 * H8: An observer costs its frame and no waiting, unless its policy is `fail_closed`: then it must have answered.
 */
import {
  callError,
  type CallError,
  type FailurePolicy,
  type HookMode,
  type HookName,
  type JsonObject,
  type JsonValue,
} from '@bulkhead/protocol';
import type { StayAwake } from '../base/stay-awake.ts';
import type { StartTimer } from '../base/timer.ts';

/** A hook of a plugin; `tenant` is undefined for a global one, `order` is that of its registration. */
export type Hook = {
  readonly plugin: string;
  /** Points that its plugin handles; at any other it lets pass. */
  readonly points: readonly HookName[];
  /** What it does there; `change` where nothing is said. */
  readonly modes: Readonly<Partial<Record<HookName, HookMode>>>;
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

/** Which hook is run how, and for whom; `data` is the chain's own, and is written to the hook's sandbox. */
export type Invocation = {
  readonly point: HookName;
  readonly hook: Hook;
  readonly data: JsonObject;
  readonly tenant: string;
  readonly eventDepth: number | undefined;
};

/** A hook that failed without ending the call, for the log and the metrics. */
export type HookFailure = { readonly point: HookName; readonly plugin: string; readonly reason: string };

/** What a chain needs of the host; `didFail` must not throw. */
export type HookRunner = {
  /** Runs a hook, and ends it at `hook.timeoutMs`; a rejection counts as failed. */
  readonly invoke: (invocation: Invocation) => Promise<HookAnswer>;
  readonly startTimer: StartTimer;
  /** Waits for hooks' answers, on which the call waits. */
  readonly stayAwake: StayAwake;
  /** Runs what nobody waits for once what somebody waits for is on its way. */
  readonly defer: (work: () => void) => void;
  readonly didFail: (failure: HookFailure) => void;
};

/**
 * One run of a chain. `changeable` are the fields of the data that hooks may change, `validate` says what is wrong with data
 * that a hook changed, or undefined; `eventDepth` is that of the event which led to the call.
 */
export type HookRun = {
  /** In whose instances the hooks run. */
  readonly tenant: string;
  readonly changeable: readonly string[];
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

/** What observers are told. */
export type HookTelling = Omit<HookRun, 'validate' | 'changeable'>;

/** The three ways to run hooks; a call runs `before` and then, with what was entered, `after`. Safe to call concurrently. */
export type HookChain = {
  /** Runs hooks in order; a veto or a failed gate refuses (`HOOK_VETOED`, `HOOK_FAILED`). Never rejects. */
  readonly before: (run: HookRun) => Promise<BeforeAnswer>;
  /** Runs hooks in reverse, all of them; none can refuse what has happened. Never rejects. */
  readonly after: (run: HookRun) => Promise<JsonObject>;
  /** Tells all hooks at once and waits for none; what they answer is not looked at. */
  readonly observe: (run: HookTelling) => void;
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
    for (const batch of batchesOf(run)) {
      entered.push(...batch.hooks);
      if (batch.mode === 'observe') tell(runner, run, { hooks: batch.hooks, data });
      if (batch.mode === 'observe' || batch.mode === 'pass') continue;
      const steps = await askAll(runner, run, { hooks: batch.hooks, data });
      for (const { hook, step } of steps) {
        const refusal = refusalOf(hook, step);
        if (refusal !== undefined) return { kind: 'refused', entered, error: refusal };
        if (step.kind !== 'data') runner.didFail(failureOf(run, hook, step.reason));
        else if (batch.mode === 'change') data = step.data;
      }
    }
    return { kind: 'go', entered, data };
  }

  async function after(run: HookRun): Promise<JsonObject> {
    let data = run.data;
    for (const hook of run.hooks.toReversed()) {
      if (!hook.points.includes(run.point)) continue;
      if (isToldOnly(run.point, hook)) {
        tell(runner, run, { hooks: [hook], data });
        continue;
      }
      const step = judge(await runner.stayAwake(askInTime(runner, run, { hook, data })), { hook, data }, run);
      if (step.kind === 'data') data = step.data;
      else runner.didFail(failureOf(run, hook, step.reason));
    }
    return data;
  }

  return { before, after, observe: (run) => tell(runner, run, run) };
}

/** Hooks that are asked at once, in one of the ways; `pass`: they do not handle the point. */
type Batch = { readonly mode: HookMode | 'pass'; readonly hooks: readonly Hook[] };

/** Gates in a row go together; whatever changes data stands alone, since the next hook sees what it made. */
function batchesOf({ hooks, point }: Pick<HookRun, 'hooks' | 'point'>): readonly Batch[] {
  const batches: { mode: Batch['mode']; hooks: Hook[] }[] = [];
  for (const hook of hooks) {
    const mode = wayOf(point, hook);
    const last = batches.at(-1);
    if (last?.mode === mode && mode !== 'change') last.hooks.push(hook);
    else batches.push({ mode, hooks: [hook] });
  }
  return batches;
}

/** An observer without which nothing may go on is waited for like a gate (H8). */
function wayOf(point: HookName, hook: Hook): Batch['mode'] {
  if (!hook.points.includes(point)) return 'pass';
  const mode = hook.modes[point] ?? 'change';
  return mode === 'observe' && hook.policy === 'fail_closed' ? 'gate' : mode;
}

function isToldOnly(point: HookName, hook: Hook): boolean {
  return hook.modes[point] === 'observe';
}

type Asked = { readonly hooks: readonly Hook[]; readonly data: JsonObject };

/** Asks all at once and waits for all, so that of two refusals the one of the earlier hook counts, whichever came first. */
async function askAll(
  runner: HookRunner,
  run: HookRun,
  { hooks, data }: Asked,
): Promise<readonly { readonly hook: Hook; readonly step: Step }[]> {
  const asked = hooks.map((hook) => askInTime(runner, run, { hook, data }));
  const answers = await runner.stayAwake(Promise.all(asked));
  return answers.flatMap((answer, index) => {
    const hook = hooks[index];
    return hook === undefined ? [] : [{ hook, step: judge(answer, { hook, data }, run) }];
  });
}

/** Tells hooks at once, whose answers nobody waits for; how they fail is told when it is known. */
function tell(runner: HookRunner, run: HookTelling, { hooks, data }: Asked): void {
  const watching = hooks.filter(({ points }) => points.includes(run.point));
  runner.defer(() => {
    for (const hook of watching)
      void askInTime(runner, run, { hook, data }).then((answer) => {
        if (answer.kind === 'failed') runner.didFail(failureOf(run, hook, answer.error.message));
      });
  });
}

function failureOf({ point }: Pick<HookRun, 'point'>, { plugin }: Hook, reason: string): HookFailure {
  return { point, plugin, reason };
}

/** Why nothing goes on after this answer; undefined where it does. */
function refusalOf(hook: Hook, step: Step): CallError | undefined {
  if (step.kind === 'veto') return vetoed(hook, step.reason);
  return step.kind === 'failed' && hook.policy === 'fail_closed' ? failed(hook, step.reason) : undefined;
}

function rank(hook: Hook): number {
  return hook.tenant === undefined ? 0 : 1;
}

type Step =
  { readonly kind: 'data'; readonly data: JsonObject } | { readonly kind: 'veto' | 'failed'; readonly reason: string };

/** Turns an answer into what the chain may do with it (H5). */
function judge(
  answer: HookAnswer,
  { hook, data }: { readonly hook: Hook; readonly data: JsonObject },
  run: HookRun,
): Step {
  if (answer.kind === 'failed') return { kind: 'failed', reason: answer.error.message };
  if (answer.kind === 'veto') {
    return hook.mayVeto
      ? answer
      : { kind: 'failed', reason: `it refused the call without the permission "gate": ${answer.reason}` };
  }
  if (answer.data === data || wayOf(run.point, hook) !== 'change') return { kind: 'data', data };
  const changed = changedBy(answer.data, data, run.changeable);
  const wrong = run.validate(changed);
  return wrong === undefined
    ? { kind: 'data', data: changed }
    : { kind: 'failed', reason: `what it answered is not valid: ${wrong}` };
}

/** A field that is missing in the answer is one that the hook took away: the validation says whether it may. */
function changedBy(answered: JsonObject, data: JsonObject, fields: readonly string[]): JsonObject {
  const changed: Record<string, JsonValue> = { ...data };
  for (const field of fields) {
    const value = answered[field];
    if (value === undefined) Reflect.deleteProperty(changed, field);
    else changed[field] = value;
  }
  return changed;
}

/** Runs one hook and answers within its time, whatever becomes of it (H2). One promise: a race would cost four for each hook. */
function askInTime(
  runner: HookRunner,
  { point, tenant, eventDepth }: Pick<HookRun, 'point' | 'tenant' | 'eventDepth'>,
  { hook, data }: { readonly hook: Hook; readonly data: JsonObject },
): Promise<HookAnswer> {
  return new Promise((resolve) => {
    const end = (answer: HookAnswer): void => {
      cancelTimer();
      resolve(answer);
    };
    const cancelTimer = runner.startTimer(hook.timeoutMs, () =>
      end(failedAnswer(`it did not answer within ${hook.timeoutMs} ms`)),
    );
    runner
      .invoke({ point, hook, data, tenant, eventDepth })
      .then(end, (error: unknown) => end(failedAnswer(error instanceof Error ? error.message : 'it could not be run')));
  });
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
