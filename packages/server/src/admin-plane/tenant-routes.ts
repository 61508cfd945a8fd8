/**
 * Tenants and their tokens, on the admin plane. Tenants are the platform's; a tenant's admin makes and revokes tokens of its
 * own. What is another tenant's is not there, in the same words as what is nowhere (FAULTS 105).
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HostError, type Host, type TaskQueue, type TenantRow, type TokenRow } from '@bulkhead/host';
import { Type, type Static } from 'typebox';
import { callerOf } from '../door/principal.ts';
import { ErrorBodySchema } from '../schemas.ts';
import {
  IdParamsSchema,
  IssuedTokenSchema,
  ListedTenantSchema,
  ListedTokenSchema,
  NewTenantSchema,
  NewTokenSchema,
  TenantSettingsSchema,
  WhoamiSchema,
} from './tenant-schemas.ts';

const security = [{ bearer: [] }];
const errors = { 401: ErrorBodySchema, 403: ErrorBodySchema, 404: ErrorBodySchema, 422: ErrorBodySchema } as const;

/** Adds `/api/v1/whoami`, `/api/v1/tenants`, `/api/v1/tenants/{id}`, `/api/v1/tenants/{id}/tokens`, `/api/v1/tokens/{id}`. */
export function addTenantRoutes(app: FastifyInstance, host: Host, tasks: TaskQueue | undefined): void {
  addWhoami(app);
  addTenants(app, host);
  addTenantChanges(app, host, tasks);
  addTokens(app, host);
  addRevocation(app, host);
}

function addWhoami(app: FastifyInstance): void {
  app.get(
    '/api/v1/whoami',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'For which tenant the token acts, and with which scopes',
        security,
        response: { 200: WhoamiSchema, ...errors },
      },
    },
    (request) => {
      const { tenant, actor, isPlatform, scopes } = callerOf(request);
      return { tenant_id: tenant, actor, is_platform: isPlatform, scopes: scopes === undefined ? null : [...scopes] };
    },
  );
}

type WithId = { Params: Static<typeof IdParamsSchema> };

function addTenants(app: FastifyInstance, { tenants }: Host): void {
  app.get(
    '/api/v1/tenants',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'The tenants, in order of their making',
        security,
        response: { 200: Type.Array(ListedTenantSchema), ...errors },
      },
    },
    () => tenants.list().map(listedTenant),
  );
  app.post<{ Body: Static<typeof NewTenantSchema> }>(
    '/api/v1/tenants',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'Make a tenant',
        security,
        body: NewTenantSchema,
        response: { 201: ListedTenantSchema, ...errors, 409: ErrorBodySchema },
      },
    },
    async (request, reply) => {
      const { name, min_tier: minTier, quota } = request.body;
      const settings = { ...(minTier !== undefined && { minTier }), ...(quota !== undefined && { quota }) };
      const row = await tenants.create({ name, ...settings }, callerOf(request).actor);
      return reply.code(201).send(listedTenant(row));
    },
  );
}

function addTenantChanges(app: FastifyInstance, { tenants }: Host, tasks: TaskQueue | undefined): void {
  app.get<WithId>(
    '/api/v1/tenants/:id',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'One tenant',
        security,
        params: IdParamsSchema,
        response: { 200: ListedTenantSchema, ...errors },
      },
    },
    (request) => {
      const row = tenants.list().find(({ id }) => id === request.params.id);
      if (row === undefined) throw new HostError('TENANT_NOT_FOUND');
      return listedTenant(row);
    },
  );
  app.put<WithId & { Body: Static<typeof TenantSettingsSchema> }>(
    '/api/v1/tenants/:id',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'Set the least tier or the quota of a tenant; what is left out stays',
        security,
        params: IdParamsSchema,
        body: TenantSettingsSchema,
        response: { 200: ListedTenantSchema, ...errors },
      },
    },
    async (request) => {
      const { min_tier: minTier, quota } = request.body;
      const settings = { ...(minTier !== undefined && { minTier }), ...(quota !== undefined && { quota }) };
      return listedTenant(await tenants.change(request.params.id, settings, callerOf(request).actor));
    },
  );
  app.delete<WithId>(
    '/api/v1/tenants/:id',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'Remove a tenant with its tokens, registrations and tasks',
        security,
        params: IdParamsSchema,
        response: { 204: Type.Null(), ...errors },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (!tenants.list().some((row) => row.id === id)) throw new HostError('TENANT_NOT_FOUND');
      // First, so that the tenant is still there, and this may be asked again, where the storage goes away between; and again for tasks
      // that came meanwhile.
      await tasks?.removeTenant(id);
      await tenants.remove(id, callerOf(request).actor);
      await tasks?.removeTenant(id);
      return reply.code(204).send();
    },
  );
}

function addTokens(app: FastifyInstance, { tenants, tokens }: Host): void {
  app.get<WithId>(
    '/api/v1/tenants/:id/tokens',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'The tokens of a tenant, without their texts',
        security,
        params: IdParamsSchema,
        response: { 200: Type.Array(ListedTokenSchema), ...errors },
      },
    },
    (request) => {
      insistOnOwn(request, tenants, request.params.id);
      return tokens.of(request.params.id).map(listedToken);
    },
  );
  app.post<WithId & { Body: Static<typeof NewTokenSchema> }>(
    '/api/v1/tenants/:id/tokens',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Make a token; its text is shown this once',
        security,
        params: IdParamsSchema,
        body: NewTokenSchema,
        response: { 201: IssuedTokenSchema, ...errors },
      },
    },
    async (request, reply) => {
      const { id: tenant } = request.params;
      insistOnOwn(request, tenants, tenant);
      const { role, scopes, expires_at: expiresAt } = request.body;
      const wanted = {
        tenant,
        role,
        ...(scopes !== undefined && { scopes }),
        ...(expiresAt !== undefined && { expiresAt }),
      };
      const { row, text } = await tokens.issue(wanted, callerOf(request).actor);
      return reply.code(201).send({ ...listedToken(row), token: text });
    },
  );
}

function addRevocation(app: FastifyInstance, { tokens }: Host): void {
  app.delete<WithId>(
    '/api/v1/tokens/:id',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Revoke a token',
        security,
        params: IdParamsSchema,
        response: { 204: Type.Null(), ...errors },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { tenant, isPlatform, actor } = callerOf(request);
      const row = tokens.find(id);
      if (row === undefined || (!isPlatform && row.tenant_id !== tenant)) throw new HostError('TOKEN_NOT_FOUND');
      await tokens.revoke(id, actor);
      return reply.code(204).send();
    },
  );
}

function insistOnOwn(request: FastifyRequest, tenants: Host['tenants'], id: string): void {
  const { tenant, isPlatform } = callerOf(request);
  const isThere = tenants.list().some((row) => row.id === id);
  if (!isThere || (!isPlatform && id !== tenant)) throw new HostError('TENANT_NOT_FOUND');
}

function listedTenant({
  id,
  name,
  min_tier,
  quota,
  created_at,
  updated_at,
}: TenantRow): Static<typeof ListedTenantSchema> {
  return { id, name, min_tier, quota: { ...quota }, created_at, updated_at };
}

/** Never the digest: whoever holds it could try texts at leisure. */
function listedToken({
  id,
  tenant_id,
  role,
  scopes,
  created_at,
  expires_at,
}: TokenRow): Static<typeof ListedTokenSchema> {
  return { id, tenant_id, role, scopes: scopes === null ? null : [...scopes], created_at, expires_at };
}
