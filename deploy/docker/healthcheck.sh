#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# healthcheck.sh [PORT [HOST]]: succeeds when /readyz of a coordinator or worker answers 200. The images hold no HTTP client.
set -euo pipefail
port=${1:-7071} host=${2:-127.0.0.1}
exec 3<>"/dev/tcp/$host/$port"
printf 'GET /readyz HTTP/1.0\r\nHost: %s\r\n\r\n' "$host" >&3
read -r -t 3 _ status _ <&3
[ "$status" = 200 ]
