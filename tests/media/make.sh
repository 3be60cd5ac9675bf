#!/bin/sh
# Makes the test media in OUT_DIR with ffmpeg. A second run with the same scripts does nothing.
#
# The film in hls/ carries its own frame number, so that a test can read from a canvas which frame
# is on screen: 16 blocks along the bottom edge, each width/16 wide and height/18 high, the least
# significant bit at the left, white for 1. Frame n is on screen from n/30 s. So do the films in
# inexact/, whose playlists tell nominal durations.
set -eu

out=${1:?usage: make.sh OUT_DIR}
folder=$(cd "$(dirname "$0")" && pwd)
stamp=$(cat "$folder/$(basename "$0")" "$folder/containers.sh" | sha256sum | cut -d' ' -f1)
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
' "$1"
}

film() {
    label="drawtext=font=DejaVu Sans Mono:fontcolor=white:fontsize=56:x=(w-tw)/2:y=120:text='%{pts\\:hms}'"
    second="drawtext=font=DejaVu Sans Mono:fontcolor=white:fontsize=28:x=mod(n*4\\,w):y=40:text='%{frame_num}'"
    counter $((seconds * fps)) | ffmpeg -hide_banner -loglevel error -y \
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
    # The film again, as one file with its sound and as one without any.
    $ffmpeg -i hls/360.m3u8 -i hls/audio.m3u8 -map 0:v -map 1:a -c copy -movflags +faststart film.mp4
    $ffmpeg -i film.mp4 -map 0:v -c copy -movflags +faststart silent.mp4
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
    printf '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nnot-here.ts\n#EXT-X-ENDLIST\n' >missing.m3u8
    python3 -c 'import random, sys; sys.stdout.buffer.write(random.Random(1).randbytes(65536))' >noise.bin
}

# counted FRAMES RATE WIDTH HEIGHT OUT OPTION…: a small film that shows little but its frame numbers.
counted() {
    frames=$1 rate=$2 width=$3 height=$4 out_file=$5
    shift 5
    counter "$frames" | ffmpeg -hide_banner -loglevel error -y \
        -f rawvideo -pixel_format gray -video_size 16x1 -framerate "$rate" -i pipe:0 \
        -f lavfi -i "sine=frequency=330:sample_rate=48000" \
        -filter_complex "[0:v]scale=$width:$((height / 18)):flags=neighbor,format=yuv420p,
            pad=$width:$height:0:oh-ih:color=0x40205f[v]" \
        -map '[v]' -map 1:a -shortest -pix_fmt yuv420p -c:v libx264 -sc_threshold 0 "$@" \
        -c:a aac -b:a 64k "$out_file"
}

# The films in inexact/, of which players that began at different places once showed different pictures:
# ts, fmp4   pieces of 3.4 s, told as 3 s: 30 of them, 102 s
# long       the same fragmented MP4, told as 4 s
# half       the same, told as 1.7 s
# aes        the same transport streams, encrypted
# ntsc       29.97 pictures per second, ten minutes in pieces of 10.01 s, told as 10 s
# cuts       three parts of 34 s, each with timestamps of its own; told right in all, but not piece by piece
# edits.mp4  a file that begins in the middle of a group of pictures, by its edit list
# twenty     20 s as MP4 with its index in front and as Matroska, which tests shorten or let tell other lengths
inexact() {
    mkdir inexact
    pieces="-c copy -f hls -hls_playlist_type vod -hls_list_size 0"
    counted 3060 30 256 144 inexact/whole.mp4 -preset veryfast -crf 22 -bf 2 -g 102 -keyint_min 102
    $ffmpeg -i inexact/whole.mp4 $pieces -hls_time 3.4 -hls_segment_filename inexact/ts-%02d.ts inexact/ts.m3u8
    $ffmpeg -i inexact/whole.mp4 $pieces -hls_time 3.4 -hls_segment_type fmp4 -hls_fmp4_init_filename fmp4-init.mp4 \
        -hls_segment_filename inexact/fmp4-%02d.m4s inexact/fmp4.m3u8
    printf 'a key of 16 byte' >inexact/aes.key
    printf 'aes.key\ninexact/aes.key\n' >aes.info
    $ffmpeg -i inexact/whole.mp4 $pieces -hls_time 3.4 -hls_key_info_file aes.info \
        -hls_segment_filename inexact/aes-%02d.ts inexact/aes.m3u8
    rm aes.info
    counted 18000 30000/1001 128 72 inexact/ntsc.mp4 -preset ultrafast -crf 20 -g 300 -keyint_min 300
    $ffmpeg -i inexact/ntsc.mp4 $pieces -hls_time 10.01 -hls_segment_filename inexact/ntsc-%02d.ts inexact/ntsc.m3u8
    sed -i 's/^#EXTINF:3\.[0-9]*,/#EXTINF:3,/' inexact/ts.m3u8 inexact/fmp4.m3u8 inexact/aes.m3u8
    sed 's/^#EXTINF:3,/#EXTINF:4,/; s/^#EXT-X-TARGETDURATION:3/#EXT-X-TARGETDURATION:4/' \
        inexact/fmp4.m3u8 >inexact/long.m3u8
    sed 's/^#EXTINF:3,/#EXTINF:1.7,/' inexact/fmp4.m3u8 >inexact/half.m3u8
    sed -i 's/^#EXTINF:10\.[0-9]*,/#EXTINF:10,/' inexact/ntsc.m3u8
    $ffmpeg -ss 2 -i inexact/whole.mp4 -t 60 -c copy -movflags +faststart inexact/edits.mp4
    $ffmpeg -i inexact/whole.mp4 -t 20 -c copy -movflags +faststart inexact/twenty.mp4
    $ffmpeg -i inexact/whole.mp4 -t 20 -c copy inexact/twenty.mkv
    for part in 0 1 2; do
        $ffmpeg -ss $((part * 34)) -i inexact/whole.mp4 -t 34 $pieces -hls_time 3.4 \
            -hls_segment_filename "inexact/cut$part-%02d.ts" "inexact/cut$part.m3u8"
    done
    python3 - <<'PY'
lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:4", "#EXT-X-PLAYLIST-TYPE:VOD"]
for part in range(3):
    pieces = [line for line in open(f"inexact/cut{part}.m3u8").read().split("\n") if line.endswith(".ts")]
    if part > 0:
        lines.append("#EXT-X-DISCONTINUITY")
    for number, piece in enumerate(pieces[:10]):
        lines += [f"#EXTINF:{4 if number % 5 in (2, 4) else 3},", piece]
open("inexact/cuts.m3u8", "w").write("\n".join(lines + ["#EXT-X-ENDLIST"]) + "\n")
PY
    rm inexact/whole.mp4 inexact/ntsc.mp4 inexact/cut[0-2].m3u8
}

film
subtitles
master
files
inexact
"$folder/containers.sh" "$work/containers"
printf '%s\n' "$stamp" >.stamp
rm -rf "$out"
mv "$work" "$out"
trap - EXIT
