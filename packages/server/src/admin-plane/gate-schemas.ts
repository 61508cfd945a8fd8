/**
 * How moves that evidence decides about are asked for on the admin plane, as JSON Schema.
 */
import type { GateOptions, Host } from '@bulkhead/host';
import { HostError } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';

const GATES = ['none', 'trial', 'guard'] as const;

/** What lets a release in. */
export const GateSchema = Type.Enum([...GATES], {
  description:
    'What lets the release in. `trial`, where it is left out, loads it for the tenant in the sandbox first; `guard` compares it with the release that runs, mirrors live calls to it, and watches whom it moves. Where the server asks for evidence, `guard` is what is meant.',
});

/** How a candidate is judged. */
export const GuardSchema = Type.Object(
  {
    policy: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4_096,
        description: 'A preset such as `noninferiority:margin=0.02`, which it is where it is left out, or TOML.',
      }),
    ),
    answers: Type.Optional(
      Type.Enum(['same', 'valid'], {
        description:
          'What counts as a right answer: what the live release answers, where it is left out; or what the tool’s schema takes.',
      }),
    ),
    cases: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LIMITS.gate_cases.value,
        description: 'At most, recorded calls first; 400 where it is left out.',
      }),
    ),
    seed: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Of the cases; drawn, and kept, where it is left out.' }),
    ),
    shadow: Type.Optional(
      Type.Object(
        {
          share: Type.Optional(
            Type.Number({
              minimum: 0,
              maximum: 1,
              description: 'Of live calls; 0.1 where it is left out, 0 for none.',
            }),
          ),
          calls: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: LIMITS.gate_shadow_calls.value,
              description: 'So many are mirrored; 100 where it is left out.',
            }),
          ),
          for_ms: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: LIMITS.rollout_wait_ms.value,
              description: 'No longer than this, also where there were fewer calls; ten minutes where it is left out.',
            }),
          ),
        },
        { additionalProperties: false },
      ),
    ),
    wait_ms: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: LIMITS.rollout_wait_ms.value,
        description:
          'How long moved tenants are watched, after each step; the probation of an upgrade where it is left out.',
      }),
    ),
  },
  { additionalProperties: false, description: 'How the gate `guard` judges.' },
);

/** Answer where evidence decides: the move goes on behind it. */
export const EvaluationBegunSchema = Type.Object({
  evaluation_id: Type.String({ description: 'Read it with `GET /api/v1/evaluations/{id}`.' }),
});

/** The gate of a request; its `guard` is for that gate alone. @throws {HostError} `VALIDATION_FAILED`. */
export function gateOf(
  { gate: { policy } }: Pick<Host, 'gate'>,
  { gate, guard }: { readonly gate?: (typeof GATES)[number]; readonly guard?: Static<typeof GuardSchema> },
): { readonly kind: 'none' | 'trial' } | { readonly kind: 'guard'; readonly options: GateOptions } {
  const kind = gate ?? (policy === 'required' ? 'guard' : 'trial');
  if (kind === 'guard') return { kind, options: guard ?? {} };
  if (guard === undefined) return { kind };
  throw new HostError('VALIDATION_FAILED', {
    message: `guard is given with the gate ${JSON.stringify(kind)}; expected the gate "guard", or no guard`,
  });
}
