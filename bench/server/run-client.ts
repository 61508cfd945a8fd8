/**
 * Runs the HTTP benches' client in a process of its own and answers what it found.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ClientRound, ClientTask } from '../http/client.ts';

const CLIENT = fileURLToPath(new URL('../http/client.ts', import.meta.url));

/** Measures; one list for each round, with what was found of each target in their order. */
export async function runClient(task: ClientTask): Promise<readonly (readonly ClientRound[])[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLIENT, JSON.stringify(task)]);
  return JSON.parse(stdout) as ClientRound[][]; // Written by client.ts.
}
