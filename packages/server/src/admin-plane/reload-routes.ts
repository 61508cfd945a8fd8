/**
 * What an administrator does to plugins that run: reading a folder again, or starting afresh (X001-4).
 */
import type { FastifyInstance } from 'fastify';
import type { Host, InstalledRelease } from '@bulkhead/host';
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import type { Static } from 'typebox';
import { callerOf } from '../door/principal.ts';
import { ErrorBodySchema, PluginParamsSchema, ReloadedAllSchema, ReloadedSchema } from '../schemas.ts';
import { faultOf } from '../answer/fault.ts';
import { insistOnOwnPlugin } from './own-plugin.ts';

const security = [{ bearer: [] }];

/** Adds `POST /api/v1/plugins/{name}/reload` and `POST /api/v1/plugins/reload-all`. */
export function addReloadRoutes(app: FastifyInstance, host: Host): void {
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
      insistOnOwnPlugin(host, name, caller);
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
