/**
 * Where the hostile plugins are, and how one is dressed as a dependency of a harmless plugin: in dependencies the review
 * only warns, so what binds is what the sandbox does at run time.
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REFUSALS } from '../../../fixtures/hostile/expectations.ts';

/** Returns the folder of a hostile plugin in the repository. */
export function fixtureFolder(fixture: string): string {
  return fileURLToPath(new URL(`../../../fixtures/hostile/${fixture}`, import.meta.url));
}

/** Returns a folder that installs: the fixture itself, or where the review refuses it, one that depends on it. */
export async function installableFolder(fixture: string, scratch: string): Promise<string> {
  if (!REFUSALS.some((refusal) => refusal.fixture === fixture)) return fixtureFolder(fixture);
  const folder = join(scratch, fixture);
  const dependency = join(folder, 'node_modules', 'hostile');
  await mkdir(dependency, { recursive: true });
  await cp(join(fixtureFolder(fixture), 'plugin.json'), join(folder, 'plugin.json'));
  await cp(join(fixtureFolder(fixture), 'main.js'), join(dependency, 'main.js'));
  await writeFile(
    join(dependency, 'package.json'),
    JSON.stringify({ name: 'hostile', version: '1.0.0', type: 'module', exports: './main.js' }),
  );
  await writeFile(join(folder, 'main.js'), "export { default } from 'hostile';\n");
  return folder;
}
