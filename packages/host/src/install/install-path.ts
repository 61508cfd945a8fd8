/**
 * What the install flow uses, wired once by the host, and what goes in and comes out of it.
 */
import type { Finding, Manifest } from '@bulkhead/protocol';
import type { ArtifactStore } from '../artifact/store.ts';
import type { Log } from '../base/log.ts';
import type { Turns } from '../base/turns.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { TierPolicy } from '../fleet/needed-tier.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Registry } from '../registry/registry.ts';
import type { Release, Releases } from '../catalogue/releases.ts';
import type { Clock } from '../base/clock.ts';
import type { NoteBook } from '../sandbox/process/machine-notes.ts';
import type { Storage } from '../storage/port.ts';
import type { PackageFiles } from '../source/source-tree.ts';
import type { SignaturePolicy } from './judge-signature.ts';
import type { InstallFrom } from './read-plugin.ts';
import type { Trial } from './trial.ts';

/**
 * Whether a release that replaces another needs evidence.
 *
 * @public
 */
export type GuardPolicy = 'optional' | 'required';

/** What the steps of an install use. */
export type InstallPath = TierPolicy & {
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platformVersion: string;
  readonly workshop: { readonly ask: AskWorkshop };
  readonly supplied: readonly PackageFiles[];
  readonly artifacts: ArtifactStore;
  readonly releases: Releases;
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly fleet: Fleet;
  /** Trials are remembered there, and what was seen of indexes. */
  readonly storage: Pick<Storage, 'getTrial' | 'putTrial' | 'seeIndex'>;
  /** What came of installs before, of the user's own; of most hosts empty. Read only where a trial may be recalled. */
  readonly installNotes: NoteBook;
  readonly clock: Clock;
  readonly signatures: SignaturePolicy;
  /** `required`: no registration goes to another release but by an evaluation. */
  readonly guard: GuardPolicy;
  /** What changes which plugins there are, one after another. */
  readonly inTurn: Turns;
  /** What MCP servers keep for tenants. */
  readonly state: { readonly forget: (plugin: string, tenant?: string) => Promise<void> };
};

/** Without a tenant the release is registered for all; grants are host capabilities for the registration. */
export type InstallRequest = {
  readonly from: InstallFrom;
  readonly tenant: string | undefined;
  readonly grantsOf: (name: string) => readonly string[] | undefined;
  /** Believes the record of an earlier trial that went well, and what was noted of review and bundling. */
  readonly mayRecallTrial: boolean;
  /** Stored beside the others for whoever moves to it, and registered for nobody; `by` is who asked for it. */
  readonly candidate?: { readonly by: string };
};

/** What came of an install that was not refused. */
export type Installed = {
  readonly manifest: Manifest;
  /** Undefined where a requirement is missing: nothing was reviewed or stored. */
  readonly release: Release | undefined;
  readonly findings: readonly Finding[];
  /** Of a candidate: how its trial ended, since nobody runs it whose state would tell. */
  readonly trial?: Trial;
  /** Why what was read does not serve: what it lacks, or how its trial failed. */
  readonly problems: readonly Finding[];
};
