/**
 * `pack`: a plugin folder becomes an archive that needs nothing else. The same folder gives the same bytes, whenever and
 * wherever it is packed; installed, the archive gives the digest that the folder would.
 *
 *   read -> manifest -> review -> bundle, to see that it does -> papers -> nothing secret -> checksums -> tar
 */
import { LIMITS, type Dependency, type Finding, type Manifest } from '@bulkhead/protocol';
import { resolve } from 'node:path';
import { CHECKSUMS_FILE, writeChecksums } from './archive/checksums.ts';
import { fitsTar } from './archive/tar-names.ts';
import { pathFault } from './base/archive-paths.ts';
import { HostError } from './base/host-error.ts';
import type { AskWorkshop } from './base/workshop-port.ts';
import { bundleSource } from './bundle/bundle-source.ts';
import { withWorkshop, type WithWorkshop } from './host/with-workshop.ts';
import { refuse } from './install/refuse.ts';
import { missingPackages } from './requirements/check-requirements.ts';
import { listDependencies } from './review/list-dependencies.ts';
import { reviewSource, type ReviewedSource } from './review/review-source.ts';
import { findSecrets } from './source/find-secrets.ts';
import { TREE_FILE, freezeTree } from './source/freeze-tree.ts';
import { readSdk } from './source/host-package.ts';
import { TOOLS_FILE, insistOnManifest } from './source/manifest-file.ts';
import { readPapers } from './source/read-papers.ts';
import { OPERATOR_FOLDER, readSource } from './source/read-source.ts';
import type { PackageFiles, SourceTree } from './source/source-tree.ts';

/**
 * An archive that was packed; `files` are the paths in it, without the folder `package/` around them.
 *
 * @public
 */
export type PackedPlugin = {
  readonly name: string;
  readonly version: string;
  readonly bytes: Uint8Array;
  readonly files: readonly string[];
  readonly dependencies: readonly Dependency[];
  /** Warnings of the review, and of what a publication would be refused for. */
  readonly findings: readonly Finding[];
};

/**
 * `isPublished`: others will have the archive, so it needs a licence; without one it is a warning where the archive only goes to a
 * server. True where it is left out. A secret goes to neither.
 *
 * @public
 */
export type PackOptions = {
  readonly isPublished?: boolean;
  /** Whose workshop does the work; one of its own, where it is left out. */
  readonly within?: WithWorkshop;
};

type Packing = { readonly dir: string; readonly isPublished: boolean };

/** As npm has it, so that `npm publish FILE` takes the archive, too. */
const TOP_FOLDER = 'package';
const DEPENDENCIES_FILE = 'DEPENDENCIES.json';

type Files = Map<string, Uint8Array>;

/**
 * Packs a plugin folder.
 *
 * @throws {HostError} with all findings at once: `PACK_REFUSED` without a licence, with secrets, with packages that are
 *   missing or links, or beyond the bounds of an archive; else as an install would refuse the folder.
 * @public
 */
export function packPlugin(dir: string, options: PackOptions = {}): Promise<PackedPlugin> {
  const { within = withWorkshop, isPublished = true } = options;
  return within((ask) => pack({ dir: resolve(dir), isPublished }, ask));
}

async function pack({ dir, isPublished }: Packing, ask: AskWorkshop): Promise<PackedPlugin> {
  const source = await readSource(dir, OPERATOR_FOLDER);
  const manifest = insistOnManifest(source);
  const content = manifest.driver === 'stdio' ? serverContent : pluginContent;
  const { files, readable, dependencies, packages, warnings } = await content({ source, manifest }, ask);
  const lacking = lacks(files);
  const refusals = [...(await secretsIn(source, readable)), ...(isPublished ? lacking : []), ...unfit(files, packages)];
  if (refusals.length > 0) throw refuse(refusals, 'PACK_REFUSED');
  files.set(DEPENDENCIES_FILE, documentOf(dependencies));
  files.set(CHECKSUMS_FILE, writeChecksums(files));
  const { name, version } = manifest;
  const { writeTgz } = await import('./archive/write-tar.ts'); // The compressor's tables take 10 ms, and little is packed.
  const bytes = writeTgz(files, TOP_FOLDER);
  insistOnSize(files, bytes);
  const findings = [...warnings, ...lacking.map((one) => ({ ...one, severity: 'warning' as const }))];
  return { name, version, bytes, files: [...files.keys()].toSorted(), dependencies, findings };
}

type Read = { readonly source: SourceTree; readonly manifest: Manifest };

/** What goes into an archive, and what of it a person could read a secret in. */
type Content = {
  readonly files: Files;
  readonly readable: Files;
  readonly dependencies: readonly Dependency[];
  readonly packages: ReviewedSource['packages'];
  readonly warnings: readonly Finding[];
};

async function pluginContent({ source, manifest }: Read, ask: AskWorkshop): Promise<Content> {
  const sdk = await readSdk();
  const reviewed = await review({ source, manifest, sdk }, ask);
  const bundled = await bundleSource(reviewed, ask);
  if (bundled.kind === 'refused') throw refuse(bundled.findings, 'BUNDLE_FAILED');
  const files: Files = new Map([...manifestFiles(source), ...(await ownFiles(source, reviewed, sdk))]);
  const dependencies = listDependencies([...files.keys()], files);
  await addPapers(files, source, dependencies);
  return { files, readable: files, dependencies, packages: reviewed.packages, warnings: reviewed.findings };
}

/** An MCP server travels as the tree that it is run from, with the papers of its packages in it. */
async function serverContent({ source, manifest }: Read): Promise<Content> {
  const tree = await freezeTree(source, manifest);
  const dependencies = listDependencies([...tree.files.keys()], tree.files);
  const files: Files = new Map([...manifestFiles(source), [TREE_FILE, tree.module]]);
  for (const [name, bytes] of await readPapers(source.folder, '')) files.set(name, bytes);
  return { files, readable: new Map(tree.files), dependencies, packages: new Map(), warnings: tree.findings };
}

type Reviewing = { readonly source: SourceTree; readonly manifest: Manifest; readonly sdk: PackageFiles };

async function review({ source, manifest, sdk }: Reviewing, ask: AskWorkshop): Promise<ReviewedSource> {
  const reviewed = await reviewSource({ source, manifest, supplied: [sdk] }, ask);
  if (reviewed.kind === 'reviewed') return reviewed.reviewed;
  if (reviewed.kind === 'refused') throw refuse(reviewed.findings, 'REVIEW_REFUSED');
  const missing = missingPackages(reviewed.packages, { shownDir: source.folder });
  throw refuse(
    missing.map(({ cause, cure }) => refusal('PACKAGE_MISSING', 'plugin.json', { message: cause, hint: cure })),
    'PACK_REFUSED',
  );
}

/** Whichever of the two holds the manifest, and its tools where they stand apart; package.json says how modules are read, too. */
function manifestFiles({ files }: SourceTree): readonly (readonly [string, Uint8Array])[] {
  return ['plugin.json', TOOLS_FILE, 'package.json'].flatMap((name) => {
    const bytes = files.get(name);
    return bytes === undefined ? [] : [[name, bytes] as const];
  });
}

/** What the review reached; the SDK only where the plugin has its own, because the host supplies it. */
async function ownFiles(source: SourceTree, { files }: ReviewedSource, sdk: PackageFiles): Promise<Files> {
  const hasOwnSdk = (await source.readPackage(sdk.name, '')) !== undefined;
  return new Map([...files].filter(([path]) => hasOwnSdk || !path.startsWith(`${sdk.root}/`)));
}

/** The plugin's own, and those of its packages: their licences ask to travel with them (F000-14). */
async function addPapers(files: Files, source: SourceTree, dependencies: readonly Dependency[]): Promise<void> {
  for (const at of ['', ...dependencies.map(({ path }) => path)]) {
    const papers = await readPapers(source.folder, at);
    const wanted = at === '' ? [...papers] : [...papers].filter(([name]) => !/^readme/i.test(name));
    for (const [name, bytes] of wanted) files.set(at === '' ? name : `${at}/${name}`, bytes);
  }
  if (dependencies.length > 0 && ![...files.keys()].some((path) => /^notice/i.test(path)))
    files.set('NOTICE', noticeOf(dependencies));
}

function noticeOf(dependencies: readonly Dependency[]): Uint8Array {
  const lines = dependencies.map(
    ({ name, version, license, path }) =>
      `${name} ${version ?? '(no version)'}, ${license ?? 'no licence named'}: ${path}\n`,
  );
  return Buffer.from(`This plugin includes the following packages, each under its own licence:\n\n${lines.join('')}`);
}

function documentOf(dependencies: readonly Dependency[]): Uint8Array {
  return Buffer.from(`${JSON.stringify({ schema_v: 1, dependencies }, undefined, 2)}\n`);
}

const PRIVATE_KEY = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/;

async function secretsIn(source: SourceTree, files: Files): Promise<readonly Finding[]> {
  const named = (await findSecrets(source.folder)).map((path) =>
    refusal('SECRET_FILE', path, {
      message: `"${path}" is an environment or a key, in a folder that is about to be published`,
      hint: 'Move it out of the folder; a plugin gets secrets from its tenant (`secrets` in plugin.json).',
    }),
  );
  const inside = [...files].flatMap(([path, bytes]) => {
    const text = Buffer.from(bytes).toString('latin1');
    const at = PRIVATE_KEY.exec(text)?.index;
    if (at === undefined || isOfDependency(path)) return [];
    const about = {
      message: 'a private key is written here',
      hint: 'Take it out, and make a new one: it was in a source file.',
    };
    return [{ ...refusal('SECRET_FILE', path, about), line: text.slice(0, at).split('\n').length }];
  });
  return [...named, ...inside];
}

function isOfDependency(path: string): boolean {
  return path.split('/').includes('node_modules');
}

function lacks(files: Files): readonly Finding[] {
  if ([...files.keys()].some((path) => /^(?:licen[cs]e|copying)(?:[.-]|$)/i.test(path))) return [];
  const message = 'the folder has no LICENSE, so nobody may use what would be published';
  const hint = 'Write a file LICENSE with the text of the licence that plugin.json names, such as MIT or Apache-2.0.';
  return [refusal('LICENSE_MISSING', 'LICENSE', { message, hint })];
}

/** What an archive cannot hold as it is: packages that are links, and names that some machine could not write. */
function unfit(files: Files, packages: ReviewedSource['packages']): readonly Finding[] {
  const links = [...packages].filter(([place, root]) => place !== root && files.has(`${root}/package.json`));
  const faults = [...files.keys()].flatMap((path) => {
    const fault = pathFault(path) ?? depthFault(path) ?? hiddenFault(path);
    return fault === undefined ? [] : [{ path, fault }];
  });
  return [
    ...links.map(([place]) =>
      refusal('PACKAGE_LINK', place, {
        message: `"${place}" is a link, and an archive holds none`,
        hint: 'Install packages as copies: `npm install --install-links`; with pnpm, `node-linker=hoisted`.',
      }),
    ),
    ...(links.length > 0 ? [] : faults).map(({ path, fault }) =>
      refusal('ARCHIVE_PATH', path, {
        message: `the name "${path}" ${fault}`,
        hint: 'Give the file a shorter, plain name.',
      }),
    ),
  ];
}

function depthFault(path: string): string | undefined {
  const folders = path.split('/').length; // With the folder around all.
  if (folders > LIMITS.archive_depth.value) return `lies more than ${LIMITS.archive_depth.value} folders deep`;
  const length = path.length + TOP_FOLDER.length + 1;
  if (length <= LIMITS.archive_path_characters.value && fitsTar(path, TOP_FOLDER)) return undefined;
  return 'is too long for an archive';
}

function hiddenFault(path: string): string | undefined {
  return path.split('/').some((part) => part.startsWith('.'))
    ? 'is hidden, and would be left out at install'
    : undefined;
}

function insistOnSize(files: Files, packed: Uint8Array): void {
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  const { archive_bytes, archive_packed_bytes, archive_entries } = LIMITS;
  const passed = [
    ...(bytes > archive_bytes.value ? [`${bytes} bytes; at most ${archive_bytes.value}`] : []),
    ...(packed.length > archive_packed_bytes.value
      ? [`${packed.length} bytes when packed; at most ${archive_packed_bytes.value}`]
      : []),
    ...(files.size > archive_entries.value ? [`${files.size} files; at most ${archive_entries.value}`] : []),
  ];
  if (passed.length === 0) return;
  throw new HostError('PACK_REFUSED', {
    message: `the archive would have ${passed.join(', and ')} are taken`,
    hint: 'Use fewer or smaller dependencies; only what the plugin imports is packed.',
  });
}

function refusal(id: string, path: string, about: { readonly message: string; readonly hint: string }): Finding {
  return { id, severity: 'error', path, line: null, ...about };
}
