/**
 * Reads how a monitor is asked for on a command line or in a policy: `latency:percentile=0.95,alert_ratio=1.2`.
 */
import { GuardError } from '../guard-error.ts';
import { createComposite } from './composite.ts';
import { createDrift } from './drift.ts';
import { createFairness } from './fairness.ts';
import { createLatency } from './latency.ts';
import { createLlmCost } from './llm-cost.ts';
import type { BuiltInMonitor } from './monitor.ts';
import { createPii } from './pii.ts';
import { createResource } from './resource.ts';
import { createSafety } from './safety.ts';
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
  drift: { create: createDrift, options: { alert_ratio: 'number', severity: 'text' } },
  pii: { create: createPii, options: { severity: 'text' } },
  safety: { create: createSafety, options: { patterns: 'text', severity: 'text' } },
};

/** Of what a composite is that names none: it is as it was before there were others. */
const COMPOSED = 'latency+success_rate+trend+fairness+resource+llm_cost+variance';

/** Other names of the contract for what there is (X002-10). */
const ALIASES: Readonly<Record<string, string>> = { performance: 'latency', bias: 'fairness' };

/** Names of the contract for what no monitor of ours can say, and why. */
const NOT_OURS: Readonly<Record<string, string>> = {
  toxicity:
    'monitor "toxicity" is not offered: whether a text is toxic takes a model to judge, and a list of words would pretend to; ' +
    "have the task take it as a metric, or give a plugin's monitor that asks a model: plugin:NAME/ENTRY",
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
 * `composite:monitors=latency+success_rate` joins several; without `monitors` it is of latency, success_rate, trend,
 * fairness, resource, llm_cost and variance. `performance` is another name of latency, and `bias` of fairness.
 *
 * @throws {GuardError} `MONITOR_INVALID` where the monitor or an option is not known (the message lists what there is), an option stands
 *   twice, or a value is out of its range.
 * @see X002-10.
 * @public
 */
export function parseMonitorSpec(spec: string): BuiltInMonitor {
  const [name = '', ...rest] = spec.split(':');
  const text = rest.join(':');
  if (['plugin', 'file'].includes(name.trim().toLowerCase()))
    throw invalid(`monitor "${spec}" runs in a process of its own; open it with openMonitor, which has a host for it`);
  const kind = kindOf(name, MONITORS);
  const options = text === '' ? {} : parseOptions(text, name, kind);
  const filled = kind === MONITORS['composite'] ? { monitors: parseMonitors(COMPOSED), ...options } : options;
  // As never: parseOptions made what the table says that this monitor takes.
  return kind.create(filled as never);
}

function kindOf(name: string, kinds: Readonly<Record<string, MonitorKind>>): MonitorKind {
  const asked = name.trim().toLowerCase();
  const key = (Object.hasOwn(ALIASES, asked) ? ALIASES[asked] : undefined) ?? asked;
  const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined;
  if (kind !== undefined) return kind;
  const reason = Object.hasOwn(NOT_OURS, key) ? NOT_OURS[key] : undefined;
  if (reason !== undefined) throw invalid(reason);
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
