#!/bin/sh
# Makes the test media in OUT_DIR with ffmpeg. A second run with the same script does nothing.
#
# The film in hls/ carries its own frame number, so that a test can read from a canvas which frame
# is on screen: 16 blocks along the bottom edge, each width/16 wide and height/18 high, the least
# significant bit at the left, white for 1. Frame n is on screen from n/30 s.
set -eu

out=${1:?usage: make.sh OUT_DIR}
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
    echo "make.sh: $out holds something else and would be replaced" >&2
    exit 1
fi

work=$out.new
rm -rf "$work"
mkdir -p "$work/hls/subs"
cd "$work"
trap 'rm -rf "$work"' EXIT

seconds=120
fps=30
ffmpeg="ffmpeg -hide_banner -loglevel error -nostdin -y"
x264="-c:v libx264 -preset veryfast -pix_fmt yuv420p -profile:v main -bf 0 -g 60 -keyint_min 60 -sc_threshold 0"
hls="-f hls -hls_time 2 -hls_playlist_type vod -hls_segment_type fmp4 -hls_flags independent_segments"

# One grey pixel per block and frame: ffmpeg enlarges it to the blocks of the film.
counter() {
    python3 -c '
import sys
for n in range(int(sys.argv[1])):
    sys.stdout.buffer.write(bytes(255 if n >> bit & 1 else 0 for bit in range(16)))
' $((seconds * fps))
}

film() {
    label="drawtext=font=DejaVu Sans Mono:fontcolor=white:fontsize=56:x=(w-tw)/2:y=120:text='%{pts\\:hms}'"
    second="drawtext=font=DejaVu Sans Mono:fontcolor=white:fontsize=28:x=mod(n*4\\,w):y=40:text='%{frame_num}'"
    counter | ffmpeg -hide_banner -loglevel error -y \
        -f lavfi -i "color=c=0x20405f:size=640x360:rate=$fps:duration=$seconds" \
        -f rawvideo -pixel_format gray -video_size 16x1 -framerate $fps -i pipe:0 \
        -filter_complex "[1:v]scale=640:20:flags=neighbor,format=yuv420p[blocks];
            [0:v]$label,$second[picture];[picture][blocks]overlay=0:340:format=yuv420,split=3[v0][v1][v2];
            [v1]scale=426:240[w1];[v2]scale=256:144[w2]" \
        -map '[v0]' $x264 -b:v 500k -maxrate 600k -bufsize 600k -level 3.0 \
        $hls -hls_fmp4_init_filename 360-init.mp4 -hls_segment_filename hls/360-%03d.m4s hls/360.m3u8 \
        -map '[w1]' $x264 -b:v 250k -maxrate 300k -bufsize 300k -level 2.1 \
        $hls -hls_fmp4_init_filename 240-init.mp4 -hls_segment_filename hls/240-%03d.m4s hls/240.m3u8 \
        -map '[w2]' $x264 -b:v 120k -maxrate 150k -bufsize 150k -level 1.3 \
        $hls -hls_fmp4_init_filename 144-init.mp4 -hls_segment_filename hls/144-%03d.m4s hls/144.m3u8
    $ffmpeg -f lavfi -i "sine=frequency=220:beep_factor=4:sample_rate=48000:duration=$seconds" \
        -ac 2 -c:a aac -b:a 96k \
        $hls -hls_fmp4_init_filename audio-init.mp4 -hls_segment_filename hls/audio-%03d.m4s hls/audio.m3u8
}

# Subtitles: a cue each 2 s that holds its number, in WebVTT segments of 10 s.
subtitles() {
    python3 - "$seconds" <<'PY'
import sys
seconds = int(sys.argv[1])
def clock(s):
    return f"00:{s // 60:02}:{s % 60:02}.000"
for language in ("en", "fr"):
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:10", "#EXT-X-PLAYLIST-TYPE:VOD"]
    for start in range(0, seconds, 10):
        name = f"{language}-{start // 10:03}.vtt"
        lines += ["#EXTINF:10.0,", name]
        with open(f"hls/subs/{name}", "w") as file:
            file.write("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n")
            for cue in range(start, start + 10, 2):
                file.write(f"\n{clock(cue)} --> {clock(cue + 2)}\n{language} {cue // 2}\n")
    lines.append("#EXT-X-ENDLIST")
    with open(f"hls/subs/{language}.m3u8", "w") as file:
        file.write("\n".join(lines) + "\n")
PY
}

master() {
    cat >hls/master.m3u8 <<'M3U8'
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Tone",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="English",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog",URI="subs/en.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="Français",LANGUAGE="fr",DEFAULT=NO,AUTOSELECT=YES,URI="subs/fr.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,FRAME-RATE=30.000,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="sound",SUBTITLES="subs"
360.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=450000,RESOLUTION=426x240,FRAME-RATE=30.000,CODECS="avc1.4d4015,mp4a.40.2",AUDIO="sound",SUBTITLES="subs"
240.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=280000,RESOLUTION=256x144,FRAME-RATE=30.000,CODECS="avc1.4d400d,mp4a.40.2",AUDIO="sound",SUBTITLES="subs"
144.m3u8
M3U8
}

files() {
    $ffmpeg -f lavfi -i "testsrc=size=320x180:rate=30:duration=30" \
        -f lavfi -i "sine=frequency=330:sample_rate=48000:duration=30" \
        $x264 -b:v 150k -c:a aac -b:a 64k -movflags +faststart clip.mp4
    $ffmpeg -i clip.mp4 -c copy tail.mp4
    $ffmpeg -i clip.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof fragmented.mp4
    $ffmpeg -f lavfi -i "testsrc=size=192x108:rate=15:duration=10" \
        -f lavfi -i "sine=frequency=440:sample_rate=48000:duration=10" \
        -c:v libvpx -b:v 100k -deadline realtime -cpu-used 8 -c:a libopus -b:a 32k clip.webm
    printf '<!doctype html>\n<title>A page</title>\n<p>No media here.\n' >page.html
    printf '#EXTM3U\n' >empty.m3u8
    python3 -c 'import random, sys; sys.stdout.buffer.write(random.Random(1).randbytes(65536))' >noise.bin
}

film
subtitles
master
files
printf '%s\n' "$stamp" >.stamp
rm -rf "$out"
mv "$work" "$out"
trap - EXIT
