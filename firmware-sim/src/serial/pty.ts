import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { Fault } from '@pier/shared/core';

/** The far end of a pseudo-terminal (pty(7)): whoever opens `device` talks to us. Disposing hangs up. */
export type Pty = Disposable & {
  readonly device: string;
  /** Line speed that the near end has set. */
  baud(): number;
  /** Takes as many bytes as the near end has room for; gives how many. */
  write(bytes: Uint8Array): number;
};
export type OpenPty = (onBytes: (bytes: Uint8Array) => void) => Pty;

/** O_CLOEXEC, which node:fs does not name; without it a child would keep the terminal from hanging up. */
const closeOnExec = 0o2_000_000;
/** ioctls of asm-generic/ioctls.h, and their `struct termios2`: four flag words, one byte, 19 control characters, two speeds. */
const getTermios = 0x80_2c_54_2a;
const setTermios = 0x40_2c_54_2b;
const termios = { bytes: 44, inputAt: 0, outputAt: 4, localAt: 12, speedAt: 40 } as const;

/** Loads the C library's calls; only boards with serial parts do. Faults: `platform-unsupported`. */
export async function loadPty(): Promise<OpenPty> {
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const posixOpenpt: (flags: number) => number = libc.func('int posix_openpt(int flags)');
  const grantpt: (fd: number) => number = libc.func('int grantpt(int fd)');
  const unlockpt: (fd: number) => number = libc.func('int unlockpt(int fd)');
  const ptsname: (fd: number, name: Buffer, sizeBytes: number) => number = libc.func('int ptsname_r(int fd, _Out_ uint8_t *name, size_t size)');
  const ioctl: (fd: number, request: number, termios: Buffer) => number = libc.func('int ioctl(int fd, unsigned long request, _Inout_ uint8_t *termios)');
  const must = (result: number, call: string): number => {
    if (result < 0) throw new Fault('platform-unsupported', `no pseudo-terminal can be made here: ${call} failed with errno ${koffi.errno()}`);
    return result;
  };
  return (onBytes) => {
    using stack = new DisposableStack();
    // Not to block, since libuv leaves a far end as it is.
    const far = must(posixOpenpt(constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK | closeOnExec), 'posix_openpt');
    const reader = stack.adopt(new ReadStream(far), (stream) => void stream.destroy());
    must(grantpt(far), 'grantpt');
    must(unlockpt(far), 'unlockpt');
    const name = Buffer.alloc(128);
    must(-Math.abs(ptsname(far, name, name.length)), 'ptsname_r');
    const device = name.toString('latin1', 0, name.indexOf(0));
    // Kept open, so that the far end reads no error while nobody has the near end open.
    const near = stack.adopt(openSync(device, constants.O_RDWR | constants.O_NOCTTY), closeSync);
    const settings = Buffer.alloc(termios.bytes);
    must(ioctl(near, getTermios, settings), 'TCGETS2');
    // Raw from the start: nothing is echoed or changed on its way before somebody sets the line up.
    for (const at of [termios.inputAt, termios.outputAt, termios.localAt]) settings.writeUInt32LE(0, at);
    must(ioctl(near, setTermios, settings), 'TCSETS2');
    reader.on('data', onBytes);
    // A read error of the far end is nobody's to hear: the port is unplugged or lives on.
    reader.on('error', () => {});
    const owned = stack.move();
    return {
      device,
      baud: () => {
        must(ioctl(far, getTermios, settings), 'TCGETS2');
        return settings.readUInt32LE(termios.speedAt);
      },
      write: (bytes) => writeNow(far, bytes),
      [Symbol.dispose]: () => owned.dispose(),
    };
  };
}

function writeNow(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
    throw error;
  }
}
