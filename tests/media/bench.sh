#!/bin/sh
# Makes the clips of `make bench-sync` in OUT_DIR with ffmpeg: ten minutes of 360p30, H.264 and AAC,
# as one file (film.mp4), as HLS (hls/film.m3u8), and as transport streams of 10 s that are told as 9
# (inexact/film.m3u8). A second run with the same script does nothing.
#
# Each frame carries its number: 16 blocks along the bottom edge, each width/16 wide and height/18
# high, the least significant bit at the left, white for 1. Frame n is on screen from n/30 s.
set -eu

out=${1:?usage: bench.sh OUT_DIR}
script=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
stamp=$(sha256sum <"$script" | cut -d' ' -f1)
mkdir -p "$out"
out=$(cd "$out" && pwd)

exec 9>"$out.lock"
flock 9
if [ "$(cat "$out/.stamp" 2>/dev/null || true)" = "$stamp" ]; then
    exit 0
fi
if [ ! -e "$out/.stamp" ] && [ -n "$(ls -A "$out")" ]; then
    echo "bench.sh: $out holds something else and would be replaced" >&2
    exit 1
fi

work=$out.new
rm -rf "$work"
mkdir -p "$work/hls" "$work/inexact"
cd "$work"
trap 'rm -rf "$work"' EXIT

seconds=600
fps=30
ffmpeg="ffmpeg -hide_banner -loglevel error -y"

# One grey pixel per block and frame: ffmpeg enlarges it to the blocks of the film.
counter() {
    python3 -c '
import sys
for n in range(int(sys.argv[1])):
    sys.stdout.buffer.write(bytes(255 if n >> bit & 1 else 0 for bit in range(16)))
' $((seconds * fps))
}

# About 0.9 Mbit/s with its sound, so that it still plays over 3G. Chunks of a second keep the index in
# front small (0.2 MB), which each joiner loads first. No frame is reordered: in HLS the first one
# would otherwise start late, and frame n not at n/30 s.
counter | $ffmpeg \
    -f lavfi -i "testsrc2=size=640x360:rate=$fps:duration=$seconds" \
    -f rawvideo -pixel_format gray -video_size 16x1 -framerate $fps -i pipe:0 \
    -f lavfi -i "sine=frequency=440:beep_factor=4:sample_rate=48000:duration=$seconds" \
    -filter_complex "[1:v]scale=640:20:flags=neighbor,format=yuv420p[blocks];
        [0:v]format=yuv420p[picture];[picture][blocks]overlay=0:340:format=yuv420[v]" \
    -map '[v]' -map 2:a -c:v libx264 -preset veryfast -crf 23 -maxrate 800k -bufsize 800k \
    -pix_fmt yuv420p -profile:v main -bf 0 -g 60 -keyint_min 60 -sc_threshold 0 \
    -c:a aac -b:a 96k -ac 2 -movflags +faststart -chunk_duration 1000000 film.mp4

# Picture and sound apart: together, the encoder's lead-in of the sound would shift the picture.
hls="-c copy -f hls -hls_time 2 -hls_playlist_type vod -hls_segment_type fmp4 -hls_flags independent_segments"
for stream in v:picture a:sound; do
    name=${stream#*:}
    $ffmpeg -nostdin -i film.mp4 -map "0:${stream%:*}" $hls -hls_fmp4_init_filename "$name-init.mp4" \
        -hls_segment_filename "hls/$name-%03d.m4s" "hls/$name.m3u8"
done
$ffmpeg -nostdin -i film.mp4 -c copy -f hls -hls_time 10 -hls_playlist_type vod \
    -hls_segment_filename 'inexact/film-%02d.ts' inexact/film.m3u8
sed -i 's/^#EXTINF:10\.[0-9]*,/#EXTINF:9,/' inexact/film.m3u8
cat >hls/film.m3u8 <<'M3U8'
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Tone",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="sound.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1000000,RESOLUTION=640x360,FRAME-RATE=30.000,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="sound"
picture.m3u8
M3U8

printf '%s\n' "$stamp" >.stamp
rm -rf "$out"
mv "$work" "$out"
trap - EXIT
