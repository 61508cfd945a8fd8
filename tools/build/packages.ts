/**
 * The declarations of each package's dist, and the SDK's JavaScript, by the compiler: in the order of dependency, because a
 * package sees the others by their built types. Other JavaScript is bundled, see package-code.ts.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The packages in the order in which imports point: each may import those before it. */
const PACKAGE_ORDER = ['protocol', 'sdk', 'host', 'guard', 'evolve', 'store', 'server', 'cli'] as const;

/**
 * Compiles every package below the repository root.
 *
 * @throws {Error} Names the first package that does not compile; the compiler's own findings are on standard output.
 */
export function buildPackages(root: string): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  for (const name of PACKAGE_ORDER) {
    const project = join(root, 'packages', name, 'tsconfig.build.json');
    const { status } = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
    if (status !== 0) throw new Error(`packages/${name} does not compile; the findings are above`);
  }
}
