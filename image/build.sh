#!/usr/bin/env bash
# Builds the image from the unchanged Dockerfile on a machine that reaches no registry of images: on stand-ins for its
# bases, with buildah, which needs root. Elsewhere `docker build -t mcp-tls-sidecar .` is all: docs/image.md.
# usage: image/build.sh TAG [DIRECTORY [CONTEXT]]: DIRECTORY takes the image as it would be pushed
set -euo pipefail
cd "$(dirname "$0")/.."
tag=$1 directory=${2:-} context=${3:-.}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mcp-tls-sidecar/image
# Of its own: images that somebody works with are not for us to name or remove.
export BUILDAH="buildah --root $cache/storage --runroot $cache/run --storage-driver vfs"
read -ra buildah <<<"$BUILDAH"
base() { sed -n "s/^ARG $1=//p" Dockerfile | head -n 1; }
mkdir -p "$cache"

image/stand-in.sh "$(base BUILD_IMAGE)" "$(base BASE_IMAGE)"

# The image is told what this machine's npm goes by: its settings, the CAs it trusts, and what it has already.
npm_get() { npm config get "$1" 2>/dev/null; }
build=(--isolation chroot --format docker --pull-never --layers=false --force-rm)
build+=(--timestamp "${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" --build-arg "REVISION=$(git rev-parse HEAD)")
build+=(--volume "$(npm_get cache):/root/.npm")
[ -f "$(npm_get userconfig)" ] && build+=(--secret "id=npmrc,src=$(npm_get userconfig)")
for ca in "$(npm_get cafile)" "${NODE_EXTRA_CA_CERTS:-}" /etc/ssl/certs/ca-certificates.crt; do
  if [ -f "$ca" ]; then
    build+=(--secret "id=ca_bundle,src=$ca")
    break
  fi
done
"${buildah[@]}" bud --quiet "${build[@]}" --tag "$tag" "$context"
[ -z "$directory" ] || "${buildah[@]}" push --quiet "$tag" "dir:$directory"
"${buildah[@]}" rmi --force "$tag" >/dev/null
"${buildah[@]}" rmi --prune >/dev/null
