import { expect, test } from 'vitest';
import type { Tier } from '@bulkhead/protocol';
import type { ProbeResult } from '../../self-test/probe.ts';
import { measureTiers } from './measure-tiers.ts';
import { makeReceipt, missingForTier, parseProbeResults, type ProbeReport } from './receipt.ts';
import type { Tool, Toolset } from './toolset.ts';

const absent = (cure: string): Tool => ({ found: false, cure });
const found: Tool = { found: true, path: '/usr/bin/tool' };
const TOOLSET: Toolset = {
  bwrap: found,
  perl: found,
  prlimit: found,
  setpriv: found,
  choom: found,
  nice: found,
  bwrapOptions: new Set(),
  isRoot: true,
  architecture: 'x64',
};
const WITHOUT_BWRAP: Toolset = { ...TOOLSET, bwrap: absent('apt-get install bubblewrap') };
const WHERE = { kernel: 'Linux 6', node: 'v26', checkedAt: '2026-01-01T00:00:00.000Z' };

/** A report in which everything was refused but the named probes. */
function reportWithout(...open: readonly string[]): ProbeReport {
  const names = [
    'read-etc-passwd',
    'read-secret',
    'read-through-link',
    'list-root',
    'resolve-user-by-name',
    'write-root',
    'write-tmp',
    'write-dev-shm',
    'write-shared-folder',
    'sqlite-file',
    'read-host-environ',
    'list-processes',
    'signal-host',
    'signal-parent',
    'signal-everyone',
    'renice-host',
    'spawn',
    'become-root',
    'own-user',
    'tcp-connect',
    'unix-connect',
    'abstract-connect',
    'tcp-listen',
    'udp-send',
    'dns-lookup',
    'interfaces',
    'hostname',
    'namespaces',
    'writable-mounts',
    'eval',
    'worker',
    'dlopen',
    'process-binding',
    'environment',
    'descriptors',
    'memory',
    'memory-beyond-group',
    'open-files',
    'status-capabilities',
    'status-no-new-privileges',
    'status-seccomp',
    'limit-core',
    'limit-file-size',
  ];
  const results = names.map((name): ProbeResult => {
    const refused = !open.includes(name);
    return { name, expected: 'refused', got: refused ? 'EPERM' : 'obtained', refused };
  });
  return { production: results, kernel: results };
}

test('the receipt lists every layer by its stable name', () => {
  const { layers } = makeReceipt({ tier: 'jail', report: reportWithout(), toolset: TOOLSET, above: [], ...WHERE });
  expect(layers.map(({ name }) => name)).toEqual([
    'permission-model',
    'code-generation',
    'environment',
    'descriptors',
    'network',
    'memory-limit',
    'memory-cgroup',
    'open-files-limit',
    'file-limits',
    'own-user',
    'signals',
    'files',
    'sockets',
    'child-processes',
    'other-processes',
    'system-calls',
    'privileges',
    'namespaces',
    'read-only-view',
  ]);
  expect(layers.every(({ holds }) => holds)).toBe(true);
});

test.each<[Tier, string]>([
  ['process', 'eval'],
  ['uid', 'own-user'],
  ['uid', 'tcp-connect'],
  ['confined', 'write-tmp'],
  ['confined', 'signal-everyone'],
  ['jail', 'namespaces'],
  ['jail', 'writable-mounts'],
])('tier %s does not hold where %s is not refused', (tier, open) => {
  expect(missingForTier(tier, reportWithout(open))).toHaveLength(1);
});

test('a jail holds without a user of its own, as where the host is not root', () => {
  expect(missingForTier('jail', reportWithout('own-user'))).toEqual([]);
});

test('a probe that gave no answer counts as not refused', () => {
  expect(missingForTier('process', { production: [], kernel: [] })).toHaveLength(4);
});

test('a layer that does not hold says what was got and ends with what would raise it', () => {
  const above = [{ tier: 'jail' as const, reason: 'bubblewrap is not installed; apt-get install bubblewrap' }];
  const report = reportWithout('namespaces');
  const { layers } = makeReceipt({ tier: 'confined', report, toolset: WITHOUT_BWRAP, above, ...WHERE });
  expect(layers.find(({ name }) => name === 'namespaces')).toEqual({
    name: 'namespaces',
    holds: false,
    how: 'namespaces got obtained; tier jail would bring it: bubblewrap is not installed; apt-get install bubblewrap',
  });
});

test('a machine without control groups holds every tier, and the layer says what would bring them', () => {
  const report = reportWithout('memory-beyond-group');
  expect(missingForTier('jail', report)).toEqual([]);
  const howIn = (toolset: Toolset): string | undefined =>
    makeReceipt({ tier: 'jail', report, toolset, above: [], ...WHERE }).layers.find(
      ({ name }) => name === 'memory-cgroup',
    )?.how;
  expect(howIn(TOOLSET)).toBe(
    'memory-beyond-group got obtained; give the host a control group to divide: Delegate=memory pids and DelegateSubgroup=bulkhead-host in its systemd unit',
  );
  expect(howIn({ ...TOOLSET, perl: absent('apt-get install perl-base') })).toContain('; apt-get install perl-base');
});

test('measuring takes the strongest tier that holds and says why the stronger ones do not', async () => {
  const tried: Tier[] = [];
  const runProbe = (tier: Tier): Promise<ProbeReport> => {
    tried.push(tier);
    return Promise.resolve(tier === 'confined' ? reportWithout('spawn') : reportWithout());
  };
  const measured = await measureTiers({ toolset: WITHOUT_BWRAP, runProbe, ...WHERE });
  expect(tried).toEqual(['confined', 'uid']);
  expect(measured).toMatchObject({
    holds: true,
    receipt: {
      tier: 'uid',
      above: [
        { tier: 'jail', reason: 'bubblewrap is not installed; apt-get install bubblewrap' },
        {
          tier: 'confined',
          reason: 'not refused there: permission-model: spawn got obtained; child-processes: spawn got obtained',
        },
      ],
    },
  });
});

const failing = (tier: Tier): Promise<ProbeReport | { readonly failed: string }> =>
  tier === 'jail' ? Promise.resolve({ failed: 'no user namespaces' }) : Promise.reject(new Error('gone'));

test('a self-test that cannot run, or throws, rules its tier out with the reason', async () => {
  const measured = await measureTiers({ toolset: TOOLSET, runProbe: failing, ...WHERE });
  expect(measured.holds).toBe(false);
  expect(measured).toMatchObject({
    above: [
      { tier: 'jail', reason: 'the self-test did not run: no user namespaces' },
      { tier: 'confined', reason: 'the self-test did not run: Error: gone' },
      { tier: 'uid' },
      { tier: 'process' },
    ],
  });
});

test('an answer that is not the self-test’s is no report', () => {
  expect(parseProbeResults({})).toBeUndefined();
  expect(parseProbeResults([{ name: 'x', expected: 'y', got: 'z', refused: 'yes' }])).toBeUndefined();
  expect(parseProbeResults([{ name: 'x', expected: 'y', got: 'z', refused: true }])).toHaveLength(1);
});
