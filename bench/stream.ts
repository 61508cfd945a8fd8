/**
 * Question: how fast does a tool hand over bytes, and how fast short texts?
 *
 * Workload: the fixture `pouring` in the machine's strongest sandbox, read by `host.stream`: 64 MiB in pieces of 256 KiB, in rounds
 * that alternate with the same bytes over a bare socketpair between two Node processes; and 50,000 texts of six letters.
 *
 * Budget: at least 100 MB/s, or at least half of the socketpair's in the same run. About 20 s.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { atLeast, report, say, told } from './lib/figures.ts';
import { assertOk, openBenchHost } from './lib/host.ts';
import { median, spreadPercent } from './lib/statistics.ts';

const ROUNDS = 15;
const PIECE_BYTES = 256 * 1024;
const PIECES = 256;
const TEXTS = 50_000;
const MEGABYTE = 1e6;
const BOUND_MB_PER_S = 100;
const BOUND_OVER_RAW = 0.5;

await using host = await openBenchHost(['pouring']);
await using raw = await openRaw();
await pour();
await raw.pour();
const rates: number[] = [];
const rawRates: number[] = [];
const textRates: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  say(`round ${round + 1} of ${ROUNDS}`);
  rates.push(rateOf(await timeOf(pour)));
  rawRates.push(rateOf(await timeOf(raw.pour)));
  textRates.push((TEXTS / (await timeOf(tell))) * 1_000);
}
const overRaw = rates.map((rate, round) => rate / (rawRates[round] ?? Number.NaN));
const rate = median(rates);
report('a tool that streams', [
  // Either bound will do, so that the figure is how often the nearer one is kept.
  atLeast('stream_of_what_is_asked', Math.max(rate / BOUND_MB_PER_S, median(overRaw) / BOUND_OVER_RAW), {
    unit: 'times',
    bound: 1,
  }),
  told('stream_bytes', rate, 'MB/s'),
  told('stream_bytes_spread', spreadPercent(rates), '%'),
  told('socketpair_bytes', median(rawRates), 'MB/s'),
  told('stream_over_socketpair', median(overRaw), 'ratio'),
  told('stream_texts', median(textRates), 'pieces/s'),
]);

async function pour(): Promise<void> {
  const bytes = await read('pour', { pieces: PIECES, bytes: PIECE_BYTES });
  if (bytes !== PIECES * PIECE_BYTES) throw new Error(`${bytes} bytes came of ${PIECES * PIECE_BYTES}`);
}

async function tell(): Promise<void> {
  const pieces = await read('tell', { pieces: TEXTS });
  if (pieces !== TEXTS * 'token '.length) throw new Error(`${pieces} letters came`);
}

/** Sums the lengths of what comes. */
async function read(tool: string, params: object): Promise<number> {
  const stream = host.stream({ plugin: 'pouring', tool, params });
  let length = 0;
  for await (const chunk of stream) length += (chunk as string | Uint8Array).length; // What both tools give.
  assertOk(await stream.outcome);
  return length;
}

async function openRaw(): Promise<AsyncDisposable & { readonly pour: () => Promise<void> }> {
  const roundBytes = PIECES * PIECE_BYTES;
  const far = fileURLToPath(new URL('stream/pour-child.ts', import.meta.url));
  const child = spawn(process.execPath, [far, String(roundBytes), String(PIECE_BYTES)], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  await once(child, 'spawn');
  const socket = child.stdio[3] as Socket; // Spawned with 'pipe' there, which is a duplex socket.
  return {
    pour: () =>
      new Promise((resolve) => {
        let seenBytes = 0;
        const onData = (chunk: Buffer): void => {
          seenBytes += chunk.length;
          if (seenBytes < roundBytes) return;
          socket.off('data', onData);
          resolve();
        };
        socket.on('data', onData);
        socket.write('.');
      }),
    [Symbol.asyncDispose]: async () => {
      socket.end();
      await once(child, 'exit');
    },
  };
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function rateOf(milliseconds: number): number {
  return (PIECES * PIECE_BYTES * 1_000) / milliseconds / MEGABYTE;
}
