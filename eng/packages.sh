# Sourced by ./test: what the tests need besides the SDK. Each line says how to see that it is there and which Debian package brings it.

# Debian's modules belong to Debian's python3, which need not be the first in PATH.
missing_packages() {
  [[ -n $(find_postgres) ]] || echo postgresql
  [[ -x /usr/sbin/pgbouncer ]] || echo pgbouncer
  /usr/bin/python3 -c 'import pymodbus' 2>/dev/null || echo python3-pymodbus
  # Only recommended by pymodbus, but its server does not load without it.
  /usr/bin/python3 -c 'import serial_asyncio' 2>/dev/null || echo python3-serial-asyncio
  [[ -f /usr/include/modbus/modbus.h ]] || echo libmodbus-dev
  command -v gcc >/dev/null || echo gcc
  [[ -f /usr/include/stdio.h ]] || echo libc6-dev
  command -v mbpoll >/dev/null || echo mbpoll
  command -v redis-server >/dev/null || echo redis-server
  command -v sqlite3 >/dev/null || echo sqlite3
  command -v promtool >/dev/null || echo prometheus
  command -v ip >/dev/null || echo iproute2
  compgen -G '/usr/lib/*-linux-gnu/faketime/libfaketimeMT.so.1' >/dev/null || echo faketime
  command -v systemd-analyze >/dev/null || echo systemd
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
}

# Installs what is missing where that is permitted; sets $missing to what is missing still.
install_packages() {
  mapfile -t missing < <(missing_packages)
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
    echo "installing: ${missing[*]}"
    # RUNLEVEL: a package must not start its own server, the tests start theirs.
    if ! { apt-get update -q && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } \
      >"$temp/apt.log" 2>&1 </dev/null; then
      tail -n 15 "$temp/apt.log"
      echo "apt-get could not install all of it"
    fi
    mapfile -t missing < <(missing_packages)
  fi
  if [[ ${#missing[@]} -gt 0 ]]; then
    echo "missing packages (tests that need them are skipped by name): ${missing[*]}"
    echo "  install them with: sudo apt-get install ${missing[*]}"
  fi
}
