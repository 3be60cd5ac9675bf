// What browsers block on a page that was loaded over TLS.

/** A sentence for people, before what they can do about it. */
export const MIXED_SENTENCE = 'This film comes over an insecure connection (http), which browsers block on a secure page.';

/** Whether a secure page would load it over an insecure connection; a loopback address counts as secure. */
export function isMixed(url: string, pageUrl: string): boolean {
  const [media, page] = [new URL(url, pageUrl), new URL(pageUrl)];
  if (page.protocol !== 'https:' || media.protocol !== 'http:') return false;
  return !/^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(media.hostname);
}
