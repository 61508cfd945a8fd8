/**
 * What a fresh process of this Node binary is: the shared libraries it loads and the memory it has before it runs any
 * code. Guests are shown these files and no folder of the system, and their memory limit starts above that size.
 * Measured on a real process with the guests' own flags; nothing is guessed from version or distribution.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile, realpath, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a Node binary needs around it, and what it takes before it runs any code. */
export type NodeImage = {
  /** The program that the kernel starts to load the binary (PT_INTERP); undefined for a static binary. */
  readonly loader: string | undefined;
  /** Each library under each name by which the loader may look for it: `file` is what is shown at `name`. */
  readonly libraries: readonly Library[];
  /** VmData of an idle process: V8 reserves some 512 MiB of it for code at start, which RLIMIT_DATA counts. */
  readonly idleDataBytes: number;
};

/** A shared library: the name by which the loader looks for it, and the file that is shown there. */
export type Library = { readonly name: string; readonly file: string };

/**
 * Starts the binary once, for some 30 ms, and returns what it is.
 *
 * @param flags - The guests' own flags, which change the memory at start by up to 24 MiB.
 * @throws {Error} Where the binary does not start; the message carries its last words.
 */
export function inspectNode(nodePath: string, flags: readonly string[]): Promise<NodeImage> {
  return inspectProgram(nodePath, [...flags, '-e', 'process.stdin.resume(); process.stdout.write("ready")']);
}

/** The same of perl, which runs the starter of a server with a proxy. */
export function inspectPerl(perlPath: string): Promise<NodeImage> {
  return inspectProgram(perlPath, ['-e', '$| = 1; print "ready"; <STDIN>']);
}

/** Starts a program that writes a word and then waits for the end of its input: it ends by itself when this process is gone. */
async function inspectProgram(path: string, args: readonly string[]): Promise<NodeImage> {
  const child = spawn(path, args, { env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
  try {
    await started(child, path);
    const [maps, status, loader] = await Promise.all([
      readFile(`/proc/${child.pid}/maps`, 'utf8'),
      readFile(`/proc/${child.pid}/status`, 'utf8'),
      interpreterOf(path),
    ]);
    const idleDataBytes = Number(/^VmData:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
    return { loader, libraries: await librariesIn(maps, loader), idleDataBytes };
  } finally {
    child.kill('SIGKILL');
  }
}

async function started(child: ChildProcess, nodePath: string): Promise<void> {
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (lastWords = (lastWords + text).slice(-500)));
  const ended = once(child, 'close').then(() => {
    throw new Error(`${nodePath} ended before it ran anything: ${lastWords}`);
  });
  ended.catch(() => undefined); // Its end by our own kill is no news.
  // Without descriptors there is not even a stream, and `ended` says why.
  await Promise.race([child.stdout ? once(child.stdout, 'data') : ended, ended]);
}

async function librariesIn(maps: string, loader: string | undefined): Promise<readonly Library[]> {
  const loaderFile = loader === undefined ? undefined : await realpath(loader);
  const mapped = new Set(maps.match(/\/\S+\.so(?=[\s.])\S*$/gm) ?? []);
  const named = [...mapped].toSorted().filter((file) => file !== loaderFile);
  return (await Promise.all(named.map(namesOf))).flat();
}

/** The loader looks for libstdc++.so.6, the kernel shows libstdc++.so.6.0.30: links beside the file lead to it. */
async function namesOf(file: string): Promise<readonly Library[]> {
  const directory = dirname(file);
  const stem = file.slice(directory.length + 1).replace(/\.so.*$/, '.so');
  const siblings = (await readdir(directory)).filter((name) => name.startsWith(stem));
  const names = siblings.map((name) => join(directory, name)).toSorted();
  const targets = await Promise.all(names.map((name) => realpath(name).catch(() => undefined)));
  return names.filter((_, index) => targets[index] === file).map((name) => ({ name, file }));
}

const ELF_MAGIC = 0x7f45_4c46;
const PT_INTERP = 3;

/** Reads the ELF header, 64 bits, little endian: the only kind for which there is a system call filter. */
async function interpreterOf(path: string): Promise<string | undefined> {
  await using file = await open(path);
  const header = await readAt(file, 0, 64);
  if (header.length < 64 || header.readUInt32BE(0) !== ELF_MAGIC) return undefined;
  const entryBytes = header.readUInt16LE(54);
  const table = await readAt(file, Number(header.readBigUInt64LE(32)), entryBytes * header.readUInt16LE(56));
  for (let at = 0; at < table.length; at += entryBytes) {
    if (table.readUInt32LE(at) !== PT_INTERP) continue;
    const text = await readAt(file, Number(table.readBigUInt64LE(at + 8)), Number(table.readBigUInt64LE(at + 32)));
    return text.toString('utf8').replace(/\0.*$/s, '');
  }
  return undefined;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
