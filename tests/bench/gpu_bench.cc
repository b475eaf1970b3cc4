// SPDX-License-Identifier: Apache-2.0
// gpu_bench: operators on a GPU beside what a user would run instead (gpu/gpu_lines.cc says what)
// and beside the least time that their FLOPs or bytes could take, all measured in turns in the same
// rounds; then the width from which on they beat a dense product, and what they take in energy.
// Prints a Markdown page. A line that fails is named, the others run, and the exit code says so.
//   gpu_bench [--quick] [machine] [crossovers] [energy] [OPERATOR ...]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "tests/bench/bench_options.h"
#include "tests/bench/gpu/energy_meter.h"
#include "tests/bench/gpu/gpu_peers.h"
#include "tests/bench/paired.h"
#include "workers/collectives/local.h"

namespace basisbench {
namespace {

struct Effort {
  int rounds;
  double most_seconds;
};
constexpr Effort kFull{31, 3.0}, kQuick{7, 0.3}, kCrossover{9, 0.3};
constexpr int64_t kCrossoverTokens = 4096;
constexpr int64_t kNarrowest = 256;

// The first elements of two results in device memory, where the peer's is the same.
absl::Status ExpectSame(BenchGpu& gpu, const GpuSubject& subject, const IssuedPeer& peer) {
  constexpr int64_t kCompared = int64_t{1} << 20;
  constexpr double kTolerance = 1e-2;  // of the largest: one rounding to a half is a two-hundredth
  const Dtype dtype = subject.problem.dtype;
  const int64_t count =
      std::min(kCompared, subject.problem.shape.tokens * subject.problem.shape.d_out);
  std::vector<std::byte> ours(count * DtypeSize(dtype)), theirs(count * DtypeSize(dtype));
  BB_RETURN_IF_ERROR(subject.plans.front()->Run());
  BB_RETURN_IF_ERROR(peer.issues.front()());
  BB_RETURN_IF_ERROR(
      gpu.device().Download(subject.Output(0), count * DtypeSize(dtype), ours.data()));
  BB_RETURN_IF_ERROR(gpu.device().Download(peer.y, count * DtypeSize(dtype), theirs.data()));
  double largest = 0, difference = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double y = LoadElement(dtype, ours.data(), i), z = LoadElement(dtype, theirs.data(), i);
    largest = std::max(largest, std::fabs(y));
    difference = std::max(difference, std::fabs(y - z));
  }
  if (largest > 0 && difference <= kTolerance * largest) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(peer.name, " differs by ", difference,
                                          " where the largest element is ", largest));
}

class GpuBench {
 public:
  GpuBench(BenchGpu& gpu, Communicator& communicator, const BenchOptions& options)
      : gpu_(gpu), communicator_(communicator), options_(options), meter_(OpenMeter(options)) {}

  // Whether everything ran.
  bool Run() {
    if (options_.Wants("machine")) {
      PrintMachine(gpu_.Libraries());
      PrintHead(/*floors=*/true);
    }
    for (const GpuLine& line : GpuLines()) {
      if (options_.Wants(line.operator_name)) Note(line.operator_name, RunLine(line));
    }
    roofs_.clear();
    PrintEnergy();
    if (options_.Wants("crossovers")) RunCrossovers();
    return failures_ == 0;
  }

 private:
  void Note(const std::string& what, const absl::Status& status) {
    if (status.ok()) return;
    ++failures_;
    std::fflush(stdout);
    std::cerr << what << " failed: " << status << "\n";
  }

  Problem Unresolved(const GpuLine& line) const {
    Problem problem;
    problem.operator_name = line.operator_name;
    problem.parameters = line.parameters;
    problem.shape = line.shape;
    problem.dtype = line.dtype;
    return problem;
  }

  absl::Status RunLine(const GpuLine& line) {
    const Effort effort = options_.quick ? kQuick : kFull;
    BB_ASSIGN_OR_RETURN(const auto subject, MakeGpuSubject(Unresolved(line), gpu_, communicator_));
    BB_ASSIGN_OR_RETURN(const IssuedPeer peer, MakeGpuPeer(line.peer, subject, gpu_));
    if (peer.y != nullptr) BB_RETURN_IF_ERROR(ExpectSame(gpu_, *subject, peer));
    BB_ASSIGN_OR_RETURN(const Roof* const roof, RoofOf(line.dtype));
    BB_ASSIGN_OR_RETURN(const IssuedPeer least,
                        CopyOf(gpu_, static_cast<int64_t>(subject->cost.bytes_min / 2)));
    BB_ASSIGN_OR_RETURN(const TimedBody ours, gpu_.Record(subject->Issues()));
    BB_ASSIGN_OR_RETURN(const TimedBody theirs, gpu_.Record(peer.issues));
    BB_ASSIGN_OR_RETURN(const TimedBody copy, gpu_.Record(least.issues));
    const auto seconds =
        TimeInTurns({ours, theirs, roof->body, copy}, effort.rounds, effort.most_seconds);
    Bound bound = LargerBound(subject->cost.flops_executed / roof->flops, seconds[2], seconds[3]);
    const double ratio = subject->cost.flops_effective / subject->cost.flops_executed;
    PrintComparison({.ours = NameOf(subject->problem),
                     .theirs = peer.name,
                     .ours_seconds = seconds[0],
                     .theirs_seconds = seconds[1],
                     .figure = line.figure,
                     .scale = line.flop_ratio ? ratio : 1,
                     .aim = line.aim,
                     .floor_seconds = std::move(bound.seconds),
                     .floor = std::move(bound.name)});
    if (!meter_.ok()) return absl::OkStatus();
    EnergyRow row{NameOf(subject->problem), peer.name};
    BB_ASSIGN_OR_RETURN(row.ours, meter_->Of(ours));
    BB_ASSIGN_OR_RETURN(row.theirs, meter_->Of(theirs));
    energy_.push_back(std::move(row));
    return absl::OkStatus();
  }

  struct EnergyRow {
    std::string name, peer;
    EnergyUse ours = {}, theirs = {};
  };

  static absl::StatusOr<EnergyMeter> OpenMeter(const BenchOptions& options) {
    if (options.Wants("energy") && !options.quick) return EnergyMeter::Open();
    return absl::CancelledError("not asked for");
  }

  void PrintEnergy() {
    if (absl::IsCancelled(meter_.status())) return;
    if (!meter_.ok()) {
      std::printf("\nEnergy was not measured: %s.\n",
                  std::string(meter_.status().message()).c_str());
      return;
    }
    std::printf(
        "\nEnergy of a call, of the whole GPU by its counter, what it takes idle included:\n");
    std::printf("\n| ours | against | its energy | ours | ratio | its power | ours |\n");
    std::printf("|---|---|---|---|---|---|---|\n");
    for (const EnergyRow& row : energy_) {
      std::printf("| %s | %s | %.3g mJ | %.3g mJ | %.3f | %.0f W | %.0f W |\n", row.name.c_str(),
                  row.peer.c_str(), 1e3 * row.theirs.joules, 1e3 * row.ours.joules,
                  row.ours.joules / row.theirs.joules, row.theirs.watts, row.ours.watts);
    }
  }

  struct Roof {
    TimedBody body;
    double flops = 0;
  };
  absl::StatusOr<const Roof*> RoofOf(Dtype dtype) {
    if (const auto found = roofs_.find(dtype); found != roofs_.end()) return &found->second;
    BB_ASSIGN_OR_RETURN(const SquareRoof square, MakeSquareRoof(gpu_, dtype));
    BB_ASSIGN_OR_RETURN(TimedBody body, gpu_.Record(square.issues));
    return &roofs_.insert_or_assign(dtype, Roof{std::move(body), square.flops}).first->second;
  }

  // Speed over a dense product of the same shape in bf16, width by width.
  void RunCrossovers() {
    std::printf(
        "\nFaster than the best dense product of %lld tokens in bf16 from which width on:\n",
        static_cast<long long>(kCrossoverTokens));
    std::printf("\n| operator | from n | speed over dense, by n |\n|---|---|---|\n");
    for (const Challenger& challenger : Challengers()) {
      std::string speeds;
      std::optional<int64_t> from;
      for (int64_t n = kNarrowest; n <= challenger.widest; n *= 2) {
        const absl::StatusOr<double> speed = SpeedOverDense(challenger, n);
        Note(absl::StrCat(challenger.operator_name, " of width ", n), speed.status());
        if (!speed.ok()) continue;
        if (*speed <= 1) from.reset();
        if (*speed > 1 && !from.has_value()) from = n;
        char text[48];
        std::snprintf(text, sizeof text, "%s%lld: %.2f", speeds.empty() ? "" : ", ",
                      static_cast<long long>(n), *speed);
        speeds += text;
      }
      std::printf("| %s | %s | %s |\n", challenger.operator_name.c_str(),
                  from.has_value() ? absl::StrCat(*from).c_str() : "none", speeds.c_str());
      std::fflush(stdout);
    }
  }

  absl::StatusOr<double> SpeedOverDense(const Challenger& challenger, int64_t n) {
    const GpuLine line{challenger.operator_name,
                       {kCrossoverTokens, n, n},
                       Dtype::kBf16,
                       GpuPeer::kBestGemm,
                       Figure::kSpeed,
                       0,
                       false,
                       challenger.parameters};
    BB_ASSIGN_OR_RETURN(const auto subject, MakeGpuSubject(Unresolved(line), gpu_, communicator_));
    BB_ASSIGN_OR_RETURN(const IssuedPeer dense, MakeGpuPeer(line.peer, subject, gpu_));
    BB_ASSIGN_OR_RETURN(const TimedBody ours, gpu_.Record(subject->Issues()));
    BB_ASSIGN_OR_RETURN(const TimedBody theirs, gpu_.Record(dense.issues));
    const auto seconds = TimeInTurns({ours, theirs}, kCrossover.rounds, kCrossover.most_seconds);
    return ComparePaired(seconds[1], seconds[0]).speedup;
  }

  BenchGpu& gpu_;
  Communicator& communicator_;
  const BenchOptions options_;
  const absl::StatusOr<EnergyMeter> meter_;
  std::vector<EnergyRow> energy_;
  std::map<Dtype, Roof> roofs_;
  int failures_ = 0;
};

absl::Status RunAll(const BenchOptions& options, Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const auto gpu, BenchGpu::Make());
  if (GpuBench(*gpu, communicator, options).Run()) return absl::OkStatus();
  return absl::InternalError("not everything ran: see above");
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) {
  const auto options = basisbench::ParseBenchOptions(argc, argv);
  const absl::Status outcome =
      basisbench::RunLocalRanks(1, [&](basisbench::Communicator& communicator) {
        return basisbench::RunAll(options, communicator);
      });
  if (!outcome.ok()) std::cerr << "gpu_bench: " << outcome << "\n";
  return outcome.ok() ? 0 : 1;
}
