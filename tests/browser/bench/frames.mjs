/** Compares when viewers displayed the same frame. */
import { quantile } from './quantile.mjs';

/**
 * Returns how far apart in time viewers displayed the same frame, in milliseconds, for each pair of viewers and each
 * frame that both recorded. `tracks` has one list of rows `[displayMs, mediaTimeS]` per viewer; within the window a frame
 * is displayed once.
 */
export function displayDifferencesIn({ fromMs, untilMs }, tracks, framesPerSecond) {
  const shown = tracks.map((rows) => {
    const inside = rows.filter(([displayMs]) => displayMs >= fromMs && displayMs < untilMs);
    return new Map(inside.map(([displayMs, mediaTimeS]) => [Math.round(mediaTimeS * framesPerSecond), displayMs]));
  });
  const differences = [];
  for (let one = 0; one < shown.length; one += 1) {
    for (let other = one + 1; other < shown.length; other += 1) {
      for (const [frame, displayMs] of shown[one]) {
        const elsewhereMs = shown[other].get(frame);
        if (elsewhereMs !== undefined) differences.push(Math.abs(displayMs - elsewhereMs));
      }
    }
  }
  return differences;
}

/**
 * Returns a viewer's samples `[atMs, positionMs, …]` with the positions of its pictures in place of the times of its
 * element, which may be others for each viewer. `frames` are rows `[displayMs, mediaTimeS, number]` with the numbers read
 * from pixels; null if there are none in the window.
 */
export function pictureSamplesIn({ fromMs, untilMs }, samples, frames, framesPerSecond) {
  const inside = frames.filter(([displayMs, , number]) => number !== undefined && displayMs >= fromMs && displayMs < untilMs);
  if (inside.length === 0) return null;
  // A canvas may have drawn the next frame already, but seldom has.
  const laterMs = quantile(inside.map(([, mediaTimeS, number]) => (number / framesPerSecond - mediaTimeS) * 1000), 0.5);
  return samples.map(([atMs, elementMs, ...rest]) => [atMs, elementMs + laterMs, ...rest]);
}

/** Compares the frame numbers read from pixels with the media time of those frames; rows are `[read, mediaTimeS]`. */
export function checkCounter(rows, framesPerSecond) {
  const result = { checked: rows.length, equal: 0, later: 0, wrong: 0 };
  for (const [read, mediaTimeS] of rows) {
    const ahead = read - Math.round(mediaTimeS * framesPerSecond);
    // A canvas draws the newest frame, which may already be the next one.
    result[ahead === 0 ? 'equal' : ahead === 1 ? 'later' : 'wrong'] += 1;
  }
  return result;
}
