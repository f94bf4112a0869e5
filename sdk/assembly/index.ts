/** What an app in AssemblyScript is written with: `import { Output, app, sleepMs } from "pier"`. */
import * as app from "./app";
import * as errors from "./errors";
export { app, errors };
export { Edge, Edges, Input, Output } from "./gpio";
export { Pollable, Waiter } from "./poll";
export { Interest, Parity, Serial } from "./serial";
export { Series } from "./telemetry";
export { exit, monotonicNs, print, printError, sleepMs } from "./wasi";
export { File } from "./file";
