/**
 * In every test file: properties draw the same cases in each run, so that a failure is about the change under test and not
 * about the draw. `BULKHEAD_TEST_SEED=random` draws others, to look for what nobody thought of; a number repeats one draw.
 */
import fc from 'fast-check';

const SEED = 20_261_129;

const asked = process.env['BULKHEAD_TEST_SEED'];
if (asked !== 'random')
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: asked === undefined ? SEED : Number(asked) });
