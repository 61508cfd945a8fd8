/**
 * Writes docs/errors.md and docs/limits.md from the tables in packages/protocol.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { renderTables } from './tidy/tables.ts';

const root = resolve(import.meta.dirname, '..');
mkdirSync(join(root, 'docs'), { recursive: true });
for (const [path, text] of renderTables()) writeFileSync(join(root, path), text);
