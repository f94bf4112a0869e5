/** `SOURCE_DATE_EPOCH` (reproducible-builds.org): the time that a build says it was made at. */
export function sourceDateEpoch(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env['SOURCE_DATE_EPOCH'];
}
