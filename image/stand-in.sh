#!/usr/bin/env bash
# Makes stand-ins for the two base images of the Dockerfile, under their names, in buildah's storage: for machines that
# reach no registry of images. They hold the same Debian packages and the pinned Node of package.json.
# usage: image/stand-in.sh BUILD_IMAGE BASE_IMAGE (with BUILDAH, a command and its options, in the environment)
set -euo pipefail
cd "$(dirname "$0")/.."
build_image=$1 base_image=$2
read -ra buildah <<<"$BUILDAH"
# The release of Debian that both names carry.
suite=trixie
node=$(node_modules/.bin/node -p process.execPath)
npm=$(realpath "$(dirname "$(realpath "$(command -v npm)")")/..")

# What a stand-in is made of; one that is there already is not made again.
inputs=$({ cat "$0"; "$node" --version; npm --version; } | sha256sum | cut -c1-16)
have() { [ "$("${buildah[@]}" inspect --type image --format '{{index .OCIv1.Config.Labels "stand-in"}}' "$1" 2>/dev/null)" = "$inputs" ]; }
if have "$build_image" && have "$base_image"; then exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# --foreign: the packages are unpacked and not configured, which takes a third of the time; nothing here needs it.
debootstrap --foreign --variant=minbase --include=ca-certificates,libatomic1,libstdc++6,netbase,tzdata \
  "$suite" "$work/debian" >"$work/log" || { tail -n 20 "$work/log"; exit 1; }
packages=$work/debian/var/cache/apt/archives

# As in gcr.io/distroless/cc and its nodejs26: these packages, these two users, and no shell.
root=$work/base
mkdir -p "$root"
for package in base-files netbase tzdata ca-certificates libc6 libgcc-s1 libstdc++6 libatomic1; do
  dpkg-deb -x "$packages/${package}"_*.deb "$root"
done
rm -rf "$root"/usr/sbin/* "$root"/usr/bin/* "$root"/usr/share/{doc,man,info,locale}
mkdir -p "$root/etc/ssl/certs" "$root/nodejs/bin" "$root/home/nonroot" "$root/tmp"
cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
  nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >"$root/etc/passwd"
printf '%s\n' root:x:0: nobody:x:65534: tty:x:5: staff:x:50: nonroot:x:65532: >"$root/etc/group"
chmod 1777 "$root/tmp"
chown -R 65532:65532 "$root/home/nonroot"
cp "$node" "$root/nodejs/bin/node"

# As in docker.io/library/node: Debian, Node and npm.
root=$work/debian
for package in "$packages"/{ca-certificates,libatomic1,libstdc++6,netbase,tzdata}_*.deb; do dpkg-deb -x "$package" "$root"; done
rm -rf "$packages" "$root/debootstrap" "$root/proc" "$root/dev"
mkdir -p "$root/proc" "$root/dev" "$root/usr/local/bin" "$root/usr/local/lib/node_modules" "$root/etc/ssl/certs"
cp "$work/base/etc/passwd" "$work/base/etc/group" "$root/etc/"
cp "$work/base/etc/ssl/certs/ca-certificates.crt" "$root/etc/ssl/certs/"
cp "$node" "$root/usr/local/bin/node"
cp -r "$npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"

commit() {
  local directory=$1 image=$2 container
  shift 2
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" copy --quiet "$container" "$directory" / >/dev/null
  "${buildah[@]}" config --label "stand-in=$inputs" "$@" "$container"
  "${buildah[@]}" commit --quiet --rm --format docker "$container" "$image" >/dev/null
}
commit "$work/base" "$base_image" --user 65532 --workingdir /home/nonroot --entrypoint '["/nodejs/bin/node"]' \
  --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
commit "$work/debian" "$build_image" --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
