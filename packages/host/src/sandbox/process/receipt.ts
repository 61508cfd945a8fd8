/**
 * From what the self-test found to the enforcement receipt: which layers hold, and so which tier. Pure. A layer is
 * never inferred from a tool that is installed or a flag that was given, only from attempts that were refused.
 *
 *   layer               run         holds when refused                              required by
 *   permission-model    production  files, children, workers, add-ons, bindings     every tier
 *   code-generation     production  eval                                            every tier
 *   environment         production  variables of the host                           every tier
 *   descriptors         production  inherited files and sockets                     every tier
 *   network             production  TCP, UDP, Unix, abstract, listen, DNS           uid, confined, jail
 *   memory-limit        production  typed arrays beyond the budget                  uid, confined, jail
 *   memory-cgroup       production  memory beyond a control group's limit (tried once)      no tier
 *   open-files-limit    production  files beyond the limit                          uid, confined, jail
 *   file-limits         kernel      core files, files of any size                   uid, confined, jail
 *   own-user            production  the host's user, becoming root                  uid
 *   signals             production  signalling or renicing the host                 uid, confined, jail
 *   files               kernel      reading, listing, writing outside               confined, jail
 *   sockets             kernel      every kind of socket                            confined, jail
 *   child-processes     kernel      spawn                                           confined, jail
 *   other-processes     kernel      /proc of the host and others                    confined, jail
 *   system-calls        kernel      a filter is on; signals to parent and everyone  confined, jail
 *   privileges          kernel      capabilities, gaining privileges                confined, jail
 *   namespaces          kernel      any namespace or host name shared               jail
 *   read-only-view      kernel      any mount that can be written                   jail
 *
 * `production` is the guest's exact command line; `kernel` is the same without Node's permission model, so that what
 * is refused there was refused by the operating system.
 */
import { TIERS, type Layer, type Receipt, type Tier } from '@bulkhead/protocol';
import type { ProbeResult } from '../../self-test/probe.ts';
import { tierObstacle } from './command.ts';
import type { Toolset } from './toolset.ts';

/** The self-test's answers of both runs at one tier. */
export type ProbeReport = { readonly production: readonly ProbeResult[]; readonly kernel: readonly ProbeResult[] };

/** What was measured, where and when. */
export type ReceiptInput = {
  readonly tier: Tier;
  readonly report: ProbeReport;
  readonly toolset: Toolset;
  /** Why each stronger tier was not reached. */
  readonly above: Receipt['above'];
  readonly kernel: string;
  readonly node: string;
  /** ISO 8601. */
  readonly checkedAt: string;
};

/** Returns the receipt: every known layer, also those that do not hold, with what was seen. */
export function makeReceipt(input: ReceiptInput): Receipt {
  const { tier, above, kernel, node, checkedAt } = input;
  const layers = LAYERS.map((layer) => judgeLayer(layer, input));
  return { tier, layers, above, kernel, node, checked_at: checkedAt };
}

/** Returns what the tier requires and the report does not show, each as text; empty where the tier holds. */
export function missingForTier(tier: Tier, report: ProbeReport): readonly string[] {
  const required = LAYERS.filter(({ requiredBy }) => requiredBy.includes(tier));
  return required.flatMap((layer) => {
    const { holds, seen } = measure(layer, report);
    return holds ? [] : [`${layer.name}: ${seen}`];
  });
}

/** Reads the self-test's answer; undefined where it is not one. */
export function parseProbeResults(value: unknown): readonly ProbeResult[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const results = value.map(parseResult);
  return results.every((result) => result !== undefined) ? results : undefined;
}

type LayerRule = {
  readonly name: string;
  readonly run: keyof ProbeReport;
  readonly probes: readonly string[];
  readonly requiredBy: readonly Tier[];
};

const FROM_UID: readonly Tier[] = ['uid', 'confined', 'jail'];
const FROM_CONFINED: readonly Tier[] = ['confined', 'jail'];
const SOCKET_PROBES = ['tcp-connect', 'unix-connect', 'abstract-connect', 'tcp-listen', 'udp-send', 'dns-lookup'];

/** The table above. Names are stable: receipts, `doctor` and operators' scripts carry them. */
const LAYERS: readonly LayerRule[] = [
  {
    name: 'permission-model',
    run: 'production',
    probes: [
      'read-etc-passwd',
      'read-secret',
      'read-through-link',
      'list-root',
      'write-shared-folder',
      'sqlite-file',
      'read-host-environ',
      'spawn',
      'worker',
      'dlopen',
      'process-binding',
    ],
    requiredBy: TIERS,
  },
  { name: 'code-generation', run: 'production', probes: ['eval'], requiredBy: TIERS },
  { name: 'environment', run: 'production', probes: ['environment'], requiredBy: TIERS },
  { name: 'descriptors', run: 'production', probes: ['descriptors'], requiredBy: TIERS },
  { name: 'network', run: 'production', probes: SOCKET_PROBES, requiredBy: FROM_UID },
  { name: 'memory-limit', run: 'production', probes: ['memory'], requiredBy: FROM_UID },
  // The host adds this result to those of the guest: see memory-layer.ts.
  { name: 'memory-cgroup', run: 'production', probes: ['memory-beyond-group'], requiredBy: [] },
  { name: 'open-files-limit', run: 'production', probes: ['open-files'], requiredBy: FROM_UID },
  { name: 'file-limits', run: 'kernel', probes: ['limit-core', 'limit-file-size'], requiredBy: FROM_UID },
  { name: 'own-user', run: 'production', probes: ['own-user', 'become-root'], requiredBy: ['uid'] },
  { name: 'signals', run: 'production', probes: ['signal-host', 'renice-host'], requiredBy: FROM_UID },
  {
    name: 'files',
    run: 'kernel',
    probes: [
      'read-etc-passwd',
      'read-secret',
      'read-through-link',
      'list-root',
      'resolve-user-by-name',
      'write-root',
      'write-tmp',
      'write-dev-shm',
      'write-shared-folder',
    ],
    requiredBy: FROM_CONFINED,
  },
  { name: 'sockets', run: 'kernel', probes: [...SOCKET_PROBES, 'interfaces'], requiredBy: FROM_CONFINED },
  { name: 'child-processes', run: 'kernel', probes: ['spawn'], requiredBy: FROM_CONFINED },
  {
    name: 'other-processes',
    run: 'kernel',
    probes: ['read-host-environ', 'list-processes'],
    requiredBy: FROM_CONFINED,
  },
  {
    name: 'system-calls',
    run: 'kernel',
    probes: ['status-seccomp', 'signal-parent', 'signal-everyone'],
    requiredBy: FROM_CONFINED,
  },
  {
    name: 'privileges',
    run: 'kernel',
    probes: ['status-capabilities', 'status-no-new-privileges'],
    requiredBy: FROM_CONFINED,
  },
  { name: 'namespaces', run: 'kernel', probes: ['namespaces', 'hostname'], requiredBy: ['jail'] },
  { name: 'read-only-view', run: 'kernel', probes: ['writable-mounts'], requiredBy: ['jail'] },
];

function judgeLayer(layer: LayerRule, input: ReceiptInput): Layer {
  const { holds, seen } = measure(layer, input.report);
  return { name: layer.name, holds, how: holds ? seen : `${seen}; ${cureOf(layer, input)}` };
}

function measure({ run, probes }: LayerRule, report: ProbeReport): { readonly holds: boolean; readonly seen: string } {
  const found = probes.map((name) => report[run].find((result) => result.name === name) ?? notTried(name));
  const open = found.filter(({ refused }) => !refused);
  if (open.length > 0) return { holds: false, seen: open.map(({ name, got }) => `${name} got ${got}`).join(', ') };
  return { holds: true, seen: found.map(({ name, got }) => `${name} ${got}`).join(', ') };
}

function notTried(name: string): ProbeResult {
  return { name, expected: 'refused', got: 'no answer of the self-test', refused: false };
}

const GROUP_CURE =
  'give the host a control group to divide: Delegate=memory pids and DelegateSubgroup=bulkhead-host in its systemd unit';

/** What an operator can do so that the layer holds. */
function cureOf(layer: LayerRule, { tier, toolset, above }: ReceiptInput): string {
  if (layer.name === 'own-user' && !toolset.isRoot) return 'start the host as root, with user ids to give';
  if (layer.name === 'memory-cgroup') return toolset.perl.found ? GROUP_CURE : toolset.perl.cure;
  if (layer.name === 'network') return 'run the host on Node 25 or newer, or raise the tier to confined';
  const raising = layer.requiredBy.find((other) => TIERS.indexOf(other) > TIERS.indexOf(tier));
  if (raising === undefined) return 'this is a fault of the host; please report it with this receipt';
  const reason = tierObstacle(raising, toolset) ?? above.find((entry) => entry.tier === raising)?.reason;
  return `tier ${raising} would bring it${reason === undefined ? '' : `: ${reason}`}`;
}

function parseResult(value: unknown): ProbeResult | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, expected, got, refused } = value as Record<string, unknown>; // A parser: each is checked below.
  if (typeof name !== 'string' || typeof expected !== 'string' || typeof got !== 'string') return undefined;
  return typeof refused === 'boolean' ? { name, expected, got, refused } : undefined;
}
