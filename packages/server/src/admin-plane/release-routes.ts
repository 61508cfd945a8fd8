/**
 * Releases of a plugin on the admin plane: which there are, what differs, to whom they are offered, and how a tenant's
 * registration moves between them. A release that is another tenant's is not there, in the same words as one that is nowhere.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ComparedWithCurrent, Host, MoveRow, Release, StoredRegistration } from '@bulkhead/host';
import type { IndexOrigin } from '@bulkhead/protocol';
import type { Static } from 'typebox';
import { expectedRevision, withEtag } from './etag.ts';
import { EvaluationBegunSchema, gateOf } from './gate-schemas.ts';
import { callerOf, type Caller } from '../door/principal.ts';
import {
  ComparedReleaseSchema,
  ConsentRequiredSchema,
  OfferSchema,
  ReleaseListSchema,
  ReleaseParamsSchema,
  ReleaseSchema,
  RollbackSchema,
  UpgradeSchema,
} from './release-schemas.ts';
import { registered, RegistrationSchema } from './registration-schemas.ts';
import { ErrorBodySchema, PluginParamsSchema } from '../schemas.ts';
import { refuseServerValues } from './server-values.ts';

const security = [{ bearer: [] }];
const errors = { 401: ErrorBodySchema, 403: ErrorBodySchema, 404: ErrorBodySchema, 422: ErrorBodySchema } as const;
const config = { access: 'admin' } as const;

type OfPlugin = { Params: Static<typeof PluginParamsSchema> };
type OfRelease = { Params: Static<typeof ReleaseParamsSchema> };

/** Adds `upgrade`, `rollback`, `releases`, `releases/{version}` and its `offer` below `/api/v1/plugins/{name}`. */
export function addReleaseRoutes(app: FastifyInstance, host: Host): void {
  addLists(app, host);
  addOffer(app, host);
  addMoves(app, host);
}

function addLists(app: FastifyInstance, { registrations }: Host): void {
  app.get<OfPlugin>(
    '/api/v1/plugins/:name/releases',
    {
      config,
      schema: {
        summary: 'The releases that the tenant may see, and how its registration moved between them',
        security,
        params: PluginParamsSchema,
        response: { 200: ReleaseListSchema, ...errors },
      },
    },
    (request) => {
      const caller = callerOf(request);
      const { current, releases, moves } = registrations.releases(request.params.name, caller);
      return {
        plugin_name: request.params.name,
        current_version: current ?? null,
        releases: releases.map((release) => listed(release, { caller, current })),
        moves: moves.map(listedMove),
      };
    },
  );
  app.get<OfRelease>(
    '/api/v1/plugins/:name/releases/:version',
    {
      config,
      schema: {
        summary: 'One release, and what differs from the one that the tenant runs',
        security,
        params: ReleaseParamsSchema,
        response: { 200: ComparedReleaseSchema, ...errors },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { name, version } = request.params;
      return compared(await registrations.compare(name, version, caller), caller);
    },
  );
}

function addOffer(app: FastifyInstance, { registrations }: Host): void {
  app.post<OfRelease & { Body: Static<typeof OfferSchema> }>(
    '/api/v1/plugins/:name/releases/:version/offer',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'Say which tenants may see a release, in place of what was said before',
        security,
        params: ReleaseParamsSchema,
        body: OfferSchema,
        response: { 200: ReleaseSchema, ...errors },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { name, version } = request.params;
      const offer = { tenants: request.body.tenants, by: caller.actor };
      const release = await registrations.offer(name, version, offer);
      return listed(release, { caller, current: registrations.releases(name, caller).current });
    },
  );
}

function addMoves(app: FastifyInstance, host: Host): void {
  const { registrations } = host;
  app.post<OfPlugin & { Body: Static<typeof UpgradeSchema> }>(
    '/api/v1/plugins/:name/upgrade',
    {
      config,
      schema: {
        summary:
          'Move the tenant to another release, after a trial or on evidence; If-Match names the revision that it must have',
        security,
        params: PluginParamsSchema,
        body: UpgradeSchema,
        response: {
          200: RegistrationSchema,
          202: EvaluationBegunSchema,
          ...errors,
          409: ConsentRequiredSchema,
          412: ErrorBodySchema,
          503: ErrorBodySchema,
        },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { gate: _gate, guard: _guard, ...body } = request.body;
      refuseServerValues(body.grant, caller);
      const options = { ...body, ...asked(caller), ...expectedRevision(request) };
      const gate = gateOf(host, request.body);
      const { name: plugin } = request.params;
      if (gate.kind !== 'guard')
        return answer(reply, await registrations.upgrade(plugin, { ...options, gate: gate.kind }));
      const { id } = await host.gate.begin({ ...options, plugin, kind: 'upgrade', guard: gate.options });
      return reply.code(202).send({ evaluation_id: id });
    },
  );
  app.post<OfPlugin & { Body: Static<typeof RollbackSchema> | undefined }>(
    '/api/v1/plugins/:name/rollback',
    {
      config,
      schema: {
        summary: 'Move the tenant back, to the release before its last upgrade or to the one that is named',
        security,
        params: PluginParamsSchema,
        body: RollbackSchema,
        response: { 200: RegistrationSchema, ...errors, 412: ErrorBodySchema },
      },
    },
    async (request, reply) => {
      const options = { ...request.body, ...asked(callerOf(request)), ...expectedRevision(request) };
      return answer(reply, await registrations.rollback(request.params.name, options));
    },
  );
}

function asked({ tenant, actor: by, isPlatform }: Caller) {
  return { tenant, by, isPlatform };
}

function answer(reply: FastifyReply, row: StoredRegistration): FastifyReply {
  return withEtag(reply, row).send(registered(row));
}

function listed(
  { manifest, digest, installedAt, isPublic, offeredTo, origin }: Release,
  { caller, current }: { readonly caller: Caller; readonly current: string | undefined },
): Static<typeof ReleaseSchema> {
  return {
    version: manifest.version,
    digest,
    installed_at: installedAt,
    is_current: manifest.version === current,
    is_public: isPublic,
    ...(caller.isPlatform && { offered_to: [...offeredTo] }),
    required_permissions: [...manifest.required_permissions],
    optional_permissions: [...manifest.optional_permissions],
    form: origin.form,
    signed_by: origin.signed_by,
    index: origin.index === undefined ? null : shownIndex(origin.index, caller),
  };
}

/** A place may be a folder of the server's. */
function shownIndex({ name, place, key, serial }: IndexOrigin, { isPlatform }: Caller) {
  return { name, key, serial, ...(isPlatform && { place }) };
}

function listedMove({ kind, from_version, to_version, actor, reason, at }: MoveRow) {
  return { kind, from_version, to_version, actor, reason, at };
}

function compared({ release, isCurrent, asksFor, differences }: ComparedWithCurrent, caller: Caller) {
  const current = isCurrent ? release.manifest.version : undefined;
  return {
    ...listed(release, { caller, current }),
    archive_sha256: release.origin.archive_sha256,
    dependencies: release.origin.dependencies.map((dependency) => ({ ...dependency })),
    findings: [...release.findings],
    asks_for: asksFor ?? null,
    differences: differences ?? null,
  };
}
