import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellWord } from './shell.ts';

test('what no shell reads otherwise stays as it is', () => {
  for (const plain of ['blink', 'led=pinctrl:17:out', 'meter=serial:/dev/ttyUSB0', '10%', 'a,b', 'ada@pier+1']) expect(shellWord(plain)).toBe(plain);
});

test.each(['', ' ', '$(id)', '`id`', 'a;id', 'a|id', 'a&id', 'a>b', "it's", "';id;'", '"', '\\', 'a\nid', '!!', '*', '~', '#', '{a,b}', '<chip>', '\u202eid'])('%j comes out of a real shell as it went in', (text) => {
  expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
});
