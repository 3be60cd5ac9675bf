/** Text by characters as people count them, each of which may consist of several code points: a flag, or a family. */

/** Returns the characters of a text; where the browser can't tell them apart, its code points. */
export function charactersOf(text: string): string[] {
  if (typeof Intl.Segmenter === 'undefined') return [...text];
  const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}
