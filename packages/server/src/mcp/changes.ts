/**
 * Tells clients that keep a stream open what has changed: the lists of their tenant (once for each tenant, however many listen, and
 * only where a list is another one than before), and the resources that they watch.
 */
import { hash } from 'node:crypto';
import type { Host, ResourceUpdate } from '@bulkhead/host';
import type { ServerEvent, ServerEventBus } from '@modelcontextprotocol/server';
import { listedUri } from './names.ts';
import type { Session, Sessions } from './sessions.ts';

/** Where listeners register, and the end of it. */
export type Changes = {
  /** Of a client that listens to one plugin, or to all of its tenant's, as the library takes it. */
  readonly busFor: (tenant: string, plugin: string | undefined) => ServerEventBus;
  /** Notes what a tenant's lists are as its first listener begins. */
  readonly watch: (tenant: string) => void;
  readonly close: () => void;
};

type Listener = { readonly plugin: string | undefined; readonly hear: (event: ServerEvent) => void };
type Lists = { readonly tools: string; readonly resources: string; readonly prompts: string };

/** What is told of. */
export type ChangesOptions = {
  readonly host: Pick<Host, 'tools' | 'offers'>;
  readonly sessions: Pick<Sessions, 'ofTenant'>;
};

/** What happens together is told once. */
const SETTLE_MS = 50;
const LISTS = ['tools', 'resources', 'prompts'] as const;

/** Begins to listen to the host. */
export function createChanges({ host, sessions }: ChangesOptions): Changes {
  const listeners = new Map<string, Set<Listener>>();
  const known = new Map<string, Lists>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    timer = undefined;
    for (const [tenant, before] of known) {
      if ((listeners.get(tenant)?.size ?? 0) === 0 && sessions.ofTenant(tenant).length === 0) {
        known.delete(tenant);
        continue;
      }
      const now = listsOf(host, tenant);
      known.set(tenant, now);
      for (const list of LISTS) if (now[list] !== before[list]) tell(tenant, list);
    }
  }

  function tell(tenant: string, list: (typeof LISTS)[number]): void {
    for (const { hear } of listeners.get(tenant) ?? []) hear({ kind: `${list}_list_changed` });
    for (const { server } of sessions.ofTenant(tenant))
      server.notification({ method: `notifications/${list}/list_changed` }).catch(() => undefined); // Gone meanwhile.
  }

  function tellUpdate({ tenant, plugin, uri }: ResourceUpdate): void {
    const isFor = (shown: string | undefined): boolean => shown === undefined || shown === plugin;
    for (const { plugin: shown, hear } of listeners.get(tenant) ?? [])
      if (isFor(shown)) hear({ kind: 'resource_updated', uri: listedUri(shown, plugin, uri) });
    for (const session of sessions.ofTenant(tenant))
      if (isFor(session.plugin)) sendUpdate(session, listedUri(session.plugin, plugin, uri));
  }

  function watch(tenant: string): void {
    if (!known.has(tenant)) known.set(tenant, listsOf(host, tenant));
  }

  const stopChanges = host.offers.onChange(() => {
    if (known.size > 0) timer ??= setTimeout(look, SETTLE_MS).unref();
  });
  const stopUpdates = host.offers.onUpdate(tellUpdate);

  return {
    watch,
    busFor: (tenant, plugin) => ({
      publish: () => undefined, // What happens is told by the host alone.
      subscribe: (hear) => {
        watch(tenant);
        const listener = { plugin, hear };
        const ofTenant = listeners.get(tenant) ?? new Set();
        listeners.set(tenant, ofTenant.add(listener));
        return () => {
          ofTenant.delete(listener);
          if (ofTenant.size === 0 && listeners.get(tenant) === ofTenant) listeners.delete(tenant);
        };
      },
    }),
    close: () => {
      clearTimeout(timer);
      stopChanges();
      stopUpdates();
    },
  };
}

function listsOf(host: ChangesOptions['host'], tenant: string): Lists {
  return {
    tools: digestOf(host.tools(tenant)),
    resources: digestOf(host.offers.resources(tenant)),
    prompts: digestOf(host.offers.prompts(tenant)),
  };
}

function sendUpdate({ watched, server }: Session, uri: string): void {
  if (watched.has(uri)) server.sendResourceUpdated({ uri }).catch(() => undefined); // Gone meanwhile.
}

function digestOf(list: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(list), 'base64');
}
