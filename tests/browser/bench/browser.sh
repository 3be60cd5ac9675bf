#!/bin/sh
# Runs a browser with priority and, if BENCH_NAMESPACE is set, in that network namespace. It stays the same process, so
# that the parent keeps its pipes and can end it.

# Kernels that schedule by session ignore the niceness of single processes in another session.
[ -z "$BENCH_NICENESS" ] || echo "$BENCH_NICENESS" 2>/dev/null >/proc/self/autogroup
[ -z "$BENCH_NAMESPACE" ] || exec ip netns exec "$BENCH_NAMESPACE" "$BENCH_BROWSER" "$@"
exec "$BENCH_BROWSER" "$@"
