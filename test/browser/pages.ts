/** Where the pages of the UI are, and what they ask for. */
import type { PagePath } from '@pier/shared/api';
import type { Harbour } from './harbour.ts';

/** A page of the UI: where it is, its heading, and the question without whose answer it has nothing to show. */
export type Shown = { readonly at: (harbour: Harbour) => string; readonly title: RegExp; readonly asks: RegExp };

/** An address of the UI that is not tested here does not compile. */
export const shown: Readonly<Record<PagePath, Shown>> = {
  '/': { at: () => '/', title: /device/, asks: /\/api\/v1\/fleet$/ },
  '/rollouts': { at: () => '/rollouts', title: /^Rollouts$/, asks: /\/api\/v1\/rollouts\?/ },
  '/rollouts/new': { at: ({ next }) => `/rollouts/new?release=${next.release}`, title: /^New rollout$/, asks: /\/api\/v1\/releases\?/ },
  '/rollouts/:id': { at: ({ proven }) => `/rollouts/${proven.rollout}`, title: /^blink 1\.0\.0$/, asks: /\/api\/v1\/rollouts\/[^/?]+$/ },
  '/devices': { at: () => '/devices', title: /^Devices$/, asks: /\/api\/v1\/devices\?/ },
  '/devices/:id': { at: ({ devices: [quay] }) => `/devices/${quay}`, title: /quay/, asks: /\/api\/v1\/devices\/[^/?]+$/ },
  '/devices/:id/:tab': { at: ({ devices: [quay] }) => `/devices/${quay}/pins`, title: /quay/, asks: /\/api\/v1\/devices\/[^/?]+$/ },
  '/releases': { at: () => '/releases', title: /^Releases$/, asks: /\/api\/v1\/releases\?/ },
  '/releases/:id': { at: ({ next }) => `/releases/${next.release}`, title: /^blink 1\.1\.0$/, asks: /\/api\/v1\/releases\/[^/?]+$/ },
  '/enrol': { at: () => '/enrol', title: /^Enrol$/, asks: /\/api\/v1\/tokens/ },
  '/simulator': { at: () => '/simulator', title: /^Simulator$/, asks: /\/api\/v1\/simulated-boards$/ },
  '/simulator/:id': { at: ({ board }) => `/simulator/${board}`, title: /board-quay/, asks: /\/api\/v1\/simulated-boards\/[^/?]+$/ },
  '/keys': { at: () => '/keys', title: /^Keys and policy$/, asks: /\/api\/v1\/policy$/ },
  '/audit': { at: () => '/audit', title: /^Audit$/, asks: /\/api\/v1\/audit/ },
  '/people': { at: () => '/people', title: /^People$/, asks: /\/api\/v1\/users/ },
  '/settings': { at: () => '/settings', title: /^Settings$/, asks: /\/api\/v1\/about$/ },
};
