import { lstatSync, utimesSync } from 'node:fs';
import { FileDescriptor, FolderDescriptor, fdFlag, fileType, right } from './descriptor.ts';
import type { Descriptors } from './descriptors.ts';
import { errno, fail } from './errno.ts';
import type { GuestMemory } from './memory.ts';
import { timesOf, writeStat } from './stat.ts';
import { type Parts, type Volume, host } from './volume.ts';

const pathBytesMax = 4_096;
const direntBytes = 24;
const openFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;

type Place = { readonly folder: FolderDescriptor; readonly volume: Volume; readonly parts: Parts; readonly slash: boolean };

function open(place: Place, how: { readonly open: number; readonly rights: bigint; readonly flags: number }): FileDescriptor | FolderDescriptor {
  const { volume, parts } = place;
  const wanted = (flag: number): boolean => (how.open & flag) !== 0;
  const seen = volume.stat(parts);
  if (seen && wanted(openFlag.create) && wanted(openFlag.exclusive)) fail('exist');
  if (seen?.isDirectory()) {
    if (wanted(openFlag.truncate) || wanted(openFlag.create)) fail('isdir');
    return new FolderDescriptor(volume, parts);
  }
  if (wanted(openFlag.directory) || place.slash) fail(seen ? 'notdir' : 'noent');
  // Creating and emptying are ways to write; no other right is needed for them.
  const file = volume.openFile(parts, { create: wanted(openFlag.create), empty: wanted(openFlag.truncate) && seen !== undefined });
  return new FileDescriptor(volume, file, how);
}

/** The functions on paths, `path_…`, and the list of a folder. A guest can neither make nor follow links. */
export function pathFunctions({ memory, descriptors }: { readonly memory: GuestMemory; readonly descriptors: Descriptors }) {
  const at = (fd: number, pointer: number, length: number): Place => {
    const folder = descriptors.folder(fd);
    if (length >>> 0 > pathBytesMax) fail('nametoolong');
    const path = memory.text(pointer, length, pathBytesMax) ?? fail('ilseq');
    return { folder, volume: folder.volume, parts: folder.volume.parts(folder.parts, path), slash: path.endsWith('/') };
  };

  return {
    path_open: (...[fd, , pointer, length, openFlags, rights, , flags, out]: [number, number, number, number, number, bigint, bigint, number, number]): void => {
      memory.bytes(out, 4);
      if (openFlags >>> 0 > 15 || flags >>> 0 > 31) fail('inval');
      descriptors.reserve();
      memory.setU32(out, descriptors.add(open(at(fd, pointer, length), { open: openFlags, rights: BigInt.asUintN(64, rights) & right.all, flags: flags & (fdFlag.append | fdFlag.dsync | fdFlag.sync) })));
    },
    path_create_directory: (fd: number, pointer: number, length: number): void => {
      const { volume, parts } = at(fd, pointer, length);
      volume.makeFolder(parts);
    },
    path_remove_directory: (fd: number, pointer: number, length: number): void => {
      const { volume, parts } = at(fd, pointer, length);
      volume.remove(parts, 'folder');
    },
    path_unlink_file: (fd: number, pointer: number, length: number): void => {
      const { volume, parts, slash } = at(fd, pointer, length);
      if (slash) fail('notdir');
      volume.remove(parts, 'file');
    },
    path_rename: (...[fd, pointer, length, toFd, toPointer, toLength]: [number, number, number, number, number, number]): void => {
      const from = at(fd, pointer, length);
      const to = at(toFd, toPointer, toLength);
      // Two granted folders are two file systems to a guest.
      if (from.volume !== to.volume) fail('xdev');
      from.volume.rename(from.parts, to.parts);
    },
    path_filestat_get: (...[fd, , pointer, length, out]: [number, number, number, number, number]): void => {
      const { volume, parts, slash } = at(fd, pointer, length);
      const seen = volume.stat(parts) ?? fail('noent');
      if (slash && !seen.isDirectory()) fail('notdir');
      const stat = host(() => lstatSync(volume.hostPath(parts), { bigint: true }));
      writeStat(memory, out, stat.isDirectory() ? fileType.directory : fileType.regular, stat);
    },
    path_filestat_set_times: (...[fd, , pointer, length, accessed, modified, flags]: [number, number, number, number, bigint, bigint, number]): void => {
      const { volume, parts } = at(fd, pointer, length);
      if (!volume.stat(parts)) fail('noent');
      const path = volume.hostPath(parts);
      const times = timesOf({ accessed, modified, flags, now: host(() => lstatSync(path, { bigint: true })) });
      host(() => utimesSync(path, times.accessed, times.modified));
    },
    path_link: (): number => errno.notsup,
    path_symlink: (): number => errno.notsup,
    path_readlink: (): number => errno.inval,
    fd_readdir: (...[fd, buffer, length, cookie, out]: [number, number, number, bigint, number]): void => {
      memory.setU32(out, 0);
      const into = memory.bytes(buffer, length);
      const folder = descriptors.folder(fd);
      const from = BigInt.asUintN(64, cookie);
      if (from === 0n) folder.listed = listOf(folder);
      if (from > BigInt(folder.listed.length)) fail('inval');
      memory.setU32(out, writeEntries(into, folder.listed, Number(from)));
    },
  };
}

function listOf({ volume, parts }: FolderDescriptor): FolderDescriptor['listed'] {
  const self = ['.', '..'].map((name) => ({ name, type: fileType.directory, ino: 0n }));
  return [...self, ...volume.list(parts).map((entry) => ({ name: entry.name, type: entry.isDirectory() ? fileType.directory : fileType.regular, ino: 0n }))];
}

/** Fills the buffer; a last entry that does not fit is cut, which tells the guest to ask again from there. */
function writeEntries(into: Uint8Array, entries: FolderDescriptor['listed'], from: number): number {
  let used = 0;
  for (let index = from; index < entries.length && used < into.byteLength; index += 1) {
    const entry = entries[index];
    if (!entry) break;
    const name = new TextEncoder().encode(entry.name);
    const record = new Uint8Array(direntBytes + name.byteLength);
    const view = new DataView(record.buffer);
    view.setBigUint64(0, BigInt(index + 1), true);
    view.setBigUint64(8, entry.ino, true);
    view.setUint32(16, name.byteLength, true);
    view.setUint8(20, entry.type);
    record.set(name, direntBytes);
    const part = record.subarray(0, into.byteLength - used);
    into.set(part, used);
    used += part.byteLength;
  }
  return used;
}
