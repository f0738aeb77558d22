# Sourced by ./test: one private PostgreSQL in a folder of its own, which ends with the shell that started it, however that ends.

find_postgres() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -V | tail -n 1; }

# The server refuses to run as root.
as_postgres() {
  if [[ $(id -u) -eq 0 ]]; then
    setpriv --reuid=postgres --regid="$(id -g postgres)" --init-groups "$@"
  else
    "$@"
  fi
}

# start_postgres FOLDER [SETTING=VALUE…]: sets postgres_pid and exports RONDO_TEST_POSTGRES.
start_postgres() {
  local bin data=$1/data port try password setting
  postgres_settings=()
  for setting in "${@:2}"; do postgres_settings+=(-c "$setting"); done
  bin=$(find_postgres)
  mkdir -p "$1"
  password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
  (umask 077; printf '%s\n' "$password" >"$1/password")
  if [[ $(id -u) -eq 0 ]]; then chown -R postgres "$1"; fi
  (cd "$1" && as_postgres "$bin/initdb" -D "$data" -U rondo --pwfile="$1/password" --auth=scram-sha-256 \
    --encoding=UTF8 --no-locale) >"$1/initdb.log" 2>&1 || { cat "$1/initdb.log" >&2; return 1; }

  for try in 1 2 3 4 5; do
    # Below the range from which the kernel hands out ports to clients.
    port=$((20000 + RANDOM % 12000))
    start_server "$bin/postgres" "$1" "$data" "$port"
    if wait_for_postgres "$bin" "$port"; then
      export RONDO_TEST_POSTGRES="Host=127.0.0.1;Port=$port;Username=rondo;Password=$password;Database=postgres"
      return 0
    fi
    stop_postgres
  done
  tail -n 20 "$1/server.log" >&2
  return 1
}

# The server dies with this shell even when the shell is killed outright (SIGQUIT: at once).
start_server() {
  local identity=()
  if [[ $(id -u) -eq 0 ]]; then identity=(--reuid=postgres --regid="$(id -g postgres)" --init-groups); fi
  setpriv "${identity[@]}" --pdeathsig QUIT "$1" -D "$3" -p "$4" -k "$2" -c listen_addresses=127.0.0.1 -c fsync=on \
    -c max_connections=200 -c log_min_messages=warning "${postgres_settings[@]}" >"$2/server.log" 2>&1 </dev/null &
  postgres_pid=$!
}

wait_for_postgres() {
  local try
  for ((try = 0; try < 300; try++)); do
    kill -0 "$postgres_pid" 2>/dev/null || return 1
    if "$1/pg_isready" -q -h 127.0.0.1 -p "$2"; then return 0; fi
    sleep 0.1
  done
  return 1
}

stop_postgres() {
  [[ -n ${postgres_pid:-} ]] || return 0
  kill -QUIT "$postgres_pid" 2>/dev/null || true
  wait "$postgres_pid" 2>/dev/null || true
  postgres_pid=
}
