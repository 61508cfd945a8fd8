/**
 * What a tenant's admin decides: which plugins the tenant has, with which permissions and configuration (F003-32 to F003-36).
 * Each request acts for the tenant of its caller and no other.
 */
import type { FastifyInstance } from 'fastify';
import { HostError, type Host } from '@bulkhead/host';
import type { JsonObject, Manifest } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { expectedRevision, withEtag } from './etag.ts';
import { callerOf } from '../door/principal.ts';
import {
  ConfigSchema,
  DisableSchema,
  EnabledSchema,
  EnableSchema,
  ListedSchema,
  NewConfigSchema,
  PluginListSchema,
  PluginSchema,
  registered,
  RegistrationSchema,
  type AvailablePluginSchema,
} from './registration-schemas.ts';
import { ErrorBodySchema, PluginParamsSchema } from '../schemas.ts';
import { refuseServerValues } from './server-values.ts';

const security = [{ bearer: [] }];
const errors = { 401: ErrorBodySchema, 403: ErrorBodySchema, 404: ErrorBodySchema, 422: ErrorBodySchema } as const;
const config = { access: 'admin' } as const;

type OfPlugin = { Params: Static<typeof PluginParamsSchema> };

/** Adds the plugins of the admin plane: list, one, enable, disable, configuration, removal. */
export function addRegistrationRoutes(app: FastifyInstance, host: Host): void {
  addLists(app, host);
  addSwitches(app, host);
  addConfiguration(app, host);
  addRemoval(app, host);
}

function addLists(app: FastifyInstance, host: Host): void {
  const { registrations } = host;
  app.get<{ Querystring: Static<typeof ListedSchema> }>(
    '/api/v1/plugins',
    {
      config,
      schema: {
        summary: 'What the tenant may enable, and what it has',
        security,
        querystring: ListedSchema,
        response: { 200: PluginListSchema, ...errors },
      },
    },
    (request) => {
      const { tenant, isPlatform } = callerOf(request);
      return {
        available: registrations.available(tenant, isPlatform, request.query.capability).map(available),
        registered: registrations.of(tenant).map(registered),
        refused: isPlatform ? host.refused().map(({ name, path, code, reason }) => ({ name, path, code, reason })) : [],
      };
    },
  );
  app.get<OfPlugin>(
    '/api/v1/plugins/:name',
    {
      config,
      schema: {
        summary: 'One plugin, and the tenant’s registration of it',
        security,
        params: PluginParamsSchema,
        response: { 200: PluginSchema, ...errors },
      },
    },
    (request) => {
      const { tenant, isPlatform } = callerOf(request);
      const { name } = request.params;
      const manifest = registrations.available(tenant, isPlatform).find((plugin) => plugin.name === name);
      if (manifest === undefined) throw notInRegistry(name);
      const row = registrations.of(tenant).find(({ plugin_name }) => plugin_name === name);
      return { ...available(manifest), registration: row === undefined ? null : registered(row) };
    },
  );
}

function addSwitches(app: FastifyInstance, { registrations }: Host): void {
  app.post<OfPlugin & { Body: Static<typeof EnableSchema> | undefined }>(
    '/api/v1/plugins/:name/enable',
    {
      config,
      schema: {
        summary: 'Enable a plugin for the tenant; config and grants stay unless they are given',
        security,
        params: PluginParamsSchema,
        body: EnableSchema,
        response: { 200: EnabledSchema, ...errors },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { tenant, actor: by, isPlatform } = caller;
      const { grant, config: given } = request.body ?? {};
      refuseServerValues(grant, caller);
      const row = await registrations.enable(request.params.name, {
        tenant,
        by,
        isPlatform,
        ...(grant !== undefined && { grant }),
        ...(given !== undefined && { config: given as JsonObject }), // The body's parser made it.
      });
      const { releases } = registrations.releases(row.plugin_name, { tenant, isPlatform });
      const asking = releases.find(({ manifest }) => manifest.version === row.plugin_version);
      return { ...registered(row), ...askedBy(asking?.manifest) };
    },
  );
  app.post<OfPlugin & { Body: Static<typeof DisableSchema> | undefined }>(
    '/api/v1/plugins/:name/disable',
    {
      config,
      schema: {
        summary: 'Disable a plugin for the tenant; its config stays',
        security,
        params: PluginParamsSchema,
        body: DisableSchema,
        response: { 200: RegistrationSchema, 409: ErrorBodySchema, ...errors },
      },
    },
    async (request) => {
      const { tenant, actor: by } = callerOf(request);
      const { cascade = false } = request.body ?? {};
      return registered(await registrations.disable(request.params.name, { tenant, by, cascade }));
    },
  );
}

function addConfiguration(app: FastifyInstance, { registrations }: Host): void {
  app.get<OfPlugin>(
    '/api/v1/plugins/:name/config',
    {
      config,
      schema: {
        summary: 'The tenant’s configuration of a plugin',
        security,
        params: PluginParamsSchema,
        response: { 200: ConfigSchema, ...errors },
      },
    },
    (request, reply) => {
      const { name } = request.params;
      const row = registrations.of(callerOf(request).tenant).find(({ plugin_name }) => plugin_name === name);
      if (row === undefined) throw notRegistered(name);
      return withEtag(reply, row).send(row.config);
    },
  );
  app.put<OfPlugin & { Body: Static<typeof NewConfigSchema> }>(
    '/api/v1/plugins/:name/config',
    {
      config,
      schema: {
        summary: 'Replace the configuration, also of guests that run; If-Match names the ETag that it must have',
        security,
        params: PluginParamsSchema,
        body: NewConfigSchema,
        response: { 200: ConfigSchema, ...errors, 412: ErrorBodySchema },
      },
    },
    async (request, reply) => {
      const { tenant, actor: by } = callerOf(request);
      const row = await registrations.configure(request.params.name, request.body.config as JsonObject, {
        tenant,
        by,
        ...expectedRevision(request),
      });
      return withEtag(reply, row).send(row.config);
    },
  );
}

function addRemoval(app: FastifyInstance, host: Host): void {
  app.delete<OfPlugin>(
    '/api/v1/plugins/:name',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'Take a plugin out, with its releases and every tenant’s registration',
        security,
        params: PluginParamsSchema,
        response: { 204: Type.Null(), ...errors },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      if (host.health(name) === undefined) throw notInRegistry(name);
      await host.uninstall(name);
      return reply.code(204).send();
    },
  );
}

function available(manifest: Manifest): Static<typeof AvailablePluginSchema> {
  const { name, version, author, description, compatible_versions } = manifest;
  return {
    name,
    version,
    author,
    description,
    ...askedBy(manifest),
    compatible_versions: compatible_versions ?? null,
  };
}

function askedBy(manifest: Pick<Manifest, 'required_permissions' | 'optional_permissions'> | undefined) {
  return {
    required_permissions: [...(manifest?.required_permissions ?? [])],
    optional_permissions: [...(manifest?.optional_permissions ?? [])],
  };
}

const NAME_CHARACTERS_MAX = 64;

function notInRegistry(name: string): HostError {
  const shown = name.slice(0, NAME_CHARACTERS_MAX);
  return new HostError('PLUGIN_NOT_FOUND', { message: `Plugin '${shown}' not found in registry` });
}

function notRegistered(name: string): HostError {
  const shown = name.slice(0, NAME_CHARACTERS_MAX);
  return new HostError('PLUGIN_NOT_FOUND', { message: `Plugin '${shown}' is not registered for this tenant` });
}
