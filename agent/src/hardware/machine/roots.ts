/** Where Linux shows its hardware; a test gives folders of its own. */
export type MachineRoots = { readonly dev: string; readonly sys: string; readonly proc: string };

export const machineRoots: MachineRoots = { dev: '/dev', sys: '/sys', proc: '/proc' };
