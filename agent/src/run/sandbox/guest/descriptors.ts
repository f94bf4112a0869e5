import { type Descriptor, FolderDescriptor } from './descriptor.ts';
import { fail } from './errno.ts';

const descriptorsMax = 64;

/** A guest's descriptors by number: 0 to 2 are its streams, its granted folders follow from 3, as every C library expects. */
export class Descriptors {
  readonly #byNumber = new Map<number, Descriptor>();

  add(descriptor: Descriptor): number {
    let number = 0;
    while (this.#byNumber.has(number)) number += 1;
    this.#byNumber.set(number, descriptor);
    return number;
  }

  /** Before something is opened for it: is there room? */
  reserve(): void {
    if (this.#byNumber.size >= descriptorsMax) fail('mfile');
  }

  has(number: number): boolean {
    return this.#byNumber.has(number);
  }

  get(number: number): Descriptor {
    return this.#byNumber.get(number) ?? fail('badf');
  }

  folder(number: number): FolderDescriptor {
    const found = this.get(number);
    return found instanceof FolderDescriptor ? found : fail('notdir');
  }

  close(number: number): void {
    const found = this.get(number);
    this.#byNumber.delete(number);
    found.close();
  }

  renumber(from: number, to: number): void {
    const moved = this.get(from);
    const replaced = this.get(to);
    if (from === to) return;
    this.#byNumber.delete(from);
    this.#byNumber.set(to, moved);
    replaced.close();
  }

  syncAll(): void {
    for (const one of this.#byNumber.values()) one.sync();
  }
}
