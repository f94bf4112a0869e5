const headerCharsMax = 1_024;

/** User and password of a Basic Authorization header (RFC 7617), or undefined when it is none. */
export function basicOf(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = header !== undefined && header.length <= headerCharsMax ? /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1] : undefined;
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
