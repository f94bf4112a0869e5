import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lineValuesRequests } from '@pier/shared/cell';
import { debianTool } from '../../../../test/support/debian.ts';
import { constants, requests, structs } from './layout.ts';

/** What a C compiler makes of the kernel's own header: one line for each size, offset and number. */
function fromHeader(): Record<string, number> {
  const facts = [
    ...Object.entries(structs).flatMap(([struct, { fields }]) => [
      [struct, `sizeof(struct ${struct})`],
      ...Object.keys(fields).flatMap((field) => [[`${struct}.${field} at`, `offsetof(struct ${struct}, ${field})`], [`${struct}.${field} bytes`, `sizeof(((struct ${struct} *)0)->${field})`]]),
    ]),
    ...[...Object.keys(constants), ...Object.keys(requests)].map((name) => [name, name]),
  ];
  const dir = mkdtempSync(join(tmpdir(), 'pier-header-'));
  try {
    const prints = facts.map(([name, value]) => `printf("%s\\t%llu\\n", "${name}", (unsigned long long)(${value}));`);
    writeFileSync(join(dir, 'facts.c'), `#include <stddef.h>\n#include <stdio.h>\n#include <sys/ioctl.h>\n#include <linux/gpio.h>\nint main(void) {\n${prints.join('\n')}\nreturn 0; }\n`);
    const compiled = spawnSync('gcc', ['-std=gnu11', '-Wall', '-Werror', '-o', join(dir, 'facts'), join(dir, 'facts.c')], { encoding: 'utf8' });
    expect(compiled.stderr).toBe('');
    const { stdout } = spawnSync(join(dir, 'facts'), { encoding: 'utf8' });
    return Object.fromEntries(stdout.trim().split('\n').map((line) => [line.split('\t')[0], Number(line.split('\t')[1])]));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function fromTable(): Record<string, number> {
  const sizes = Object.entries(structs).flatMap(([struct, { bytes, fields }]): [string, number][] => [
    [struct, bytes],
    ...Object.entries(fields).flatMap(([field, [offset, size]]): [string, number][] => [[`${struct}.${field} at`, offset], [`${struct}.${field} bytes`, size]]),
  ]);
  return { ...Object.fromEntries(sizes), ...constants, ...requests };
}

test("every structure, field and number is the one of the kernel's header", { timeout: 300_000 }, ({ skip }) => {
  // Brings gcc, and the C library's and the kernel's headers.
  if (!debianTool('g++')) skip('no C compiler and no kernel headers here');
  expect(fromTable()).toEqual(fromHeader());
});

test('the fields of a structure cover it without a hole, so that none is forgotten', () => {
  for (const [name, { bytes, fields }] of Object.entries(structs)) {
    const covered = new Set(Object.values(fields).flatMap(([offset, size]) => Array.from({ length: size }, (_, index) => offset + index)));
    expect([name, covered.size]).toEqual([name, bytes]);
  }
});

test("a guest's thread asks by the same numbers", () => {
  expect(lineValuesRequests).toEqual({ get: requests.GPIO_V2_LINE_GET_VALUES_IOCTL, set: requests.GPIO_V2_LINE_SET_VALUES_IOCTL });
});
