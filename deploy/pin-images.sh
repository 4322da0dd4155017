#!/bin/sh
# Hold each image that the Dockerfile, docker-compose.yml and deploy/k8s name to the digest that its tag
# has in its registry now. Needs docker with buildx, and the network; run it before a release.
set -eu
cd "$(dirname "$0")/.."
named='^(FROM|[[:space:]]*image:)[[:space:]]+([a-z0-9./-]+:[A-Za-z0-9._-]+)(@sha256:[0-9a-f]{64})?([[:space:]].*)?$'
for file in $(grep -rlE "$named" Dockerfile docker-compose.yml deploy/k8s); do
  for image in $(sed -nE "s,$named,\2,p" "$file" | sort -u); do
    digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}')
    printf '%s\n' "$digest" | grep -qE '^sha256:[0-9a-f]{64}$' || {
      echo "$file: the registry gave no digest for $image; nothing of it was changed." >&2
      exit 1
    }
    changed=$(sed -E "s,^((FROM|[[:space:]]*image:)[[:space:]]+$image)(@sha256:[0-9a-f]{64})?([[:space:]].*)?\$,\1@$digest\4," "$file")
    printf '%s\n' "$changed" >"$file"
    echo "$file: $image@$digest"
  done
done
