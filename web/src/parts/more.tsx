import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import { freshPagesMax } from '../api/index.ts';

type Props = {
  readonly of: Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage'> & { readonly data?: { readonly pages: number } | undefined; readonly fetchNextPage: () => unknown };
  /** How much of the list stands above: "The newest 50 releases." */
  readonly says?: ReactNode;
  /** What the next page is, where it is not older. */
  readonly word?: string;
  /** What else can be done about what is not shown. */
  readonly children?: ReactNode;
};

/** Ends a list: how much of it is shown, and the button for the next page, where there is one. */
export function More({ of: { data, hasNextPage, isFetchingNextPage, fetchNextPage }, says, word = 'Show older', children }: Props): ReactNode {
  const still = data !== undefined && data.pages > freshPagesMax;
  if (says === undefined && children === undefined && !hasNextPage && !still) return null;
  return (
    <div className="more">
      {says !== undefined && <span className="small dim" role="status">{says}</span>}
      {still && <span className="small dim">So long a list stands still; load the page anew to see what came since.</span>}
      {children}
      {hasNextPage && <Button data-size="compact" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>{word}</Button>}
    </div>
  );
}
