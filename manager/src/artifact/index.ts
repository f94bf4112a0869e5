export { type Policies, openPolicies } from './policy.ts';
export { type Releases, openReleases } from './releases.ts';
