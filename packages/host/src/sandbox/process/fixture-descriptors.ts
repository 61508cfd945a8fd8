/**
 * For tests: a host whose descriptors run out, in a process of its own. Prints how opening a guest ended while there
 * were none, and afterwards.
 */
import { closeSync, openSync } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { createWatchdog } from '../watchdog.ts';
import { createProcessDriver } from './driver.ts';
import { launchOf } from './raw-guest.fixture.ts';
import { specOf } from './sandbox-fixture.ts';

const driver = createProcessDriver({
  launches: { tier: 'process', prepare: () => launchOf('hello(); listen();'), hidePaths: (text) => text },
  receipt: { tier: 'process', layers: [], above: [], kernel: '', node: '', checked_at: '' },
  clock: systemClock,
  watchdog: createWatchdog(),
  log: silentLog,
  defaultShape: { memoryMb: 64 },
  spareCount: 0,
  bootTimeoutMs: 5_000,
  onOpened: () => undefined,
  onDropped: () => undefined,
  onSaid: () => undefined,
});

async function openOne(): Promise<string> {
  const opening = await driver.open(specOf('//'));
  if (!opening.ok) return opening.error.code;
  await opening.sandbox.close();
  return 'ok';
}

function takeAll(): readonly number[] {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    return taken; // EMFILE: there are no more.
  }
}

await openOne(); // What is loaded lazily needs descriptors too.
const taken = takeAll();
const starved = await openOne();
for (const fd of taken) closeSync(fd);
const recovered = await openOne();
await driver.close();
process.stdout.write(JSON.stringify({ starved, recovered }));
