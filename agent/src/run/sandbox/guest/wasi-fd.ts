import { FolderDescriptor, fdFlag, fileType } from './descriptor.ts';
import type { Descriptors } from './descriptors.ts';
import { errno, fail } from './errno.ts';
import type { GuestMemory } from './memory.ts';
import { timesOf, writeStat } from './stat.ts';

const nameOf = new TextEncoder();
const keptFlags = fdFlag.append | fdFlag.dsync | fdFlag.sync | 4 | 8;

type Files = { readonly memory: GuestMemory; readonly descriptors: Descriptors };

/** An offset or length that JavaScript can count with. */
function place(offset: bigint): bigint {
  const at = BigInt.asUintN(64, offset);
  return at <= BigInt(Number.MAX_SAFE_INTEGER) ? at : fail('inval');
}

/** The functions on descriptors, `fd_…`. */
export function fdFunctions({ memory, descriptors }: Files) {
  const preopen = (fd: number): string => {
    const found = descriptors.get(fd);
    return (found instanceof FolderDescriptor ? found.preopen : undefined) ?? fail('badf');
  };

  return {
    fd_advise: (fd: number): void => void descriptors.get(fd),
    fd_allocate: (fd: number, offset: bigint, length: bigint): void => descriptors.get(fd).resize(place(offset) + place(length), 'grow'),
    fd_close: (fd: number): void => descriptors.close(fd),
    fd_datasync: (fd: number): void => descriptors.get(fd).sync(),
    fd_sync: (fd: number): void => descriptors.get(fd).sync(),
    fd_fdstat_get: (fd: number, out: number): void => {
      const { type, flags, rights } = descriptors.get(fd);
      memory.bytes(out, 24).fill(0);
      memory.view.setUint8(out >>> 0, type);
      memory.view.setUint16((out >>> 0) + 2, flags, true);
      memory.setU64((out >>> 0) + 8, rights);
      memory.setU64((out >>> 0) + 16, type === fileType.directory ? rights : 0n);
    },
    fd_fdstat_set_flags: (fd: number, flags: number): void => {
      if ((flags & ~keptFlags) !== 0) fail('inval');
      descriptors.get(fd).flags = flags;
    },
    // Rights are kept as they were opened: giving up is not needed where a guest cannot pass descriptors on.
    fd_fdstat_set_rights: (fd: number): number => (descriptors.has(fd) ? errno.notsup : errno.badf),
    fd_filestat_get: (fd: number, out: number): void => {
      const found = descriptors.get(fd);
      writeStat(memory, out, found.type, found.stat());
    },
    fd_filestat_set_size: (fd: number, size: bigint): void => descriptors.get(fd).resize(BigInt.asUintN(64, size), 'set'),
    fd_filestat_set_times: (fd: number, accessed: bigint, modified: bigint, flags: number): void => {
      const found = descriptors.get(fd);
      found.setTimes(timesOf({ accessed, modified, flags, now: found.stat() }));
    },
    fd_prestat_get: (fd: number, out: number): void => {
      const name = preopen(fd);
      memory.setU32(out, 0);
      memory.setU32((out >>> 0) + 4, nameOf.encode(name).byteLength);
    },
    fd_prestat_dir_name: (fd: number, pointer: number, length: number): void => {
      const name = nameOf.encode(preopen(fd));
      if (length >>> 0 < name.byteLength) fail('nametoolong');
      memory.bytes(pointer, name.byteLength).set(name);
    },
    ...transferFunctions({ memory, descriptors }),
  };
}

/** Those that move bytes or the place in a file. */
function transferFunctions({ memory, descriptors }: Files) {
  const buffers = (pointer: number, count: number) => memory.iovecs(pointer, count) ?? fail('inval');
  return {
    fd_read: (fd: number, pointer: number, count: number, out: number): void => {
      memory.bytes(out, 4);
      memory.setU32(out, descriptors.get(fd).read(buffers(pointer, count)));
    },
    fd_pread: (...[fd, pointer, count, offset, out]: [number, number, number, bigint, number]): void => {
      memory.bytes(out, 4);
      memory.setU32(out, descriptors.get(fd).read(buffers(pointer, count), place(offset)));
    },
    fd_write: (fd: number, pointer: number, count: number, out: number): void => {
      memory.bytes(out, 4);
      memory.setU32(out, descriptors.get(fd).write(buffers(pointer, count)));
    },
    fd_pwrite: (...[fd, pointer, count, offset, out]: [number, number, number, bigint, number]): void => {
      memory.bytes(out, 4);
      memory.setU32(out, descriptors.get(fd).write(buffers(pointer, count), place(offset)));
    },
    fd_renumber: (from: number, to: number): void => descriptors.renumber(from, to),
    fd_seek: (fd: number, offset: bigint, whence: number, out: number): void => {
      memory.bytes(out, 8);
      memory.setU64(out, descriptors.get(fd).seek(BigInt.asIntN(64, offset), whence));
    },
    fd_tell: (fd: number, out: number): void => memory.setU64(out, descriptors.get(fd).seek(0n, 1)),
  };
}
