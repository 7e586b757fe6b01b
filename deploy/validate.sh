#!/usr/bin/env bash
# Renders what is in deploy/ and validates it against the schemas of Kubernetes, of the operators and of Compose.
#
#   deploy/validate.sh           all of deploy/
#   deploy/validate.sh DIR...    kustomizations of your own
#   deploy/validate.sh --tools   only has the tools built, and prints the directory that they are in
#
# The tools come through the Go module proxy, pinned, and are built once into a cache: that takes some minutes. With
# LITELLM_CHART (a directory, or oci://docker.litellm.ai/berriai/litellm-helm) the values go to LiteLLM's own chart too.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || { echo 'error: the tools are built by Go, 1.26 or later (https://go.dev/dl)' >&2 && exit 1; }

tools=(
  kustomize=sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
  helm=helm.sh/helm/v3/cmd/helm@v3.22.0
  kubectl-validate=sigs.k8s.io/kubectl-validate@v0.0.4
  compose-spec=github.com/compose-spec/compose-go/v2/cmd@v2.16.2
)
crds=(
  github.com/prometheus-operator/prometheus-operator@v0.85.0/example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml
  github.com/prometheus-operator/prometheus-operator@v0.85.0/example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml
  github.com/cert-manager/cert-manager@v1.21.2/deploy/crds/cert-manager.io_certificates.yaml
  github.com/cert-manager/cert-manager@v1.21.2/deploy/crds/cert-manager.io_issuers.yaml
  github.com/cert-manager/trust-manager@v0.25.0/deploy/crds/trust.cert-manager.io_bundles.yaml
)
# The newest that kubectl-validate 0.0.4 brings along; native sidecars are in it since 1.29.
kubernetes=1.30

# Other pins, another directory: what is there is what was asked for.
pins=$(printf '%s\n' "${tools[@]}" "${crds[@]}" | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mcp-tls-sidecar/deploy-tools-$pins

build() {
  mkdir -p "$cache"
  local entry module temporary
  for entry in "${tools[@]}"; do
    [ -x "$cache/${entry%%=*}" ] && continue
    echo "building ${entry#*=}" >&2
    temporary=$(mktemp -d "$cache/build-XXXXXX")
    GOBIN=$temporary nice go install -trimpath "${entry#*=}"
    mv "$temporary"/* "$cache/${entry%%=*}"
    rmdir "$temporary"
  done
  mkdir -p "$cache/crds"
  for entry in "${crds[@]}"; do
    [ -f "$cache/crds/${entry##*/}" ] && continue
    # The module is all up to and with the version.
    module=${entry%%@*}@$(cut -d@ -f2 <<<"$entry" | cut -d/ -f1)
    temporary=$(go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    install -m 644 "$temporary/${entry#"$module"/}" "$cache/crds/${entry##*/}"
  done
}

render_all() {
  local example
  for example in deploy/kubernetes/{examples/*,monitoring,trust-manager}; do
    kustomize build "$example" >"$rendered/$(basename "$example").yaml"
  done
  local values=(-f deploy/helm/values-litellm.yaml) chart
  for chart in test/deploy/chart ${LITELLM_CHART:+"$LITELLM_CHART"}; do
    helm template litellm "$chart" "${values[@]}" >"$rendered/helm-${chart//[^a-z]/-}.yaml"
    helm template litellm "$chart" "${values[@]}" -f deploy/helm/values-litellm-connect.yaml \
      >"$rendered/helm-connect-${chart//[^a-z]/-}.yaml"
  done
  # Its ${…} are for Compose to fill in, from an .env that is not here.
  (cd deploy/compose && compose-spec -no-interpolation compose.yaml >/dev/null) && echo 'deploy/compose/compose.yaml OK'
}

[ "${1:-}" = --tools ] || echo "tools and schemas: $cache"
build
if [ "${1:-}" = --tools ]; then
  echo "$cache"
  exit
fi
PATH=$cache:$PATH
rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT
if [ $# = 0 ]; then render_all; fi
for directory in "$@"; do kustomize build "$directory" >"$rendered/$(basename "$directory").yaml"; done
kubectl-validate "$rendered" --version "$kubernetes" --local-crds "$cache/crds" 2>&1 |
  sed -e 's/\x1b\[[0-9;]*m//g' -e "s|$rendered/||" -e '/^$/d'
