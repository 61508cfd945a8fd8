/**
 * Opens the executor that a specification describes, over the parts of whoever evaluates.
 */
import type { Host, StartTimer } from '@bulkhead/host';
import type { Random } from '../statistics/random.ts';
import { createDockerExecutor } from './docker-executor.ts';
import type { ExecutorSpec } from './executor-spec.ts';
import type { Executor } from './executor.ts';
import { createHttpExecutor, type WallClock } from './http-executor.ts';
import { createLlmExecutor } from './llm-executor.ts';
import { createPluginExecutor } from './plugin-executor.ts';

/**
 * What executors are made of. None of it is closed with them.
 *
 * @public
 */
export type ExecutorParts = {
  readonly host: { readonly callEntry: Host['callEntry']; readonly llm: Pick<Host['llm'], 'generate'> };
  readonly clock: WallClock;
  readonly startTimer: StartTimer;
  /** Draws the jitter of waits; each executor forks a stream of its own. */
  readonly random: Random;
  readonly fetch: typeof fetch;
  /** Makes texts that nobody can guess; never seeded. */
  readonly createNonce: () => string;
  readonly openLocal: () => Executor;
  /** The bearer token for an executor over http, where it wants one. */
  readonly httpToken?: string | undefined;
  /** Path of the docker command. */
  readonly dockerCommand?: string | undefined;
  /** Whose plugins and models are asked; the host's default where not said. */
  readonly tenant?: string | undefined;
};

/**
 * Opens an executor; whoever opens it closes it.
 *
 * @throws {GuardError} `EXECUTOR_INVALID` where a URL, a token or the name of an image is none that may be used.
 * @public
 */
export function openExecutor(spec: ExecutorSpec, parts: ExecutorParts): Executor {
  const { host, clock, startTimer, fetch, createNonce, tenant } = parts;
  // A description's fields are named as the options; its `kind` is none of them.
  const random = parts.random.fork(`executor ${spec.kind}`);
  const ofTenant = tenant === undefined ? {} : { tenant };
  switch (spec.kind) {
    case 'local':
      return parts.openLocal();
    case 'docker': {
      const command = parts.dockerCommand === undefined ? {} : { command: parts.dockerCommand };
      return createDockerExecutor({ clock, startTimer, createNonce, ...command, ...spec });
    }
    case 'http': {
      const token = parts.httpToken === undefined ? {} : { token: parts.httpToken };
      const { url, insecure: isInsecureAllowed = false } = spec;
      return createHttpExecutor({ url, isInsecureAllowed, fetch, clock, startTimer, random, ...token });
    }
    case 'llm': {
      return createLlmExecutor({ generate: host.llm.generate, clock, startTimer, random, ...ofTenant, ...spec });
    }
    case 'plugin':
      return createPluginExecutor({ host, clock, plugin: spec.plugin, entry: spec.entry, ...ofTenant });
  }
}
