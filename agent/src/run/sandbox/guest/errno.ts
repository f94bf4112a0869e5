/** Error numbers of WASI 0.1 (witx, `$errno`), those that Pier gives. */
export const errno = {
  success: 0,
  acces: 2,
  badf: 8,
  exist: 20,
  fault: 21,
  ilseq: 25,
  inval: 28,
  io: 29,
  isdir: 31,
  loop: 32,
  mfile: 33,
  nametoolong: 37,
  noent: 44,
  nospc: 51,
  notdir: 54,
  notempty: 55,
  notsup: 58,
  overflow: 61,
  perm: 63,
  rofs: 69,
  spipe: 70,
  xdev: 75,
  notcapable: 76,
} as const;

/** Ends a WASI function with an error number. */
export class WasiError extends Error {
  readonly errno: number;

  constructor(number: number) {
    super(`errno ${number}`);
    this.errno = number;
  }
}

export function fail(name: keyof typeof errno): never {
  throw new WasiError(errno[name]);
}

const fromHost: Readonly<Record<string, keyof typeof errno>> = {
  EACCES: 'acces',
  EDQUOT: 'nospc',
  EEXIST: 'exist',
  EISDIR: 'isdir',
  ELOOP: 'loop',
  EMFILE: 'mfile',
  ENAMETOOLONG: 'nametoolong',
  ENOENT: 'noent',
  ENOSPC: 'nospc',
  ENOTDIR: 'notdir',
  ENOTEMPTY: 'notempty',
  EROFS: 'rofs',
};

/** The number for what a file function of the host threw. */
export function errnoOf(thrown: Error): number {
  return errno[fromHost['code' in thrown ? String(thrown.code) : ''] ?? 'io'];
}
