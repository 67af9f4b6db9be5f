#!/bin/sh
# Tries an image as it is meant to run: not root, nothing writable but the volume and /tmp, no network.
#
#   docker/try.sh logocache:latest
#
# Ends with 0 when all of it is so, and takes away the containers and volumes that it made.
set -eu

image=$1
name=logocache-try-$$
volume=$name-logos
trap 'docker rm --force "$name" >/dev/null 2>&1 || :; docker volume rm "$volume" >/dev/null 2>&1 || :' EXIT

fail() {
    echo "try: $1" >&2
    exit 1
}

start() {
    docker run --detach --name "$name" --network none --read-only --tmpfs /tmp --cap-drop ALL \
        --security-opt no-new-privileges --volume "$volume:/app/static/cached_logos" "$image" >/dev/null
}

wait_until_healthy() {
    for _ in $(seq 120); do
        case $(docker inspect --format '{{.State.Status}} {{.State.Health.Status}}' "$name") in
            "running healthy") return ;;
            exited*) docker logs "$name" >&2 && fail "the container ended" ;;
        esac
        sleep 1
    done
    docker logs "$name" >&2
    fail "not healthy after two minutes"
}

stop() {
    before=$(date +%s)
    docker stop --time 10 "$name" >/dev/null
    took=$(($(date +%s) - before))
    code=$(docker inspect --format '{{.State.ExitCode}}' "$name")
    [ "$code" -eq 0 ] || fail "SIGTERM: exit code $code"
    [ "$took" -le 5 ] || fail "SIGTERM: $took seconds"
    docker rm "$name" >/dev/null
}

fetched() {
    docker exec "$name" logocache list --json | grep -o '"fetched_at": *"[^"]*"'
}

docker volume create "$volume" >/dev/null

echo "try: a first start on an empty volume"
start
wait_until_healthy
[ "$(docker exec "$name" id -u)" -eq 10001 ] || fail "it does not run as user 10001"
docker exec "$name" sh -c 'ls "$LOGO_CACHE_DIR"/*.png' >/dev/null || fail "no logos"
docker exec "$name" logocache verify --fail-on warning || fail "verify"
first=$(fetched) || fail "nothing was fetched"
stop

echo "try: a second start, which has nothing to fetch"
start
wait_until_healthy
[ "$first" = "$(fetched)" ] || fail "the second start fetched again"
stop

echo "try: a volume of somebody else"
docker run --rm --user 0 --volume "$volume:/app/static/cached_logos" "$image" \
    chown -R 0:0 /app/static/cached_logos
code=0
said=$(docker run --rm --volume "$volume:/app/static/cached_logos" "$image" 2>&1) || code=$?
[ "$code" -eq 3 ] || fail "exit code $code instead of 3"
case $said in *"chown -R 10001:10001 /app/static/cached_logos"*) ;; *) fail "no chown in: $said" ;; esac

echo "try: all is well"
