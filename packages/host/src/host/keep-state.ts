/**
 * What MCP servers keep for a tenant goes when the tenant does, on whichever node it is: at once where the host is told, else when it
 * starts again.
 */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { StdioDriver } from '../sandbox/stdio/driver.ts';
import type { HostSettings } from './settings.ts';

/** Where tenants are named, and where their things are. */
export type KeptState = {
  readonly catalogue: Catalogue;
  /** The fleet, once it is there. */
  readonly guests: { readonly fleet?: Fleet };
  readonly state: StdioDriver['state'];
};

/** Removes what an earlier host left of tenants that went meanwhile, and from now on what goes with each. Closed after the fleet, whose servers have the folders. */
export async function keepState(
  { log, hasImplicitTenants }: HostSettings,
  { catalogue, guests, state }: KeptState,
  closing: AsyncDisposableStack,
): Promise<void> {
  let tenants = tenantsOf(catalogue);
  let removing = Promise.resolve();
  closing.defer(() => removing);

  async function forget(isGone: (tenant: string) => boolean): Promise<void> {
    await state.forgetTenants(isGone).catch((error: unknown) => log.warn({ err: error }, UNREMOVED));
  }

  // Where tenants are implied, any folder may be that of one who comes again.
  if (!hasImplicitTenants) await forget((tenant) => !tenants.has(tenant));
  catalogue.onChange(() => {
    const before = tenants;
    tenants = tenantsOf(catalogue);
    const gone = new Set([...before].filter((tenant) => !tenants.has(tenant)));
    if (gone.size === 0) return;
    // An idle server would have its folder for minutes.
    for (const live of guests.fleet?.all() ?? []) for (const tenant of gone) void live.renew(tenant);
    removing = removing.then(() => forget((tenant) => gone.has(tenant)));
  });
}

function tenantsOf({ shelf }: Catalogue): Set<string> {
  return new Set(shelf.tenants().map(({ id }) => id));
}

const UNREMOVED = 'what MCP servers kept of a tenant that is gone was not removed';
