#!/bin/sh
# Makes the tiny files of every container and codec in OUT_DIR with ffmpeg: 64 × 36 pixels, 2 s, 25 frames a second.
# `make.sh` calls it. Variants that no tool writes are made from these byte by byte, where they are tested.
set -eu

out=${1:?usage: containers.sh OUT_DIR}
mkdir -p "$out/essence"
cd "$out"
ffmpeg="ffmpeg -hide_banner -loglevel error -nostdin -y -threads 1 -fflags +bitexact"

# ---- one encoding of each codec, from which the files are put together

picture="-f lavfi -i testsrc=size=64x36:rate=25:duration=2,format=yuv420p"
sound="-f lavfi -i sine=frequency=330:sample_rate=48000:duration=2,aformat=channel_layouts=stereo"
$ffmpeg $picture \
    -map 0 -c:v libx264 -preset ultrafast -g 25 -bf 0 essence/h264.mkv \
    -map 0 -c:v libx264 -preset veryfast -g 25 -bf 2 essence/h264b.mp4 \
    -map 0 -c:v libx265 -preset ultrafast -x265-params log-level=none:ctu=16 essence/hevc.mp4 \
    -map 0 -c:v libaom-av1 -usage realtime -cpu-used 8 essence/av1.mkv \
    -map 0 -c:v libvpx -deadline realtime -cpu-used 8 essence/vp8.mkv \
    -map 0 -c:v libvpx-vp9 -deadline realtime -cpu-used 8 essence/vp9.mkv \
    -map 0 -c:v mpeg4 essence/mpeg4.mkv -map 0 -c:v mpeg2video essence/mpeg2.mkv \
    -map 0 -c:v mjpeg -pix_fmt yuvj420p essence/mjpeg.mkv -map 0 -c:v libtheora essence/theora.ogv \
    -map 0 -c:v prores -pix_fmt yuv422p10le essence/prores.mov
$ffmpeg $sound \
    -map 0 -c:a aac -b:a 32k essence/aac.mkv -map 0 -c:a ac3 -b:a 64k essence/ac3.mkv \
    -map 0 -c:a eac3 -b:a 64k essence/eac3.mkv -map 0 -c:a dca -strict -2 -b:a 320k essence/dts.mkv \
    -map 0 -c:a libopus -b:a 32k essence/opus.mkv -map 0 -c:a libvorbis essence/vorbis.mkv \
    -map 0 -c:a flac essence/flac.mkv -map 0 -c:a libmp3lame -b:a 64k essence/mp3.mkv \
    -map 0 -c:a mp2 -b:a 64k essence/mp2.mkv -map 0 -c:a alac essence/alac.mov \
    -map 0 -c:a pcm_s16le essence/pcm.mov -map 0 -c:a truehd -strict -2 essence/truehd.mkv \
    -map 0 -c:a libspeex -ar 16000 -ac 1 essence/speex.ogg

# join FILE ESSENCE… [-- OPTIONS…]: copies tracks into one file.
join() {
    file=$1
    inputs= maps= count=0
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        inputs="$inputs -i essence/$1" maps="$maps -map $count"
        count=$((count + 1))
        shift
    done
    [ $# -eq 0 ] || shift
    $ffmpeg $inputs $maps -c copy -strict -2 "$@" "$file"
}

# ---- MP4 and QuickTime

front="-movflags +faststart"
join h264-aac.mp4 h264.mkv aac.mkv -- $front
join end.mp4 h264.mkv aac.mkv
join bframes.mp4 h264b.mp4 aac.mkv -- $front
join hvc1.mp4 hevc.mp4 aac.mkv -- $front -tag:v hvc1
join hev1.mp4 hevc.mp4 -- $front -tag:v hev1
join av1.mp4 av1.mkv opus.mkv -- $front
join vp9.mp4 vp9.mkv flac.mkv -- $front
join mpeg4.mp4 mpeg4.mkv mp3.mkv -- $front
join mpeg2.mp4 mpeg2.mkv -- $front
join ac3.mp4 h264.mkv ac3.mkv -- $front
join eac3.mp4 h264.mkv eac3.mkv -- $front
join dts.mp4 h264.mkv dts.mkv -- $front
join three.mp4 h264.mkv aac.mkv ac3.mkv opus.mkv -- $front
join sound.m4a aac.mkv -- $front
join alac.m4a alac.mov -- $front
join h264-pcm.mov h264.mkv pcm.mov
join h264-aac.mov h264.mkv aac.mkv
join prores.mov prores.mov pcm.mov
join mjpeg.mov mjpeg.mkv
# Sound that begins half a second late, a film that begins in the middle of its first second.
$ffmpeg -i essence/h264.mkv -itsoffset 0.5 -i essence/aac.mkv -map 0 -map 1 -c copy $front late-sound.mp4
$ffmpeg -ss 0.52 -i bframes.mp4 -map 0 -c copy $front trimmed.mp4
join fragmented.mp4 h264.mkv aac.mkv -- -movflags frag_keyframe+empty_moov+default_base_moof
join fragmented-index.mp4 h264.mkv aac.mkv -- -movflags frag_keyframe+empty_moov+default_base_moof+global_sidx
join fragmented-dash.mp4 h264.mkv aac.mkv -- -movflags dash+frag_keyframe+empty_moov+default_base_moof
join encrypted.mp4 h264.mkv aac.mkv -- $front -encryption_scheme cenc-aes-ctr \
    -encryption_key 0123456789abcdef0123456789abcdef -encryption_kid 0123456789abcdef0123456789abcdef
# Ten minutes, whose tables are far longer than what is read.
$ffmpeg -stream_loop 299 -i h264-aac.mp4 -map 0 -c copy $front long.mp4

# ---- WebM and Matroska

join vp8-vorbis.webm vp8.mkv vorbis.mkv
join vp9-opus.webm vp9.mkv opus.mkv
join av1-opus.webm av1.mkv opus.mkv
join opus.weba opus.mkv -- -f webm
join live.webm vp9.mkv opus.mkv -- -f webm -live 1
join h264-aac.mkv h264.mkv aac.mkv
join hevc-ac3.mkv hevc.mp4 ac3.mkv
join h264-ac3.mkv h264.mkv ac3.mkv
join h264-eac3.mkv h264.mkv eac3.mkv
join h264-dts.mkv h264.mkv dts.mkv
join h264-dts-aac.mkv h264.mkv dts.mkv aac.mkv
join h264-truehd.mkv h264.mkv truehd.mkv
join mpeg4-mp3.mkv mpeg4.mkv mp3.mkv
join mpeg2-mp2.mkv mpeg2.mkv mp2.mkv
join flac.mka flac.mkv

# ---- sound alone

join theora-vorbis.ogv theora.ogv vorbis.mkv
join vorbis.ogg vorbis.mkv
join opus.opus opus.mkv
join flac.oga flac.mkv
join speex.ogg speex.ogg
join flac.flac flac.mkv
join constant-bare.mp3 mp3.mkv -- -write_xing 0 -id3v2_version 0
join mp2.mp2 mp2.mkv
join aac.aac aac.mkv -- -f adts
join wav.wav pcm.mov
$ffmpeg $sound -c:a libmp3lame -b:a 64k constant.mp3 -c:a libmp3lame -q:a 6 variable.mp3 -c:a libmp3lame -q:a 6 -write_xing 0 variable-bare.mp3 \
    -c:a pcm_s24le wav24.wav -c:a pcm_alaw alaw.wav -c:a pcm_f32le float.wav -c:a pcm_s16le -rf64 always rf64.wav
# A cover of 20 kB in front of the sound.
$ffmpeg -f lavfi -i "nullsrc=size=160x90:duration=0.04,geq=random(1)*255:128:128" -frames:v 1 essence/cover.png
$ffmpeg $sound -i essence/cover.png -map 0 -map 1 -c:a libmp3lame -b:a 64k -c:v copy -id3v2_version 3 \
    -disposition:v attached_pic cover.mp3
# Long enough for a party that listens to it.
$ffmpeg -f lavfi -i "sine=frequency=220:beep_factor=4:sample_rate=44100:duration=30" -c:a libmp3lame -q:a 7 party.mp3
$ffmpeg -f lavfi -i "testsrc=size=64x36:rate=25:duration=30" -f lavfi -i "sine=frequency=330:duration=30" -pix_fmt yuv420p \
    -c:v libx264 -preset ultrafast -g 50 -c:a ac3 -b:a 64k $front party-ac3.mp4

# ---- what browsers don't play at all

join film.avi mpeg4.mkv mp3.mkv
join film.flv h264.mkv aac.mkv
join film.ts h264.mkv aac.mkv
join film.wmv mpeg4.mkv mp3.mkv -- -f asf
join film.mpg mpeg2.mkv mp2.mkv -- -f mpeg
$ffmpeg $sound -c:a pcm_s16be sound.aiff
rm -r essence
