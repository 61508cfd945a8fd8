/**
 * Writes the reference of the command line from the program itself: what `--help` prints, for every verb.
 */
import { createProgram } from '../../packages/cli/src/program.ts';
import { openTerminal } from '../../packages/cli/src/terminal.ts';

/** Where the reference is. */
export const CLI_PATH = 'docs/cli.md';

type Command = ReturnType<typeof createProgram>;

const WIDTH = 110;

const HEAD = `# Command line

Written from the program by \`npm run docs:cli\`; a test holds it equal. \`npx bulkhead VERB --help\` prints the same. Results are on standard
output, talk is on standard error; exit codes are in [Running a server](operator.md).
`;

/** Returns the document. */
export function renderCli(): string {
  let printed = '';
  const stdout = { write: (text: string) => (printed += text) };
  const program = createProgram(openTerminal({ stdout, stderr: stdout, env: {} }), () => undefined);
  const helpOf = (command: Command): string => {
    printed = '';
    command.configureOutput({ getOutHelpWidth: () => WIDTH, getOutHasColors: () => false });
    command.outputHelp();
    return printed.trim().replaceAll(/[ \t]+$/gm, '');
  };
  const verbs = leavesOf(program).map((command) => `## ${nameOf(command)}\n\n${fenced(helpOf(command))}`);
  return `${[HEAD.trim(), fenced(helpOf(program)), ...verbs].join('\n\n')}\n`;
}

/** Verbs that do something; a group of them is told by its members. */
function leavesOf(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => (child.commands.length === 0 ? [child] : leavesOf(child)));
}

function nameOf(command: Command): string {
  const above = command.parent;
  return above === null || above.parent === null ? command.name() : `${nameOf(above)} ${command.name()}`;
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}
