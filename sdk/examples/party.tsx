import { createClient } from 'playhead-sdk';
import { useStreaming } from 'playhead-sdk/react';

const client = createClient({ baseUrl: 'http://127.0.0.1:8080' });
const options = { hls: async () => (await import('hls.js')).default };

export function Party({ code, name }: { code: string; name: string }) {
  const party = useStreaming({ client, room: code, name }, options);
  const { status, player, driftMs, uncertaintyMs } = party;
  if (party.error) return <p role="alert">{party.error.detail}</p>;
  return (
    <>
      <video ref={party.videoRef} width={640} />
      {player.state === 'blocked' && <button onClick={party.unblock}>Start</button>}
      {party.isHost && status === 'playing' && <button onClick={party.pause}>Pause</button>}
      {party.isHost && status !== 'playing' && <button onClick={party.play}>Play</button>}
      <p role="alert">{party.refusal?.detail ?? player.error?.detail}</p>
      <output>{driftMs !== null && `${driftMs} ms off the room, known to ±${uncertaintyMs} ms`}</output>
    </>
  );
}
