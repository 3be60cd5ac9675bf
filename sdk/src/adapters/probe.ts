const PROBE_TIMEOUT_MS = 5_000;

/** Why a source that the player couldn't load fails: browsers don't say it of their own accord. */
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

/** Why a plain element can't play `url`: it needs no permission to read, so that a missing one is never the cause. */
export async function explainPlain(url: string): Promise<'source_unreachable' | 'format_unsupported'> {
  const found = await probeSource(url);
  return found === 'source_unreachable' ? found : 'format_unsupported';
}

// A GET that is dropped after its head: some origins answer HEAD differently.
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
