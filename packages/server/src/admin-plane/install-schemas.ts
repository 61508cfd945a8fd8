/**
 * What installs look like on the admin plane, as JSON Schema.
 */
import { LIFECYCLE_STATES } from '@bulkhead/protocol';
import { Type } from 'typebox';
import { ErrorBodySchema, FindingSchema } from '../schemas.ts';

const PATH_CHARACTERS_MAX = 4_096;

/** Body of an install; an npm package, and uploads of other content types, are forms that this server does not take yet. */
export const InstallSchema = Type.Union([
  Type.Object(
    {
      path: Type.String({
        minLength: 1,
        maxLength: PATH_CHARACTERS_MAX,
        description: 'A plugin folder on the server.',
      }),
    },
    { additionalProperties: false },
  ),
  Type.Object({ npm: Type.String({ description: 'Not taken yet.' }) }, { additionalProperties: false }),
]);

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
