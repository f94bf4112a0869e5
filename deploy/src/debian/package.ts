import type { Arch } from '../bundle/index.ts';

/** Debian's names of architectures (https://wiki.debian.org/SupportedArchitectures). */
export const debianNames = { x64: 'amd64', arm64: 'arm64' } as const satisfies Record<Arch, string>;
export type PackageArch = (typeof debianNames)[Arch];

/** What becomes one .deb: files by their path in the system, and the control files beside `control`. */
export type Package = {
  readonly name: string;
  readonly version: string;
  readonly arch: PackageArch;
  readonly depends: string;
  readonly description: string;
  readonly files: ReadonlyMap<string, PackedFile>;
  readonly scripts: ReadonlyMap<string, Uint8Array>;
  /** What dpkg tells the package of changes by others: https://manpages.debian.org/deb-triggers */
  readonly triggers?: Uint8Array;
};
export type PackedFile = { readonly from: string | Uint8Array; readonly mode: 0o644 | 0o755 };
