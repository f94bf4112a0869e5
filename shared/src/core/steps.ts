/**
 * The journal's steps: each an event that is logged, at level debug, right before or right after something becomes durable.
 * Tests let a process die at any of them (PIER_DIE_AT, read by `processLog`), and fail when one was never reached.
 */
export const steps = {
  // a command, on the device
  'step.command-accepted': { process: 'agent', story: 'command' },
  'step.command-running': { process: 'agent', story: 'command' },
  'step.command-acted': { process: 'agent', story: 'command' },
  'step.command-done': { process: 'agent', story: 'command' },
  // a release, from the document to the proof
  'step.desired-judged': { process: 'agent', story: 'deploy' },
  'step.desired-stored': { process: 'agent', story: 'deploy' },
  'step.attempt-taken': { process: 'agent', story: 'deploy' },
  'step.release-stored': { process: 'agent', story: 'deploy' },
  'step.blob-received': { process: 'agent', story: 'deploy' },
  'step.blob-stored': { process: 'agent', story: 'deploy' },
  'step.applying': { process: 'agent', story: 'deploy' },
  'step.old-stopped': { process: 'agent', story: 'deploy' },
  'step.new-started': { process: 'agent', story: 'deploy' },
  'step.soaking': { process: 'agent', story: 'deploy' },
  'step.soak-passed': { process: 'agent', story: 'deploy' },
  'step.proven': { process: 'agent', story: 'deploy' },
  'step.report-queued': { process: 'agent', story: 'deploy' },
  'step.report-acked': { process: 'agent', story: 'deploy' },
  // a bad release, and the ways back
  'step.refused': { process: 'agent', story: 'refuse' },
  'step.soak-failed': { process: 'agent', story: 'fail' },
  'step.failed': { process: 'agent', story: 'fail' },
  'step.good-restarted': { process: 'agent', story: 'fail' },
  'step.forgotten': { process: 'agent', story: 'roll back' },
  // first trust
  'step.key-made': { process: 'agent', story: 'enrol' },
  'step.enrolment-answered': { process: 'agent', story: 'enrol' },
  'step.enrolment-stored': { process: 'agent', story: 'enrol' },
  // the next certificate
  'step.renewal-key-made': { process: 'agent', story: 'renew' },
  'step.renewal-answered': { process: 'agent', story: 'renew' },
  'step.renewal-stored': { process: 'agent', story: 'renew' },
  // somebody reads
  'step.log-lease-taken': { process: 'agent', story: 'log lease' },

  'step.offer-committed': { process: 'manager', story: 'deploy' },
  'step.outbox-published': { process: 'manager', story: 'deploy' },
  'step.outbox-cleared': { process: 'manager', story: 'deploy' },
  'step.report-stored': { process: 'manager', story: 'deploy' },
  'step.wave-opened': { process: 'manager', story: 'deploy' },
  'step.rollout-closed': { process: 'manager', story: 'deploy' },
  'step.event-stored': { process: 'manager', story: 'fail' },
  'step.offers-taken-back': { process: 'manager', story: 'refuse' },
  'step.sent-back': { process: 'manager', story: 'roll back' },
  'step.command-sent': { process: 'manager', story: 'command' },
  'step.answer-stored': { process: 'manager', story: 'command' },
  'step.device-enrolled': { process: 'manager', story: 'enrol' },
  'step.renewal-signed': { process: 'manager', story: 'renew' },
  'step.log-lease-published': { process: 'manager', story: 'log lease' },
} as const satisfies Record<`step.${string}`, { process: 'agent' | 'manager'; story: string }>;

export type Step = keyof typeof steps;

export function isStep(name: string): name is Step {
  return Object.hasOwn(steps, name);
}
