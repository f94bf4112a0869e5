export { createPrivateFile, readPrivateKey, readSettings, readUserFile, writePrivateFile, writeProfile } from './settings.ts';
export { type Screen, output, plain } from './output.ts';
export { deviceArgument, deviceMeant, devicesMeant } from './device.ts';
export { type ManagerOptions, type Session, openSession, openTarget } from './session.ts';
export { type Common, nameHelp, runProgram, withManager, withOutput } from './program.ts';
