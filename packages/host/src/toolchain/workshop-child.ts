/**
 * One workshop process and the channel to it. It reviews what strangers wrote, so what it sends is bounded before it is
 * kept, and anything out of order ends it.
 */
import { FRAME_JSON, LIMITS, createFrameDecoder } from '@bulkhead/protocol';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createParcelReceiver, sendParcel, type Parcel, type ParcelBounds } from '../base/parcel.ts';
import type { NativeTools } from './native-tools.ts';
import type { WorkshopLaunch } from './workshop-launch.ts';

/** One process, from spawn to its end. */
export type WorkshopChild = {
  readonly pid: number | undefined;
  /** Resolves when the bytes are with the kernel; a process that is gone is reported by `died` alone. */
  readonly send: (parcel: Parcel) => Promise<void>;
  /** Who gets what it sends from now on. */
  readonly listen: (onParcel: (parcel: Parcel) => void) => void;
  /** Resolves once, with why, when the process is gone; never rejects. */
  readonly died: Promise<string>;
  /** Ends it and all its children at once; the first reason stays. */
  readonly kill: (reason: string) => void;
  /** While false, the process does not keep the host alive. */
  readonly setBusy: (isBusy: boolean) => void;
};

/** An answer has at most the files of an archive, or a module and its map. */
const BOUNDS: ParcelBounds = { blobsMax: LIMITS.archive_entries.value, blobBytesMax: 64 * 1024 * 1024 };
const LAST_WORDS_CHARACTERS = 500;

/**
 * Starts a process.
 *
 * @throws what the system says where it cannot be started: arguments, memory, processes or descriptors (FAULTS 114).
 */
export async function startWorkshopChild(launch: WorkshopLaunch, tools: NativeTools): Promise<WorkshopChild> {
  const child = await spawnLaunch(launch);
  const socket = child.stdio[3] as Socket; // Spawned with 'pipe' there, which is a duplex socket.
  let onParcel: (parcel: Parcel) => void = () => kill('it spoke without being asked');
  let killedFor: string | undefined;

  function kill(reason: string): void {
    killedFor ??= reason;
    killGroup(child);
  }

  const died = watchEnd(child, () => killedFor).finally(launch.release);
  receive(socket, (parcel) => onParcel(parcel), kill);
  const write = (frame: Buffer): Promise<void> => new Promise((resolve) => void socket.write(frame, () => resolve()));
  const send = (parcel: Parcel): Promise<void> => sendParcel(parcel, write);
  void send({ head: { t: 'tools', ...tools }, blobs: new Map() });
  return {
    pid: child.pid,
    send,
    listen: (listener) => (onParcel = listener),
    died,
    kill,
    setBusy: (isBusy) => {
      for (const handle of [child, ...(child.stdio as readonly (Socket | null)[])])
        handle?.[isBusy ? 'ref' : 'unref']();
    },
  };
}

/** Without descriptors there are not even streams, and an 'error' that nobody hears would end the host. */
async function spawnLaunch(launch: WorkshopLaunch): Promise<ChildProcess> {
  try {
    const { file, args, env, cwd, stdio } = launch;
    const child = spawn(file, [...args], { env: { ...env }, cwd, stdio: [...stdio], detached: true });
    await once(child, 'spawn');
    return child;
  } catch (error) {
    launch.release();
    throw error;
  } finally {
    launch.didSpawn();
  }
}

function receive(socket: Socket, onParcel: (parcel: Parcel) => void, kill: (reason: string) => void): void {
  const receiver = createParcelReceiver(BOUNDS, onParcel);
  const decoder = createFrameDecoder({
    payloadBytesMax: LIMITS.frame_payload_bytes.value,
    onFrame: (kind, payload) => {
      const fault = kind === FRAME_JSON ? receiver.takeJson(payload) : receiver.takeRaw(payload);
      if (fault !== undefined) kill(fault);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    const fault = decoder.push(chunk);
    if (fault !== undefined) kill(fault.message);
  });
  // Its end is reported by the process's exit.
  socket.on('error', () => undefined);
}

/** The whole group, because the bundler is a process of its own. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL'); // It has not become a group yet, or is gone already.
  }
}

function watchEnd(child: ChildProcess, killedFor: () => string | undefined): Promise<string> {
  const lastWords = collectLastWords(child);
  child.on('error', () => undefined); // A kill that the kernel refuses; the end is told by 'exit'.
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      killGroup(child); // The bundler, where the process died alone.
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      resolve(killedFor() ?? `it ended with ${how}${lastWords()}`);
    });
  });
}

function collectLastWords(child: ChildProcess): () => string {
  let text = '';
  for (const stream of child.stdio.filter((_, index) => index !== 0 && index !== 3)) {
    stream?.on('data', (chunk: Buffer) => (text = (text + chunk.toString('utf8')).slice(-LAST_WORDS_CHARACTERS)));
    stream?.on('error', () => undefined);
  }
  return () => (text === '' ? '' : `: ${text.replace(/\s+/g, ' ').trim()}`);
}
