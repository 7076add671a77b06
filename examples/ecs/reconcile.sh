#!/bin/sh
# Does what is due to the config in Secrets Manager. The new version becomes the current one only if the version that was
# read is still it: where somebody else wrote meanwhile, the last step fails, and the next run begins anew.
set -eu
umask 077
cd "$(mktemp -d)"
aws secretsmanager get-secret-value --secret-id "$SECRET" --query VersionId --output text > version
aws secretsmanager get-secret-value --secret-id "$SECRET" --version-id "$(cat version)" --query SecretString --output text > config.b64
cp config.b64 before.b64
powersync-jwks -c config.b64 --base64 reconcile --yes
cmp -s before.b64 config.b64 && exit 0
new=$(aws secretsmanager put-secret-value --secret-id "$SECRET" --secret-string file://config.b64 \
    --version-stages AWSPENDING --query VersionId --output text)
aws secretsmanager update-secret-version-stage --secret-id "$SECRET" --version-stage AWSCURRENT \
    --move-to-version-id "$new" --remove-from-version-id "$(cat version)"
aws ecs update-service --cluster "$CLUSTER" --service "$SERVICE" --force-new-deployment --query service.serviceName
