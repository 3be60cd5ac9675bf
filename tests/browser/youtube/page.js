// A page with only the SDK: `youtube` is the origin of the player API; without it the video element plays.
import { createClient, createPlayer } from 'playhead-sdk';
import { loadYouTubeApi, youtubeAdapter } from 'playhead-sdk/youtube';

const asked = Object.fromEntries(new URLSearchParams(location.search));
const client = createClient({ baseUrl: asked.server });
await client.guest(asked.name);
const code = asked.code ?? (await client.rooms.create({ name: 'Friday', is_public: false })).code;
const session = await client.join(code);

const adapter = () =>
  youtubeAdapter(document.querySelector('#stage'), {
    host: asked.youtube,
    loadApi: () => loadYouTubeApi(`${asked.youtube}/iframe_api`),
    videoId: (media) => new URL(media.delivery[0].url).pathname.slice(1),
  });
const video = document.querySelector('video');
const player = createPlayer(session, video, asked.youtube === undefined ? {} : { adapter });
document.querySelector('button').onclick = () => player.unblock();

window.playhead = { session, player, code };
