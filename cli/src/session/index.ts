export { type Settings, createPrivateFile, readSettings, readUserFile, writePrivateFile, writeProfile } from './settings.ts';
export { type Format, output, plain } from './output.ts';
export { type ManagerOptions, type Session, type Target, openSession, openTarget } from './session.ts';
export { type Common, runProgram, withManager, withOutput } from './program.ts';
