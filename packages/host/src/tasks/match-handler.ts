/**
 * Which handler a task goes to (CONTRACTS decision 13, X000-8): `requires` is a subset of its PROVIDES, PROVIDES is a subset of the worker's
 * tags, its KIND is the task's, and its `dispatch` says yes. Pure: whoever calls brings the handlers and asks them.
 */
import type { Task, TaskKind } from '@bulkhead/protocol';
import { missingTags } from './capability-tags.ts';

/**
 * A handler as its plugin says it is. `plugin_tags` are those that its plugin's manifest bears out (without hosts in `network.allow` there
 * is no `internet`, F000-44); undefined where nobody has looked, so that only the worker's tags count.
 *
 * @public
 */
export type HandlerOffer = {
  readonly plugin: string;
  readonly version: string;
  readonly name: string;
  readonly kind: TaskKind;
  readonly provides: readonly string[];
  readonly plugin_tags?: readonly string[];
};

/**
 * Why a handler does not serve a task. `not_of_kind`: its KIND is another. `lacks_tags`: its PROVIDES lacks tags that the task requires.
 * `worker_lacks_tags`, `plugin_lacks_tags`: it says that it provides tags which the worker does not have, or which its plugin's manifest
 * does not bear out. `declined`: its `dispatch` said no.
 *
 * @public
 */
export type HandlerRefusal = {
  readonly handler: string;
  readonly why: 'not_of_kind' | 'lacks_tags' | 'worker_lacks_tags' | 'plugin_lacks_tags' | 'declined';
  /** Sorted; empty for `not_of_kind` and `declined`. */
  readonly missing_tags: readonly string[];
  readonly message: string;
};

/**
 * What came of looking for a handler. Of a refusal `missing_tags` are those of the nearest handler, which stands first in `refusals`, or
 * all that the task requires beyond the worker's where there is none of its kind.
 *
 * @public
 */
export type HandlerMatch<Offer extends HandlerOffer> =
  | { readonly kind: 'matched'; readonly handler: Offer }
  | {
      readonly kind: 'refused';
      readonly missing_tags: readonly string[];
      readonly refusals: readonly HandlerRefusal[];
      readonly message: string;
    };

/**
 * Finds the handler of a task: the first that passes, in the order of {@link orderHandlers}. `dispatch` is asked of those alone whose kind
 * and tags fit, one after another, until one says yes.
 *
 * @param workerTags - Of the worker, with all that they imply.
 * @param dispatch - Asks a handler whether it takes the task. What it rejects with is the caller's.
 * @public
 */
export async function matchHandler<Offer extends HandlerOffer>(
  task: Pick<Task, 'id' | 'kind' | 'requires'>,
  { handlers, workerTags }: { readonly handlers: readonly Offer[]; readonly workerTags: readonly string[] },
  dispatch: (handler: Offer) => boolean | Promise<boolean>,
): Promise<HandlerMatch<Offer>> {
  const worker = new Set(workerTags);
  const refusals: HandlerRefusal[] = [];
  for (const handler of orderHandlers(handlers)) {
    const refusal = refusalOf(task, handler, worker);
    if (refusal !== undefined) refusals.push(refusal);
    else if (await dispatch(handler)) return { kind: 'matched', handler };
    else refusals.push(refused(handler, 'declined', []));
  }
  return refusedBy(task, refusals, worker);
}

/**
 * Tells whether any handler could serve tasks of a kind that require these tags, whatever its `dispatch` says: what a worker may say that
 * it can do before it claims anything.
 *
 * @public
 */
export function couldHandle(
  task: Pick<Task, 'kind' | 'requires'>,
  { handlers, workerTags }: { readonly handlers: readonly HandlerOffer[]; readonly workerTags: readonly string[] },
): boolean {
  const worker = new Set(workerTags);
  return handlers.some((handler) => refusalOf(task, handler, worker) === undefined);
}

/**
 * Orders handlers as they are asked: by plugin, then by name, then as they were given. It does not depend on the order of installation, so
 * that every worker chooses alike.
 *
 * @public
 */
export function orderHandlers<Offer extends HandlerOffer>(handlers: readonly Offer[]): readonly Offer[] {
  return handlers.toSorted((a, b) => compareText(a.plugin, b.plugin) || compareText(a.name, b.name));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function refusalOf(
  { kind, requires }: Pick<Task, 'kind' | 'requires'>,
  handler: HandlerOffer,
  worker: ReadonlySet<string>,
): HandlerRefusal | undefined {
  if (handler.kind !== kind) return refused(handler, 'not_of_kind', []);
  const { provides, plugin_tags: pluginTags } = handler;
  const unproven = pluginTags === undefined ? [] : missingTags(provides, new Set(pluginTags));
  if (unproven.length > 0) return refused(handler, 'plugin_lacks_tags', unproven);
  const unoffered = missingTags(requires, new Set(provides));
  if (unoffered.length > 0) return refused(handler, 'lacks_tags', unoffered);
  const unhad = missingTags(provides, worker);
  return unhad.length > 0 ? refused(handler, 'worker_lacks_tags', unhad) : undefined;
}

const MESSAGES: Readonly<Record<HandlerRefusal['why'], (tags: string) => string>> = {
  not_of_kind: () => 'is for another kind of task',
  lacks_tags: (tags) => `does not provide ${tags}`,
  worker_lacks_tags: (tags) => `says that it provides ${tags}, which this worker does not have`,
  plugin_lacks_tags: (tags) => `says that it provides ${tags}, which the manifest of its plugin does not bear out`,
  declined: () => 'does not take this task, by its dispatch',
};

function refused(handler: HandlerOffer, why: HandlerRefusal['why'], tags: readonly string[]): HandlerRefusal {
  const name = `${handler.plugin} ${handler.version} ${handler.name}`;
  return { handler: name, why, missing_tags: tags, message: `${name} ${MESSAGES[why](tags.join(', '))}` };
}

/** Nearest first: one that only declined, then by how many tags are missing; who is of another kind comes last. */
function distanceOf({ why, missing_tags: missing }: HandlerRefusal): number {
  return why === 'not_of_kind' ? Infinity : missing.length;
}

function refusedBy(
  { id, kind, requires }: Pick<Task, 'id' | 'kind' | 'requires'>,
  all: readonly HandlerRefusal[],
  worker: ReadonlySet<string>,
): Extract<HandlerMatch<never>, { readonly kind: 'refused' }> {
  // Infinity less itself is no number, which sorts as equal.
  const refusals = all.toSorted((a, b) => distanceOf(a) - distanceOf(b) || 0);
  const [nearest] = refusals;
  const isOfKind = nearest !== undefined && nearest.why !== 'not_of_kind';
  const missing = isOfKind ? nearest.missing_tags : missingTags(requires, worker);
  const what = `no handler for task "${id}" of kind ${kind} that requires ${requires.join(', ') || 'nothing'}`;
  const lacking = missing.length > 0 ? `; missing: ${missing.join(', ')}` : '';
  const why = isOfKind ? `; nearest: ${nearest.message}` : `; none of kind ${kind} is there`;
  return { kind: 'refused', missing_tags: missing, refusals, message: `${what}${lacking}${why}` };
}
