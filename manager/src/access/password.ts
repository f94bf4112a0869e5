import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

type Cost = { readonly logN: number; readonly r: number; readonly p: number };
const costNow: Cost = { logN: 15, r: 8, p: 1 };
const hashBytes = 32;
const passwordCharsMax = 1_024;

export type Passwords = {
  /** `scrypt$ln=15,r=8,p=1$<salt>$<hash>`: whoever checks later needs nothing else. */
  hash(password: string): Promise<string>;
  /** Takes as long for an unknown user (`undefined`) as for a wrong password. */
  matches(password: string, stored: string | undefined): Promise<boolean>;
};

/** Password hashes by scrypt (RFC 7914). Each takes 32 MiB and a quarter of a second of a thread: whoever asks bounds how many run at once. */
export function passwords(): Passwords {
  const decoy = randomBytes(16);
  return {
    hash: async (password) => {
      const salt = randomBytes(16);
      return format(costNow, salt, await deriveKey(password, salt, costNow));
    },
    matches: async (password, stored) => {
      if (password.length > passwordCharsMax) return false;
      const parsed = stored === undefined ? undefined : parse(stored);
      if (parsed === undefined) {
        await deriveKey(password, decoy, costNow);
        return false;
      }
      return timingSafeEqual(await deriveKey(password, parsed.salt, parsed.cost), parsed.hash);
    },
  };
}

function format({ logN, r, p }: Cost, salt: Buffer, hash: Buffer): string {
  return `scrypt$ln=${logN},r=${r},p=${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

function parse(stored: string): { cost: Cost; salt: Buffer; hash: Buffer } | undefined {
  const found = /^scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/.exec(stored);
  if (found === null) return undefined;
  const [, logN, r, p, salt = '', hash = ''] = found;
  return { cost: { logN: Number(logN), r: Number(r), p: Number(p) }, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') };
}

function deriveKey(password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** logN;
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, hashBytes, { N, r, p, maxmem: 256 * N * r }, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
