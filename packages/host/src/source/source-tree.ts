/**
 * A plugin's files as the rest of an install sees them: bytes in memory, by path relative to the plugin folder with "/"
 * between the parts. Only `readSource` and `readArchive` make one; nobody after them opens a file of the author's.
 */
/** Marks what was read in this folder; never a value, so that nothing else can make one. */
export declare const read: unique symbol;

/**
 * A plugin folder, or an archive of one, read once and within bounds.
 *
 * `folder` is the absolute real path, for the operator's eyes only; of an archive, its file's or a word such as "upload".
 * `isPacked` tells both apart: what a packed plugin lacks cannot be put beside it. `files` are the author's own. `oversized` names
 * author files above the bound with their size in bytes: their content was not read, and importing one is a finding.
 */
export type SourceTree = {
  readonly [read]: true;
  readonly folder: string;
  readonly isPacked: boolean;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly oversized: ReadonlyMap<string, number>;
  /** Of an archive that carries the frozen files of an MCP server: those, unread. */
  readonly packedTree?: Uint8Array | undefined;
  /**
   * Reads one package of the plugin's own node_modules, the first time that it is asked for.
   *
   * @param name - Package name, such as `zod` or `@scope/name`.
   * @param from - Folder of the file that imports it, relative to the plugin folder; `''` is the plugin folder itself.
   * @returns undefined where no node_modules between `from` and the plugin folder holds it.
   * @throws {HostError} `SOURCE_TOO_LARGE` when author files and dependencies together pass the bound, `SOURCE_ESCAPES`
   *   when the package is a link and links were refused.
   */
  readonly readPackage: (name: string, from: string) => Promise<PackageFiles | undefined>;
};

/**
 * One package. `root` is where its files lie in the tree; `link` is the place in node_modules from which a link leads
 * there, if one does. `files` are by path in the tree.
 */
export type PackageFiles = {
  readonly name: string;
  readonly root: string;
  readonly link: string | undefined;
  readonly files: ReadonlyMap<string, Uint8Array>;
};
