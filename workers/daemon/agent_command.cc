// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/agent_command.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

using Statement = std::vector<std::string>;

// Splits like a POSIX shell does: words, quotes, backslashes and ';'. Expansions are not performed;
// they occur only in the assignments that are dropped.
class Splitter {
 public:
  explicit Splitter(const std::string& text) : text_(text) {}

  absl::StatusOr<std::vector<Statement>> Run() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\'' || c == '"') {
        BB_RETURN_IF_ERROR(Quoted(c));
      } else if (c == '\\' && at_ + 1 < text_.size()) {
        Put(text_[++at_]);
      } else if (c == ';' || c == '\n') {
        EndStatement();
      } else if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
        EndWord();
      } else if (c == '|' || c == '&' || c == '<' || c == '>' || c == '`' || c == '(') {
        return absl::InvalidArgumentError(absl::StrCat(
            "the command of mpirun contains '", std::string(1, c), "' outside quotes: ", text_));
      } else {
        Put(c);
      }
    }
    EndStatement();
    return std::move(statements_);
  }

 private:
  absl::Status Quoted(char quote) {
    in_word_ = true;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      const bool escaped = quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size() &&
                           std::string("\"\\$`").find(text_[at_ + 1]) != std::string::npos;
      if (escaped) ++at_;
      Put(text_[at_]);
    }
    if (at_ >= text_.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the command of mpirun has an open quote: ", text_));
    }
    return absl::OkStatus();
  }

  void Put(char c) {
    in_word_ = true;
    word_.push_back(c);
  }
  void EndWord() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }
  void EndStatement() {
    EndWord();
    if (!words_.empty()) statements_.push_back(std::move(words_));
    words_.clear();
  }

  const std::string& text_;
  size_t at_ = 0;
  bool in_word_ = false;
  std::string word_;
  Statement words_;
  std::vector<Statement> statements_;
};

bool IsAssignment(const std::string& word) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0) return false;
  for (size_t i = 0; i < equals; ++i) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(word[i])) && word[i] != '_') return false;
  }
  return true;
}

// Where the user's login shell is a plain sh, as in containers, mpirun has the profile read first,
// in a subshell around the command.
std::string WithoutProfile(const std::string& text) {
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "( test ! -r ./.profile || . ./.profile;")) return text;
  rest = absl::StripTrailingAsciiWhitespace(rest);
  return absl::ConsumeSuffix(&rest, ")") ? std::string(rest) : text;
}

}  // namespace

absl::StatusOr<AgentCommand> ParseAgentCommand(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a host and a command, got ", arguments.size(), " arguments"));
  }
  AgentCommand command;
  command.host = arguments[0];
  const std::string text =
      WithoutProfile(absl::StrJoin(arguments.begin() + 1, arguments.end(), " "));
  BB_ASSIGN_OR_RETURN(std::vector<Statement> statements, Splitter(text).Run());
  for (Statement& statement : statements) {
    if (IsAssignment(statement[0]) && statement.size() == 1) continue;
    if (statement[0] == "export") continue;
    const std::string& program = statement[0];
    const std::string name =
        program.substr(program.rfind('/') == std::string::npos ? 0 : program.rfind('/') + 1);
    if (name != "orted" || !command.arguments.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("only orted may be launched, not '", program, "'"));
    }
    command.arguments = std::move(statement);
    command.arguments[0] = "orted";
  }
  if (command.arguments.empty())
    return absl::InvalidArgumentError(absl::StrCat("no orted in the command: ", text));
  return command;
}

}  // namespace basisbench
