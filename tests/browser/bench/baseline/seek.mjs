const EVERY_MS = 500;
const APART_S = 0.5;

/** Jumps to where it should be as soon as it is half a second away. */
export function seekOnly({ video, expectedS, isPlaying }) {
  setInterval(() => {
    if (isPlaying() && !video.seeking && Math.abs(video.currentTime - expectedS()) > APART_S) video.currentTime = expectedS();
  }, EVERY_MS);
}
