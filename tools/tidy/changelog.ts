/**
 * Turns the notes of changes/ into the section of a release in CHANGELOG.md.
 */
import { CHANGE_KINDS } from './docs.ts';

const MARKER = '<!-- releases -->';

/** A release: its version without "v", the day as `2026-01-31`, and the text of each note by its path. */
export type Release = { readonly version: string; readonly day: string; readonly notes: ReadonlyMap<string, string> };

/**
 * Returns the changelog with the release as its newest section, notes grouped by kind.
 *
 * @throws {Error} Where the changelog has lost the marker below which releases stand.
 */
export function addRelease(changelog: string, release: Release): string {
  if (!changelog.includes(MARKER)) throw new Error(`CHANGELOG.md has no line "${MARKER}"; releases stand below it`);
  return changelog.replace(MARKER, () => `${MARKER}\n\n${renderRelease(release)}`);
}

function renderRelease({ version, day, notes }: Release): string {
  const sections = CHANGE_KINDS.flatMap((kind) => {
    const ofKind = [...notes]
      .filter(([path]) => path.endsWith(`.${kind}.md`))
      .map(([, text]) => `- ${indent(text.trim())}`);
    const title = `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`;
    return ofKind.length === 0 ? [] : [`### ${title}\n\n${ofKind.join('\n')}`];
  });
  return [`## ${version} (${day})`, ...sections].join('\n\n');
}

/** Lines after the first belong to the same list item. */
function indent(text: string): string {
  return text.replaceAll(/\n(?=.)/g, '\n  ');
}
