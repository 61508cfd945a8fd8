/**
 * Node's debugger gives whoever reaches it the whole process, and a signal opens it. No guest gets that of its host opened,
 * and at tier `process`, where a guest that is past Node's permission model may send signals, the server ignores this one.
 */
import { createHost } from '@bulkhead/host';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serve } from '../../packages/cli/src/cli-fixture.ts';
import { listeningPorts } from '../support/listening-ports.ts';
import { openScratch } from '../support/scratch.ts';
import { tiersHere } from '../support/tiers.ts';
import { installableFolder } from './matrix/hostile-folders.ts';
import { endingOf } from './matrix/observe-attack.ts';

test.each(await tiersHere())('[FAULTS-57] a guest at tier %s opens no debugger of its host', async (tierMax) => {
  await using scratch = await openScratch('debug');
  await using host = await createHost({ tierMax, spareCount: 0 });
  await host.install(await installableFolder('debug-host', scratch.path));
  const before = await listeningPorts('self');
  const outcome = await host.call({ plugin: 'debug-host', tool: 'attack' });
  expect(endingOf(outcome)).toEqual({ kind: 'tool_error', code: 'ACCESS_REFUSED' });
  expect(await listeningPorts('self')).toEqual(before);
});

test('[FAULTS-57] the signal that opens the debugger of any other Node does nothing to a server', async () => {
  await using scratch = await openScratch('debug');
  await using server = await serve(['--data', join(scratch.path, 'data')]);
  const pid = server.child.pid ?? NaN;
  const before = await listeningPorts(pid);
  expect(before).toEqual([Number(new URL(server.ready.url).port)]);
  process.kill(pid, 'SIGUSR1');
  // When this one's is open, that of the server would be.
  expect(await debuggerPortsOfAnyNode()).toHaveLength(1);
  expect((await fetch(`${server.ready.url}/healthz`)).status).toBe(200);
  expect(await listeningPorts(pid)).toEqual(before);
  expect(server.stderr()).not.toContain('Debugger');
});

/** Starts a Node of its own, sends it the signal, and returns the ports on which it listens once it says so. */
async function debuggerPortsOfAnyNode(): Promise<readonly number[]> {
  const code = 'console.log("up"); process.stdin.resume();';
  const child = spawn(process.execPath, ['--inspect-port=127.0.0.1:0', '-e', code], { stdio: 'pipe' });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGUSR1');
  await once(child.stderr, 'data');
  const ports = await listeningPorts(child.pid ?? NaN);
  child.kill('SIGKILL');
  await ended;
  return ports;
}
