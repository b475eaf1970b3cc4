// SPDX-License-Identifier: Apache-2.0
// What `basisbench completion SHELL` prints: each script only asks `basisbench __complete`.
#include "services/cli/completion.h"

namespace basisbench {
namespace {

// Words are split at '=' and ':' by readline, so the whole line is cut by hand; what readline has
// split off already is taken from the front of each candidate.
constexpr char kBash[] =
    R"(# bash completion of basisbench; load with: source <(basisbench completion bash)
_basisbench() {
  local line=${COMP_LINE:0:COMP_POINT} cur=${COMP_WORDS[COMP_CWORD]}
  local words
  read -r -a words <<<"$line"
  [[ $line == *' ' ]] && words+=('')
  local typed=${words[${#words[@]}-1]}
  [[ $cur == '=' || $cur == ':' ]] && cur=
  local cut=$((${#typed} - ${#cur}))
  COMPREPLY=()
  local candidate
  while IFS= read -r candidate; do
    COMPREPLY+=("${candidate:cut}")
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -o bashdefault -o default -F _basisbench basisbench
)";

constexpr char kZsh[] = R"(#compdef basisbench
# zsh completion of basisbench; load with: source <(basisbench completion zsh)
_basisbench() {
  local -a candidates
  candidates=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n ${candidates[1]} ]]; then
    compadd -a candidates
  else
    _files
  fi
}
compdef _basisbench basisbench
)";

constexpr char kFish[] =
    R"(# fish completion of basisbench; load with: basisbench completion fish | source
function __basisbench_complete
    set -l words (commandline -opc)
    set -e words[1]
    basisbench __complete $words (commandline -ct) 2>/dev/null
end
complete -c basisbench -a '(__basisbench_complete)'
)";

}  // namespace

std::string CompletionScript(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  return shell == "fish" ? kFish : "";
}

}  // namespace basisbench
