import { expect, test, vi } from 'vitest';
import { saveFile } from './save-file.ts';

test('what is saved has its name, its kind and all of its text', async () => {
  const saved: { readonly name: string; readonly file: Promise<Blob> }[] = [];
  // In place of the browser's own question where to put it.
  const click = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function heard(this: HTMLAnchorElement) {
    saved.push({ name: this.download, file: fetch(this.href).then((answer) => answer.blob()) });
  });
  saveFile('mill-1.log', 'line ü\n', 'text/plain');
  click.mockRestore();
  const file = await saved[0]?.file;
  expect([saved.length, saved[0]?.name, file?.type, await file?.text()]).toEqual([1, 'mill-1.log', 'text/plain', 'line ü\n']);
});
