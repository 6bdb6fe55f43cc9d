#!/usr/bin/env bash
# Makes all of this folder's certificates and keys anew (OpenSSL 3). The authorities' keys are thrown away:
# whoever needs one more certificate makes all of them.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
from=20200101000000Z
until=21200101000000Z

# authority NAME: a certificate that signs others.
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 1 -sha256 \
    -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.first" 2> /dev/null
  # `req` knows no dates of its own: the same once more, by `ca`.
  openssl x509 -x509toreq -in "$work/$1.first" -signkey "$work/$1.key" -out "$work/$1.csr" 2> /dev/null
  sign "$1" "$work/$1.first" "$work/$1.key" $from $until \
    "basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign"
}

# certificate NAME AUTHORITY PURPOSE ALTERNATIVE-NAMES FROM UNTIL: signed by the authority, with its key.
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 -subj "/CN=$1" \
    -keyout "$1.key" -out "$work/$1.csr" 2> /dev/null
  sign "$1" "$2.pem" "$work/$2.key" "$5" "$6" \
    "basicConstraints=critical,CA:false
keyUsage=critical,digitalSignature
extendedKeyUsage=$3
subjectAltName=$4"
}

# sign NAME AUTHORITY-CERTIFICATE AUTHORITY-KEY FROM UNTIL EXTENSIONS
sign() {
  : > "$work/index"
  {
    printf '[ca]\ndefault_ca = one\n[one]\ndatabase = %s\nnew_certs_dir = %s\n' "$work/index" "$work"
    printf 'rand_serial = yes\ndefault_md = sha256\npolicy = any\nx509_extensions = ext\n'
    printf 'unique_subject = no\n[any]\ncommonName = supplied\n[ext]\n%s\n' "$6"
  } > "$work/ca.cnf"
  openssl ca -batch -notext -config "$work/ca.cnf" -cert "$2" -keyfile "$3" -startdate "$4" \
    -enddate "$5" -in "$work/$1.csr" -out "$1.pem" 2> /dev/null
}

here=DNS:localhost,IP:127.0.0.1,IP:::1
authority authority
authority client-authority
certificate server authority serverAuth $here $from $until
certificate renewed authority serverAuth $here $from $until
certificate elsewhere authority serverAuth DNS:elsewhere.example $from $until
certificate expired authority serverAuth $here $from 20210101000000Z
certificate client client-authority clientAuth DNS:client.example $from $until
certificate stranger authority clientAuth DNS:stranger.example $from $until
