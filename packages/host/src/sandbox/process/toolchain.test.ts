/** The variant with children, for the host's own reviewer and bundler: esbuild is a Go program that Node starts. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TIERS } from '@bulkhead/protocol';
import { dataLimitBytes, tierObstacle } from './command.ts';
import { openLaunchFixture, type LaunchFixture } from './launch-fixture.ts';
import { findToolset } from './toolset.ts';

const toolset = await findToolset();
const TIERS_HERE = TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined);
const require = createRequire(import.meta.url);

let fixture: LaunchFixture;
beforeAll(async () => {
  fixture = await openLaunchFixture();
});
afterAll(() => fixture.close());

test.each(TIERS_HERE)('esbuild bundles in a child process at tier %s', async (tier) => {
  const esbuild = dirname(dirname(require.resolve('esbuild')));
  const binary = dirname(require.resolve(`@esbuild/${process.platform}-${process.arch}/package.json`));
  const shape = {
    ...fixture.shapeOf(tier),
    memoryMb: 512,
    dataLimitBytes: dataLimitBytes(fixture.staged.image.idleDataBytes, 512),
    openFilesMax: 256,
  };
  const rights = { readablePaths: [esbuild, binary], allowChildren: true };
  const guest = await fixture.start(fixture.command(tier, { ...rights, shape }));
  const code = `import esbuild from 'file://${join(esbuild, 'lib', 'main.js')}';
    export default async (contents) => {
      const { outputFiles } = await esbuild.build({ stdin: { contents, loader: 'ts' }, write: false });
      return outputFiles[0].text;
    };`;
  expect(await guest.ask(code, 'const answer: number = 42; console.log(answer)')).toBe(
    'const answer = 42;\nconsole.log(answer);\n',
  );
  await guest.end();
});
