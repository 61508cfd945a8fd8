/**
 * The client of the HTTP bench, in a process of its own: keep-alive connections that send one prepared request again and
 * again. Argument: JSON of {@link ClientTask}. Prints for each round and target the calls per second and all latencies.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Targets are measured in turn, `rounds` times, each for `milliseconds`, after as many rounds as `warmUpRounds` says, one if not at all. */
export type ClientTask = {
  readonly targets: readonly { readonly port: number; readonly request: string }[];
  readonly connections: number;
  readonly rounds: number;
  readonly warmUpRounds?: number;
  readonly milliseconds: number;
};

/** What one round found of one target. */
export type ClientRound = {
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
};

const task = JSON.parse(process.argv[2] ?? '{}') as ClientTask; // Written by http.ts.
const results: ClientRound[][] = [];
for (let round = -(task.warmUpRounds ?? 1); round < task.rounds; round += 1) {
  const rounds: ClientRound[] = [];
  for (const target of task.targets) rounds.push(await measure(target));
  if (round >= 0) results.push(rounds);
}
console.log(JSON.stringify(results));

async function measure({ port, request }: ClientTask['targets'][number]): Promise<ClientRound> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + task.milliseconds;
  const lanes = Array.from({ length: task.connections }, async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    while (performance.now() < until) latencies.push(await exchange(socket, request));
    socket.destroy();
  });
  await Promise.all(lanes);
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
  return {
    perSecond: (1_000 * latencies.length) / (performance.now() - startedAt),
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
  };
}

/** Sends the request and waits for one whole answer; it must be a 200. */
function exchange(socket: Socket, request: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!isWhole(text)) return;
      socket.off('data', onData);
      if (text.startsWith('HTTP/1.1 200')) resolve(performance.now() - startedAt);
      else reject(new Error(text));
    };
    socket.on('data', onData);
    socket.write(request);
  });
}

/** An answer has its length in its head, or comes in chunks, of which the last is empty. */
function isWhole(text: string): boolean {
  const body = text.indexOf('\r\n\r\n') + 4;
  if (body < 4) return false;
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= body + Number(length);
}
