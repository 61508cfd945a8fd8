/**
 * A host with plugins of bench/fixtures installed, as an embedder would have it: every default, storage in memory.
 */
import type { Outcome } from '@bulkhead/protocol';
import { createHost, type Host, type HostOptions } from '@bulkhead/host';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Opens a host and installs the fixtures; each must load. */
export async function openBenchHost(fixtures: readonly string[], options: HostOptions = {}): Promise<Host> {
  const host = await createHost(options);
  for (const name of fixtures) {
    const release = await host.install(fixturePath(name));
    if (release.state !== 'INITIALIZED') throw new Error(`fixture ${name} is ${release.state}: ${release.reason}`);
  }
  return host;
}

/** Returns the folder of a fixture. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/** Calls the tool that every trivial figure is about. */
export function callTrivial(host: Host, tenant = 'default'): Promise<Outcome> {
  return host.call({ plugin: 'trivial', tool: 'add', params: { a: 20, b: 22 }, tenant });
}

/** Waits until the host's warm pool has a spare that can be bound. */
export async function untilSpare(host: Host): Promise<void> {
  while (!/^sandbox_guests\{state="spare"\} [1-9]/m.test(await host.metrics())) await delay(2);
}

/** Insists that a call was answered well; a figure of failures would be worth nothing. */
export function assertOk(outcome: Outcome): void {
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
}
