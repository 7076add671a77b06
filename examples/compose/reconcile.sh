#!/bin/sh
# Does what is due, and restarts the service if its config changed. Run it where compose.yaml is.
set -eu
before=$(cksum powersync.yaml)
powersync-jwks reconcile --yes --env-file .env
[ "$before" = "$(cksum powersync.yaml)" ] || docker compose up -d --force-recreate powersync
