import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openPlainWorkshop } from './workshop.fixture.ts';

const blobs: ReadonlyMap<string, Uint8Array> = new Map([['main.ts', new Uint8Array(Buffer.from('export default 1;'))]]);
const REVIEW = { verb: 'review', parcel: { head: { entries: ['main.ts'], oversized: {} }, blobs } } as const;
const MEND = { verb: 'mend', parcel: { head: {}, blobs } } as const;

/** The programs of a process's children; Linux alone lists them. */
async function childrenOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const pids = text.split(' ').filter(Boolean);
  return Promise.all(pids.map((child) => readFile(`/proc/${child}/cmdline`, 'utf8')));
}

test('a review brings up the bundler, once, and nothing else does before it', async () => {
  await using workshop = openPlainWorkshop();
  await workshop.ask(MEND);
  const pid = workshop.pid() ?? 0;
  expect(await childrenOf(pid)).toEqual([]);
  for (const job of [REVIEW, REVIEW]) {
    await workshop.ask(job);
    expect(await childrenOf(pid)).toEqual([expect.stringContaining('--service=')]);
  }
  expect(workshop.pid()).toBe(pid);
});
