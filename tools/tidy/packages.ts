/**
 * Which package may depend on which. Imports point one way, and package.json says so before any import does:
 *
 *   protocol <- sdk <- plugins
 *   protocol <- host <- guard <- evolve <- server <- cli      store implements host's port; server and cli wire it in
 */
import type { TidyFinding, Tree } from './tree.ts';

/** What each package may depend on, of ours; everything that is not here is refused. */
const ALLOWED_DEPENDENCIES: Readonly<Record<string, readonly string[]>> = {
  '@bulkhead/protocol': [],
  '@bulkhead/sdk': ['@bulkhead/protocol'],
  '@bulkhead/host': ['@bulkhead/protocol', '@bulkhead/sdk'], // sdk: host supplies it, built, to plugin folders without it.
  '@bulkhead/store': ['@bulkhead/protocol', '@bulkhead/host'],
  '@bulkhead/guard': ['@bulkhead/protocol', '@bulkhead/host'],
  '@bulkhead/evolve': ['@bulkhead/protocol', '@bulkhead/host', '@bulkhead/guard'],
  '@bulkhead/server': [
    '@bulkhead/protocol',
    '@bulkhead/host',
    '@bulkhead/store',
    '@bulkhead/guard',
    '@bulkhead/evolve',
  ],
  bulkhead: [
    '@bulkhead/protocol',
    '@bulkhead/sdk',
    '@bulkhead/host',
    '@bulkhead/store',
    '@bulkhead/guard',
    '@bulkhead/evolve',
    '@bulkhead/server',
  ],
};

type PackageJson = {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
};

/** Finds dependencies against the direction, versions out of lockstep, and licences that are not the repository's. */
export function checkPackages(tree: Tree): readonly TidyFinding[] {
  const root = parsePackage(tree.get('package.json') ?? '{}');
  const paths = [...tree.keys()].filter((path) => /^packages\/[^/]+\/package\.json$/.test(path));
  return paths.flatMap((path) => {
    const json = parsePackage(tree.get(path) ?? '{}');
    const say = (message: string): TidyFinding => ({ path, line: 1, message });
    return [...checkDirection(json), ...checkLockstep(json, root)].map(say);
  });
}

/** Finds run-time dependencies that no decision record names: the choice of a library is three lines there. */
export function checkDependencyDecisions(tree: Tree): readonly TidyFinding[] {
  const decisions = [...tree].filter(([path]) => path.startsWith('docs/adr/')).map(([, text]) => text);
  const words = new Set(decisions.join('\n').split(/[\s,|`]+/));
  const paths = [...tree.keys()].filter((path) => /^packages\/[^/]+\/package\.json$/.test(path));
  return paths.flatMap((path) => {
    const names = Object.keys(parsePackage(tree.get(path) ?? '{}').dependencies ?? {});
    const undecided = names.filter((name) => !(name in ALLOWED_DEPENDENCIES) && !words.has(name));
    return undecided.map((name) => ({
      path,
      line: 1,
      message: `${name} is in no decision record; say why in docs/adr`,
    }));
  });
}

function checkDirection(json: PackageJson): readonly string[] {
  const name = json.name ?? '';
  const allowed = ALLOWED_DEPENDENCIES[name];
  if (allowed === undefined) return [`package "${name}" is not known; add it to the layers in tools/tidy/packages.ts`];
  const named = Object.keys({ ...json.dependencies, ...json.peerDependencies });
  const wrong = named.filter((each) => each in ALLOWED_DEPENDENCIES && !allowed.includes(each));
  return wrong.map((each) => `${name} depends on ${each}; imports point the other way, so move what is shared down`);
}

function checkLockstep(json: PackageJson, root: PackageJson): readonly string[] {
  const findings = [];
  if (json.version !== root.version) findings.push(`version is ${json.version}; all packages are at ${root.version}`);
  if (json.license !== root.license) findings.push(`license is ${json.license}; expected ${root.license}`);
  for (const [name, range] of Object.entries(json.dependencies ?? {})) {
    const isOurs = name in ALLOWED_DEPENDENCIES;
    if (isOurs && range !== root.version) findings.push(`${name} is wanted at ${range}; expected ${root.version}`);
  }
  return findings;
}

function parsePackage(text: string): PackageJson {
  return JSON.parse(text) as PackageJson; // npm itself refuses a package.json of another shape.
}
