const linesMax = 12;
const linesHead = 4;

/** What npm and tar print, and what it means for the person who has to do something about it. First match counts. */
const causes = [
  [/ENOSPC|No space left on device/i, 'The disk is full: set-up needs about 0.7 GB in this folder and 0.3 GB for the npm cache.'],
  [/EDQUOT|quota exceeded/i, 'The disk quota of this user is used up: set-up needs about 0.7 GB in this folder.'],
  [/EROFS|Read-only file system/i, 'A folder that has to be written lies on a read-only file system.'],
  [/EINTEGRITY|integrity checksum failed/i, 'What the registry delivered is not what the lockfile names: a changed or broken download. `npm cache verify` repairs a broken cache.'],
  [/ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH/, 'The npm registry cannot be reached: no network, or no name service. The first set-up needs it once.'],
  [/ECONNREFUSED/, 'The npm registry (or the proxy before it) refuses connections: see `npm config get registry` and the proxy variables.'],
  [/ETIMEDOUT|ESOCKETTIMEDOUT|ECONNRESET|ERR_SOCKET_TIMEOUT|request-timeout|idle timeout/i, 'The npm registry does not answer in time: a slow or blocked network. Trying again continues from the cache.'],
  [/CERT|self.signed|unable to get local issuer|unable to verify the first certificate/i, 'The registry\'s certificate is not trusted: behind a TLS proxy set NODE_EXTRA_CA_CERTS or `npm config set cafile`.'],
  [/E401|E403/, 'The npm registry refuses access: it wants a log-in, or blocks this package.'],
  [/E404|ETARGET|notarget/, 'The npm registry that is configured does not have this package: see `npm config get registry`.'],
  [/EUSAGE|can only install packages when your package\.json and package-lock\.json/, 'package.json and package-lock.json do not agree: `npm install` brings the lockfile up to date.'],
  [/EACCES|EPERM|permission denied/i, 'A file may not be written by this user: was an earlier set-up run as another user (root)?'],
];

/** Names the likely cause of a failed program, undefined where it is none of the common ones. */
export function likelyCause(output) {
  return causes.find(([pattern]) => pattern.test(output))?.[1];
}

/** What was attempted, the likely cause and the telling lines of the output, for stderr. */
export function explainFailure(what, output) {
  const [told] = output.split(/^npm error (?:Clean install a project|Usage:)/m); // npm appends its whole help text
  const lines = [...new Set(told.split('\n').map((line) => line.trimEnd()))].filter((line) => !/^(npm (error|warn))?$/i.test(line) && !/^npm warn (?!tar )/i.test(line));
  const shown = lines.length <= linesMax ? lines : [...lines.slice(0, linesHead), '…', ...lines.slice(-(linesMax - linesHead))];
  return [`${what} failed. ${likelyCause(output) ?? 'The last lines of its output:'}`, ...shown.map((line) => `  | ${line}`)].join('\n');
}
