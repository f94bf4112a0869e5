import { Fault } from './faults.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const depthMax = 32;

/**
 * Reads one JSON document strictly: valid UTF-8 without a byte order mark, no duplicate keys, at most 32 levels,
 * integers within ±2^53. Two readers that disagree about a document are how one digest gets two meanings (CVE-2021-41190).
 * Faults: `json-invalid` with the place and what was wrong, `too-large`.
 */
export function parseJson(input: Uint8Array | string, { what = 'document', sizeBytesMax = 4 << 20 } = {}): Json {
  const sizeBytes = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (sizeBytes > sizeBytesMax) throw new Fault('too-large', `${what} has ${sizeBytes} bytes; at most ${sizeBytesMax} are read`);
  const text = typeof input === 'string' ? input : decodeUtf8(input, what);
  return new Reader(text, what).document();
}

function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Fault('json-invalid', `${what} is not valid UTF-8`, {}, cause);
  }
}

class Reader {
  readonly #text: string;
  readonly #what: string;
  #at = 0;

  constructor(text: string, what: string) {
    this.#text = text;
    this.#what = what;
  }

  document(): Json {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('extra characters after the end');
    return value;
  }

  #fail(why: string): never {
    throw new Fault('json-invalid', `${this.#what}: ${why} at character ${this.#at}`);
  }

  #space(): void {
    while (this.#at < this.#text.length && ' \t\n\r'.includes(this.#text.charAt(this.#at))) this.#at += 1;
  }

  #value(depth: number): Json {
    this.#space();
    const next = this.#text.charAt(this.#at);
    if (depth >= depthMax && (next === '{' || next === '[')) this.#fail(`more than ${depthMax} levels`);
    if (next === '{') return this.#object(depth);
    if (next === '[') return this.#array(depth);
    if (next === '"') return this.#string();
    return this.#scalar();
  }

  #object(depth: number): Json {
    const out: Record<string, Json> = Object.create(null);
    this.#at += 1;
    this.#space();
    if (this.#take('}')) return out;
    do {
      this.#space();
      if (this.#text.charAt(this.#at) !== '"') this.#fail('a key in double quotes was expected');
      const key = this.#string();
      if (Object.hasOwn(out, key)) this.#fail(`duplicate key "${key.slice(0, 64)}"`);
      this.#space();
      if (!this.#take(':')) this.#fail('":" was expected');
      out[key] = this.#value(depth + 1);
      this.#space();
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail('"," or "}" was expected');
    return out;
  }

  #array(depth: number): Json {
    const out: Json[] = [];
    this.#at += 1;
    this.#space();
    if (this.#take(']')) return out;
    do {
      out.push(this.#value(depth + 1));
      this.#space();
    } while (this.#take(','));
    if (!this.#take(']')) this.#fail('"," or "]" was expected');
    return out;
  }

  #take(char: string): boolean {
    if (this.#text.charAt(this.#at) !== char) return false;
    this.#at += 1;
    return true;
  }

  #string(): string {
    const token = this.#match(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
    if (token === undefined) this.#fail('a well-formed string was expected');
    const value: string = JSON.parse(token);
    if (!value.isWellFormed()) this.#fail('a lone surrogate in a string');
    return value;
  }

  #scalar(): Json {
    const token = this.#match(/true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (token === undefined) this.#fail('a value was expected');
    const value: null | boolean | number = JSON.parse(token);
    if (typeof value === 'number' && (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))) this.#fail(`number ${token.slice(0, 32)} out of range`);
    return value;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

/** Canonical JSON (RFC 8785): keys sorted by UTF-16 code units, no white space; what is signed or hashed is written so. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Fault('internal', `canonical JSON has no ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, member]) => `${canonicalString(key)}:${canonicalJson(member)}`).join(',')}}`;
  }
  throw new Fault('internal', `canonical JSON has no ${typeof value}`);
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new Fault('internal', 'canonical JSON has no lone surrogates');
  return JSON.stringify(text);
}
