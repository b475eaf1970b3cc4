// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/job_spec.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/backends.h"
#include "services/base/status_macros.h"
#include "services/coordinator/did_you_mean.h"

namespace basisbench {
namespace {

constexpr size_t kMaxName = 128;
constexpr size_t kMaxLabels = 16;
constexpr size_t kMaxLabel = 63;
constexpr size_t kMaxWord = 64;
// Beyond this no product of two sizes is a shape anyone can hold, and products of three stay inside
// a double's range.
constexpr int64_t kMaxSize = int64_t{1} << 40;
constexpr uint32_t kMaxRanks = 1 << 20;
constexpr uint32_t kMaxSamples = 10'000;
constexpr uint32_t kMaxAttempts = 100;
constexpr int64_t kMaxSeconds = 24 * 3600;

template <typename... Parts>
absl::Status Wrong(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

absl::Status CheckPrintable(absl::string_view field, absl::string_view value, size_t limit) {
  if (value.size() > limit)
    return Wrong(field, ": ", value.size(), " characters are more than ", limit);
  for (const char c : value) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      return Wrong(field, ": ", Quote(value), " has a control character");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSize(absl::string_view field, int64_t value, int64_t least) {
  if (value < least) return Wrong(field, ": ", value, " is less than ", least);
  if (value > kMaxSize) return Wrong(field, ": ", value, " is more than ", kMaxSize);
  return absl::OkStatus();
}

// Words of a list: not empty, not too long, none twice.
absl::Status CheckWords(absl::string_view field,
                        const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::set<std::string> seen;
  for (int i = 0; i < words.size(); ++i) {
    const std::string at = absl::StrCat(field, "[", i, "]");
    if (words[i].empty()) return Wrong(at, ": is empty");
    BB_RETURN_IF_ERROR(CheckPrintable(at, words[i], kMaxWord));
    if (!seen.insert(words[i]).second) return Wrong(at, ": ", Quote(words[i]), " is there twice");
  }
  return absl::OkStatus();
}

absl::Status CheckOneOf(absl::string_view field, const std::string& value,
                        const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return absl::OkStatus();
  return Wrong(field, ": ", Quote(value), " is not known", KnownNames(value, known));
}

std::string PrintOperator(const v1::OperatorSpec& spec) {
  const std::map<std::string, std::string> sorted(spec.parameters().begin(),
                                                  spec.parameters().end());
  std::string text = spec.name();
  for (const auto& [name, value] : sorted) absl::StrAppend(&text, "\n", name, "=", value);
  return text;
}

// Every case carries its operator, so that a long value would be kept once for each case.
absl::Status CheckParameters(const std::string& at, const v1::OperatorSpec& spec) {
  BB_RETURN_IF_ERROR(CheckPrintable(absl::StrCat(at, ".name"), spec.name(), kMaxWord));
  for (const auto& [name, value] : spec.parameters()) {
    const std::string field = absl::StrCat(at, ".parameters[", Quote(name), "]");
    BB_RETURN_IF_ERROR(CheckPrintable(absl::StrCat(field, " name"), name, kMaxWord));
    BB_RETURN_IF_ERROR(CheckPrintable(field, value, kMaxName));
  }
  return absl::OkStatus();
}

absl::Status CheckOperators(const v1::JobSpec& spec) {
  if (spec.operators().empty())
    return Wrong("spec.operators: is empty; name at least one operator");
  std::map<std::string, int> seen;
  for (int i = 0; i < spec.operators_size(); ++i) {
    const std::string at = absl::StrCat("spec.operators[", i, "]");
    if (spec.operators(i).name().empty()) return Wrong(at, ".name: is empty");
    BB_RETURN_IF_ERROR(CheckParameters(at, spec.operators(i)));
    const auto [earlier, is_new] = seen.emplace(PrintOperator(spec.operators(i)), i);
    if (!is_new) return Wrong(at, ": repeats spec.operators[", earlier->second, "]");
  }
  return absl::OkStatus();
}

absl::Status CompleteShapes(v1::JobSpec& spec) {
  std::set<std::tuple<int64_t, int64_t, int64_t>> seen;
  for (int i = 0; i < spec.shapes_size(); ++i) {
    const std::string at = absl::StrCat("spec.shapes[", i, "]");
    v1::Shape& shape = *spec.mutable_shapes(i);
    BB_RETURN_IF_ERROR(CheckSize(absl::StrCat(at, ".tokens"), shape.tokens(), 1));
    BB_RETURN_IF_ERROR(CheckSize(absl::StrCat(at, ".d_in"), shape.d_in(), 1));
    BB_RETURN_IF_ERROR(CheckSize(absl::StrCat(at, ".d_out"), shape.d_out(), 0));
    if (shape.d_out() == 0) shape.set_d_out(shape.d_in());
    if (!seen.emplace(shape.tokens(), shape.d_in(), shape.d_out()).second) {
      return Wrong(at, ": ", shape.tokens(), "x", shape.d_in(), "x", shape.d_out(),
                   " is there twice");
    }
  }
  return absl::OkStatus();
}

absl::Status CompleteModel(v1::JobSpec& spec) {
  v1::ModelWorkload& model = *spec.mutable_model();
  if (model.preset().empty()) return Wrong("spec.model.preset: is empty");
  BB_RETURN_IF_ERROR(CheckWords("spec.model.sites", model.sites()));
  BB_RETURN_IF_ERROR(CheckSize("spec.model.batch", model.batch(), 0));
  BB_RETURN_IF_ERROR(CheckSize("spec.model.sequence", model.sequence(), 0));
  if (model.batch() == 0) model.set_batch(1);
  if (model.sequence() == 0) model.set_sequence(512);
  if (model.batch() > kMaxSize / model.sequence()) {
    return Wrong("spec.model.batch: ", model.batch(), " x sequence ", model.sequence(),
                 " is more than ", kMaxSize);
  }
  if (model.phase().empty()) model.set_phase("prefill");
  return CheckOneOf("spec.model.phase", model.phase(), {"prefill", "decode"});
}

absl::Status CompleteRanks(v1::JobSpec& spec) {
  if (spec.ranks().empty()) spec.add_ranks(1);
  std::set<uint32_t> seen;
  for (int i = 0; i < spec.ranks_size(); ++i) {
    const std::string at = absl::StrCat("spec.ranks[", i, "]");
    if (spec.ranks(i) < 1) return Wrong(at, ": 0 is less than 1");
    if (spec.ranks(i) > kMaxRanks)
      return Wrong(at, ": ", spec.ranks(i), " is more than ", kMaxRanks);
    if (!seen.insert(spec.ranks(i)).second)
      return Wrong(at, ": ", spec.ranks(i), " is there twice");
  }
  return absl::OkStatus();
}

absl::Status CompleteWords(v1::JobSpec& spec) {
  if (spec.dtypes().empty()) spec.add_dtypes("f32");
  if (spec.directions().empty()) spec.add_directions("forward");
  if (spec.caches().empty()) spec.add_caches("hot");
  if (spec.input().empty()) spec.set_input("normal");
  if (spec.backend().empty()) spec.set_backend(kCpuMpi);
  BB_RETURN_IF_ERROR(CheckWords("spec.dtypes", spec.dtypes()));
  BB_RETURN_IF_ERROR(CheckWords("spec.directions", spec.directions()));
  BB_RETURN_IF_ERROR(CheckWords("spec.caches", spec.caches()));
  BB_RETURN_IF_ERROR(CheckWords("spec.shardings", spec.shardings()));
  BB_RETURN_IF_ERROR(CheckPrintable("spec.backend", spec.backend(), kMaxWord));
  for (int i = 0; i < spec.caches_size(); ++i) {
    BB_RETURN_IF_ERROR(
        CheckOneOf(absl::StrCat("spec.caches[", i, "]"), spec.caches(i), {"hot", "cold"}));
  }
  return CheckOneOf("spec.input", spec.input(), {"normal", "uniform", "integer", "zeros", "ones"});
}

// A duration left unset, or set to 0, becomes `otherwise_ms`.
absl::Status CompleteDuration(absl::string_view field, int64_t otherwise_ms,
                              google::protobuf::Duration& duration) {
  if (duration.seconds() < 0 || duration.nanos() < 0) return Wrong(field, ": is negative");
  if (duration.nanos() > 999'999'999)
    return Wrong(field, ".nanos: ", duration.nanos(), " is more than 999999999");
  if (duration.seconds() > kMaxSeconds)
    return Wrong(field, ": ", duration.seconds(), " s is more than ", kMaxSeconds);
  if (duration.seconds() == 0 && duration.nanos() == 0) {
    duration.set_seconds(otherwise_ms / 1000);
    duration.set_nanos(static_cast<int32_t>(otherwise_ms % 1000 * 1'000'000));
  }
  return absl::OkStatus();
}

double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + duration.nanos() * 1e-9;
}

absl::Status CompleteMeasurement(v1::MeasurementOptions& options) {
  const std::string at = "spec.measurement.";
  if (options.min_samples() > kMaxSamples) {
    return Wrong(at, "min_samples: ", options.min_samples(), " is more than ", kMaxSamples);
  }
  if (options.max_samples() > kMaxSamples) {
    return Wrong(at, "max_samples: ", options.max_samples(), " is more than ", kMaxSamples);
  }
  const bool any_maximum = options.max_samples() == 0;
  if (options.min_samples() == 0)
    options.set_min_samples(any_maximum ? 10 : std::min(10u, options.max_samples()));
  if (any_maximum) options.set_max_samples(std::max(1000u, options.min_samples()));
  if (options.min_samples() > options.max_samples()) {
    return Wrong(at, "min_samples: ", options.min_samples(), " is more than max_samples ",
                 options.max_samples());
  }
  const bool any_max_time = Seconds(options.max_time()) == 0;
  const bool any_min_time = Seconds(options.min_time()) == 0;
  BB_RETURN_IF_ERROR(CompleteDuration(at + "min_time", 500, *options.mutable_min_time()));
  BB_RETURN_IF_ERROR(CompleteDuration(at + "max_time", 15'000, *options.mutable_max_time()));
  BB_RETURN_IF_ERROR(
      CompleteDuration(at + "case_timeout", 120'000, *options.mutable_case_timeout()));
  if (Seconds(options.min_time()) > Seconds(options.max_time())) {
    if (any_max_time) {
      *options.mutable_max_time() = options.min_time();
    } else if (any_min_time) {
      *options.mutable_min_time() = options.max_time();
    } else {
      return Wrong(at, "min_time: ", Seconds(options.min_time()), " s is more than max_time ",
                   Seconds(options.max_time()), " s");
    }
  }
  const double target = options.target_relative_ci();
  if (std::isnan(target) || target < 0 || target > 1)
    return Wrong(at, "target_relative_ci: ", target, " is not in 0..1");
  if (target == 0) options.set_target_relative_ci(0.02);
  if (options.warmup_iterations() > kMaxSamples) {
    return Wrong(at, "warmup_iterations: ", options.warmup_iterations(), " is more than ",
                 kMaxSamples);
  }
  if (options.warmup_iterations() == 0) options.set_warmup_iterations(3);
  if (options.seed() == 0) options.set_seed(1);
  return absl::OkStatus();
}

absl::Status CheckLabels(const v1::JobSpec& spec) {
  if (spec.labels().size() > kMaxLabels) {
    return Wrong("spec.labels: ", spec.labels().size(), " labels are more than ", kMaxLabels);
  }
  for (const auto& [key, value] : spec.labels()) {
    if (key.empty()) return Wrong("spec.labels: a key is empty");
    BB_RETURN_IF_ERROR(
        CheckPrintable(absl::StrCat("spec.labels key ", Quote(key)), key, kMaxLabel));
    BB_RETURN_IF_ERROR(
        CheckPrintable(absl::StrCat("spec.labels[", Quote(key), "]"), value, kMaxLabel));
  }
  return absl::OkStatus();
}

absl::Status CheckGrid(const std::string& grid) {
  if (grid.empty()) return absl::OkStatus();
  const std::vector<std::string> sides = absl::StrSplit(grid, 'x');
  bool good = grid.find_first_not_of("0123456789x") == std::string::npos &&
              (sides.size() == 2 || sides.size() == 3);
  for (const std::string& side : sides) {
    int32_t ranks = 0;
    good = good && absl::SimpleAtoi(side, &ranks) && ranks >= 1;
  }
  return good ? absl::OkStatus()
              : Wrong("spec.grid: ", Quote(grid), " is not of the form '2x3' or '2x3x4'");
}

}  // namespace

absl::Status CheckRequestId(absl::string_view request_id) {
  return CheckPrintable("request_id", request_id, kMaxName);
}

absl::Status CompleteSpec(v1::JobSpec& spec) {
  BB_RETURN_IF_ERROR(CheckPrintable("spec.name", spec.name(), kMaxName));
  BB_RETURN_IF_ERROR(CheckOperators(spec));
  if (spec.has_model() && !spec.shapes().empty())
    return Wrong("spec.model: cannot be given together with spec.shapes");
  if (!spec.has_model() && spec.shapes().empty()) {
    return Wrong("spec.shapes: is empty; give shapes, or a preset in spec.model");
  }
  BB_RETURN_IF_ERROR(CompleteShapes(spec));
  if (spec.has_model()) BB_RETURN_IF_ERROR(CompleteModel(spec));
  BB_RETURN_IF_ERROR(CompleteWords(spec));
  BB_RETURN_IF_ERROR(CompleteRanks(spec));
  BB_RETURN_IF_ERROR(CompleteMeasurement(*spec.mutable_measurement()));
  BB_RETURN_IF_ERROR(CheckLabels(spec));
  if (spec.priority() < -100 || spec.priority() > 100) {
    return Wrong("spec.priority: ", spec.priority(), " is not in -100..100");
  }
  if (spec.max_attempts() > kMaxAttempts) {
    return Wrong("spec.max_attempts: ", spec.max_attempts(), " is more than ", kMaxAttempts);
  }
  if (spec.max_attempts() == 0) spec.set_max_attempts(3);
  return CheckGrid(spec.grid());
}

}  // namespace basisbench
