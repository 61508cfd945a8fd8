/**
 * Public surface of the command line: its bin calls `main`.
 */
export { main } from './main.ts';
