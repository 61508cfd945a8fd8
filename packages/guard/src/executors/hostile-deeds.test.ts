import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXECUTION_ERRORS, type Execution, type Executor } from './executor.ts';
import { HARMLESS, HOSTILE_DEEDS, type HostileDeed, type WithinReach } from './hostile-deeds.fixture.ts';
import { createLocalExecutor } from './local.ts';

const SECRET = 'nobody may read this';
/** Long enough on a busy machine; what never ends is waited for. */
const PATIENT_S = 40;
const HASTY_S = 5;
const MEM_MB = 128;

let host: Host;
let executor: Executor;
let folder: string;
let server: Server;
let connections = 0;
let within: WithinReach;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-deeds-'));
  host = await createHost();
  executor = createLocalExecutor({ host });
  server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // It listens at a port, not at a path.
  within = { secretPath: join(folder, 'secret.txt'), freePath: join(folder, 'escaped.txt'), port };
  await writeFile(within.secretPath, SECRET);
  await writeFile(join(folder, 'neighbour.js'), 'export const solve = (one, other) => one + other;');
});

afterAll(async () => {
  await executor.close?.();
  await host.close();
  server.close();
  await rm(folder, { recursive: true });
});

async function run({ source, isEndless, memMb }: HostileDeed, at: number, isHostile: boolean): Promise<Execution> {
  const path = join(folder, `deed-${at}.js`);
  await writeFile(path, source);
  return executor.execute(path, 'solve', [isHostile, within], isEndless ? HASTY_S : PATIENT_S, memMb);
}

test.each(HOSTILE_DEEDS.map((deed, at) => [deed.name, deed, at] as const))(
  'an implementation that %s: the right answer, no way out, and the next run is served [F002-2] [X002-12]',
  async (_name, deed, at) => {
    expect(await run(deed, at, false)).toMatchObject({ success: true, result: HARMLESS });
    const execution = await run(deed, at, true);
    const { ending } = deed;
    if (ending.kind === 'answers') expect(execution).toMatchObject({ success: true, result: ending.result });
    else {
      const { type } = ending;
      const { code } = EXECUTION_ERRORS[type];
      expect(execution).toMatchObject({ success: false, error_type: type, error_code: code });
      expect(execution.error).toMatch(ending.said);
    }
    expect(JSON.stringify(execution)).not.toContain(SECRET);
    expect(existsSync(within.freePath)).toBe(false);
    expect(connections).toBe(0);
    expect(await run(deed, at, false)).toMatchObject({ success: true, result: HARMLESS });
    const beside = await executor.execute(join(folder, 'neighbour.js'), 'solve', [20, 22], PATIENT_S, MEM_MB);
    expect(beside).toMatchObject({ success: true, result: 42 });
  },
);

test('what an implementation prints without end is kept up to a bound', async () => {
  const at = HOSTILE_DEEDS.findIndex(({ name }) => name === 'prints without end');
  const deed = HOSTILE_DEEDS[at];
  if (deed === undefined) throw new Error('there is no deed that prints without end');
  const { stdout } = await run(deed, at, true);
  expect(stdout.length).toBeGreaterThan(0);
  expect(stdout.length).toBeLessThanOrEqual(1_048_576);
});
