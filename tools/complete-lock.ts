/**
 * Adds to package-lock.json the platforms that the registry at hand did not have: `npm run lock:complete`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { completeLock, type Lock } from './tidy/lock.ts';

const path = join(resolve(import.meta.dirname, '..'), 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock; // npm refuses any other shape.
writeFileSync(path, `${JSON.stringify(completeLock(lock), undefined, 2)}\n`);
