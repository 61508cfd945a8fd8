/**
 * Builds all that is not run from source: the bundles of tools/build/bundles.ts and each package's dist; and links the packages that
 * our own plugins bring. `npm ci` runs it
 * once (`prepare`), and `npm test` before the tests. Under ten seconds; never installs anything.
 */
import { resolve } from 'node:path';
import { buildBundles } from './build/bundles.ts';
import { bundleHandlers } from './build/own-handlers.ts';
import { buildPackages } from './build/packages.ts';
import { linkPluginPackages } from './build/plugin-packages.ts';
import { copyStandIns } from './build/stand-ins.ts';

const root = resolve(import.meta.dirname, '..');
const startedAt = performance.now();
await buildBundles(root);
buildPackages(root);
await linkPluginPackages(root);
await copyStandIns(root);
await bundleHandlers(root);
console.log(`built in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
