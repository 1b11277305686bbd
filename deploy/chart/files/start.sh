#!/bin/sh
# nginx starts without asking for names: it is told here whom to ask later, and what names of this namespace, and of
# services, end in: nginx tries no search domains.
set -eu
servers="" domain=""
while read -r key value rest || [ -n "$key" ]; do
  case "$key" in
    nameserver)
      case "$value" in *:*) value="[$value]" ;; esac
      servers="$servers $value"
      ;;
    search) domain="$value" ;;
  esac
  key=""
done </etc/resolv.conf
{
  echo "resolver ${servers:- 127.0.0.1} valid=10s;"
  echo "resolver_timeout 2s;"
  echo "map '' \$namespace_domain { default '$domain'; }"
  echo "map '' \$services_domain { default '${domain#*.}'; }"
} >/tmp/names.conf
exec nginx -e stderr -c /etc/greenroom/nginx.conf
