const EVERY_MS = 500;
const APART_S = 0.5;

/** Jumps to where it should be as soon as it is half a second away. */
export function seekOnly({ video, expectedS, isPlaying }) {
  setInterval(() => {
    const apartS = Math.abs(video.currentTime - expectedS());
    if (isPlaying() && !video.seeking && apartS > APART_S) video.currentTime = expectedS();
  }, EVERY_MS);
}
