/** Every address of the UI: the manager answers them with the one page, which shows what stands there. */
export const pagePaths = [
  '/', '/rollouts', '/rollouts/new', '/rollouts/:id', '/devices', '/devices/:id', '/devices/:id/:tab', '/releases', '/releases/:id', '/enrol', '/simulator', '/simulator/:id', '/keys', '/audit', '/people', '/settings',
] as const;
export type PagePath = (typeof pagePaths)[number];

/** What the page is told when it is sent: whether this browser is signed in, or the first account has still to be made. */
export type PageSession = 'open' | 'none' | 'setup';
/** Stand in the page that was built for what is filled in with each answer. */
export const pageMarks = { nonce: '__CSP_NONCE__', session: '__SESSION__' } as const;
