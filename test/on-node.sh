#!/usr/bin/env bash
# The tests on another version of Node, which comes from npm: test/on-node.sh <version> [what `npm test` takes after --]
set -euo pipefail
version=${1:?which version of Node, such as 22?}
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command='node --version && exec npm test'
if (($# > 0)); then command+=" --$(printf ' %q' "$@")"; fi
# npx puts that node first in PATH, where npm and every process of a test find it. Its own settings, which it hands down in the
# environment, are not for the npm and npx in there.
exec npx --yes --package="node@$version" --call "unset npm_config_package npm_config_call; $command"
