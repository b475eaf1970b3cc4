// SPDX-License-Identifier: Apache-2.0
#include "services/cli/spec_text.h"

#include <cmath>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "services/base/status_macros.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

std::string Stripped(absl::string_view text) {
  return std::string(absl::StripAsciiWhitespace(text));
}

absl::Status Bad(const char* what, const std::string& text, const char* expected) {
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' is not ", what, "; ", expected));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SplitList(const std::string& text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (depth < 0 || depth > 1) return Bad("a list", text, "braces do not match");
    if (c == ',' && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (depth != 0) return Bad("a list", text, "a '{' is not closed");
  for (std::string& part : parts) {
    part = Stripped(part);
    if (part.empty()) return Bad("a list", text, "an entry is empty");
  }
  return parts;
}

absl::StatusOr<v1::OperatorSpec> ParseOperator(const std::string& text) {
  constexpr char kExpected[] = "expected name or name{parameter=value,...}";
  const std::string stripped = Stripped(text);
  const size_t brace = stripped.find('{');
  v1::OperatorSpec spec;
  spec.set_name(Stripped(stripped.substr(0, brace)));
  const bool named =
      !spec.name().empty() && spec.name().find_first_of("}=, \t") == std::string::npos;
  if (!named) return Bad("an operator", text, kExpected);
  if (brace == std::string::npos) return spec;
  if (stripped.back() != '}') return Bad("an operator", text, kExpected);
  const std::string inside = stripped.substr(brace + 1, stripped.size() - brace - 2);
  if (Stripped(inside).empty()) return spec;
  for (const auto& part : absl::StrSplit(inside, ',')) {
    const std::vector<std::string> sides = absl::StrSplit(part, absl::MaxSplits('=', 1));
    const std::string key = Stripped(sides[0]);
    const std::string value = sides.size() == 2 ? Stripped(sides[1]) : "";
    if (key.empty() || value.empty() || value.find_first_of("{}") != std::string::npos) {
      return Bad("an operator", text, kExpected);
    }
    if (!spec.mutable_parameters()->insert({key, value}).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "' gives parameter '", key, "' twice"));
    }
  }
  return spec;
}

std::string OperatorText(const v1::OperatorSpec& spec) {
  if (spec.parameters().empty()) return spec.name();
  const std::map<std::string, std::string> sorted(spec.parameters().begin(),
                                                  spec.parameters().end());
  return absl::StrCat(spec.name(), "{", absl::StrJoin(sorted, ",", absl::PairFormatter("=")), "}");
}

std::string ShardingText(const v1::Case& c) {
  if (c.requested_sharding().empty()) return c.sharding();
  return absl::StrCat(c.sharding(), " (", c.requested_sharding(), ")");
}

std::string ShardingChoicesText(
    const google::protobuf::RepeatedPtrField<v1::ShardingChoice>& choices) {
  return absl::StrJoin(choices, ", ", [](std::string* out, const v1::ShardingChoice& choice) {
    absl::StrAppend(out, choice.sharding());
    if (choice.has_predicted_seconds()) {
      absl::StrAppend(out, " ", HumanSeconds(choice.predicted_seconds()));
    }
    if (!choice.refusal().empty()) absl::StrAppend(out, ": ", choice.refusal());
  });
}

absl::StatusOr<v1::Shape> ParseShape(const std::string& text) {
  constexpr char kExpected[] = "expected TOKENSxD_IN or TOKENSxD_INxD_OUT, e.g. 512x768x3072";
  const std::vector<std::string> parts = absl::StrSplit(Stripped(text), absl::ByAnyChar("xX"));
  if (parts.size() != 2 && parts.size() != 3) return Bad("a shape", text, kExpected);
  int64_t sizes[3] = {0, 0, 0};
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!absl::SimpleAtoi(parts[i], &sizes[i]) || sizes[i] < 1) {
      return Bad("a shape", text, kExpected);
    }
  }
  v1::Shape shape;
  shape.set_tokens(sizes[0]);
  shape.set_d_in(sizes[1]);
  shape.set_d_out(sizes[2]);
  return shape;
}

std::string ShapeText(const v1::Shape& shape) {
  return absl::StrCat(shape.tokens(), "x", shape.d_in(), "x",
                      shape.d_out() == 0 ? shape.d_in() : shape.d_out());
}

absl::StatusOr<google::protobuf::Duration> ParseDuration(const std::string& text) {
  const std::string stripped = Stripped(text);
  absl::Duration duration;
  double seconds = 0;
  if (absl::SimpleAtod(stripped, &seconds) && std::isfinite(seconds)) {
    duration = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(stripped, &duration)) {
    return Bad("a duration", text, "expected e.g. 2s, 500ms, 1m30s");
  }
  // Ten thousand years is the range of the message; anything near it is a mistake.
  if (duration < absl::ZeroDuration() || duration > absl::Hours(24 * 365)) {
    return Bad("a duration", text, "expected 0 to one year");
  }
  google::protobuf::Duration message;
  message.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return message;
}

absl::StatusOr<std::pair<std::string, std::string>> ParseLabel(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return Bad("a label", text, "expected key=value");
  return std::make_pair(text.substr(0, equals), text.substr(equals + 1));
}

}  // namespace basisbench
