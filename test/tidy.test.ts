/** The linter of taste: import arrows, sizes, banned calls. Exceptions are listed by name and may only shrink. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const packages = ['shared', 'agent', 'manager', 'web', 'firmware-sim', 'cli', 'sdk', 'deploy', 'test'] as const;
const fileLinesMax = 400;
const functionLinesMax = 70;

/** Who may import whom, by package. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  agent: ['shared'],
  manager: ['shared'],
  web: ['shared'],
  'firmware-sim': ['shared'],
  cli: ['shared'],
  sdk: ['shared'],
  deploy: ['shared'],
  test: ['shared', 'agent', 'manager', 'firmware-sim', 'cli', 'deploy'],
};

/** Inside a package: which folder may import which; what is not listed may import nothing of its own package. */
const rooms: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  shared: {
    core: [],
    digest: ['core'],
    x509: [],
    tls: ['core'],
    disk: [],
    process: ['core'],
    capability: ['core'],
    selector: ['core'],
    wire: ['core', 'capability'],
    cell: [],
    hardware: ['core', 'capability', 'cell'],
    abi: [],
    oci: ['core', 'digest', 'capability', 'tls'],
    signing: ['core', 'digest', 'capability', 'oci', 'wire'],
    /** Also runs in a browser, and so does what it stands on. */
    api: ['core', 'capability', 'wire'],
    enroll: ['core', 'hardware', 'signing'],
  },
  agent: { hardware: [], link: [], store: [], outputs: [], command: ['store'], verify: ['store'], run: ['store', 'hardware', 'outputs'], report: ['store', 'link'] },
  web: { theme: [], words: [], api: [], parts: ['words', 'api'], shell: ['words', 'api', 'parts'], pages: ['words', 'api', 'parts', 'shell'] },
  manager: {
    net: [],
    db: [],
    backup: ['db'],
    health: [],
    authority: [],
    broker: ['net'],
    registry: ['net'],
    listener: ['registry', 'authority', 'net'],
    http: ['access'],
    access: ['db', 'registry', 'http'],
    artifact: ['db', 'registry', 'http'],
    audit: ['db', 'http'],
    selector: ['db'],
    device: ['db', 'http', 'selector'],
    telemetry: ['db', 'http', 'device'],
    enroll: ['db', 'http', 'net'],
    rollout: ['db', 'http', 'device', 'selector'],
    why: ['db', 'http', 'device', 'selector', 'rollout'],
    command: ['db', 'http', 'device'],
    simulator: ['db', 'http'],
    web: ['http', 'access'],
  },
};

/** A call, what to use instead, and the files that may make it. */
const banned: readonly { readonly call: RegExp; readonly instead: string; readonly allowed: RegExp }[] = [
  { call: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bprocess\.hrtime/, instead: 'the injected Clock', allowed: /^(shared\/src\/core\/clock|agent\/src\/run\/sandbox\/)/ },
  { call: /(?<![.\w])set(?:Timeout|Interval)\(/, instead: 'the injected Clock', allowed: /^shared\/src\/(core\/clock|process\/)|^cli\/bootstrap\// },
  { call: /\bMath\.random\(/, instead: 'the injected Random, or node:crypto', allowed: /^shared\/src\/core\/clock/ },
  { call: /\bprocess\.env\b/, instead: "the package's config.ts", allowed: /(\/config|\/main|\/settings|\/session)\.ts$|^shared\/src\/process\/|^cli\/(?:bootstrap\/|src\/verb\/cmd\.ts$)/ },
  { call: /\bconsole\./, instead: 'the log, or the output of the CLI', allowed: /^$/ },
  { call: /as unknown as\b/, instead: 'a schema or a type guard', allowed: /^$/ },
  { call: /\b(?:TODO|FIXME|XXX)\b/, instead: 'doing it', allowed: /^$/ },
  { call: /(?:@ts-(?:ignore|expect-error|nocheck)|(?:eslint|oxlint)-disable)/, instead: 'mending the cause', allowed: /^$/ },
  { call: /as Verified</, instead: "agent/verify, the only maker of Verified<Artifact>", allowed: /^agent\/src\/verify\// },
  { call: /export \* from/, instead: 'named exports', allowed: /^$/ },
];

const files = packages.flatMap((name) => walk(join(root, name))).filter((file) => /\.(?:tsx?|mjs)$/.test(file) && !/\/(?:assembly|node_modules|dist|migrations)\//.test(file));
/** What only tests use lies in a folder `testing` or a file `toy-…`. */
const sources = files.filter((file) => !/\.test\.tsx?$|\/testing\/|\/toy-[^/]*$/.test(file) && !file.startsWith('test/'));

function walk(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.name !== 'node_modules' && entry.name !== 'dist')
    .flatMap((entry) => (entry.isDirectory() ? walk(join(dir, entry.name)) : [relative(root, join(dir, entry.name))]));
}

const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

function importsOf(file: string): string[] {
  return [...textOf(file).matchAll(/(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s+'([^']+)'|(?:^|\n)import\s+'([^']+)'|import\('([^']+)'\)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

test('packages import each other in one direction only', () => {
  const wrong = files.flatMap((file) => {
    const from = file.split('/')[0] ?? '';
    return importsOf(file).flatMap((target) => {
      const to = target.startsWith('.') ? relative(root, resolve(root, dirname(file), target)).split('/')[0] : /^@pier\/([^/]+)/.exec(target)?.[1];
      const inTest = file.endsWith('.test.ts') && to === 'test';
      return to === undefined || to === from || inTest || !target.match(/^(\.|@pier)/) || arrows[from]?.includes(to) ? [] : [`${file} imports ${target}`];
    });
  });
  expect(wrong).toEqual([]);
});

test('rooms inside a package import each other one way, through their index', () => {
  const wrong = sources.flatMap((file) => {
    const [name = '', , room = '', ...rest] = file.split('/');
    const table = rooms[name];
    if (!table || rest.length === 0 || !(room in table)) return table && rest.length > 0 ? [`${file}: room "${room}" is not listed in this test`] : [];
    return importsOf(file)
      .filter((target) => target.startsWith('.'))
      .map((target) => relative(join(root, name, 'src'), resolve(root, dirname(file), target)))
      .filter((target) => target.includes('/') && target.split('/')[0] !== room)
      .filter((target) => !table[room]?.includes(target.split('/')[0] ?? '') || !/^[^/]+\/index\.ts$/.test(target))
      .map((target) => `${file} imports ${target}`);
  });
  expect(wrong).toEqual([]);
});

test('a page of the UI stands by itself: no other page is part of it', () => {
  const pageOf = (path: string): string | undefined => /^web\/src\/pages\/([^/]+)\//.exec(path)?.[1];
  const wrong = files.flatMap((file) => importsOf(file).filter((target) => target.startsWith('.')).filter((target) => {
    const to = pageOf(relative(root, resolve(root, dirname(file), target)));
    return pageOf(file) !== undefined && to !== undefined && to !== pageOf(file);
  }).map((target) => `${file} imports ${target}`));
  expect(wrong).toEqual([]);
});

test('every folder of a package has an index of named exports', () => {
  const missing = Object.entries(rooms).flatMap(([name, table]) => Object.keys(table).filter((room) => room !== 'pages' && files.some((file) => file.startsWith(`${name}/src/${room}/`)) && !files.includes(`${name}/src/${room}/index.ts`)).map((room) => `${name}/src/${room}`));
  expect(missing).toEqual([]);
});

test('files and functions stay short', () => {
  const long = files.flatMap((file) => {
    const lines = textOf(file).split('\n');
    return [...(lines.length > fileLinesMax + 1 ? [`${file}: ${lines.length} lines`] : []), ...(sources.includes(file) ? longFunctions(file, lines) : [])];
  });
  expect(long).toEqual([]);
});

/** Functions by indentation: from a line that opens one to the line that closes it at the same depth. */
function longFunctions(file: string, lines: readonly string[]): string[] {
  return lines.flatMap((line, index) => {
    const opens = /^(\s*)(?:export )?(?:default )?(?:async )?(?:function\b|(?:static |private |readonly )*(?:async )?[#\w]+\([^)]*\)[^=;]*\{$|(?:const|let) \w+ = (?:async )?\(.*=> \{$)/.exec(line);
    if (!opens || /^\s*(?:if|for|while|switch|catch|return)\b/.test(line)) return [];
    const end = lines.findIndex((other, at) => at > index && other.startsWith(`${opens[1] ?? ''}}`) && !/^\s/.test(other.slice((opens[1] ?? '').length)));
    return end - index + 1 > functionLinesMax ? [`${file}:${index + 1}: a function of ${end - index + 1} lines`] : [];
  });
}

test('banned calls are not made', () => {
  const made = sources.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, index) => banned.filter(({ call, allowed }) => call.test(line) && !allowed.test(file)).map(({ instead }) => `${file}:${index + 1}: ${line.trim().slice(0, 80)} (use ${instead})`)),
  );
  expect(made).toEqual([]);
});

test('links in the documents lead somewhere', () => {
  const documents = ['README.md', ...walk(join(root, 'docs')).filter((file) => file.endsWith('.md'))];
  const dead = documents.flatMap((file) =>
    [...textOf(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !exists(join(dirname(join(root, file)), target)))
      .map((target) => `${file}: ${target}`),
  );
  expect(dead).toEqual([]);
});

function exists(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOTDIR';
  }
}
