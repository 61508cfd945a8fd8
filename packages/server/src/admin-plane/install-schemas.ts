/**
 * What installs look like on the admin plane, as JSON Schema.
 */
import { LIFECYCLE_STATES, PLUGIN_NAME_PATTERN, VERSION_PATTERN } from '@bulkhead/protocol';
import { Type } from 'typebox';
import { ErrorBodySchema, FindingSchema } from '../schemas.ts';

const PATH_CHARACTERS_MAX = 4_096;

const NPM_CHARACTERS_MAX = 200;

const PLACE_CHARACTERS_MAX = 2_048;
const VERSION_CHARACTERS_MAX = 256;

/** Body of an install from an index. */
export const InstallFromIndexSchema = Type.Object(
  {
    name: Type.String({ pattern: PLUGIN_NAME_PATTERN }),
    version: Type.Optional(
      Type.String({
        pattern: VERSION_PATTERN,
        maxLength: VERSION_CHARACTERS_MAX,
        description: 'Where it is left out, the highest that is released, not blocked, and runs on this server.',
      }),
    ),
    index: Type.Optional(
      Type.String({
        maxLength: PLACE_CHARACTERS_MAX,
        description: 'The `place` of one of `install.index`; where it is left out, the first that lists the plugin.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Body of an install that names where the plugin is. */
export const InstallSchema = Type.Union([
  Type.Object(
    {
      path: Type.String({
        minLength: 1,
        maxLength: PATH_CHARACTERS_MAX,
        description:
          'A plugin folder on the server, or a .tgz or .zip file; a signature lies beside it as FILE.sig.json.',
      }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      npm: Type.String({
        minLength: 1,
        maxLength: NPM_CHARACTERS_MAX,
        description: 'NAME or NAME@VERSION; only where the server has `install.npm = true`.',
      }),
    },
    { additionalProperties: false },
  ),
  InstallFromIndexSchema,
]);

/** Body of an install that brings the archive itself. */
export const ArchiveSchema = Type.Unsafe<Buffer>({ format: 'binary', description: 'A .tgz or .zip.' });

/** Headers of an install. */
export const InstallHeadersSchema = Type.Object({
  'x-bulkhead-signature': Type.Optional(
    Type.String({ description: 'The signature of an archive that is sent, as base64 of its JSON.' }),
  ),
  'x-bulkhead-index': Type.Optional(
    Type.String({
      description:
        'Of an archive that is sent: the index that it was fetched from, as base64 of JSON `{origin: {name, place, key, serial}, plugin, version}`.',
    }),
  ),
});

/** What {@link InstallHeadersSchema} says of an index, decoded. */
export const IndexedFromSchema = Type.Object({
  origin: Type.Object({
    name: Type.String({ pattern: PLUGIN_NAME_PATTERN }),
    place: Type.String({ minLength: 1, maxLength: PLACE_CHARACTERS_MAX, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }),
    key: Type.String({ pattern: '^ed25519:[A-Za-z0-9+/]{43}=$' }),
    serial: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  }),
  plugin: Type.String({ pattern: PLUGIN_NAME_PATTERN }),
  version: Type.String({ pattern: VERSION_PATTERN, maxLength: VERSION_CHARACTERS_MAX }),
});

/** A release that was stored; it is registered for nobody. */
export const InstalledSchema = Type.Object({
  name: Type.String(),
  version: Type.String(),
  digest: Type.Union([Type.String(), Type.Null()], {
    description: 'Null where a requirement is missing: nothing was reviewed or stored.',
  }),
  state: Type.Enum(LIFECYCLE_STATES, { description: 'As its trial left it.' }),
  reason: Type.Optional(Type.String()),
  findings: Type.Array(FindingSchema),
});

/** A refusal, with all that was found. */
export const InstallRefusedSchema = Type.Object({
  ...ErrorBodySchema.properties,
  findings: Type.Optional(Type.Array(FindingSchema)),
});
