/**
 * What a commit message must say: an area and what now happens, and, where the commit changes or removes lines of a test
 * that was there, why (X001-13). A pure function; tools/check-commit-message.ts is its program.
 */

const SUBJECT_CHARACTERS_MAX = 72;

/** Made by git itself, which gives them their subject. */
const MADE_BY_GIT = /^(Merge |Revert "|fixup! |squash! )/;

/**
 * Lists what is wrong with a commit message, one sentence each, with the cure; empty where nothing is.
 *
 * @param message - The whole message, git's comment lines included.
 * @param changedTests - Paths of test files of which the commit changes or removes lines; new lines alone do not count.
 */
export function checkCommitMessage(message: string, changedTests: readonly string[]): readonly string[] {
  const lines = message.split('\n').filter((line) => !line.startsWith('#'));
  const subject = lines[0] ?? '';
  if (MADE_BY_GIT.test(subject)) return [];
  return [...checkSubject(subject), ...checkTestChange(lines, changedTests)];
}

function checkSubject(subject: string): readonly string[] {
  const findings = [];
  if (!/^[a-z][a-z0-9/_-]*: \S/.test(subject)) {
    findings.push(`the subject is "${subject}"; expected "area: what now happens", as "sandbox: refuse late replies"`);
  }
  if (subject.length > SUBJECT_CHARACTERS_MAX) {
    findings.push(`the subject has ${subject.length} characters; expected at most ${SUBJECT_CHARACTERS_MAX}`);
  }
  return findings;
}

function checkTestChange(lines: readonly string[], changedTests: readonly string[]): readonly string[] {
  if (changedTests.length === 0 || lines.some((line) => /^TEST-CHANGE: \S.{9,}/.test(line))) return [];
  return [`this commit changes ${changedTests.join(', ')}; add a line "TEST-CHANGE: why the old test was wrong"`];
}

const SURFACE_PATH = 'test/pins/public-api.json';
const CHANGE_NOTE = /^changes\/(?!README)[^/]+\.md$/;

/** Finds a commit that changes what packages export, and says it to nobody; `paths` are those that it changes. */
export function checkSurfaceNote(paths: readonly string[]): readonly string[] {
  if (!paths.includes(SURFACE_PATH) || paths.some((path) => CHANGE_NOTE.test(path))) return [];
  return [`this commit changes the public API (${SURFACE_PATH}); add a note changes/<slug>.<kind>.md that says so`];
}
