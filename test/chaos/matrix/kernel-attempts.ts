/**
 * What a program of ours tries inside a guest, past every rule of the guest's own: no import rule, no review, and where a
 * test says so without Node's permission model, so that what refuses is the kernel. Sent to guests as text, so it imports
 * built-ins only, each where it is used. Harms nothing where nothing is refused, but for the scratch folder it is given.
 */

/** One call of the kernel by its number here; text is passed as a pointer to it. */
export type KernelCall = {
  readonly name: string;
  readonly number: number;
  readonly args: readonly (number | string)[];
};

/** What to try. `path` is a folder to fill, or a file; `count` is where an attempt that nothing refuses ends. */
export type KernelAttempt =
  | { readonly do: 'fill_folder' | 'flood_folder' | 'fill_file'; readonly path: string; readonly count: number }
  | { readonly do: 'hold_descriptors'; readonly path: string }
  | { readonly do: 'release_descriptors' | 'load_library' | 'load_addon' }
  | { readonly do: 'spawn' | 'start_workers'; readonly count: number }
  | { readonly do: 'renice' | 'read_environ' | 'read_cmdline' | 'open_mem'; readonly pid: number }
  | { readonly do: 'make_calls'; readonly calls: readonly KernelCall[] };

/** Says what came of it: the code of the refusal, or `done`, each with a number where it counts. Never rejects. */
export async function attempt(what: KernelAttempt): Promise<unknown> {
  try {
    return (await run(what)) ?? 'done';
  } catch (error) {
    return codeOf(error);
  }
}

async function run(what: KernelAttempt): Promise<unknown> {
  const fs = await import('node:fs');
  switch (what.do) {
    case 'fill_folder':
      return repeat(what.count, (n) => fs.writeFileSync(`${what.path}/fill-${n}`, Buffer.alloc(MIB, 1)));
    case 'flood_folder':
      return repeat(what.count, (n) => fs.closeSync(fs.openSync(`${what.path}/flood-${n}`, 'w')));
    case 'fill_file':
      return repeat(what.count, () => fs.appendFileSync(what.path, Buffer.alloc(MIB, 1)));
    case 'hold_descriptors':
      return holdDescriptors(() => fs.openSync(what.path, 'r'));
    case 'release_descriptors':
      return held.splice(0).forEach((fd) => fs.closeSync(fd));
    case 'load_library':
      return void (await libraryC());
    case 'load_addon':
      return process.dlopen({ exports: {} }, '/nonexistent/addon.node');
    case 'spawn':
      return spawn(what.count);
    case 'start_workers':
      return startWorkers(what.count);
    case 'renice':
      return renice(what.pid);
    case 'read_environ':
      return void fs.readFileSync(`/proc/${what.pid}/environ`);
    case 'read_cmdline':
      return void fs.readFileSync(`/proc/${what.pid}/cmdline`);
    case 'open_mem':
      return fs.closeSync(fs.openSync(`/proc/${what.pid}/mem`, 'r'));
    case 'make_calls':
      return makeCalls(what.calls);
  }
}

const MIB = 1024 * 1024;
const held: number[] = [];

/** Node hides the kernel's code of some refusals in `info`. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, info } = error as { readonly code?: string; readonly info?: { readonly code?: string } }; // Node's own.
  return info?.code ?? code ?? error.message;
}

/** Does it until it is refused, or often enough. */
async function repeat(count: number, once: (n: number) => unknown): Promise<string> {
  for (let n = 0; n < count; n += 1) {
    try {
      await once(n);
    } catch (error) {
      return `${codeOf(error)} after ${n}`;
    }
  }
  return `done ${count}`;
}

function holdDescriptors(open: () => number): string {
  for (;;) {
    try {
      held.push(open());
    } catch (error) {
      return codeOf(error);
    }
  }
}

/** Children that do nothing, and end by themselves where nobody ends them. */
async function spawn(count: number): Promise<string> {
  const { spawn: start } = await import('node:child_process');
  return repeat(count, async () => {
    const child = start('sleep', ['60'], { stdio: 'ignore' });
    // Some refusals are thrown, the others told later.
    if (child.pid === undefined) await new Promise((_, reject) => child.once('error', reject));
  });
}

/** Each is waited for: what a thread needs beyond the guest's limits is refused to it, and not to who starts it. */
async function startWorkers(count: number): Promise<string> {
  const { Worker } = await import('node:worker_threads');
  return repeat(count, async () => {
    const worker = new Worker('setInterval(() => 0, 1000)', { eval: true });
    await new Promise((resolve, reject) => worker.once('online', resolve).once('error', reject));
  });
}

/** The priority that it has: where that is allowed, nothing changes. */
async function renice(pid: number): Promise<void> {
  const { getPriority, setPriority } = await import('node:os');
  setPriority(pid, getPriority(pid));
}

/** The C library that Node is linked with: no file is opened for it. */
async function libraryC() {
  const { dlopen } = await import('node:ffi');
  const whole = 'int64';
  const { functions } = dlopen('libc.so.6', {
    syscall: { arguments: [whole, whole, whole, whole, whole, whole, whole], return: whole },
    __errno_location: { arguments: [], return: 'pointer' },
  });
  return functions;
}

/** By number, since the C library has no name for most of them; arguments that are left out are 0. */
async function makeCalls(calls: readonly KernelCall[]): Promise<Readonly<Record<string, string>>> {
  const { getInt32, getRawPointer } = await import('node:ffi');
  const c = await libraryC();
  const errno = c['__errno_location']();
  const answers: Record<string, string> = {};
  for (const { name, number, args } of calls) {
    const texts = args.map((value) => (typeof value === 'string' ? Buffer.from(`${value}\0`) : undefined));
    const at = (index: number): bigint => {
      const text = texts[index];
      return text === undefined ? BigInt(args[index] ?? 0) : getRawPointer(text);
    };
    const result = c.syscall(BigInt(number), at(0), at(1), at(2), at(3), at(4), at(5));
    answers[name] = result === -1n ? await errnoName(getInt32(errno)) : 'done';
  }
  return answers;
}

async function errnoName(code: number): Promise<string> {
  const { constants } = await import('node:os');
  return Object.entries(constants.errno).find(([, value]) => value === code)?.[0] ?? `errno ${code}`;
}
