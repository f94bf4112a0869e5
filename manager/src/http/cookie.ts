const name = 'pier_session';

/**
 * The cookie of a browser's session. On loopback HTTP it can be neither `Secure` nor `__Host-`; it is never shown to scripts
 * and never sent along by foreign pages but for plain navigation (RFC 6265bis, SameSite=Lax).
 */
export const sessionCookie = {
  read: (header: string | undefined): string | undefined => {
    for (const part of (header ?? '').split(';')) {
      const [key = '', value = ''] = part.trim().split('=', 2);
      if (key === name && /^[\w-]{43}$/.test(value)) return value;
    }
    return undefined;
  },
  write: (secret: string, maxAgeS: number): string => `${name}=${secret}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax`,
  clear: `${name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`,
} as const;
