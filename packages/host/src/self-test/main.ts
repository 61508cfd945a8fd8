/**
 * The self-test in the shape of an artifact, so that a guest takes it like any plugin.
 */
import * as main from './probe.ts';

export { main };
/** None: the self-test is called by its default export. */
export const entryPoints = {};
