#!/bin/sh
# A shim of Hunch's guard: made by `hunch guard install`, taken away by `hunch guard uninstall`. See docs/guard.md.
# Everything that comes from a workspace (names of folders, words of rules, arguments) is compared, never evaluated.
set +eu # bash takes them over from SHELLOPTS
_hunch_name=@NAME@
_hunch_guard=@GUARD@
_hunch_python=@PYTHON@
_hunch_gate=@GATE@
_hunch_judge=@JUDGE@
_hunch_monitor=@MONITOR@

# The program itself: the first of its name on PATH that lies in no folder of shims.
_hunch_real=
_hunch_denied=
_hunch_rest=${PATH-/usr/local/bin:/usr/bin:/bin}:
while [ -n "$_hunch_rest" ]; do
  _hunch_dir=${_hunch_rest%%:*}
  _hunch_rest=${_hunch_rest#*:}
  _hunch_dir=${_hunch_dir:-.}
  if [ -f "$_hunch_dir/$_hunch_name" ] && [ ! -e "$_hunch_dir/.hunch-shims" ]; then
    if [ -x "$_hunch_dir/$_hunch_name" ]; then
      _hunch_real=$_hunch_dir/$_hunch_name
      break
    fi
    _hunch_denied=1
  fi
done
if [ -z "$_hunch_real" ]; then
  if [ -n "$_hunch_denied" ]; then
    printf '%s: Permission denied\n' "$_hunch_name" >&2
    exit 126
  fi
  printf '%s: command not found\n' "$_hunch_name" >&2
  exit 127
fi

# A copy of a shim outside of its folder would find itself. The process keeps its number through `exec`.
_hunch_depth=0
case ${HUNCH_GUARD_DEPTH-} in "$$."[0-9]) _hunch_depth=${HUNCH_GUARD_DEPTH#*.} ;; esac
if [ "$_hunch_depth" -ge 5 ]; then
  printf 'hunch guard: %s leads back to itself; is a shim copied to another folder of PATH?\n' "$_hunch_name" >&2
  exit 126
fi
HUNCH_GUARD_DEPTH=$$.$((_hunch_depth + 1))
export HUNCH_GUARD_DEPTH

# Whether file and stamp are of the same time, or both are not there.
_hunch_same() {
  if [ -f "$1" ]; then
    [ -f "$2" ] && ! [ "$1" -nt "$2" ] && ! [ "$1" -ot "$2" ]
  else
    ! [ -f "$2" ]
  fi
}

# Goes to a folder; where there is none, the program itself will say so. `-` would be the folder before this one.
_hunch_go() {
  case $1 in -) set -- ./- ;; esac
  cd -P -- "$1" 2>/dev/null || exit 0
}

# Goes to the folder in which the program would work; sets `sub` to git's subcommand.
_hunch_move() {
  case $_hunch_name in
    git)
      case ${GIT_WORK_TREE-}:${GIT_DIR-} in
        : | :.git) ;;
        :*/.git) _hunch_go "${GIT_DIR%/.git}" ;;
        :*) ;;
        *) _hunch_go "$GIT_WORK_TREE" ;;
      esac
      while [ $# -gt 0 ]; do
        case $1 in
          -C)
            [ $# -gt 1 ] || return 0
            [ -z "$2" ] || _hunch_go "$2"
            shift
            ;;
          -c)
            case ${2-} in [aA][lL][iI][aA][sS].*) exit 3 ;; esac
            [ $# -gt 1 ] || return 0
            shift
            ;;
          --git-dir | --git-dir=* | --work-tree | --work-tree=* | --config-env | --config-env=*) exit 3 ;;
          --namespace | --super-prefix | --attr-source)
            [ $# -gt 1 ] || return 0
            shift
            ;;
          -*) ;;
          *)
            sub=$1
            return 0
            ;;
        esac
        shift
      done
      ;;
    *)
      [ -n '@MOVES@' ] || return 0
      while [ $# -gt 0 ]; do
        case $1 in
          --) return 0 ;;
          @FOLDER_OPTIONS@)
            [ $# -gt 1 ] || return 0
            _hunch_go "$2"
            shift
            ;;
          @FOLDER_VALUES@) _hunch_go "${1#*=}" ;;
        esac
        shift
      done
      ;;
  esac
}

# Whether one of the arguments after the first fits a line of a table, which is the first.
_hunch_fits() {
  _hunch_word=${1#?}
  case $1 in
    =*)
      shift
      for _hunch_argument do [ "$_hunch_argument" = "$_hunch_word" ] && return 0; done
      ;;
    ^*)
      shift
      for _hunch_argument do case $_hunch_argument in "$_hunch_word"*) return 0 ;; esac; done
      ;;
    '~'*)
      shift
      for _hunch_argument do case $_hunch_argument in --*) ;; -*"$_hunch_word"*) return 0 ;; esac; done
      ;;
  esac
  return 1
}

# Whether a rule of the table, which is the first argument, could mean the others: one line of each of its groups fits.
_hunch_could() {
  [ -f "$1" ] || return 1
  _hunch_table=$1
  shift
  alive=1
  fits=
  while IFS= read -r line; do
    case $line in
      '&')
        [ -n "$fits" ] || alive=
        fits=
        ;;
      R*)
        [ -z "$alive" ] || return 0
        alive=1
        fits=
        ;;
      *) [ -z "$alive" ] || [ -n "$fits" ] || ! _hunch_fits "$line" "$@" || fits=1 ;;
    esac
  done <"$_hunch_table"
  return 1
}

# Ends with 0: the command may run. 4: a rule forbids it, and that was said. Anything else: the judge must look.
_hunch_quick() (
  unset CDPATH
  IFS=' 	
'
  set -f
  watched=$_hunch_monitor
  if [ "$watched" = seldom ]; then
    watched=
    for argument do case $argument in @NOTABLE@) watched=1 ;; esac; done
  fi
  sub=
  _hunch_move "$@"
  cd -P . 2>/dev/null || exit 0
  here=${PWD%/}

  dir=$here
  root=
  found=
  near=
  near_found=
  while :; do
    if [ -e "$dir/.git" ] || [ -e "$dir/.hg" ] || [ -e "$dir/.jj" ]; then
      root=$dir
      found=1
      break
    fi
    if [ -z "$near_found" ]; then
      for name in AGENTS.md CLAUDE.md GEMINI.md .cursorrules .hunch/rules.toml; do
        if [ -f "$dir/$name" ]; then
          near=$dir
          near_found=1
          break
        fi
      done
    fi
    [ -n "$dir" ] || break
    dir=${dir%/*}
  done
  if [ -z "$found" ]; then
    if [ -z "$near_found" ]; then
      [ -z "$watched" ] || exec "$_hunch_python" -I -S "$_hunch_gate" "$_hunch_name" "$_hunch_guard" 1 "" "" "$@"
      exit 0
    fi
    root=$near
  fi

  hit=
  ruled=
  dir=$here
  while :; do
    stamps=$_hunch_guard/stamps$dir
    known=
    for name in AGENTS.md CLAUDE.md GEMINI.md .cursorrules .github/copilot-instructions.md; do
      if [ -f "$dir/$name" ] || [ -f "$stamps/$name" ]; then
        known=1
        _hunch_same "$dir/$name" "$stamps/$name" || exit 3
      fi
    done
    if [ -d "$dir/.cursor/rules" ] || [ -d "$dir/.github/instructions" ] || [ -d "$stamps/.cursor" ] || [ -d "$stamps/.github" ]; then
      known=1
      set +f
      for file in "$dir"/.cursor/rules/*.md "$dir"/.cursor/rules/*.mdc "$dir"/.github/instructions/*.instructions.md; do
        [ ! -f "$file" ] || _hunch_same "$file" "$stamps${file#"$dir"}" || exit 3
      done
      for file in "$stamps"/.cursor/rules/* "$stamps"/.github/instructions/*; do
        [ ! -f "$file" ] || [ -f "$dir${file#"$stamps"}" ] || exit 3
      done
      set -f
    fi
    if [ -n "$known" ] || [ "$dir" = "$root" ]; then
      _hunch_same "$root/.hunch/rules.toml" "$stamps/.hunch-rules" || exit 3
    fi
    if [ -f "$stamps/%more" ]; then
      while IFS= read -r line; do
        _hunch_same "$root/$line" "$_hunch_guard/stamps$root/$line" || exit 3
      done <"$stamps/%more"
    fi
    if [ -f "$_hunch_guard/tables/$_hunch_name$dir/%" ]; then
      ruled=1
      [ -n "$hit" ] || ! _hunch_could "$_hunch_guard/tables/$_hunch_name$dir/%" "$@" || hit=1
    fi
    [ "$dir" != "$root" ] || break
    dir=${dir%/*}
  done

  # A word that is no subcommand of git may be an alias. Git is asked what it stands for, which runs nothing.
  if [ -n "$ruled" ] && [ -n "$sub" ]; then
    case $sub in
      @BUILT_IN@) ;;
      *)
        # A git of the workspace itself is run when the person runs it, not to ask it something.
        case $_hunch_real in "$root"/*) exit 3 ;; /*) ;; *) exit 3 ;; esac
        alias=$("$_hunch_real" config --get "alias.$sub" 2>/dev/null)
        case $alias in
          '') ;;
          !* | *[\'\"\\]*) exit 3 ;;
          *)
            case ${alias%%[	\ ]*} in @BUILT_IN@) ;; *) exit 3 ;; esac
            dir=$here
            while :; do
              # What the alias stands for is split into words here, and that is all that happens to it.
              ! _hunch_could "$_hunch_guard/tables/git$dir/%" $alias "$@" || exit 3
              [ "$dir" != "$root" ] || break
              dir=${dir%/*}
            done
            ;;
        esac
        ;;
    esac
  fi

  [ -n "$hit$watched" ] || exit 0
  exec "$_hunch_python" -I -S "$_hunch_gate" "$_hunch_name" "$_hunch_guard" "$watched" "$root/" "$here/" "$@"
)

# Hunch is broken or slow: the command runs, and the log says so once.
_hunch_failed() (
  umask 077
  set -C
  : >"$_hunch_guard/failed" || exit 0
  printf '{"event":"failed","program":"%s","why":"the check ended with %s"}\n' "$_hunch_name" "$1" >>"$_hunch_guard.log"
) 2>/dev/null

case ${HUNCH_GUARD-} in
  off | 0) ;;
  *)
    _hunch_quick "$@" </dev/null >/dev/null
    _hunch_status=$?
    [ "$_hunch_status" != 4 ] || exit 126 # the gate has said why
    if [ "$_hunch_status" != 0 ]; then
      _hunch_said=$("$_hunch_python" -I "$_hunch_judge" "$_hunch_guard" "$_hunch_name" "$@" </dev/null 2>&1)
      _hunch_status=$?
      case $_hunch_status in 0 | 126) [ -z "$_hunch_said" ] || printf '%s\n' "$_hunch_said" >&2 ;; esac
    fi
    case $_hunch_status in
      0) ;;
      126) exit 126 ;;
      *) _hunch_failed "$_hunch_status" ;;
    esac
    ;;
esac
exec "$_hunch_real" "$@"
