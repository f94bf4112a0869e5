export { createFile, isErrno, replaceFile, syncFolder, temporarySuffix } from './durable.ts';
