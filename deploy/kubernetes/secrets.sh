#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# secrets.sh FOLDER [NAMESPACE]: makes an authority, one certificate for coordinator, workers and clients, and a token, valid
# for a year. NAMESPACE (default: basisbench) is part of the workers' names: a wildcard must not stand before a single label.
# Prints the commands that store them in Kubernetes; the authority's key (ca.key) stays with you. With cert-manager, ask for
# a certificate with the same names instead.
set -euo pipefail
folder=${1:?usage: secrets.sh FOLDER [NAMESPACE]} namespace=${2:-basisbench}
mkdir -p "$folder"
[ ! -e "$folder/ca.key" ] || { echo "secrets.sh: $folder holds an authority already" >&2; exit 1; }
cd "$folder"
umask 077

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 366 -subj /CN=basisbench-authority -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=basisbench -keyout tls.key -out tls.csr 2>/dev/null
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -out tls.crt -extfile <(
  echo "subjectAltName=DNS:basisbench-coordinator,DNS:*.basisbench-worker.$namespace.svc,DNS:localhost,IP:127.0.0.1"
  echo "extendedKeyUsage=serverAuth,clientAuth"
) 2>/dev/null
rm -f tls.csr ca.srl
openssl rand -hex 32 >token

cat <<TEXT
kubectl -n $namespace create secret generic basisbench-tls --from-file=$PWD/tls.crt --from-file=$PWD/tls.key --from-file=$PWD/ca.crt
kubectl -n $namespace create secret generic basisbench-token --from-file=$PWD/token
TEXT
