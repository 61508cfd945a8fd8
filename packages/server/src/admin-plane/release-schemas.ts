/**
 * What releases, moves between them and rollouts look like on the admin plane, as JSON Schema.
 */
import { LIMITS } from '@bulkhead/protocol';
import { Type } from 'typebox';
import { ErrorBodySchema, FindingSchema } from '../schemas.ts';
import { GateSchema, GuardSchema } from './gate-schemas.ts';

const time = Type.String({ format: 'date-time' });
const words = Type.Array(Type.String());
const nullable = <Schema extends ReturnType<typeof Type.String>>(schema: Schema) => Type.Union([schema, Type.Null()]);
const VERSION_CHARACTERS_MAX = 256;
const version = Type.String({ minLength: 1, maxLength: VERSION_CHARACTERS_MAX });

/** Path parameters of one release. */
export const ReleaseParamsSchema = Type.Object({ name: Type.String(), version: Type.String() });

/** Body of an upgrade. */
export const UpgradeSchema = Type.Object(
  {
    version,
    gate: Type.Optional(GateSchema),
    guard: Type.Optional(GuardSchema),
    grant: Type.Optional(
      Type.Array(Type.String(), {
        description:
          'Consent to what the release asks for beyond the one in use; what is named is granted, also where nothing is.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Body of a rollback. */
export const RollbackSchema = Type.Object(
  { version: Type.Optional({ ...version, description: 'Where it is left out, the release before the last upgrade.' }) },
  { additionalProperties: false },
);

/** Body of an offer. */
export const OfferSchema = Type.Object(
  {
    tenants: Type.Array(Type.String(), {
      maxItems: 10_000,
      description: 'Ids of tenants that may see the release, in place of those before; "*" makes it public.',
    }),
  },
  { additionalProperties: false },
);

/** Words that came and words that went. */
const WordChangesSchema = Type.Object({ added: words, removed: words });
const ValueChangeSchema = Type.Object({
  name: Type.String(),
  from: Type.Unknown({ description: 'Null where there was none.' }),
  to: Type.Unknown({ description: 'Null where there is none.' }),
});

/** What one release has other than the one that the tenant runs. */
const DifferencesSchema = Type.Object({
  from_version: Type.String(),
  to_version: Type.String(),
  permissions: WordChangesSchema,
  optional_permissions: WordChangesSchema,
  network: WordChangesSchema,
  hooks: WordChangesSchema,
  secrets: Type.Array(ValueChangeSchema),
  limits: Type.Array(ValueChangeSchema),
  dependencies: Type.Array(ValueChangeSchema, { description: 'Versions of packages, by name.' }),
  tools: Type.Union(
    [
      Type.Object({
        ...WordChangesSchema.properties,
        changed: Type.Array(Type.Object({ name: Type.String(), changes: Type.Array(ValueChangeSchema) })),
      }),
      Type.Null(),
    ],
    { description: 'Null where one of the two was never loaded.' },
  ),
});

/** What an upgrade has to be consented to. */
const ConsentSchema = Type.Object({
  permissions: Type.Array(Type.String(), { description: 'Host capabilities; name in `grant` those to be granted.' }),
  tools: Type.Array(Type.String(), {
    description: 'Tools of an MCP server that are defined in another way, or are new.',
  }),
  hosts: Type.Array(Type.String(), {
    description: 'Hosts that it may reach in addition, by the capability `internet`.',
  }),
});

/** Answer where an upgrade waits for consent (409 `CAPABILITY_CHANGE`); other conflicts have no differences. */
export const ConsentRequiredSchema = Type.Object({
  ...ErrorBodySchema.properties,
  asks_for: Type.Optional(ConsentSchema),
  differences: Type.Optional(DifferencesSchema),
});

/** A release as a list shows it. */
export const ReleaseSchema = Type.Object({
  version: Type.String(),
  digest: Type.String(),
  installed_at: time,
  is_current: Type.Boolean({ description: 'The tenant’s registration names it.' }),
  is_public: Type.Boolean(),
  offered_to: Type.Optional(Type.Array(Type.String(), { description: 'For the platform token alone.' })),
  required_permissions: words,
  optional_permissions: words,
  form: Type.Enum(['folder', 'archive', 'npm'], { description: 'In which form it came.' }),
  signed_by: Type.Union(
    [
      Type.Object({
        kind: Type.Enum(['ed25519']),
        key: Type.String(),
        signed_at: Type.String({ format: 'date-time' }),
      }),
      Type.Null(),
    ],
    { description: 'Null where nobody signed it.' },
  ),
  index: Type.Union(
    [
      Type.Object({
        name: Type.String(),
        place: Type.Optional(Type.String({ description: 'For the platform token alone.' })),
        key: Type.String({ description: 'That signed the index.' }),
        serial: Type.Integer(),
      }),
      Type.Null(),
    ],
    { description: 'The index that it came from; null where it came from none.' },
  ),
});

/** One move of the tenant’s registration. */
const MoveSchema = Type.Object({
  kind: Type.Enum(['upgrade', 'canary', 'rollback', 'automatic_rollback', 'enable']),
  from_version: Type.String(),
  to_version: Type.String(),
  actor: Type.String({ description: '`platform`, `token ID`, or `host` where the server did it by itself.' }),
  reason: nullable(Type.String()),
  at: time,
});

/** Answer of `GET .../releases`. */
export const ReleaseListSchema = Type.Object({
  plugin_name: Type.String(),
  current_version: nullable(Type.String()),
  releases: Type.Array(ReleaseSchema, { description: 'Highest version first.' }),
  moves: Type.Array(MoveSchema, { description: `Newest first, at most ${LIMITS.moves.value}.` }),
});

/** Answer of `GET .../releases/{version}`. */
export const ComparedReleaseSchema = Type.Object({
  ...ReleaseSchema.properties,
  findings: Type.Array(FindingSchema, { description: 'Warnings of the review.' }),
  archive_sha256: Type.Union([Type.String(), Type.Null()], { description: 'Of the archive that it came in.' }),
  dependencies: Type.Array(
    Type.Object({
      name: Type.String(),
      version: nullable(Type.String()),
      license: nullable(Type.String()),
      path: Type.String(),
    }),
    { description: 'The packages that it brings.' },
  ),
  asks_for: Type.Union([ConsentSchema, Type.Null()], { description: 'Null where the tenant runs none, or this one.' }),
  differences: Type.Union([DifferencesSchema, Type.Null()], { description: 'The same.' }),
});

/** Body of a rollout. */
export const NewRolloutSchema = Type.Object(
  {
    version,
    gate: Type.Optional(GateSchema),
    guard: Type.Optional(GuardSchema),
    steps: Type.Optional(
      Type.Array(Type.Number({ exclusiveMinimum: 0, maximum: 1 }), {
        minItems: 1,
        maxItems: LIMITS.rollout_steps.value,
        description: 'Rising shares of the tenants; 0.1, 0.5, 1 where it is left out.',
      }),
    ),
    wait_ms: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: LIMITS.rollout_wait_ms.value,
        description: 'From the end of one step to the next; the probation of an upgrade where it is left out.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** The newest rollout of a plugin. */
export const RolloutSchema = Type.Object({
  id: Type.String(),
  plugin_name: Type.String(),
  version: Type.String(),
  gate: Type.Enum(['none', 'trial', 'guard'], { description: '`guard`: an evaluation has begun it.' }),
  steps: Type.Array(Type.Number()),
  steps_done: Type.Integer(),
  wait_ms: Type.Integer(),
  state: Type.Enum(['running', 'done', 'halted', 'cancelled']),
  reason: Type.Union([Type.String(), Type.Null()], { description: 'Why it was halted.' }),
  left_out: Type.Array(Type.Object({ tenant_id: Type.String(), code: Type.String() }), {
    description: 'Tenants that were not moved: a code of docs/errors.md, or ROLLED_BACK where one was and went back.',
  }),
  node: Type.String({ description: 'The node that carries it on.' }),
  actor: Type.String(),
  started_at: time,
  updated_at: time,
});
