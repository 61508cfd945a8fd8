/**
 * Secrets of a tenant, on the admin plane: names, whether they are set and where they may go. A value comes in and never
 * goes out; no answer, error or line of a log holds one.
 */
import type { FastifyInstance } from 'fastify';
import type { Host, SecretEntry } from '@bulkhead/host';
import { Type, type Static } from 'typebox';
import { callerOf } from '../door/principal.ts';
import { ErrorBodySchema, PluginParamsSchema } from '../schemas.ts';

const security = [{ bearer: [] }];
const errors = { 401: ErrorBodySchema, 403: ErrorBodySchema, 404: ErrorBodySchema, 422: ErrorBodySchema } as const;
const writeErrors = { ...errors, 503: ErrorBodySchema } as const;
const config = { access: 'admin' } as const;

const SecretParamsSchema = Type.Object({ ...PluginParamsSchema.properties, secret: Type.String() });
const NewSecretSchema = Type.Object(
  { value: Type.String({ description: '1 byte to 16 KiB as UTF-8; it cannot be read back.' }) },
  { additionalProperties: false },
);
const SecretSchema = Type.Object({
  name: Type.String(),
  is_declared: Type.Boolean({ description: 'False for one that is left from another release.' }),
  is_set: Type.Boolean(),
  updated_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  hosts: Type.Array(Type.String(), { description: 'Exact hosts with their ports that it may go to.' }),
  in: Type.Array(Type.String(), { description: 'Places of a request: header, query, body.' }),
});
const RotationSchema = Type.Object({
  key_id: Type.String({ description: 'Names the key that all secrets are encrypted with now.' }),
  secrets: Type.Integer({ description: 'Secrets that were encrypted anew.' }),
  is_given: Type.Boolean({ description: 'The server was given its keys; the older ones may be taken away now.' }),
});

type OfPlugin = { Params: Static<typeof PluginParamsSchema> };
type OfSecret = { Params: Static<typeof SecretParamsSchema> };

/** Adds `/api/v1/plugins/{name}/secrets`, `/api/v1/plugins/{name}/secrets/{secret}` and `/api/v1/secrets/rotate`. */
export function addSecretRoutes(app: FastifyInstance, { secrets }: Host): void {
  app.get<OfPlugin>(
    '/api/v1/plugins/:name/secrets',
    {
      config,
      schema: {
        summary: 'The secrets that the tenant’s release declares, and which are set; never their values',
        security,
        params: PluginParamsSchema,
        response: { 200: Type.Array(SecretSchema), ...errors },
      },
    },
    (request) => secrets.list(request.params.name, { tenant: callerOf(request).tenant }).map(listed),
  );
  addWrites(app, secrets);
  addRotation(app, secrets);
}

function addWrites(app: FastifyInstance, secrets: Host['secrets']): void {
  app.put<OfSecret & { Body: Static<typeof NewSecretSchema> }>(
    '/api/v1/plugins/:name/secrets/:secret',
    {
      config,
      schema: {
        summary: 'Set or replace a secret that the tenant’s release declares',
        security,
        params: SecretParamsSchema,
        body: NewSecretSchema,
        response: { 200: SecretSchema, ...writeErrors },
      },
    },
    async (request) => {
      const { tenant, actor: by } = callerOf(request);
      const { name: plugin, secret: name } = request.params;
      return listed(await secrets.set(plugin, { name, value: request.body.value }, { tenant, by }));
    },
  );
  app.delete<OfSecret>(
    '/api/v1/plugins/:name/secrets/:secret',
    {
      config,
      schema: {
        summary: 'Remove a secret',
        security,
        params: SecretParamsSchema,
        response: { 204: Type.Null(), ...writeErrors },
      },
    },
    async (request, reply) => {
      const { tenant, actor: by } = callerOf(request);
      await secrets.remove(request.params.name, request.params.secret, { tenant, by });
      return reply.code(204).send();
    },
  );
}

function addRotation(app: FastifyInstance, secrets: Host['secrets']): void {
  app.post(
    '/api/v1/secrets/rotate',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'Encrypt every tenant’s secrets with a new key; all can be read meanwhile',
        security,
        response: { 200: RotationSchema, ...writeErrors },
      },
    },
    (request) => secrets.rotate({ by: callerOf(request).actor }),
  );
}

function listed({
  name,
  is_declared,
  is_set,
  updated_at,
  hosts,
  in: places,
}: SecretEntry): Static<typeof SecretSchema> {
  return { name, is_declared, is_set, updated_at, hosts: [...hosts], in: [...places] };
}
