/**
 * What was measured of this machine, kept for an hour in the user's own cache folder for commands that end soon: `check` on one
 * plugin takes less time than the measuring. A server measures anew at each start and reads no notes.
 *
 * N1: A note is read only by the user who wrote it, in the same boot, container and cgroup, for the same programs: anything that
 *     could make it untrue changes its key.
 * N2: A note that cannot be read, written or understood is no error; then it is measured.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import type { JsonValue } from '@bulkhead/protocol';

/** Recalls what was measured, or measures and notes it. */
export type MachineNotes = NoteBook & {
  /**
   * @param what - Says what is measured, with all that it depends on beyond the machine and the files.
   * @param files - Programs and libraries that the result depends on.
   */
  readonly recall: <Value>(what: string, files: readonly string[], measure: () => Promise<Value>) => Promise<Value>;
};

/** The two halves of recalling, for what is only sometimes worth a note. `what` and `files` as there; neither rejects. */
export type NoteBook = {
  /** Answers what was noted, as it was written by the same build; undefined where nothing is, or it is too old. */
  readonly read: (what: string, files: readonly string[]) => Promise<JsonValue | undefined>;
  readonly write: (what: string, files: readonly string[], value: JsonValue) => Promise<void>;
};

/**
 * Where notes lie, how old one may be, in milliseconds, and how large, in bytes; a larger one is not kept. `wallTime` is in milliseconds
 * since 1970.
 */
export type MachineNotesOptions = {
  readonly dir: string;
  readonly wallTime: () => number;
  readonly maxAgeMs?: number;
  readonly bytesMax?: number;
};

const AGE_MS_MAX = 3_600_000;
const NOTE_BYTES_MAX = 256 * 1024;

/** Measures each time. */
export const noNotes: MachineNotes = {
  recall: (_what, _files, measure) => measure(),
  read: () => Promise.resolve(undefined),
  write: () => Promise.resolve(),
};

/** Opens the notes of a folder, which is made with the first note. */
export function openMachineNotes({
  dir,
  wallTime,
  maxAgeMs = AGE_MS_MAX,
  bytesMax = NOTE_BYTES_MAX,
}: MachineNotesOptions): MachineNotes {
  const machine = describeMachine();
  const placeOf = async (what: string, files: readonly string[]): Promise<NotePlace> => {
    const key = await keyOf(await machine, what, files);
    return { dir, key, bytesMax, file: join(dir, `${createHash('sha256').update(key).digest('hex')}.json`) };
  };
  const readAt = async (place: NotePlace): Promise<JsonValue | undefined> => {
    const noted = await readNote(place);
    const age = wallTime() - (noted?.at ?? Infinity);
    return age >= 0 && age <= maxAgeMs ? noted?.value : undefined;
  };
  const writeAt = async (place: NotePlace, value: JsonValue): Promise<void> => {
    await writeNote(place, { key: place.key, at: wallTime(), value });
    await removeOld(dir, wallTime() - maxAgeMs);
  };
  return {
    recall: async (what, files, measure) => {
      const place = await placeOf(what, files);
      const noted = await readAt(place);
      if (noted !== undefined) return noted as Awaited<ReturnType<typeof measure>>; // What the same build has noted.
      const value = await measure();
      await writeAt(place, value as JsonValue); // A note is for what JSON can hold.
      return value;
    },
    read: async (what, files) => readAt(await placeOf(what, files)),
    write: async (what, files, value) => writeAt(await placeOf(what, files), value),
  };
}

type NotePlace = {
  readonly dir: string;
  readonly file: string;
  readonly key: string;
  readonly bytesMax: number;
};

/** What could make the same program hold more or less: boot, kernel, user, rights, namespaces, cgroups. */
async function describeMachine(): Promise<string> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const link = (path: string): Promise<string> => readlink(path).catch(() => '');
  const [boot, cgroup, status, security] = await Promise.all(
    ['/proc/sys/kernel/random/boot_id', '/proc/self/cgroup', '/proc/self/status', '/proc/self/attr/current'].map(read),
  );
  const spaces = await Promise.all(
    ['user', 'mnt', 'pid', 'net', 'cgroup'].map((name) => link(`/proc/self/ns/${name}`)),
  );
  const rights = /^(?:Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp|Seccomp_filters):.*$/gm;
  return JSON.stringify([boot, release(), process.version, cgroup, status?.match(rights), security, spaces]);
}

/** A file is the one it was while its place, size and times are. */
async function keyOf(machine: string, what: string, files: readonly string[]): Promise<string> {
  const described = await Promise.all(
    files.map(async (path) => {
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      return [path, String(found?.ino), String(found?.size), String(found?.mtimeNs), String(found?.ctimeNs)];
    }),
  );
  return JSON.stringify([machine, what, described]);
}

type Note = { readonly key: string; readonly at: number; readonly value: JsonValue };

async function readNote({ file, key, bytesMax }: NotePlace): Promise<Note | undefined> {
  try {
    await using handle = await open(file, 'r');
    const { uid, mode, size } = await handle.stat();
    const isOwn = uid === process.getuid?.() && (mode & 0o077) === 0 && size <= bytesMax;
    const note = isOwn ? (JSON.parse(await handle.readFile('utf8')) as Note) : undefined; // Its key is compared next.
    return note?.key === key ? note : undefined;
  } catch {
    return undefined; // Not there, or cut off.
  }
}

async function writeNote({ dir, file, bytesMax }: NotePlace, note: Note): Promise<void> {
  const text = JSON.stringify(note);
  if (Buffer.byteLength(text) > bytesMax) return;
  const beside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await using handle = await open(beside, 'wx', 0o600);
    await handle.writeFile(text);
    await rename(beside, file);
  } catch {
    await rm(beside, { force: true }).catch(() => undefined); // No home, a full disk: the next command measures again.
  }
}

/** Another build or another machine's notes would be of no use to anybody. */
async function removeOld(dir: string, before: number): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  for (const name of names) {
    const file = join(dir, name);
    const { mtimeMs = Infinity } = (await stat(file).catch(() => undefined)) ?? {};
    if (mtimeMs < before) await rm(file, { force: true }).catch(() => undefined);
  }
}
