# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# demo-lib.sh - what tools/demo-run tells its story with: namespaces that it
# makes and takes away again, probes, and how all is shown. Sourced.
#
#            namespace host: the bridge br0, and where sgate runs
#      +-----------------------------------------------------------------+
#      |                               br0                               |
#      |    vm1             vm2             client          stranger     |
#      +-----|---------------|----------------|----------------|---------+
#          eth0            eth0             eth0             eth0
#        192.0.2.11      192.0.2.12       192.0.2.100      192.0.2.200
#        2001:db8::11    2001:db8::12     2001:db8::100    2001:db8::200
#
# Namespaces are named sgate-demo-PID-NAME; shown is NAME. Nothing of the
# machine's own is touched.

prefix=sgate-demo-$$
state_dir=
bpffs=/sys/fs/bpf/$prefix
children= # of ours, to be ended
done_checks=0
failed_checks=0

if [ -t 1 ]; then
	bold=$(printf '\033[1m') green=$(printf '\033[32m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
else
	bold='' green='' red='' plain=''
fi

# --- taking everything away, however we end ---

clean_up() {
	status=$?
	trap - EXIT
	trap '' HUP INT PIPE TERM
	# shellcheck disable=SC2086 # a word a process
	[ -z "$children" ] || kill $children 2>/dev/null
	for name in host vm1 vm2 client stranger; do
		ip netns del "$prefix-$name" 2>/dev/null
	done
	rm -rf "$bpffs"
	[ -z "$state_dir" ] || rm -rf "$state_dir"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

die() {
	printf 'demo: %s\n' "$*" >&2
	exit 1
}

# --- topology ---

in_ns() {
	name=$1
	shift
	nsenter --net="/run/netns/$prefix-$name" "$@"
}

add_namespace() {
	ip netns add "$prefix-$1" && ip -n "$prefix-$1" link set lo up
}

# A namespace with an eth0 whose other end is a port of the bridge: NAME NUMBER.
add_machine() {
	add_namespace "$1" &&
		ip -n "$prefix-host" link add "$1" type veth peer name eth0 netns "$prefix-$1" &&
		ip -n "$prefix-host" link set "$1" master br0 up &&
		ip -n "$prefix-$1" address add "192.0.2.$2/24" dev eth0 &&
		ip -n "$prefix-$1" address add "2001:db8::$2/64" dev eth0 nodad &&
		ip -n "$prefix-$1" link set eth0 up
}

# Start a command in a namespace and go on; $! is the command itself, which clean_up ends.
start_in_ns() {
	name=$1
	shift
	nsenter --net="/run/netns/$prefix-$name" "$@" &
	children="$children $!"
}

# A TCP server for each family: NAME PORT.
listen() {
	start_in_ns "$1" nc -4 -lk "$2" >/dev/null 2>&1
	start_in_ns "$1" nc -6 -lk "$2" >/dev/null 2>&1
}

# Wait until NAME has COUNT listening sockets.
wait_listening() {
	tries=0
	until listening=$(in_ns "$1" ss -Hltn | wc -l) && [ "${listening:-0}" -ge "$2" ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || die "the servers of $1 do not start"
		sleep 0.05
	done
}

add_machines() {
	add_namespace host &&
		ip -n "$prefix-host" link add br0 type bridge &&
		ip -n "$prefix-host" link set br0 up &&
		add_machine vm1 11 &&
		add_machine vm2 12 &&
		add_machine client 100 &&
		add_machine stranger 200
}

make_topology() {
	add_machines || die "cannot make network namespaces"
	state_dir=$(mktemp -d -t sgate-demo.XXXXXX) || die "cannot make a directory for the state"
	listen vm1 80
	listen vm1 22
	listen vm2 80
	wait_listening vm1 4
	wait_listening vm2 2
}

# --- what is shown ---

say() {
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

# A command line as one would type it.
show_command() {
	printf '$'
	for word; do
		case $word in
		*[!A-Za-z0-9_.:/=-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
}

# One check: WHAT GOT EXPECTED.
check() {
	done_checks=$((done_checks + 1))
	colour=$green
	wrong=
	if [ "$2" != "$3" ]; then
		failed_checks=$((failed_checks + 1))
		colour=$red
		wrong="   <-- expected: $3"
	fi
	printf '    %-42s %s%s%s%s\n' "$1" "$colour" "$2" "$plain" "$wrong"
}

# --- sgate, in the namespace whose interfaces it guards ---

run_sgate() {
	in_ns host env "SGATE_STATE_DIR=$state_dir" "SGATE_BPFFS=$bpffs" "$SGATE" "$@" 2>&1
}

sgate() {
	show_command sgate "$@"
	run_sgate "$@" || check "exit status" "$?" 0
}

# A command that must fail with a code: CODE ARGUMENT...
refused_sgate() {
	code=$1
	shift
	show_command sgate "$@"
	said=$(run_sgate "$@") && status=0 || status=$?
	printf '%s\n' "$said"
	case $said in
	"sgate: $code: "*) check "refused, exit status $status" "$code" "$code" ;;
	*) check "refused, exit status $status" "something else" "$code" ;;
	esac
}

# --- probes; FROM TO and what is expected, PASS or BLOCKED, over IPv4 and IPv6 ---

address() {
	case $1$2 in
	4vm1) echo 192.0.2.11 ;; 6vm1) echo 2001:db8::11 ;;
	4vm2) echo 192.0.2.12 ;; 6vm2) echo 2001:db8::12 ;;
	esac
}

probe_ping() {
	for family in 4 6; do
		in_ns "$1" ping -n -c 1 -W 1 "$(address $family "$2")" >/dev/null 2>&1 && \
			got=PASS || got=BLOCKED
		check "$1 -> $2, ping, IPv$family" "$got" "$3"
	done
}

# FROM TO PORT EXPECTED
probe_tcp() {
	for family in 4 6; do
		in_ns "$1" nc -z -w 1 "$(address $family "$2")" "$3" >/dev/null 2>&1 && \
			got=PASS || got=BLOCKED
		check "$1 -> $2, TCP port $3, IPv$family" "$got" "$4"
	done
}
