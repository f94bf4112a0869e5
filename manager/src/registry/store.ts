import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { type Digest, Digest as DigestText } from '@pier/shared/core';
import { isErrno, replaceFile, syncFolder } from '@pier/shared/disk';
import type { CheckedManifest } from './manifest-rules.ts';
import type { ReferrerDescriptor } from './registry.ts';

/**
 * Content lies once, under its hash; what a repository has is a small file that names it. So a blob is readable only where
 * it was pushed or mounted. A repository's own folders begin with `_`, which no part of a repository's name can.
 */
export type Store = {
  /** The content's path and size, if this repository has it. */
  blob(repository: string, digest: Digest): Promise<{ path: string; sizeBytes: number } | undefined>;
  /** Takes a finished file over into the content, and gives it to the repository. */
  keepBlob(repository: string, digest: Digest, file: string): Promise<void>;
  linkBlob(repository: string, digest: Digest): Promise<void>;
  dropBlob(repository: string, digest: Digest): Promise<boolean>;
  manifest(repository: string, digest: Digest): Promise<{ bytes: Uint8Array; mediaType: string } | undefined>;
  manifestSize(repository: string, digest: Digest): Promise<number | undefined>;
  keepManifest(repository: string, manifest: CheckedManifest, bytes: Uint8Array): Promise<void>;
  dropManifest(repository: string, digest: Digest): Promise<boolean>;
  tag(repository: string, tag: string): Promise<Digest | undefined>;
  setTag(repository: string, tag: string, digest: Digest): Promise<void>;
  dropTag(repository: string, tag: string): Promise<boolean>;
  /** Sorted; undefined when there is no such repository. */
  tags(repository: string): Promise<string[] | undefined>;
  referrers(repository: string, subject: Digest): Promise<ReferrerDescriptor[]>;
  repositories(): Promise<string[]>;
  /** Removes content that no repository has; only while nobody writes. Returns how many files. */
  collect(): Promise<number>;
};

const ManifestLink = z.object({ mediaType: z.string(), subject: DigestText.optional() });
const Referrer = z.object({ mediaType: z.string(), digest: DigestText, size: z.int(), artifactType: z.string().optional(), annotations: z.record(z.string(), z.string()).optional() });

/** Where things lie: content once for all, and per repository links, tags and referrers. */
function layoutOf(dir: string) {
  const place = (repository: string, ...rest: string[]): string => join(dir, 'repositories', repository, ...rest);
  return {
    place,
    content: (digest: Digest): string => join(dir, 'content', digest.slice(7, 9), digest.slice(7)),
    blobLink: (repository: string, digest: Digest): string => place(repository, '_blobs', digest.slice(7)),
    manifestLink: (repository: string, digest: Digest): string => place(repository, '_manifests', digest.slice(7)),
  };
}

/** `dir` is the registry's folder; `gatherIn` a folder on the same disk for files that are being written. */
export function openStore(dir: string, gatherIn: string): Store {
  const { content, place, blobLink, manifestLink } = layoutOf(dir);
  const put = async (path: string, bytes: Uint8Array | string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await replaceFile({ path, bytes, gatherIn });
  };
  const keepFile = async (digest: Digest, file: string): Promise<void> => {
    const path = content(digest);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(file, path);
    await syncFolder(dirname(path));
  };
  const linkOf = async (repository: string, digest: Digest): Promise<z.infer<typeof ManifestLink> | undefined> => {
    const text = await readIfThere(manifestLink(repository, digest));
    return text === undefined ? undefined : ManifestLink.parse(JSON.parse(text.toString('utf8')));
  };
  const tag = async (repository: string, name: string): Promise<Digest | undefined> => DigestText.optional().parse((await readIfThere(place(repository, '_tags', name)))?.toString('utf8'));
  const tags = async (repository: string): Promise<string[] | undefined> => {
    const names = await namesIn(place(repository, '_tags'));
    return names ?? ((await namesIn(place(repository, '_manifests'))) || (await namesIn(place(repository, '_blobs'))) ? [] : undefined);
  };

  return {
    async blob(repository, digest) {
      if ((await sizeIfThere(blobLink(repository, digest))) === undefined) return undefined;
      const sizeBytes = await sizeIfThere(content(digest));
      return sizeBytes === undefined ? undefined : { path: content(digest), sizeBytes };
    },
    async keepBlob(repository, digest, file) {
      await keepFile(digest, file);
      await put(blobLink(repository, digest), '');
    },
    linkBlob: (repository, digest) => put(blobLink(repository, digest), ''),
    dropBlob: (repository, digest) => removed(blobLink(repository, digest)),
    async manifest(repository, digest) {
      const link = await linkOf(repository, digest);
      const bytes = link && (await readIfThere(content(digest)));
      return link && bytes ? { bytes, mediaType: link.mediaType } : undefined;
    },
    async manifestSize(repository, digest) {
      return (await sizeIfThere(manifestLink(repository, digest))) === undefined ? undefined : sizeIfThere(content(digest));
    },
    async keepManifest(repository, { digest, mediaType, referrer }, bytes) {
      await put(content(digest), bytes);
      if (referrer) await put(place(repository, '_referrers', referrer.subject.slice(7), digest.slice(7)), JSON.stringify(referrer.descriptor));
      // Last: with this file the manifest is there, all else before it is only preparation.
      await put(manifestLink(repository, digest), JSON.stringify({ mediaType, subject: referrer?.subject }));
    },
    async dropManifest(repository, digest) {
      const link = await linkOf(repository, digest);
      if (!link) return false;
      for (const name of (await tags(repository)) ?? []) if ((await tag(repository, name)) === digest) await removed(place(repository, '_tags', name));
      await removed(manifestLink(repository, digest));
      if (link.subject) await removed(place(repository, '_referrers', link.subject.slice(7), digest.slice(7)));
      return true;
    },
    tag,
    setTag: (repository, name, digest) => put(place(repository, '_tags', name), digest),
    dropTag: (repository, name) => removed(place(repository, '_tags', name)),
    tags,
    async referrers(repository, subject) {
      const names = (await namesIn(place(repository, '_referrers', subject.slice(7)))) ?? [];
      const found = await Promise.all(names.map((name) => readIfThere(place(repository, '_referrers', subject.slice(7), name))));
      return found.flatMap((bytes) => (bytes ? [shown(Referrer.parse(JSON.parse(bytes.toString('utf8'))))] : []));
    },
    repositories: async () => (await foldersIn(place(''))).filter(({ names }) => names.includes('_manifests') || names.includes('_tags')).map(({ name }) => name),
    collect: () => collect(join(dir, 'content'), place('')),
  };
}

function shown({ mediaType, digest, size, artifactType, annotations }: z.infer<typeof Referrer>): ReferrerDescriptor {
  return { mediaType, digest, size, ...(artifactType === undefined ? {} : { artifactType }), ...(annotations === undefined ? {} : { annotations }) };
}

/** Every folder that is a repository or leads to one, sorted by name, with what lies in it. */
async function foldersIn(root: string): Promise<{ name: string; names: string[] }[]> {
  const found: { name: string; names: string[] }[] = [];
  const walk = async (name: string): Promise<void> => {
    const names = (await namesIn(join(root, name))) ?? [];
    if (name !== '') found.push({ name, names });
    for (const child of names) if (!child.startsWith('_')) await walk(name === '' ? child : `${name}/${child}`);
  };
  await walk('');
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function collect(contentDir: string, repositoriesDir: string): Promise<number> {
  const kept = new Set<string>();
  for (const { name } of await foldersIn(repositoriesDir)) {
    for (const links of ['_blobs', '_manifests']) for (const hex of (await namesIn(join(repositoriesDir, name, links))) ?? []) kept.add(hex);
  }
  let count = 0;
  for (const shelf of (await namesIn(contentDir)) ?? []) {
    for (const hex of (await namesIn(join(contentDir, shelf))) ?? []) if (!kept.has(hex)) count += Number(await removed(join(contentDir, shelf, hex)));
  }
  return count;
}

async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

const readIfThere = (path: string): Promise<Buffer | undefined> => ifThere(readFile(path));
const sizeIfThere = async (path: string): Promise<number | undefined> => (await ifThere(stat(path)))?.size;
const namesIn = async (path: string): Promise<string[] | undefined> => (await ifThere(readdir(path)))?.toSorted();

async function removed(path: string): Promise<boolean> {
  const there = (await sizeIfThere(path)) !== undefined;
  await rm(path, { force: true });
  if (there) await syncFolder(dirname(path));
  return there;
}
