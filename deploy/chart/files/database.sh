# The environment's own PostgreSQL: made when it is not there whole, its one role's password set anew each time, then run.
# The superuser comes in over the socket in this pod alone.
set -eu
umask 077
single() { postgres --single -D "$PGDATA" postgres >/dev/null; }
if [ ! -e "$PGDATA/greenroom-whole" ]; then
  rm -rf "$PGDATA"
  initdb -D "$PGDATA" -U postgres -E UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256 --no-instructions
  echo 'host app app all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  printf '%s\n' 'create role app login' 'create database app owner app' 'revoke all on database app from public' | single
  touch "$PGDATA/greenroom-whole"
fi
chmod 0700 "$PGDATA"
printf "alter role app password '%s'\n" "$VERIFIER" | single
postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp -c shared_buffers=64MB -c max_connections=100 &
server=$!
# Sessions are ended at the end of the pod, not waited for.
trap 'kill -INT $server' TERM INT
code=0
wait $server || code=$?
# A signal ends the waiting, not the server.
if kill -0 $server 2>/dev/null; then code=0; wait $server || code=$?; fi
exit $code
