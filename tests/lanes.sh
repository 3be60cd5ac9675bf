# Stages and lanes of tests/run.sh, which sources this: a stage is timed, a lane runs beside others.

set -m # Each lane is a process group of its own, which a signal reaches as a whole.

lanes_directory=$(mktemp -d)
touch "$lanes_directory/times"
declare -A lane_of=()
# Every process of this run carries this in its environment.
export PLAYHEAD_TEST_RUN=$$-$SRANDOM

# Runs a command and notes how many seconds it took and when it began, in seconds since the start.
stage() {
  local name=$1 began=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  # What fails in here ends this shell, and its trap tells which stage that was.
  stage_name=$name stage_began=$began
  "$@"
  stage_name=
  note_stage "$name" "$began"
}

note_stage() {
  printf '%5d s  from %5d s  %s\n' $((SECONDS - $2)) "$2" "$1" >>"$lanes_directory/times"
}

# Of a shell that ends: notes the stage that it was in, which failed or was stopped.
note_failed_stage() {
  [ -z "${stage_name:-}" ] || note_stage "$stage_name: ${stage_end:-FAILED}" "$stage_began"
}

# Starts a function in the background. What it prints is kept until it ends.
start_lane() {
  local name=$1
  shift
  (
    trap note_failed_stage EXIT
    trap 'stage_end=stopped; exit 143' TERM
    "$@"
  ) >"$lanes_directory/$name.log" 2>&1 &
  lane_of[$!]=$name
}

# Waits until these lanes have ended and prints the log of each as it ends; the first that fails ends the run.
await_lanes() {
  local wanted=" $* " waited pid status
  while :; do
    waited=()
    for pid in "${!lane_of[@]}"; do
      [[ $wanted != *" ${lane_of[$pid]} "* ]] || waited+=("$pid")
    done
    [ ${#waited[@]} -gt 0 ] || return 0
    status=0
    wait -n -p pid "${waited[@]}" || status=$?
    cat "$lanes_directory/${lane_of[$pid]}.log"
    unset "lane_of[$pid]"
    [ "$status" -eq 0 ] || exit "$status"
  done
}

# Ends what is still running: lanes that nobody waits for any more, and what tests have left behind.
end_lanes() {
  local pid
  for pid in "${!lane_of[@]}"; do
    kill -TERM -- "-$pid" 2>/dev/null || true
  done
  for pid in "${!lane_of[@]}"; do
    wait "$pid" 2>/dev/null || true
    printf '\n-- %s was stopped; so far it printed:\n' "${lane_of[$pid]}"
    cat "$lanes_directory/${lane_of[$pid]}.log"
  done
  for _ in {1..50}; do
    [ -n "$(processes_of_this_run)" ] || return 0
    sleep 0.1
  done
  echo "processes were left behind and are ended:" >&2
  for pid in $(processes_of_this_run); do
    tr '\0' ' ' <"/proc/$pid/cmdline" >&2 || continue
    echo >&2
    kill -KILL "$pid" 2>/dev/null || true
  done
}

processes_of_this_run() {
  PLAYHEAD_TEST_RUN='' grep -lzsx "PLAYHEAD_TEST_RUN=$PLAYHEAD_TEST_RUN" /proc/[0-9]*/environ | cut -d/ -f3 || true
}

# Prints the seconds of every stage, in the order in which they began.
print_times() {
  printf '\nseconds per stage\n'
  sort -k4n -s "$lanes_directory/times"
  printf '%5d s  in all\n' "$SECONDS"
}
