/** Records the video in any frame of a page. */
const NOTE_MS = 40;

/** Runs in the frame: samples its video, as the recorder of the reference page does, and returns what is new. */
function drain(noteMs) {
  const video = document.querySelector('video');
  if (video === null) return [];
  if (window.notes === undefined) {
    window.notes = [];
    setInterval(() => {
      const at = performance.timeOrigin + performance.now();
      const { paused, seeking, playbackRate: rate, videoHeight: height } = video;
      const ready = video.readyState >= 3;
      window.notes.push({ at, positionMs: video.currentTime * 1000, paused, seeking, ready, rate, height });
    }, noteMs);
  }
  return window.notes.splice(0);
}

/** Watches a person's video directly in the frame that `isFrame` finds, independently of what the page reports. */
export function watching({ name, page }, isFrame = (frame) => frame === page.mainFrame()) {
  const watched = { name, samples: [], watch };

  async function watch() {
    // The frame may not exist yet, and one that is just loading can't answer.
    const noted = (await page.frames().find(isFrame)?.evaluate(drain, NOTE_MS).catch(() => [])) ?? [];
    const unknown = { expectedMs: NaN, cue: null, frame: null };
    watched.samples.push(...noted.map((one) => ({ ...one, ...unknown })));
  }

  return watched;
}
