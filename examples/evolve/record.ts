/**
 * Records the cassettes of the examples anew. From the root of the repository:
 *
 *   node --conditions=source examples/evolve/record.ts            all of them
 *   node --conditions=source examples/evolve/record.ts bad_sort   one
 */
import { rm } from 'node:fs/promises';
import { LINEAGES } from './lineages.ts';
import { askAll, cassetteOf } from './recording.ts';

const asked = process.argv.slice(2);
for (const [name, lineage] of Object.entries(LINEAGES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  await rm(cassetteOf(name), { force: true });
  console.log(`${name}: ${await askAll(name, lineage, 'new')} answers`);
}
