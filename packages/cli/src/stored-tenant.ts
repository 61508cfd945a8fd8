/**
 * Tenants of a store that the command line opened itself, by the words that are typed.
 */
import type { Storage } from '@bulkhead/host';

/** Finds the id of a tenant by that or its name; a word that is neither stands for itself, for tenants are removed, and what they did is not. */
export async function tenantIdOf(storage: Storage, word: string): Promise<string> {
  const { tenants } = await storage.readCatalogue();
  return findTenant(tenants, word)?.id ?? word;
}

/** The one with this id, or else with this name. */
export function findTenant<Row extends { readonly id: string; readonly name: string }>(
  tenants: readonly Row[],
  word: string,
): Row | undefined {
  return tenants.find(({ id }) => id === word) ?? tenants.find(({ name }) => name === word);
}
