# Functions of the script; what the record holds follows below.

set -u
umask 077
export LC_ALL=C
approve=${APPROVE:-}
[ "${1:-}" = --approve ] && approve=1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

step() { # NUMBER TITLE: of what follows
  at="step $1, $2"
  printf '\n== %s\n' "$at"
}

stop() { # WORDS: the end of a walk that went no further
  printf '\nSTOPPED at %s: %s\n' "$at" "$(printf '%s' "$1" | plain)" >&2
  exit 1
}

plain() { # a text with nothing in it that a terminal would obey
  tr '\n\t' '  ' | tr -d '\000-\037\177' | tr '\200-\377' '?'
}

for program in curl openssl; do
  command -v $program >/dev/null || { printf 'This needs %s.\n' $program >&2; exit 2; }
done

send() { # WANTED ARGUMENTS...: a request by curl, its answer shown, its status compared
  wanted=$1
  shift
  status=$(curl -sS -D "$work/head" -o "$work/body" -w '%{http_code}' "$@") ||
    stop "curl got no answer${wanted:+, where the record has $wanted}"
  printf '%s\n' "$status"
  [ -e "$work/body" ] && show <"$work/body"
  case $status in
    "$wanted") ;;
    2??) case $wanted in 2??) ;; *) stop "$status, where the record has ${wanted:-no answer}" ;; esac ;;
    *) stop "$status, where the record has ${wanted:-no answer}" ;;
  esac
}

show() { # a body: secrets left out unless SHOW_SECRETS is set, JSON laid out by jq
  if [ -n "${SHOW_SECRETS:-}" ]; then cat; else
    set --
    for secret in access_token refresh_token id_token client_secret registration_access_token; do
      set -- "$@" -e 's/\("'$secret'"[[:space:]]*:[[:space:]]*"\)[^"]*/\1.../g'
    done
    sed "$@"
  fi >"$work/shown"
  if grep -q '^data:' "$work/shown"; then # an event stream
    sed -n 's/^data: \{0,1\}//p' "$work/shown" >"$work/data"
    mv "$work/data" "$work/shown"
  fi
  if command -v jq >/dev/null && jq -a . "$work/shown" 2>/dev/null; then :; else
    tr '\t' ' ' <"$work/shown" | tr -d '\000-\011\013-\037\177' | tr '\200-\377' '?'
    printf '\n'
  fi
}

member() { # NAME: a text of the last answer's JSON object, or nothing
  if command -v jq >/dev/null; then
    jq -r --arg name "$1" '.[$name]? | strings' "$work/body" 2>/dev/null
  else
    found=$(tr -d '\r\n' <"$work/body" |
      sed -n 's/.*"'"$1"'"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' | sed 's#\\/#/#g')
    case $found in *\\*) stop "$1 has escapes that only jq can read" ;; esac
    printf '%s' "$found"
  fi
}

need() { # NAME: a member that the walk cannot do without
  needed=$(member "$1")
  [ -n "$needed" ] || stop "the answer has no $1"
}

same() { # NAME VALUE: a member that must be as in the record
  found=$(member "$1")
  [ "$found" = "$2" ] || stop "$1 is ${found:-missing}, where the record has $2"
}

need_field() { # NAME, in lower case: a header field that the walk cannot do without
  needed=$(tr -d '\r' <"$work/head" | while IFS= read -r line; do
    name=$(printf '%s' "${line%%:*}" | tr 'A-Z' 'a-z')
    if [ "$name" = "$1" ]; then printf '%s' "${line#*:}" | sed 's/^[[:space:]]*//'; fi
  done)
  [ -n "$needed" ] || stop "the answer has no $1"
}

answered() { # whether the last answer holds a JSON-RPC result, alone or in an event stream
  grep -q '"result"[[:space:]]*:' "$work/body" || stop 'the answer is no JSON-RPC result'
}

random() { # N: so many bytes, as base64url
  openssl rand "$1" | openssl base64 -A | tr '+/' '-_' | tr -d '='
}

s256() { # VERIFIER: its S256 challenge (RFC 7636 section 4.2)
  printf '%s' "$1" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d '='
}

encode() { # TEXT: percent-encoded
  case $1 in
    *[!A-Za-z0-9._~-]*) printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g' ;;
    *) printf '%s' "$1" ;;
  esac
}

decode() { # TEXT: of a query, without percent-encoding
  left=$(printf '%s' "$1" | tr '+' ' ')
  right=
  while :; do
    case $left in
      *%[0-9A-Fa-f][0-9A-Fa-f]*) ;;
      *) break ;;
    esac
    right=$right${left%%%*}
    left=${left#*%}
    case $left in
      [0-9A-Fa-f][0-9A-Fa-f]*)
        code=${left%"${left#??}"}
        left=${left#??}
        right=$right$(printf "\\$(printf '%03o' "0x$code")")
        ;;
      *) right=$right% ;;
    esac
  done
  printf '%s' "$right$left"
}

parameter() { # NAME: of the redirect, decoded
  query=${redirect#*\?}
  query=${query%%#*}
  (
    set -f
    IFS='&'
    for pair in $query; do
      [ "${pair%%=*}" = "$1" ] && decode "${pair#*=}" && exit
    done
  )
}

respond() { # URL REDIRECT_URI: the authorization response, from a person or by following redirects
  printf 'Open this in a browser and approve:\n\n%s\n\n' "$(printf '%s' "$1" | plain)"
  if [ -z "$approve" ]; then
    printf 'It ends up at an address that begins with %s\nPaste that address: ' "$2"
    IFS= read -r redirect || [ -n "$redirect" ] || stop 'no redirect was given'
    return
  fi
  redirect=$1
  hops=0
  while [ $hops -lt 10 ]; do
    redirect=$(curl -s -g -o /dev/null -b "$work/jar" -c "$work/jar" --max-time 60 \
      --proto '=http,https' -w '%{redirect_url}' --url "$redirect") || stop 'curl got no answer'
    case $redirect in
      "$2"*) return ;;
      '') stop 'the server wants a person' ;;
    esac
    hops=$((hops + 1))
  done
  stop 'too many redirects'
}

judge() { # ISSUER PROMISED: what must hold of the response before its code goes anywhere
  error=$(parameter error)
  [ -z "$error" ] || stop "$error $(parameter error_description)"
  [ "$(parameter state)" = "$STATE" ] || stop 'state is not the one that was sent'
  iss=$(parameter iss)
  if [ -n "$iss" ]; then
    [ -z "$1" ] || [ "$iss" = "$1" ] || stop "iss is $iss, not $1"
  else
    [ -z "$2" ] || stop 'iss is missing, although the metadata promises it'
  fi
  AUTH_CODE=$(parameter code)
  [ -n "$AUTH_CODE" ] || stop 'the response has no code'
}
