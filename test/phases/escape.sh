#!/bin/sh
# All ways for a command to escape without special rights. Each process writes its pid (in its namespace) to $1.NAME and continues.
F=$1
env -i PATH="$PATH" setsid sh -c 'trap "" TERM HUP; echo $$ > "$0"; while :; do sleep 0.3; done' "$F.env" >/dev/null 2>&1 &
setsid sh -c 'trap "" TERM; exec >/dev/null 2>&1 <&-; echo $$ > "$0"; while :; do sleep 0.3; done' "$F.session" &
sh -c 'echo $$ > "$0"; exec >&- 2>&- <&-; while :; do sleep 0.3; done' "$F.closed" &
env -i PATH="$PATH" setsid sh -c 'sh -c "sleep 0.1; echo \$\$ > $0; while :; do sleep 0.3; done" &' "$F.daemon" >/dev/null 2>&1 &
if [ "$2" = namespace ]; then
  env -i PATH="$PATH" setsid unshare --pid --fork --mount-proc \
    sh -c 'trap "" TERM; echo $$ > "$0"; while :; do sleep 0.3; done' "$F.namespace" >/dev/null 2>&1 &
fi
trap "" TERM
yes "endless output"
