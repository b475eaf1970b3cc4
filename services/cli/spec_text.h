// SPDX-License-Identifier: Apache-2.0
// The short notations people type for parts of a job: operators, shapes, durations, labels. Pure
// functions; every error is INVALID_ARGUMENT and quotes the text.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/operator.pb.h"
#include "google/protobuf/duration.pb.h"

namespace basisbench {

// Splits at commas outside braces: "matmul,monarch{a=1,b=2}" has two parts. Empty parts are errors.
absl::StatusOr<std::vector<std::string>> SplitList(const std::string& text);

// "matmul", "monarch{blocks=64,radix=2}".
absl::StatusOr<v1::OperatorSpec> ParseOperator(const std::string& text);
// The reverse; parameters in the order of their names.
std::string OperatorText(const v1::OperatorSpec& spec);

// "column", or "column (auto)" where the runner chose it.
std::string ShardingText(const v1::Case& c);
// What there was to choose from: "token 1.20 ms, column 450 us, summa: why not".
std::string ShardingChoicesText(
    const google::protobuf::RepeatedPtrField<v1::ShardingChoice>& choices);

// "512x768x3072" is tokens x d_in x d_out; d_out may be left out and is then d_in.
absl::StatusOr<v1::Shape> ParseShape(const std::string& text);
std::string ShapeText(const v1::Shape& shape);

// "2s", "500ms", "1m30s", or a number of seconds.
absl::StatusOr<google::protobuf::Duration> ParseDuration(const std::string& text);

// "team=mixers".
absl::StatusOr<std::pair<std::string, std::string>> ParseLabel(const std::string& text);

}  // namespace basisbench
