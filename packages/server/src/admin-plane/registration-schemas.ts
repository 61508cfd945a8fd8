/**
 * What plugins and registrations look like on the admin plane, as JSON Schema.
 */
import type { StoredRegistration } from '@bulkhead/host';
import { Type, type Static } from 'typebox';

const document = Type.Object({}, { additionalProperties: true });
const time = Type.String({ format: 'date-time' });

/** A plugin that a tenant may enable: its newest release (X003-6). */
export const AvailablePluginSchema = Type.Object({
  name: Type.String(),
  version: Type.String(),
  author: Type.String(),
  description: Type.String(),
  required_permissions: Type.Array(Type.String()),
  optional_permissions: Type.Array(Type.String(), { description: 'What it can do without.' }),
  compatible_versions: Type.Union([Type.String(), Type.Null()]),
});

/** A registration (DESIGN 9). */
export const RegistrationSchema = Type.Object({
  id: Type.String(),
  tenant_id: Type.String(),
  plugin_name: Type.String(),
  plugin_version: Type.String(),
  enabled: Type.Boolean(),
  config: document,
  granted_permissions: Type.Array(Type.String()),
  installed_at: time,
  updated_at: time,
});

/** Writes a registration without its revision, which is the ETag. */
export function registered({ revision: _revision, ...row }: StoredRegistration): Static<typeof RegistrationSchema> {
  return { ...row, config: { ...row.config }, granted_permissions: [...row.granted_permissions] };
}

/** A registration that was just enabled, with what its release asks for. */
export const EnabledSchema = Type.Object({
  ...RegistrationSchema.properties,
  required_permissions: Type.Array(Type.String(), { description: 'What the release needs, granted or not.' }),
  optional_permissions: Type.Array(Type.String(), { description: 'What it can do without, granted or not.' }),
});

/** One plugin, and the tenant's registration of it where there is one. */
export const PluginSchema = Type.Object({
  ...AvailablePluginSchema.properties,
  registration: Type.Union([RegistrationSchema, Type.Null()]),
});

/** Answer of `GET /api/v1/plugins`. */
export const PluginListSchema = Type.Object({
  available: Type.Array(AvailablePluginSchema),
  registered: Type.Array(RegistrationSchema, { description: 'Newest first.' }),
  refused: Type.Array(
    Type.Object({ name: Type.String(), path: Type.String(), code: Type.String(), reason: Type.String() }),
    { description: 'Folders that were refused; for the platform token alone, since it names paths.' },
  ),
});

/** Body of an enable; nothing is granted that is not named. */
export const EnableSchema = Type.Object(
  { grant: Type.Optional(Type.Array(Type.String())), config: Type.Optional(document) },
  { additionalProperties: false },
);
/** Body of a disable. */
export const DisableSchema = Type.Object(
  { cascade: Type.Optional(Type.Boolean({ description: 'Disables what depends on the plugin, too.' })) },
  { additionalProperties: false },
);
/** Which of the plugins that may be enabled are listed. */
export const ListedSchema = Type.Object({
  capability: Type.Optional(Type.String({ maxLength: 128, description: 'Only those that advertise this tag.' })),
});
/** A configuration, as it is read. */
export const ConfigSchema = document;
/** A configuration, as it is written. */
export const NewConfigSchema = Type.Object({ config: document }, { additionalProperties: false });
