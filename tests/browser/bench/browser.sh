#!/bin/sh
# A browser before other programs and, where BENCH_NAMESPACE is set, in that network namespace: the same process
# throughout, so that whoever starts it still holds its pipes and its end.

# Kernels that schedule by session ignore the niceness of single processes of another one.
[ -z "$BENCH_NICENESS" ] || echo "$BENCH_NICENESS" 2>/dev/null >/proc/self/autogroup
[ -z "$BENCH_NAMESPACE" ] || exec ip netns exec "$BENCH_NAMESPACE" "$BENCH_BROWSER" "$@"
exec "$BENCH_BROWSER" "$@"
