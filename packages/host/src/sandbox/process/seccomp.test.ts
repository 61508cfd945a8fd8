import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seccompProgram, type FilterOptions } from './seccomp.ts';
import { NEWEST_KNOWN_CALL, systemCallNumber, type Architecture, type SystemCall } from './syscall-numbers.ts';

const SELF_PID = 4242;
const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const ARCHITECTURES: readonly Architecture[] = ['x64', 'arm64'];
const ALLOWED = 'allowed';

type Call = { readonly number: number; readonly args?: readonly number[]; readonly audit?: number };

/** Runs the program as the kernel would: load word, four kinds of jump, return. */
function answer(options: Partial<FilterOptions>, { number, args = [], audit }: Call): string {
  const full = { architecture: 'x64', selfPid: SELF_PID, allowChildren: false, ...options } as const;
  const program = seccompProgram(full);
  const view = new DataView(program.buffer);
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, audit ?? AUDIT[full.architecture], true);
  args.forEach((value, index) => data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, BigInt(value)), true));
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const code = view.getUint16(at, true);
    const k = view.getUint32(at + 4, true);
    if (code === 0x06) return actionName(k);
    if (code === 0x20) accumulator = data.getUint32(k, true);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else at += 8 * view.getUint8(at + (jumps(code, accumulator, k) ? 2 : 3));
  }
  throw new Error('the program ends without an answer');
}

function jumps(code: number, accumulator: number, k: number): boolean {
  if (code === 0x15) return accumulator === k;
  if (code === 0x25) return accumulator > k;
  if (code === 0x35) return accumulator >= k;
  if (code === 0x45) return (accumulator & k) !== 0;
  throw new Error(`unknown instruction ${code}`);
}

function actionName(action: number): string {
  if (action === 0x7fff0000) return ALLOWED;
  if (action === 0x80000000) return 'killed';
  return { 1: 'EPERM', 13: 'EACCES', 38: 'ENOSYS' }[action & 0xffff] ?? `errno ${action & 0xffff}`;
}

function call(name: SystemCall, options: Partial<FilterOptions> = {}, args: readonly number[] = []): string {
  const number = systemCallNumber(name, options.architecture ?? 'x64');
  return number === undefined ? 'absent' : answer(options, { number, args });
}

test.each(ARCHITECTURES)('on %s a call from another architecture ends the process', (architecture) => {
  expect(answer({ architecture }, { number: 0, audit: 0x40000003 })).toBe('killed');
});

test('a call of the x32 ABI ends the process', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x40000000, max: 0x7fffffff }), (number) => answer({}, { number }) === 'killed'),
  );
});

test.each(ARCHITECTURES)('on %s a call newer than the table does not exist', (architecture) => {
  const newer = fc.integer({ min: NEWEST_KNOWN_CALL + 1, max: 0x3fffffff });
  fc.assert(fc.property(newer, (number) => answer({ architecture }, { number }) === 'ENOSYS'));
});

test.each(ARCHITECTURES)('on %s no socket can be made [FAULTS 62]', (architecture) => {
  const calls: readonly SystemCall[] = ['socket', 'socketpair', 'connect', 'bind', 'listen', 'accept', 'accept4'];
  expect(calls.map((name) => call(name, { architecture }))).toEqual(calls.map(() => 'EACCES'));
});

const [INET, INET6, UNIX, NETLINK] = [2, 10, 1, 16];
const [STREAM, DGRAM, RAW, WITH_FLAGS] = [1, 2, 3, 0x80801];
const MPTCP = 262;

test.each(ARCHITECTURES)(
  'on %s who has a proxy of its own can connect by TCP, and nothing else of sockets',
  (architecture) => {
    const own = { architecture, sockets: 'connect' } as const;
    for (const family of [INET, INET6])
      for (const type of [STREAM, WITH_FLAGS])
        for (const protocol of [0, 6]) expect(call('socket', own, [family, type, protocol])).toBe(ALLOWED);
    expect(call('connect', own)).toBe(ALLOWED);
    const refused = [
      [UNIX, STREAM],
      [NETLINK, RAW],
      [INET, DGRAM],
      [INET, RAW],
      [INET6, DGRAM],
      [INET, STREAM, MPTCP],
    ];
    expect(refused.map((args) => call('socket', own, args))).toEqual(refused.map(() => 'EACCES'));
    const calls: readonly SystemCall[] = ['socketpair', 'bind', 'listen', 'accept', 'accept4'];
    expect(calls.map((name) => call(name, own))).toEqual(calls.map(() => 'EACCES'));
  },
);

test.each(ARCHITECTURES)('on %s the proxy itself can listen, and reach the host’s socket', (architecture) => {
  const own = { architecture, sockets: 'serve' } as const;
  const calls: readonly SystemCall[] = ['connect', 'bind', 'listen', 'accept', 'accept4'];
  expect(calls.map((name) => call(name, own))).toEqual(calls.map(() => ALLOWED));
  expect([call('socket', own, [UNIX, STREAM]), call('socket', own, [INET, STREAM])]).toEqual([ALLOWED, ALLOWED]);
  expect(call('socket', own, [NETLINK, RAW])).toBe('EACCES');
});

test.each(ARCHITECTURES)('on %s a thread can be started and a process cannot [FAULTS 32]', (architecture) => {
  const CLONE_THREAD = 0x10000;
  expect(call('clone', { architecture }, [CLONE_THREAD | 0x3d0f00])).toBe(ALLOWED);
  expect(call('clone', { architecture }, [17])).toBe('EPERM');
  expect(call('clone3', { architecture })).toBe('ENOSYS');
});

test('the older ways to a process, which only x86_64 has, are refused [FAULTS 32]', () => {
  expect([call('fork'), call('vfork')]).toEqual(['EPERM', 'EPERM']);
  expect([call('fork', { architecture: 'arm64' }), call('vfork', { architecture: 'arm64' })]).toEqual([
    'absent',
    'absent',
  ]);
});

test('no flag of a new namespace passes clone, with or without children', () => {
  const namespaces = fc.constantFrom(0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000);
  fc.assert(
    fc.property(namespaces, fc.boolean(), fc.boolean(), (flag, asThread, allowChildren) => {
      return call('clone', { allowChildren }, [flag | (asThread ? 0x10000 : 17)]) === 'EPERM';
    }),
  );
});

test.each(['kill', 'tkill', 'tgkill'] as const)(
  '%s reaches the process itself and no other [FAULTS 56, 59]',
  (name) => {
    expect(call(name, {}, [SELF_PID, SELF_PID, 6])).toBe(ALLOWED);
    fc.assert(fc.property(fc.integer(), (pid) => pid === SELF_PID || call(name, {}, [pid, pid, 9]) === 'EPERM'));
  },
);

test('the host cannot be reniced, traced, read or limited [FAULTS 58, 60, 63]', () => {
  const calls: readonly SystemCall[] = [
    'setpriority',
    'ptrace',
    'process_vm_readv',
    'process_vm_writev',
    'pidfd_getfd',
  ];
  expect(calls.map((name) => call(name))).toEqual(calls.map(() => 'EPERM'));
  expect(call('prlimit64', {}, [SELF_PID + 1])).toBe('EPERM');
  expect(call('prlimit64', {}, [0])).toBe(ALLOWED);
});

test.each(ARCHITECTURES)('on %s the kernel’s rarer parts are refused [FAULTS 63]', (architecture) => {
  const calls: readonly SystemCall[] = ['bpf', 'userfaultfd', 'keyctl', 'mount', 'unshare', 'setns', 'perf_event_open'];
  expect(calls.map((name) => call(name, { architecture }))).toEqual(calls.map(() => 'EPERM'));
  expect(call('io_uring_setup', { architecture })).toBe('ENOSYS');
});

test('nothing can be typed into a terminal, also with bits above the command [FAULTS 64]', () => {
  expect(call('ioctl', {}, [0, 0x5412])).toBe('EPERM');
  expect(call('ioctl', {}, [0, 0x1_0000_5412])).toBe('EPERM');
  expect(call('ioctl', {}, [0, 0x5401])).toBe(ALLOWED);
});

test('the death signal cannot be taken off [FAULTS 38]', () => {
  expect(call('prctl', {}, [1])).toBe('EPERM');
  expect(call('prctl', {}, [15])).toBe(ALLOWED);
});

test('a toolchain may have children with pipes, and still no network', () => {
  const options = { allowChildren: true };
  expect(call('clone', options, [17])).toBe(ALLOWED);
  expect(call('vfork', options)).toBe(ALLOWED);
  expect(call('kill', options, [SELF_PID + 1])).toBe(ALLOWED);
  expect(call('socketpair', options, [1])).toBe(ALLOWED);
  expect(call('socketpair', options, [2])).toBe('EACCES');
  expect(call('socket', options)).toBe('EACCES');
});

test.each([
  ['read', 0],
  ['write', 1],
  ['mmap', 9],
  ['futex', 202],
  ['epoll_wait', 232],
  ['exit_group', 231],
  ['execve', 59],
])('what Node computes with stays allowed: %s', (_, number) => {
  expect(answer({}, { number })).toBe(ALLOWED);
});
