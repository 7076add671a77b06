#!/bin/sh
# Does what is due to the config in a Secret. `replace` carries the resourceVersion that was read: where somebody else
# wrote meanwhile, it fails, and the next run begins anew.
set -eu
umask 077
cd "$(mktemp -d)"
kubectl get secret "$SECRET" -o json > secret.json
cp secret.json before.json
powersync-jwks -c secret.json --entry "$ENTRY" reconcile --yes
cmp -s before.json secret.json && exit 0
kubectl replace -f secret.json
kubectl rollout restart "$WORKLOAD"
