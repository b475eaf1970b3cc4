// SPDX-License-Identifier: Apache-2.0
#include "services/cli/job_flags.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/base/status_macros.h"
#include "services/cli/spec_file.h"
#include "services/cli/spec_text.h"

namespace basisbench {
namespace {

absl::Status InFlag(const char* flag, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", status.message()));
}

absl::StatusOr<v1::JobSpec> ReadSpec(const std::string& file, std::istream& in) {
  if (file.empty()) return v1::JobSpec();
  std::ostringstream text;
  if (file == "-") {
    text << in.rdbuf();
    return ParseSpec("standard input", text.str());
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream || (!(text << stream.rdbuf()) && errno != 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--file: cannot read '", file, "': ", std::strerror(errno)));
  }
  return ParseSpec(file, text.str());
}

// Replaces a repeated text field by the list the flag gives.
absl::Status SetList(const char* flag, const std::string& text,
                     google::protobuf::RepeatedPtrField<std::string>* field) {
  if (text.empty()) return absl::OkStatus();
  const auto parts = SplitList(text);
  if (!parts.ok()) return InFlag(flag, parts.status());
  field->Clear();
  for (const std::string& part : *parts) *field->Add() = part;
  return absl::OkStatus();
}

absl::Status SetDuration(const char* flag, const std::string& text,
                         google::protobuf::Duration* field) {
  const auto duration = ParseDuration(text);
  if (!duration.ok()) return InFlag(flag, duration.status());
  *field = *duration;
  return absl::OkStatus();
}

absl::Status SetRanks(const std::string& text, v1::JobSpec* spec) {
  if (text.empty()) return absl::OkStatus();
  const auto parts = SplitList(text);
  if (!parts.ok()) return InFlag("--ranks", parts.status());
  spec->clear_ranks();
  for (const std::string& part : *parts) {
    uint32_t ranks = 0;
    if (!absl::SimpleAtoi(part, &ranks) || ranks == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--ranks: '", part, "' is not a number of ranks"));
    }
    spec->add_ranks(ranks);
  }
  return absl::OkStatus();
}

absl::Status SetOperators(const JobFlags& flags, v1::JobSpec* spec) {
  if (!flags.operators.empty()) spec->clear_operators();
  for (const std::string& text : flags.operators) {
    const auto parts = SplitList(text);
    if (!parts.ok()) return InFlag("--operators", parts.status());
    for (const std::string& part : *parts) {
      auto parsed = ParseOperator(part);
      if (!parsed.ok()) return InFlag("--operators", parsed.status());
      *spec->add_operators() = *std::move(parsed);
    }
  }
  return absl::OkStatus();
}

absl::Status SetShapes(const JobFlags& flags, v1::JobSpec* spec) {
  if (!flags.shapes.empty()) {
    spec->clear_shapes();
    spec->clear_model();
  }
  for (const std::string& text : flags.shapes) {
    const auto parts = SplitList(text);
    if (!parts.ok()) return InFlag("--shape", parts.status());
    for (const std::string& part : *parts) {
      auto shape = ParseShape(part);
      if (!shape.ok()) return InFlag("--shape", shape.status());
      *spec->add_shapes() = *std::move(shape);
    }
  }
  if (!flags.preset.empty()) {
    if (!flags.shapes.empty()) {
      return absl::InvalidArgumentError("--shape and --preset exclude each other");
    }
    spec->clear_shapes();
    spec->mutable_model()->set_preset(flags.preset);
  }
  const bool model =
      flags.batch != 0 || flags.sequence != 0 || !flags.phase.empty() || !flags.sites.empty();
  if (!model) return absl::OkStatus();
  if (!spec->has_model()) {
    return absl::InvalidArgumentError("--sites, --batch, --sequence and --phase need --preset");
  }
  if (flags.batch != 0) spec->mutable_model()->set_batch(flags.batch);
  if (flags.sequence != 0) spec->mutable_model()->set_sequence(flags.sequence);
  if (!flags.phase.empty()) spec->mutable_model()->set_phase(flags.phase);
  return SetList("--sites", flags.sites, spec->mutable_model()->mutable_sites());
}

absl::Status SetMeasurement(const JobFlags& flags, v1::JobSpec* spec) {
  v1::MeasurementOptions given;
  if (!flags.min_time.empty()) {
    BB_RETURN_IF_ERROR(SetDuration("--min-time", flags.min_time, given.mutable_min_time()));
  }
  if (!flags.max_time.empty()) {
    BB_RETURN_IF_ERROR(SetDuration("--max-time", flags.max_time, given.mutable_max_time()));
  }
  if (!flags.case_timeout.empty()) {
    BB_RETURN_IF_ERROR(
        SetDuration("--case-timeout", flags.case_timeout, given.mutable_case_timeout()));
  }
  given.set_min_samples(flags.min_samples);
  given.set_max_samples(flags.max_samples);
  given.set_seed(flags.seed);
  given.set_target_relative_ci(flags.target_relative_ci);
  given.set_skip_validation(flags.skip_validation);
  // Merging skips what is at its default, which is what "not given" means here.
  if (given.ByteSizeLong() > 0) spec->mutable_measurement()->MergeFrom(given);
  return absl::OkStatus();
}

absl::Status SetLabels(const JobFlags& flags, v1::JobSpec* spec) {
  for (const std::string& text : flags.labels) {
    const auto label = ParseLabel(text);
    if (!label.ok()) return InFlag("--label", label.status());
    (*spec->mutable_labels())[label->first] = label->second;
  }
  return absl::OkStatus();
}

}  // namespace

void AddJobFlags(CLI::App& app, JobFlags& f) {
  app.add_option("-f,--file", f.file, "Job as YAML or JSON; - reads standard input")->group("Job");
  app.add_option("--operators", f.operators,
                 "Operators with parameters: 'matmul,monarch{blocks=32},wht'; repeatable")
      ->allow_extra_args(false)
      ->group("Job");
  app.add_option("--shape", f.shapes, "TOKENSxD_IN[xD_OUT], e.g. 512x768x3072; repeatable")
      ->allow_extra_args(false)
      ->group("Job");
  app.add_option("--preset", f.preset, "Shapes of a real model (see 'get presets')")->group("Job");
  app.add_option("--sites", f.sites, "Sites of the preset, e.g. q,up,down")->group("Job");
  app.add_option("--batch", f.batch, "Sequences processed together")
      ->check(CLI::PositiveNumber)
      ->group("Job");
  app.add_option("--sequence", f.sequence, "Tokens per sequence")
      ->check(CLI::PositiveNumber)
      ->group("Job");
  app.add_option("--phase", f.phase, "prefill or decode")->group("Job");
  app.add_option("--dtype", f.dtypes, "Element types, e.g. f32,f64")->group("Job");
  app.add_option("--sharding", f.shardings,
                 "How operands lie on ranks, e.g. column,row; auto chooses by measured roofs "
                 "(default: the operator's first)")
      ->group("Job");
  app.add_option("--ranks", f.ranks, "World sizes, e.g. 1,2,4")->group("Job");
  app.add_option(
         "--backend", f.backend,
         "What ranks compute on and talk through: cpu_mpi (default), cuda_nccl, or cuda_mpi, "
         "where ranks may share a GPU")
      ->group("Job");
  app.add_option("--grid", f.grid, "Process grid RxC, or RxCxD of summa_2_5d")->group("Job");
  app.add_option("--direction", f.directions, "Directions, e.g. forward,backward")->group("Job");
  app.add_option("--cache", f.caches, "hot, cold or both: hot,cold")->group("Job");
  app.add_option("--input", f.input, "Operand values: normal, uniform, integer, zeros, ones")
      ->group("Job");
  app.add_option("--seed", f.seed, "Seed of operands and order")->group("Measurement");
  app.add_option("--min-time", f.min_time, "Least measured time per case, e.g. 500ms")
      ->group("Measurement");
  app.add_option("--max-time", f.max_time, "Most measured time per case, e.g. 15s")
      ->group("Measurement");
  app.add_option("--min-samples", f.min_samples, "Fewest samples per case")->group("Measurement");
  app.add_option("--max-samples", f.max_samples, "Most samples per case")->group("Measurement");
  app.add_option("--target-ci", f.target_relative_ci,
                 "Wanted relative half-width of the 95 % interval")
      ->group("Measurement");
  app.add_option("--case-timeout", f.case_timeout, "Deadline of one case, e.g. 2m")
      ->group("Measurement");
  app.add_flag("--skip-validation", f.skip_validation,
               "Do not validate; such records are never ranked")
      ->group("Measurement");
  app.add_flag("--expressiveness", f.expressiveness, "Add each operator's change-of-basis score")
      ->group("Measurement");
  app.add_option("--name", f.name, "Name of the job for people")->group("Job");
  app.add_option("--label", f.labels, "key=value; repeatable")
      ->allow_extra_args(false)
      ->group("Job");
  app.add_option("--priority", f.priority, "Higher runs earlier, -100 to 100")->group("Job");
  app.add_option("--max-attempts", f.max_attempts,
                 "Attempts before a job that keeps losing workers fails")
      ->group("Job");
  app.add_flag("--no-baseline", f.no_baseline, "Do not add the dense MatMul to each group")
      ->group("Job");
  app.add_option("--request-id", f.request_id,
                 "Identity of this submission; the same one never makes a second job")
      ->group("Job");
}

absl::StatusOr<v1::JobSpec> BuildSpec(const JobFlags& flags, std::istream& in) {
  BB_ASSIGN_OR_RETURN(v1::JobSpec spec, ReadSpec(flags.file, in));
  BB_RETURN_IF_ERROR(SetOperators(flags, &spec));
  BB_RETURN_IF_ERROR(SetShapes(flags, &spec));
  BB_RETURN_IF_ERROR(SetList("--dtype", flags.dtypes, spec.mutable_dtypes()));
  BB_RETURN_IF_ERROR(SetList("--sharding", flags.shardings, spec.mutable_shardings()));
  BB_RETURN_IF_ERROR(SetList("--direction", flags.directions, spec.mutable_directions()));
  BB_RETURN_IF_ERROR(SetList("--cache", flags.caches, spec.mutable_caches()));
  BB_RETURN_IF_ERROR(SetRanks(flags.ranks, &spec));
  BB_RETURN_IF_ERROR(SetMeasurement(flags, &spec));
  BB_RETURN_IF_ERROR(SetLabels(flags, &spec));
  if (!flags.name.empty()) spec.set_name(flags.name);
  if (!flags.input.empty()) spec.set_input(flags.input);
  if (!flags.backend.empty()) spec.set_backend(flags.backend);
  if (!flags.grid.empty()) spec.set_grid(flags.grid);
  if (flags.priority != 0) spec.set_priority(flags.priority);
  if (flags.max_attempts != 0) spec.set_max_attempts(flags.max_attempts);
  if (flags.no_baseline) spec.set_no_baseline(true);
  if (flags.expressiveness) spec.set_expressiveness(true);
  if (spec.operators().empty()) {
    return absl::InvalidArgumentError(
        "the job names no operators; give --operators matmul,... or --file");
  }
  if (spec.shapes().empty() && !spec.has_model()) {
    return absl::InvalidArgumentError(
        "the job has no shapes; give --shape 512x768x768, --preset gpt2-small or --file");
  }
  return spec;
}

std::string NewRequestId() {
  std::random_device random;
  uint32_t w[4];
  for (uint32_t& word : w) word = random();
  // Version 4, variant 1 of RFC 4122.
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%04x%08x", w[0], w[1] >> 16, w[1] & 0xFFF,
                         0x8000 | (w[2] >> 16 & 0x3FFF), w[2] & 0xFFFF, w[3]);
}

}  // namespace basisbench
