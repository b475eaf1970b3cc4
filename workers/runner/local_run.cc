// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/local_run.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "services/base/status_macros.h"
#include "workers/collectives/local.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/runner/assignment.h"
#include "workers/runner/options.h"
#include "workers/runner/run_context.h"

namespace basisbench {
namespace {

// Hands records to a function and keeps everything else to itself.
class RecordTaker : public Reporter {
 public:
  explicit RecordTaker(const std::function<void(const v1::CaseResult&)>& take) : take_(take) {}
  absl::Status CaseStarted(uint32_t) override { return absl::OkStatus(); }
  absl::Status Report(const v1::Progress&) override { return absl::OkStatus(); }
  absl::Status Report(const v1::RankActivity&) override { return absl::OkStatus(); }
  absl::Status Report(const v1::CaseResult& result) override {
    take_(result);
    return absl::OkStatus();
  }
  absl::Status Done() override { return absl::OkStatus(); }

 private:
  const std::function<void(const v1::CaseResult&)>& take_;
};

absl::StatusOr<v1::Assignment> ReadAssignment(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::stringstream text;
  text << file.rdbuf();
  v1::Assignment assignment;
  const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), &assignment);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", parsed.ToString()));
  }
  return assignment;
}

}  // namespace

absl::Status RunLocally(const LocalRunOptions& options, const v1::Assignment& assignment,
                        const std::function<void(const v1::CaseResult&)>& take) {
  const absl::Duration deadline = OptionsOf(assignment.measurement()).case_timeout;
  const auto run_rank = [&](Communicator& world) -> absl::Status {
    CpuOptions cpu;
    cpu.threads = options.threads_per_rank;
    cpu.memory_limit = options.memory_bytes;
    BB_ASSIGN_OR_RETURN(const std::unique_ptr<Device> device, MakeCpuDevice(cpu));
    RecordTaker reporter(take);
    RunContext context{world, *device, reporter, kLocalBackend, "local", options.memory_bytes};
    context.first_on_host = world.rank() == 0;
    return RunAssignment(context, assignment);
  };
  return RunLocalRanks(options.ranks, run_rank, deadline);
}

absl::Status RunLocalFile(const LocalRunOptions& options, const std::string& path) {
  BB_ASSIGN_OR_RETURN(const v1::Assignment assignment, ReadAssignment(path));
  return RunLocally(options, assignment, [](const v1::CaseResult& record) {
    google::protobuf::util::JsonPrintOptions print;
    print.preserve_proto_field_names = true;
    std::string line;
    const auto printed = google::protobuf::util::MessageToJsonString(record, &line, print);
    std::cout << (printed.ok() ? line : printed.ToString()) << std::endl;
  });
}

}  // namespace basisbench
