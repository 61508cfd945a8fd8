/**
 * What an administrator does to plugins that run: reading a folder again, or starting afresh (X001-4); and the receipt of
 * the sandbox that they run in.
 */
import type { FastifyInstance } from 'fastify';
import { HostError, type Host, type InstalledRelease } from '@bulkhead/host';
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import type { Static } from 'typebox';
import { callerOf, type Caller } from './principal.ts';
import { ErrorBodySchema, PluginParamsSchema, ReceiptSchema, ReloadedAllSchema, ReloadedSchema } from './schemas.ts';
import { faultOf } from './fault.ts';

const security = [{ bearer: [] }];

/** Adds `POST /api/v1/plugins/{name}/reload`, `POST /api/v1/plugins/reload-all` and `GET /api/v1/plugins/{name}/receipt`. */
export function addAdminRoutes(app: FastifyInstance, host: Host): void {
  addReloadRoutes(app, host);
  app.get<{ Params: Static<typeof PluginParamsSchema> }>(
    '/api/v1/plugins/:name/receipt',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'What the sandbox of a plugin was measured to be, layer by layer',
        security,
        params: PluginParamsSchema,
        response: { 200: ReceiptSchema, 401: ErrorBodySchema, 404: ErrorBodySchema },
      },
    },
    (request) => {
      insistOnPlugin(host, request.params.name, callerOf(request));
      return host.receipt; // Every plugin of a host runs in the same layers.
    },
  );
}

function addReloadRoutes(app: FastifyInstance, host: Host): void {
  app.post<{ Params: Static<typeof PluginParamsSchema> }>(
    '/api/v1/plugins/:name/reload',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'For the platform: read a plugin’s folder again. For a tenant: start its instances afresh',
        description: 'Closes the breaker. Calls in flight end where they began.',
        security,
        params: PluginParamsSchema,
        response: { 200: ReloadedSchema, 401: ErrorBodySchema, 404: ErrorBodySchema, 422: ErrorBodySchema },
      },
    },
    async (request) => {
      const { name } = request.params;
      const caller = callerOf(request);
      insistOnPlugin(host, name, caller);
      const isOfPlatform = caller.isPlatform && caller.tenant === DEFAULT_TENANT;
      return reloadedOf(await (isOfPlatform ? host.reload(name) : host.renew(name, caller.tenant)));
    },
  );
  app.post(
    '/api/v1/plugins/reload-all',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'Read every plugin’s folder again, one after another',
        security,
        response: { 200: ReloadedAllSchema, 401: ErrorBodySchema },
      },
    },
    () => reloadAll(host),
  );
}

const NAME_CHARACTERS_MAX = 64;

/** A plugin that the caller may not see is not there. */
function insistOnPlugin(host: Host, name: string, { isPlatform, tenant }: Caller): void {
  const view = { scope: tenant, showThrownText: false, isOutside: !isPlatform };
  if (host.health(name, view) !== undefined) return;
  const shown = name.slice(0, NAME_CHARACTERS_MAX);
  throw new HostError('PLUGIN_NOT_FOUND', { message: `Plugin '${shown}' not found in registry` });
}

/** One after another: each reload starts processes, and the calls of the others go on meanwhile. */
async function reloadAll(host: Host): Promise<Static<typeof ReloadedAllSchema>> {
  const reloaded: Static<typeof ReloadedSchema>[] = [];
  const refused: { name: string; code: string; reason: string }[] = [];
  for (const { name } of host.registry.list()) {
    try {
      reloaded.push(reloadedOf(await host.reload(name)));
    } catch (error) {
      const { code, message } = faultOf(error);
      refused.push({ name, code, reason: message ?? code });
    }
  }
  return { reloaded, refused };
}

function reloadedOf(release: InstalledRelease): Static<typeof ReloadedSchema> {
  const { name, version, digest, state, reason, findings } = release;
  return {
    name,
    version,
    ...(digest !== undefined && { digest }),
    state,
    ...(reason !== undefined && { reason }),
    findings: [...findings],
  };
}
