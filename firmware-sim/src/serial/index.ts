export { SerialBank, profilePorts } from './serial-bank.ts';
