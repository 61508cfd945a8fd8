/**
 * What one release has other than another, for people: a line for each difference, with a sign in front.
 */
import type { ReleaseDifferences } from '@bulkhead/protocol';
import { plain } from './table.ts';
import type { Terminal } from './terminal.ts';

type Colors = Pick<Terminal['colors'], 'green' | 'red' | 'yellow' | 'bold'>;
type Words = { readonly added: readonly string[]; readonly removed: readonly string[] };
type Changed = { readonly name: string; readonly from: unknown; readonly to: unknown };

const VALUE_CHARACTERS = 60;

/** Writes the differences of two releases; one line says so where there is none. */
export function differenceLines(differences: ReleaseDifferences, colors: Colors): readonly string[] {
  const { from_version: from, to_version: to, tools } = differences;
  const lines = [
    ...wordLines('permission', differences.permissions, colors),
    ...wordLines('optional permission', differences.optional_permissions, colors),
    ...wordLines('network', differences.network, colors),
    ...wordLines('hook', differences.hooks, colors),
    ...changeLines('secret', differences.secrets, colors),
    ...changeLines('limit', differences.limits, colors),
    ...changeLines('package', differences.dependencies, colors),
    ...(tools === null ? [colors.yellow('? tools are not known: one of the two was never loaded')] : []),
    ...(tools === null ? [] : wordLines('tool', tools, colors)),
    ...(tools?.changed ?? []).map(({ name, changes }) =>
      colors.yellow(`~ tool ${plain(name)}: ${changes.map((change) => plain(change.name)).join(', ')}`),
    ),
  ];
  const head = colors.bold(`${plain(from)} -> ${plain(to)}`);
  return [head, ...(lines.length === 0 ? ['  no difference to consent to'] : lines.map((line) => `  ${line}`))];
}

function wordLines(what: string, { added, removed }: Words, { green, red }: Colors): readonly string[] {
  return [
    ...added.map((word) => green(`+ ${what} ${plain(word)}`)),
    ...removed.map((word) => red(`- ${what} ${plain(word)}`)),
  ];
}

function changeLines(what: string, changes: readonly Changed[], { yellow }: Colors): readonly string[] {
  return changes.map(({ name, from, to }) => yellow(`~ ${what} ${plain(name)}: ${shown(from)} -> ${shown(to)}`));
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  return plain(JSON.stringify(value)).slice(0, VALUE_CHARACTERS);
}
