/**
 * The system call filter of a guest, as a classic BPF program that the kernel runs before each call: what a process
 * needs to compute stays allowed, and every way to another process, to a socket or into the kernel's rarer parts is
 * refused. Pure: yields bytes; the launcher or bubblewrap applies them. Never loads anything itself.
 *
 *   wrong architecture, x32 -> killed      newer than the table -> ENOSYS      listed -> its error      rest -> allowed
 */
import { NEWEST_KNOWN_CALL, systemCallNumber, type Architecture, type SystemCall } from './syscall-numbers.ts';

/** Stands in a program for the guest's own process id, where only the launcher knows it; launch.pl replaces it. */
export const SELF_PID_MARK = 0x5049_444d;

/** What differs between filters. */
export type FilterOptions = {
  readonly architecture: Architecture;
  /** The guest's process id as itself sees it; in a pid namespace of bubblewrap's that is 2. */
  readonly selfPid: number;
  /** For a toolchain whose child processes are ours: the rules against processes and signals fall away. */
  readonly allowChildren: boolean;
  /** Sockets, in a network namespace of the guest's own; none where it is left out. */
  readonly sockets?: Sockets;
};

/** `connect`: TCP connections alone. `serve`: of TCP and Unix sockets, and listening, for the proxy of such a guest. */
export type Sockets = 'connect' | 'serve';

/** Returns the program: `struct sock_filter` records of 8 bytes, little endian, ready for the kernel. */
export function seccompProgram(options: FilterOptions): Uint8Array {
  return encode([...prologue(options.architecture), ...rules(options), RETURN(ALLOW)]);
}

type Instruction = readonly [code: number, k: number, jumpTrue: number, jumpFalse: number];

// Actions (linux/seccomp.h) and errno values; the latter are the same on both architectures.
const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const refuseWith = (errno: number): number => 0x0005_0000 | errno;
const EPERM = refuseWith(1);
const EACCES = refuseWith(13);
const ENOSYS = refuseWith(38);

// Offsets in struct seccomp_data. Arguments are 64 bits; all that are looked at here are 32 bits for the kernel too,
// so that the low half decides and no upper half can hide a value.
const NUMBER_OFFSET = 0;
const ARCHITECTURE_OFFSET = 4;
const argumentOffset = (index: number): number => 16 + 8 * index;

const LOAD = (offset: number): Instruction => [0x20, offset, 0, 0];
const RETURN = (action: number): Instruction => [0x06, action, 0, 0];
/** Jumps are counted in instructions to skip. */
const IF_EQUAL = (k: number, yes: number, no: number): Instruction => [0x15, k, yes, no];
const IF_GREATER = (k: number, yes: number, no: number): Instruction => [0x25, k, yes, no];
const IF_AT_LEAST = (k: number, yes: number, no: number): Instruction => [0x35, k, yes, no];
const AND = (k: number): Instruction => [0x54, k, 0, 0];
const IF_ANY_BIT = (k: number, yes: number, no: number): Instruction => [0x45, k, yes, no];

const AUDIT_ARCHITECTURE = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const X32_BIT = 0x4000_0000;

function prologue(architecture: Architecture): readonly Instruction[] {
  const x32 = architecture === 'x64' ? [IF_AT_LEAST(X32_BIT, 0, 1), RETURN(KILL_PROCESS)] : [];
  return [
    LOAD(ARCHITECTURE_OFFSET),
    IF_EQUAL(AUDIT_ARCHITECTURE[architecture], 1, 0),
    RETURN(KILL_PROCESS),
    LOAD(NUMBER_OFFSET),
    ...x32,
    IF_GREATER(NEWEST_KNOWN_CALL, 0, 1),
    RETURN(ENOSYS),
  ];
}

function rules(options: FilterOptions): readonly Instruction[] {
  const { architecture, allowChildren } = options;
  const on = (call: SystemCall, body: readonly Instruction[]): readonly Instruction[] => {
    const number = systemCallNumber(call, architecture);
    return number === undefined ? [] : [IF_EQUAL(number, 0, body.length), ...body];
  };
  const refused = [
    ...Object.values(REFUSED),
    ...(allowChildren ? [] : Object.values(REFUSED_WITHOUT_CHILDREN)),
    { action: EACCES, calls: SOCKET_CALLS.filter((call) => !isSocketCallAllowed(call, options.sockets)) },
  ];
  return [
    ...refused.flatMap(({ action, calls }) => calls.flatMap((call) => on(call, [RETURN(action)]))),
    ...(options.sockets === undefined ? [] : on('socket', socketRule(options.sockets))),
    ...on('clone', allowChildren ? CLONE_WITHOUT_NAMESPACES : CLONE_THREAD_ONLY),
    ...(allowChildren ? on('socketpair', UNIX_PAIR_ONLY) : signalRules(options.selfPid, on)),
    ...on('prlimit64', [LOAD(argumentOffset(0)), IF_EQUAL(0, 1, 0), RETURN(EPERM), RETURN(ALLOW)]),
    ...on('ioctl', refuseValues(1, [TIOCSTI, TIOCLINUX, TIOCSCTTY])),
    ...on('prctl', refuseValues(0, [PR_SET_PDEATHSIG])),
  ];
}

type Refusal = { readonly action: number; readonly calls: readonly SystemCall[] };

/** Refused in every guest. ENOSYS where libraries then take an older way; EACCES as for a right that is missing. */
const REFUSED: Readonly<Record<string, Refusal>> = {
  otherProcesses: {
    action: EPERM,
    calls: [
      ...(['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'process_mrelease', 'kcmp'] as const),
      ...(['pidfd_getfd', 'pidfd_send_signal', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo'] as const),
      ...(['move_pages', 'migrate_pages'] as const),
    ],
  },
  priority: {
    action: EPERM,
    calls: ['setpriority', 'ioprio_set', 'sched_setscheduler', 'sched_setparam', 'sched_setattr', 'sched_setaffinity'],
  },
  // The host ends a guest by its process group, so a guest stays in it.
  processGroup: { action: EPERM, calls: ['setsid', 'setpgid'] },
  identity: {
    action: EPERM,
    calls: [
      ...(['setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid', 'setgroups'] as const),
      ...(['setfsuid', 'setfsgid', 'capset', 'personality'] as const),
    ],
  },
  mountsAndNamespaces: {
    action: EPERM,
    calls: [
      ...([
        'mount',
        'umount2',
        'pivot_root',
        'chroot',
        'fsopen',
        'fsconfig',
        'fsmount',
        'fspick',
        'open_tree',
      ] as const),
      ...(['move_mount', 'mount_setattr', 'unshare', 'setns', 'mknod', 'mknodat'] as const),
      ...(['name_to_handle_at', 'open_by_handle_at', 'fanotify_init'] as const),
    ],
  },
  // Memory that neither RLIMIT_DATA nor the heap flag counts, and programs that come from no file.
  memoryBesideTheLimit: {
    action: EPERM,
    calls: [
      ...(['memfd_create', 'memfd_secret', 'shmget', 'shmat', 'shmctl', 'mq_open', 'mq_unlink', 'execveat'] as const),
      ...(['semget', 'semop', 'semtimedop', 'semctl', 'msgget', 'msgsnd', 'msgrcv', 'msgctl'] as const),
      ...(['mbind', 'set_mempolicy'] as const),
    ],
  },
  kernelSurface: {
    action: EPERM,
    calls: [
      ...(['bpf', 'perf_event_open', 'userfaultfd', 'keyctl', 'add_key', 'request_key', 'modify_ldt'] as const),
      ...(['init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load', 'reboot'] as const),
      ...(['acct', 'quotactl', 'quotactl_fd', 'syslog', 'iopl', 'ioperm', 'swapon', 'swapoff', 'vhangup'] as const),
      ...(['settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'sethostname', 'setdomainname'] as const),
      ...(['lookup_dcookie', 'uselib'] as const),
    ],
  },
  newerWays: { action: ENOSYS, calls: ['clone3', 'io_uring_setup', 'io_uring_enter', 'io_uring_register'] },
};

/** Refused where no child process is wanted; `clone` is judged by its flags. */
const REFUSED_WITHOUT_CHILDREN: Readonly<Record<string, Refusal>> = {
  processes: { action: EPERM, calls: ['fork', 'vfork', 'pidfd_open'] },
  socketPairs: { action: EACCES, calls: ['socketpair'] },
};

const SOCKET_CALLS = ['socket', 'connect', 'bind', 'listen', 'accept', 'accept4'] as const;

function isSocketCallAllowed(call: (typeof SOCKET_CALLS)[number], sockets: Sockets | undefined): boolean {
  return sockets === 'serve' || (sockets === 'connect' && (call === 'socket' || call === 'connect'));
}

const CLONE_THREAD = 0x0001_0000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const CLONE_NEW_NAMESPACES = 0x7e02_0000;
const TIOCSCTTY = 0x540e;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const PR_SET_PDEATHSIG = 1;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
/** Beside the type stand flags such as SOCK_CLOEXEC. */
const SOCK_TYPE_MASK = 0xf;
const IPPROTO_TCP = 6;

const CLONE_THREAD_ONLY = [
  LOAD(argumentOffset(0)),
  IF_ANY_BIT(CLONE_NEW_NAMESPACES, 1, 0), // To EPERM.
  IF_ANY_BIT(CLONE_THREAD, 1, 0), // To ALLOW.
  RETURN(EPERM),
  RETURN(ALLOW),
];

const CLONE_WITHOUT_NAMESPACES = [
  LOAD(argumentOffset(0)),
  IF_ANY_BIT(CLONE_NEW_NAMESPACES, 0, 1),
  RETURN(EPERM),
  RETURN(ALLOW),
];

/** By family, type and protocol: no datagram, and no protocol over TCP's type that is another. */
function socketRule(sockets: Sockets): readonly Instruction[] {
  const families = sockets === 'serve' ? [AF_INET, AF_INET6, AF_UNIX] : [AF_INET, AF_INET6];
  return [
    LOAD(argumentOffset(0)),
    ...families.map((family, index) => IF_EQUAL(family, families.length - index, 0)),
    RETURN(EACCES),
    LOAD(argumentOffset(1)),
    AND(SOCK_TYPE_MASK),
    IF_EQUAL(SOCK_STREAM, 1, 0),
    RETURN(EACCES),
    LOAD(argumentOffset(2)),
    IF_EQUAL(0, 2, 0),
    IF_EQUAL(IPPROTO_TCP, 1, 0),
    RETURN(EACCES),
    RETURN(ALLOW),
  ];
}

/** What child processes' pipes are made of in Node. */
const UNIX_PAIR_ONLY = [LOAD(argumentOffset(0)), IF_EQUAL(AF_UNIX, 1, 0), RETURN(EACCES), RETURN(ALLOW)];

/**
 * A process may signal itself, which abort() needs, and nothing else: no group, no sibling, not the host. The first
 * argument of each of these calls is the process or, for tkill, the thread, whose number is the process's for the first.
 */
function signalRules(
  selfPid: number,
  on: (call: SystemCall, body: readonly Instruction[]) => readonly Instruction[],
): readonly Instruction[] {
  const toSelf = [LOAD(argumentOffset(0)), IF_EQUAL(selfPid, 1, 0), RETURN(EPERM), RETURN(ALLOW)];
  return (['kill', 'tkill', 'tgkill'] as const).flatMap((call) => on(call, toSelf));
}

function refuseValues(argument: number, values: readonly number[]): readonly Instruction[] {
  const checks = values.map((value, index) => IF_EQUAL(value, values.length - index, 0));
  return [LOAD(argumentOffset(argument)), ...checks, RETURN(ALLOW), RETURN(EPERM)];
}

function encode(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(([code, k, jumpTrue, jumpFalse], index) => {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, jumpTrue);
    bytes.setUint8(index * 8 + 3, jumpFalse);
    bytes.setUint32(index * 8 + 4, k, true);
  });
  return new Uint8Array(bytes.buffer);
}
