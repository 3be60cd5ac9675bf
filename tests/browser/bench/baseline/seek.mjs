/** A baseline: seeks to the expected position once it is more than half a second away. */
const EVERY_MS = 500;
const APART_S = 0.5;

export function seekOnly({ video, expectedS, isPlaying }) {
  setInterval(() => {
    const apartS = Math.abs(video.currentTime - expectedS());
    if (isPlaying() && !video.seeking && apartS > APART_S) video.currentTime = expectedS();
  }, EVERY_MS);
}
