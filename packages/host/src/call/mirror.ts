/**
 * Mirrors a share of live calls to whoever runs them again on another release. It hears of a call when its plugin has answered, draws
 * whether to hand it over, and hands it over behind the call: one at a time, between what else the host does.
 *
 * MI1: A call's answer never waits for whoever takes it, and never changes by it. What is drawn is written as JSON at once and read
 *     again when it is handed over: a copy, since its caller may change what it gave and what it was answered as soon as it has the answer.
 * MI2: Everything is bounded: what waits, and the bytes of each call. What does not fit is counted and gone.
 * MI3: Only calls from outside are mirrored. Of those that plugins make, one could be made by what runs a mirrored call, which would
 *     be mirrored in turn, and so on.
 */
import { LIMITS, isJsonObject, type JsonObject, type JsonValue, type OutcomeKind } from '@bulkhead/protocol';
import type { Log } from '../base/log.ts';
import type { MirroredCall } from '../gate-api.ts';
import type { MirrorFate } from '../metrics/recording-series.ts';
import { createBehindCalls } from './behind-calls.ts';
import type { CallEnd, CallRun } from './call-run.ts';
import { toolOf, type ResolvedCall } from './resolve-call.ts';

/** What it works with. `random` gives numbers from 0 up to, but not including, 1. */
export type MirrorOptions = {
  readonly log: Pick<Log, 'warn'>;
  readonly random: () => number;
  /** Told of each call that was drawn. `dropped` found no room, was too large, came too late, or was thrown at. */
  readonly count: (fate: MirrorFate) => void;
  /** Runs something when the host has done what is at hand. */
  readonly defer: (work: () => void) => void;
};

/** Calls that are wanted: of a plugin in one version, for a tenant or for all. `share` is from 0 to 1. */
export type WantedCalls = {
  readonly plugin: string;
  readonly tenant: string | undefined;
  readonly version: string;
  readonly share: number;
};

/** What a plugin was given: of a tool its parameters, after every hook. */
export type GivenCall = Pick<ResolvedCall, 'args' | 'tool' | 'live'>;

/** Mirrors calls. */
export type Mirror = {
  /**
   * Hears how a plugin ended a call, and what it was given. Never throws. One comparison where nothing is open, and one look-up more
   * where nobody mirrors the plugin; a call that is drawn is written as JSON.
   */
  readonly note: (run: CallRun, given: GivenCall, end: CallEnd) => void;
  /**
   * Hands over calls from now on, until the returned function is called, which may be called twice; what waits then is dropped. What
   * `take` throws is logged and costs that call alone.
   */
  readonly open: (wanted: WantedCalls, take: (call: MirroredCall) => void) => () => void;
};

const WAITING_MAX = 16;
const PARAMS_BYTES_MAX = LIMITS.recorded_params_bytes.value;
const VALUE_BYTES_MAX = 1_048_576;

type Opened = { readonly wanted: WantedCalls; readonly take: (call: MirroredCall) => void; isClosed: boolean };

/** By tenant; under undefined those who want every tenant's. */
type ByTenant = Map<string | undefined, Set<Opened>>;

/** Params and value as JSON, since both may be changed by their owner by the time they are read. */
type Drawn = Pick<MirroredCall, 'tenant' | 'tool' | 'isIdempotent'> & {
  readonly opened: Opened;
  readonly params: string;
  readonly end: { readonly ok: true; readonly value: string } | Extract<MirroredCall['end'], { readonly ok: false }>;
};

/** Creates a mirror that nobody looks into. */
export function createMirror({ log, random, count, defer }: MirrorOptions): Mirror {
  const plugins = new Map<string, ByTenant>();
  const behind = createBehindCalls<Drawn>({ waitingMax: WAITING_MAX, work: handOver, defer });

  function handOver({ opened, ...drawn }: Drawn): void {
    if (opened.isClosed) return count('dropped');
    try {
      opened.take(toMirrored(drawn));
      count('taken');
    } catch (error) {
      count('dropped');
      log.warn({ err: error, plugin: opened.wanted.plugin }, 'a mirrored call could not be taken');
    }
  }

  function draw(among: ReadonlySet<Opened> | undefined, noted: Noted): void {
    if (among === undefined || !isWorthMirroring(noted)) return;
    for (const opened of among) {
      const { version, share } = opened.wanted;
      if (version !== noted.run.version || random() >= share) continue;
      const drawn = behind.hasRoom() ? toDrawn(opened, noted) : undefined;
      if (drawn === undefined || !behind.add(drawn)) count('dropped');
    }
  }

  /** What a caller in this process gave may have become anything by now, also what is no JSON. */
  function toDrawn(opened: Opened, noted: Noted): Drawn | undefined {
    try {
      return drawnOf(opened, noted);
    } catch (error) {
      log.warn({ err: error, call_id: noted.run.id }, 'a call could not be mirrored');
      return undefined;
    }
  }

  return {
    note: (run, given, end) => {
      if (plugins.size === 0) return;
      const tenants = plugins.get(run.task.plugin);
      if (tenants === undefined) return;
      const noted = { run, given, end };
      draw(tenants.get(run.tenant), noted);
      draw(tenants.get(undefined), noted);
    },
    open: (wanted, take) => {
      const opened: Opened = { wanted, take, isClosed: false };
      add(plugins, opened);
      return () => {
        opened.isClosed = true;
        remove(plugins, opened);
      };
    },
  };
}

function add(plugins: Map<string, ByTenant>, opened: Opened): void {
  const { plugin, tenant } = opened.wanted;
  const tenants: ByTenant = plugins.get(plugin) ?? new Map();
  plugins.set(plugin, tenants);
  tenants.set(tenant, (tenants.get(tenant) ?? new Set()).add(opened));
}

/** What is empty goes, too, so that calls pay for nothing that has ended. */
function remove(plugins: Map<string, ByTenant>, opened: Opened): void {
  const { plugin, tenant } = opened.wanted;
  const tenants = plugins.get(plugin);
  const among = tenants?.get(tenant);
  among?.delete(opened);
  if (among?.size === 0) tenants?.delete(tenant);
  if (tenants?.size === 0) plugins.delete(plugin);
}

type Noted = { readonly run: CallRun; readonly given: GivenCall; readonly end: CallEnd };

/** Ends that say something of the plugin, and not of its caller or its host. */
const TELLING: readonly OutcomeKind[] = [
  'tool_error',
  'invalid_output',
  'output_too_large',
  'crashed',
  'out_of_memory',
  'timeout',
  'protocol_violation',
];

function isWorthMirroring({ run: { didRun, hasChunks, task }, end }: Noted): boolean {
  if (!didRun || hasChunks || task.target.kind !== 'tool' || task.chain.length > 0) return false;
  return end.ok || TELLING.includes(end.error.kind);
}

/** Undefined where it is too large, or its parameters are no object. */
function drawnOf(opened: Opened, { run, given, end }: Noted): Drawn | undefined {
  const asked = given.args[0] ?? {};
  const params = isJsonObject(asked) ? textWithin(asked, PARAMS_BYTES_MAX) : undefined;
  const value = end.ok ? textWithin(end.value, VALUE_BYTES_MAX) : undefined;
  if (params === undefined || (end.ok && value === undefined)) return undefined;
  return {
    ...{ opened, tenant: run.tenant, tool: run.task.target.name, params },
    isIdempotent: toolOf(given, run)?.wire.idempotent === true,
    end: end.ok ? { ok: true, value: value ?? 'null' } : { ok: false, kind: end.error.kind, code: end.error.code },
  };
}

function textWithin(value: JsonValue, bytesMax: number): string | undefined {
  const text = JSON.stringify(value);
  return Buffer.byteLength(text) > bytesMax ? undefined : text;
}

function toMirrored({ params, end, ...drawn }: Omit<Drawn, 'opened'>): MirroredCall {
  return {
    ...drawn,
    params: JSON.parse(params) as JsonObject, // It was written from one, and so was the value.
    end: end.ok ? { ok: true, value: JSON.parse(end.value) as JsonValue } : end,
  };
}
