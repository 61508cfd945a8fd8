/**
 * Who hears of a run while it goes on: a line on the terminal, the metrics page and the dashboard.
 */
import type { Estimate, RunFolder, RunParts } from '@bulkhead/evolve';
import type { Terminal } from '../terminal.ts';
import { serveMetrics, type MetricsPage } from '../worker/serve-metrics.ts';
import { openDashboard, type Dashboard, type RunEnd } from './dashboard.ts';
import { createRunMetrics, type RunMetrics } from './run-metrics.ts';
import { openRunLine } from './run-progress.ts';

/** Pages that are asked for by their ports; 0, and `true` of the dashboard, pick a free one. */
export type PageOptions = {
  readonly metricsPort?: number | undefined;
  readonly dashboard?: number | true | undefined;
};

/** Who listens, until it is disposed. */
export type Audience = AsyncDisposable & {
  readonly parts: Pick<RunParts, 'onEstimate' | 'onProgress' | 'onCommit' | 'onChange'>;
  /** Tells whoever looks how it ended. */
  readonly end: (end: RunEnd) => Promise<void>;
};

type Opening = PageOptions & {
  readonly terminal: Terminal;
  /** Nothing is said but warnings and where pages are. */
  readonly isQuiet: boolean;
  readonly hostMetrics: () => Promise<string>;
};

/** Opens it. @throws {UsageError} where the port of a page is taken. */
export async function openAudience({ head }: RunFolder, opening: Opening): Promise<Audience> {
  const { terminal, isQuiet } = opening;
  const metrics = createRunMetrics(head.name);
  await using pages = new AsyncDisposableStack();
  pages.use(await openMetrics(opening, metrics));
  const dashboard = pages.use(await openedDashboard(head.name, opening));
  const line = openRunLine(terminal, { isQuiet });
  const open = pages.move();
  return {
    parts: {
      onEstimate: (estimate) => sayEstimate(estimate, opening),
      onProgress: line.show,
      onCommit: (_commit, search) => metrics.didCommit(search),
      ...(dashboard !== undefined && { onChange: dashboard.didChange }),
    },
    end: async (end) => {
      line.end();
      await dashboard?.end(end);
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Undefined where nobody asked for it. */
async function openMetrics(
  { terminal, metricsPort, hostMetrics }: Opening,
  { render }: RunMetrics,
): Promise<MetricsPage | undefined> {
  if (metricsPort === undefined) return undefined;
  const page = await serveMetrics(metricsPort, async () => `${await hostMetrics()}\n${render()}`);
  terminal.say(`metrics: ${page.url}`);
  return page;
}

/** Undefined where nobody asked for it. */
async function openedDashboard(name: string, { terminal, dashboard: port }: Opening): Promise<Dashboard | undefined> {
  if (port === undefined) return undefined;
  const dashboard = await openDashboard(name, port === true ? 0 : port);
  terminal.say(`dashboard: ${dashboard.url}`);
  return dashboard;
}

function sayEstimate({ proposals, tokens, usd, executions, warnings }: Estimate, { terminal, isQuiet }: Opening): void {
  sayWarnings(warnings, terminal);
  if (isQuiet) return;
  const cost = usd === null ? '' : `, ${usd.toFixed(2)} US dollars`;
  terminal.say(`at the worst: ${proposals} proposals, ${tokens} tokens${cost}, ${executions} executions`);
}

/** Of a budget that may not do, and the like. */
export function sayWarnings(warnings: Estimate['warnings'], { say, talkColors }: Terminal): void {
  for (const warning of warnings) say(talkColors.yellow(warning));
}
