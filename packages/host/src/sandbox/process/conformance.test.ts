import { TIERS } from '@bulkhead/protocol';
import { sandboxConformance } from '../conformance.ts';
import { tierObstacle } from './command.ts';
import { openSandboxFixture } from './sandbox-fixture.ts';
import { findToolset } from './toolset.ts';

const toolset = await findToolset();

for (const tier of TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined)) {
  sandboxConformance(`process driver at tier ${tier}`, () => openSandboxFixture(tier));
}
