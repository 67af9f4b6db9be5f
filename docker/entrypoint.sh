#!/bin/sh
# What the container runs.
#
#   (nothing), serve [OPTION…]   make the cache ready with `logocache init`, then serve
#   stats, verify, --version …   any other command or option of logocache, as it is
#   anything else                that program, as it is: `sh`, `chown -R 10001:10001 /app/static/cached_logos`
set -eu

# init does not fail for a missing logo. When it does fail, it has said why in one line, and this ends
# with its exit code: 2 settings, 3 the directory or the database cannot be used.
#
# It runs in the background, because a shell heeds no signal while it waits for a foreground child, and
# the kernel drops signals that process 1 has no handler for. The first signal ends init orderly, the
# second one at once.
make_ready() {
    init=
    told_to_end=
    trap 'told_to_end=yes; end_init' TERM INT HUP
    logocache init &
    init=$!
    [ -z "$told_to_end" ] || end_init
    code=0
    wait "$init" || code=$?
    if [ -n "$told_to_end" ]; then
        # The signal has ended the first wait, not yet init.
        wait "$init" || :
        exit 143
    fi
    trap - TERM INT HUP
    [ "$code" -eq 0 ] || exit "$code"
}

end_init() {
    [ -z "$init" ] || kill -TERM "$init" 2>/dev/null || :
}

asks_for_help() {
    for argument in "$@"; do
        case $argument in -h | --help) return 0 ;; esac
    done
    return 1
}

[ $# -gt 0 ] || set -- serve

case $1 in
    serve)
        asks_for_help "$@" || make_ready
        exec logocache "$@"
        ;;
    init | refresh | stats | list | get | clear | verify | icons | -*)
        exec logocache "$@"
        ;;
    *)
        exec "$@"
        ;;
esac
