import { createServer } from 'node:net';
import { isErrno } from '@pier/shared/disk';

/** Below what Linux gives to those who ask for any port (`ip_local_port_range`), and to clients. */
const [lowest, count] = [15_000, 17_000];

/**
 * A free port that stays free while who listens there is started again: one of the system's choice would be given to the next
 * who asks for any, be it the client of another test.
 */
export async function portToKeep(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * count);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', (error) => (isErrno(error, 'EADDRINUSE') ? resolve(false) : reject(error)));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}
