export { isHeaderChip } from './header.ts';
export { modelName, modelOf } from './model.ts';
export { type MachineRoots, machineRoots } from './roots.ts';
export { machinePorts, openMachinePort } from './serial-ports.ts';
