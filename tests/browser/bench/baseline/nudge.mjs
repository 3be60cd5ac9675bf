/** A baseline: plays 2 % faster or slower while it is more than 100 ms away, and seeks beyond a second. */
const EVERY_MS = 250;
const JUMP_S = 1;
const APART_S = 0.1;
const PART = 0.02;

export function nudge({ video, expectedS, isPlaying }) {
  setInterval(() => {
    if (!isPlaying() || video.seeking) return;
    const apartS = video.currentTime - expectedS();
    if (Math.abs(apartS) > JUMP_S) video.currentTime = expectedS();
    const rate = Math.abs(apartS) > APART_S ? 1 - Math.sign(apartS) * PART : 1;
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }, EVERY_MS);
}
