/**
 * How a query answers with the word by which calls name a tenant.
 */
import { sql } from 'kysely';

/** The word of the row of `tenants` that a query joins. */
export const word = sql<string>`coalesce(tenants.word, tenants.id::text)`;
