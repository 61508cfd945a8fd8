/**
 * Reads how a monitor is asked for on a command line or in a policy: `latency:percentile=0.95,alert_ratio=1.2`.
 */
import { GuardError } from '../guard-error.ts';
import { createComposite } from './composite.ts';
import { createFairness } from './fairness.ts';
import { createLatency } from './latency.ts';
import { createLlmCost } from './llm-cost.ts';
import type { BuiltInMonitor } from './monitor.ts';
import { createResource } from './resource.ts';
import { createSuccessRate } from './success-rate.ts';
import { createTrend } from './trend.ts';
import { createVariance } from './variance.ts';

/** How the text of an option is read: a list is of monitors, with `+` between them, without options of their own. */
type OptionKind = 'number' | 'text' | 'monitors';

type MonitorKind = {
  // never: each takes options of its own, and they are read by the table beside it.
  readonly create: (options: never) => BuiltInMonitor;
  readonly options: Readonly<Record<string, OptionKind>>;
};

const SINGLE: Readonly<Record<string, MonitorKind>> = {
  latency: { create: createLatency, options: { percentile: 'number', alert_ratio: 'number', severity: 'text' } },
  success_rate: { create: createSuccessRate, options: { drop: 'number', severity: 'text' } },
  trend: {
    create: createTrend,
    options: { window: 'number', slope: 'number', rise: 'number', severity: 'text' },
  },
  fairness: { create: createFairness, options: { max_gap: 'number', field: 'text', severity: 'text' } },
  resource: { create: createResource, options: { metric: 'text', alert_ratio: 'number', severity: 'text' } },
  llm_cost: { create: createLlmCost, options: { alert_cost_ratio: 'number', severity: 'text' } },
  variance: { create: createVariance, options: { alert_ratio: 'number', severity: 'text' } },
};

const MONITORS: Readonly<Record<string, MonitorKind>> = {
  ...SINGLE,
  composite: { create: createComposite, options: { monitors: 'monitors', severity: 'text' } },
};

/**
 * Names of the monitors that there are, as a specification begins.
 *
 * @public
 */
export const MONITOR_NAMES: readonly string[] = Object.keys(MONITORS);

/**
 * Makes the monitor of a specification: its name in any case, and after a colon its options, `name=value` with commas between.
 * `composite:monitors=latency+success_rate` joins several; without `monitors` it is of all the others.
 *
 * @throws {GuardError} `MONITOR_INVALID` where the monitor or an option is not known (the message lists what there is), an option stands
 *   twice, or a value is out of its range.
 * @see X002-10.
 * @public
 */
export function parseMonitorSpec(spec: string): BuiltInMonitor {
  const [name = '', ...rest] = spec.split(':');
  const text = rest.join(':');
  const kind = kindOf(name, MONITORS);
  const options = text === '' ? {} : parseOptions(text, name, kind);
  const filled =
    kind === MONITORS['composite'] ? { monitors: parseMonitors(Object.keys(SINGLE).join('+')), ...options } : options;
  // As never: parseOptions made what the table says that this monitor takes.
  return kind.create(filled as never);
}

function kindOf(name: string, kinds: Readonly<Record<string, MonitorKind>>): MonitorKind {
  const key = name.trim().toLowerCase();
  const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined;
  if (kind !== undefined) return kind;
  throw invalid(`monitor ${JSON.stringify(name)} is not known; available: ${Object.keys(kinds).join(', ')}`);
}

type OptionValue = string | number | readonly BuiltInMonitor[];

function parseOptions(text: string, name: string, kind: MonitorKind): Readonly<Record<string, OptionValue>> {
  const values = new Map<string, OptionValue>();
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    if (at === -1)
      throw invalid(`option ${JSON.stringify(part)} of monitor "${name}" has no value; expected name=value`);
    const key = part.slice(0, at).trim().toLowerCase();
    const optionKind = Object.hasOwn(kind.options, key) ? kind.options[key] : undefined;
    if (optionKind === undefined) {
      const available = Object.keys(kind.options).join(', ');
      throw invalid(`monitor "${name}" has no option ${JSON.stringify(key)}; available: ${available}`);
    }
    if (values.has(key)) throw invalid(`option ${key} of monitor "${name}" stands there twice; expected it once`);
    values.set(key, parseValue(key, part.slice(at + 1).trim(), optionKind));
  }
  return Object.fromEntries(values);
}

function parseValue(key: string, text: string, kind: OptionKind): OptionValue {
  switch (kind) {
    case 'number':
      if (/^-?\d+(?:\.\d+)?(?:e-?\d+)?$/i.test(text)) return Number(text);
      throw invalid(`option ${key} is ${JSON.stringify(text)}; expected a number`);
    case 'text':
      return text;
    case 'monitors':
      return parseMonitors(text);
  }
}

function parseMonitors(text: string): readonly BuiltInMonitor[] {
  // As never: no option is a specification of its own.
  return text.split('+').map((name) => kindOf(name, SINGLE).create({} as never));
}

function invalid(message: string): GuardError {
  return new GuardError('MONITOR_INVALID', message);
}
