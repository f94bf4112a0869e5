export { eeprom, isHeaderChip, wired } from './header.ts';
export { modelName, modelOf } from './model.ts';
export { type MachineRoots, machineRoots } from './roots.ts';
export { machinePorts, machineSerial } from './serial-ports.ts';
