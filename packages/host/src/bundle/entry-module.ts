/**
 * The artifact's own entry: what the guest imports. Its shape is the contract between bundler and guest loader.
 *
 * ```js
 * export { main, entryPoints }
 * // main: namespace of the main module, with `default` where it has one (module.exports for CommonJS)
 * // entryPoints: { [group]: { [name]: the export that the manifest names } }, only groups that have any
 * ```
 */

/** What the entry is made from; `module` is a path in the tree. */
export type EntryModuleOptions = {
  readonly main: string;
  readonly entryPoints: readonly {
    readonly group: string;
    readonly name: string;
    readonly module: string;
    readonly exported: string;
  }[];
};

/** Path of the entry; no author's file is called so, as hidden files are not read. `.mjs` gives CommonJS Node's interop. */
export const ENTRY_PATH = '.bulkhead-entry.mjs';

/** Writes the entry. Groups and names are sorted, so that their order in the manifest changes no byte. */
export function entryModule({ main, entryPoints }: EntryModuleOptions): string {
  const sorted = entryPoints.toSorted((one, other) =>
    compare(`${one.group}\0${one.name}`, `${other.group}\0${other.name}`),
  );
  const imports = sorted.map(
    ({ module, exported }, index) => `import { ${exported} as entry${index} } from ${JSON.stringify(`./${module}`)};`,
  );
  const groups = [...new Set(sorted.map(({ group }) => group))].map((group) => {
    const members = sorted.flatMap((entry, index) =>
      entry.group === group ? [`${JSON.stringify(entry.name)}: entry${index}`] : [],
    );
    return `  ${JSON.stringify(group)}: { ${members.join(', ')} },`;
  });
  return [
    `export * as main from ${JSON.stringify(`./${main}`)};`,
    ...imports,
    'export const entryPoints = {',
    ...groups,
    '};',
    '',
  ].join('\n');
}

/** Returns the entry point at which a line of the entry imports, for an error that the bundler reports there. */
export function entryPointAtLine(
  options: EntryModuleOptions,
  line: number,
): EntryModuleOptions['entryPoints'][number] | undefined {
  const sorted = options.entryPoints.toSorted((one, other) =>
    compare(`${one.group}\0${one.name}`, `${other.group}\0${other.name}`),
  );
  return sorted[line - 2];
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
