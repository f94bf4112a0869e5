export { type Conflict, type Leases, busyFault, createLeases, isNamed } from './leases.ts';
export { LinePark } from './line-park.ts';
export { type HeldLines, openLines } from './lines.ts';
export { PortNews } from './port-news.ts';
export { type HeldPorts, openPorts } from './ports.ts';
export { reservedPortNames } from './real-port.ts';
