/**
 * What a repair begins with, on the admin plane: which release a tenant runs, why it fails, and the calls that were recorded of it. Only
 * where the operator has switched repairs on, to the tenant's own admin, and with a line in the audit log: anywhere else no recorded call
 * leaves over HTTP (ADR 41, ADR 49). The repair itself is made elsewhere, and nothing here changes anything.
 */
import type { FastifyInstance } from 'fastify';
import { HostError, type Host, type RecordedCall } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { callerOf, type Caller } from '../door/principal.ts';
import { ErrorBodySchema, PluginParamsSchema } from '../schemas.ts';
import { insistOnRegistered } from './own-plugin.ts';

/** What the route needs; `isEnabled` is the operator's `repair.enabled`. */
export type RepairRouteOptions = { readonly host: Host; readonly isEnabled: boolean };

const textOrNull = Type.Union([Type.String(), Type.Null()]);
const anything = Type.Unknown();

const CallSchema = Type.Object({
  tool: Type.String(),
  params: anything,
  outcome: Type.String({ description: 'ok, or the kind of the error.' }),
  code: textOrNull,
  result: Type.Union([Type.Object({ value: anything }), Type.Null()]),
});
const RepairCaseSchema = Type.Object({
  plugin_name: Type.String(),
  version: Type.String(),
  digest: Type.String(),
  state: Type.String(),
  reason: textOrNull,
  place: Type.Union([Type.String(), Type.Null()], {
    description: 'Folder that the release was read from; for the platform token alone.',
  }),
  config: Type.Object({}, { additionalProperties: true }),
  versions: Type.Array(Type.String(), { description: 'Of the releases that the caller may see.' }),
  calls: Type.Array(CallSchema, { description: 'Newest first, without what looked like a secret.' }),
});

/** Adds `GET /api/v1/plugins/{name}/repair`. */
export function addRepairRoutes(app: FastifyInstance, { host, isEnabled }: RepairRouteOptions): void {
  app.get<{ Params: Static<typeof PluginParamsSchema> }>(
    '/api/v1/plugins/:name/repair',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'What a repair begins with: the release that the tenant runs, why it fails, and its recorded calls',
        security: [{ bearer: [] }],
        params: PluginParamsSchema,
        response: {
          200: RepairCaseSchema,
          ...{ 401: ErrorBodySchema, 403: ErrorBodySchema, 404: ErrorBodySchema, 503: ErrorBodySchema },
        },
      },
    },
    (request) => {
      if (!isEnabled) throw new HostError('REPAIR_DISABLED');
      return repairCaseOf(host, request.params.name, callerOf(request));
    },
  );
}

async function repairCaseOf(host: Host, plugin: string, caller: Caller): Promise<Static<typeof RepairCaseSchema>> {
  const { tenant, actor, isPlatform } = caller;
  insistOnRegistered(host, plugin, tenant);
  const { current, releases } = host.registrations.releases(plugin, caller);
  const release = releases.find(({ manifest }) => manifest.version === current);
  if (release === undefined) throw new HostError('RELEASE_NOT_FOUND');
  const calls = await host.recordings.read({ plugin, tenant, limit: LIMITS.recorded_listed.value }, actor);
  const health = host.health(plugin, { scope: tenant, showThrownText: true, showPlaces: isPlatform });
  const registration = host.registrations.of(tenant).find(({ plugin_name }) => plugin_name === plugin);
  return {
    plugin_name: plugin,
    version: release.manifest.version,
    digest: release.digest,
    state: health?.state ?? 'UNLOADED',
    reason: health?.reason ?? null,
    place: isPlatform && release.origin.form === 'folder' ? release.place : null,
    config: { ...registration?.config },
    versions: releases.map(({ manifest }) => manifest.version),
    calls: calls.map(lentCall),
  };
}

function lentCall({ tool, params, outcome, code, result }: RecordedCall): Static<typeof CallSchema> {
  return { tool, params, outcome, code, result };
}
