/**
 * The self-test in the shape of an artifact, so that a guest takes it like any plugin.
 */
import * as main from './probe.ts';

export { main };
export const entryPoints = {};
