/**
 * Writes the API reference, one document for each package, and the list that the surface is held to.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { API_PACKAGES, STABILITIES, type ApiEntry, type ApiPackage } from './surface.ts';

/** Where the list is: one line for each name, with its stability and a digest of its signature. */
const SURFACE_PATH = 'test/pins/public-api.json';

/** Returns documents by path, formatted as all documents are. */
export async function renderApi(entries: readonly ApiEntry[]): Promise<ReadonlyMap<string, string>> {
  const documents = API_PACKAGES.map((name): [string, string] => [
    `docs/api/${name}.md`,
    documentOf(
      name,
      entries.filter((entry) => entry.package === name),
    ),
  ]);
  const texts: readonly [string, string][] = [
    ['docs/api/README.md', README],
    ...documents,
    [SURFACE_PATH, surfaceOf(entries)],
  ];
  return new Map(await Promise.all(texts.map(async ([path, text]) => [path, await formatted(path, text)] as const)));
}

async function formatted(path: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}

const FOR_WHOM: Readonly<Record<ApiPackage, string>> = {
  protocol: 'Words that cross a wall: outcomes, errors, limits, manifests, messages.',
  sdk: 'What a plugin’s author imports.',
  host: 'What an embedder, the server and the command line use.',
  guard: 'What judges a candidate against a baseline, and the statistics it is done by.',
  evolve: 'What breeds better code: edits, searches, archives, selectors, and the judge of them.',
  store: 'A database on either engine, its migrations, and the queue of tasks.',
  server: 'The HTTP server in front of a host.',
};

const README = `# API reference

Written from the docstrings by \`npm run docs:api\`; a test holds it equal to the code.

${API_PACKAGES.map((name) => `- [@bulkhead/${name}](${name}.md): ${FOR_WHOM[name]}`).join('\n')}

Every name has one of three words. **public**: it changes with a minor version at the earliest, after one that warns. **experimental**: it may
change with any minor version, and the change note says so. **internal**: exported for our own packages; it may change at any time.
`;

function documentOf(name: ApiPackage, entries: readonly ApiEntry[]): string {
  const sections = STABILITIES.flatMap((stability) => {
    const own = entries.filter((entry) => entry.stability === stability);
    return own.length === 0 ? [] : [`## ${capital(stability)}`, ...own.map(entryText)];
  });
  return `${[`# @bulkhead/${name}`, FOR_WHOM[name], ...sections].join('\n\n')}\n`;
}

function entryText({ name, path, doc, signature }: ApiEntry): string {
  const source = posix.relative('docs/api', path);
  return [`### ${name}`, `\`\`\`ts\n${signature}\n\`\`\``, textOf(doc), `[source](${source})`].join('\n\n');
}

/** Tags become words, links to names become code; what a document would read as its own form is shown as it stands. */
function textOf(doc: string): string {
  const [prose = '', ...tags] = doc.split(/\n(?=@[a-z]+\b)/);
  const items = tags.map(
    (tag) =>
      `- ${tag
        .replace(/^@([a-z]+)\s*/, '**$1** ')
        .replaceAll(/\s*\n\s*/g, ' ')
        .trim()}`,
  );
  const plain = [prose, ...(items.length === 0 ? [] : [items.join('\n')])].join('\n\n');
  return plain
    .replaceAll(/\{@link ([^}|\s]+)[^}]*\}/g, '`$1`')
    .replaceAll(/\{(HostError|UsageError|RangeError|Error)\}/g, '`$1`')
    .trim();
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

const DIGEST_DIGITS = 12;

function surfaceOf(entries: readonly ApiEntry[]): string {
  const lines = entries.map(({ package: of, name, stability, signature }) => {
    const plain = signature.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\s+/g, ' ');
    const digest = createHash('sha256').update(plain).digest('hex').slice(0, DIGEST_DIGITS);
    return `@bulkhead/${of} ${name} ${stability ?? 'untagged'} ${digest}`;
  });
  return JSON.stringify(lines);
}
