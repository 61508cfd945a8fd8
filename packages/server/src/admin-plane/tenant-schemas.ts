/**
 * What tenants and tokens look like on the wire, as JSON Schema.
 */
import { TIERS } from '@bulkhead/protocol';
import { Type } from 'typebox';

const time = Type.String({ format: 'date-time' });
const amount = (description: string) => Type.Optional(Type.Number({ exclusiveMinimum: 0, description }));

const QuotaSchema = Type.Object(
  {
    calls_per_second: amount('Above it calls are answered 429.'),
    calls_in_flight: amount('Calls of the tenant at once.'),
    cpu_seconds_per_minute: amount('CPU time of its calls.'),
    memory_mb_minutes_per_minute: amount('Memory that its guests hold, over time.'),
    weight: amount('Its share where the server is full; 1 where left out.'),
    llm_tokens_per_day: amount('Tokens of language models, read and written together, until midnight UTC.'),
    llm_usd_per_day: amount('What they cost in US dollars, until midnight UTC.'),
    egress_bytes_per_day: amount('Bytes that its plugins send to the network and get from it, until midnight UTC.'),
    open_tasks: amount('Tasks that are queued or active; 100,000 where it is left out.'),
  },
  { additionalProperties: false, description: 'What else is left out is unbounded.' },
);

/** A tenant as it is listed. */
export const ListedTenantSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  min_tier: Type.Union([Type.Enum(TIERS), Type.Null()]),
  quota: QuotaSchema,
  created_at: time,
  updated_at: time,
});

const settings = {
  min_tier: Type.Optional(Type.Union([Type.Enum(TIERS), Type.Null()], { description: 'Null takes the bound away.' })),
  quota: Type.Optional(QuotaSchema),
};

/** Body that makes a tenant. */
export const NewTenantSchema = Type.Object({ name: Type.String(), ...settings }, { additionalProperties: false });
/** Body that changes one. */
export const TenantSettingsSchema = Type.Object(settings, { additionalProperties: false });

const RoleSchema = Type.Enum(['viewer', 'operator', 'admin', 'worker'] as const);

/** Body that makes a token. */
export const NewTokenSchema = Type.Object(
  {
    role: RoleSchema,
    scopes: Type.Optional(Type.Array(Type.String(), { maxItems: 100, description: 'Left out: all of its role’s.' })),
    expires_at: Type.Optional(Type.String({ description: 'ISO 8601, in the future; left out: never.' })),
  },
  { additionalProperties: false },
);

const listed = {
  id: Type.String(),
  tenant_id: Type.String(),
  role: RoleSchema,
  scopes: Type.Union([Type.Array(Type.String()), Type.Null()]),
  created_at: time,
  expires_at: Type.Union([time, Type.Null()]),
};

/** A token as it is listed: neither its text nor its digest. */
export const ListedTokenSchema = Type.Object(listed);
/** A token that was just made, with its text. */
export const IssuedTokenSchema = Type.Object({ ...listed, token: Type.String({ description: 'Shown this once.' }) });
/** As whom a request is served: what a token is good for, told to whoever holds it. */
export const WhoamiSchema = Type.Object({
  tenant_id: Type.String(),
  actor: Type.String({ description: 'The name in the audit log.' }),
  is_platform: Type.Boolean(),
  scopes: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: all of its role’s.' }),
});

/** Path parameter of what has an id. */
export const IdParamsSchema = Type.Object({ id: Type.String() });
