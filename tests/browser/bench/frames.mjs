/**
 * How far apart in time the viewers showed the same frame, in milliseconds, for each pair and frame that both noted.
 * `tracks` has one list of rows `[displayMs, mediaTimeS]` per viewer; within the window each frame is shown once.
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

/** Compares the numbers read from pixels with the media time of the same frames: rows `[read, mediaTimeS]`. */
export function checkCounter(rows, framesPerSecond) {
  const result = { checked: rows.length, equal: 0, later: 0, wrong: 0 };
  for (const [read, mediaTimeS] of rows) {
    const ahead = read - Math.round(mediaTimeS * framesPerSecond);
    // A canvas takes the newest frame, which may be the one after.
    result[ahead === 0 ? 'equal' : ahead === 1 ? 'later' : 'wrong'] += 1;
  }
  return result;
}
