/**
 * What installs look like on the admin plane, as JSON Schema.
 */
import { LIFECYCLE_STATES } from '@bulkhead/protocol';
import { Type } from 'typebox';
import { ErrorBodySchema, FindingSchema } from '../schemas.ts';

const PATH_CHARACTERS_MAX = 4_096;

const NPM_CHARACTERS_MAX = 200;

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
]);

/** Body of an install that brings the archive itself. */
export const ArchiveSchema = Type.Unsafe<Buffer>({ format: 'binary', description: 'A .tgz or .zip.' });

/** Headers of an install. */
export const InstallHeadersSchema = Type.Object({
  'x-bulkhead-signature': Type.Optional(
    Type.String({ description: 'The signature of an archive that is sent, as base64 of its JSON.' }),
  ),
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
