/**
 * Question (G11): does an implementation get out, and how soon is one ended that does not end? Workload: the hostile deeds of guard's tests
 * through the `local` executor, each on a warm guest, with a harmless run after it; what is endless five times.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Execution, Implementation } from '@bulkhead/guard';
import {
  HARMLESS,
  HOSTILE_DEEDS,
  type HostileDeed,
  type WithinReach,
} from '../../packages/guard/src/executors/hostile-deeds.fixture.ts';
import { atMost, say, told } from '../lib/figures.ts';
import { openWorkshop } from './implementations.ts';
import { medianRow, type Part } from './row.ts';

const SECRET = 'nobody may read this';
const TIMEOUT_S = 1;
const PATIENT_S = 40;
const KILLS = 5;
const LATE_MOST_MS = 250;

/** G11. */
export const hostileDeeds: Part = {
  id: 'G11',
  title: 'hostile deeds',
  measure: async () => {
    await using workshop = await openWorkshop();
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo; // It listens at a port, not at a path.
    const [secretPath, freePath] = [join(workshop.folder, 'secret.txt'), join(workshop.folder, 'escaped.txt')];
    await writeFile(secretPath, SECRET);
    const found: Found[] = [];
    for (const deed of HOSTILE_DEEDS) {
      say(deed.name);
      found.push(await commit(deed, await workshop.implement(deed.source), { secretPath, freePath, port }));
    }
    server.close();
    const escapes = found.filter(({ isLeaking }) => isLeaking).length + connections + (existsSync(freePath) ? 1 : 0);
    const lateMs = found.flatMap((one) => one.lateMs);
    const count = (of: (one: Found) => boolean): number => found.filter(of).length;
    return [
      {
        id: 'G11',
        what: `ways out of the sandbox that ${HOSTILE_DEEDS.length} deeds found`,
        figure: atMost('escapes', escapes, { unit: 'escapes', bound: 0 }),
      },
      {
        id: 'G11',
        what: 'deeds that end otherwise than they must',
        figure: atMost(
          'deeds_wrong',
          count(({ isRight }) => !isRight),
          { unit: 'deeds', bound: 0 },
        ),
      },
      {
        id: 'G11',
        what: 'deeds whose next run is not served',
        figure: atMost(
          'deeds_next_unserved',
          count(({ isNextServed }) => !isNextServed),
          { unit: 'deeds', bound: 0 },
        ),
      },
      {
        id: 'G11',
        what: `the latest end after a timeout of ${TIMEOUT_S} s, of ${lateMs.length}`,
        figure: atMost('killed_after_timeout_most', Math.max(...lateMs), { unit: 'ms', bound: LATE_MOST_MS }),
      },
      medianRow({ id: 'G11', what: 'the same, median' }, lateMs, (value) => told('killed_after_timeout', value, 'ms')),
    ];
  },
};

type Found = {
  readonly isRight: boolean;
  readonly isLeaking: boolean;
  readonly isNextServed: boolean;
  readonly lateMs: readonly number[];
};

async function commit(
  { name, ending, isEndless, memMb }: HostileDeed,
  { executor, filePath }: Implementation,
  within: WithinReach,
): Promise<Found> {
  const run = (isHostile: boolean): Promise<Execution> =>
    executor.execute(filePath, 'solve', [isHostile, within], isEndless ? TIMEOUT_S : PATIENT_S, memMb);
  const lateMs: number[] = [];
  let [isRight, isLeaking, isNextServed] = [true, false, true];
  for (let time = 0; time < (isEndless ? KILLS : 1); time += 1) {
    await run(false);
    const startedAt = performance.now();
    const execution = await run(true);
    if (isEndless) lateMs.push(performance.now() - startedAt - 1_000 * TIMEOUT_S);
    isRight &&= isEndingOf(ending, execution);
    isLeaking ||= JSON.stringify(execution).includes(SECRET);
    isNextServed &&= (await run(false)).result === HARMLESS;
    if (!isRight) console.error(`${name}: ${JSON.stringify(execution).slice(0, 300)}`);
  }
  await executor.close?.();
  return { isRight, isLeaking, isNextServed, lateMs };
}

function isEndingOf(ending: HostileDeed['ending'], execution: Execution): boolean {
  if (ending.kind === 'answers') return execution.success && isDeepStrictEqual(execution.result, ending.result);
  return !execution.success && ending.type === execution.error_type && ending.said.test(execution.error ?? '');
}
