#!/bin/sh
# Renders the sample clip that the page offers for a first party: 60 s of a slow gradient with a clock, the
# frame number and a soft beep every second, as HLS (two renditions, subtitles en and de) and as one MP4.
# Needs ffmpeg with libx264 and Debian's fonts-dejavu-core. Run it once; its output is committed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../public/sample}
fonts=/usr/share/fonts/truetype/dejavu
seconds=60
fps=25
segment=6

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$out"
mkdir -p "$out/360p" "$out/180p" "$out/en" "$out/de"

# The bar fills once a second, so that two screens side by side can be compared at a glance.
bar="drawbox=x=120:y=266:w=400:h=3:color=white@0.18:t=fill"
for step in 0 1 2 3 4 5 6 7 8 9; do
    x=$((120 + step * 40))
    bar="$bar,drawbox=x=$x:y=266:w=40:h=3:color=white@0.85:t=fill:enable='gte(mod(n\,$fps)\,$step*2.5)'"
done

text() { # size, font, colour, x, y, text
    printf "drawtext=fontfile=%s/%s:fontsize=%s:fontcolor=%s:x=%s:y=%s:text='%s'" "$fonts" "$2" "$1" "$3" "$4" "$5" "$6"
}
clock='%{eif\:floor(n/'$fps'/60)\:d\:2}\:%{eif\:mod(floor(n/'$fps')\,60)\:d\:2}.%{eif\:floor(mod(n\,'$fps')*10/'$fps')\:d}'

# Three slow lights over indigo, rendered small, then scaled up and blurred: cheap, and free of banding.
light() { # radius, centre x, centre y
    printf 'exp(-((X-48-%s)^2+(Y-27-%s)^2)/%s)' "$2" "$3" "$1"
}
rose=$(light 700 '38*sin(T/9)' '20*cos(T/7)')
teal=$(light 900 '42*cos(T/11+1)' '22*sin(T/8)')
amber=$(light 420 '36*sin(T/13+4)' '24*sin(T/6+2)')

ffmpeg -hide_banner -loglevel error -y \
    -f lavfi -i "color=black:s=96x54:r=$fps:d=$seconds" \
    -f lavfi -i "sine=frequency=523.25:sample_rate=44100:duration=$seconds" \
    -filter_complex "
        [0:v]format=gbrp,geq=r='26+150*$rose+90*$amber':g='22+30*$rose+105*$teal+50*$amber':b='58+85*$rose+95*$teal+10*$amber',
        scale=640:360:flags=bicubic,format=yuv420p,gblur=sigma=6,
        $(text 96 DejaVuSansMono-Bold.ttf white '(w-text_w)/2' 138 "$clock"),
        $bar,
        $(text 16 DejaVuSansMono.ttf white@0.75 '(w-text_w)/2' 284 'frame %{frame_num}'),
        $(text 15 DejaVuSans-Bold.ttf white@0.85 24 24 'Playhead'),
        $(text 15 DejaVuSans.ttf white@0.6 'w-text_w-24' 24 'sample clip')[v];
        [1:a]volume='0.10*if(lt(mod(t,1),0.12),sin(PI*mod(t,1)/0.12),0)':eval=frame,
        aformat=channel_layouts=mono[a]" \
    -map '[v]' -map '[a]' -t $seconds -c:v ffv1 -c:a pcm_s16le "$work/master.mkv"

# No B-frames: they would shift the first frame of the fragmented rendition away from zero.
encode() { # height, constant quality, video ceiling in kbit/s
    ffmpeg -hide_banner -loglevel error -y -i "$work/master.mkv" \
        -vf "scale=-2:$1:flags=lanczos" -c:v libx264 -preset veryslow -profile:v main -crf "$2" -maxrate "$3k" -bufsize "$(($3 * 2))k" \
        -pix_fmt yuv420p -g $((fps * 2)) -keyint_min $((fps * 2)) -sc_threshold 0 -bf 0 -threads 1 \
        -c:a aac -b:a 32k -ac 1 -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
        -movflags +faststart "$work/$1.mp4"
}
encode 360 28 300
encode 180 30 130
cp "$work/360.mp4" "$out/clip.mp4"

# The encoder's priming packet lies before zero and would delay the picture by 23 ms, so it is dropped.
for height in 360 180; do
    ffmpeg -hide_banner -loglevel error -y -i "$work/$height.mp4" -c copy -bsf:a "noise=amount=0:drop='lt(n,1)'" -fflags +bitexact \
        -f hls -hls_time $segment -hls_playlist_type vod -hls_segment_type fmp4 -hls_flags independent_segments \
        -hls_fmp4_init_filename init.mp4 -hls_segment_filename "$out/${height}p/%02d.m4s" "$out/${height}p/index.m3u8"
done

ffmpeg -hide_banner -loglevel error -y -ss 12.4 -i "$work/master.mkv" -frames:v 1 -q:v 5 -fflags +bitexact "$out/poster.jpg"

# A cue every four seconds, so that a change of track shows soon.
subtitles() { # language; one cue per line on standard input
    {
        printf 'WEBVTT\n'
        at=0
        while IFS= read -r line; do
            printf '\n%02d:%02d.000 --> %02d:%02d.800\n%s\n' $((at / 60)) $((at % 60)) $(((at + 3) / 60)) $(((at + 3) % 60)) "$line"
            at=$((at + 4))
        done
    } >"$out/$1/subtitles.vtt"
    printf '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:%d.0,\nsubtitles.vtt\n#EXT-X-ENDLIST\n' \
        $seconds $seconds >"$out/$1/index.m3u8"
}
subtitles en <"$here/en.txt"
subtitles de <"$here/de.txt"

cat >"$out/clip.m3u8" <<'MASTER'
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="English",LANGUAGE="en",AUTOSELECT=YES,DEFAULT=NO,URI="en/index.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="Deutsch",LANGUAGE="de",AUTOSELECT=YES,DEFAULT=NO,URI="de/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=320000,AVERAGE-BANDWIDTH=200000,RESOLUTION=640x360,FRAME-RATE=25.000,CODECS="avc1.4d401e,mp4a.40.2",SUBTITLES="text"
360p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=160000,AVERAGE-BANDWIDTH=100000,RESOLUTION=320x180,FRAME-RATE=25.000,CODECS="avc1.4d400d,mp4a.40.2",SUBTITLES="text"
180p/index.m3u8
MASTER

find "$out" -type f -exec cat {} + | wc -c
