import { agentFaults } from './agent-faults.ts';
import { faceFaults } from './face-faults.ts';
import { fleetFaults } from './fleet-faults.ts';
import { managerFaults } from './manager-faults.ts';
import { type NamedFault, caughtBy } from './named-fault.ts';
import { portFaults } from './port-faults.ts';
import { sharedFaults } from './shared-faults.ts';

const board = 'firmware-sim/src/board';

/** The simulator stands in for hardware in every other test: a board that lies would make them all worth less. */
const simulatorFaults: readonly NamedFault[] = [
  ...caughtBy([`${board}/sim-board.test.ts`], [
    ['board-gives-a-line-twice', `${board}/sim-board.ts`, "if (pin.holder) return refuse('line-busy'", "if (pin.holder === null) return refuse('line-busy'"],
    ['board-gives-reserved-lines', `${board}/sim-board.ts`, "if (pin.reserved !== undefined) return refuse('line-reserved', `${pin.name} (${at.chip}", "if (pin.reserved === '') return refuse('line-reserved', `${pin.name} (${at.chip}"],
    ['write-of-a-dead-guest-counts', `${board}/sim-board.ts`, "if (pin?.direction !== 'out' || tNs < pin.writtenNs) {", "if (pin?.direction !== 'out') {"],
  ]),
  ...caughtBy([`${board}/edge-watch.test.ts`], [['debounce-off', `${board}/edge-watch.ts`, 'debounceNs: BigInt(debounceUs) * 1_000n', 'debounceNs: BigInt(debounceUs) * 0n']]),
];

const bootstrapFaults: readonly NamedFault[] = caughtBy(
  ['cli/bootstrap/package-folder.test.ts'],
  [['fetched-package-not-compared', 'cli/bootstrap/package-folder.mjs', 'if (seen !== integrity) throw', "if (seen === '') throw"]],
);

/** Each with a name of its own; issue by issue more are added. */
export const faults: readonly NamedFault[] = [...sharedFaults, ...agentFaults, ...portFaults, ...managerFaults, ...fleetFaults, ...faceFaults, ...simulatorFaults, ...bootstrapFaults];
