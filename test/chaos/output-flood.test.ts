/**
 * What a guest that floods its output costs the host: CPU time of the host's own process, which no other program's load
 * adds to, from the call to the end of the guest. Merely dropping what comes cost 965 ms of it on the machine where pausing
 * the pipe cost 83.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { startHost } from '../support/child-host.ts';
import { tiersHere } from '../support/tiers.ts';
import { fixtureFolder } from './matrix/hostile-folders.ts';

/** To read 8 MiB, end the guest and start another: 20 ms here, and up to 150 on a cold or crowded core; dropping takes six times that. */
const HOST_CPU_MS_MAX = 300;
/** The kernel's clock ticks, fixed for what /proc tells. */
const TICK_MS = 10;

/** User and system time of all threads of a process: fields 14 and 15 of its stat, see proc(5). */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

describe.each(await tiersHere())('at tier %s', (tierMax) => {
  test.each(['flood-stdout', 'flood-stderr'])(
    '[FAULTS-36] %s is ended, and costs the host less CPU time than dropping its output would',
    async (plugin) => {
      const folders = [fixtureFolder(plugin)];
      await using host = startHost({ verb: 'serve', folders, options: { tierMax, spareCount: 0 } });
      expect(await host.line()).toMatchObject({ tier: tierMax });
      expect(await host.ask({ plugin, tool: 'ping' })).toMatchObject({ ending: { kind: 'ok' } });
      const before = await cpuMs(host.child.pid ?? NaN);
      expect(await host.ask({ plugin, tool: 'attack' })).toMatchObject({
        ending: { kind: 'output_too_large', code: 'LOG_FLOOD', limit: 'log_flood_bytes' },
      });
      // The next guest is asked for when the first is gone.
      expect(await host.ask({ plugin, tool: 'ping' })).toMatchObject({ ending: { kind: 'ok' } });
      const spentMs = (await cpuMs(host.child.pid ?? NaN)) - before;
      expect(spentMs).toBeLessThan(HOST_CPU_MS_MAX);
    },
  );
});
