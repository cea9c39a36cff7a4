#!/bin/sh
# coturn with the secret from FER_TURN_SECRET in a configuration that its own user alone can read:
# `ps` shows a command line to everyone on the host. The arguments are coturn's.
set -eu
config=$(mktemp)
cat "$(dirname "$0")/turnserver.conf" >"$config"
printf 'static-auth-secret=%s\n' "$FER_TURN_SECRET" >>"$config"
unset FER_TURN_SECRET
exec turnserver -c "$config" "$@"
