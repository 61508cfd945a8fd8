/**
 * The analysis at an interval: of the plugin's own memory, and of those that the configuration names. A memory that cannot be
 * read is told of and keeps no other from being analysed.
 *
 * N1: What is kept is at most `retention` old when a round ends.
 * N2: Health is `warning` while the last analysis is older than twice the interval (X004-8).
 */
import type { HealthReport, JsonObject, PluginContext, ThreadScope } from '@bulkhead/sdk';
import { analyzeArtifacts, growthOf } from './analysis.ts';
import { readFacts } from './read-memory.ts';
import { readSettings, type Settings } from './settings.ts';

/** Tag of the artifacts that are kept analyses; their source is the plugin whose memory was analysed. */
export const ANALYSIS_TAG = 'analysis';

/** What a round found, beside what it has kept in memory. */
type Found = {
  readonly at: number;
  readonly artifacts: number;
  readonly alerts: readonly string[];
  readonly unread: readonly string[];
};

type Scope = Pick<ThreadScope, 'signal' | 'beat'>;

/** The rounds of one instance. */
export type Rounds = {
  /** Analyses where that is due. */
  readonly look: (scope: Scope) => Promise<void>;
  readonly health: () => HealthReport;
};

type Context = Pick<PluginContext, 'config' | 'memory' | 'logger'>;

/** Makes the rounds of a plugin; `ownName` is its own. */
export function createRounds(context: Context, ownName: string): Rounds {
  const since = Date.now();
  let triedAt = -Infinity;
  let last: Found | undefined;

  async function run(settings: Settings, scope: Scope): Promise<void> {
    const found = await analyzeAll(context, { settings, ownName, scope });
    await forgetBefore(context, found.at - settings.retentionMs);
    const fresh = [...found.alerts, ...found.unread].filter((text) => !last?.alerts.concat(last.unread).includes(text));
    for (const text of fresh) context.logger.warn(text);
    last = found;
  }

  return {
    look: async (scope) => {
      const settings = readSettings(context.config);
      if (!settings.isEnabled || Date.now() - triedAt < settings.intervalMs) return;
      triedAt = Date.now();
      // A round that fails is told, and seen by N2; the next one may go well.
      await run(settings, scope).catch((error: unknown) => {
        if (!scope.signal.aborted) context.logger.error(`the analysis failed: ${String(error)}`);
      });
    },
    health: () => healthOf(readSettings(context.config), { last, since }),
  };
}

type Round = { readonly settings: Settings; readonly ownName: string; readonly scope: Scope };

async function analyzeAll(context: Context, { settings, ownName, scope: { signal, beat } }: Round): Promise<Found> {
  const alerts: string[] = [];
  const unread: string[] = [];
  let artifacts = 0;
  for (const plugin of new Set([ownName, ...settings.plugins])) {
    try {
      const analysis = analyzeArtifacts(
        await readFacts(context.memory, { wanted: { plugin }, signal, didRead: beat }),
        Date.now(),
      );
      const growth = growthOf(analysis);
      const isAlert = growth.share > settings.alertThreshold;
      if (isAlert)
        alerts.push(`the memory of "${plugin}" holds over ${settings.alertThreshold * 100} % of what it may`);
      artifacts += analysis.count;
      await keep(context, plugin, { analysis, growth, is_alert: isAlert });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      unread.push(`the memory of "${plugin}" was not read: ${error.message}`);
    }
  }
  return { at: Date.now(), artifacts, alerts, unread };
}

async function keep({ memory }: Context, plugin: string, content: object): Promise<void> {
  const json = { plugin, at: new Date().toISOString(), ...content } as JsonObject; // Made of numbers, texts and lists of them.
  await memory.store(json, { source: plugin, tags: [ANALYSIS_TAG] });
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'PERMISSION_NOT_GRANTED';
}

const PART = 100;
/** Later than every id, so that nothing of that very moment is passed over. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Removes the analyses that are older than a moment (N1). */
async function forgetBefore({ memory }: Context, moment: number): Promise<void> {
  const before = { timestamp: new Date(moment).toISOString(), id: LAST_ID };
  for (;;) {
    const expired = await memory.query('', { tags: [ANALYSIS_TAG], before, limit: PART });
    for (const { id } of expired) await memory.remove(id);
    if (expired.length < PART) return;
  }
}

type Past = { readonly last: Found | undefined; readonly since: number };

function healthOf(settings: Settings, { last, since }: Past): HealthReport {
  const ageMs = Date.now() - (last?.at ?? since);
  const metrics = {
    last_analysis_seconds: last === undefined ? null : Math.round(ageMs / 1_000),
    artifacts: last?.artifacts ?? 0,
    alerts: last?.alerts.length ?? 0,
  };
  const [trouble] = settings.isEnabled ? troublesOf(settings, last, ageMs) : [];
  if (trouble !== undefined) return { status: 'warning', message: trouble, metrics };
  const message = settings.isEnabled ? 'Analyses at its interval.' : 'The analysis at an interval is switched off.';
  return { status: 'healthy', message, metrics };
}

function troublesOf({ intervalMs }: Settings, last: Found | undefined, ageMs: number): readonly string[] {
  const seconds = Math.round(ageMs / 1_000);
  const late = `the last analysis is ${seconds} s old; one is due every ${intervalMs / 1_000} s`;
  return [...(ageMs > 2 * intervalMs ? [late] : []), ...(last?.alerts ?? []), ...(last?.unread ?? [])];
}
