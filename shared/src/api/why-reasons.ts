/**
 * Every answer to "why does this device not run, proven, what is wanted?": one row a reason, in the order in which they are
 * looked for. `remedy` is what a person can do, a command where there is one; `{device}`, `{app}`, `{rollout}` and `{release}`
 * stand for the names. Null where waiting is all there is to do.
 */
export const whyReasons = {
  proven: { sentence: 'The device runs what is wanted, and it has proved itself.', remedy: null },
  // the device itself
  'device.pending': { sentence: 'The device waits for a person to let it in.', remedy: 'pier device approve {device}' },
  'device.revoked': { sentence: 'The device is not trusted any more; nothing is offered to it.', remedy: 'Enrol the board anew with a claim token: pier token create' },
  'identity-conflict': { sentence: 'Two boards come with the identity of this device: one may be a copied card.', remedy: 'End both with: pier device revoke {device}; then enrol each board anew, with an empty data folder and a claim token of its own: pier token create' },
  // what is wanted
  'none-wanted': { sentence: 'Nothing is wanted of this app on this device: no rollout has it, and nobody assigned it.', remedy: 'pier rollout start <release> --device {device}' },
  'rollout.excluded': { sentence: 'The device was left out of the rollout.', remedy: 'pier rollout start {release} --device {device}' },
  'rollout.superseded': { sentence: 'A newer rollout, or a release assigned by hand, took over this device.', remedy: 'pier device why {device} {app}' },
  'rollout.aborted': { sentence: 'The rollout was aborted before it came to this device.', remedy: 'pier rollout start {release} --device {device}' },
  'rollout.rolled-back': { sentence: 'The rollout was rolled back; the device was taken back to what it ran before, or is left as it is.', remedy: 'Start a rollout of a release that mends what was wrong: pier rollout start <release>' },
  'rolling-back': { sentence: 'The device is on its way back to what it ran before.', remedy: null },
  'rollback-failed': { sentence: 'The device could not be brought back to what it ran before.', remedy: 'pier device show {device}' },
  // whether the release may go anywhere
  'release.withdrawn': { sentence: 'The release was withdrawn; it is offered to nobody any more.', remedy: 'Start a rollout of another release: pier release list' },
  'release.unverified': { sentence: 'The trust policy in force does not accept the release.', remedy: 'Have it signed by a key of the policy, then say: pier release create <repository@digest>' },
  // whether the rollout goes on
  'rollout.approval': { sentence: 'The rollout waits for approval.', remedy: 'pier rollout approve {rollout}' },
  'rollout.denied': { sentence: 'The rollout was denied.', remedy: 'pier rollout start {release} --device {device}' },
  'rollout.paused-operator': { sentence: 'A person paused the rollout.', remedy: 'pier rollout resume {rollout}' },
  'rollout.paused-gate': { sentence: 'The rollout stopped by itself: too many devices of a wave ended badly.', remedy: 'See what failed with: pier rollout why {rollout}; then retry it or leave it out (pier rollout retry, pier rollout exclude), or: pier rollout rollback {rollout}' },
  'rollout.paused-trust': { sentence: 'The rollout was stopped because its release was not trusted; it is again, and a person has to let it go on.', remedy: 'pier rollout resume {rollout}' },
  // whether a person holds the device
  'assigned.by-hand': { sentence: 'A person assigned this app by hand; rollouts leave it alone until it is given back.', remedy: 'pier device release {device} {app}' },
  'app.held': { sentence: 'A person stopped the app at the device.', remedy: 'pier cmd {device} app.start app={app}' },
  'app.deployed-by-hand': { sentence: 'A person deployed another release at the device, for a time.', remedy: 'pier cmd {device} app.start app={app}' },
  // whether it is the device's turn, and it can take an offer
  'rollout.wave-pending': { sentence: "The device's wave has not opened yet.", remedy: 'It opens by itself once the wave before it has passed; to open it at once: pier rollout advance {rollout}' },
  'rollout.wave-manual': { sentence: 'The wave before has passed, and a person opens the next one.', remedy: 'pier rollout advance {rollout}' },
  'device.offline': { sentence: 'The device is offline; it is served when it returns.', remedy: "Look after the board's power and network" },
  'device.awaited': { sentence: 'The manager has started anew, and the device, which was online before, has not come back to it yet.', remedy: null },
  'policy.scope': { sentence: 'No scope of the trust policy covers the repository that the release comes from.', remedy: 'Add a scope to the policy: pier policy sign, then pier policy push' },
  'capability.unbound': { sentence: 'The release asks for something that is not bound on this device.', remedy: 'pier binding set {device} {app} <label=…>' },
  'capability.mode': { sentence: 'The release asks for more than the binding, or the policy, allows on this device.', remedy: 'pier binding set {device} {app} <label=…>' },
  'capability.reserved': { sentence: 'The release is bound to a line or port that the board reserves.', remedy: 'pier binding set {device} {app} <label=…>' },
  'device.document-too-large': { sentence: 'With this app the document that says what the device should run would not fit into a message.', remedy: 'Take an app off the device, or bind fewer labels: pier device show {device}' },
  'device.busy': { sentence: 'The device is at work for another rollout of this app.', remedy: null },
  'rollout.capacity': { sentence: 'As many devices as the rollout allows are at work; this one comes next.', remedy: 'pier rollout cap {rollout} <n>' },
  'desired.refused': { sentence: 'The device does not take the document that says what it should run.', remedy: 'pier device show {device}' },
  'device.silent': { sentence: 'The device was offered the release and did not take it up; it is offered again.', remedy: 'pier cmd {device} status' },
  // how far it is
  'at-work.due': { sentence: 'Nothing holds the device up: the release is offered to it within a second or two.', remedy: null },
  'at-work.offered': { sentence: 'The release is offered; the device has not answered yet.', remedy: null },
  'at-work.accepted': { sentence: 'The device has accepted the release and will fetch it.', remedy: null },
  'at-work.downloading': { sentence: 'The device is fetching the release.', remedy: null },
  'at-work.verifying': { sentence: 'The device is checking the signatures of the release.', remedy: null },
  'at-work.applying': { sentence: 'The device is starting the release.', remedy: null },
  'at-work.soaking': { sentence: 'The release runs; it has to stay well for its soak.', remedy: null },
  'timed-out': { sentence: 'The device did not finish in time.', remedy: 'pier rollout retry {rollout} {device}' },
  // how it ended
  'device.refused': { sentence: 'The device refused the release.', remedy: 'Mend what the device names, then: pier rollout retry {rollout} {device}' },
  'app.failed': { sentence: 'The release failed on the device, which went back to what it ran before, if there was something.', remedy: 'See its last lines with: pier device logs {device} {app}; then: pier rollout retry {rollout} {device}' },
  'app.regressed': { sentence: 'The release had proved itself on the device, and failed later.', remedy: 'See its last lines with: pier device logs {device} {app}; then: pier rollout retry {rollout} {device}' },
} as const satisfies Record<string, { readonly sentence: string; readonly remedy: string | null }>;

export type WhyCode = keyof typeof whyReasons;
export const whyCodes = Object.keys(whyReasons) as WhyCode[];
