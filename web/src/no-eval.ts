/** First of all that is imported: zod would ask for `eval` to be quicker, which the policy of our pages refuses, and reports. */
import * as z from 'zod';

z.config({ jitless: true });
