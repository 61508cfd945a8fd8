/**
 * The gate on one host: begins gated moves, carries on those that are this node's or whose node is lost, and ends them when somebody
 * asks.
 */
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import { isEvaluationEnd } from '../evaluations/evaluation-state.ts';
import type { GuardPolicy } from '../install/install-path.ts';
import type { Evaluation, EvaluationKind } from '../storage/evaluations-port.ts';
import { moveBack } from './canary.ts';
import { canaryOf } from './canary-step.ts';
import { carryOn } from './carry-on.ts';
import type { GatePath } from './gate-path.ts';
import { keepPlan, planMove, type GateOptions, type StoredPlan } from './gate-plan.ts';
import { baselineOfRollout, insistOnCandidate } from './insist-on-candidate.ts';

/**
 * A move that evidence decides about: of one tenant's registration (`tenant` is `default` where it is left out), or of all tenants by
 * rising shares. `grant` consents to what the release asks for beyond the one in use.
 *
 * @public
 */
export type GatedMove = {
  readonly plugin: string;
  readonly version: string;
  readonly kind: Exclude<EvaluationKind, 'install'>;
  readonly tenant?: string;
  readonly steps?: readonly number[];
  readonly grant?: readonly string[];
  readonly guard?: GateOptions;
  /** The revision that the registration must have. */
  readonly expected?: number;
  readonly isPlatform?: boolean;
  /** Who acts, for the audit log. */
  readonly by?: string;
};

/**
 * Lets releases in on evidence.
 *
 * @public
 */
export type Gate = {
  readonly policy: GuardPolicy;
  /**
   * Begins a move, which goes on behind the caller, and over a restart.
   *
   * @throws {HostError} `GUARD_NOT_INSTALLED`; `PLUGIN_NOT_FOUND`, `RELEASE_NOT_FOUND`, `CAPABILITY_CHANGE`, `CONFIG_INVALID`,
   *   `VALIDATION_FAILED`, `REVISION_CONFLICT`, `ROLLOUT_RUNNING`; `EVALUATION_RUNNING` where another one of the same registrations is
   *   under way.
   */
  readonly begin: (move: GatedMove) => Promise<Evaluation>;
  /**
   * Ends one. Whoever was moved for it is moved back first.
   *
   * @throws {HostError} `EVALUATION_NOT_FOUND`, `EVALUATION_ENDED`; `REVISION_CONFLICT` where it changed meanwhile.
   */
  readonly cancel: (id: string, by: string) => Promise<Evaluation>;
};

/** Carries on what there is until it is closed. */
export type GateDriver = Omit<Gate, 'policy'> & {
  /** Takes up what this node is to carry on. */
  readonly look: () => void;
  /** Stops; what is under way goes on with the next host. */
  readonly close: () => Promise<void>;
};

/** How often a node looks for evaluations whose node is lost. */
const LOOK_EVERY_MS = 10_000;

type Carried = { readonly stop: AbortController; readonly ended: Promise<void> };

/** Opens it. */
export function createGate(path: GatePath): GateDriver {
  const { evaluations, node, isAlive, log, startTimer } = path;
  const carried = new Map<string, Carried>();
  let isClosed = false;
  let cancelTimer: (() => void) | undefined;

  function take(evaluation: Evaluation): void {
    const { id } = evaluation;
    if (isClosed || carried.has(id)) return;
    const stop = new AbortController();
    const ended = carryOn(path, evaluation, stop.signal)
      .catch((error: unknown) => log.error({ err: error, evaluation: id }, 'an evaluation was left where it is'))
      .finally(() => carried.delete(id));
    carried.set(id, { stop, ended });
  }

  async function takeAll(): Promise<void> {
    for (const each of await evaluations.running())
      if (each.kind !== 'install' && (each.node === node || !isAlive(each.node))) take(each);
  }

  function look(): void {
    cancelTimer?.();
    if (isClosed) return;
    cancelTimer = startTimer(LOOK_EVERY_MS, look);
    takeAll().catch((error: unknown) => log.warn({ err: error }, 'evaluations could not be looked for'));
  }

  async function leave(id: string): Promise<void> {
    const mine = carried.get(id);
    mine?.stop.abort(new Error('the evaluation is no longer carried on here'));
    await mine?.ended;
  }

  return {
    begin: async (move) => {
      const evaluation = await beginMove(path, move);
      take(evaluation);
      return evaluation;
    },
    cancel: async (id, by) => {
      await leave(id);
      return cancel(path, id, by);
    },
    look,
    close: async () => {
      isClosed = true;
      cancelTimer?.();
      await Promise.all([...carried.keys()].map(leave));
    },
  };
}

async function beginMove(path: GatePath, asked: GatedMove): Promise<Evaluation> {
  const { plugin, version: to, kind, tenant = DEFAULT_TENANT, steps, grant, guard = {}, by } = asked;
  const plan = planMove({ options: guard, steps, grant, random: path.random });
  await insistOnPolicy(path, plan);
  const whose = { plugin, tenant, isPlatform: asked.isPlatform ?? false };
  const from =
    kind === 'upgrade'
      ? await insistOnCandidate(path.move, { ...whose, version: to, grant, expected: asked.expected })
      : baselineOfRollout(path.move, { plugin, version: to });
  await insistOnNoOther(path, { plugin, tenant: kind === 'upgrade' ? tenant : null });
  const whom = kind === 'upgrade' ? { tenant } : {};
  const actor = by === undefined ? {} : { by };
  return path.evaluations.create({ plugin, from, to, kind, ...whom, ...actor, summary: keepPlan(plan) });
}

async function insistOnPolicy({ judge }: GatePath, { policy }: StoredPlan): Promise<void> {
  const wrong = (await judge()).wrongPolicy(policy);
  if (wrong !== undefined) throw new HostError('VALIDATION_FAILED', { message: `policy: ${wrong}` });
}

/** Two evaluations would move the same registration to and fro. */
async function insistOnNoOther(
  { evaluations }: GatePath,
  { plugin, tenant }: { readonly plugin: string; readonly tenant: string | null },
): Promise<void> {
  const running = await evaluations.running();
  const other = running.find(({ plugin_name, tenant_id, kind }) => {
    const isSame = tenant === null || tenant_id === null || tenant_id === tenant;
    return kind !== 'install' && plugin_name === plugin && isSame;
  });
  if (other === undefined) return;
  throw new HostError('EVALUATION_RUNNING', {
    message: `the evaluation ${other.id} of ${plugin} ${other.to_version} is under way, and it is ${other.state}`,
  });
}

async function cancel(path: GatePath, id: string, by: string): Promise<Evaluation> {
  const evaluation = await path.evaluations.get(id);
  if (evaluation === undefined) throw new HostError('EVALUATION_NOT_FOUND');
  const reason = `ended by ${by}`;
  if (evaluation.state === 'canary') {
    await canaryOf(path, evaluation).stop();
    await moveBack(path, evaluation, reason);
  }
  // One that has ended meanwhile is refused by this write, in words for whoever asked.
  if (isEvaluationEnd(evaluation.state)) return path.evaluations.progress(evaluation, {});
  return path.evaluations.progress(evaluation, { event: 'cancel', reason });
}
