export { type NodeChild, spawnNode, watchLifeline } from './lifeline.ts';
export { processLog } from './log.ts';
export { shutdownSignal } from './shutdown.ts';
export { socketPath } from './socket-path.ts';
