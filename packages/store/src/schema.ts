/**
 * The tables as Kysely sees them: what is read, what must be given at an insert, what may be changed. They follow the last
 * migration. `json` and `jsonb` columns are written as text, because pg would write a JavaScript list as a PostgreSQL array.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { ColumnType, Generated } from 'kysely';

/** A point in time: ISO 8601 text both ways, and the server's clock where none is given. */
type Time = ColumnType<string, string | undefined, string>;

/** Who is kept apart from whom. */
export type TenantsTable = {
  readonly id: Generated<string>;
  readonly name: string;
  readonly created_at: Time;
};

/** Which release a tenant runs, and how. */
export type PluginRegistrationsTable = {
  readonly id: Generated<string>;
  readonly tenant_id: string;
  readonly plugin_name: string;
  readonly plugin_version: string;
  readonly enabled: Generated<boolean>;
  readonly config: ColumnType<JsonObject, string | undefined, string>;
  readonly granted_permissions: ColumnType<readonly string[], string | undefined, string>;
  /** Raised by one with each change; a writer that names an older one is told so. */
  readonly revision: Generated<number>;
  readonly installed_at: Time;
  readonly updated_at: Time;
};

/** Every table of ours, by its name. */
export type Tables = {
  readonly tenants: TenantsTable;
  readonly plugin_registrations: PluginRegistrationsTable;
};
