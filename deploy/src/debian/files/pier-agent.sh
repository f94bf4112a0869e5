#!/bin/sh
# The Pier agent as it is installed on a board. "start" and "safe" are for the service; see "pier-agent help".
set -eu

here=/usr/lib/pier/agent/pier-agent
state=/var/lib/pier-agent
user=pier-agent
managed=/etc/pier/manager.conf
settings=/etc/pier/agent.conf
given=$(env | sed -n 's/^\(PIER_[A-Z0-9_]*\)=.*/\1/p' | tr '\n' ' ')
: "${PIER_NODE:=/usr/lib/pier/runtime/bin/node}"
export PIER_NODE

fail() {
  printf 'pier-agent: %s\n' "$2" >&2
  exit "$1"
}

help() {
  cat <<'EOF'
usage: pier-agent enrol --manager URL (--token-file FILE | --token T) [--wait SECONDS]
       pier-agent status          exits 0 when this device is enrolled, 4 when not, 1 when that is not for this user to see
       pier-agent run FILE.wasm [--board sim:DIR] [--grant FILE] [--env K=V]... [--memory MB] [--timeout S] [-- args...]
       pier-agent start | safe     what the service runs: the agent, and after it the hook that makes its outputs safe
Settings: /etc/pier/agent.conf. What stands after --token can be read by every user of this machine while the command runs.
EOF
}

# The settings as systemd reads them for the service: a later line wins, what the caller set wins over all, and nothing is evaluated.
read_settings() {
  for from in "$managed" "$settings"; do
    [ -r "$from" ] || continue
    while read -r line || [ -n "$line" ]; do
      key=${line%%=*} value=${line#*=}
      case $line in PIER_?*=*) ;; *) continue ;; esac
      case $key in *[!A-Z0-9_]*) continue ;; esac
      case " $given" in *" $key "*) continue ;; esac
      case $value in
        \"*\") value=${value#\"} value=${value%\"} ;;
        \'*\') value=${value#\'} value=${value%\'} ;;
      esac
      export "$key=$value"
    done <"$from"
  done
}

# Where the service is: its folder, its board, and its token as long as there is one.
settle() {
  read_settings
  export PIER_DATA="${PIER_DATA:-$state}" PIER_BOARD="${PIER_BOARD:-auto}"
  if [ -e "$PIER_DATA/identity/enrolment.json" ]; then
    rm -f "$PIER_DATA/token"
  elif [ -z "${PIER_TOKEN_FILE:-}" ] && [ -e "$PIER_DATA/token" ]; then
    export PIER_TOKEN_FILE="$PIER_DATA/token"
  fi
}

# In the agent's own folder root would write where somebody who took over the agent lets it.
not_as_root() {
  if [ "$(id -u)" = 0 ] && [ -z "${PIER_DATA:-}" ]; then fail 1 'the agent does not run as root: "systemctl start pier-agent" starts it as its own user'; fi
}

has_systemd() {
  [ -d /run/systemd/system ]
}

enrol() {
  manager='' token='' file='' seconds=60
  while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || fail 2 "$1 needs a value"
    case $1 in
      --manager) manager=$2 ;;
      --token) token=$2 ;;
      --token-file) file=$2 ;;
      --wait) seconds=$2 ;;
      *) fail 2 "\"$1\" is no option of enrol: --manager, --token, --token-file and --wait are" ;;
    esac
    shift 2
  done
  case $manager in
    https://?*) ;;
    *) fail 2 "--manager is https://host:port, got \"$manager\"" ;;
  esac
  case $manager in *[!A-Za-z0-9:/._~%@\[\]-]*) fail 2 '--manager holds a character that no address has' ;; esac
  case $seconds in '' | *[!0-9]*) fail 2 "--wait is a number of seconds, got \"$seconds\"" ;; esac
  [ "$(id -u)" = 0 ] || fail 1 'only root can enrol this device: its settings and its token are written'
  if [ -z "$token" ]; then
    [ -n "$file" ] || fail 2 '--token or --token-file is needed'
    [ -r "$file" ] || fail 2 "--token-file $file cannot be read"
    token=$(tr -d '[:space:]' <"$file")
  fi
  case $token in
    pier1.?*) ;;
    *) fail 2 'the claim token is damaged: "pier1." and the rest as it was shown were expected' ;;
  esac
  if [ -e "$state/identity/enrolment.json" ]; then
    fail 5 "this device is enrolled already; \"rm -r $state/identity\" makes it forget who it is"
  fi
  write_settings "$manager" "$token"
  if ! has_systemd; then
    printf 'pier-agent: written; this system is not run by systemd now, so start "pier-agent start" as the user "pier-agent"\n'
    return 0
  fi
  systemctl restart pier-agent.service
  await "$seconds"
}

# The token goes into the service's own folder, so that the service can take it away once it is used. Written as its user:
# root does not follow what somebody who took over the agent may have laid there. In a session of its own, or that somebody could
# type into root's terminal.
write_settings() {
  install -d -o "$user" -g "$user" -m 0700 "$state"
  printf '%s\n' "$2" | setsid --wait setpriv --reuid="$user" --regid="$user" --clear-groups sh -c "umask 077 && cat >'$state/token.part' && mv -f '$state/token.part' '$state/token'"
  printf '# Written by "pier-agent enrol"; settings of your own go into agent.conf.\nPIER_MANAGER=%s\n' "$1" >"$managed.part"
  # Who starts the agent by hand reads it too.
  chmod 0644 "$managed.part"
  mv -f "$managed.part" "$managed"
  sync
}

# Trying again would not help: nothing is left of the attempt but what was said.
refused() {
  systemctl stop pier-agent.service
  why=$(journalctl --unit pier-agent.service --lines 50 --output cat --no-pager 2>/dev/null | sed -n 's/^pier agent: //p' | tail -n 1 | LC_ALL=C tr -cd '\40-\176')
  rm -f "$managed" "$state/token"
  fail 3 "not enrolled: ${why:-\"journalctl -u pier-agent\" says why}"
}

await() {
  left=$1
  while [ "$left" -gt 0 ]; do
    if [ -e "$state/identity/enrolment.json" ]; then
      rm -f "$state/token"
      printf 'pier-agent: enrolled\n'
      return 0
    fi
    case $(systemctl show --value --property=ExecMainStatus pier-agent.service) in
      2 | 3) refused ;;
    esac
    sleep 1
    left=$((left - 1))
  done
  fail 124 'not enrolled yet; the service goes on trying. "journalctl -u pier-agent" says why'
}

status() {
  installed=$(dpkg-query -W -f '${Version}' pier-agent 2>/dev/null) || installed=unknown
  printf 'version   %s\n' "$installed"
  if [ ! -e "$managed" ]; then
    printf 'not configured: "pier-agent enrol" comes first\n'
    return 4
  fi
  known=0
  sed -n 's/^PIER_MANAGER=/manager   /p' "$managed"
  if [ -e "$state/identity/enrolment.json" ]; then
    # The file is the agent's own, and what it says comes to root's terminal: bytes that are no letters as well, or no end of them.
    printf 'device    %s\n' "$(timeout 2 head -c 65536 "$state/identity/enrolment.json" | LC_ALL=C tr -d '\0' | LC_ALL=C sed -n 's/.*"device":"\([a-z0-9-]\{1,63\}\)".*/\1/p')"
  elif [ ! -x "$state" ]; then
    printf 'device    unknown: only root and "pier-agent" may look\n'
    known=1
  else
    printf 'device    not enrolled yet\n'
    known=4
  fi
  if has_systemd; then printf 'service   %s\n' "$(systemctl is-active pier-agent.service || true)"; fi
  return "$known"
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
  start)
    not_as_root
    settle
    exec "$here" start "$@"
    ;;
  safe)
    not_as_root
    settle
    exec "$here" safe "$@"
    ;;
  run) exec "$here" run "$@" ;;
  enrol) enrol "$@" ;;
  status) status ;;
  help | --help | -h) help ;;
  *)
    help >&2
    fail 2 "\"$command\" is no subcommand"
    ;;
esac
