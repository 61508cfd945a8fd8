/**
 * Writes docs/cli.md from the command line's program.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CLI_PATH, renderCli } from './api/render-cli.ts';

writeFileSync(join(resolve(import.meta.dirname, '..'), CLI_PATH), renderCli());
