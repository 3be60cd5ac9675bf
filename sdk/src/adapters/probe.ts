// Explains failures to load; fetched only after one.

const PROBE_TIMEOUT_MS = 5_000;

/** Finds out why a source could not be loaded, which browsers don't report. */
export async function probeSource(url: string): Promise<'readable' | 'cors_missing' | 'source_unreachable'> {
  try {
    const response = await fetchHead(url, 'cors');
    return response.ok ? 'readable' : 'source_unreachable';
  } catch {
    try {
      await fetchHead(url, 'no-cors');
      return 'cors_missing';
    } catch {
      return 'source_unreachable';
    }
  }
}

/** Finds out why a plain element can't play `url`; it needs no CORS permission, so that is never the cause. */
export async function explainPlain(url: string): Promise<'source_unreachable' | 'format_unsupported'> {
  const found = await probeSource(url);
  return found === 'source_unreachable' ? found : 'format_unsupported';
}

// A GET that is aborted after the response headers: some origins answer HEAD differently.
async function fetchHead(url: string, mode: RequestMode): Promise<Response> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PROBE_TIMEOUT_MS);
  try {
    return await fetch(url, { mode, cache: 'no-store', credentials: 'omit', signal: abort.signal });
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}
