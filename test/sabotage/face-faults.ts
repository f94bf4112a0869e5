import { type NamedFault, caughtBy } from './named-fault.ts';

const access = 'manager/src/access';
const command = 'manager/src/command';
const simulator = 'manager/src/simulator';
const words = 'web/src/words';
const api = 'web/src/api';

/** What the UI stands on, and what of it is pure. The pages themselves are held by tests in a browser, which build them anew. */
export const faceFaults: readonly NamedFault[] = [
  ...caughtBy([`${access}/setup.test.ts`], [
    ['any-setup-code', `${access}/setup.ts`, 'if (held.code !== undefined && sameHash(setupCodeHash(typed), held.code)) return', 'if (held.code !== undefined && typed !== \'\') return'],
    ['setup-code-guessed-for-ever', `${access}/setup.ts`, 'door.attempts.failed(key);', 'key.trim();'],
    ['two-first-accounts', `${access}/store.ts`, 'await tx.execute(sql`lock table ${userAccount} in share row exclusive mode`);', ''],
  ]),
  ...caughtBy(['manager/src/http/session-routes.test.ts'], [['foreign-page-signs-in', 'manager/src/http/bind.ts', 'if (isSessionRoute(name)) refuseForeignPage(request);', '']]),
  ...caughtBy([`${command}/rules.test.ts`, `${command}/command.test.ts`], [
    ['commands-without-bound', `${command}/rules.ts`, 'open >= openMax', 'open < 0'],
  ]),
  ...caughtBy([`${simulator}/folders.test.ts`, `${simulator}/record-tail.test.ts`], [['record-through-a-link', `${simulator}/record-tail.ts`, 'constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK', 'constants.O_RDONLY | constants.O_NONBLOCK']]),
  ...caughtBy(['manager/src/device/standing.test.ts'], [['silent-device-in-step', 'manager/src/device/standing.ts', "when not ${deviceLive.online} then ${placeOf('offline')}", "when not ${deviceLive.online} then ${placeOf('in_step')}"]]),
  ...caughtBy(['manager/src/web/pages.test.ts'], [
    ['one-nonce-for-all', 'manager/src/web/pages.ts', "randomBytes(16).toString('base64url')", "'A'.repeat(22)"],
    ['page-kept-by-browsers', 'manager/src/web/pages.ts', 'if (hashed) void reply', 'void reply'],
  ]),
  ...caughtBy(['cli/bootstrap/ui.test.ts'], [['ui-never-built-again', 'cli/bootstrap/ui.mjs', "readFileSync(stamp, 'utf8') === fingerprintOfUi(paths.root)", "readFileSync(stamp, 'utf8') !== ''"]]),
  ...caughtBy([`${words}/format.test.ts`, `${words}/states.test.ts`, `${words}/rollout.test.ts`], [
    ['last-year-looks-like-today', `${words}/format.ts`, "return ofYear === '' && day.format(ms) === day.format(nowMs)", 'return day.format(ms) === day.format(nowMs)'],
    ['absent-counted-twice', `${words}/states.ts`, 'waiting: (counts.waiting ?? 0) - absent }', 'waiting: counts.waiting ?? 0 }'],
    ['deserted-wave-unseen', `${words}/rollout.ts`, '=== open.total ? open : undefined', '> open.total ? open : undefined'],
  ]),
  ...caughtBy([`${api}/live.test.ts`, `${api}/gather.test.ts`, `${api}/fresh.test.ts`], [
    ['every-change-a-question', `${api}/gather.ts`, 'quietUntilMs = clock.monotonicMs() + everyMs;', 'quietUntilMs = 0;'],
    ['other-tabs-hear-nothing', `${api}/live.ts`, "channel.postMessage({ kind: 'change', id, data } satisfies Told);", ''],
    ['changes-of-others-ask-for-ours', `${api}/fresh.ts`, "(subject?.kind !== kind || ids.has(params?.[subject.param] ?? ''))", 'ids.size > 0'],
  ]),
];
