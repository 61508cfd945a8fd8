/**
 * How far the evaluation of a release has come. Pure; whoever carries it on does what a state stands for, and stores the next one.
 *
 *   queued --begin--> evaluating --shadow--> shadow --canary--> canary --adopt--> adopted
 *     |                | |  | `-----------canary----------------^ | |
 *     |                | |  `--adopt------> adopted <---adopt--'  | `--roll_back--> rolled_back
 *     |                | `---reject-------> rejected <--reject-- shadow
 *     |                `-----give_up------> inconclusive <-- shadow, canary
 *     `--cancel--> cancelled, --fail--> failed: from each that is not an end
 *
 * E1: Nothing leads out of an end.
 * E2: Only `canary` has moved anybody: it ends as adopted, or whoever moved was moved back before its end was stored.
 * E3: What cannot tell is `inconclusive`, and what could not be done is `failed`; neither says anything of the release.
 */

/**
 * A state. `evaluating`: candidate and baseline run the same cases, side by side. `shadow`: live calls are mirrored, answers discarded.
 * `canary`: a share of the tenants runs the candidate.
 *
 * @public
 */
export type EvaluationState = 'queued' | 'evaluating' | 'shadow' | 'canary' | EvaluationEnd;

/**
 * A state that is an end.
 *
 * @public
 */
export type EvaluationEnd = 'adopted' | 'rejected' | 'rolled_back' | 'inconclusive' | 'cancelled' | 'failed';

/**
 * What happens to an evaluation. `give_up`: the evidence is not enough, and more will not come.
 *
 * @public
 */
export type EvaluationEvent =
  'begin' | 'shadow' | 'canary' | 'adopt' | 'reject' | 'roll_back' | 'give_up' | 'cancel' | 'fail';

type Row = Readonly<Partial<Record<EvaluationEvent, EvaluationState>>>;

const ENDS: Row = { cancel: 'cancelled', fail: 'failed' };

const TRANSITIONS: Readonly<Record<EvaluationState, Row>> = {
  queued: { ...ENDS, begin: 'evaluating' },
  evaluating: {
    ...ENDS,
    shadow: 'shadow',
    canary: 'canary',
    adopt: 'adopted',
    reject: 'rejected',
    give_up: 'inconclusive',
  },
  shadow: { ...ENDS, canary: 'canary', adopt: 'adopted', reject: 'rejected', give_up: 'inconclusive' },
  canary: { ...ENDS, adopt: 'adopted', roll_back: 'rolled_back', give_up: 'inconclusive' },
  adopted: {},
  rejected: {},
  rolled_back: {},
  inconclusive: {},
  cancelled: {},
  failed: {},
};

/**
 * Every state, in the order of their coming.
 *
 * @experimental
 */
export const EVALUATION_STATES: readonly EvaluationState[] = [
  ...(['queued', 'evaluating', 'shadow', 'canary', 'adopted'] as const),
  ...(['rejected', 'rolled_back', 'inconclusive', 'cancelled', 'failed'] as const),
];

/**
 * Returns the next state, or undefined where the event may not come now.
 *
 * @experimental
 */
export function nextEvaluationState(state: EvaluationState, event: EvaluationEvent): EvaluationState | undefined {
  return TRANSITIONS[state][event];
}

/**
 * Tells whether nothing comes after a state.
 *
 * @experimental
 */
export function isEvaluationEnd(state: EvaluationState): state is EvaluationEnd {
  return Object.keys(TRANSITIONS[state]).length === 0;
}
