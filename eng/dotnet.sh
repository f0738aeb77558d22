# Sourced by ./rondo and ./test with $root set: finds dotnet, and lets the built executables find the same one.

find_dotnet() {
  local candidate
  for candidate in "${DOTNET_ROOT:-}/dotnet" "$(command -v dotnet || true)" "${HOME:-}/.dotnet/dotnet" \
    /usr/lib/dotnet/dotnet /usr/share/dotnet/dotnet /usr/local/share/dotnet/dotnet; do
    [[ -n $candidate && -x $candidate ]] || continue
    dotnet=$candidate
    local home
    home=$(dirname "$(readlink -f "$candidate")")
    # A wrapper script in a PATH folder is not the installation; the executables then look for it themselves.
    if [[ -z ${DOTNET_ROOT:-} && -d $home/shared ]]; then export DOTNET_ROOT=$home; fi
    return 0
  done
  return 1
}

# The SDK that global.json asks for, or exit 64 with what to install.
require_sdk() {
  local wanted found
  wanted=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$root/global.json")
  if find_dotnet && (cd "$root" && "$dotnet" --version) >/dev/null 2>&1; then return 0; fi
  {
    echo "${0##*/}: building Rondo needs the .NET 10 SDK ($wanted or a later one of its feature band)."
    if [[ -n ${dotnet:-} ]]; then
      found=$("$dotnet" --list-sdks 2>/dev/null | cut -d' ' -f1 | paste -sd' ')
      echo "  found: $dotnet with ${found:-no SDK (a runtime alone cannot build)}"
    else
      echo "  found: no dotnet in PATH, DOTNET_ROOT, ~/.dotnet, /usr/lib/dotnet or /usr/share/dotnet"
    fi
    echo "  install: the package dotnet-sdk-10.0 of your distribution or of Microsoft's feed,"
    echo "           or the SDK from https://dotnet.microsoft.com/download/dotnet/10.0, then run this again"
  } >&2
  exit 64
}

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_CLI_UI_LANGUAGE=en
# No build server outlives the command that needed it.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
