# SPDX-License-Identifier: GPL-2.0-only
#
# sgate.bash - bash completion for sgate(8).
#
# The tables below say what each command takes; tests/e2e/test_completion.py
# compares them with the program. An option that ends in = takes a value. Ids of
# groups and instances are asked of the program itself, which may need root.

_sgate_global='--json --state-dir= --bpffs= --help -h --version'
declare -gA _sgate_options=(
	['group create']='--id= --description= --default --rule='
	['group list']=''
	['group show']=''
	['group set']='--name= --description= --status='
	['group delete']=''
	['rule add']=''
	['rule remove']=''
	['rule replace']='-f='
	['rule list']=''
	['instance add']='--dev= --match-altname --mode= --side= --mac= --address= --no-group= --strict --allow-ethertype= --connections='
	['instance list']=''
	['instance show']=''
	['instance set']='--dev= --match-altname --no-match-altname --status= --mode= --side= --mac= --address= --no-group= --strict --allow-ethertype= --connections= --no-strict'
	['instance remove']=''
	['attach']='--id= --mode= --side= --mac= --address= --no-group= --strict --allow-ethertype= --connections='
	['detach']='--forget'
	['associate']=''
	['dissociate']=''
	['status']=''
	['stats']=''
	['connections list']=''
	['connections count']=''
	['connections flush']=''
	['connections set']='--timeout= --fragment-timeout= --share= --table= --instances='
	['connections settings']=''
	['limits']='--groups= --rules='
	['reconcile']='--check'
	['bench']='--quick --only= --rounds= --seed= --svg= --check'
	['daemon']='--listen= --keys= --tls-cert= --tls-key= --allow-plaintext --rate= --client-timeout= --metrics= --reconcile= --log-level= --store='
	['version']=''
	['help']=''
)

# The arguments, by their names in the program's help; the last one repeats when it has dots.
declare -gA _sgate_arguments=(
	['group create']='NAME'
	['group show']='GROUP'
	['group set']='GROUP'
	['group delete']='GROUP'
	['rule add']='GROUP RULE...'
	['rule remove']='GROUP RULE...'
	['rule replace']='GROUP [RULE...]'
	['rule list']='GROUP'
	['instance add']='ID'
	['instance show']='INSTANCE'
	['instance set']='INSTANCE'
	['instance remove']='INSTANCE'
	['attach']='DEV'
	['detach']='DEV|INSTANCE'
	['associate']='GROUP INSTANCE'
	['dissociate']='GROUP INSTANCE'
	['stats']='[INSTANCE]'
	['connections list']='[INSTANCE]'
	['connections count']='[INSTANCE]'
	['connections flush']='[INSTANCE]'
	['help']='[COMMAND...]'
)

# Values of options that have few: by command and option, else by option.
declare -gA _sgate_values=(
	['group set --status']='Available Unavailable'
	['instance set --status']='RUNNING STOPPED'
	['--mode']='auto tc xdp xdp-generic'
	['--side']='host guest'
	['--no-group']='drop pass'
	['--groups']='default'
	['--rules']='default'
	['--connections']='default'
	['--share']='default'
	['--table']='default'
	['--instances']='default'
	['--fragment-timeout']='default'
	['--timeout']='half-open= established= closing= closed= udp-unreplied= udp-replied= icmp-unreplied= icmp-replied= other-unreplied= other-replied='
	['--log-level']='debug info warning error'
	['--store']='sqlite'
	['--listen']='unix:/run/sgate/api.sock 127.0.0.1:'
	['--metrics']='127.0.0.1:'
)

# Values of a field in what a command prints. Not asked where there is no state: that would make some.
_sgate_ids()
{
	local field=$1
	shift
	[[ -r $_sgate_state/sgate.db ]] || return 0
	"${_sgate_program[@]}" --json "$@" 2>/dev/null | grep -o "\"$field\":\"[^\"]*\"" | cut -d '"' -f 4
}

_sgate_interfaces()
{
	local path
	for path in /sys/class/net/*; do
		[[ $path == */lo || ! -e $path ]] || printf '%s\n' "${path##*/}"
	done
}

# The words that a command can have next: after none, or after its first one.
_sgate_commands()
{
	local name
	for name in "${!_sgate_options[@]}"; do
		if [[ -z $1 ]]; then
			printf '%s\n' "${name%% *}"
		elif [[ $name == "$1 "* ]]; then
			printf '%s\n' "${name#* }"
		fi
	done | sort -u
}

_sgate_is_command()
{
	[[ -n $1 && -n ${_sgate_options["$1"]+set} ]]
}

_sgate_reply()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
	# A value goes on after these.
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *[=:] ]] || compopt -o nospace 2>/dev/null
}

# What an argument or a value with this name can be.
_sgate_kind()
{
	local kind=${1//[\[\].]/} word=$2
	case $kind in
	GROUP) _sgate_reply "$(_sgate_ids securityGroupId group list)" "$word" ;;
	INSTANCE) _sgate_reply "$(_sgate_ids instanceId instance list)" "$word" ;;
	'DEV|INSTANCE') _sgate_reply "$(_sgate_ids instanceId instance list) $(_sgate_ids dev instance list)" "$word" ;;
	DEV) _sgate_reply "$(_sgate_interfaces)" "$word" ;;
	COMMAND) _sgate_reply "$(_sgate_commands '')" "$word" ;;
	RULE) _sgate_reply "'ingress 'egress" "$word" ;;
	esac
}

_sgate_value()
{
	local option=$2 word=$3 values=''
	if [[ -n $1 ]]; then
		values=${_sgate_values["$1 $option"]-}
	fi
	values=${values:-${_sgate_values["$option"]-}}
	case $option in
	-f | --keys | --tls-cert | --tls-key) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	--state-dir | --bpffs | --svg) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
	--dev) _sgate_kind DEV "$word" ;;
	*) [[ -z $values ]] || _sgate_reply "$values" "$word" ;;
	esac
}

# Whether the option takes a value, in this command (none yet: empty).
_sgate_takes_value()
{
	local own=''
	! _sgate_is_command "$1" || own=${_sgate_options["$1"]}
	[[ " $_sgate_global $own " == *" $2= "* ]]
}

# Readline breaks words at : and = as well. Put them together again, into `typed`.
_sgate_typed()
{
	local line=$COMP_LINE index
	typed=()
	for ((index = 0; index <= COMP_CWORD; index++)); do
		if [[ ${#typed[@]} -eq 0 || $line =~ ^[[:space:]]+ ]]; then
			line=${line#"${BASH_REMATCH[0]-}"}
			typed+=("${COMP_WORDS[index]}")
		else
			typed[-1]+=${COMP_WORDS[index]}
		fi
		line=${line#"${COMP_WORDS[index]}"}
	done
}

_sgate()
{
	local command='' waiting='' own='' words=() typed word at
	local _sgate_state=${SGATE_STATE_DIR:-/var/lib/sgate}
	local -a _sgate_program=("${COMP_WORDS[0]}") arguments
	COMPREPLY=()
	_sgate_typed
	word=${typed[-1]}
	unset 'typed[-1]'

	# What is before the cursor: the command, its arguments, an option that waits for its value.
	for at in "${typed[@]:1}"; do
		if [[ -n $waiting ]]; then
			[[ $waiting != --state-dir ]] || _sgate_state=$at
			[[ $waiting != --state-dir && $waiting != --bpffs ]] || _sgate_program+=("$waiting" "$at")
			waiting=''
		elif [[ $at == -?* ]]; then
			! _sgate_takes_value "$command" "$at" || waiting=$at
		elif _sgate_is_command "$command"; then
			words+=("$at")
		else
			command="${command:+$command }$at"
		fi
	done
	! _sgate_is_command "$command" || own=${_sgate_options["$command"]}

	if [[ -z $waiting && $word == --*=* ]]; then
		waiting=${word%%=*}
		word=${word#*=}
	fi
	if [[ -n $waiting ]]; then
		_sgate_value "$command" "$waiting" "$word"
	elif [[ $word == -* ]]; then
		own="$own $_sgate_global"
		_sgate_reply "${own//=/}" "$word"
	elif ! _sgate_is_command "$command"; then
		_sgate_reply "$(_sgate_commands "$command")" "$word"
	elif [[ $command == help && ${#words[@]} -eq 1 ]]; then
		_sgate_reply "$(_sgate_commands "${words[0]}")" "$word"
	else
		read -ra arguments <<<"${_sgate_arguments["$command"]-}"
		at=${#words[@]}
		if [[ $at -ge ${#arguments[@]} && ${arguments[-1]-} == *...* ]]; then
			at=$((${#arguments[@]} - 1))
		fi
		_sgate_kind "${arguments[at]-}" "$word"
	fi
	# Readline replaces what is behind the last break only.
	COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*[:=]}"}"}")
}

complete -F _sgate sgate
