/**
 * The audit log, on the admin plane: the platform reads all of it and may have it verified; a tenant's admin reads the lines
 * of its own tenant, whatever the query says.
 */
import type { FastifyInstance } from 'fastify';
import { HostError, type AuditHead, type AuditLine, type Host } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { callerOf, type Caller } from '../door/principal.ts';
import { ErrorBodySchema } from '../schemas.ts';

const security = [{ bearer: [] }];
const errors = { 401: ErrorBodySchema, 403: ErrorBodySchema, 422: ErrorBodySchema, 503: ErrorBodySchema } as const;

const number = (description: string) => Type.Optional(Type.String({ description }));
const AuditQuerySchema = Type.Object({
  after: number('The lines after this number; left out, the newest.'),
  limit: number('At most so many lines, 100 where it is left out and never more than 1,000.'),
  tenant: Type.Optional(Type.String({ description: 'Lines of this tenant alone, by id or name; for the platform.' })),
});
const KnownHeadSchema = Type.Object({
  seq: number('Number of a line that was read earlier; with `hash`.'),
  hash: Type.Optional(Type.String({ description: 'Its hash then.' })),
});
const LineSchema = Type.Object({
  seq: Type.Integer(),
  at: Type.String({ format: 'date-time' }),
  actor: Type.String(),
  action: Type.String(),
  tenant_id: Type.Union([Type.String(), Type.Null()]),
  resource: Type.String(),
  details: Type.Object({}, { additionalProperties: true }),
  hash: Type.String({ description: 'Chains the line to the one before it.' }),
});
const PageSchema = Type.Object({
  entries: Type.Array(LineSchema, { description: 'Oldest first.' }),
  next: Type.Union([Type.Integer(), Type.Null()], {
    description: 'The `after` of the next page; null: none is there.',
  }),
});
const HeadSchema = Type.Object({ seq: Type.Integer(), hash: Type.String() });
const VerdictSchema = Type.Object({
  ok: Type.Boolean(),
  lines: Type.Integer({ description: 'Lines that hold, from the first on.' }),
  head: HeadSchema,
  fault: Type.Union([Type.Object({ seq: Type.Integer(), what: Type.String() }), Type.Null()]),
});

/** Adds `GET /api/v1/audit` and `GET /api/v1/audit/verify`. */
export function addAuditRoutes(app: FastifyInstance, host: Host): void {
  app.get<{ Querystring: Static<typeof AuditQuerySchema> }>(
    '/api/v1/audit',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Lines of the audit log: of every tenant for the platform, of its own for a tenant’s admin',
        security,
        querystring: AuditQuerySchema,
        response: { 200: PageSchema, ...errors },
      },
    },
    (request) => readPage(host, request.query, callerOf(request)),
  );
  app.get<{ Querystring: Static<typeof KnownHeadSchema> }>(
    '/api/v1/audit/verify',
    {
      config: { access: 'platform' },
      schema: {
        summary:
          'Whether each line follows from the one before it, up to the newest, and which is the first that does not',
        security,
        querystring: KnownHeadSchema,
        response: { 200: VerdictSchema, ...errors },
      },
    },
    (request) => host.audit.verify(readKnown(request.query)),
  );
}

const LINES_DEFAULT = 100;

async function readPage(
  { audit, tenants }: Host,
  query: Static<typeof AuditQuerySchema>,
  caller: Caller,
): Promise<Static<typeof PageSchema>> {
  const after = readNumber('after', query.after);
  const linesMax = LIMITS.audit_lines.value;
  const rowsMax = Math.min(Math.max(1, readNumber('limit', query.limit) ?? LINES_DEFAULT), linesMax);
  // The lines of a tenant that was removed are read by its id.
  const named = query.tenant === undefined ? undefined : (tenants.find(query.tenant)?.id ?? query.tenant);
  const tenant = caller.isPlatform ? named : caller.tenant;
  const entries = await audit.list({
    rowsMax,
    ...(after !== undefined && { after }),
    ...(tenant !== undefined && { tenant }),
  });
  const last = entries.at(-1)?.seq;
  const hasMore = after !== undefined && entries.length === rowsMax;
  return { entries: entries.map(listed), next: hasMore ? (last ?? null) : null };
}

function listed({ seq, at, actor, action, tenant_id, resource, details, hash }: AuditLine): Static<typeof LineSchema> {
  return { seq, at, actor, action, tenant_id, resource, details: { ...details }, hash };
}

function readKnown({ seq, hash }: Static<typeof KnownHeadSchema>): AuditHead | undefined {
  const known = readNumber('seq', seq);
  if (known === undefined || hash === undefined) return undefined;
  return { seq: known, hash };
}

function readNumber(field: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new HostError('VALIDATION_FAILED', {
    message: `${field} is ${JSON.stringify(text.slice(0, 80))}; expected a whole number`,
  });
}
