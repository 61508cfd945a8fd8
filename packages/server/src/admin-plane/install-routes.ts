/**
 * Installing over HTTP: the platform names a folder or an archive on the server, sends an archive, or names a package of npm
 * or a plugin of an index;
 * its release is stored beside the others of its plugin, for nobody yet. Nothing of an archive is read here.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  HostError,
  fetchFromIndexes,
  fetchNpmPackage,
  type Host,
  type IndexSource,
  type InstalledRelease,
  type Upload,
} from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import type { Static } from 'typebox';
import {
  ArchiveSchema,
  type InstallFromIndexSchema,
  InstallHeadersSchema,
  InstalledSchema,
  InstallRefusedSchema,
  InstallSchema,
} from './install-schemas.ts';
import { indexIn } from './indexed-from.ts';
import { callerOf } from '../door/principal.ts';
import { ErrorBodySchema } from '../schemas.ts';

/** What installs need beside the host: whether npm may be asked, and which indexes. */
export type InstallRouteOptions = {
  readonly host: Host;
  readonly takesNpm: boolean;
  readonly indexes: readonly Required<IndexSource>[];
};

/** Content types of archives; which of both it is, is told from the bytes. */
const UPLOADS = ['application/gzip', 'application/zip'];

/** Adds `POST /api/v1/plugins`. */
export function addInstallRoutes(app: FastifyInstance, options: InstallRouteOptions): void {
  // Of its own, so that no other route takes these content types.
  app.register(async (scope) => {
    const bodyLimit = LIMITS.archive_packed_bytes.value;
    scope.addContentTypeParser(UPLOADS, { parseAs: 'buffer', bodyLimit }, (_request, body, done) => done(null, body));
    addInstall(scope, options);
  });
}

type InstallBody = Static<typeof InstallSchema> | Buffer | undefined;

function addInstall(app: FastifyInstance, options: InstallRouteOptions): void {
  app.post<{ Body: InstallBody; Headers: Static<typeof InstallHeadersSchema> }>(
    '/api/v1/plugins',
    {
      config: { access: 'platform' },
      schema: {
        summary:
          'Store the release of a folder or an archive; it is registered for nobody until it is enabled or moved to',
        security: [{ bearer: [] }],
        headers: InstallHeadersSchema,
        body: {
          content: {
            'application/json': { schema: InstallSchema },
            'application/gzip': { schema: ArchiveSchema },
            'application/zip': { schema: ArchiveSchema },
          },
        },
        response: {
          201: InstalledSchema,
          400: ErrorBodySchema,
          401: ErrorBodySchema,
          403: InstallRefusedSchema,
          404: ErrorBodySchema,
          409: ErrorBodySchema,
          413: InstallRefusedSchema,
          422: InstallRefusedSchema,
        },
      },
    },
    async (request, reply) => {
      const what = await sourceOf(request, options);
      const release = await options.host.publish(what, { by: callerOf(request).actor });
      return reply.code(201).send(installed(release));
    },
  );
}

async function sourceOf(
  { body, headers }: Pick<FastifyRequest<{ Body: InstallBody }>, 'body' | 'headers'>,
  { host, takesNpm, indexes }: InstallRouteOptions,
): Promise<string | Upload> {
  if (Buffer.isBuffer(body)) return { bytes: body, ...signatureIn(headers), ...indexIn(headers['x-bulkhead-index']) };
  // No schema judges a request without a content type, which has no body.
  if (typeof body !== 'object') throw new HostError('VALIDATION_FAILED', { message: 'the body is missing' });
  if ('path' in body) return body.path;
  if ('name' in body) return fetchIndexed(body, { host, indexes });
  if (!takesNpm) throw new HostError('INSTALL_FORM_UNSUPPORTED');
  const { id, bytes } = await fetchNpmPackage(body.npm, process.env);
  return { bytes, npm: id };
}

/** A header holds no line breaks, and JSON may; so it travels as base64. */
function signatureIn(headers: FastifyRequest['headers']): Pick<Upload, 'signature'> {
  const sent = headers['x-bulkhead-signature'];
  return typeof sent === 'string' ? { signature: Buffer.from(sent, 'base64').toString('utf8') } : {};
}

/** An index is named as the configuration names it: no address comes from a request. */
function fetchIndexed(
  { name, version, index }: Static<typeof InstallFromIndexSchema>,
  { host, indexes }: Pick<InstallRouteOptions, 'host' | 'indexes'>,
): Promise<Upload> {
  const asked = index === undefined ? indexes : indexes.filter(({ place }) => place === index);
  if (asked.length === 0) {
    const which = index === undefined ? 'no index' : `no index ${JSON.stringify(index)}`;
    throw new HostError('INSTALL_FORM_UNSUPPORTED', {
      message: `this server takes plugins from ${which}`,
      hint: 'Name it in `install.index` in bulkhead.toml; or run `bulkhead install NAME --index PLACE --key KEY`, which sends the archive.',
    });
  }
  const wanted = { name, ...(version !== undefined && { version }) };
  return fetchFromIndexes(asked, wanted, { now: Date.now(), didVerify: host.seeIndex });
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
