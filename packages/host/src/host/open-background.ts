/**
 * Joins what plugins do while nobody calls them: their threads, the registry that is told how those are, the log, and the
 * residents, which are opened after the guests that they keep.
 */
import { askedPermissions } from '@bulkhead/protocol';
import type { CallPath } from '../call/call-run.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { startHealthChecks } from '../fleet/health-checks.ts';
import { createResidents, type ResidentPlace, type Residents } from '../fleet/residents.ts';
import { grantedAs, type LiveScope, type LiveSpec } from '../fleet/live-plugin.ts';
import { systemTimer } from '../base/timer.ts';
import type { Journal } from '../journal/journal.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sandbox, SandboxOpening } from '../sandbox/sandbox.ts';
import type { Speaker } from '../services/desk.ts';
import { createThreads, type Threads, type ThreadView } from '../services/threads.ts';
import type { HostSettings } from './settings.ts';

/** Where an instance is of. */
type Live = { readonly spec: LiveSpec; readonly scope: string };

/** What plugins do while nobody calls them. */
export type Background = {
  readonly methods: Threads['methods'];
  /** Whose asks an instance that is about to open will make. */
  readonly speakerOf: (spec: LiveSpec, scope: LiveScope) => Speaker;
  /** Knows an instance by its speaker from now on, until it is gone. */
  readonly didOpen: (speaker: Speaker, opening: SandboxOpening) => void;
  readonly isKept: (live: Live, sandbox: Sandbox) => boolean;
  readonly didEnd: (live: Live, isFault: boolean) => void;
  /** The threads of an instance. */
  readonly threadsOf: (sandbox: Sandbox) => readonly ThreadView[];
  /** Begins to keep residents, and to ask them how they are. */
  readonly keep: (path: CallPath, catalogue: Catalogue) => Residents;
};

/** Opens it; nothing is kept before `keep`. */
export function openBackground(
  settings: HostSettings,
  { registry, journal }: { readonly registry: Registry; readonly journal: Journal },
  closing: AsyncDisposableStack,
): Background {
  const { clock, threadTiming: timing } = settings;
  const speakers = new WeakMap<Sandbox, Speaker>();
  let residents: Residents | undefined;
  const threads = createThreads({
    ...{ clock, timing, startTimer: systemTimer },
    didChange: (plugin, tenant, concern) => {
      registry.recordConcern(plugin, concern, tenant);
      if (concern?.word !== 'warning') return; // One that died has written its last line itself.
      journal.add({ plugin, scope: tenant }, { source: 'host', level: 'warn', text: concern.message });
    },
  });
  closing.defer(() => threads.close());
  return {
    methods: threads.methods,
    speakerOf: (spec, scope) => ({
      ...{ plugin: grantedAs(spec), tenant: scope.name, isTrial: scope.isTrial, digest: spec.digest },
      isSingleUse: spec.manifest.sandbox.scope === 'call',
      judged: spec.isJudged === true ? { name: spec.name, asks: askedPermissions(spec.manifest) } : undefined,
    }),
    didOpen: (speaker, opening) => {
      if (!opening.ok) return threads.didLeave(speaker);
      speakers.set(opening.sandbox, speaker);
      void opening.sandbox.died.then(() => threads.didLeave(speaker));
    },
    isKept: (live, sandbox) => {
      const speaker = speakers.get(sandbox);
      return residents?.isWanted(placeOf(live)) === true || (speaker !== undefined && threads.isBusy(speaker));
    },
    didEnd: (live, isFault) => residents?.didEnd(placeOf(live), isFault),
    threadsOf: (sandbox) => {
      const speaker = speakers.get(sandbox);
      return speaker === undefined ? [] : threads.of(speaker);
    },
    keep: (path, catalogue) => {
      const minTierOf = (tenant: string) => catalogue.shelf.tenant(tenant)?.min_tier ?? undefined;
      residents = createResidents({ ...path, minTierOf, startTimer: systemTimer });
      const { didChange, close } = residents;
      catalogue.onChange(didChange);
      closing.defer(close);
      closing.defer(startHealthChecks({ ...path, ...settings, startTimer: systemTimer, random: Math.random }));
      return residents;
    },
  };
}

function placeOf({ spec: { name, digest }, scope }: Live): ResidentPlace {
  return { name, digest, tenant: scope };
}
