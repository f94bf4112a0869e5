export { type Policies, type PolicyInForce, openPolicies } from './policy.ts';
export { type Release, type Releases, openReleases } from './releases.ts';
