/**
 * What a plugin needs from the machine, checked before any of its code is loaded: each thing that is missing is named
 * with the command or step that cures it. Knows no file system; the probe looks.
 */
import type { Manifest } from '@bulkhead/protocol';
import { satisfies, validRange } from 'semver';

/** What one missing thing is. `cause` is class and message; `cure` is the command or step, without a full stop. */
export type MissingRequirement = {
  readonly kind: 'module' | 'command' | 'file' | 'env' | 'gpu' | 'version';
  readonly name: string;
  readonly cause: string;
  readonly cure: string;
};

/** What can be asked of the machine. No method rejects; a question that cannot be answered is answered no. */
export type RequirementProbe = {
  readonly hasModule: (name: string) => Promise<boolean>;
  readonly hasCommand: (name: string) => Promise<boolean>;
  /** Says what is wrong with a file, absolute or relative to the plugin folder; undefined where it is whole. */
  readonly faultOfFile: (path: string) => Promise<FileFault | undefined>;
  readonly hasEnv: (name: string) => boolean;
  /** Says why there is no GPU at work; undefined where its tool answers. */
  readonly faultOfGpu: () => Promise<string | undefined>;
};

/** What can be wrong with a file that a plugin needs. */
export type FileFault = 'absent' | 'not_a_file' | 'unreadable' | 'empty' | 'lfs_pointer';

/** How the missing things are named, and what the plugin’s range of versions is compared with. */
export type RequirementOptions = {
  /** The plugin folder as the operator names it; it appears in cures. */
  readonly shownDir: string;
  /** It came in an archive, beside which nothing can be installed. */
  readonly isPacked?: boolean;
  /** Version of this platform, which `compatible_versions` is about. */
  readonly platformVersion: string;
};

/** Packages that bring a GPU to JavaScript; a plugin that needs another names it under `requirements.modules`. */
export const GPU_FRAMEWORKS: readonly string[] = [
  'onnxruntime-node',
  '@tensorflow/tfjs-node-gpu',
  '@huggingface/transformers',
  'node-llama-cpp',
  'gpu.js',
];

/** Checks everything that the manifest asks for, and returns all that is missing. */
export async function checkRequirements(
  manifest: Manifest,
  probe: RequirementProbe,
  options: RequirementOptions,
): Promise<readonly MissingRequirement[]> {
  const { modules, commands, files, env, gpu } = manifest.requirements;
  const found = await Promise.all([
    ...modules.map((name) => checkModule(name, probe, options)),
    ...commands.map((name) => checkCommand(name, probe)),
    ...files.map((path) => checkFile(path, probe, options)),
    ...(gpu ? [checkFramework(modules, probe, options), checkGpu(probe)] : []),
  ]);
  const missing = found.filter((one) => one !== undefined);
  return [...checkVersion(manifest, options), ...missing, ...env.filter((name) => !probe.hasEnv(name)).map(missingEnv)];
}

/**
 * Writes the reason of an UNAVAILABLE plugin (X001-6): each cause in turn, then what cures them, so that the reason ends
 * with the command or step.
 *
 * @example
 * Missing dependencies: ModuleNotFoundError: no package "left-pad" (requirements.modules). To cure: npm install --prefix plugins/pad left-pad
 */
export function missingReason(missing: readonly MissingRequirement[]): string {
  const causes = missing.map(({ cause }) => cause).join('; ');
  const cures = [...new Set(missing.map(({ cure }) => cure))].join('; then ');
  return `Missing dependencies: ${causes}. To cure: ${cures}`;
}

/** Makes the requirements of packages that an import reached and node_modules does not hold. */
export function missingPackages(
  names: readonly string[],
  options: Pick<RequirementOptions, 'shownDir' | 'isPacked'>,
): readonly MissingRequirement[] {
  return names.map((name) => missingModule(name, 'it is imported', options));
}

async function checkModule(
  name: string,
  probe: RequirementProbe,
  options: RequirementOptions,
): Promise<MissingRequirement | undefined> {
  return (await probe.hasModule(name)) ? undefined : missingModule(name, 'requirements.modules asks for it', options);
}

/** Nothing is installed into what was packed (FAULTS 93). */
const PACK_ANEW = 'pack it anew with `bulkhead pack DIR`, in a folder where its packages are installed';

function missingModule(
  name: string,
  why: string,
  { shownDir, isPacked }: Pick<RequirementOptions, 'shownDir' | 'isPacked'>,
): MissingRequirement {
  return {
    kind: 'module',
    name,
    cause: `ModuleNotFoundError: no package "${name}" in the plugin's node_modules (${why})`,
    cure: isPacked === true ? PACK_ANEW : `npm install --prefix ${quoted(shownDir)} ${quoted(name)}`,
  };
}

async function checkCommand(name: string, probe: RequirementProbe): Promise<MissingRequirement | undefined> {
  if (await probe.hasCommand(name)) return undefined;
  const cause = `CommandNotFoundError: no command "${name}" on the server's PATH (requirements.commands asks for it)`;
  return { kind: 'command', name, cause, cure: `install ${name} and put it on the server's PATH` };
}

const FILE_FAULTS: Readonly<Record<FileFault, string>> = {
  absent: 'does not exist',
  not_a_file: 'is not a file',
  unreadable: 'cannot be read by the server',
  empty: 'is empty',
  lfs_pointer: 'is a Git LFS pointer, not the file itself',
};

async function checkFile(
  path: string,
  probe: RequirementProbe,
  options: RequirementOptions,
): Promise<MissingRequirement | undefined> {
  const fault = await probe.faultOfFile(path);
  if (fault === undefined) return undefined;
  const cause = `FileNotUsableError: "${path}" ${FILE_FAULTS[fault]} (requirements.files asks for it)`;
  return { kind: 'file', name: path, cause, cure: cureOfFile(path, fault, options) };
}

function cureOfFile(path: string, fault: FileFault, { shownDir, isPacked }: RequirementOptions): string {
  if (isPacked === true && !path.startsWith('/'))
    return 'name the file by an absolute path in plugin.json; an archive brings none';
  if (fault === 'lfs_pointer') return `git -C ${quoted(shownDir)} lfs pull`;
  const at = path.startsWith('/') ? quoted(path) : quoted(`${shownDir}/${path}`);
  return fault === 'unreadable' ? `chmod a+r ${at}` : `put the whole file at ${at}`;
}

/** One of the frameworks, or whatever the manifest names itself: that one was checked under its own name. */
async function checkFramework(
  modules: readonly string[],
  probe: RequirementProbe,
  { shownDir }: RequirementOptions,
): Promise<MissingRequirement | undefined> {
  if (modules.length > 0) return undefined;
  const found = await Promise.all(GPU_FRAMEWORKS.map(probe.hasModule));
  if (found.includes(true)) return undefined;
  const [first = ''] = GPU_FRAMEWORKS;
  return {
    kind: 'gpu',
    name: 'gpu framework',
    cause: `GpuFrameworkError: none of ${GPU_FRAMEWORKS.join(', ')} is in the plugin's node_modules (requirements.gpu asks for one)`,
    cure: `npm install --prefix ${quoted(shownDir)} ${first}`,
  };
}

async function checkGpu(probe: RequirementProbe): Promise<MissingRequirement | undefined> {
  const fault = await probe.faultOfGpu();
  if (fault === undefined) return undefined;
  const cause = `GpuNotFoundError: nvidia-smi ${fault} (requirements.gpu asks for a working GPU)`;
  return {
    kind: 'gpu',
    name: 'nvidia-smi',
    cause,
    cure: 'install the NVIDIA driver so that the command nvidia-smi answers',
  };
}

function checkVersion(manifest: Manifest, { platformVersion }: RequirementOptions): readonly MissingRequirement[] {
  const range = manifest.compatible_versions;
  // A pre-release of this platform counts as the release that it leads to.
  if (range === undefined || satisfies(platformVersion, range, { includePrerelease: true })) return [];
  const isRange = validRange(range) !== null;
  const cause = isRange
    ? `VersionError: the plugin supports Bulkhead ${range}, and this is ${platformVersion} (compatible_versions)`
    : `VersionError: "${range}" is no version range (compatible_versions)`;
  const cure = isRange
    ? `npm install ${quoted(`bulkhead@${range}`)}`
    : 'write compatible_versions as a semver range such as ">=1.0.0 <2"';
  return [{ kind: 'version', name: 'bulkhead', cause, cure }];
}

function missingEnv(name: string): MissingRequirement {
  const cause = `EnvironmentError: ${name} is not set on the server (requirements.env asks for it)`;
  return { kind: 'env', name, cause, cure: `set ${name} in the server's environment and start the server again` };
}

/** For a shell; what needs no quotes gets none. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
