import type { UseQueryResult } from '@tanstack/react-query';
import type { AnswerOf } from '@pier/shared/api';
import type { Fault } from '@pier/shared/core';
import { useAnswer } from './hooks.ts';

/** Rollouts that move or wait for a person, the newest hundred: one question, whoever of a page asks it. */
export function useLiveRollouts(): UseQueryResult<AnswerOf<'listRollouts'>, Fault> {
  return useAnswer('listRollouts', { query: { live: 'true', limit: 100 } });
}
