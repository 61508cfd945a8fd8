/**
 * Writes docs/api from the docstrings of what the packages export, and test/pins/public-api.json, which holds the surface.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { renderApi } from './api/render.ts';
import { readSurface } from './api/surface.ts';
import { readTree } from './tidy/tree.ts';

const root = resolve(import.meta.dirname, '..');
for (const [path, text] of await renderApi(readSurface(readTree(root)))) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
