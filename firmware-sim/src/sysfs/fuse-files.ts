import { type Attributes, type FuseRequest, decodeForget, decodeHandle, decodeName, decodePoll, decodeRead, decodeWrite, encodeAttributes, encodeEntry, encodeInit, encodeName, encodeOpened, encodeStatfs, encodeU32, encodeWake, opcodes } from './fuse-wire.ts';
import { Errno, type FileNode, type FolderNode, type Node } from './node.ts';

/** Open files at once; far more than programs on a board have. */
const handlesMax = 4_096;
const rootId = 1n;
/** poll(2): readable and writable, and what sysfs adds for a value that has changed. */
const pollAlways = 0x001 | 0x004;
const pollEvent = 0x002 | 0x008;

/** `seen`: events at the last read; undefined before the first, which a poll reports as an event, as sysfs does. */
type OpenFile = { readonly node: FileNode; seen: number | undefined; pollHandle: bigint | undefined };

/** A tree of nodes as FUSE asks for it: numbers for nodes and open files. Knows nothing of descriptors. */
export class FuseFiles {
  readonly #root: FolderNode;
  readonly #nodes = new Map<bigint, { readonly node: Node; lookups: number }>();
  /** Weakly: a folder that is read numbers nodes that the kernel may never look up, and so never forgets. */
  readonly #ids = new WeakMap<Node, bigint>();
  readonly #open = new Map<bigint, OpenFile>();
  #last = rootId;

  constructor(root: FolderNode) {
    this.#root = root;
    this.#nodes.set(rootId, { node: root, lookups: 1 });
    this.#ids.set(root, rootId);
  }

  /** The body of the answer; undefined where the kernel wants none. Throws an `Errno`. */
  answer(request: FuseRequest): Buffer | undefined {
    const handler = handlers[request.opcode];
    if (handler === undefined) throw new Errno('ENOSYS');
    return handler(this, request);
  }

  /** Messages that wake everybody who polls a file: the kernel asks again then. */
  wakes(changed: FileNode): readonly Buffer[] {
    return [...this.#open.values()].flatMap(({ node, pollHandle }) => (node === changed && pollHandle !== undefined ? [encodeWake(pollHandle)] : []));
  }

  lookup({ nodeId, body }: FuseRequest): Buffer {
    const node = this.#folder(nodeId).entries().get(decodeName(body));
    if (!node) throw new Errno('ENOENT');
    const id = this.#idOf(node);
    const known = this.#nodes.get(id) ?? { node, lookups: 0 };
    known.lookups += 1;
    this.#nodes.set(id, known);
    return encodeEntry(attributes(id, node));
  }

  forget(request: FuseRequest): undefined {
    for (const { id, times } of decodeForget(request)) {
      const known = this.#nodes.get(id);
      if (!known || id === rootId) continue;
      known.lookups -= times;
      if (known.lookups > 0) continue;
      this.#nodes.delete(id);
      this.#ids.delete(known.node);
    }
  }

  getattr({ nodeId }: FuseRequest): Buffer {
    return encodeAttributes(attributes(nodeId, this.#node(nodeId)));
  }

  open({ nodeId }: FuseRequest): Buffer {
    const node = this.#node(nodeId);
    if (node.kind === 'folder') throw new Errno('EISDIR');
    node.open?.();
    if (this.#open.size >= handlesMax) throw new Errno('ENFILE');
    const handle = (this.#last += 1n);
    this.#open.set(handle, { node, seen: undefined, pollHandle: undefined });
    return encodeOpened(handle, { direct: true });
  }

  read({ body }: FuseRequest): Buffer {
    const { handle, offset, size } = decodeRead(body);
    const file = this.#file(handle);
    if (!file.node.read) throw new Errno('EIO');
    file.seen = file.node.events?.();
    return Buffer.from(file.node.read()).subarray(offset, offset + size);
  }

  write({ body }: FuseRequest): Buffer {
    const { handle, text, size } = decodeWrite(body);
    const { node } = this.#file(handle);
    if (!node.write) throw new Errno('EIO');
    node.write(text);
    return encodeU32(size);
  }

  poll({ body }: FuseRequest): Buffer {
    const { handle, pollHandle, wake } = decodePoll(body);
    const file = this.#file(handle);
    if (wake) file.pollHandle = pollHandle;
    return encodeU32(file.node.events && file.seen !== file.node.events() ? pollAlways | pollEvent : pollAlways);
  }

  release({ body }: FuseRequest): Buffer {
    this.#open.delete(decodeHandle(body));
    return Buffer.alloc(0);
  }

  readdir({ nodeId, body }: FuseRequest): Buffer {
    const { offset, size } = decodeRead(body);
    const own = this.#folder(nodeId);
    const all: [string, Node][] = [['.', own], ['..', this.#root], ...own.entries()];
    const names: Buffer[] = [];
    let room = size;
    for (const [index, [name, node]] of all.entries()) {
      if (index < offset) continue;
      const entry = encodeName({ id: this.#idOf(node), isFolder: node.kind === 'folder', name, next: index + 1 });
      if ((room -= entry.length) < 0) break;
      names.push(entry);
    }
    return Buffer.concat(names);
  }

  /** A node keeps its number for as long as the kernel knows it. */
  #idOf(node: Node): bigint {
    const id = this.#ids.get(node) ?? (this.#last += 1n);
    this.#ids.set(node, id);
    return id;
  }

  #node(id: bigint): Node {
    const known = this.#nodes.get(id);
    if (!known) throw new Errno('ESTALE');
    return known.node;
  }

  #folder(id: bigint): FolderNode {
    const node = this.#node(id);
    if (node.kind !== 'folder') throw new Errno('ENOTDIR');
    return node;
  }

  #file(handle: bigint): OpenFile {
    const file = this.#open.get(handle);
    if (!file) throw new Errno('EBADF');
    return file;
  }
}

function attributes(id: bigint, node: Node): Attributes {
  return { id, isFolder: node.kind === 'folder', mode: node.mode };
}

type Handler = (files: FuseFiles, request: FuseRequest) => Buffer | undefined;
const done: Handler = () => Buffer.alloc(0);
/** As in sysfs, nobody makes, moves or removes a file. */
const refused: Handler = () => {
  throw new Errno('EPERM');
};

const handlers: Readonly<Record<number, Handler>> = {
  [opcodes.init]: encodeInit,
  [opcodes.lookup]: (files, request) => files.lookup(request),
  [opcodes.forget]: (files, request) => files.forget(request),
  [opcodes.batchForget]: (files, request) => files.forget(request),
  [opcodes.getattr]: (files, request) => files.getattr(request),
  // Opening with O_TRUNC sets the size, which a file of sysfs lets pass.
  [opcodes.setattr]: (files, request) => files.getattr(request),
  [opcodes.open]: (files, request) => files.open(request),
  [opcodes.read]: (files, request) => files.read(request),
  [opcodes.write]: (files, request) => files.write(request),
  [opcodes.poll]: (files, request) => files.poll(request),
  [opcodes.release]: (files, request) => files.release(request),
  [opcodes.opendir]: () => encodeOpened(0n, { direct: false }),
  [opcodes.readdir]: (files, request) => files.readdir(request),
  [opcodes.releasedir]: done,
  [opcodes.statfs]: encodeStatfs,
  [opcodes.flush]: done,
  [opcodes.destroy]: done,
  // Each request is answered before the next is read, so there is none to interrupt.
  [opcodes.interrupt]: () => undefined,
  [opcodes.create]: () => {
    throw new Errno('EACCES');
  },
  ...Object.fromEntries([opcodes.mknod, opcodes.mkdir, opcodes.unlink, opcodes.rmdir, opcodes.rename, opcodes.rename2].map((code) => [code, refused])),
};
