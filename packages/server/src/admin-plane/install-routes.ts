/**
 * Installing over HTTP: the platform names a folder on the server, and its release is stored beside the others of its plugin,
 * for nobody yet. Uploads and npm packages are told apart and refused by their form, before anything of them is read.
 */
import type { FastifyInstance } from 'fastify';
import { HostError, type Host, type InstalledRelease } from '@bulkhead/host';
import type { Static } from 'typebox';
import { InstalledSchema, InstallRefusedSchema, InstallSchema } from './install-schemas.ts';
import { callerOf } from '../door/principal.ts';
import { ErrorBodySchema } from '../schemas.ts';

const UPLOADS = ['application/gzip', 'application/zip'];

/** Adds `POST /api/v1/plugins`. */
export function addInstallRoutes(app: FastifyInstance, host: Host): void {
  // Of its own, so that no other route takes these content types.
  app.register(async (scope) => {
    scope.addContentTypeParser(UPLOADS, (request, body, done) => {
      body.resume();
      done(unsupported(`an upload of ${String(request.headers['content-type']).slice(0, 80)}`));
    });
    addInstall(scope, host);
  });
}

function addInstall(app: FastifyInstance, host: Host): void {
  app.post<{ Body: Static<typeof InstallSchema> }>(
    '/api/v1/plugins',
    {
      config: { access: 'platform' },
      schema: {
        summary:
          'Store the release in a folder on the server; it is registered for nobody until it is enabled or moved to',
        security: [{ bearer: [] }],
        body: InstallSchema,
        response: {
          201: InstalledSchema,
          400: ErrorBodySchema,
          401: ErrorBodySchema,
          403: ErrorBodySchema,
          409: ErrorBodySchema,
          413: InstallRefusedSchema,
          422: InstallRefusedSchema,
        },
      },
    },
    async (request, reply) => {
      if ('npm' in request.body) throw unsupported('an npm package');
      const release = await host.publish(request.body.path, { by: callerOf(request).actor });
      return reply.code(201).send(installed(release));
    },
  );
}

function unsupported(form: string): HostError {
  return new HostError('INSTALL_FORM_UNSUPPORTED', { message: `${form} cannot be installed on this server yet` });
}

function installed({
  name,
  version,
  digest,
  state,
  reason,
  findings,
}: InstalledRelease): Static<typeof InstalledSchema> {
  return {
    name,
    version,
    digest: digest ?? null,
    state,
    ...(reason !== undefined && { reason }),
    findings: [...findings],
  };
}
