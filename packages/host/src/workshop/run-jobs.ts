/**
 * Serves jobs on fd 3, one after the other, until the host closes it.
 */
import { FRAME_JSON, LIMITS, createFrameDecoder, type JsonObject } from '@bulkhead/protocol';
import { Socket } from 'node:net';
import { createParcelReceiver, sendParcel, type Parcel } from '../base/parcel.ts';

const CHANNEL_FD = 3;

/** The host is trusted to keep its own bounds; these only keep a mistake of ours from growing without end. */
const BOUNDS = { blobsMax: LIMITS.source_files.value, blobBytesMax: 2 * LIMITS.source_bytes.value };

/** Starts serving; the process ends when the host closes the channel or breaks its rules. */
export function runJobs(): void {
  const socket = new Socket({ fd: CHANNEL_FD });
  // oxlint-disable-next-line unicorn/no-process-exit -- a process without a host has nothing to finish
  const end = (): never => process.exit(0);
  let answered: ((answer: Parcel) => void) | undefined;

  const write = (frame: Buffer): Promise<void> => new Promise((resolve) => void socket.write(frame, () => resolve()));
  const send = (parcel: Parcel): Promise<void> => sendParcel(parcel, write);
  const ask = async (question: JsonObject): Promise<Parcel> => {
    const answer = new Promise<Parcel>((resolve) => (answered = resolve));
    await send({ head: { ...question, t: 'ask' }, blobs: new Map() });
    return answer;
  };
  const take = (parcel: Parcel): void => {
    if (parcel.head['t'] === 'tools') useTools(parcel.head);
    else if (parcel.head['t'] === 'answer') answered?.(parcel);
    else void serve(parcel, ask).then(send);
  };
  const receiver = createParcelReceiver(BOUNDS, take);
  const decoder = createFrameDecoder({
    payloadBytesMax: LIMITS.frame_payload_bytes.value,
    onFrame: (kind, payload) => {
      const fault = kind === FRAME_JSON ? receiver.takeJson(payload) : receiver.takeRaw(payload);
      if (fault !== undefined) end();
    },
  });
  socket.on('data', (chunk: Buffer) => {
    if (decoder.push(chunk) !== undefined) end();
  });
  socket.on('end', end);
  socket.on('error', end);
}

/** The packages read these when they are first loaded, which is when the first job comes. */
function useTools(head: JsonObject): void {
  if (typeof head['bundler'] === 'string') process.env['ESBUILD_BINARY_PATH'] = head['bundler'];
  if (typeof head['parser'] === 'string') process.env['NAPI_RS_NATIVE_LIBRARY_PATH'] = head['parser'];
}

async function serve(job: Parcel, ask: (question: JsonObject) => Promise<Parcel>): Promise<Parcel> {
  try {
    const done = await doJob(job, ask);
    return { ...done, head: { ...done.head, t: 'done' } };
  } catch (error) {
    const message =
      error instanceof Error ? error.message.slice(0, LIMITS.error_text_characters.value) : 'unknown error';
    return { head: { t: 'failed', message }, blobs: new Map() };
  }
}

async function doJob(job: Parcel, ask: (question: JsonObject) => Promise<Parcel>): Promise<Parcel> {
  switch (job.head['verb']) {
    case 'review':
      return review(job, ask);
    case 'mend':
      return mend(job);
    case 'unpack':
      return unpack(job);
    default:
      return bundle(job);
  }
}

/** Most reviews are followed by a bundling; its process comes up beside this one. */
async function review(job: Parcel, ask: (question: JsonObject) => Promise<Parcel>): Promise<Parcel> {
  const [{ reviewJob }, { startBundler }] = await Promise.all([
    import('./review-job.ts'),
    import('../bundle/start-bundler.ts'),
  ]);
  void startBundler();
  return reviewJob(job, ask);
}

async function mend(job: Parcel): Promise<Parcel> {
  const { mendJob } = await import('./mend-job.ts');
  return mendJob(job);
}

async function bundle(job: Parcel): Promise<Parcel> {
  const { bundleJob } = await import('./bundle-job.ts');
  return bundleJob(job);
}

async function unpack(job: Parcel): Promise<Parcel> {
  const { unpackJob } = await import('./unpack-job.ts');
  return unpackJob(job);
}
