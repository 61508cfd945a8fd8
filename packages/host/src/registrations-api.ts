/**
 * What an embedder sees of registrations: which release of which plugin serves a tenant, with which configuration and permissions.
 */
import type { JsonObject, Manifest } from '@bulkhead/protocol';
import type { Release } from './catalogue/releases.ts';
import type { ComparedWithCurrent, ReleaseList } from './moves/list-releases.ts';
import type { RolloutRequest } from './moves/rollout.ts';
import type { MoveGate } from './moves/upgrade.ts';
import type { StoredRegistration, StoredRollout } from './storage/catalogue-port.ts';

/**
 * How a tenant's registration is made. `grant` replaces what was granted; `config` what was configured.
 *
 * @public
 */
export type RegistrationOptions = {
  /** `default` where it is left out. */
  readonly tenant?: string;
  readonly config?: JsonObject;
  /** Host capabilities that the release asks for; what is not named is not granted. */
  readonly grant?: readonly string[];
  /** Who acts, for the audit log. */
  readonly by?: string;
  /** Whoever acts may see releases that are not offered to the tenant; taken where it may see no other. */
  readonly isPlatform?: boolean;
};

/**
 * Whose registration is changed, and what it is expected to be.
 *
 * @public
 */
export type ChangeOptions = {
  /** `default` where it is left out. */
  readonly tenant?: string;
  /** The revision that it must have. */
  readonly expected?: number;
  readonly by?: string;
};

/**
 * `cascade`: what depends on the plugin is disabled with it, first.
 *
 * @public
 */
export type DisableOptions = ChangeOptions & { readonly cascade?: boolean };

/**
 * Who looks: the platform sees every release, a tenant those that are public, offered to it, or its own.
 *
 * @public
 */
export type ViewOptions = {
  /** `default` where it is left out. */
  readonly tenant?: string;
  readonly isPlatform?: boolean;
};

/**
 * To which release a registration is moved, and what lets it in: `trial` where it is left out.
 *
 * @public
 */
export type UpgradeOptions = ChangeOptions &
  ViewOptions & {
    readonly version: string;
    readonly gate?: MoveGate;
    /** Consents to what the release asks for beyond the one in use: what is named is granted, also where nothing is. */
    readonly grant?: readonly string[];
  };

/**
 * To which release a registration comes back: the one before its last upgrade where it is left out.
 *
 * @public
 */
export type RollbackOptions = ChangeOptions & ViewOptions & { readonly version?: string };

/**
 * The registrations of a host; `tenant` is `default` where it is left out. Changes hold for the next call, without a restart.
 *
 * @public
 */
export type Registrations = {
  /** Newest releases of the plugins that a tenant may enable, sorted by name; only those of a capability, where one is named. */
  readonly available: (tenant?: string, isPlatform?: boolean, capability?: string) => readonly Manifest[];
  /** Newest first. */
  readonly of: (tenant?: string) => readonly StoredRegistration[];
  /**
   * Makes a registration of the plugin's newest release, or enables it again: config and grants stay unless they are given.
   * One that is enabled keeps its release, and so does one of which the newest asks for more, unless a grant is given.
   *
   * @throws {HostError} `PLUGIN_NOT_FOUND`, `CONFIG_INVALID`, `VALIDATION_FAILED` for a grant that is not asked for.
   */
  readonly enable: (plugin: string, options?: RegistrationOptions) => Promise<StoredRegistration>;
  /** Keeps config and grants. @throws {HostError} `PLUGIN_NOT_FOUND`; `DEPENDENTS_ENABLED` where others need it and `cascade` is not asked for. */
  readonly disable: (plugin: string, options?: DisableOptions) => Promise<StoredRegistration>;
  /** Replaces the configuration, also of guests that run. @throws {HostError} `PLUGIN_NOT_FOUND`, `CONFIG_INVALID`, `REVISION_CONFLICT`. */
  readonly configure: (plugin: string, config: JsonObject, options?: ChangeOptions) => Promise<StoredRegistration>;
  /**
   * Moves a registration to another release, after it was tried for the tenant: new calls go to it, those in flight end on
   * the old one. Where it fails nothing has changed.
   *
   * @throws {HostError} `PLUGIN_NOT_FOUND`, `RELEASE_NOT_FOUND`, `CAPABILITY_CHANGE`, `TRIAL_FAILED`, `CONFIG_INVALID`,
   *   `VALIDATION_FAILED`, `GUARD_REQUIRED`, `REVISION_CONFLICT`, `ARTIFACT_MISSING`.
   */
  readonly upgrade: (plugin: string, options: UpgradeOptions) => Promise<StoredRegistration>;
  /** Moves it back. @throws {HostError} `PLUGIN_NOT_FOUND`, `RELEASE_NOT_FOUND`, `REVISION_CONFLICT`, `ARTIFACT_MISSING`. */
  readonly rollback: (plugin: string, options?: RollbackOptions) => Promise<StoredRegistration>;
  /** The releases that there are, and the moves so far. @throws {HostError} `PLUGIN_NOT_FOUND`. */
  readonly releases: (plugin: string, options?: ViewOptions) => ReleaseList;
  /** A release against the one that the tenant runs. @throws {HostError} `RELEASE_NOT_FOUND`. */
  readonly compare: (plugin: string, version: string, options?: ViewOptions) => Promise<ComparedWithCurrent>;
  /**
   * Begins to move all tenants that have the plugin enabled, by growing shares; it goes on behind the caller, and over a
   * restart. It halts where the host rolls a moved tenant back, or the release does not load; tenants that would have to
   * consent are left out.
   *
   * @throws {HostError} `RELEASE_NOT_FOUND`, `VALIDATION_FAILED`, `ROLLOUT_RUNNING`, `GUARD_REQUIRED`.
   */
  readonly rollout: (plugin: string, request: RolloutRequest) => Promise<StoredRollout>;
  /** The newest rollout of a plugin. */
  readonly rolloutOf: (plugin: string) => StoredRollout | undefined;
  /** Ends the one that is under way; who has moved stays moved. @throws {HostError} `ROLLOUT_NOT_FOUND`. */
  readonly cancelRollout: (plugin: string, by: string) => Promise<StoredRollout>;
  /** Says which tenants may see a release, `*` all of them. @throws {HostError} `RELEASE_NOT_FOUND`, `TENANT_NOT_FOUND`. */
  readonly offer: (
    plugin: string,
    version: string,
    offer: { readonly tenants: readonly string[]; readonly by?: string },
  ) => Promise<Release>;
};
