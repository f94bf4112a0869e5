export { type Change, type SimBoard, type SimPin, type Write, applyWrites, boardProfile, driveOutside, exportPin, heldPin, linesOf, makeBoard, openPin, pinsOf, pressPart, recordOf, releasePin, setPin } from './sim-board.ts';
export { type EdgeWatch, dueMs, feed, makeWatch, settle } from './edge-watch.ts';
