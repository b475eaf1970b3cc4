// SPDX-License-Identifier: Apache-2.0
#include "services/cli/completion.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/backends.h"
#include "services/cli/equal_budget.h"

namespace basisbench {
namespace {

constexpr absl::Duration kAskFor = absl::Milliseconds(700);
constexpr size_t kMostJobs = 50;

// Options whose values are a fixed list.
const std::map<std::string, std::vector<std::string>>& FixedValues() {
  static const auto& values = *new std::map<std::string, std::vector<std::string>>{
      {"--output", FormatNames()},
      {"--backend", KnownBackends()},
      {"--phase", {"prefill", "decode"}},
      {"--cache", {"hot", "cold"}},
      {"--dtype", {"f32", "f64", "bf16", "f16", "tf32"}},
      {"--input", {"normal", "uniform", "integer", "zeros", "ones"}},
      {"--state", {"queued", "running", "succeeded", "failed", "cancelled"}},
      {"--x", {"seconds", "flops", "memory", "wire", "joules"}},
      {"--equal", BudgetNames()},
      {"--fail-on", {"slower", "ambiguous", "invalid", "missing"}},
      {"--format", {"jsonl", "csv"}}};
  return values;
}

// Where the words typed so far have led.
struct Place {
  const CLI::App* verb;
  const CLI::Option* pending = nullptr;  // its value comes next
  size_t positionals = 0;                // given to the verb already
};

const CLI::Option* FindOption(const CLI::App* verb, const std::string& name) {
  for (; verb != nullptr; verb = verb->get_parent()) {
    for (const CLI::Option* option : verb->get_options()) {
      if (!option->get_positional() && option->check_name(name)) return option;
    }
  }
  return nullptr;
}

const CLI::App* FindVerb(const CLI::App* at, const std::string& word) {
  for (const CLI::App* verb : at->get_subcommands([](const CLI::App*) { return true; })) {
    if (verb->check_name(word)) return verb;
  }
  return nullptr;
}

Place Walk(const CLI::App& app, const std::vector<std::string>& words) {
  Place place{.verb = &app};
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (place.pending != nullptr) {
      place.pending = nullptr;
    } else if (word.size() > 1 && word[0] == '-') {
      const CLI::Option* option = FindOption(place.verb, word);
      const bool takes_value = option != nullptr && option->get_expected_min() > 0;
      if (takes_value) place.pending = option;
    } else if (const CLI::App* verb = FindVerb(place.verb, word); verb != nullptr) {
      place.verb = verb;
      place.positionals = 0;
    } else {
      ++place.positionals;
    }
  }
  return place;
}

Completes KindOfPositional(const CLI::App* verb, const CLI::Option* positional) {
  const std::string name = positional->get_single_name();
  if (absl::StartsWith(name, "job")) return Completes::kJobs;
  if (name != "name") return Completes::kNothing;
  const std::string noun = verb->get_name();
  if (absl::StartsWith(noun, "job") || noun == "case") return Completes::kJobs;
  if (absl::StartsWith(noun, "worker")) return Completes::kWorkers;
  if (absl::StartsWith(noun, "operator")) return Completes::kOperators;
  return absl::StartsWith(noun, "preset") ? Completes::kPresets : Completes::kNothing;
}

// The names a verb's next positional takes. One that takes many goes on for ever.
std::vector<std::string> PositionalValues(const Place& place, const NameSource& names) {
  size_t position = 0;
  for (const CLI::Option* option : place.verb->get_options()) {
    if (!option->get_positional()) continue;
    const bool here = position++ == place.positionals || option->get_items_expected_max() > 1;
    if (!here) continue;
    if (place.verb->get_name() == "completion") return {"bash", "zsh", "fish"};
    const Completes kind = KindOfPositional(place.verb, option);
    return kind == Completes::kNothing ? std::vector<std::string>() : names(kind);
  }
  return {};
}

std::vector<std::string> FlagNames(const CLI::App* verb) {
  std::vector<std::string> flags;
  for (; verb != nullptr; verb = verb->get_parent()) {
    for (const CLI::Option* option : verb->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  // --help stands at every level.
  std::sort(flags.begin(), flags.end());
  flags.erase(std::unique(flags.begin(), flags.end()), flags.end());
  return flags;
}

std::vector<std::string> OptionValues(const CLI::Option& option, const NameSource& names) {
  for (const std::string& name : option.get_lnames()) {
    const auto fixed = FixedValues().find("--" + name);
    if (fixed != FixedValues().end()) return fixed->second;
    if (name == "operators" || name == "between") return names(Completes::kOperators);
    if (name == "preset") return names(Completes::kPresets);
  }
  return {};
}

std::vector<std::string> VerbNames(const CLI::App* at) {
  std::vector<std::string> verbs;
  for (const CLI::App* verb : at->get_subcommands([](const CLI::App*) { return true; })) {
    if (!verb->get_group().empty()) verbs.push_back(verb->get_name());
  }
  return verbs;
}

// In a list only the part behind the last comma is being typed.
std::vector<std::string> WithPrefix(const std::vector<std::string>& values,
                                    const std::string& typed, bool list) {
  const size_t comma = list ? typed.rfind(',') : std::string::npos;
  const size_t begin = comma == std::string::npos ? 0 : comma + 1;
  std::vector<std::string> fitting;
  for (const std::string& value : values) {
    if (absl::StartsWith(value, typed.substr(begin))) {
      fitting.push_back(typed.substr(0, begin) + value);
    }
  }
  return fitting;
}

// The connection flags among the words, as the parser would set them.
void TakeConnectionFlags(const std::vector<std::string>& words, GlobalFlags* flags) {
  const std::map<std::string, std::string*> known = {
      {"--coordinator", &flags->coordinator},
      {"--tls-ca", &flags->security.tls_ca_file},
      {"--tls-cert", &flags->security.tls_certificate_file},
      {"--tls-key", &flags->security.tls_key_file},
      {"--token-file", &flags->security.token_file}};
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    const auto found = known.find(words[i].substr(0, equals));
    if (found == known.end()) continue;
    if (equals != std::string::npos) *found->second = words[i].substr(equals + 1);
    if (equals == std::string::npos && i + 1 < words.size()) *found->second = words[i + 1];
  }
}

template <typename T>
std::vector<std::string> NamesOf(const absl::StatusOr<std::vector<T>>& all) {
  std::vector<std::string> names;
  if (!all.ok()) return names;
  for (const T& item : *all) names.push_back(item.name());
  return names;
}

std::vector<std::string> AskCoordinatorFor(const GlobalFlags& flags, const std::string& target,
                                           Completes kind) {
  const auto client = Client::Make(flags.security, target, kAskFor);
  if (!client.ok()) return {};
  if (kind == Completes::kWorkers) return NamesOf((*client)->ListWorkers());
  if (kind == Completes::kOperators) return NamesOf((*client)->ListOperators());
  if (kind == Completes::kPresets) return NamesOf((*client)->ListPresets(""));
  std::vector<std::string> ids;
  const auto jobs = (*client)->ListJobs({}, kMostJobs);
  if (!jobs.ok()) return ids;
  for (const v1::Job& job : *jobs) ids.push_back(job.id());
  return ids;
}

}  // namespace

std::vector<std::string> Candidates(const CLI::App& app, const std::vector<std::string>& words,
                                    const NameSource& names) {
  const std::string typed = words.empty() ? "" : words.back();
  const Place place = Walk(app, words);
  if (place.pending != nullptr) {
    return WithPrefix(OptionValues(*place.pending, names), typed, /*list=*/true);
  }
  const size_t equals = typed.find('=');
  if (absl::StartsWith(typed, "--") && equals != std::string::npos) {
    const CLI::Option* option = FindOption(place.verb, typed.substr(0, equals));
    if (option == nullptr) return {};
    std::vector<std::string> values =
        WithPrefix(OptionValues(*option, names), typed.substr(equals + 1), /*list=*/true);
    for (std::string& value : values) value.insert(0, typed, 0, equals + 1);
    return values;
  }
  if (absl::StartsWith(typed, "-")) return WithPrefix(FlagNames(place.verb), typed, false);
  const std::vector<std::string> verbs = VerbNames(place.verb);
  return WithPrefix(verbs.empty() ? PositionalValues(place, names) : verbs, typed, false);
}

void PrintCandidates(const CLI::App& app, Context& context, const std::vector<std::string>& words) {
  // The tree was not parsed, so variables have not been read either.
  if (const char* variable = std::getenv("BASISBENCH_COORDINATOR"); variable != nullptr) {
    context.flags.coordinator = variable;
  }
  if (const char* variable = std::getenv("BASISBENCH_TOKEN_FILE"); variable != nullptr) {
    context.flags.security.token_file = variable;
  }
  TakeConnectionFlags(words, &context.flags);
  const auto ask = [&](Completes kind) {
    return AskCoordinatorFor(context.flags, context.coordinator(), kind);
  };
  for (const std::string& candidate : Candidates(app, words, ask)) {
    context.out() << candidate << '\n';
  }
}

}  // namespace basisbench
