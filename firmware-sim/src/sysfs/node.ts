/** What a file system of attributes is made of, as sysfs is: each file is a value that is made when it is read. */
import { constants } from 'node:os';

export type FileNode = {
  readonly kind: 'file';
  readonly mode: number;
  /** Throws an `Errno`; so does opening a file whose `open` does. */
  readonly open?: () => void;
  readonly read?: () => string;
  readonly write?: (text: string) => void;
  /** How many events it had; whoever polls is told when there are more than at its last read. */
  readonly events?: () => number;
};
export type FolderNode = { readonly kind: 'folder'; readonly mode: number; readonly entries: () => ReadonlyMap<string, Node> };
export type Node = FileNode | FolderNode;

/** An answer with an error of the system, such as EBUSY. */
export class Errno extends Error {
  readonly errno: number;

  constructor(name: keyof typeof constants.errno) {
    super(name);
    this.errno = constants.errno[name];
  }
}
