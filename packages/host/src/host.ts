/**
 * Makes a host: opens what it owns, joins the parts to the two flows, and ends everything in reverse. The one place that
 * knows all parts; nothing is decided here.
 */
import { createHostApi } from './host/host-api.ts';
import { openParts, type HostParts } from './host/open-parts.ts';
import { resolveSettings, type HostSettings } from './host/settings.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';

/**
 * Opens a host: measures the sandbox of this machine, starts the warm pool, and is ready to install and call plugins.
 *
 * @throws {HostError} `SANDBOX_TOO_WEAK` where the machine's sandbox is weaker than `minTier`; `DATA_LOCKED` where
 *   another host holds `dataDir`; `STORAGE_UNAVAILABLE`.
 * @remarks Start the process with `node --disable-sigusr1`: else that signal, which a guest at tier `process` may be able to
 *   send, opens its debugger (FAULTS 57). It is not ignored here, because what a process does at a signal is its owner's.
 * @public
 */
export async function createHost(options: HostOptions = {}): Promise<Host> {
  const { host } = await openHost(resolveSettings(options));
  return host;
}

/** Opens a host by settings that are whole; what is opened beside it is for {@link createDebugHost}. */
export async function openHost(settings: HostSettings): Promise<{ readonly host: Host; readonly parts: HostParts }> {
  const closing = new AsyncDisposableStack();
  try {
    const parts = await openParts(settings, closing);
    await parts.follower.begin();
    parts.rollouts.look();
    parts.residents.didChange();
    return { host: createHostApi(settings, parts, closing), parts };
  } catch (error) {
    await closing.disposeAsync();
    throw error;
  }
}
