export { openSysfsBoard } from './board.ts';
export { probeSysfs } from './chips.ts';
