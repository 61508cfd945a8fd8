/**
 * For tests: a host in a process of its own, so that it can be killed, and run as another user.
 *
 *   node fixture-host.ts hold TIER...    starts a guest that spins at each tier, with a temp folder that it has filled with what
 *                                        is hard to remove; prints {token, path}, then spins itself
 *   node fixture-host.ts probe TIER...   prints {TIER: [what is missing there]} and ends
 */
import type { Tier } from '@bulkhead/protocol';
import { openLaunchFixture } from './launch-fixture.ts';
import { missingForTier } from './receipt.ts';

const [verb, ...names] = process.argv.slice(2);
const tiers = names as readonly Tier[]; // Given by the test, which has them from TIERS.
const fixture = await openLaunchFixture();

const LITTER = `import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
  export default (dir) => {
    mkdirSync(dir + '/a/b', { recursive: true });
    writeFileSync(Buffer.concat([Buffer.from(dir + '/a/b/'), Buffer.from([0xff, 0x0a])]), 'x');
    chmodSync(dir + '/a/b', 0);
    chmodSync(dir, 0);
  };`;

if (verb === 'probe') {
  const missing: Record<string, readonly string[]> = {};
  for (const tier of tiers) missing[tier] = missingForTier(tier, await fixture.probe(tier));
  await fixture.close();
  process.stdout.write(`${JSON.stringify(missing)}\n`);
} else {
  for (const tier of tiers) {
    const shape = fixture.shapeOf(tier);
    const tempDir = fixture.runDirectory.makeTempDir(shape.uid);
    const guest = await fixture.start(fixture.command(tier, { shape: { ...shape, tempDir } }));
    await guest.ask(LITTER, tempDir);
    // Never answers: the guest is in the middle of a synchronous loop when its host dies.
    void guest.ask('export default () => { for (;;); }').catch(() => undefined);
  }
  const { token, path } = fixture.runDirectory;
  process.stdout.write(`${JSON.stringify({ token, path })}\n`, () => {
    for (;;);
  });
}
