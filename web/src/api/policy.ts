import { useAnswer } from './hooks.ts';

type Asked = Pick<ReturnType<typeof useAnswer<'getPolicy'>>, 'data' | 'error' | 'isFetching' | 'errorUpdatedAt'> & { readonly refetch: () => unknown };

/** The trust policy in force. It is asked for only where there is one: that none was set yet is `missing`, and no error. */
export function usePolicy(): { readonly missing: boolean; readonly policy: Asked } {
  const about = useAnswer('getAbout', {});
  const missing = about.data?.policy === null;
  const policy = useAnswer('getPolicy', {}, { enabled: about.data !== undefined && !missing });
  // Whether there is one could not be read either: that is the error to show.
  return { missing, policy: about.data === undefined && about.error !== null ? { ...about, data: undefined } : policy };
}
