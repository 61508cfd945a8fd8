import { expect, test } from 'vitest';
import { TIERS } from '@bulkhead/protocol';
import { dataLimitBytes, launchCommand, tierObstacle, type LaunchRequest, type StagedFiles } from './command.ts';
import type { Tool, Toolset } from './toolset.ts';

const at = (path: string): Tool => ({ found: true, path });
const absent = (cure: string): Tool => ({ found: false, cure });

const TOOLSET: Toolset = {
  bwrap: at('/usr/bin/bwrap'),
  perl: at('/usr/bin/perl'),
  prlimit: at('/usr/bin/prlimit'),
  setpriv: at('/usr/bin/setpriv'),
  choom: at('/usr/bin/choom'),
  nice: at('/usr/bin/nice'),
  bwrapOptions: new Set(['--disable-userns']),
  isRoot: true,
  architecture: 'x64',
};
const WITHOUT_PERL: Toolset = { ...TOOLSET, perl: absent('apt-get install perl-base') };

const STAGED: StagedFiles = {
  node: '/run/node',
  guest: '/run/guest.mjs',
  launcher: '/run/launch.pl',
  online: '/run/online.pl',
  filters: {
    confined: '/run/confined.bpf',
    'confined-children': '/run/confined-children.bpf',
    jail: '/run/jail.bpf',
    'jail-children': '/run/jail-children.bpf',
    'jail-starter': '/run/jail-starter.bpf',
    'jail-online': '/run/jail-online.bpf',
    'jail-online-children': '/run/jail-online-children.bpf',
  },
  image: {
    loader: '/lib64/ld.so',
    libraries: [
      { name: '/usr/lib/libc.so.6', file: '/usr/lib/libc.so.6' },
      { name: '/usr/lib/libstdc++.so.6', file: '/usr/lib/libstdc++.so.6.0.30' },
    ],
    idleDataBytes: 1_000,
  },
};

const REQUEST: LaunchRequest = {
  tier: 'process',
  toolset: TOOLSET,
  staged: STAGED,
  shape: { memoryMb: 512, dataLimitBytes: 600, openFilesMax: 64, fileSizeMaxBytes: 800 },
  token: 'f00d',
  hostPid: 77,
};
const WITH_UID: LaunchRequest = { ...REQUEST, shape: { ...REQUEST.shape, uid: 5_000 } };

const LAUNCHER =
  '/usr/bin/perl -w /run/launch.pl generation=f00d arch=x64 parent=77 lifeline=0 keep=3 nice=10 session=5 oom=1000 ' +
  'data=600 nofile=64 fsize=800 stack=8388608 core=0';
const FLAGS =
  '--disallow-code-generation-from-strings --disable-proto=delete --no-experimental-sqlite --disable-sigusr1 ' +
  '--openssl-config=/nonexistent/openssl.cnf --single-threaded --v8-pool-size=1 --max-old-space-size=512 --no-addons';
const JAILED_GUEST = '/bulkhead/guest.mjs';
const NODE = `/run/node ${FLAGS} --permission --allow-fs-read=/run/guest.mjs /run/guest.mjs generation=f00d`;
const JAILED_NODE = `/bulkhead/node ${FLAGS} --permission --allow-fs-read=${JAILED_GUEST} ${JAILED_GUEST} generation=f00d`;
const JAIL =
  '/usr/bin/bwrap --unshare-user --unshare-all --disable-userns --die-with-parent --cap-drop ALL --clearenv ' +
  '--hostname plugin --chdir / --ro-bind /usr/lib/libc.so.6 /usr/lib/libc.so.6 ' +
  '--ro-bind /usr/lib/libstdc++.so.6.0.30 /usr/lib/libstdc++.so.6 --ro-bind /lib64/ld.so /lib64/ld.so ' +
  '--ro-bind /run/node /bulkhead/node --ro-bind /run/guest.mjs /bulkhead/guest.mjs --proc /proc ' +
  '--dev-bind /dev/null /dev/null --remount-ro / --seccomp 4 --json-status-fd 5 --';

const lineOf = (request: LaunchRequest): string => {
  const { file, args } = launchCommand(request);
  return [file, ...args].join(' ');
};

test('tier process is Node behind the launcher, as the host’s own user', () => {
  expect(lineOf(REQUEST)).toBe(`${LAUNCHER} capabilities=none -- ${NODE}`);
});

test('tier uid adds a user', () => {
  expect(lineOf({ ...WITH_UID, tier: 'uid' })).toBe(`${LAUNCHER} uid=5000 capabilities=none -- ${NODE}`);
});

test('tier confined adds Landlock with single files, and the filter', () => {
  const landlock =
    'landlock=1 run=/run/node run=/lib64/ld.so read=/usr/lib/libc.so.6 read=/usr/lib/libstdc++.so.6.0.30 ' +
    'read=/run/guest.mjs read=/proc/self seccomp=4';
  expect(lineOf({ ...WITH_UID, tier: 'confined' })).toBe(
    `${LAUNCHER.replace('keep=3', 'keep=4')} uid=5000 capabilities=none ${landlock} -- ${NODE}`,
  );
});

test('tier jail gives up root before it makes namespaces', () => {
  expect(lineOf({ ...WITH_UID, tier: 'jail' })).toBe(
    `${LAUNCHER.replace('keep=3', 'keep=5')} uid=5000 -- ${JAIL} ${JAILED_NODE}`,
  );
});

test('without perl, util-linux’s tools take the launcher’s place', () => {
  expect(lineOf({ ...WITH_UID, tier: 'jail', toolset: WITHOUT_PERL })).toBe(
    '/usr/bin/nice -n 10 /usr/bin/choom -n 1000 -- ' +
      '/usr/bin/prlimit --data=600:600 --nofile=64:64 --fsize=800:800 --stack=8388608:8388608 --core=0:0 ' +
      '/usr/bin/setpriv --reuid=5000 --regid=5000 --clear-groups --no-new-privs --pdeathsig=KILL -- ' +
      `${JAIL.replace('--chdir /', '--chdir / --new-session')} ${JAILED_NODE}`,
  );
});

test('without any tool, tier process is Node alone', () => {
  const none = absent('apt-get install something');
  const toolset = { ...TOOLSET, perl: none, prlimit: none, setpriv: none, choom: none, nice: none, isRoot: false };
  expect(lineOf({ ...REQUEST, toolset })).toBe(NODE);
});

test('a bubblewrap that does not know --disable-userns is not given it', () => {
  const toolset = { ...TOOLSET, bwrapOptions: new Set<string>() };
  expect(lineOf({ ...WITH_UID, tier: 'jail', toolset })).not.toContain('--disable-userns');
});

test('a temp folder can be read and written, at the same path everywhere', () => {
  const shape = { ...WITH_UID.shape, tempDir: '/run/temp/a' };
  const confined = launchCommand({ ...WITH_UID, tier: 'confined', shape }).args;
  const jail = launchCommand({ ...WITH_UID, tier: 'jail', shape }).args;
  expect(confined).toContain('write=/run/temp/a');
  expect(jail.join(' ')).toContain('--bind /run/temp/a /run/temp/a');
  expect(jail).toContain('--allow-fs-write=/run/temp/a');
});

test('a toolchain gets its files, its children and their filter', () => {
  const rights = { readablePaths: ['/tools'], allowChildren: true, allowAddons: true };
  const confined = launchCommand({ ...WITH_UID, ...rights, tier: 'confined' });
  expect(confined.fds).toEqual([{ kind: 'file', path: '/run/confined-children.bpf' }]);
  expect(confined.args).toEqual(expect.arrayContaining(['run=/tools', '--allow-child-process', '--allow-addons']));
  expect(confined.args).not.toContain('--no-addons');
});

test('V8 has helper threads where it is our own toolchain, and nowhere else', () => {
  const flags = ['--single-threaded', '--v8-pool-size=1'];
  expect(launchCommand({ ...WITH_UID, tier: 'jail' }).args).toEqual(expect.arrayContaining(flags));
  const toolchain = launchCommand({ ...WITH_UID, tier: 'jail', allowHelperThreads: true }).args;
  expect(toolchain.filter((argument) => flags.includes(argument))).toEqual([]);
});

test('the self-test’s second run differs by the permission model alone', () => {
  const production = launchCommand({ ...WITH_UID, tier: 'jail' }).args;
  const kernel = launchCommand({ ...WITH_UID, tier: 'jail', withoutPermissionModel: true }).args;
  expect(production.filter((argument) => !kernel.includes(argument))).toEqual([
    '--permission',
    '--allow-fs-read=/bulkhead/guest.mjs',
  ]);
});

test('every tier gives an empty environment and the token as an argument of its own', () => {
  for (const tier of TIERS) {
    const { args, env } = launchCommand(tier === 'process' ? REQUEST : { ...WITH_UID, tier });
    expect(env).toEqual({});
    expect(args).toContain('generation=f00d');
  }
});

test('an obstacle names the tool and ends with its cure', () => {
  const toolset = { ...TOOLSET, bwrap: absent('apt-get install bubblewrap') };
  expect(tierObstacle('jail', toolset)).toBe('bubblewrap is not installed; apt-get install bubblewrap');
  expect(tierObstacle('confined', WITHOUT_PERL)).toMatch(/apt-get install perl-base$/);
  expect(tierObstacle('uid', { ...TOOLSET, isRoot: false })).toMatch(/start the host as root$/);
  expect(tierObstacle('process', { ...WITHOUT_PERL, isRoot: false, architecture: undefined })).toBeUndefined();
});

test('root starts no guest above tier process as itself', () => {
  expect(() => launchCommand({ ...REQUEST, tier: 'jail' })).toThrow('invariant');
});

test('uid 0 is never a guest’s', () => {
  expect(() => launchCommand({ ...REQUEST, tier: 'uid', shape: { ...REQUEST.shape, uid: 0 } })).toThrow('invariant');
});

test('the data limit leaves the budget and V8’s own room above the idle size', () => {
  expect(dataLimitBytes(1_000, 512)).toBe(1_000 + (512 + 64) * 1024 * 1024);
});

test.each([
  ['jail', 6],
  ['confined', 5],
  ['uid', 4],
] as const)(
  'a debugged guest of tier %s has one more socket, its number as an argument, and two rights',
  (tier, fd) => {
    const plain = launchCommand({ ...WITH_UID, tier });
    const debugged = launchCommand({ ...WITH_UID, tier, isDebugged: true });
    expect(debugged.fds).toEqual([...plain.fds, { kind: 'inspector' }]);
    expect(debugged.args.filter((argument) => !plain.args.includes(argument))).toEqual([
      `keep=${fd}`,
      '--allow-worker',
      '--allow-inspector',
      '--disable-warning=SecurityWarning',
      `inspector=${fd}`,
    ]);
  },
);
