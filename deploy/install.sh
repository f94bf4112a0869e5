#!/bin/sh
# Puts the Pier agent onto a system that runs already, enrols it, and takes it away again. Needs no network of its own.
set -eu

# "su" without its "-" leaves a caller's own path, in which dpkg does not find what it needs.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export PATH

usage() {
  cat <<'EOF'
usage: install.sh [--packages DIR] --manager URL (--token-file FILE | --token T) [--board auto|chardev|sysfs|sim:DIR] [--name NAME]
       install.sh --remove [--purge]
DIR holds pier-runtime_*.deb and pier-agent_*.deb for this machine, as "npm run build:packages" makes them; it is the folder
that install.sh lies in unless another one is named.
What stands after --token can be read by every user of this machine while it runs.
--remove keeps who the device is and its settings; --purge forgets them too.
EOF
}

fail() {
  printf 'install.sh: %s\n' "$2" >&2
  exit "$1"
}

# Whether the version in $1 is $2 or newer.
at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

check_system() {
  [ "$(id -u)" = 0 ] || fail 1 'only root can install packages: run it with sudo'
  command -v dpkg >/dev/null || fail 1 'this is no Debian, nor one of its kind: there is no dpkg'
  arch=$(dpkg --print-architecture)
  case $arch in
    amd64 | arm64) ;;
    armhf | armel) fail 1 "this system is 32-bit ($arch), for which there is no Node 24. A Raspberry Pi 3 or newer can run the 64-bit system; armv6 and armv7 boards are not supported" ;;
    *) fail 1 "there are packages for amd64 and arm64; this system is $arch" ;;
  esac
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)
  [ -n "$libc" ] || fail 1 'this system has no GNU libc, which Node is built against'
  at_least "$libc" 2.34 || fail 1 "the agent needs GNU libc 2.34 or newer, such as that of Debian 12; this system has $libc"
  [ -d /run/systemd/system ] || fail 1 'this system is not run by systemd, which keeps the agent running'
}

# Whether a value can stand in /etc/pier/agent.conf.
check_setting() {
  case $2 in *[!A-Za-z0-9:/._@+-]*) fail 2 "$1: \"$2\" holds a character that a setting cannot have here; /etc/pier/agent.conf is edited by hand for that" ;; esac
}

check_manager() {
  wrong="--manager is https://host:port, got \"$manager\""
  host=${manager#https://}
  host=${host%/}
  case $manager in https://?*) ;; *) fail 2 "$wrong" ;; esac
  case $host in '' | :* | *[!]A-Za-z0-9.:[_-]*) fail 2 "$wrong" ;; esac
  # The colons of an address in brackets are none of a port.
  case $host in
    *]) ;;
    *:*) case ${host##*:} in '' | *[!0-9]*) fail 2 "$wrong" ;; esac ;;
  esac
}

# What the agent would only refuse once it is installed.
check_words() {
  check_manager
  [ -z "$file" ] || token=$(tr -d '[:space:]' <"$file") || fail 2 "--token-file $file cannot be read"
  case $token in
    pier1.?*) ;;
    *) fail 2 'the claim token is damaged: "pier1." and the rest as it was shown were expected' ;;
  esac
  case ${token#pier1.} in *[!A-Za-z0-9_.-]*) fail 2 'the claim token is damaged: it holds a character that none has' ;; esac
  case $board in
    '' | auto | chardev | sysfs | sim:?*) ;;
    *) fail 2 "--board is auto, chardev, sysfs or sim:DIR, got \"$board\"" ;;
  esac
  check_setting --board "$board"
  check_setting --name "$name"
  [ "${#name}" -le 64 ] || fail 2 '--name has 64 characters at most'
}

# Root installs what lies there under the right name.
check_packages() {
  [ -d "$packages" ] || fail 2 "--packages $packages is no folder"
  # The rights of a link say nothing.
  if [ -n "$(find "$packages/." -maxdepth 1 \( -name . -o -name 'pier-*.deb' \) ! -type l -perm -0002)" ]; then
    fail 1 "everybody on this machine can put packages into $packages: move them, and install.sh with them, into a folder that is your own"
  fi
}

# One at a time: the second would take the token from the first.
check_alone() {
  exec 9>/run/pier-install.lock
  flock --nonblock 9 || fail 5 'another install.sh is at work on this machine'
}

check_new() {
  if [ -e /var/lib/pier-agent/identity/enrolment.json ]; then
    fail 5 'this device is enrolled already: "dpkg -i" brings it newer packages, and "rm -r /var/lib/pier-agent/identity" makes it forget who it is'
  fi
}

# The newest package of a name for this machine.
package() {
  found=$(find "$packages" -maxdepth 1 -name "$1_*_$arch.deb" | sort -V | tail -n 1)
  [ -n "$found" ] || fail 4 "there is no $1_*_$arch.deb in $packages"
  printf '%s\n' "$found"
}

# Puts a setting into /etc/pier/agent.conf, in the place of one of that name.
set_option() {
  conf=/etc/pier/agent.conf
  { grep -v "^$1=" "$conf" || true; } >"$conf.part"
  printf '%s=%s\n' "$1" "$2" >>"$conf.part"
  chmod 0644 "$conf.part"
  mv -f "$conf.part" "$conf"
}

# dpkg, once it is its turn: a board that was just started is often busy with its own updates.
run_dpkg() {
  waited=0
  while :; do
    status=0
    { said=$(LC_ALL=C dpkg "$@" 2>&1 >&3) || status=$?; } 3>&1
    [ "$status" != 0 ] || break
    case $said in *'locked by another process'*) ;; *) break ;; esac
    [ "$waited" -lt 600 ] || fail 124 'another program has been installing packages for ten minutes; try again when it is done'
    [ "$waited" -gt 0 ] || printf 'install.sh: another program is installing packages; waiting for it\n' >&2
    sleep 2
    waited=$((waited + 2))
  done
  [ -z "$said" ] || printf '%s\n' "$said" >&2
  return "$status"
}

install_packages() {
  runtime=$(package pier-runtime)
  agent=$(package pier-agent)
  run_dpkg -i "$runtime" "$agent" || fail 1 'dpkg did not install the packages; what it said is above'
}

remove_packages() {
  act=--remove
  [ "$purge" = no ] || act=--purge
  # Also what is left of a package that was removed before.
  for name in pier-agent pier-runtime; do
    if dpkg-query -W -f '${Status}\n' "$name" 2>/dev/null | grep -qv 'not-installed'; then run_dpkg "$act" "$name" || fail 1 "dpkg did not remove $name; what it said is above"; fi
  done
}

packages='' manager='' token='' file='' board='' name='' remove=no purge=no
while [ $# -gt 0 ]; do
  case $1 in
    --remove) remove=yes ;;
    --purge) purge=yes ;;
    --help | -h)
      usage
      exit 0
      ;;
    --packages | --manager | --token | --token-file | --board | --name)
      [ $# -gt 1 ] || fail 2 "$1 needs a value"
      case $1 in
        --packages) packages=$2 ;;
        --manager) manager=$2 ;;
        --token) token=$2 ;;
        --token-file) file=$2 ;;
        --board) board=$2 ;;
        --name) name=$2 ;;
      esac
      shift
      ;;
    *)
      usage >&2
      fail 2 "\"$1\" is no option"
      ;;
  esac
  shift
done

if [ "$remove" = yes ]; then
  [ "$(id -u)" = 0 ] || fail 1 'only root can remove packages: run it with sudo'
  check_alone
  remove_packages
  exit 0
fi
[ "$purge" = no ] || fail 2 '--purge goes with --remove'
[ -n "$packages" ] || packages=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ -n "$manager" ] || fail 2 '--manager is needed'
if [ -z "$token" ] && [ -z "$file" ]; then fail 2 '--token-file or --token is needed'; fi
[ -z "$file" ] || [ -r "$file" ] || fail 2 "--token-file $file cannot be read"
check_words
check_packages
check_system
check_alone
check_new
install_packages
[ -z "$board" ] || set_option PIER_BOARD "$board"
[ -z "$name" ] || set_option PIER_NAME "$name"
# Not as a word of the command, which every user of the machine could read.
if [ -z "$file" ]; then
  umask 077
  file=$(mktemp)
  trap 'rm -f "$file"' EXIT
  # Without these a signal ends the shell with its file left.
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '%s\n' "$token" >"$file"
  umask 022
fi
pier-agent enrol --manager "$manager" --token-file "$file" 9>&-
